-- What the corners of drives need (spec/graph.md 4 and 7): special folders, followed items, and what somebody used last.

-- Folders that are found by what they are for, wherever they lie in their library and whatever they are called. A row stays
-- when its folder goes into the trash, and counts again when that comes back before another folder has taken its place.
CREATE TABLE special_folders (
    library_id     uuid NOT NULL CONSTRAINT special_folders_library_fkey REFERENCES libraries,
    name           text NOT NULL CONSTRAINT special_folders_name_check
                        CHECK (name IN ('documents', 'photos', 'camera_roll', 'app_root', 'music')),
    -- whose folder it is, where every application has its own; zeros for who is none, and for all other names
    application_id uuid NOT NULL,
    -- null: somebody is about to make it
    item_id        uuid          CONSTRAINT special_folders_item_fkey REFERENCES items
                                 CONSTRAINT special_folders_item_key UNIQUE,
    CONSTRAINT special_folders_pkey PRIMARY KEY (library_id, name, application_id)
);

-- What users keep an eye on. It shows to nobody else.
CREATE TABLE follows (
    principal_id uuid        NOT NULL CONSTRAINT follows_principal_fkey REFERENCES principals,
    item_id      uuid        NOT NULL CONSTRAINT follows_item_fkey REFERENCES items,
    followed_at  timestamptz NOT NULL,
    CONSTRAINT follows_pkey PRIMARY KEY (principal_id, item_id)
);
CREATE INDEX follows_item_idx ON follows (item_id);

-- What somebody worked on last.
CREATE INDEX events_used_idx ON events (actor_id, id)
    WHERE outcome = 'done' AND verb IN ('create', 'update', 'check_out', 'save_draft', 'add_edition', 'check_in');
