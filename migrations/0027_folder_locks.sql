-- Locks on folders. One row for each folder that was ever locked, until it is deleted for good; free when it has no
-- holder, or when it has expired. The fence rises with every taking and never falls. An inheritable one counts for all
-- that lies below, as far as nothing nearer is locked.
CREATE TABLE folder_locks (
    folder_id    uuid        NOT NULL CONSTRAINT folder_locks_pkey PRIMARY KEY
                             CONSTRAINT folder_locks_folder_fkey REFERENCES items,
    fence        bigint      NOT NULL,
    holder_id    uuid                 CONSTRAINT folder_locks_holder_fkey REFERENCES principals,
    dialect      text                 CONSTRAINT folder_locks_dialect_check
                                      CHECK (dialect IN ('arena', 'oracle', 'graph', 'liferay', 'console')),
    taken_at     timestamptz,
    expires_at   timestamptz,
    lock_uuid    uuid                 CONSTRAINT folder_locks_lock_uuid_key UNIQUE,
    -- Liferay's number of the lock
    number       bigint,
    owner_text   text                 CONSTRAINT folder_locks_owner_text_check CHECK (char_length(owner_text) <= 1028),
    inheritable  boolean,
    CONSTRAINT folder_locks_held_check CHECK (
        (holder_id IS NULL) = (dialect IS NULL) AND (holder_id IS NULL) = (taken_at IS NULL)
        AND (holder_id IS NULL) = (lock_uuid IS NULL) AND (holder_id IS NULL) = (number IS NULL)
        AND (holder_id IS NULL) = (owner_text IS NULL) AND (holder_id IS NULL) = (inheritable IS NULL)
        AND (holder_id IS NOT NULL OR expires_at IS NULL))
) WITH (fillfactor = 70);
