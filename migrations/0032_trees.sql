-- Looks that nodes remember, and how they are known to be still true.

-- How often the folders of a library were changed: what is said of the folders above a file is as it was while this is. Not a
-- column of the library: whoever waits for a library's row, to hold its tree, need not fail because the tree was changed before.
CREATE TABLE trees (
    library_id uuid PRIMARY KEY REFERENCES libraries,
    changes    bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO trees (library_id) SELECT id FROM libraries;
