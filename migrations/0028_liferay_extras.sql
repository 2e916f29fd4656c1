-- What Liferay's clients bring beside files: codes under which other systems know them, and uploads that are no files yet.

-- The code another system knows a file by. Null: it is the file's number. One of its library: what moves into another library
-- leaves it behind, and a copy has none. What is in the trash keeps its code for as long as nothing else takes it. Unique is
-- what is shown, be it given or the number: a number may have been given to another file before it was drawn.
ALTER TABLE items ADD COLUMN external_code text;
-- nothing has one yet, so nothing need be read for it
ALTER TABLE items ADD CONSTRAINT items_external_code_check CHECK (external_code <> '') NOT VALID;
CREATE UNIQUE INDEX items_external_code_key ON items (library_id, (coalesce(external_code, number::text)))
    WHERE kind = 'file' AND deleted_at IS NULL;

-- Uploads under a name, for the uploader alone, until they are deleted or expire. They are no items: nothing lists them or
-- searches them, and they are not in the trail.
CREATE TABLE temporary_files (
    id          uuid        NOT NULL CONSTRAINT temporary_files_pkey PRIMARY KEY,
    owner_id    uuid        NOT NULL CONSTRAINT temporary_files_owner_fkey REFERENCES principals ON DELETE CASCADE,
    -- what the rights and the site were asked of
    folder_id   uuid        NOT NULL CONSTRAINT temporary_files_folder_fkey REFERENCES items ON DELETE CASCADE,
    -- the client's own word for what belongs together
    folder_name text        NOT NULL,
    name        text        NOT NULL,
    number      bigint      NOT NULL DEFAULT nextval('numbers') CONSTRAINT temporary_files_number_key UNIQUE,
    media_type  text        NOT NULL,
    sha256      bytea       NOT NULL CONSTRAINT temporary_files_content_fkey REFERENCES contents,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    CONSTRAINT temporary_files_name_key UNIQUE (owner_id, folder_id, folder_name, name)
);
CREATE INDEX temporary_files_folder_idx ON temporary_files (folder_id);
CREATE INDEX temporary_files_content_idx ON temporary_files (sha256);
CREATE INDEX temporary_files_expires_idx ON temporary_files (expires_at);
