-- The feed of changes: the trail once more, in an order into which nothing is ever put in the middle.

-- An event's place in the feed. The trail's own ids are drawn before a transaction commits, so a lower one may show up after
-- a higher one was read. Places are given to committed events alone, one after the other under the row of `feed`. Null: not
-- yet; 0: from before there was a feed, which nobody can have begun to follow.
ALTER TABLE events ADD COLUMN position bigint DEFAULT 0;
ALTER TABLE events ALTER COLUMN position DROP DEFAULT;
-- Where the change took the item away from, if it did: the folders above it then, and the library if it was another one.
ALTER TABLE events ADD COLUMN from_library_id uuid;
ALTER TABLE events ADD COLUMN from_ancestors uuid[];
-- What the change made another of what decides who sees the item: category, and whether it was private.
ALTER TABLE events ADD COLUMN from_category_id uuid;
ALTER TABLE events ADD COLUMN from_private boolean;

CREATE INDEX events_unnumbered_idx ON events (id) WHERE position IS NULL;
CREATE INDEX events_feed_idx ON events (library_id, position) WHERE position > 0;
CREATE INDEX events_departures_idx ON events (from_library_id, position) WHERE position > 0 AND from_library_id IS NOT NULL;
CREATE INDEX events_item_feed_idx ON events (item_id, position) WHERE position > 0;
-- every event is written once and numbered once; what that leaves behind must not pile up in the index of the unnumbered
ALTER TABLE events SET (autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE feed (
    singleton boolean NOT NULL DEFAULT true CONSTRAINT feed_pkey PRIMARY KEY CONSTRAINT feed_singleton_check CHECK (singleton),
    -- the highest place given
    last      bigint  NOT NULL DEFAULT 0,
    -- events up to here may be gone: who has not read further begins anew
    first     bigint  NOT NULL DEFAULT 0
);
INSERT INTO feed DEFAULT VALUES;

-- The taking whose lapse stands in the trail. A lock lapses by itself; whoever gives out places notes it.
ALTER TABLE locks ADD COLUMN lapse_fence bigint NOT NULL DEFAULT 0;
CREATE INDEX locks_lapse_idx ON locks (expires_at) WHERE expires_at IS NOT NULL AND lapse_fence < fence;

-- All that lies below a folder, parents first, page by page: whatever begins with the same path stands together. Paths are
-- cut, because an index cannot hold any number of folders; what is deeper is told apart by its depth.
CREATE INDEX items_tree_idx ON items ((ancestors[1:64]), cardinality(ancestors), id) WHERE deleted_at IS NULL;
