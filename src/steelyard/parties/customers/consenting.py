"""Whether buyers want mails about coupons: off until they say so, withdrawn on their page or by the link in each such mail."""

import hmac
import secrets
from collections.abc import Collection
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.parties.customers.model import BuyerId

# The words that are agreed to, as the profile page says them: other words, another name.
WORDING = "2026-11"


class Consenting(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with an account who wants such mails."""

    buyer_id: BuyerId
    email: str
    name: str
    locale: str
    secret: str


async def wants_mails(read: Read, buyer_id: UUID) -> bool:
    return bool(await _last(read, buyer_id))


async def _last(read: Read, buyer_id: UUID) -> str | None:
    """The secret of a consent that holds."""
    return await read.value(
        """
        SELECT CASE WHEN agreed THEN secret END FROM marketing_consents WHERE buyer_id = $1
        ORDER BY at DESC, consent_id DESC LIMIT 1
        """,
        buyer_id,
    )


async def want_mails(tx: Tx, buyer_id: UUID, *, agreed: bool, how: str = "profile") -> None:
    """Write down what a buyer says. Said twice, nothing changes."""
    await tx.execute("SELECT FROM buyers WHERE buyer_id = $1 FOR NO KEY UPDATE", buyer_id)
    if bool(await _last(tx, buyer_id)) == agreed:
        return
    await tx.execute(
        """
        INSERT INTO marketing_consents (buyer_id, consent_id, agreed, wording, how, secret, at)
        VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
        """,
        buyer_id,
        ids.mint(),
        agreed,
        WORDING,
        how,
        secrets.token_urlsafe(24),
    )


async def known_by_link(read: Read, buyer_id: UUID, secret: str) -> bool:
    """Whether this ends the link of a mail that this buyer was sent, under a consent that holds or one that is withdrawn."""
    rows = await read.fetch("SELECT secret FROM marketing_consents WHERE buyer_id = $1 AND agreed", buyer_id)
    return any(hmac.compare_digest(row["secret"].encode(), secret.encode()) for row in rows)


async def consenting(read: Read, buyer_ids: Collection[UUID]) -> list[Consenting]:
    """Those of these who want such mails, with how to reach them."""
    return await read.all(
        Consenting,
        """
        SELECT b.buyer_id, b.email, b.name, b.locale, c.secret
        FROM buyers b
        CROSS JOIN LATERAL (SELECT agreed, secret FROM marketing_consents m WHERE m.buyer_id = b.buyer_id
                            ORDER BY m.at DESC, m.consent_id DESC LIMIT 1) AS c
        WHERE b.buyer_id = ANY($1) AND NOT b.guest AND b.email IS NOT NULL AND c.agreed
        ORDER BY b.buyer_id
        """,
        list(buyer_ids),
    )


async def with_accounts(read: Read, buyer_ids: Collection[UUID]) -> list[UUID]:
    """Those of these who sign in, and so have a page to read what they are told."""
    rows = await read.fetch(
        "SELECT buyer_id FROM buyers WHERE buyer_id = ANY($1) AND NOT guest ORDER BY buyer_id", list(buyer_ids)
    )
    return [row["buyer_id"] for row in rows]
