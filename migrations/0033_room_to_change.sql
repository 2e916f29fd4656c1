-- Room for rows that change all the time.

-- A new edition changes its file's row in no column that an index holds. Where the page has room, none of the indexes is
-- touched; pages that are full get theirs as their rows move away.
ALTER TABLE items SET (fillfactor = 85);
-- Whoever takes a lock changes columns of all its indexes, most of which hold no more than the locks that are held: what that
-- leaves behind must not pile up in them.
ALTER TABLE locks SET (autovacuum_vacuum_scale_factor = 0.02);
