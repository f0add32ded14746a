"""Chargebacks of the demo marketplace with their evidence, one in each state that people look at, and orders that are held."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from steelyard.demo import papers
from steelyard.demo.products import made
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.files import PrivateFiles
from steelyard.kernel.paging import Page
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.payments import DisputeReason, DisputeStanding
from steelyard.parties import policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import RISK_HOLDS
from steelyard.trade import chargebacks, orders, risk
from steelyard.trade.chargebacks import Answer, ChargebackId, ChargebackState, News
from steelyard.trade.orders.model import Order, OrderState
from steelyard.trade.risk import EntryKind, Listing

STAFF = "staff:demo"
# Their sums are in examples: of theirs a bank only asks.
LEFT_ALONE = ("zoufang", "xinghuo")
SETTLED = "oubi"  # its statements are in a journey: no bank asks it for anything
LOOKED_AT = 12
ENDS = (
    None, Answer.EVIDENCE, ChargebackState.WON, ChargebackState.LOST, Answer.ACCEPT, ChargebackState.RECOVERED,
    ChargebackState.EXPIRED,
)  # fmt: skip


async def dispute(db: Database, settings: Settings, slugs: Sequence[str]) -> None:
    """An inquiry for the shops whose sums stand still, and of the others one chargeback each, led to another state; one order of
    them is held for a look, and one that waits to be sent by a chargeback. Said again, what is there stays as it is."""
    files = PrivateFiles(settings.home)
    shops = {slug: MerchantId(made("merchant", slug)) for slug in slugs}
    for slug, end in zip(LEFT_ALONE, (None, ChargebackState.CLOSED), strict=True):
        chargeback_id = await _charged_back(db, files, shops[slug], DisputeStanding.INQUIRY) if slug in shops else None
        if chargeback_id is not None and end is not None:
            await db.transact(chargebacks.decide_by_hand, chargeback_id, end, STAFF)
    others = [merchant_id for slug, merchant_id in shops.items() if slug not in (*LEFT_ALONE, SETTLED)]
    for merchant_id, end in zip(others, ENDS, strict=False):
        chargeback_id = await _charged_back(db, files, merchant_id, DisputeStanding.NEEDS_ANSWER)
        if chargeback_id is not None and end is not None:
            await _led(db, chargeback_id, end)
    for merchant_id in reversed(others):
        if await db.transact(_hold, merchant_id):
            break
    for merchant_id in others:
        if await _unsent_charged_back(db, merchant_id):
            break


async def _unsent_charged_back(db: Database, merchant_id: MerchantId) -> bool:
    """Whether an order of the shop that is not sent yet is held by a chargeback now."""
    known = await db.ask(chargebacks.parts_page, merchant_id)
    if any(part.held or part.sent_anyway_at for part in known.items):
        return True
    page = await db.ask(_unsent, merchant_id)
    for order in page.items:
        for payment in await db.ask(payments.of_purchase, order.purchase_id):
            if (order.source or "").startswith("import:") or payment.amount != order.total:
                continue
            try:
                await db.transact(chargebacks.record, _letter(order, payment, DisputeStanding.NEEDS_ANSWER), STAFF)
            except Refusal:
                continue  # it was not paid through a channel
            return True
    return False


async def _unsent(read: Read, merchant_id: MerchantId) -> Page[Order]:
    return await orders.orders_of_merchant(read, merchant_id, states=[OrderState.PAID], limit=LOOKED_AT)


async def _received(read: Read, merchant_id: MerchantId) -> list[Order]:
    page = await orders.orders_of_merchant(read, merchant_id, states=[OrderState.COMPLETED], limit=LOOKED_AT)
    return [order for order in page.items if not (order.source or "").startswith("import:") and not order.refunded]


async def _charged_back(
    db: Database, files: PrivateFiles, merchant_id: MerchantId, standing: DisputeStanding
) -> ChargebackId | None:
    for order in await db.ask(_received, merchant_id):
        for payment in await db.ask(payments.of_purchase, order.purchase_id):
            try:
                return await db.transact(_once, files, order, _letter(order, payment, standing))
            except Refusal:
                continue  # it was not paid through a channel
    return None


def _letter(order: Order, payment: payments.Payment, standing: DisputeStanding) -> News:
    return News(
        payment_id=payment.payment_id, channel=payment.channel, reference=f"CB-{order.code}", amount=payment.amount,
        currency=payment.currency, fee=0, standing=standing, reason=DisputeReason.NOT_RECEIVED,
        due_at=datetime.now(UTC) + timedelta(days=9), note="发卡行来函：持卡人称未收到货",
    )  # fmt: skip


async def _once(tx: Tx, files: PrivateFiles, order: Order, news: News) -> ChargebackId:
    """One for each shop: what was written down by an earlier making stands."""
    known = await chargebacks.parts_page(tx, order.merchant_id, limit=1)
    if known.items:
        return known.items[0].chargeback_id
    chargeback_id = await chargebacks.record(tx, news, STAFF)
    if any(part.merchant_id == order.merchant_id for part in await chargebacks.parts_of(tx, [chargeback_id])):
        words = "包裹已由收件人本人签收，物流记录与签收照片可查。"
        await chargebacks.say(tx, order.merchant_id, chargeback_id, order.order_id, words, STAFF)
        content = _receipt(order)
        stored = (files.put(content, "application/pdf"), "签收凭证.pdf", len(content))
        part = (order.merchant_id, chargeback_id, order.order_id)
        await chargebacks.add_file(tx, part, made("evidence", str(order.order_id)), stored, STAFF)
    return chargeback_id


def _receipt(order: Order) -> bytes:
    lines = (f"订单号  {order.code}", f"收件人  {order.address.name}", "签收方式  本人签收")
    return papers.specimen("签 收 凭 证", lines, "演示样张，并非真实凭证  SPECIMEN")


async def _led(db: Database, chargeback_id: ChargebackId, end: Answer | ChargebackState) -> None:
    answer = end if isinstance(end, Answer) else Answer.EVIDENCE
    try:
        if end is not ChargebackState.EXPIRED:
            await db.transact(
                chargebacks.answer, chargeback_id, answer, {}, "已附物流签收记录。", STAFF, by_channel=False
            )
        for state in _ways_to(end):
            await db.transact(chargebacks.decide_by_hand, chargeback_id, state, STAFF)
    except Refusal:
        return  # an earlier making led it there


def _ways_to(end: Answer | ChargebackState) -> Sequence[ChargebackState]:
    """What a bank's letters say one after the other until it ends so."""
    if isinstance(end, Answer):
        return ()
    return (ChargebackState.LOST, end) if end is ChargebackState.RECOVERED else (end,)


async def _hold(tx: Tx, merchant_id: MerchantId) -> bool:
    """Hold one order that waits to be sent, since its buyer is on the block list; holding is off again afterwards."""
    page = await orders.orders_of_merchant(tx, merchant_id, states=[OrderState.PAID], limit=LOOKED_AT)
    for order in page.items:
        if not order.contact.email or (order.source or "").startswith("import:"):
            continue
        until = datetime.now(UTC).date() + timedelta(days=180)
        await risk.enter(
            tx,
            made("risk", order.code),
            Listing.BLOCK,
            EntryKind.EMAIL,
            order.contact.email,
            "曾多次发起拒付",
            until,
            STAFF,
        )
        await policies.settle(tx, RISK_HOLDS, 1, None)
        held = await risk.look_at(tx, [order.purchase_id])
        await policies.reset(tx, RISK_HOLDS, None)
        if held:
            return True
    return False
