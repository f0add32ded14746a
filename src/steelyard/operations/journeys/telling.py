"""What a message of a journey can tell of: the order, the product, the cart, the session that it is about, and the coupon that
was given on the way, and the points they hold. Looked up when it is sent, so that it says what is so then."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from babel import numbers

from steelyard.kernel.days import HOUSE_ZONE
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import LOCALES, babel_locale
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.operations.journeys.graph import Coupon, Graph, Node
from steelyard.operations.journeys.travellers import Traveller
from steelyard.parties import operator

Variables = dict[str, str | Text]
ITEMS_TOLD_MAX = 3


async def tell(read: Read, graph: Graph, node: Node, some: Sequence[Traveller]) -> list[Variables]:
    """The variables of each of these, in their order."""
    told: list[Variables] = [{"cart.url": "/cart", "coupon.url": "/account/coupons"} for _ in some]
    await _products(read, some, told)
    await _orders(read, some, told)
    await _sessions(read, some, told)
    await _carts(read, some, told)
    await _coupon(read, coupon_before(graph, node), some, told)
    await _points(read, some, told)
    return told


def _id(who: Traveller, name: str) -> UUID | None:
    return UUID(who.about[name]) if who.about.get(name) else None


async def _products(read: Read, some: Sequence[Traveller], told: list[Variables]) -> None:
    rows = await read.fetch(
        """
        SELECT w.i, e.product_id, e.title, e.slug, e.price, e.currency, f.kept_price, f.currency AS kept_currency
        FROM unnest($1::integer[], $2::uuid[], $3::uuid[], $4::uuid[]) AS w (i, merchant_id, product_id, buyer_id)
        JOIN search_entries e ON e.merchant_id = w.merchant_id AND e.product_id = w.product_id
        LEFT JOIN favourite_products f ON f.buyer_id = w.buyer_id AND f.product_id = w.product_id
        """,
        list(range(len(some))),
        [each.merchant_id for each in some],
        [_id(each, "product_id") for each in some],
        [each.buyer_id for each in some],
    )
    for row in rows:
        mine = told[row["i"]]
        mine["product.name"] = Text(row["title"])
        mine["product.url"] = f"/products/{row['product_id']}/{row['slug']}"
        mine["product.price"] = _amount(Money(row["price"], row["currency"]))
        if row["kept_price"] is not None and row["kept_currency"] == row["currency"]:
            mine["product.was"] = _amount(Money(row["kept_price"], row["currency"]))


async def _orders(read: Read, some: Sequence[Traveller], told: list[Variables]) -> None:
    rows = await read.fetch(
        """
        SELECT w.i, o.code, o.total, o.currency, p.code AS purchase, p.pay_by
        FROM unnest($1::integer[], $2::uuid[], $3::uuid[]) AS w (i, merchant_id, order_id)
        JOIN orders o ON o.merchant_id = w.merchant_id AND o.order_id = w.order_id
        JOIN purchases p ON p.purchase_id = o.purchase_id
        """,
        list(range(len(some))),
        [each.merchant_id for each in some],
        [_id(each, "order_id") for each in some],
    )
    for row in rows:
        mine = told[row["i"]]
        mine["order.code"] = row["code"]
        mine["order.url"] = mine["review.url"] = f"/purchases/{row['purchase']}"
        mine["order.total"] = _amount(Money(row["total"], row["currency"]))
        mine["order.until"] = _moment(row["pay_by"])


async def _sessions(read: Read, some: Sequence[Traveller], told: list[Variables]) -> None:
    rows = await read.fetch(
        """
        SELECT w.i, s.title, s.starts_at, r.slug
        FROM unnest($1::integer[], $2::uuid[], $3::uuid[]) AS w (i, merchant_id, session_id)
        JOIN live_sessions s ON s.merchant_id = w.merchant_id AND s.session_id = w.session_id
        JOIN rooms r ON r.merchant_id = s.merchant_id AND r.room_id = s.room_id
        """,
        list(range(len(some))),
        [each.merchant_id for each in some],
        [_id(each, "session_id") for each in some],
    )
    for row in rows:
        mine = told[row["i"]]
        mine["live.title"], mine["live.at"] = Text(row["title"]), _moment(row["starts_at"])
        mine["live.url"] = f"/live/{row['slug']}"


async def _carts(read: Read, some: Sequence[Traveller], told: list[Variables]) -> None:
    """What lies in the cart of this shop: the last that was put in first."""
    rows = await read.fetch(
        """
        SELECT w.i, c.currency, sum(c.seen_price * c.quantity)::bigint AS amount
             , (array_agg(e.title ORDER BY c.added_at DESC, c.sku_id))[1:$4] AS titles
        FROM unnest($1::integer[], $2::uuid[], $3::uuid[]) AS w (i, merchant_id, buyer_id)
        JOIN cart_lines c ON c.buyer_id = w.buyer_id AND c.merchant_id = w.merchant_id
        JOIN skus s ON s.merchant_id = c.merchant_id AND s.sku_id = c.sku_id
        JOIN products e ON e.merchant_id = s.merchant_id AND e.product_id = s.product_id
        GROUP BY w.i, c.currency
        """,
        list(range(len(some))),
        [each.merchant_id for each in some],
        [each.buyer_id for each in some],
        ITEMS_TOLD_MAX,
    )
    for row in rows:
        titles = [Text(each) for each in row["titles"]]
        told[row["i"]]["cart.items"] = Text(
            {
                "zh-Hans": "、".join(each.in_language("zh-Hans") for each in titles),
                "en": ", ".join(each.in_language("en") for each in titles),
            }
        )
        told[row["i"]]["cart.total"] = _amount(Money(row["amount"], row["currency"]))


async def _coupon(read: Read, promotion_id: UUID | None, some: Sequence[Traveller], told: list[Variables]) -> None:
    if promotion_id is None:
        return
    rows = await read.fetch(
        """
        SELECT w.i, p.name, p.ends_at
        FROM unnest($1::integer[], $2::uuid[], $3::uuid[]) AS w (i, merchant_id, buyer_id)
        JOIN promotions p ON p.merchant_id = w.merchant_id AND p.promotion_id = $4
        WHERE EXISTS (SELECT FROM coupon_claims c WHERE c.buyer_id = w.buyer_id AND c.promotion_id = p.promotion_id)
        """,
        list(range(len(some))),
        [each.merchant_id for each in some],
        [each.buyer_id for each in some],
        promotion_id,
    )
    for row in rows:
        mine = told[row["i"]]
        mine["coupon.name"], mine["coupon.until"] = Text(row["name"]), _moment(row["ends_at"])


async def _points(read: Read, some: Sequence[Traveller], told: list[Variables]) -> None:
    """How many points of the house they hold."""
    house = await operator.profile(read)
    assert house is not None, "a house that runs has an operator"
    rows = await read.fetch(
        """
        SELECT w.i, coalesce(p.amount, 0) AS points FROM unnest($1::integer[], $2::uuid[]) AS w (i, buyer_id)
        LEFT JOIN purses p ON p.buyer_id = w.buyer_id AND p.purse = 'points' AND p.currency = $3
        """,
        list(range(len(some))),
        [each.buyer_id for each in some],
        house.currency,
    )
    for row in rows:
        told[row["i"]]["points.balance"] = str(row["points"])


def coupon_before(graph: Graph, node: Node) -> UUID | None:
    """The coupon of the box that is nearest on the way here; none where no way here gives one."""
    before: dict[str, set[str]] = {}
    for key, _, following in graph.edges():
        before.setdefault(following, set()).add(key)
    boxes = graph.by_key()
    seen, here = {node.key}, [node.key]
    while here:
        further: list[str] = []
        for key in here:
            setup = boxes[key].setup
            if isinstance(setup, Coupon) and setup.promotion_id is not None:
                return setup.promotion_id
            further += sorted(before.get(key, set()) - seen)
            seen |= before.get(key, set())
        here = further
    return None


def _amount(money: Money) -> Text:
    """An amount as its reader writes it: ¥68.00, CN¥68.00."""
    return Text(
        {each: numbers.format_currency(money.decimal(), money.currency, locale=babel_locale(each)) for each in LOCALES}
    )


def _moment(at: datetime) -> Text:
    """A day and a time as people of the house say it."""
    there = at.astimezone(HOUSE_ZONE)
    return Text({"zh-Hans": f"{there.month} 月 {there.day} 日 {there:%H:%M}", "en": f"{there.day} {there:%B, %H:%M}"})
