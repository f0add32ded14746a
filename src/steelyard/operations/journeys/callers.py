"""Whom the engine looks for by itself: who keeps a product in mind that became cheaper or came back, who follows a shop whose
live session begins within the hour, whose birthday it is. Calls are written down here and answered some people at a time."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel.days import day_of
from steelyard.kernel.db import Tx
from steelyard.operations.journeys.calling import Call, Whom, call_all
from steelyard.operations.journeys.catalogue import Event
from steelyard.operations.journeys.enrolling import Entry, Live, enrol
from steelyard.operations.journeys.graph import Graph
from steelyard.operations.journeys.hearing import about_these, listening

PEOPLE_PER_CALL = 1_000
SESSIONS_PER_ROUND = 50
SHOPS_PER_ROUND = 500
LIVE_SOON = timedelta(hours=1)
# Prices and stock on the shelf are brought in line by a reader of its own: by then it has done so.
SETTLED_AFTER = timedelta(seconds=10)


async def call_keepers(tx: Tx, products: Collection[tuple[UUID, UUID]], event: Event, whom: Whom) -> None:
    """Who keeps one of these (merchant, product) in mind is to come into the journeys that begin with it."""
    if not products:
        return
    live = await listening(tx, {merchant_id for merchant_id, _ in products}, {event})
    if not live:
        return
    rows = await tx.fetch(
        """
        SELECT p.product_id, c.path FROM products p JOIN categories c USING (category_id)
        WHERE p.merchant_id = ANY($1) AND p.product_id = ANY($2)
        """,
        list({merchant_id for merchant_id, _ in live}),
        [product_id for _, product_id in products],
    )
    categories = {row["product_id"]: frozenset[UUID](row["path"]) for row in rows}
    # What changes several times within a minute calls once, when the minute is over and the last change is to be seen.
    minute: datetime = await tx.value("SELECT date_trunc('minute', clock_timestamp())")
    await call_all(
        tx,
        [
            Call(
                merchant_id=merchant_id,
                journey_id=each.journey_id,
                whom=whom,
                thing_id=product_id,
                what=minute.isoformat(),
                begins_at=minute + timedelta(minutes=1) + SETTLED_AFTER,
                about={"product_id": str(product_id)},
            )
            for merchant_id, product_id in sorted(products)
            for each in live.get((merchant_id, event), ())
            if about_these([product_id], each.begins.products, each.begins.categories, categories)
        ],
    )


async def call_to_live(tx: Tx) -> int:
    """Who follows a shop is called to its sessions that begin within the hour; to each once."""
    rows = await tx.fetch(
        """
        SELECT j.merchant_id, j.journey_id, s.session_id, s.starts_at, r.slug FROM live_sessions s
        JOIN rooms r ON r.merchant_id = s.merchant_id AND r.room_id = s.room_id
        JOIN journeys j ON j.merchant_id = s.merchant_id
        WHERE s.state IN ('planned', 'ready') AND s.starts_at BETWEEN now() AND now() + $1::interval
          AND j.state = 'live' AND j.listens && ARRAY[$2::text]
          AND NOT EXISTS (SELECT FROM journey_calls c WHERE c.merchant_id = j.merchant_id AND c.journey_id = j.journey_id
                                                        AND c.whom = 'followers' AND c.thing_id = s.session_id)
        ORDER BY s.starts_at, s.session_id, j.journey_id LIMIT $3
        """,
        LIVE_SOON,
        Event.LIVE_SESSION_SOON,
        SESSIONS_PER_ROUND,
    )
    await call_all(
        tx,
        [
            Call(
                merchant_id=row["merchant_id"],
                journey_id=row["journey_id"],
                whom=Whom.FOLLOWERS,
                thing_id=row["session_id"],
                what="soon",
                begins_at=datetime.now(UTC),
                about={"session_id": str(row["session_id"]), "room": row["slug"]},
            )
            for row in rows
        ],
    )
    return len(rows)


async def call_birthdays(tx: Tx, now: datetime) -> int:
    """Once on each day of the house: whose birthday it is and who is a customer of the shop. Returns how many journeys called."""
    day = day_of(now)
    rows = await tx.fetch(
        """
        SELECT j.merchant_id, j.journey_id FROM journeys j
        WHERE j.state = 'live' AND j.listens && ARRAY[$1::text]
          AND NOT EXISTS (SELECT FROM journey_calls c WHERE c.merchant_id = j.merchant_id AND c.journey_id = j.journey_id
                                                        AND c.whom = 'birthday' AND c.about ->> 'day' = $2)
        ORDER BY j.merchant_id, j.journey_id LIMIT $3
        """,
        Event.BIRTHDAY,
        day.isoformat(),
        SHOPS_PER_ROUND,
    )
    await call_all(
        tx,
        [
            Call(
                merchant_id=row["merchant_id"],
                journey_id=row["journey_id"],
                whom=Whom.BIRTHDAY,
                what=day.isoformat(),
                begins_at=now,
                about={"day": day.isoformat()},
            )
            for row in rows
        ],
    )
    return len(rows)


class _Call(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    journey_id: UUID
    call_id: UUID
    whom: Whom
    thing_id: UUID | None
    about: dict[str, str]
    begins_at: datetime
    upto: UUID
    version: int
    graph: Graph
    started_at: datetime
    over: bool


async def answer(tx: Tx, now: datetime | None = None) -> int:
    """The next people of the call that began first and nobody works at; returns how many steps were done (0: nobody is called).
    Of a journey that rests or has ended nobody comes."""
    at: datetime = now or await tx.value("SELECT clock_timestamp()")
    found = await tx.one(
        _Call,
        """
        SELECT c.merchant_id, c.journey_id, c.call_id, c.whom, c.thing_id, c.about, c.begins_at, c.upto, v.version, v.graph
             , j.started_at, j.state = 'ended' AS over
        FROM journey_calls c JOIN journeys j USING (merchant_id, journey_id)
        JOIN journey_versions v ON v.merchant_id = c.merchant_id AND v.journey_id = c.journey_id AND v.version = j.live_version
        WHERE c.ended_at IS NULL AND c.begins_at <= $1 AND j.state <> 'paused'
        ORDER BY c.begins_at, c.call_id LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED
        """,
        at,
    )
    if found is None:
        return 0
    buyers = [] if found.over else await _whom(tx, found)
    live = Live(
        merchant_id=found.merchant_id,
        journey_id=found.journey_id,
        version=found.version,
        graph=found.graph,
        started_at=found.started_at,
    )
    about = {name: said for name, said in found.about.items() if name != "day"}
    entered = max(found.begins_at, found.started_at)
    came = await enrol(tx, [Entry(live=live, buyer_id=each, at=entered, about=about) for each in buyers], at)
    await tx.execute(
        """
        UPDATE journey_calls SET upto = $4, people = people + $5, ended_at = CASE WHEN $6 THEN clock_timestamp() END
        WHERE merchant_id = $1 AND journey_id = $2 AND call_id = $3
        """,
        found.merchant_id,
        found.journey_id,
        found.call_id,
        buyers[-1] if buyers else found.upto,
        came,
        len(buyers) < PEOPLE_PER_CALL,
    )
    return 1


async def _whom(tx: Tx, found: _Call) -> list[UUID]:
    match found.whom:
        case Whom.SEGMENT:
            return await _in_segment(tx, found)
        case Whom.CHEAPER | Whom.BACK:
            return await _keeping(tx, found)
        case Whom.FOLLOWERS:
            return await _following(tx, found)
        case Whom.BIRTHDAY:
            return await _born(tx, found)


async def _in_segment(tx: Tx, found: _Call) -> list[UUID]:
    rows = await tx.fetch(
        """
        SELECT buyer_id FROM segment_members WHERE merchant_id = $1 AND segment_id = $2 AND buyer_id > $3
        ORDER BY buyer_id LIMIT $4
        """,
        found.merchant_id,
        found.thing_id,
        found.upto,
        PEOPLE_PER_CALL,
    )
    return [row["buyer_id"] for row in rows]


async def _keeping(tx: Tx, found: _Call) -> list[UUID]:
    """Cheaper than when they kept it, or to be had where it was not."""
    rows = await tx.fetch(
        """
        SELECT f.buyer_id FROM favourite_products f
        JOIN search_entries e ON e.merchant_id = f.merchant_id AND e.product_id = f.product_id
        WHERE f.product_id = $2 AND f.merchant_id = $1 AND f.buyer_id > $3
          AND CASE WHEN $5 THEN e.price < f.kept_price AND e.currency = f.currency ELSE e.in_stock AND NOT f.kept_in_stock END
        ORDER BY f.buyer_id LIMIT $4
        """,
        found.merchant_id,
        found.thing_id,
        found.upto,
        PEOPLE_PER_CALL,
        found.whom is Whom.CHEAPER,
    )
    return [row["buyer_id"] for row in rows]


async def _following(tx: Tx, found: _Call) -> list[UUID]:
    rows = await tx.fetch(
        "SELECT buyer_id FROM favourite_shops WHERE merchant_id = $1 AND buyer_id > $2 ORDER BY buyer_id LIMIT $3",
        found.merchant_id,
        found.upto,
        PEOPLE_PER_CALL,
    )
    return [row["buyer_id"] for row in rows]


async def _born(tx: Tx, found: _Call) -> list[UUID]:
    """Whoever was born on a 29 February has their birthday on the 28th of other years."""
    day = date.fromisoformat(found.about["day"])
    days = [f"{day:%m-%d}"]
    if days == ["02-28"] and (day + timedelta(days=1)).month == 3:
        days.append("02-29")
    rows = await tx.fetch(
        """
        SELECT b.buyer_id FROM buyers b JOIN customer_facts f ON f.merchant_id = $1 AND f.buyer_id = b.buyer_id
        WHERE b.birthday = ANY($2) AND b.buyer_id > $3 ORDER BY b.buyer_id LIMIT $4
        """,
        found.merchant_id,
        days,
        found.upto,
        PEOPLE_PER_CALL,
    )
    return [row["buyer_id"] for row in rows]
