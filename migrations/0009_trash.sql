-- The trash. What is deleted by itself has an identity of its own there, given anew by each deletion and gone with the
-- restore; what went along with a folder has none. What is deleted for good stays as a row that names nothing: identities
-- are never used again.

ALTER TABLE items ADD COLUMN trash_id text CONSTRAINT items_trash_id_key UNIQUE;
ALTER TABLE items ADD COLUMN purged_at timestamptz;

UPDATE items SET trash_id = CASE kind WHEN 'file' THEN 'D' ELSE 'F' END
    || upper(substr(replace(gen_random_uuid()::text, '-', ''), 1, 23)) || right(oracle_id, 20)
WHERE deleted_with = id;

ALTER TABLE items ADD CONSTRAINT items_trash_check CHECK
    ((trash_id IS NOT NULL) = (deleted_at IS NOT NULL AND purged_at IS NULL AND coalesce(deleted_with = id, false)));

-- whose trash holds what, newest first
CREATE INDEX items_trash_idx ON items (owner_id, deleted_at, id) WHERE trash_id IS NOT NULL;
-- what went along
CREATE INDEX items_deleted_with_idx ON items (deleted_with) WHERE deleted_with IS NOT NULL;
-- an edition that goes asks whether something shows it
CREATE INDEX part_files_edition_idx ON part_files (edition_id) WHERE edition_id IS NOT NULL;

-- asked for by who bears it, with a password or with a token; it ends when the password does
ALTER TABLE tokens ADD COLUMN issued boolean NOT NULL DEFAULT false;
