"""A purchase of several means whose card (or code) failed: its purses have back at once what they had kept, and can pay again.

While another try may still come in, nothing is given back: that try counts on it. What a channel says too late about a try that
counted on purses, which have their money back, pays nothing: it is given back by itself (`pays_what_is_due`).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.money import payments, wallets
from steelyard.money.payments import Tendered
from steelyard.money.payments.model import Payment, PaymentState
from steelyard.money.wallets import PURSES, Purse, Tender
from steelyard.parties import policies
from steelyard.parties.policies.model import POINTS_SHARE
from steelyard.trade import groups, orders
from steelyard.trade.checkout.model import at_shop
from steelyard.trade.checkout.service import complete, lock_of_purchases
from steelyard.trade.orders.model import NotPayable, Order, Purchase, PurchaseId, PurchaseState

OPEN = frozenset({PaymentState.INSTRUCTED, PaymentState.PENDING})


async def give_back_purses(tx: Tx, purchase_id: PurchaseId) -> None:
    """A try to pay a locked purchase has failed: unless another one is under way, or has paid it, its purses are free again, and
    a channel is to collect all of it."""
    purchase = await orders.lock_purchase(tx, purchase_id)
    if purchase.state is not PurchaseState.PLACED or not purchase.tendered:
        return
    tries = await payments.of_purchase(tx, purchase.purchase_id)
    if any(each.state in OPEN for each in tries if not payments.is_purse(each.channel)):
        return
    await payments.let_go(tx, [purchase.purchase_id])
    await orders.set_tendered(tx, purchase, 0)


async def pays_what_is_due(read: Read, purchase: Purchase, payment: Payment) -> bool:
    """Whether a payment and what purses keep for a purchase are each of its orders' totals."""
    if not purchase.tendered:
        return payment.amount == purchase.total
    if payment.amount != purchase.total - purchase.tendered:
        return False
    kept = await payments.kept_of(read, purchase.purchase_id)
    parts = {split.order_id: split.amount for split in await payments.splits_of(read, payment.payment_id)}
    return all(
        parts.get(order.order_id, 0) + kept.get(order.order_id, 0) == order.total
        for order in await orders.orders_of_purchase(read, purchase.purchase_id)
    )


def given_back(tries: Sequence[Payment], purchase: Purchase) -> dict[Purse, int]:
    """What purses had kept for a purchase that still waits, and have back since a try failed: what they paid last time."""
    if purchase.state is not PurchaseState.PLACED or purchase.tendered:
        return {}
    last = max((each.created_at for each in tries if payments.is_purse(each.channel)), default=None)
    return {
        Purse(each.channel): each.amount
        for each in tries
        if payments.is_purse(each.channel) and each.created_at == last
    }


async def offered_again(read: Read, purchase: Purchase, tries: Sequence[Payment]) -> list[Tender]:
    """What the purses that had paid of it could pay of it now, where they have it back and nothing else is under way."""
    back = given_back(tries, purchase)
    if not back or any(each.state in OPEN for each in tries):
        return []
    parts = await orders.orders_of_purchase(read, purchase.purchase_id)
    own = await wallets.free(read, purchase.buyer_id, purchase.currency)
    return await _tenders(read, parts, own, list(back))


async def _tenders(
    read: Read, parts: Sequence[Order], own: Mapping[Purse, int], purses: Sequence[Purse]
) -> list[Tender]:
    percent = await policies.number(read, POINTS_SHARE)
    return wallets.tenders([part.total for part in parts], own, purses, percent)


async def tender_again(tx: Tx, purchase_id: PurchaseId, purses: Sequence[Purse], by: str) -> Purchase:
    """Keep again what these purses can pay of a purchase that waits for its payment; what they pay whole is paid.

    Said twice, or while a try is under way, it changes nothing. Raises `NotFound`, `NotPayable`.
    """
    await lock_of_purchases(tx, [purchase_id])
    purchase = await orders.lock_purchase(tx, purchase_id)
    if purchase.state is not PurchaseState.PLACED or purchase.pay_by <= datetime.now(UTC):
        raise NotPayable(state=str(purchase.state))
    tries = await payments.of_purchase(tx, purchase_id)
    under_way = any(each.state in OPEN for each in tries)
    if purchase.tendered or purchase.deposit or not at_shop(purchase.source or "") or under_way or not purses:
        return purchase
    parts = await orders.orders_of_purchase(tx, purchase_id)
    held = await wallets.lock(tx, sorted((purchase.buyer_id, purse, purchase.currency) for purse in PURSES))
    own = {purse: held.get((purchase.buyer_id, purse, purchase.currency), 0) for purse in PURSES}
    tenders = await _tenders(tx, parts, own, purses)
    if not tenders:
        return purchase
    again = len({each.created_at for each in tries if payments.is_purse(each.channel)})
    keys = [(part.merchant_id, part.order_id) for part in parts]
    await payments.keep(tx, [_tendered(purchase, tender, keys, again) for tender in tenders])
    purchase = await orders.set_tendered(tx, purchase, sum(tender.amount for tender in tenders))
    if purchase.tendered == purchase.total:
        await orders.mark_paid(tx, [purchase], by)
        if purchase.team_id is not None:
            await groups.pay(tx, [purchase_id])
        await payments.take(tx, [purchase_id])
        await complete(tx, [purchase_id])
    return purchase


def _tendered(purchase: Purchase, tender: Tender, keys: Sequence[tuple[UUID, UUID]], again: int) -> Tendered:
    return Tendered(
        purchase_id=purchase.purchase_id,
        buyer_id=purchase.buyer_id,
        currency=purchase.currency,
        expires_at=purchase.pay_by,
        tender=tender,
        orders=keys,
        again=again,
    )
