-- Who wants to be told, and where, that something has changed in a library (spec/graph.md 13), and how far they have been
-- told. Any node may tell them; who is about to has the row for a while.

CREATE TABLE subscriptions (
    id               uuid        NOT NULL CONSTRAINT subscriptions_pkey PRIMARY KEY,
    -- whose it is: whoever the token acts for, and the application that asked where that is somebody else
    principal_id     uuid        NOT NULL CONSTRAINT subscriptions_principal_fkey REFERENCES principals,
    application_id   uuid                 CONSTRAINT subscriptions_application_fkey REFERENCES applications,
    -- the token it was made or last renewed with, and the sign-in that came from: it is ended when these are. No references:
    -- tokens that have had their time are forgotten, and a subscription lives on
    token_id         uuid        NOT NULL,
    grant_id         uuid,
    -- how far that token reaches by reading
    read_reach       text        NOT NULL CONSTRAINT subscriptions_read_check CHECK (read_reach IN ('nothing', 'own', 'all')),
    library_id       uuid        NOT NULL CONSTRAINT subscriptions_library_fkey REFERENCES libraries,
    -- how the subscriber calls that
    resource         text        NOT NULL,
    notification_url text        NOT NULL,
    -- what the subscriber wants to be told each time, to know us by; so it is kept as it is
    client_state     text,
    -- the server as the subscriber calls it
    origin           text        NOT NULL,
    created_at       timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    -- the place in the feed up to which the subscriber has been told, or there was nothing to tell
    position         bigint      NOT NULL,
    -- nobody looks after it before: somebody is at it, or it waits to be tried again
    next_at          timestamptz NOT NULL,
    -- how often somebody was at it: only who was last may note what came of it
    turn             bigint      NOT NULL DEFAULT 0,
    -- how often in a row it could not be told, and since when
    failures         integer     NOT NULL DEFAULT 0,
    failing_since    timestamptz
);
CREATE INDEX subscriptions_principal_idx ON subscriptions (principal_id);
CREATE INDEX subscriptions_next_idx ON subscriptions (next_at);
CREATE INDEX subscriptions_expires_idx ON subscriptions (expires_at);
CREATE INDEX subscriptions_token_idx ON subscriptions (token_id);
CREATE INDEX subscriptions_grant_idx ON subscriptions (grant_id) WHERE grant_id IS NOT NULL;
