"""Price protection: what has become cheaper since it was bought goes back, once for each fall.

A buyer claims it on the order's page with one click. What counts is the price that stands on the shelf that day, without flash
sales and coupons, against what was paid for a piece with all its promotions taken off. It goes back by a refund like others, to
the means that the order was paid with and in proportion to them, out of the shop's money.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from steelyard.goods import catalog, pricing, promotions
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.promotions import Article
from steelyard.kernel import money
from steelyard.kernel.db import Read, Tx
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders, rights
from steelyard.trade.aftersales.model import Less, Reason, RefundRequest, paid_for
from steelyard.trade.orders.model import Order, OrderId, OrderLine, OrderState
from steelyard.trade.promises.model import Drop, NothingFell, Protected, protection_id
from steelyard.trade.promises.queries import protected_of
from steelyard.trade.rights.model import CountedFrom, Rule, RuleKind

PROTECTED = frozenset({OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.COMPLETED})


async def drops(read: Read, order: Order, lines: Sequence[OrderLine], now: datetime | None = None) -> dict[int, Drop]:
    """By line, what would go back now. Where no rule is in force for such an order, nothing is asked."""
    now, known = now or datetime.now(UTC), await rights.rules(read)
    imported = (order.source or "").startswith("import:")
    if imported or order.state not in PROTECTED or not known.any(RuleKind.PRICE_PROTECTION, order.placed_at):
        return {}
    cards = await catalog.cards(read, [line.sku_id for line in lines])
    prices = await _on_shelf(read, cards, order.currency)
    given: dict[int, list[Protected]] = {}
    for each in await protected_of(read, [order.order_id]):
        given.setdefault(each.line, []).append(each)
    found: dict[int, Drop] = {}
    for line in lines:
        sku_id = SkuId(line.sku_id)
        if sku_id not in cards or sku_id not in prices:
            continue
        rule = known.promise(RuleKind.PRICE_PROTECTION, order.placed_at, order.currency, cards[sku_id].category_path)
        until = rule and too_late(rule, order)
        if rule is None or (until is not None and now >= until):
            continue
        price, before = prices[sku_id], given.get(line.line, [])
        if any(each.price <= price for each in before):
            continue  # it has been given back down to there
        amount = fallen(line, price, rule.amount_most, sum(each.amount for each in before))
        if amount:
            pieces = line.quantity - line.refunded_quantity
            found[line.line] = Drop(line=line.line, rule=rule, until=until, price=price, pieces=pieces, amount=amount)
    return found


async def _on_shelf(read: Read, cards: Mapping[SkuId, SkuCard], currency: str) -> dict[SkuId, int]:
    """What these cost everybody now, for as many pieces as anybody wants: a flash price is of a few."""
    usual = await pricing.current(read, cards, currency)
    lows = await promotions.lowered_prices(
        read,
        [
            Article(
                merchant_id=card.merchant_id,
                sku_id=sku_id,
                product_id=card.product_id,
                categories=card.category_path,
                currency=currency,
                usual=usual[sku_id].amount,
            )
            for sku_id, card in cards.items()
            if sku_id in usual
        ],
        flash=False,
    )
    return {sku_id: lows[sku_id].price if sku_id in lows else price.amount for sku_id, price in usual.items()}


def too_late(rule: Rule, order: Order) -> datetime | None:
    """The first moment at which it is too late; none as long as the days that count from receipt have not begun."""
    placed = rule.counted_from is CountedFrom.PLACED
    begun = order.placed_at if placed else order.delivered_at or order.completed_at
    return begun + timedelta(days=rule.days) if begun else None


def fallen(line: OrderLine, price: int, most: int | None, before: int) -> int:
    """What goes back of a line whose piece costs `price` now: what the buyer has paid for the pieces that are kept, and has not
    had back, above what they would cost now; with what went back `before` never more than the rule's most."""
    pieces = line.quantity - line.refunded_quantity
    amount = max(0, paid_for(line) - line.refunded - _taxed(line, price * pieces)) if pieces else 0
    return amount if most is None else min(amount, max(0, most - before))


def _taxed(line: OrderLine, amount: int) -> int:
    """With the tax on top, as the line was taxed."""
    if line.tax_inclusive or not line.tax:
        return amount
    return amount + money.share(amount, line.tax_millionths)


async def claim(
    tx: Tx, merchant_id: MerchantId, order_id: OrderId, line: int, by: str, now: datetime | None = None
) -> int:
    """Give back what a line has become cheaper by; returns how much. Said twice for the same fall, the second changes nothing
    and is refused. Raises `NotFound`, `NothingFell`."""
    now = now or datetime.now(UTC)
    order = await orders.lock_order(tx, merchant_id, order_id)
    lines = (await orders.lines_of(tx, [order_id]))[order_id]
    drop = (await drops(tx, order, lines, now)).get(line)
    if drop is None:
        raise NothingFell()
    [sold] = [each for each in lines if each.line == line]
    refund_id = protection_id(order_id, line, drop.price)
    request = RefundRequest(
        refund_id=refund_id,
        merchant_id=merchant_id,
        order_id=order_id,
        less=[Less(line, drop.amount)],
        reason=Reason.PRICE_PROTECTION,
    )
    await aftersales.refund(tx, request, by)
    await tx.execute(
        """
        INSERT INTO price_protections (merchant_id, refund_id, order_id, line, rule_id, unit_price, price, pieces, amount
                                     , currency, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        merchant_id,
        refund_id,
        order_id,
        line,
        drop.rule.rule_id,
        sold.unit_price,
        drop.price,
        drop.pieces,
        drop.amount,
        order.currency,
        now,
    )
    return drop.amount
