"""What moves on the account: Stripe's balance transactions, one for each charge, refund and dispute, as its API lists them.

The fee of a charge is 2.9 % and 30 minor units, that of a dispute 1,500; nothing of it comes back.
"""

import secrets
from collections.abc import Callable
from typing import Any

import msgspec

from steelyard.simulators.store import Read, Tx
from steelyard.simulators.stripe.words import integer

FEE_PER_MILLE = 29
FEE_FIXED = 30
SCHEMA = """
CREATE TABLE IF NOT EXISTS balance (
  id       TEXT PRIMARY KEY
, source   TEXT NOT NULL
, about    TEXT NOT NULL
, category TEXT NOT NULL
, created  INTEGER NOT NULL
, currency TEXT NOT NULL
, amount   INTEGER NOT NULL
, fee      INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS balance_by_time ON balance (created DESC, id DESC);
"""
Thing = dict[str, Any]
Get = Callable[[str, str], Thing]
# The categories of what moves with Connect are called as what they come from; their types by these names.
OF_CONNECT = {"transfer": "transfer", "transfer_reversal": "transfer_refund", "topup": "topup"}


class Movement(msgspec.Struct, frozen=True):
    """`about` is the thing of ours that `source` stands for: a charge is kept as its payment intent."""

    id: str
    source: str
    about: str
    category: str
    created: int
    currency: str
    amount: int
    fee: int


class _Sum(msgspec.Struct, frozen=True):
    currency: str
    amount: int


def moved(tx: Tx, category: str, about: Thing, amount: int, now: float, *, fee: int | None = None) -> str:
    """Write a movement down; returns its id. `amount` is below zero where money leaves."""
    name = "txn_" + secrets.token_hex(12)
    if fee is None:
        fee = (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED if category == "charge" else 0
    tx.execute(
        """INSERT INTO balance (id, source, about, category, created, currency, amount, fee)
           VALUES (:id, :source, :about, :category, :created, :currency, :amount, :fee)""",
        {
            "id": name,
            "source": about["latest_charge"] if category == "charge" else about["id"],
            "about": about["id"],
            "category": category,
            "created": int(now),
            "currency": about["currency"],
            "amount": amount,
            "fee": fee,
        },
    )
    return name


def page(read: Read, get: Get, given: Thing, most: int) -> Thing:
    """A page, the newest first; with what each movement came from, where that is asked for. `get`: a thing of the book by its
    kind and id."""
    within, after = given.get("created") or {}, given.get("starting_after")
    limit = min(integer(given, "limit", default=10), most)
    last = read.row(Movement, "SELECT * FROM balance WHERE id = :id", {"id": after}) if after else None
    rows = read.rows(
        Movement,
        """SELECT * FROM balance
           WHERE created >= :since AND (:until IS NULL OR created < :until)
             AND (:after IS NULL OR (created, id) < (:before, :after))
           ORDER BY created DESC, id DESC LIMIT :most""",
        {
            "since": integer(within, "gte", least=0, default=0),
            "until": integer(within, "lt", least=0) if "lt" in within else None,
            "after": after,
            "before": last.created if last else 0,
            "most": limit + 1,
        },
    )
    whole = "data.source" in (given.get("expand") or [])
    data = [_told(row, _source(row, get) if whole else row.source) for row in rows[:limit]]
    return {"object": "list", "data": data, "has_more": len(rows) > limit, "url": "/v1/balance_transactions"}


def available(read: Read) -> dict[str, int]:
    """What the platform can send on, in minor units by currency."""
    rows = read.rows(
        _Sum, "SELECT currency, sum(amount - fee) AS amount FROM balance GROUP BY currency ORDER BY currency"
    )
    return {row.currency: row.amount for row in rows}


def _source(row: Movement, get: Get) -> Thing:
    if row.category == "charge":
        return _charge_of(get("payment_intent", row.about))
    if row.category in OF_CONNECT:
        return get(row.category, row.about)
    return get("dispute" if row.category.startswith("dispute") else "refund", row.about)


def _told(row: Movement, source: Thing | str) -> Thing:
    """As the API shows it. All of it is available at once here."""
    return {
        "id": row.id, "object": "balance_transaction", "amount": row.amount, "available_on": row.created,
        "created": row.created, "currency": row.currency, "description": None, "exchange_rate": None, "fee": row.fee,
        "net": row.amount - row.fee, "reporting_category": row.category, "source": source, "status": "available",
        "type": "adjustment" if row.category.startswith("dispute") else OF_CONNECT.get(row.category, row.category),
    }  # fmt: skip


def _charge_of(intent: Thing) -> Thing:
    """The charge behind a payment intent, which has its metadata."""
    return {
        "id": intent["latest_charge"], "object": "charge", "amount": intent["amount"], "currency": intent["currency"],
        "payment_intent": intent["id"], "metadata": intent["metadata"], "captured": True, "paid": True,
    }  # fmt: skip
