-- Uploads in fragments: what is being brought, by whom, where to; and how much a library may hold.

-- One upload. Its address is known by its digest only. What it ends in is decided at its end, so no row of a file is
-- touched before.
CREATE TABLE uploads (
    id                 uuid        NOT NULL CONSTRAINT uploads_pkey PRIMARY KEY,
    digest             bytea       NOT NULL CONSTRAINT uploads_digest_key UNIQUE
                                   CONSTRAINT uploads_digest_check CHECK (octet_length(digest) = 32),
    -- who began it, and how far the credential reached
    principal_id       uuid        NOT NULL CONSTRAINT uploads_principal_fkey REFERENCES principals,
    read_reach         text        NOT NULL CONSTRAINT uploads_read_reach_check CHECK (read_reach IN ('nothing', 'own', 'all')),
    write_reach        text        NOT NULL CONSTRAINT uploads_write_reach_check CHECK (write_reach IN ('nothing', 'own', 'all')),
    -- the item, or the folder and the names below it, the last of them the file's
    item_id            uuid        NOT NULL CONSTRAINT uploads_item_fkey REFERENCES items,
    names              text[]      NOT NULL,
    on_conflict        text        NOT NULL CONSTRAINT uploads_on_conflict_check
                                   CHECK (on_conflict IN ('fail', 'add_edition', 'rename_blank')),
    deferred           boolean     NOT NULL,
    -- counts only while the file has this content
    only_on            bytea,
    description        text,
    client_created_at  timestamptz,
    client_modified_at timestamptz,
    -- bytes that are here without a gap, and how many there will be; null: not said yet
    received           bigint      NOT NULL DEFAULT 0 CONSTRAINT uploads_received_check CHECK (received >= 0),
    total              bigint               CONSTRAINT uploads_total_check CHECK (total >= received),
    -- where the last fragment begins
    last_start         bigint,
    created_at         timestamptz NOT NULL,
    expires_at         timestamptz NOT NULL,
    -- the file it became
    finished_at        timestamptz,
    file_id            uuid                 CONSTRAINT uploads_file_fkey REFERENCES items,
    CONSTRAINT uploads_finished_check CHECK ((finished_at IS NULL) = (file_id IS NULL))
);
CREATE INDEX uploads_principal_idx ON uploads (principal_id) WHERE finished_at IS NULL;
CREATE INDEX uploads_expires_idx ON uploads (expires_at);
CREATE INDEX uploads_item_idx ON uploads (item_id);
CREATE INDEX uploads_file_idx ON uploads (file_id) WHERE file_id IS NOT NULL;

-- The bytes of an upload that has not ended. Small ones stand in the row.
CREATE TABLE upload_fragments (
    upload_id uuid   NOT NULL CONSTRAINT upload_fragments_upload_fkey REFERENCES uploads,
    start     bigint NOT NULL,
    size      bigint NOT NULL CONSTRAINT upload_fragments_size_check CHECK (size >= 0),
    sha256    bytea  NOT NULL CONSTRAINT upload_fragments_sha256_check CHECK (octet_length(sha256) = 32),
    quick_xor bytea  NOT NULL CONSTRAINT upload_fragments_quick_xor_check CHECK (octet_length(quick_xor) = 20),
    inline    bytea,
    blob      text            CONSTRAINT upload_fragments_blob_key UNIQUE,
    CONSTRAINT upload_fragments_pkey PRIMARY KEY (upload_id, start),
    CONSTRAINT upload_fragments_place_check CHECK ((inline IS NULL) <> (blob IS NULL))
);

-- Bytes a library may hold; null: as many as there is room for. What is written in a library with a quota takes a turn
-- by raising the number, so that two writes cannot both take the last room.
ALTER TABLE libraries ADD COLUMN quota_bytes bigint CONSTRAINT libraries_quota_bytes_check CHECK (quota_bytes >= 0);
ALTER TABLE libraries ADD COLUMN quota_turn bigint NOT NULL DEFAULT 0;
