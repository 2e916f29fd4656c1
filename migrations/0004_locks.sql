-- The one lock of a file, and the working copy behind it.

-- One row per file for ever; free when it has no holder, or when it has expired. The fence rises with every
-- taking and never falls. Every change to a file passes through this row, so that none happens beside a lock:
-- takes and releases by their own condition, all else by comparing the revision.
CREATE TABLE locks (
    file_id      uuid        NOT NULL CONSTRAINT locks_pkey PRIMARY KEY
                             CONSTRAINT locks_file_fkey REFERENCES items,
    fence        bigint      NOT NULL DEFAULT 0,
    -- rises with every change to this row or to what it guards
    revision     bigint      NOT NULL DEFAULT 0,
    -- the file is in the trash: nothing can be taken
    closed_at    timestamptz,
    holder_id    uuid                 CONSTRAINT locks_holder_fkey REFERENCES principals,
    mode         text                 CONSTRAINT locks_mode_check CHECK (mode IN ('check_out', 'reservation')),
    dialect      text                 CONSTRAINT locks_dialect_check
                                      CHECK (dialect IN ('arena', 'oracle', 'graph', 'liferay', 'console')),
    taken_at     timestamptz,
    expires_at   timestamptz,
    lock_uuid    uuid                 CONSTRAINT locks_lock_uuid_key UNIQUE,
    -- Liferay's numbers of the lock and of the working copy
    number       bigint,
    draft_number bigint,
    owner_text   text,
    comment      text,
    CONSTRAINT locks_held_check CHECK (
        (holder_id IS NULL) = (mode IS NULL) AND (holder_id IS NULL) = (dialect IS NULL)
        AND (holder_id IS NULL) = (taken_at IS NULL) AND (holder_id IS NULL) = (lock_uuid IS NULL)
        AND (holder_id IS NULL) = (number IS NULL) AND (holder_id IS NULL) = (draft_number IS NULL)
        AND (holder_id IS NULL) = (owner_text IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX locks_holder_idx ON locks (holder_id) WHERE holder_id IS NOT NULL;
CREATE INDEX locks_draft_number_idx ON locks (draft_number) WHERE draft_number IS NOT NULL;

-- A working copy belongs to one taking of the lock, named by the fence. What the lock row does not name any
-- more was left behind by a cancel or a lapse: rescued, and kept for a while. A null column: as published.
CREATE TABLE drafts (
    file_id       uuid        NOT NULL CONSTRAINT drafts_lock_fkey REFERENCES locks (file_id),
    fence         bigint      NOT NULL,
    holder_id     uuid        NOT NULL CONSTRAINT drafts_holder_fkey REFERENCES principals,
    sha256        bytea                CONSTRAINT drafts_content_fkey REFERENCES contents,
    file_name     text,
    media_type    text,
    title         text,
    description   text,
    comment       text,
    -- rises with every saving
    revision      bigint      NOT NULL DEFAULT 1,
    saved_at      timestamptz NOT NULL,
    rescued_at    timestamptz,
    CONSTRAINT drafts_pkey PRIMARY KEY (file_id, fence)
);
CREATE INDEX drafts_content_idx ON drafts (sha256);
CREATE INDEX drafts_rescued_idx ON drafts (rescued_at) WHERE rescued_at IS NOT NULL;
