"""Mails about presales: the deposit is there, the balance can be paid, it is soon too late, and what becomes of the deposit."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.money import Money
from steelyard.operations.service import buyer_mails
from steelyard.parties.notifications.model import PresaleNews, Template
from steelyard.trade import orders


async def tell_deposit_paid(tx: Tx, events: Sequence[orders.DepositPaid]) -> None:
    for event in events:
        await _tell(tx, event.merchant_id, event.order_id, "deposit_paid")


async def tell_balance_due(tx: Tx, events: Sequence[orders.BalanceDue]) -> None:
    for event in events:
        await _tell(tx, event.merchant_id, event.order_id, "balance_ends" if event.ends else "balance_open")


async def tell_deposit_returned(tx: Tx, events: Sequence[orders.DepositReturned]) -> None:
    for event in events:
        await _tell(tx, event.merchant_id, event.order_id, "called_off" if event.reason == "shop" else "returned")


async def tell_deposit_forfeited(tx: Tx, events: Sequence[orders.DepositForfeited]) -> None:
    for event in events:
        await _tell(tx, event.merchant_id, event.order_id, "forfeited")


async def _tell(tx: Tx, merchant_id: UUID, order_id: UUID, what: str) -> None:
    order, purchase = await buyer_mails.found(tx, merchant_id, order_id)
    booking = await orders.booking_of(tx, order.purchase_id)
    assert booking is not None, "it was announced of a booking"
    facts = PresaleNews(
        name=purchase.contact.name,
        order=order.code,
        shop=await buyer_mails.shop_of(tx, order.merchant_id),
        what=what,
        lines=await buyer_mails.lines_of(tx, order),
        deposit=Money(booking.deposit, order.currency),
        balance=Money(booking.balance, order.currency),
        balance_from=booking.balance_from,
        balance_until=booking.balance_until,
        ships_by=booking.ships_by,
        forfeits=booking.forfeits,
        reason=booking.reason if what == "called_off" else "",
        link=buyer_mails.page_of(purchase),
    )
    await buyer_mails.send(tx, purchase, Template.PRESALE_NEWS, facts, order.order_id, what)
