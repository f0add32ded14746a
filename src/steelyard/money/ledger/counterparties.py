"""Channels and banks that have accounts of their own in the books: their fees, and what they paid on, are of no single buyer
or merchant."""

from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx

COUNTERPARTIES = UUID("6f0c1a52-8f0e-5b36-9a64-0b8f6d1f4c10")


def counterparty_id(name: str) -> UUID:
    """The owner of a channel's or bank's own accounts, whether they are opened or not."""
    return ids.derived(COUNTERPARTIES, name)


async def counterparty(tx: Tx, name: str) -> UUID:
    """The owner of a channel's or bank's own accounts; it may have some from now on. Twice is fine."""
    owner_id = counterparty_id(name)
    await tx.execute(
        "INSERT INTO ledger_counterparties (owner_id, name) VALUES ($1, $2) ON CONFLICT (owner_id) DO NOTHING",
        owner_id,
        name,
    )
    return owner_id


async def counterparties(read: Read) -> dict[UUID, str]:
    """All of them, by the owner of their accounts."""
    rows = await read.fetch("SELECT owner_id, name FROM ledger_counterparties ORDER BY name")
    return {row["owner_id"]: row["name"] for row in rows}
