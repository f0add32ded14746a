"""Refunds of the demo above what somebody may give back alone: a shop's clerk and the platform's service have limits; some of
what they asked for waits for a second person, and one was declined."""

from collections.abc import Sequence
from datetime import UTC, datetime

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.money.payments.model import RefundId
from steelyard.parties.access.model import AccountId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import DecideCase, GiveBack, Giver, GivingCommand, RequestSide, Verdict
from steelyard.trade.aftersales.model import Reason, RefundRequest, Returned
from steelyard.trade.orders.model import Order, OrderState

SHOP = "zoufang"
CURRENCY = "CNY"
CLERK, SERVICE = "merchant_clerk", "operator_service"
# What each may give back alone, in a refund and in a day.
LIMITS = {CLERK: (3_000, 20_000), SERVICE: (3_000, 100_000)}
WORDS = ("买家称少收一件，照片已看，请复核", "鞋面划痕较明显，协商全额退这一件", "与买家协商退差价")
DECLINED = "照片看不清，请买家补拍后再申请"
DECIDED = "照片可以证明商品与描述不符，支持退款"
ORDERS_LOOKED_AT = 60


async def ask_a_second_person(db: Database) -> None:
    """Said again, what is there stays as it is."""
    shop = MerchantId(made("merchant", SHOP))
    await db.transact(_limit, shop)
    clerk = Giver(
        account_id=AccountId(made("account", f"{SHOP}.1")), side=RequestSide.MERCHANT, roles=[CLERK], merchant_id=shop
    )
    if not await db.ask(_asked, clerk):
        for order, words in zip(await db.ask(_dear, shop), WORDS, strict=False):
            request = RefundRequest(
                refund_id=RefundId(made("waiting refund", str(order.order_id))), merchant_id=shop, order_id=order.order_id,
                lines=[Returned(1, 1)], reason=Reason.GOODWILL, note=words,
            )  # fmt: skip
            await _ask(db, clerk, GiveBack(request=request), declined=words == WORDS[-1])
    service = Giver(account_id=AccountId(made("account", "service")), side=RequestSide.OPERATOR, roles=[SERVICE])
    if not await db.ask(_asked, service):
        for command in await db.ask(_decisions):
            await _ask(db, service, command)


async def _limit(tx: Tx, shop: MerchantId) -> None:
    for merchant_id, role in ((shop, CLERK), (None, SERVICE)):
        if not await aftersales.limits_of(tx, merchant_id):
            per_refund, per_day = LIMITS[role]
            now = datetime.now(UTC)
            await aftersales.set_limit(
                tx, merchant_id, role, CURRENCY, per_refund=per_refund, per_day=per_day, valid_from=now, by=None
            )


async def _asked(read: Read, giver: Giver) -> bool:
    """Whether somebody of this side asked for something before."""
    pages = [
        await aftersales.requests_page(read, giver.side, merchant_id=giver.merchant_id, waiting=waiting, limit=1)
        for waiting in (True, False)
    ]
    return any(page.items for page in pages)


async def _ask(db: Database, giver: Giver, command: GivingCommand, *, declined: bool = False) -> None:
    try:
        await db.transact(_waits, giver, command, declined)
    except Refusal:
        return  # a bank argues about the same money, or it went back meanwhile


async def _waits(tx: Tx, giver: Giver, command: GivingCommand, declined: bool) -> None:
    waits = await aftersales.give(tx, giver, command, f"staff:{giver.account_id}")
    assert waits is not None, f"{command} is within the limit"
    if declined:
        owner = AccountId(made("account", SHOP))
        chief = Giver(
            account_id=owner, side=giver.side, roles=["merchant_owner"], chief=True, merchant_id=giver.merchant_id
        )
        await aftersales.decline_refund(tx, chief, waits.merchant_id, waits.request_id, DECLINED, f"staff:{owner}")


async def _dear(read: Read, merchant_id: MerchantId) -> list[Order]:
    """Orders on their way or received whose first piece costs more than the clerk may give back."""
    found: list[Order] = []
    for state in (OrderState.SHIPPED, OrderState.COMPLETED):
        page = await orders.orders_of_merchant(read, merchant_id, states=[state], limit=ORDERS_LOOKED_AT)
        found += [order for order in page.items if order.source == "shop"]
    return await _dearer(read, found, LIMITS[CLERK][0])


async def _decisions(read: Read) -> Sequence[DecideCase]:
    """For the buyer, in some of the disputes that wait for the platform."""
    cases = {case.order_id: case for case in (await aftersales.disputed(read)).items if case.currency == CURRENCY}
    asked = [await orders.order(read, case.merchant_id, case.order_id) for case in cases.values()]  # a dozen
    found = [order for order in asked if order is not None]
    return [
        DecideCase(
            merchant_id=order.merchant_id, case_id=cases[order.order_id].case_id, verdict=Verdict.REFUND, reason=DECIDED
        )
        for order in await _dearer(read, found, LIMITS[SERVICE][0])
    ][:2]


async def _dearer(read: Read, found: Sequence[Order], limit: int) -> list[Order]:
    """Those of which nothing went back, whose first piece costs so much that it is above the limit whatever was taken off."""
    lines = await orders.lines_of(read, [order.order_id for order in found])
    return [order for order in found if not order.refunded and lines[order.order_id][0].unit_price > 2 * limit]
