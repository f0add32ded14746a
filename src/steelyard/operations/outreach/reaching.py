"""Whether a shop may reach somebody by a channel, and where: asked in the transaction that hands a message over."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.operations.outreach.model import Channel, Why


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, and the address of a channel (empty: none); `why`: for what reason nothing goes there, none: it may."""

    buyer_id: UUID
    address: str
    name: str
    locale: str
    analysed: bool
    why: Why | None


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    buyer_id: UUID
    name: str
    locale: str
    address: str
    signs_in: bool
    shop_open: bool
    known_here: bool
    agreed: bool
    stopped: bool
    suppressed: bool
    analysed: bool


async def reach(
    read: Read, merchant_id: UUID, buyer_ids: Sequence[UUID], channel: Channel, *, marketing: bool = True
) -> dict[UUID, Reach]:
    """How each of these is reached by this shop. Only its own customers are: who was seen at the shop, or ordered there. Messages
    that belong to an order of theirs need no consent."""
    found = await read.all(
        _Known,
        """
        SELECT b.buyer_id, b.name, b.locale, NOT b.guest AS signs_in
             , CASE $3 WHEN 'email' THEN coalesce(b.email, '') WHEN 'sms' THEN b.phone
                       WHEN 'wechat' THEN coalesce(w.openid, '') ELSE '' END AS address
             , NOT EXISTS (SELECT FROM merchants m WHERE m.merchant_id = $2 AND m.state <> 'open') AS shop_open
             , EXISTS (SELECT FROM customer_facts f WHERE f.merchant_id = $2 AND f.buyer_id = b.buyer_id)
               OR EXISTS (SELECT FROM orders o WHERE o.buyer_id = b.buyer_id AND o.merchant_id = $2) AS known_here
             , coalesce(c.agreed, false) AS agreed
             , coalesce(s.stopped, false) AS stopped
             , a.digest IS NOT NULL AS suppressed
             , coalesce(h.analysed, true) AS analysed
        FROM buyers b
        LEFT JOIN wechat_openids w ON $3 = 'wechat' AND w.buyer_id = b.buyer_id
        LEFT JOIN LATERAL (SELECT m.agreed FROM marketing_consents m WHERE m.buyer_id = b.buyer_id AND m.channel = $3
                           ORDER BY m.at DESC, m.consent_id DESC LIMIT 1) AS c ON true
        LEFT JOIN message_stops s ON s.buyer_id = b.buyer_id AND s.merchant_id = $2 AND s.channel = $3
        LEFT JOIN behaviour_choices h ON h.buyer_id = b.buyer_id
        LEFT JOIN suppressed_addresses a ON a.channel = $3 AND a.digest = encode(sha256(convert_to(lower(btrim(
                CASE $3 WHEN 'email' THEN coalesce(b.email, '') WHEN 'sms' THEN b.phone
                        ELSE coalesce(w.openid, '') END)), 'UTF8')), 'hex')
        WHERE b.buyer_id = ANY($1)
        """,
        sorted(set(buyer_ids)),
        merchant_id,
        str(channel),
    )
    return {
        each.buyer_id: Reach(
            buyer_id=each.buyer_id,
            address=each.address.strip(),
            name=each.name,
            locale=each.locale,
            analysed=each.analysed,
            why=_why(each, channel, marketing),
        )
        for each in found
    }


def _why(known: _Known, channel: Channel, marketing: bool) -> Why | None:
    if not known.known_here:
        return Why.STRANGER
    if not known.signs_in if channel is Channel.INBOX else not known.address.strip():
        return Why.NO_ADDRESS
    if known.suppressed:
        return Why.SUPPRESSED
    return _why_no_advertisement(known, channel) if marketing else None


def _why_no_advertisement(known: _Known, channel: Channel) -> Why | None:
    if not known.shop_open:
        return Why.SHOP_CLOSED
    if known.stopped:
        return Why.STOPPED
    return Why.NO_CONSENT if not known.agreed and channel is not Channel.INBOX else None


async def may_reach(
    read: Read, merchant_id: UUID, buyer_ids: Sequence[UUID], channel: Channel, *, marketing: bool = True
) -> frozenset[UUID]:
    """Those of these whom this shop may send something by this channel now."""
    found = await reach(read, merchant_id, buyer_ids, channel, marketing=marketing)
    return frozenset(buyer_id for buyer_id, each in found.items() if each.why is None)


async def hindrances(
    read: Read, merchant_id: UUID, buyer_ids: Sequence[UUID], channel: Channel, *, marketing: bool = True
) -> dict[UUID, Why]:
    """Why the others may not be reached. Who is nobody is a stranger."""
    found = await reach(read, merchant_id, buyer_ids, channel, marketing=marketing)
    why = {each: found[each].why if each in found else Why.STRANGER for each in buyer_ids}
    return {buyer_id: each for buyer_id, each in why.items() if each is not None}
