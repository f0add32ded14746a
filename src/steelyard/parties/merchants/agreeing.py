"""The rules for merchants: who agreed to which version of them for a merchant."""

from datetime import datetime

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.parties import policies
from steelyard.parties.access.model import AccountId
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies import Document, Version

AGREEMENTS_MAX = 20


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    account_id: AccountId
    at: datetime


async def agree(tx: Tx, merchant_id: MerchantId, version: str, account_id: AccountId) -> bool:
    """A merchant agrees to a version of the rules. Each version once; the first who says so counts, and false is told to
    who says so again."""
    return bool(
        await tx.execute(
            """
            INSERT INTO merchant_agreements (merchant_id, version, account_id) VALUES ($1, $2, $3)
            ON CONFLICT (merchant_id, version) DO NOTHING
            """,
            merchant_id,
            version,
            account_id,
        )
    )


async def agreements(read: Read, merchant_id: MerchantId) -> list[Agreement]:
    """What a merchant agreed to, the latest first."""
    return await read.all(
        Agreement,
        """
        SELECT version, account_id, at FROM merchant_agreements WHERE merchant_id = $1 ORDER BY at DESC, version LIMIT $2
        """,
        merchant_id,
        AGREEMENTS_MAX,
    )


async def rules_outstanding(read: Read, merchant_id: MerchantId) -> Version | None:
    """The version of the rules that was published and the merchant has not agreed to yet."""
    rules = (await policies.in_force(read))[Document.RULES]
    if rules.from_day is None:
        return None
    agreed = await read.value(
        "SELECT true FROM merchant_agreements WHERE merchant_id = $1 AND version = $2", merchant_id, rules.name
    )
    return None if agreed else rules


async def agreed_count(read: Read, version: str) -> tuple[int, int]:
    """How many of the merchants that are here have agreed to a version, and how many there are."""
    row = await read.row(
        """
        SELECT count(a.merchant_id)::integer AS agreed, count(*)::integer AS merchants
        FROM merchants m LEFT JOIN merchant_agreements a ON a.merchant_id = m.merchant_id AND a.version = $1
        WHERE m.state <> 'closed'
        """,
        version,
    )
    assert row is not None
    return row["agreed"], row["merchants"]
