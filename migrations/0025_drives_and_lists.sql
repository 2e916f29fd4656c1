-- What a drive says of itself, and lists of users, without going through all there is.

-- what lies in a library's trash, be it by itself or along with a folder
CREATE INDEX items_deleted_idx ON items (library_id) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
-- the order of lists; of a name so much counts as domain::directory::SORTED says
CREATE INDEX principals_sorted_idx ON principals (lower(left(name, 64)), id) WHERE disabled_at IS NULL;
