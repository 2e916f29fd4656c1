-- Who there is: users, applications and groups, and what they present to be known.

-- One number space for everything that Liferay names by a long.
CREATE SEQUENCE numbers AS bigint START WITH 30001;

-- Whoever can be given rights. Users and applications can also act and hold locks; groups cannot.
CREATE TABLE principals (
    id          uuid        NOT NULL CONSTRAINT principals_pkey PRIMARY KEY,
    kind        text        NOT NULL CONSTRAINT principals_kind_check CHECK (kind IN ('user', 'application', 'group')),
    name        text        NOT NULL,
    number      bigint      NOT NULL DEFAULT nextval('numbers') CONSTRAINT principals_number_key UNIQUE,
    arena_guid  text        NOT NULL CONSTRAINT principals_arena_guid_key UNIQUE,
    oracle_id   text        NOT NULL CONSTRAINT principals_oracle_id_key UNIQUE,
    graph_id    uuid        NOT NULL CONSTRAINT principals_graph_id_key UNIQUE,
    created_at  timestamptz NOT NULL,
    disabled_at timestamptz
);

CREATE TABLE users (
    id            uuid    NOT NULL CONSTRAINT users_pkey PRIMARY KEY
                          CONSTRAINT users_principal_fkey REFERENCES principals,
    login         text    NOT NULL,
    login_key     text    NOT NULL CONSTRAINT users_login_key UNIQUE,
    email         text    NOT NULL,
    email_key     text    NOT NULL CONSTRAINT users_email_key UNIQUE,
    password_hash text,
    license       text    NOT NULL CONSTRAINT users_license_check
                          CHECK (license IN ('full', 'approver', 'limited', 'read_only')),
    administrator boolean NOT NULL DEFAULT false
);

CREATE TABLE applications (
    id        uuid   NOT NULL CONSTRAINT applications_pkey PRIMARY KEY
                     CONSTRAINT applications_principal_fkey REFERENCES principals,
    client_id text   NOT NULL CONSTRAINT applications_client_id_key UNIQUE,
    roles     text[] NOT NULL DEFAULT '{}'
);

CREATE TABLE application_secrets (
    id             uuid        NOT NULL CONSTRAINT application_secrets_pkey PRIMARY KEY,
    application_id uuid        NOT NULL CONSTRAINT application_secrets_application_fkey REFERENCES applications,
    digest         bytea       NOT NULL CONSTRAINT application_secrets_digest_key UNIQUE,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz
);
CREATE INDEX application_secrets_application_idx ON application_secrets (application_id);

CREATE TABLE groups (
    id          uuid NOT NULL CONSTRAINT groups_pkey PRIMARY KEY
                     CONSTRAINT groups_principal_fkey REFERENCES principals,
    name_key    text NOT NULL CONSTRAINT groups_name_key UNIQUE,
    description text NOT NULL DEFAULT ''
);

CREATE TABLE group_members (
    group_id     uuid NOT NULL CONSTRAINT group_members_group_fkey REFERENCES groups,
    principal_id uuid NOT NULL CONSTRAINT group_members_principal_fkey REFERENCES principals,
    CONSTRAINT group_members_pkey PRIMARY KEY (group_id, principal_id)
);
CREATE INDEX group_members_principal_idx ON group_members (principal_id);

-- What rises whenever something a node may have remembered stops being true: `rights` with a token revoked, a password
-- changed, a user disabled, a right given or taken; `sessions` with a session ended, which happens all the time.
CREATE TABLE epoch (
    singleton boolean NOT NULL DEFAULT true CONSTRAINT epoch_pkey PRIMARY KEY
                      CONSTRAINT epoch_singleton_check CHECK (singleton),
    rights    bigint  NOT NULL DEFAULT 1,
    sessions  bigint  NOT NULL DEFAULT 1
);
INSERT INTO epoch DEFAULT VALUES;

-- Keys this installation made for itself, shared by its nodes (signing of download links and the like).
CREATE TABLE secrets (
    name       text        NOT NULL CONSTRAINT secrets_pkey PRIMARY KEY,
    value      bytea       NOT NULL,
    created_at timestamptz NOT NULL
);

-- Bearer tokens; only their digests are kept.
CREATE TABLE tokens (
    id             uuid        NOT NULL CONSTRAINT tokens_pkey PRIMARY KEY,
    digest         bytea       NOT NULL CONSTRAINT tokens_digest_key UNIQUE,
    principal_id   uuid        NOT NULL CONSTRAINT tokens_principal_fkey REFERENCES principals,
    application_id uuid                 CONSTRAINT tokens_application_fkey REFERENCES applications,
    scopes         text[]      NOT NULL,
    label          text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz,
    revoked_at     timestamptz
);
CREATE INDEX tokens_principal_idx ON tokens (principal_id);

-- Passwords guessed wrong in a row, counted for addresses that do not exist as well.
CREATE TABLE login_failures (
    login_key      text        NOT NULL CONSTRAINT login_failures_pkey PRIMARY KEY,
    failures       integer     NOT NULL,
    last_failed_at timestamptz NOT NULL
);
