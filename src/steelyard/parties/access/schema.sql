-- Who may come in and what they may do.

CREATE TABLE accounts (
    account_id    uuid PRIMARY KEY
  , kind          text NOT NULL
  , name          text NOT NULL
  , email         text NOT NULL
  , password_hash text
  , locale        text NOT NULL
  , merchant_id   uuid
  , buyer_id      uuid
  , disabled_at   timestamptz
  , created_at    timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT an_account_is_of_one_kind CHECK (kind IN ('operator', 'merchant', 'buyer'))
  , CONSTRAINT merchant_staff_have_a_merchant CHECK ((kind = 'merchant') = (merchant_id IS NOT NULL))
  , CONSTRAINT a_buyers_login_has_a_buyer CHECK ((kind = 'buyer') = (buyer_id IS NOT NULL))
);
COMMENT ON TABLE accounts IS 'by key: people who sign in: the operator''s staff, merchants'' staff, buyers';
COMMENT ON COLUMN accounts.password_hash IS 'Argon2id; none until the person has set one';
CREATE INDEX accounts_of_a_merchant ON accounts (merchant_id) WHERE merchant_id IS NOT NULL;
CREATE INDEX account_of_a_buyer ON accounts (buyer_id) WHERE buyer_id IS NOT NULL;

CREATE TABLE logins (
    email      text PRIMARY KEY
  , account_id uuid NOT NULL
  , CONSTRAINT an_email_is_written_in_lower_case CHECK (email = lower(email))
);
COMMENT ON TABLE logins IS 'by key: one e-mail address signs in to one account';

CREATE TABLE sessions (
    token_hash   bytea PRIMARY KEY
  , account_id   uuid NOT NULL
  , created_at   timestamptz NOT NULL DEFAULT now()
  , seen_at      timestamptz NOT NULL DEFAULT now()
  , expires_at   timestamptz NOT NULL
  , user_agent   text NOT NULL DEFAULT ''
  , address      text NOT NULL DEFAULT ''
);
COMMENT ON TABLE sessions IS 'by key: server-side sessions; the cookie holds the token, we hold its SHA-256';
CREATE INDEX sessions_of_an_account ON sessions (account_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE password_resets (
    token_hash bytea PRIMARY KEY
  , account_id uuid NOT NULL
  , expires_at timestamptz NOT NULL
  , used_at    timestamptz
);
COMMENT ON TABLE password_resets IS 'by key: links for a new password, sent by mail, good once';

CREATE TABLE api_keys (
    key_hash    bytea PRIMARY KEY
  , api_key_id  uuid NOT NULL
  , account_id  uuid NOT NULL
  , name        text NOT NULL
  , prefix      text NOT NULL
  , scopes      text[] NOT NULL
  , created_at  timestamptz NOT NULL DEFAULT now()
  , last_used_at timestamptz
  , expires_at  timestamptz
  , revoked_at  timestamptz
);
COMMENT ON TABLE api_keys IS 'by key: keys for programs; shown once, kept as SHA-256';
COMMENT ON COLUMN api_keys.prefix IS 'The first characters of the key, so that people recognise it';
COMMENT ON COLUMN api_keys.scopes IS 'Permissions; a key never may more than its account';
CREATE INDEX api_keys_of_an_account ON api_keys (account_id);

CREATE TABLE permissions (
    permission  text PRIMARY KEY
  , audience    text NOT NULL
  , description jsonb NOT NULL
  , CONSTRAINT a_permission_has_an_audience CHECK (audience IN ('operator', 'merchant'))
);
COMMENT ON TABLE permissions IS 'reference: what can be permitted at all, such as orders.ship';

CREATE TABLE roles (
    role_id  text PRIMARY KEY
  , audience text NOT NULL
  , name     jsonb NOT NULL
  , CONSTRAINT a_role_has_an_audience CHECK (audience IN ('operator', 'merchant'))
);
COMMENT ON TABLE roles IS 'reference: named sets of permissions, for the operator''s staff or for merchants'' staff';

CREATE TABLE role_permissions (
    role_id    text NOT NULL REFERENCES roles
  , permission text NOT NULL REFERENCES permissions
  , PRIMARY KEY (role_id, permission)
);
COMMENT ON TABLE role_permissions IS 'reference: which role holds which permission';

CREATE TABLE account_roles (
    account_id uuid NOT NULL
  , role_id    text NOT NULL REFERENCES roles
  , PRIMARY KEY (account_id, role_id)
);
COMMENT ON TABLE account_roles IS 'by key: which roles a person has';

CREATE TABLE audit_log (
    audit_id    uuid PRIMARY KEY
  , at          timestamptz NOT NULL DEFAULT now()
  , account_id  uuid
  , merchant_id uuid
  , action      text NOT NULL
  , subject     text NOT NULL
  , facts       jsonb NOT NULL
  , request_id  text
);
COMMENT ON TABLE audit_log IS 'local, append-only, merchants insert: every command of staff: who, what, on what, when';
COMMENT ON COLUMN audit_log.merchant_id IS 'The merchant whose staff it was, or whose affair it was';
CREATE INDEX audit_log_by_time ON audit_log (at DESC);
CREATE INDEX audit_log_of_a_merchant ON audit_log (merchant_id, at DESC) WHERE merchant_id IS NOT NULL;
