"""Promises in the demo: what shops promise with some of their goods, an order that left later than it was promised, and prices
that have fallen since."""

from datetime import UTC, date, datetime, timedelta

from steelyard.demo.products import made
from steelyard.goods import catalog, pricing
from steelyard.goods.catalog.model import ProductState, SkuId
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.money import share
from steelyard.kernel.text import text
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders, promises, rights
from steelyard.trade.orders.model import OrderId
from steelyard.trade.rights import CountedFrom, NewRule, RuleId, RuleKind

STAFF = "staff:demo"
# Shops whose goods nobody counts the sums of: how soon they send, what a counterfeit costs them, and whether returns are free.
PROMISING: tuple[tuple[str, int, int, bool], ...] = (
    ("mingmu", 24, 10, True),
    ("qingxu", 48, 3, False),
    ("kouzi", 24, 0, True),
)
ARTICLES = 8
HOURS = 24
# A tenth off.
OFF = 100_000
SINCE = date(2020, 1, 1)
LOOKED_AT = 40


async def promise(db: Database, buyer_id: BuyerId) -> None:
    """Promise, be late once, and let two prices fall: one of them is claimed."""
    await db.transact(_protect)
    for slug, hours, times, free in PROMISING:
        await db.transact(_promise, MerchantId(made("merchant", slug)), hours, times, free)
    await db.transact(_late, buyer_id)
    await _fall(db, buyer_id)


async def _protect(tx: Tx) -> None:
    new = NewRule(
        rule_id=RuleId(made("right", "cheaper")),
        code="price_protection",
        kind=RuleKind.PRICE_PROTECTION,
        name=text("价保 15 天，降价退差", "Price protection for 15 days"),
        days=15,
        source=text("本平台规则", "Rule of this marketplace"),
        counted_from=CountedFrom.RECEIVED,
        currency="CNY",
        amount_most=50_000,
    )
    if await rights.rule(tx, new.rule_id) is None:
        await rights.draft(tx, new, STAFF)
        await rights.switch_on(tx, new.rule_id, SINCE, SINCE - timedelta(days=1))


async def _promise(tx: Tx, merchant_id: MerchantId, hours: int, times: int, free: bool) -> None:
    page = await catalog.products_page(tx, merchant_id, ProductState.ON_SHELF, limit=ARTICLES)
    for row in sorted(page.items, key=lambda each: each.product_id):
        await promises.promise(tx, merchant_id, row.product_id, hours, {}, times, free_returns=free)


async def _late(tx: Tx, buyer_id: BuyerId) -> None:
    """One of the buyer's orders of the past left later than its shop had promised, as it turns out."""
    await tx.execute(
        """
        WITH slow AS (
            SELECT f.merchant_id, f.order_id, f.line FROM orders o
            JOIN fulfilment_lines f USING (merchant_id, order_id)
            JOIN parcel_lines i USING (merchant_id, order_id, line)
            JOIN parcels p USING (merchant_id, parcel_id)
            WHERE o.buyer_id = $1 AND o.currency = 'CNY' AND o.state = 'completed' AND o.refunded = 0
              AND o.merchant_id <> ALL ($3) AND p.sent_at >= f.instructed_at + $2 * interval '1 hour'
              AND NOT EXISTS (SELECT FROM compensations c WHERE c.buyer_id = $1)
            ORDER BY o.placed_at DESC, o.order_id, f.line LIMIT 1
        ), said AS (
            UPDATE order_lines l SET ship_hours = $2 FROM slow s
            WHERE l.merchant_id = s.merchant_id AND l.order_id = s.order_id AND l.line = s.line
        )
        UPDATE fulfilment_lines f SET ship_by = f.instructed_at + $2 * interval '1 hour' FROM slow s
        WHERE f.merchant_id = s.merchant_id AND f.order_id = s.order_id AND f.line = s.line
        """,
        buyer_id,
        HOURS,
        [made("merchant", slug) for slug in ("zoufang", "xinghuo")],
    )
    await promises.note_late(tx, datetime.now(UTC))


async def _fall(db: Database, buyer_id: BuyerId) -> None:
    """Two articles that the buyer has bought lately cost less today; the difference of the first is claimed."""
    if await db.ask(_fallen, buyer_id):
        return
    found = await db.ask(orders.orders_of_buyer, [buyer_id], limit=LOOKED_AT)
    kept = {made("merchant", slug) for slug in ("zoufang", "xinghuo")}
    likely = [order for order in found.items if order.paid_at and not order.refunded and order.currency == "CNY"]
    chosen = [
        order
        for order in likely
        if order.merchant_id not in kept and not (order.source or "").startswith(("import:", "demo"))
    ]
    for place, order in enumerate(chosen[:2]):
        await db.transact(_cheaper, order.order_id)
        if place == 0:
            try:
                await db.transact(promises.claim, order.merchant_id, order.order_id, 1, "buyer")
            except Refusal:
                continue  # it went on meanwhile: the marketplace is alive


async def _fallen(read: Read, buyer_id: BuyerId) -> bool:
    return await read.value(
        "SELECT EXISTS (SELECT FROM price_protections p JOIN orders o USING (merchant_id, order_id) WHERE o.buyer_id = $1)",
        buyer_id,
    )


async def _cheaper(tx: Tx, order_id: OrderId) -> None:
    line = (await orders.lines_of(tx, [order_id]))[order_id][0]
    merchant_id = await tx.value("SELECT merchant_id FROM orders WHERE order_id = $1", order_id)
    amount = line.unit_price - share(line.unit_price, OFF)
    await pricing.set_prices(tx, merchant_id, [NewPrice(sku_id=SkuId(line.sku_id), currency="CNY", amount=amount)])
