-- Looks that nodes remember, and how they are known to be still true.

-- rises with every change of the folders of a library: what is said of the folders above a file is as it was while this is
ALTER TABLE libraries ADD COLUMN tree bigint NOT NULL DEFAULT 0;
