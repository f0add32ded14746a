"""Mails about money that waits for somebody: a payment that a bank takes back, a refund above what one person may give."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import days
from steelyard.kernel.db import Tx
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.parties import access, merchants, notifications
from steelyard.parties.access.model import Account, AccountId
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.notifications.model import MoneyNews, Template
from steelyard.trade import aftersales, chargebacks, orders
from steelyard.trade.orders.model import OrderId

APPROVES = "refunds.approve"
OPERATOR = "operator"
# What there is nobody to tell of: who took it back knows, and what was overtaken ended otherwise.
_SILENT = frozenset({"withdrawn", "overtaken"})


async def tell_charged_back(tx: Tx, events: Sequence[chargebacks.ChargebackOpened]) -> None:
    """Owners read what was taken and by when the shop has to say something."""
    for event in events:
        what = "chargeback_inquiry" if event.inquiry else "chargeback_opened"
        day = days.day_of(event.shop_due_at).isoformat() if event.shop_due_at else ""
        await _tell_owners(
            tx, event.merchant_id, event.order_id, what, (event.amount, event.currency), day, event.chargeback_id
        )


async def tell_chargeback_ended(tx: Tx, events: Sequence[chargebacks.ChargebackEnded]) -> None:
    """Owners read how it ended, that nobody answered in time, and who bears it."""
    for event in events:
        lost = event.state in ("lost", "accepted", "expired")
        what = "chargeback_borne" if lost and event.bearer == "platform" else f"chargeback_{event.state}"
        money = (event.amount, event.currency)
        await _tell_owners(tx, event.merchant_id, event.order_id, what, money, "", event.chargeback_id)


async def tell_refund_awaits(tx: Tx, events: Sequence[aftersales.RefundAwaits]) -> None:
    """Everybody who may agree hears of it, but for who asked."""
    for event in events:
        ours = event.side == OPERATOR
        readers = await access.staff_with(tx, None if ours else event.merchant_id, APPROVES)
        link = "/operator/refunds/approvals" if ours else "/merchant/refunds/approvals"
        others = [reader for reader in readers if reader.account_id != event.asked_by]
        money = (event.amount, event.currency)
        await _tell(tx, others, event.merchant_id, event.order_id, "refund_awaits", money, "", link)


async def tell_refund_answered(tx: Tx, events: Sequence[aftersales.RefundAnswered]) -> None:
    """Who asked hears what came of it."""
    for event in events:
        asked = await access.account(tx, AccountId(event.asked_by))
        if asked is None or event.state in _SILENT:
            continue
        link = "/operator/refunds/approvals" if event.side == OPERATOR else "/merchant/refunds/approvals"
        await _tell(tx, [asked], event.merchant_id, event.order_id, f"refund_{event.state}", None, "", link)


async def _tell_owners(
    tx: Tx, merchant_id: UUID, order_id: UUID, what: str, money: tuple[int, str], day: str, chargeback_id: UUID
) -> None:
    owners = await access.owners_of(tx, [merchant_id])
    link = f"/merchant/chargebacks/{chargeback_id}/{order_id}"
    await _tell(tx, owners, merchant_id, order_id, what, money, day, link)


async def _tell(
    tx: Tx,
    readers: Sequence[Account],
    merchant_id: UUID,
    order_id: UUID,
    what: str,
    money: tuple[int, str] | None,
    day: str,
    link: str,
) -> None:
    shop = MerchantId(merchant_id)
    card = (await merchants.cards(tx, [shop])).get(shop)
    order = await orders.order(tx, shop, OrderId(order_id))
    for reader in readers:
        news = MoneyNews(
            name=reader.name,
            shop=card.name if card else Text(),
            order=order.code if order else "",
            what=what,
            amount=Money(*money) if money else None,
            day=day,
            link=link,
        )
        await notifications.send(
            tx, recipient=reader.email, template=Template.MONEY_NEWS, locale=reader.locale, facts=news
        )
