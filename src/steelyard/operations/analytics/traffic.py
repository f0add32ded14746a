"""Traffic: who looks at what, counted as they come, a batch at a time.

A visitor counts once a day; how far they came (a product, the cart, the checkout) is remembered on their row of `visits`, and
each step that they take for the first time that day adds one to the day's counters.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import IntEnum
from typing import LiteralString, NamedTuple
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.trade.settlement import settlement_day

# Where visits of the marketplace as a whole are counted.
MARKETPLACE = UUID(int=0)
PRODUCTS_PER_VISIT_MAX = 200
VIEWS_PER_BATCH_MAX = 2_000
_NOT_COUNTED = -1
_STOOD: LiteralString = """
    SELECT v.merchant_id, v.day, v.visitor_id, v.channel, v.device, v.furthest, v.products FROM visits v
    JOIN unnest($1::uuid[], $2::date[], $3::uuid[]) AS k (m, d, i) ON (v.merchant_id, v.day, v.visitor_id) = (k.m, k.d, k.i)
"""


class Step(IntEnum):
    """How far a visitor comes."""

    LOOKED = 0
    PRODUCT = 1
    CART = 2
    CHECKOUT = 3


class View(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A page was seen, or a step taken; each is itself, also where two say the same. With a merchant it is that merchant's view;
    the marketplace's visitor comes as far by it, while the view itself is counted by the one without a merchant."""

    visitor_id: UUID
    at: datetime
    step: Step = Step.LOOKED
    merchant_id: UUID | None = None
    product_id: UUID | None = None
    channel: str = "direct"
    device: str = "desk"


class _Seen(msgspec.Struct, kw_only=True):
    """What a batch says of one visitor on one day at one place."""

    channel: str
    device: str
    views: int = 0
    furthest: int = 0
    products: dict[UUID, int] = {}


class _Counted(msgspec.Struct, kw_only=True):
    """What is added to a day's counters: views, visitors, and the three steps."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0, 0, 0, 0, 0])


class _Visit(NamedTuple):
    """How far a visitor had come that day at one place, and which products they had looked at."""

    merchant_id: UUID
    day: date
    visitor_id: UUID
    channel: str
    device: str
    furthest: int = _NOT_COUNTED
    products: Sequence[UUID] = ()

    @property
    def key(self) -> "_Key":
        return self.merchant_id, self.day, self.visitor_id


_Key = tuple[UUID, date, UUID]


async def record(tx: Tx, views: Sequence[View]) -> None:
    """Count what was seen, at most `VIEWS_PER_BATCH_MAX` at once. Counters and visits move together or not at all."""
    assert len(views) <= VIEWS_PER_BATCH_MAX
    seen = _seen(views)
    days: dict[tuple[UUID, date, str, str], _Counted] = {}
    products: dict[tuple[UUID, date, UUID], list[int]] = {}
    for visit in await _added_to_visits(tx, seen):
        new = seen[(visit.merchant_id, visit.day, visit.visitor_id)]
        counted = days.setdefault((visit.merchant_id, visit.day, visit.channel, visit.device), _Counted()).counts
        counted[0] += new.views
        for step in range(visit.furthest + 1, new.furthest + 1):
            counted[1 + step] += 1
        for product_id, times in new.products.items():
            tally = products.setdefault((visit.merchant_id, visit.day, product_id), [0, 0])
            tally[0] += times
            tally[1] += product_id not in visit.products
    await _add_days(tx, days)
    await _add_products(tx, products)


async def _added_to_visits(tx: Tx, seen: dict[_Key, _Seen]) -> list[_Visit]:
    """How each of these visits stood before what was seen now, which is added to it. Whom it tells nothing new is neither
    locked nor written: a visit only ever grows. Who is new is written once, as they are."""
    before = [each for each in await _visits(tx, list(seen)) if not _news(each, seen[each.key])]
    told = [
        {
            "merchant_id": key[0], "day": key[1], "visitor_id": key[2], "channel": seen[key].channel, "device": seen[key].device,
            "furthest": seen[key].furthest, "products": list(seen[key].products),
        }
        for key in seen.keys() - {each.key for each in before}
    ]  # fmt: skip
    if not told:
        return before
    rows = await tx.fetch(
        """
        INSERT INTO visits (merchant_id, day, visitor_id, channel, device, furthest, products)
        SELECT merchant_id, day, visitor_id, channel, device, furthest, products
        FROM json_to_recordset($1) AS k (merchant_id uuid, day date, visitor_id uuid, channel text, device text
                                       , furthest smallint, products uuid[])
        ORDER BY merchant_id, day, visitor_id ON CONFLICT (merchant_id, day, visitor_id) DO NOTHING
        RETURNING merchant_id, day, visitor_id, channel, device
        """,
        told,
    )
    before += [_Visit(*row) for row in rows]
    if left := list(seen.keys() - {each.key for each in before}):
        before += await _grown(tx, left, seen)
    return before


async def _visits(tx: Tx, keys: Sequence[_Key]) -> list[_Visit]:
    rows = await tx.fetch(
        _STOOD,
        *(list(column) for column in zip(*keys, strict=True)),
    )
    return [_Visit(*row) for row in rows]


async def _grown(tx: Tx, keys: Sequence[_Key], seen: dict[_Key, _Seen]) -> list[_Visit]:
    """The same for those that are there: locked, read anew, and added to."""
    rows = await tx.fetch(
        _STOOD + " ORDER BY v.merchant_id, v.day, v.visitor_id FOR UPDATE OF v",
        *(list(column) for column in zip(*keys, strict=True)),
    )
    before = [_Visit(*row) for row in rows]
    await tx.execute(
        """
        UPDATE visits v SET furthest = greatest(v.furthest, k.furthest), products = v.products || k.products
        FROM json_to_recordset($1) AS k (merchant_id uuid, day date, visitor_id uuid, furthest smallint, products uuid[])
        WHERE (v.merchant_id, v.day, v.visitor_id) = (k.merchant_id, k.day, k.visitor_id)
        """,
        [
            {
                "merchant_id": each.merchant_id,
                "day": each.day,
                "visitor_id": each.visitor_id,
                "furthest": seen[each.key].furthest,
                "products": _unknown(each, seen[each.key]),
            }
            for each in before
        ],
    )
    return before


def _news(visit: _Visit, new: _Seen) -> bool:
    return new.furthest > visit.furthest or bool(_unknown(visit, new))


def _unknown(visit: _Visit, new: _Seen) -> list[UUID]:
    """Products to be remembered: of somebody who has looked at very many, no more."""
    if len(visit.products) >= PRODUCTS_PER_VISIT_MAX:
        return []
    return [product_id for product_id in new.products if product_id not in visit.products]


def _seen(views: Iterable[View]) -> dict[_Key, _Seen]:
    found: dict[_Key, _Seen] = {}
    for view in views:
        day = settlement_day(view.at)
        for place in (MARKETPLACE, view.merchant_id):
            if place is None:
                continue
            key = (place, day, view.visitor_id)
            each = found.get(key)
            if each is None:
                each = found[key] = _Seen(channel=view.channel, device=view.device, products={})
            each.views += (place == MARKETPLACE) == (view.merchant_id is None)
            each.furthest = max(each.furthest, view.step)
            if place != MARKETPLACE and view.product_id is not None and view.step is Step.PRODUCT:
                each.products[view.product_id] = each.products.get(view.product_id, 0) + 1
    return found


async def _add_days(tx: Tx, days: dict[tuple[UUID, date, str, str], _Counted]) -> None:
    await tx.execute(
        """
        INSERT INTO traffic_days AS t (merchant_id, day, channel, device, views, visitors, product_visitors, cart_visitors
                                     , checkout_visitors)
        SELECT m, d, c, e, n[1], n[2], n[3], n[4], n[5]
        FROM json_to_recordset($1) AS k (m uuid, d date, c text, e text, n integer[]) ORDER BY m, d, c, e
        ON CONFLICT (merchant_id, day, channel, device) DO UPDATE
        SET views = t.views + excluded.views, visitors = t.visitors + excluded.visitors
          , product_visitors = t.product_visitors + excluded.product_visitors
          , cart_visitors = t.cart_visitors + excluded.cart_visitors
          , checkout_visitors = t.checkout_visitors + excluded.checkout_visitors
        """,
        [{"m": key[0], "d": key[1], "c": key[2], "e": key[3], "n": each.counts} for key, each in days.items()],
    )


async def _add_products(tx: Tx, products: dict[tuple[UUID, date, UUID], list[int]]) -> None:
    await tx.execute(
        """
        INSERT INTO product_traffic_days AS t (merchant_id, day, product_id, views, visitors)
        SELECT m, d, p, n[1], n[2] FROM json_to_recordset($1) AS k (m uuid, d date, p uuid, n integer[]) ORDER BY m, d, p
        ON CONFLICT (merchant_id, day, product_id) DO UPDATE
        SET views = t.views + excluded.views, visitors = t.visitors + excluded.visitors
        """,
        [{"m": key[0], "d": key[1], "p": key[2], "n": counts} for key, counts in products.items()],
    )


class PastTraffic(msgspec.Struct, frozen=True, kw_only=True):
    """A day's visitors of the past, counted elsewhere: `counts` are views, visitors, and those who came at least as far as a
    product, the cart, the checkout."""

    merchant_id: UUID
    day: date
    channel: str
    device: str
    counts: tuple[int, int, int, int, int]


async def bulk_traffic(tx: Tx, past: Sequence[PastTraffic]) -> None:
    """Take over counters of the past; a day that has some already gets these on top."""
    await _add_days(
        tx,
        {(each.merchant_id, each.day, each.channel, each.device): _Counted(counts=list(each.counts)) for each in past},
    )


async def bulk_product_traffic(tx: Tx, past: Sequence[tuple[UUID, date, UUID, int, int]]) -> None:
    """The same for products: (merchant, day, product, views, visitors)."""
    await _add_products(tx, {(m, day, product): [views, visitors] for m, day, product, views, visitors in past})


async def forget(tx: Tx, visitor_ids: Sequence[UUID]) -> int:
    """Delete what is known of these visitors' ways; the counters stay, they name nobody."""
    return await tx.execute("DELETE FROM visits WHERE visitor_id = ANY($1)", list(visitor_ids))
