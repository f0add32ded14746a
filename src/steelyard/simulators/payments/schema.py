"""The tables of the payment channel (SQLite)."""

from steelyard.simulators.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
  id            TEXT PRIMARY KEY
, reference     TEXT NOT NULL
, status        TEXT NOT NULL DEFAULT 'pending'
, amount        INTEGER NOT NULL
, currency      TEXT NOT NULL
, description   TEXT NOT NULL
, refunded      INTEGER NOT NULL DEFAULT 0
, refunding     INTEGER NOT NULL DEFAULT 0
, return_url    TEXT
, webhook_url   TEXT
, failure       TEXT
, three_d       INTEGER NOT NULL
, three_d_tries INTEGER NOT NULL DEFAULT 0
, created_at    REAL NOT NULL
, expires_at    REAL NOT NULL
, captured_at   REAL
, captured      INTEGER NOT NULL DEFAULT 0
, later         INTEGER NOT NULL DEFAULT 0
, authorised_until REAL
, months        INTEGER NOT NULL DEFAULT 0
, CONSTRAINT amounts_are_positive       CHECK (amount > 0 AND refunded >= 0 AND refunding >= 0)
, CONSTRAINT never_give_back_twice      CHECK (refunded + refunding <= captured AND captured <= amount)
, CONSTRAINT captured_means_when        CHECK ((status = 'captured') = (captured_at IS NOT NULL))
, CONSTRAINT only_captured_is_refunded  CHECK (status IN ('captured', 'authorised') OR refunded + refunding = 0)
, CONSTRAINT declined_means_why         CHECK ((status = 'declined') = (failure IS NOT NULL))
);
CREATE INDEX IF NOT EXISTS payments_by_reference ON payments (reference, created_at);
CREATE INDEX IF NOT EXISTS payments_by_creation ON payments (created_at, id);
CREATE INDEX IF NOT EXISTS payments_by_capture ON payments (captured_at, id) WHERE captured_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS payments_to_expire ON payments (expires_at) WHERE status = 'pending';

CREATE TABLE IF NOT EXISTS captures (
  id         TEXT PRIMARY KEY
, payment    TEXT NOT NULL REFERENCES payments
, reference  TEXT NOT NULL
, amount     INTEGER NOT NULL CHECK (amount > 0)
, created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS captures_of ON captures (payment, created_at);
CREATE INDEX IF NOT EXISTS captures_by_time ON captures (created_at, id);

CREATE TABLE IF NOT EXISTS references_given_up (
  reference TEXT PRIMARY KEY
, at        REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS payment_history (
  payment     TEXT NOT NULL REFERENCES payments
, at          REAL NOT NULL
, from_status TEXT
, to_status   TEXT NOT NULL
, actor       TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payment_history_of ON payment_history (payment);

CREATE TABLE IF NOT EXISTS refunds (
  id          TEXT PRIMARY KEY
, payment     TEXT NOT NULL REFERENCES payments
, reference   TEXT NOT NULL
, status      TEXT NOT NULL DEFAULT 'pending'
, amount      INTEGER NOT NULL CHECK (amount > 0)
, currency    TEXT NOT NULL
, webhook_url TEXT
, failure     TEXT
, created_at  REAL NOT NULL
, due_at      REAL NOT NULL
, settled_at  REAL
, CONSTRAINT settled_means_when CHECK ((status = 'pending') = (settled_at IS NULL))
, CONSTRAINT failed_means_why   CHECK ((status = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX IF NOT EXISTS refunds_by_reference ON refunds (reference, created_at);
CREATE INDEX IF NOT EXISTS refunds_of ON refunds (payment, created_at);
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (due_at, id) WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS disputes (
  id         TEXT PRIMARY KEY
, payment    TEXT NOT NULL REFERENCES payments
, reference  TEXT NOT NULL
, status     TEXT NOT NULL DEFAULT 'needs_answer'
, amount     INTEGER NOT NULL CHECK (amount > 0)
, currency   TEXT NOT NULL
, fee        INTEGER NOT NULL
, reason     TEXT NOT NULL
, evidence   TEXT NOT NULL DEFAULT ''
, created_at REAL NOT NULL
, due_at     REAL NOT NULL
, decided_at REAL
, CONSTRAINT decided_means_when CHECK ((status IN ('won', 'lost')) = (decided_at IS NOT NULL))
);
CREATE INDEX IF NOT EXISTS disputes_of ON disputes (payment, created_at);
CREATE INDEX IF NOT EXISTS disputes_by_time ON disputes (created_at, id);
CREATE INDEX IF NOT EXISTS disputes_due ON disputes (due_at, id) WHERE status = 'needs_answer';
CREATE INDEX IF NOT EXISTS disputes_won ON disputes (decided_at, id) WHERE status = 'won';
CREATE TABLE IF NOT EXISTS payouts (
  id       TEXT PRIMARY KEY
, currency TEXT NOT NULL
, amount   INTEGER NOT NULL CHECK (amount > 0)
, at       REAL NOT NULL
, taken    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS payouts_by_time ON payouts (at, id);
CREATE INDEX IF NOT EXISTS refunds_by_settlement ON refunds (settled_at, id) WHERE status = 'succeeded';
"""

# What came in after the first release: a file that was made before is brought up to it.
LATER_COLUMNS = {
    "captured": "captured INTEGER NOT NULL DEFAULT 0",
    "later": "later INTEGER NOT NULL DEFAULT 0",
    "authorised_until": "authorised_until REAL",
    "months": "months INTEGER NOT NULL DEFAULT 0",
}


def bring_up(store: Store) -> None:
    """Add the columns that an older file has not; what was captured in it was captured whole."""
    with store.write() as tx:
        for name, column in LATER_COLUMNS.items():
            there = tx.number("SELECT count(*) FROM pragma_table_info('payments') WHERE name = :name", {"name": name})
            if there:
                continue
            tx.execute("ALTER TABLE payments ADD COLUMN " + column)
            if name == "captured":
                tx.execute("UPDATE payments SET captured = amount WHERE status = 'captured'")
