-- Libraries, their trees of folders and files, the editions of a file and the bytes of an edition.

CREATE TABLE libraries (
    id                  uuid        NOT NULL CONSTRAINT libraries_pkey PRIMARY KEY,
    kind                text        NOT NULL CONSTRAINT libraries_kind_check CHECK (kind IN ('personal', 'group', 'site')),
    name                text        NOT NULL,
    name_key            text        NOT NULL,
    description         text        NOT NULL DEFAULT '',
    number              bigint      NOT NULL DEFAULT nextval('numbers') CONSTRAINT libraries_number_key UNIQUE,
    graph_id            text        NOT NULL CONSTRAINT libraries_graph_id_key UNIQUE,
    graph_site_id       uuid        NOT NULL CONSTRAINT libraries_graph_site_id_key UNIQUE,
    -- whose it is: a user's personal library, a group's library
    owner_id            uuid                 CONSTRAINT libraries_owner_fkey REFERENCES principals,
    policies_required   boolean     NOT NULL DEFAULT false,
    -- null: not a workspace of Arena's
    arena_workspace     bigint               CONSTRAINT libraries_arena_workspace_key UNIQUE,
    arena_request_limit bigint      NOT NULL DEFAULT 10000 CONSTRAINT libraries_arena_request_limit_check CHECK (arena_request_limit >= 0),
    created_by          uuid                 CONSTRAINT libraries_created_by_fkey REFERENCES principals,
    created_at          timestamptz NOT NULL,
    CONSTRAINT libraries_owner_check CHECK ((kind = 'site') = (owner_id IS NULL)),
    CONSTRAINT libraries_owner_key UNIQUE (owner_id)
);
-- personal libraries are named after people, and two people may have one name
CREATE UNIQUE INDEX libraries_name_key ON libraries (name_key) WHERE kind <> 'personal';

-- File numbers of Arena: ascending, never used twice.
CREATE SEQUENCE file_numbers AS bigint;

-- Bytes, by their hash. Small ones stand in the row; the others in the content store under a name of their own,
-- made anew for each upload, so that the sweeper and a second upload of the same bytes never meet.
CREATE TABLE contents (
    sha256     bytea       NOT NULL CONSTRAINT contents_pkey PRIMARY KEY
                           CONSTRAINT contents_sha256_check CHECK (octet_length(sha256) = 32),
    size       bigint      NOT NULL CONSTRAINT contents_size_check CHECK (size >= 0),
    quick_xor  bytea       NOT NULL CONSTRAINT contents_quick_xor_check CHECK (octet_length(quick_xor) = 20),
    inline     bytea,
    blob       text                 CONSTRAINT contents_blob_key UNIQUE,
    touched_at timestamptz NOT NULL,
    CONSTRAINT contents_place_check CHECK ((inline IS NULL) <> (blob IS NULL))
);

CREATE TABLE items (
    id           uuid        NOT NULL CONSTRAINT items_pkey PRIMARY KEY,
    library_id   uuid        NOT NULL CONSTRAINT items_library_fkey REFERENCES libraries,
    parent_id    uuid                 CONSTRAINT items_parent_fkey REFERENCES items,
    -- from the library's root folder down to the parent; empty for the root folder itself
    ancestors    uuid[]      NOT NULL,
    kind         text        NOT NULL CONSTRAINT items_kind_check CHECK (kind IN ('folder', 'file')),
    name         text        NOT NULL CONSTRAINT items_name_check CHECK (name <> ''),
    name_key     text        NOT NULL,
    title        text        NOT NULL,
    description  text        NOT NULL DEFAULT '',
    category_id  uuid        NOT NULL CONSTRAINT items_category_fkey REFERENCES categories,
    number       bigint      NOT NULL DEFAULT nextval('numbers') CONSTRAINT items_number_key UNIQUE,
    oracle_id    text        NOT NULL CONSTRAINT items_oracle_id_key UNIQUE,
    graph_id     text        NOT NULL CONSTRAINT items_graph_id_key UNIQUE,
    file_number  bigint               CONSTRAINT items_file_number_key UNIQUE,
    owner_id     uuid        NOT NULL CONSTRAINT items_owner_fkey REFERENCES principals,
    created_by   uuid        NOT NULL CONSTRAINT items_created_by_fkey REFERENCES principals,
    created_at   timestamptz NOT NULL,
    modified_by  uuid        NOT NULL CONSTRAINT items_modified_by_fkey REFERENCES principals,
    modified_at  timestamptz NOT NULL,
    -- times a client says the file had on its own disk; kept as given
    client_created_at  timestamptz,
    client_modified_at timestamptz,
    -- rises with every change to this row
    revision     bigint      NOT NULL DEFAULT 1,
    -- the newest published edition and how the next one counts; null for a folder.
    -- No foreign key: file and first edition are born in one statement, each naming the other.
    edition_id   uuid,
    ordinal      integer,
    major        integer,
    minor        integer,
    deleted_at   timestamptz,
    deleted_by   uuid                 CONSTRAINT items_deleted_by_fkey REFERENCES principals,
    -- the item whose deletion took this one along
    deleted_with uuid,
    CONSTRAINT items_file_check CHECK ((kind = 'file') = (edition_id IS NOT NULL))
);
CREATE UNIQUE INDEX items_name_key ON items (parent_id, name_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX items_root_key ON items (library_id) WHERE parent_id IS NULL;
CREATE INDEX items_ancestors_idx ON items USING gin (ancestors);
CREATE INDEX items_file_number_idx ON items (library_id, file_number) WHERE deleted_at IS NULL AND kind = 'file';

CREATE TABLE editions (
    id          uuid        NOT NULL CONSTRAINT editions_pkey PRIMARY KEY,
    file_id     uuid        NOT NULL CONSTRAINT editions_file_fkey REFERENCES items,
    -- null: replaced in place by a later check-in, kept so that nothing is lost
    ordinal     integer,
    major       integer     NOT NULL,
    minor       integer     NOT NULL,
    label       text        NOT NULL,
    number      bigint      NOT NULL DEFAULT nextval('numbers') CONSTRAINT editions_number_key UNIQUE,
    arena_guid  text        NOT NULL CONSTRAINT editions_arena_guid_key UNIQUE,
    file_name   text,
    title       text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    format      text,
    private     boolean     NOT NULL DEFAULT false,
    frozen      boolean     NOT NULL DEFAULT false,
    storage     text        NOT NULL DEFAULT 'file' CONSTRAINT editions_storage_check
                            CHECK (storage IN ('file', 'placeholder', 'ftp', 'web')),
    location    text,
    media_type  text,
    sha256      bytea                CONSTRAINT editions_content_fkey REFERENCES contents,
    comment     text        NOT NULL DEFAULT '',
    author_id   uuid        NOT NULL CONSTRAINT editions_author_fkey REFERENCES principals,
    -- the name Arena shows; free text there
    author_name text        NOT NULL,
    created_at  timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    CONSTRAINT editions_ordinal_key UNIQUE (file_id, ordinal),
    CONSTRAINT editions_content_check CHECK ((storage = 'file') = (sha256 IS NOT NULL))
);
CREATE UNIQUE INDEX editions_label_key ON editions (file_id, label) WHERE ordinal IS NOT NULL;
CREATE INDEX editions_content_idx ON editions (sha256);
