"""The tables of a wallet (SQLite): the same for both, since both keep orders and refunds by the merchant's own numbers."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS trades (
  number     TEXT PRIMARY KEY
, id         TEXT NOT NULL UNIQUE
, code       TEXT NOT NULL UNIQUE
, way        TEXT NOT NULL
, status     TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'paid', 'closed'))
, total      INTEGER NOT NULL CHECK (total > 0)
, refunded   INTEGER NOT NULL DEFAULT 0
, refunding  INTEGER NOT NULL DEFAULT 0
, subject    TEXT NOT NULL
, notify_url TEXT
, return_url TEXT
, payer      TEXT
, created_at REAL NOT NULL
, expires_at REAL NOT NULL
, seen_at    REAL
, paid_at    REAL
, CONSTRAINT never_give_back_twice    CHECK (refunded >= 0 AND refunding >= 0 AND refunded + refunding <= total)
, CONSTRAINT paid_means_when          CHECK ((status = 'paid') = (paid_at IS NOT NULL))
, CONSTRAINT only_paid_is_refunded    CHECK (status = 'paid' OR refunded + refunding = 0)
);
CREATE INDEX IF NOT EXISTS trades_by_creation ON trades (created_at, number);
CREATE INDEX IF NOT EXISTS trades_to_expire ON trades (expires_at) WHERE status = 'waiting';

CREATE TABLE IF NOT EXISTS refunds (
  number     TEXT NOT NULL
, trade      TEXT NOT NULL REFERENCES trades
, id         TEXT NOT NULL UNIQUE
, amount     INTEGER NOT NULL CHECK (amount > 0)
, status     TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed'))
, notify_url TEXT
, created_at REAL NOT NULL
, due_at     REAL NOT NULL
, settled_at REAL
, PRIMARY KEY (number)
, CONSTRAINT settled_means_when CHECK ((status = 'pending') = (settled_at IS NULL))
);
CREATE INDEX IF NOT EXISTS refunds_of ON refunds (trade, created_at);
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (due_at, number) WHERE status = 'pending';
"""
