"""Placing: a checkout becomes a purchase, with one order per merchant. See docs/algorithms/placement.md."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain

from steelyard.goods import inventory
from steelyard.goods.inventory.model import Wanted
from steelyard.kernel import codes, money
from steelyard.kernel.db import Tx
from steelyard.parties import policies
from steelyard.parties.policies.model import PAYMENT_WINDOW
from steelyard.trade import cart, commission, orders
from steelyard.trade.checkout import service
from steelyard.trade.checkout.model import (
    Checkout,
    CheckoutClosed,
    CheckoutId,
    CheckoutNotReady,
    CheckoutState,
    ProblemCode,
    Quote,
    QuoteGroup,
    QuoteLine,
    SoldOut,
    TotalMoved,
)
from steelyard.trade.checkout.quote import STRICT, Completeness, quote
from steelyard.trade.orders.model import (
    Delivery,
    NewLine,
    NewOrder,
    NewPurchase,
    PurchaseId,
    order_id_of,
)

# What stock says is answered as "sold out" even when it was seen before the stock was locked.
_SHORTAGES = {ProblemCode.OUT_OF_STOCK, ProblemCode.NOT_ENOUGH}


async def place(
    tx: Tx,
    checkout_id: CheckoutId,
    *,
    expected_total: int | None,
    by: str,
    completeness: Completeness = STRICT,
) -> PurchaseId:
    """Place what the checkout names: stock is reserved, prices, taxes, freight and commission are frozen.

    Said twice, the second finds the purchase of the first. A purchase without a price is paid at once. Raises
    `CheckoutClosed`, `CheckoutNotReady`, `SoldOut`, and `TotalMoved` when it costs another sum than the buyer saw.
    """
    checkout = await service.lock(tx, checkout_id)
    if checkout.state in (CheckoutState.PLACED, CheckoutState.COMPLETED):
        return checkout.purchase_id
    if checkout.state is CheckoutState.CANCELLED or checkout.expires_at <= datetime.now(UTC):
        raise CheckoutClosed(state="expired" if checkout.state is CheckoutState.OPEN else str(checkout.state))
    costs = await quote(tx, checkout.draft, checkout.currency, completeness)
    _refuse(costs, expected_total)
    purchase = await _purchase(tx, checkout, costs)
    # Last, so that others who want the same goods wait no longer than for writing the purchase down.
    await _reserve(tx, checkout, costs)
    placed = await orders.place(tx, purchase, by)
    assert placed, "the checkout's lock keeps a second placement out"
    await tx.execute("UPDATE checkouts SET state = 'placed', changed_at = now() WHERE checkout_id = $1", checkout_id)
    if checkout.from_cart:
        await cart.remove(tx, checkout.buyer_id, [line.sku_id for line in checkout.lines])
    if purchase.total == 0:
        await orders.mark_paid(tx, await orders.lock_purchase(tx, purchase.purchase_id), by)
        await complete(tx, purchase.purchase_id)
    return purchase.purchase_id


async def complete(tx: Tx, purchase_id: PurchaseId) -> None:
    """The purchase of a checkout is paid: the checkout is done."""
    await tx.execute("UPDATE checkouts SET state = 'completed', changed_at = now() WHERE purchase_id = $1", purchase_id)


def _refuse(costs: Quote, expected_total: int | None) -> None:
    blocking = costs.blocking
    if blocking and all(problem.code in _SHORTAGES for problem in blocking):
        raise SoldOut(shortages=[{"line_id": problem.line_id, "free": problem.facts["free"]} for problem in blocking])
    if blocking:
        raise CheckoutNotReady(problems=blocking)
    if expected_total is not None and expected_total != costs.total:
        raise TotalMoved(expected=expected_total, total=costs.total, currency=costs.currency)


async def _reserve(tx: Tx, checkout: Checkout, costs: Quote) -> None:
    wanted = [
        Wanted(
            merchant_id=group.shop.merchant_id,
            order_id=order_id_of(checkout.purchase_id, group.shop.merchant_id),
            sku_id=line.card.sku_id,
            quantity=line.quantity,
            request=checkout.purchase_id,
        )
        for group in costs.groups
        for line in group.lines
    ]
    shortages = await inventory.reserve(tx, wanted)
    if shortages:
        free = {shortage.sku_id: shortage.free for shortage in shortages}
        raise SoldOut(
            shortages=[
                {"line_id": line.line_id, "free": free[line.card.sku_id]}
                for line in chain.from_iterable(group.lines for group in costs.groups)
                if line.card.sku_id in free
            ]
        )


async def _purchase(tx: Tx, checkout: Checkout, costs: Quote) -> NewPurchase:
    lines = list(chain.from_iterable(group.lines for group in costs.groups))
    rates = await commission.rates_for(tx, [(line.card.merchant_id, line.card.category_path) for line in lines])
    rate_of = dict(zip((line.line_id for line in lines), rates, strict=True))
    return NewPurchase(
        purchase_id=checkout.purchase_id,
        buyer_id=checkout.buyer_id,
        code=codes.mint("P"),
        currency=checkout.currency,
        contact=checkout.contact,
        address=checkout.address,
        locale=checkout.locale,
        source=checkout.client,
        pay_by=datetime.now(UTC) + timedelta(minutes=await policies.number(tx, PAYMENT_WINDOW)),
        orders=[_order(checkout, group, rate_of) for group in costs.groups],
    )


def _order(checkout: Checkout, group: QuoteGroup, rate_of: dict[str, int]) -> NewOrder:
    assert group.chosen is not None, "what cannot be sent there was refused"
    return NewOrder(
        merchant_id=group.shop.merchant_id,
        order_id=order_id_of(checkout.purchase_id, group.shop.merchant_id),
        code=codes.mint("S"),
        lines=_lines(group.lines, rate_of),
        freight=group.freight,
        freight_tax=group.freight_tax,
        freight_tax_inclusive=group.freight_tax_inclusive,
        delivery=Delivery(
            template_id=group.chosen.template_id,
            name=group.chosen.name,
            days_from=group.chosen.days_from,
            days_to=group.chosen.days_to,
        ),
        note=checkout.notes.get(str(group.shop.merchant_id), ""),
    )


def _lines(lines: Sequence[QuoteLine], rate_of: dict[str, int]) -> list[NewLine]:
    return [
        NewLine(
            line=number,
            product_id=line.card.product_id,
            sku_id=line.card.sku_id,
            title=line.card.title,
            options=line.card.options,
            picture=line.card.picture,
            sku_code=line.card.code,
            quantity=line.quantity,
            unit_price=line.unit_price,
            amount=line.amount,
            tax=line.tax,
            tax_millionths=line.tax_millionths,
            tax_inclusive=line.tax_inclusive,
            commission_millionths=rate_of[line.line_id],
            commission=money.share(line.amount, rate_of[line.line_id]),
        )
        for number, line in enumerate(lines, start=1)
    ]
