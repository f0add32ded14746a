"""The rules for merchants: who agreed to which version of them for a merchant."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.parties import policies
from steelyard.parties.access.model import AccountId
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies import Document, Version
from steelyard.parties.policies.model import RULES_GRACE

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


async def agree_by(read: Read, rules: Version) -> date:
    """The day from which a shop that has not agreed to these rules puts no new products on the shelf."""
    assert rules.from_day is not None, "nobody is asked about what the program brought"
    return rules.from_day + timedelta(days=await policies.number(read, RULES_GRACE))


async def held_up(read: Read, merchant_id: MerchantId) -> bool:
    """Whether a merchant has not agreed to the rules in time. What is on sale stays; orders and payouts go on."""
    rules = await rules_outstanding(read, merchant_id)
    if rules is None:
        return False
    return await agree_by(read, rules) <= await read.value("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")


async def not_agreed(read: Read, merchant_ids: Sequence[MerchantId], version: str) -> set[MerchantId]:
    """Which of these merchants have not agreed to a version."""
    rows = await read.fetch(
        """
        SELECT m.merchant_id FROM merchants m
        WHERE m.merchant_id = ANY($1) AND m.state <> 'closed' AND NOT EXISTS (
            SELECT FROM merchant_agreements a WHERE a.merchant_id = m.merchant_id AND a.version = $2)
        """,
        list(merchant_ids),
        version,
    )
    return {MerchantId(row["merchant_id"]) for row in rows}


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
