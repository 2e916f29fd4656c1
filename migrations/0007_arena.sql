-- Arena's whole dialect: kinds of users, passwords that have expired, workspaces without API, sessions of applications and
-- where they come from; parts and the files associated with their revisions.

-- Whose people they are. Suppliers do not see private files and have no API sessions.
ALTER TABLE users ADD COLUMN affiliation text NOT NULL DEFAULT 'employee' CONSTRAINT users_affiliation_check
    CHECK (affiliation IN ('employee', 'partner', 'basic_supplier', 'advanced_supplier', 'integration'));
-- since then the password signs nobody in; a new one takes it away
ALTER TABLE users ADD COLUMN password_expired_at timestamptz;

-- Addresses that passwords were guessed from are counted beside the logins, by the window that began with the first one.
ALTER TABLE login_failures ADD COLUMN began_at timestamptz NOT NULL DEFAULT now();

-- whether the workspace can be entered through Arena's API
ALTER TABLE libraries ADD COLUMN arena_api boolean NOT NULL DEFAULT true;

-- applications have sessions as well
ALTER TABLE sessions DROP CONSTRAINT sessions_user_fkey;
ALTER TABLE sessions ADD CONSTRAINT sessions_user_fkey FOREIGN KEY (user_id) REFERENCES principals;
-- where the login came from
ALTER TABLE sessions ADD COLUMN address text;
CREATE INDEX sessions_library_idx ON sessions (library_id, created_at);

-- What is built; Arena calls it an item.
CREATE TABLE parts (
    id          uuid        NOT NULL CONSTRAINT parts_pkey PRIMARY KEY,
    library_id  uuid        NOT NULL CONSTRAINT parts_library_fkey REFERENCES libraries,
    number      text        NOT NULL CONSTRAINT parts_number_check CHECK (number <> ''),
    number_key  text        NOT NULL,
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    created_by  uuid        NOT NULL CONSTRAINT parts_created_by_fkey REFERENCES principals,
    created_at  timestamptz NOT NULL,
    CONSTRAINT parts_number_key UNIQUE (library_id, number_key)
);

-- At most one revision of a part is being worked on and at most one is effective; the others were.
CREATE TABLE part_revisions (
    id            uuid        NOT NULL CONSTRAINT part_revisions_pkey PRIMARY KEY,
    part_id       uuid        NOT NULL CONSTRAINT part_revisions_part_fkey REFERENCES parts,
    -- 1, 2, 3 … of its part
    ordinal       integer     NOT NULL,
    label         text        NOT NULL,
    status        text        NOT NULL CONSTRAINT part_revisions_status_check
                              CHECK (status IN ('working', 'effective', 'superseded')),
    arena_guid    text        NOT NULL CONSTRAINT part_revisions_arena_guid_key UNIQUE,
    created_at    timestamptz NOT NULL,
    effective_at  timestamptz,
    superseded_at timestamptz,
    CONSTRAINT part_revisions_ordinal_key UNIQUE (part_id, ordinal),
    CONSTRAINT part_revisions_label_key UNIQUE (part_id, label)
);
CREATE UNIQUE INDEX part_revisions_working_key ON part_revisions (part_id) WHERE status = 'working';
CREATE UNIQUE INDEX part_revisions_effective_key ON part_revisions (part_id) WHERE status = 'effective';

-- A file associated with a revision of a part. The one that is worked on can change; at its release every association is
-- pinned to the edition it shows.
CREATE TABLE part_files (
    id          uuid        NOT NULL CONSTRAINT part_files_pkey PRIMARY KEY,
    revision_id uuid        NOT NULL CONSTRAINT part_files_revision_fkey REFERENCES part_revisions,
    file_id     uuid        NOT NULL CONSTRAINT part_files_file_fkey REFERENCES items,
    -- null: always the newest edition
    edition_id  uuid                 CONSTRAINT part_files_edition_fkey REFERENCES editions,
    -- whether the newest edition is wanted; a release pins it, and the next revision follows the newest one again
    latest      boolean     NOT NULL,
    is_primary  boolean     NOT NULL,
    reference   text        NOT NULL DEFAULT '',
    arena_guid  text        NOT NULL CONSTRAINT part_files_arena_guid_key UNIQUE,
    created_by  uuid        NOT NULL CONSTRAINT part_files_created_by_fkey REFERENCES principals,
    created_at  timestamptz NOT NULL,
    CONSTRAINT part_files_once_key UNIQUE (revision_id, file_id),
    CONSTRAINT part_files_latest_check CHECK (latest OR edition_id IS NOT NULL)
);
CREATE INDEX part_files_file_idx ON part_files (file_id);

-- Which part something was done to, alone or beside the file that was associated with it.
ALTER TABLE events ADD COLUMN part_id uuid;
CREATE INDEX events_part_idx ON events (part_id, id) WHERE part_id IS NOT NULL;
-- what was done to files, newest first and by time: administrators ask for it. The trail has much more than that.
DROP INDEX events_library_idx;
CREATE INDEX events_accesses_idx ON events (library_id, at, id)
    WHERE outcome = 'done' AND verb IN ('check_out', 'check_in', 'cancel', 'add_edition');
