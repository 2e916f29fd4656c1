-- Copies that are made after their request was answered (spec/graph.md 9.3), and what became of them. Any node may answer
-- for one, and take up one whose node has died: the copy and its end here are one transaction.

CREATE TABLE copy_operations (
    id          uuid        NOT NULL CONSTRAINT copy_operations_pkey PRIMARY KEY,
    -- the digest of the text in the address where it is watched
    secret      bytea       NOT NULL CONSTRAINT copy_operations_secret_key UNIQUE,
    actor_id    uuid        NOT NULL CONSTRAINT copy_operations_actor_fkey REFERENCES principals,
    dialect     text        NOT NULL CONSTRAINT copy_operations_dialect_check
                            CHECK (dialect IN ('arena', 'oracle', 'graph', 'liferay', 'console')),
    request_id  uuid,
    -- how far the credential reaches that it was asked for with
    read_reach  text        NOT NULL CONSTRAINT copy_operations_read_check CHECK (read_reach IN ('nothing', 'own', 'all')),
    write_reach text        NOT NULL CONSTRAINT copy_operations_write_check CHECK (write_reach IN ('nothing', 'own', 'all')),
    source_id   uuid        NOT NULL CONSTRAINT copy_operations_source_fkey REFERENCES items,
    target_id   uuid        NOT NULL CONSTRAINT copy_operations_target_fkey REFERENCES items,
    name        text        NOT NULL,
    on_conflict text        NOT NULL,
    -- null: still to be made
    ended_at    timestamptz,
    made_id     uuid                 CONSTRAINT copy_operations_made_fkey REFERENCES items,
    -- why there is no copy
    failure     text,
    -- how often it was begun; only who began it last may end it
    attempt     integer     NOT NULL DEFAULT 0,
    -- until then somebody is at it, or is to begin
    lease_until timestamptz NOT NULL,
    asked_at    timestamptz NOT NULL,
    CONSTRAINT copy_operations_ended_check CHECK
        (CASE WHEN ended_at IS NULL THEN made_id IS NULL AND failure IS NULL ELSE (made_id IS NULL) <> (failure IS NULL) END)
);
CREATE INDEX copy_operations_open_idx ON copy_operations (actor_id) WHERE ended_at IS NULL;
CREATE INDEX copy_operations_ended_idx ON copy_operations (ended_at) WHERE ended_at IS NOT NULL;
