-- What happened, and what callers have used up.

-- Append-only. No foreign keys: the trail outlives what it names. Refused lock operations stand here, too.
CREATE TABLE events (
    id         bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT events_pkey PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor_id   uuid,
    dialect    text        NOT NULL,
    verb       text        NOT NULL,
    outcome    text        NOT NULL,
    library_id uuid,
    item_id    uuid,
    edition_id uuid,
    fence      bigint,
    -- whose lock it was, where it was not the actor's
    holder_id  uuid,
    comment    text,
    request_id uuid
);
CREATE INDEX events_item_idx ON events (item_id, id);
CREATE INDEX events_library_idx ON events (library_id, id);

-- API sessions (Arena's); only their digests are kept.
CREATE TABLE sessions (
    id         uuid        NOT NULL CONSTRAINT sessions_pkey PRIMARY KEY,
    digest     bytea       NOT NULL CONSTRAINT sessions_digest_key UNIQUE,
    user_id    uuid        NOT NULL CONSTRAINT sessions_user_fkey REFERENCES users,
    library_id uuid        NOT NULL CONSTRAINT sessions_library_fkey REFERENCES libraries,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
);
-- a second login of a user ends the first
CREATE UNIQUE INDEX sessions_user_key ON sessions (user_id) WHERE ended_at IS NULL;
-- which workspace a user entered last
CREATE INDEX sessions_last_idx ON sessions (user_id, created_at, id);

-- Requests counted against a workspace's limit, by the day they fall in (Pacific time).
CREATE TABLE request_counts (
    library_id uuid   NOT NULL CONSTRAINT request_counts_library_fkey REFERENCES libraries,
    day        date   NOT NULL,
    used       bigint NOT NULL,
    CONSTRAINT request_counts_pkey PRIMARY KEY (library_id, day)
);
