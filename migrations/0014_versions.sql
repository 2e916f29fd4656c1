-- How a library counts the versions that Graph makes, and whether its files are published by check-ins alone
-- (spec/graph.md 6.4).

-- uploads and plain check-ins make minor versions; else there are major ones only
ALTER TABLE libraries ADD COLUMN minor_versions boolean NOT NULL DEFAULT false;
-- bytes come into a file by a check-out; a new file starts checked out to who made it
ALTER TABLE libraries ADD COLUMN check_out_required boolean NOT NULL DEFAULT false;

-- Who made a file that was never checked in: it is theirs alone, and theirs is its lock, until it is checked in, discarded
-- or deleted. Null: published, like every file elsewhere.
ALTER TABLE items ADD COLUMN unpublished_by uuid CONSTRAINT items_unpublished_by_fkey REFERENCES principals;
ALTER TABLE items ADD CONSTRAINT items_unpublished_check
    CHECK (unpublished_by IS NULL OR (kind = 'file' AND deleted_at IS NULL));
