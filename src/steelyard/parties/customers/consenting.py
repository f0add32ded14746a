"""Whether buyers want news and offers, by which channel: off until they say so, withdrawn on their page, by the link in each such
message, or by an answer to it. What they said, to which words, when and how, stays written down as proof."""

import hmac
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel import events, ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.parties.customers.events import ProfileChanged
from steelyard.parties.customers.model import BuyerId


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    WECHAT = "wechat"


# The words that are agreed to, as the pages say them: other words, another name.
WORDING = "2026-12"
WORDS: dict[tuple[str, Channel], str] = {
    ("2026-12", Channel.EMAIL): N_(
        "Yes, send me mails with coupons, news and offers of the marketplace and of shops that I have visited"
    ),
    ("2026-12", Channel.SMS): N_("Yes, send me text messages with news and offers of shops that I have visited"),
    ("2026-12", Channel.WECHAT): N_("Yes, send me news and offers of shops that I have visited by WeChat"),
}  # fmt: skip


class Consenting(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with an account who wants such mails."""

    buyer_id: BuyerId
    email: str
    name: str
    locale: str
    secret: str


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said, when, how, and to which words."""

    channel: Channel
    agreed: bool
    wording: str
    how: str
    at: datetime

    @property
    def words(self) -> str:
        return WORDS.get((self.wording, self.channel), self.wording)


async def wants_mails(read: Read, buyer_id: UUID) -> bool:
    return (await wants(read, buyer_id))[Channel.EMAIL]


async def wants(read: Read, buyer_id: UUID) -> dict[Channel, bool]:
    """By which channels this buyer wants news and offers."""
    rows = await read.fetch(
        """
        SELECT DISTINCT ON (channel) channel, agreed FROM marketing_consents WHERE buyer_id = $1
        ORDER BY channel, at DESC, consent_id DESC
        """,
        buyer_id,
    )
    said = {row["channel"]: row["agreed"] for row in rows}
    return {channel: said.get(channel, False) for channel in Channel}


async def consents_of(read: Read, buyer_id: UUID, most: int = 50) -> list[Consent]:
    """All that a buyer has said of it, the last first: the proof."""
    return await read.all(
        Consent,
        """
        SELECT channel, agreed, wording, how, at FROM marketing_consents WHERE buyer_id = $1
        ORDER BY at DESC, consent_id DESC LIMIT $2
        """,
        buyer_id,
        most,
    )


async def want_mails(tx: Tx, buyer_id: UUID, *, agreed: bool, how: str = "profile") -> None:
    """Write down what a buyer says of mails. Said twice, nothing changes."""
    await want(tx, buyer_id, Channel.EMAIL, agreed=agreed, how=how)


async def want(tx: Tx, buyer_id: UUID, channel: Channel, *, agreed: bool, how: str = "profile") -> None:
    """Write down what a buyer says of a channel: from this moment on it counts, also for what is on its way already. Said twice,
    nothing changes."""
    await tx.execute("SELECT FROM buyers WHERE buyer_id = $1 FOR NO KEY UPDATE", buyer_id)
    if (await wants(tx, buyer_id))[channel] == agreed:
        return
    await tx.execute(
        """
        INSERT INTO marketing_consents (buyer_id, consent_id, channel, agreed, wording, how, secret, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
        """,
        buyer_id,
        ids.mint(),
        str(channel),
        agreed,
        WORDING,
        how,
        secrets.token_urlsafe(24),
    )
    await events.publish(tx, ProfileChanged(buyer_id=buyer_id))


async def bulk_want(tx: Tx, buyer_ids: Sequence[UUID], channel: Channel, at: datetime, how: str = "import") -> None:
    """Consents that were given elsewhere, with when; who has said anything here is left out."""
    people = sorted(set(buyer_ids))
    await tx.execute(
        """
        INSERT INTO marketing_consents (buyer_id, consent_id, channel, agreed, wording, how, secret, at)
        SELECT p.buyer_id, p.consent_id, $3, true, $4, $5, p.secret, $6
        FROM unnest($1::uuid[], $2::uuid[], $7::text[]) AS p (buyer_id, consent_id, secret)
        WHERE NOT EXISTS (SELECT FROM marketing_consents m WHERE m.buyer_id = p.buyer_id AND m.channel = $3)
        """,
        people,
        [ids.derived(each, "consent", channel) for each in people],
        str(channel),
        WORDING,
        how,
        at,
        [secrets.token_urlsafe(24) for _ in people],
    )


async def know_wechat(tx: Tx, buyer_id: UUID, openid: str) -> None:
    """A buyer is known to the house's WeChat account by this name; said anew, the last counts."""
    await tx.execute(
        """
        INSERT INTO wechat_openids AS w (buyer_id, openid, at) VALUES ($1, $2, now())
        ON CONFLICT (buyer_id) DO UPDATE SET openid = excluded.openid, at = now() WHERE w.openid <> excluded.openid
        """,
        buyer_id,
        openid,
    )


async def known_to_wechat(read: Read, buyer_id: UUID) -> bool:
    return await read.value("SELECT EXISTS (SELECT FROM wechat_openids WHERE buyer_id = $1)", buyer_id)


async def known_by_link(read: Read, buyer_id: UUID, secret: str) -> bool:
    """Whether this ends the link of a mail that this buyer was sent, under a consent that holds or one that is withdrawn."""
    rows = await read.fetch(
        "SELECT secret FROM marketing_consents WHERE buyer_id = $1 AND agreed AND channel = 'email'", buyer_id
    )
    return any(hmac.compare_digest(row["secret"].encode(), secret.encode()) for row in rows)


async def consenting(read: Read, buyer_ids: Collection[UUID]) -> list[Consenting]:
    """Those of these who want such mails, with how to reach them."""
    return await read.all(
        Consenting,
        """
        SELECT b.buyer_id, b.email, b.name, b.locale, c.secret
        FROM buyers b
        CROSS JOIN LATERAL (SELECT agreed, secret FROM marketing_consents m WHERE m.buyer_id = b.buyer_id AND m.channel = 'email'
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
