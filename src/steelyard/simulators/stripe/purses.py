"""What lies on connected accounts. Money is available at once here; the real one keeps it pending for some days first."""

from typing import Any

import msgspec

from steelyard.simulators.store import Read, Tx

SCHEMA = """
CREATE TABLE IF NOT EXISTS purses (
  account  TEXT NOT NULL
, currency TEXT NOT NULL
, amount   INTEGER NOT NULL
, PRIMARY KEY (account, currency)
);
"""


class _Sum(msgspec.Struct, frozen=True):
    currency: str
    amount: int


def available(read: Read, account: str) -> dict[str, int]:
    """Minor units by currency."""
    rows = read.rows(
        _Sum,
        "SELECT currency, amount FROM purses WHERE account = :account ORDER BY currency LIMIT 100",
        {"account": account},
    )
    return {row.currency: row.amount for row in rows}


def change(tx: Tx, account: str, amount: int, currency: str) -> None:
    """Money comes, or (below zero) goes."""
    tx.execute(
        """INSERT INTO purses (account, currency, amount) VALUES (:account, :currency, :amount)
           ON CONFLICT (account, currency) DO UPDATE SET amount = amount + :amount""",
        {"account": account, "currency": currency, "amount": amount},
    )


def shown(funds: dict[str, int]) -> dict[str, Any]:
    """The Balance object."""
    held = [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}} for currency, amount in funds.items()
    ]
    none = [{**each, "amount": 0, "source_types": {"card": 0}} for each in held]
    return {"object": "balance", "available": held, "pending": none, "livemode": False}
