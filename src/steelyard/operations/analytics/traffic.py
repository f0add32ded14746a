"""Traffic: who looks at what, counted as they come, a batch at a time.

A visitor counts once a day; how far they came (a product, the cart, the checkout) is remembered on their row of `visits`, and
each step that they take for the first time that day adds one to the day's counters.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import IntEnum
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.trade.settlement import settlement_day

# Where visits of the marketplace as a whole are counted.
MARKETPLACE = UUID(int=0)
PRODUCTS_PER_VISIT_MAX = 200
VIEWS_PER_BATCH_MAX = 2_000
_NOT_COUNTED = -1


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


_Key = tuple[UUID, date, UUID]


async def record(tx: Tx, views: Sequence[View]) -> None:
    """Count what was seen, at most `VIEWS_PER_BATCH_MAX` at once. Counters and visits move together or not at all."""
    assert len(views) <= VIEWS_PER_BATCH_MAX
    seen = _seen(views)
    keys = sorted(seen)
    columns = [list(column) for column in zip(*keys, strict=True)] if keys else [[], [], []]
    await tx.execute(
        """
        INSERT INTO visits (merchant_id, day, visitor_id, channel, device, furthest)
        SELECT m, d, v, c, e, $6 FROM unnest($1::uuid[], $2::date[], $3::uuid[], $4::text[], $5::text[]) AS k (m, d, v, c, e)
        ORDER BY m, d, v ON CONFLICT (merchant_id, day, visitor_id) DO NOTHING
        """,
        *columns,
        [seen[key].channel for key in keys],
        [seen[key].device for key in keys],
        _NOT_COUNTED,
    )
    rows = await tx.fetch(
        """
        SELECT v.merchant_id, v.day, v.visitor_id, v.channel, v.device, v.furthest, v.products FROM visits v
        JOIN unnest($1::uuid[], $2::date[], $3::uuid[]) AS k (m, d, i)
          ON (v.merchant_id, v.day, v.visitor_id) = (k.m, k.d, k.i)
        ORDER BY v.merchant_id, v.day, v.visitor_id FOR UPDATE OF v
        """,
        *columns,
    )
    days: dict[tuple[UUID, date, str, str], _Counted] = {}
    products: dict[tuple[UUID, date, UUID], list[int]] = {}
    for row in rows:
        new = seen[(row["merchant_id"], row["day"], row["visitor_id"])]
        counted = days.setdefault((row["merchant_id"], row["day"], row["channel"], row["device"]), _Counted()).counts
        counted[0] += new.views
        for step in range(row["furthest"] + 1, new.furthest + 1):
            counted[1 + step] += 1
        known = set(row["products"])
        for product_id, times in new.products.items():
            tally = products.setdefault((row["merchant_id"], row["day"], product_id), [0, 0])
            tally[0] += times
            tally[1] += product_id not in known
    await _remember(tx, keys, seen)
    await _add_days(tx, days)
    await _add_products(tx, products)


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


async def _remember(tx: Tx, keys: Sequence[_Key], seen: dict[_Key, _Seen]) -> None:
    """`products` of one visitor come as one text of ids: an array of arrays would have to be rectangular."""
    await tx.execute(
        """
        UPDATE visits v
        SET views = v.views + k.views, furthest = greatest(v.furthest, k.furthest)
          , products = CASE WHEN k.products = '' OR cardinality(v.products) >= $7 THEN v.products
                            ELSE ARRAY(SELECT DISTINCT p FROM unnest(v.products || string_to_array(k.products, ',')::uuid[])
                                                              AS p) END
        FROM unnest($1::uuid[], $2::date[], $3::uuid[], $4::integer[], $5::smallint[], $6::text[])
             AS k (m, d, i, views, furthest, products)
        WHERE (v.merchant_id, v.day, v.visitor_id) = (k.m, k.d, k.i)
        """,
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
        [seen[key].views for key in keys],
        [seen[key].furthest for key in keys],
        [",".join(str(product_id) for product_id in seen[key].products) for key in keys],
        PRODUCTS_PER_VISIT_MAX,
    )


async def _add_days(tx: Tx, days: dict[tuple[UUID, date, str, str], _Counted]) -> None:
    keys = sorted(days)
    await tx.execute(
        """
        INSERT INTO traffic_days AS t (merchant_id, day, channel, device, views, visitors, product_visitors, cart_visitors
                                     , checkout_visitors)
        SELECT * FROM unnest($1::uuid[], $2::date[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::integer[]
                           , $8::integer[], $9::integer[])
        ON CONFLICT (merchant_id, day, channel, device) DO UPDATE
        SET views = t.views + excluded.views, visitors = t.visitors + excluded.visitors
          , product_visitors = t.product_visitors + excluded.product_visitors
          , cart_visitors = t.cart_visitors + excluded.cart_visitors
          , checkout_visitors = t.checkout_visitors + excluded.checkout_visitors
        """,
        *([key[at] for key in keys] for at in range(4)),
        *([days[key].counts[at] for key in keys] for at in range(5)),
    )


async def _add_products(tx: Tx, products: dict[tuple[UUID, date, UUID], list[int]]) -> None:
    keys = sorted(products)
    await tx.execute(
        """
        INSERT INTO product_traffic_days AS t (merchant_id, day, product_id, views, visitors)
        SELECT * FROM unnest($1::uuid[], $2::date[], $3::uuid[], $4::integer[], $5::integer[])
        ON CONFLICT (merchant_id, day, product_id) DO UPDATE
        SET views = t.views + excluded.views, visitors = t.visitors + excluded.visitors
        """,
        *([key[at] for key in keys] for at in range(3)),
        *([products[key][at] for key in keys] for at in range(2)),
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
