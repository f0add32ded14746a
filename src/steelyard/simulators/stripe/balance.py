"""What lies at Stripe, on the platform's account and on those connected to it, and each of its movements: "The Balance
Transaction object" of its API reference.

Money is available at once here; the real one keeps it pending for some days first.
"""

import secrets
from collections.abc import Callable
from typing import Any

import msgspec

from steelyard.simulators.store import Read, Tx

SCHEMA = """
CREATE TABLE IF NOT EXISTS balances (
  account  TEXT NOT NULL
, currency TEXT NOT NULL
, amount   INTEGER NOT NULL
, PRIMARY KEY (account, currency)
);
"""
PLATFORM = "platform"
Thing = dict[str, Any]


class _Sum(msgspec.Struct, frozen=True):
    currency: str
    amount: int


def available(read: Read, account: str, currency: str) -> int:
    """Minor units that can be sent on."""
    found = read.row(
        _Sum,
        "SELECT currency, amount FROM balances WHERE account = :account AND currency = :currency",
        {"account": account, "currency": currency},
    )
    return 0 if found is None else found.amount


def shown(read: Read, account: str) -> Thing:
    """The Balance object."""
    rows = read.rows(
        _Sum,
        "SELECT currency, amount FROM balances WHERE account = :account ORDER BY currency LIMIT 100",
        {"account": account},
    )
    funds = [{"amount": each.amount, "currency": each.currency, "source_types": {"card": each.amount}} for each in rows]
    none = [{**each, "amount": 0, "source_types": {"card": 0}} for each in funds]
    return {"object": "balance", "available": funds, "pending": none, "livemode": False}


def moved(
    tx: Tx, account: str, kind: str, category: str, amount: int, currency: str, source: str, now: float, fee: int = 0
) -> Thing:
    """A movement, by `amount` minor units that come in (or go, below zero); the balance follows it."""
    tx.execute(
        """INSERT INTO balances (account, currency, amount) VALUES (:account, :currency, :net)
           ON CONFLICT (account, currency) DO UPDATE SET amount = amount + :net""",
        {"account": account, "currency": currency, "net": amount - fee},
    )
    made = {
        "id": "txn_" + secrets.token_hex(12), "object": "balance_transaction", "created": int(now),
        "available_on": int(now), "amount": amount, "fee": fee, "net": amount - fee, "currency": currency, "type": kind,
        "reporting_category": category, "source": source, "status": "available", "description": None,
    }  # fmt: skip
    tx.execute(
        """INSERT INTO things (id, kind, parent, created, body)
           VALUES (:id, 'balance_transaction', :account, :created, :body)""",
        {"id": made["id"], "account": account, "created": now, "body": msgspec.json.encode(made)},
    )
    return made


def _paid(thing: Thing) -> tuple[str, str, int, str, int]:
    return "charge", "charge", thing["amount_received"], thing["latest_charge"], 0


def _paid_late(thing: Thing) -> tuple[str, str, int, str, int]:
    return "payment", "charge", thing["amount_total"], thing["payment_intent"], 0


def _given_back(thing: Thing) -> tuple[str, str, int, str, int]:
    return "refund", "refund", -thing["amount"], thing["id"], 0


def _not_given_back(thing: Thing) -> tuple[str, str, int, str, int]:
    return "refund_failure", "refund_failure", thing["amount"], thing["id"], 0


def _disputed(thing: Thing) -> tuple[str, str, int, str, int]:
    last = thing["balance_transactions"][-1]
    return (
        "adjustment",
        "dispute" if last["amount"] < 0 else "dispute_reversal",
        last["amount"],
        thing["id"],
        last["fee"],
    )


# What an event says has happened to the platform's money: type, category, amount, source, fee.
_OF_EVENTS: dict[str, Callable[[Thing], tuple[str, str, int, str, int]]] = {
    "payment_intent.succeeded": _paid,
    "checkout.session.async_payment_succeeded": _paid_late,
    "refund.created": _given_back,
    "refund.failed": _not_given_back,
    "charge.dispute.funds_withdrawn": _disputed,
    "charge.dispute.funds_reinstated": _disputed,
}


def follow(tx: Tx, event: str, thing: Thing, now: float) -> None:
    """Move the platform's balance as an event says."""
    told = _OF_EVENTS.get(event)
    if told is not None:
        kind, category, amount, source, fee = told(thing)
        moved(tx, PLATFORM, kind, category, amount, thing["currency"], source, now, fee)
