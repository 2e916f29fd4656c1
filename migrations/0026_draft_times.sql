-- The times of the client's own disk that came with a working copy. Null: as published.
ALTER TABLE drafts
    ADD COLUMN client_created_at  timestamptz,
    ADD COLUMN client_modified_at timestamptz;
