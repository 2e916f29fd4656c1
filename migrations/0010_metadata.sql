-- What is said about items beside their names and editions: tags, and values in fields that metadata collections group.

CREATE TABLE item_tags (
    item_id uuid    NOT NULL CONSTRAINT item_tags_item_fkey REFERENCES items,
    -- 1, 2, 3 … of its item
    place   integer NOT NULL,
    tag     text    NOT NULL,
    tag_key text    NOT NULL,
    CONSTRAINT item_tags_pkey PRIMARY KEY (item_id, tag_key)
);

-- A named set of fields. Everybody's, or that of the one who made it, whom alone it and its values are shown to.
CREATE TABLE metadata_collections (
    id         uuid        NOT NULL CONSTRAINT metadata_collections_pkey PRIMARY KEY,
    -- null: everybody's
    owner_id   uuid                 CONSTRAINT metadata_collections_owner_fkey REFERENCES principals,
    name       text        NOT NULL,
    name_key   text        NOT NULL,
    enabled    boolean     NOT NULL DEFAULT true,
    created_by uuid        NOT NULL CONSTRAINT metadata_collections_created_by_fkey REFERENCES principals,
    created_at timestamptz NOT NULL,
    CONSTRAINT metadata_collections_name_key UNIQUE NULLS NOT DISTINCT (owner_id, name_key)
);

-- Whoever changes the fields of a collection, or writes into them, holds the collection's row.
CREATE TABLE metadata_fields (
    id            uuid    NOT NULL CONSTRAINT metadata_fields_pkey PRIMARY KEY,
    collection_id uuid    NOT NULL CONSTRAINT metadata_fields_collection_fkey REFERENCES metadata_collections ON DELETE CASCADE,
    place         integer NOT NULL,
    name          text    NOT NULL,
    name_key      text    NOT NULL,
    kind          text    NOT NULL CONSTRAINT metadata_fields_kind_check CHECK (kind IN ('text', 'number', 'date', 'boolean')),
    -- what shows where a collection is assigned and no value is set
    default_value text,
    enabled       boolean NOT NULL DEFAULT true,
    CONSTRAINT metadata_fields_name_key UNIQUE (collection_id, name_key)
);

-- That the fields of a collection are there for an item and all below it.
CREATE TABLE metadata_assignments (
    item_id       uuid NOT NULL CONSTRAINT metadata_assignments_item_fkey REFERENCES items,
    collection_id uuid NOT NULL CONSTRAINT metadata_assignments_collection_fkey REFERENCES metadata_collections ON DELETE CASCADE,
    CONSTRAINT metadata_assignments_pkey PRIMARY KEY (item_id, collection_id)
);
CREATE INDEX metadata_assignments_collection_idx ON metadata_assignments (collection_id);

-- A value counts for the item and for all below it that has none of its own.
CREATE TABLE metadata_values (
    item_id  uuid NOT NULL CONSTRAINT metadata_values_item_fkey REFERENCES items,
    field_id uuid NOT NULL CONSTRAINT metadata_values_field_fkey REFERENCES metadata_fields ON DELETE CASCADE,
    value    text NOT NULL,
    CONSTRAINT metadata_values_pkey PRIMARY KEY (item_id, field_id)
);
CREATE INDEX metadata_values_field_idx ON metadata_values (field_id);
