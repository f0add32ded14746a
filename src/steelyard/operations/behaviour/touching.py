"""Touches: by what somebody came, as later events and payments tell it."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Row, Tx
from steelyard.operations.behaviour.model import MARKETPLACE, Behaviour, Channel, Kind
from steelyard.operations.behaviour.recording import record

# A visit goes on for so long after its beginning as far as later events take over how it began.
VISIT = timedelta(hours=4)
# So long after somebody came by a link, what they pay is put down to it.
CREDITED = timedelta(days=30)


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """By what somebody came; `link` is the code of a campaign link, if it was one."""

    channel: Channel
    source: str
    medium: str
    campaign: str
    link: str = ""


async def capture(tx: Tx, happened: Sequence[Behaviour]) -> int:
    """`record` for what surfaces see: what is about a product is its shop's, and what happens during a visit came by the
    channel by which the visit began. Returns how many rows are new."""
    return await record(tx, await _by_their_visit(tx, await _at_their_shop(tx, happened)))


async def _at_their_shop(read: Read, happened: Sequence[Behaviour]) -> list[Behaviour]:
    products = {each.product_id for each in happened if each.merchant_id == MARKETPLACE and each.product_id is not None}
    skus = {
        UUID(str(each.properties["sku"])) for each in happened if each.product_id is None and "sku" in each.properties
    }
    if not products and not skus:
        return list(happened)
    shops = await read.fetch(
        "SELECT product_id, merchant_id FROM products WHERE product_id = ANY($1)", sorted(products)
    )
    variants = await read.fetch("SELECT sku_id, product_id, merchant_id FROM skus WHERE sku_id = ANY($1)", sorted(skus))
    shop_of = {row["product_id"]: row["merchant_id"] for row in shops}
    product_of = {str(row["sku_id"]): (row["product_id"], row["merchant_id"]) for row in variants}
    placed: list[Behaviour] = []
    for each in happened:
        product_id, merchant_id = each.product_id, each.merchant_id
        if product_id is None and "sku" in each.properties:
            product_id, merchant_id = product_of.get(str(each.properties["sku"]), (None, merchant_id))
        elif merchant_id == MARKETPLACE and product_id is not None:
            merchant_id = shop_of.get(product_id, MARKETPLACE)
        placed.append(msgspec.structs.replace(each, product_id=product_id, merchant_id=merchant_id))
    return placed


async def _by_their_visit(read: Read, happened: Sequence[Behaviour]) -> list[Behaviour]:
    """What one batch tells comes in its order: an arrival counts for what follows it there, too."""
    first = min((each.at for each in happened), default=None)
    if first is None:
        return []
    came = await _strangers_came(read, {each.visitor_id for each in happened if each.buyer_id is None}, first - VISIT)
    buyers = sorted({each.buyer_id for each in happened if each.buyer_id is not None})
    last = max(each.at for each in happened)
    for buyer_id, touch in zip(buyers, await _touches(read, [(b, last) for b in buyers], VISIT, True), strict=True):
        if touch is not None:
            came[buyer_id] = touch
    told: list[Behaviour] = []
    for each in happened:
        if each.kind is Kind.ARRIVE:
            came[each.who] = Touch(channel=each.channel, source=each.source, medium=each.medium, campaign=each.campaign)
        touch = came.get(each.who)
        if each.kind is Kind.ARRIVE or touch is None:
            told.append(each)
            continue
        channel = touch.channel if each.channel is Channel.DIRECT else each.channel
        told.append(
            msgspec.structs.replace(
                each, channel=channel, source=touch.source, medium=touch.medium, campaign=touch.campaign
            )
        )
    return told


async def _strangers_came(read: Read, visitor_ids: Collection[UUID], since: datetime) -> dict[UUID, Touch]:
    rows = await read.fetch(
        """
        SELECT v.id, a.channel, a.source, a.medium, a.campaign FROM unnest($1::uuid[]) AS v (id)
        CROSS JOIN LATERAL (
            SELECT channel, source, medium, campaign FROM behaviour_events e
            WHERE e.visitor_id = v.id AND e.kind = 'arrive' AND e.at >= $2 ORDER BY e.at DESC LIMIT 1) a
        """,
        list(visitor_ids),
        since,
    )
    return {row["id"]: _touch(row) for row in rows}


async def last_touches(read: Read, people: Sequence[tuple[UUID, datetime]]) -> list[Touch | None]:
    """By what each of these buyers came last before that moment, other than of their own accord, signed in or as any visitor
    whom they were: within `CREDITED`; else none."""
    return await _touches(read, people, CREDITED, False)


async def _touches(
    read: Read, people: Sequence[tuple[UUID, datetime]], within: timedelta, direct: bool
) -> list[Touch | None]:
    """`direct`: who came of their own accord came by that."""
    if not people:
        return []
    rows = await read.fetch(
        """
        SELECT p.place, a.channel, a.source, a.medium, a.campaign, coalesce(a.properties->>'link', '') AS link
        FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS p (id, at, place)
        CROSS JOIN LATERAL (
            SELECT e.channel, e.source, e.medium, e.campaign, e.properties FROM behaviour_events e
            WHERE (e.buyer_id = p.id OR e.visitor_id = ANY(ARRAY(
                       SELECT p.id UNION ALL SELECT visitor_id FROM visitor_merges m WHERE m.buyer_id = p.id)))
              AND e.kind = 'arrive' AND (e.channel <> 'direct' OR $4) AND e.at <= p.at AND e.at > p.at - $3::interval
            ORDER BY e.at DESC LIMIT 1) a
        """,
        [person for person, _ in people],
        [at for _, at in people],
        within,
        direct,
    )
    found: list[Touch | None] = [None] * len(people)
    for row in rows:
        found[row["place"] - 1] = _touch(row, row["link"])
    return found


async def devices(read: Read, people: Sequence[tuple[UUID, datetime]]) -> list[str]:
    """On what each of these people did what they did last before that moment, within a `VISIT`; empty where nothing is known."""
    rows = await read.fetch(
        """
        SELECT p.place, a.device FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS p (id, at, place)
        CROSS JOIN LATERAL (
            SELECT e.device FROM behaviour_events e
            WHERE (e.buyer_id = p.id OR e.visitor_id = ANY(ARRAY(
                       SELECT p.id UNION ALL SELECT visitor_id FROM visitor_merges m WHERE m.buyer_id = p.id)))
              AND e.device <> '' AND e.at <= p.at AND e.at > p.at - $3::interval
            ORDER BY e.at DESC LIMIT 1) a
        """,
        [person for person, _ in people],
        [at for _, at in people],
        VISIT,
    )
    found = {row["place"]: row["device"] for row in rows}
    return [found.get(place, "") for place in range(1, len(people) + 1)]


def _touch(row: Row, link: str = "") -> Touch:
    return Touch(
        channel=Channel(row["channel"]),
        source=row["source"],
        medium=row["medium"],
        campaign=row["campaign"],
        link=link,
    )
