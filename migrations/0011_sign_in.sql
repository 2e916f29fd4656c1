-- Signing in through applications (OAuth 2.0): what an application may do there, what a sign-in gives, and what is under way.

ALTER TABLE applications
    -- it cannot keep a secret, so it is believed to be who it says it is
    ADD COLUMN public boolean NOT NULL DEFAULT false,
    -- where browsers are sent back to, compared as they stand
    ADD COLUMN redirect_uris text[] NOT NULL DEFAULT '{}',
    -- what it may ask for on behalf of users
    ADD COLUMN delegated text[] NOT NULL DEFAULT '{}';

-- What one user's sign-in through an application gave: a refresh token, of which only digests are kept. It is exchanged for
-- a new one now and then, and the grant stays.
CREATE TABLE grants (
    id             uuid        NOT NULL CONSTRAINT grants_pkey PRIMARY KEY,
    principal_id   uuid        NOT NULL CONSTRAINT grants_principal_fkey REFERENCES principals,
    application_id uuid        NOT NULL CONSTRAINT grants_application_fkey REFERENCES applications,
    scopes         text[]      NOT NULL,
    -- of the part of the refresh token that every exchange keeps
    family         bytea       NOT NULL CONSTRAINT grants_family_key UNIQUE,
    -- of the refresh token that counts, and of the one it was exchanged for
    digest         bytea       NOT NULL,
    former         bytea,
    exchanged_at   timestamptz,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    revoked_at     timestamptz
);
CREATE INDEX grants_principal_idx ON grants (principal_id);
CREATE INDEX grants_application_idx ON grants (application_id);

-- Which grant an access token came from.
ALTER TABLE tokens ADD COLUMN grant_id uuid CONSTRAINT tokens_grant_fkey REFERENCES grants ON DELETE SET NULL;
CREATE INDEX tokens_grant_idx ON tokens (grant_id) WHERE grant_id IS NOT NULL;

-- What a browser carries from the sign-in page to an application.
CREATE TABLE authorization_codes (
    digest         bytea       NOT NULL CONSTRAINT authorization_codes_pkey PRIMARY KEY,
    principal_id   uuid        NOT NULL CONSTRAINT authorization_codes_principal_fkey REFERENCES principals,
    application_id uuid        NOT NULL CONSTRAINT authorization_codes_application_fkey REFERENCES applications,
    redirect_uri   text        NOT NULL,
    challenge      text,
    -- whether the challenge is a SHA-256 of the verifier, or the verifier itself
    hashed         boolean     NOT NULL DEFAULT false,
    scopes         text[]      NOT NULL,
    nonce          text,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    spent_at       timestamptz,
    -- what it gave
    grant_id       uuid                 CONSTRAINT authorization_codes_grant_fkey REFERENCES grants ON DELETE SET NULL
);
CREATE INDEX authorization_codes_principal_idx ON authorization_codes (principal_id);
CREATE INDEX authorization_codes_grant_idx ON authorization_codes (grant_id);

-- A device that waits for somebody to sign in elsewhere (RFC 8628).
CREATE TABLE device_codes (
    digest         bytea       NOT NULL CONSTRAINT device_codes_pkey PRIMARY KEY,
    -- of what people type
    user_code      bytea       NOT NULL CONSTRAINT device_codes_user_code_key UNIQUE,
    application_id uuid        NOT NULL CONSTRAINT device_codes_application_fkey REFERENCES applications,
    scopes         text[]      NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    polled_at      timestamptz,
    decided_at     timestamptz,
    -- who said yes; null when it was decided: somebody said no
    principal_id   uuid                 CONSTRAINT device_codes_principal_fkey REFERENCES principals,
    spent_at       timestamptz
);
CREATE INDEX device_codes_application_idx ON device_codes (application_id);
CREATE INDEX device_codes_principal_idx ON device_codes (principal_id);
