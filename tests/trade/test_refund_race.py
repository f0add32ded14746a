"""Sixty-four at once want an order's money back, by every way that there is: never more goes back than was captured."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx, administer
from steelyard.kernel.errors import Refusal
from steelyard.money import payments
from steelyard.money.payments.model import RefundAnswer, RefundId, RefundState
from steelyard.parties.access.model import AccountId
from steelyard.trade import aftersales
from steelyard.trade.aftersales import (
    AgreeToCase,
    CallOff,
    Case,
    DecideCase,
    GiveBack,
    Giver,
    Kind,
    RequestSide,
    Verdict,
)
from steelyard.trade.aftersales.model import Less, RefundRequest, Returned
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.world import World
from tests.trade.test_cases import asked, disputed

ATTEMPTS = 64
PIECES = 6

Attempt = Callable[[Database], Awaitable[object]]


def ways(order: Order, open_case: Case, in_dispute: Case, first: RefundId) -> list[Attempt]:
    """The attempts: the shop by pieces, by amount and of the freight, by agreeing to a case, by calling the order off; the
    platform by its decision; the channel with its answers."""
    owner = Giver(
        account_id=AccountId(ids.mint()), side=RequestSide.MERCHANT, roles=["merchant_owner"], chief=True,
        merchant_id=order.merchant_id,
    )  # fmt: skip
    operator = Giver(account_id=AccountId(ids.mint()), side=RequestSide.OPERATOR, roles=["operator_admin"], chief=True)

    def asking(**what: object) -> GiveBack:
        return GiveBack(
            request=RefundRequest(
                refund_id=RefundId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id, **what
            )
        )

    def shops(command: object) -> Attempt:
        return lambda db: db.as_merchant(order.merchant_id).transact(aftersales.give, owner, command, "staff:owner")

    answer = RefundAnswer(reference="re_1", state=RefundState.SUCCEEDED)
    made: list[Attempt] = []
    made += [shops(asking(lines=[Returned(1, 1)])) for _ in range(16)]
    made += [shops(asking(less=[Less(1, order.goods // 5)])) for _ in range(16)]
    made += [shops(asking(freight=order.freight or 1)) for _ in range(8)]
    call_off = CallOff(
        merchant_id=order.merchant_id, order_id=order.order_id, refund_id=RefundId(ids.mint()), reason="no stock"
    )
    made += [shops(call_off) for _ in range(6)]
    agree = AgreeToCase(merchant_id=order.merchant_id, case_id=open_case.case_id, keep=False)
    made += [shops(agree) for _ in range(6)]
    decide = DecideCase(
        merchant_id=order.merchant_id, case_id=in_dispute.case_id, verdict=Verdict.REFUND, reason="It was broken"
    )
    made += [lambda db: db.transact(aftersales.give, operator, decide, "staff:operator") for _ in range(6)]
    made += [lambda db: db.transact(payments.record_refund, first, 1, answer, "channel") for _ in range(6)]
    assert len(made) == ATTEMPTS
    return made


async def test_sixty_four_at_once_by_every_way_give_back_each_cent_once(
    shop: Database, shop_url: str, world: World
) -> None:
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, PIECES)])
    first = RefundId(await deal.refunded(shop, order, Returned(1, 1)))
    open_case = await asked(shop, order, 1, kind=Kind.REFUND_ONLY, reason="not_needed")
    in_dispute = await asked(shop, order, 1, kind=Kind.REFUND_ONLY, reason="not_needed")
    await disputed(shop, in_dispute)
    many = await Database.connect(shop_url, size=ATTEMPTS)
    attempts = ways(order, open_case, in_dispute, first)
    # Those of a kind do not stand together in the line.
    mixed = [attempts[(number * 37) % ATTEMPTS] for number in range(ATTEMPTS)]

    results = await asyncio.gather(*(attempt(many) for attempt in mixed), return_exceptions=True)
    await many.close()

    said = Counter(type(result).__name__ for result in results)
    assert not [
        result for result in results if isinstance(result, BaseException) and not isinstance(result, Refusal)
    ], said
    assert sum(isinstance(result, Refusal) for result in results) > 10, "they wanted far more than there was"
    now = await deal.again(shop, order)
    [split] = await shop.ask(payments.splits_of_order, order.merchant_id, order.order_id)
    made = (await shop.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    assert now.refunded == sum(each.goods + each.freight for each in made) == split.refunding + split.refunded
    assert 0 < now.refunded <= split.captured == order.total
    assert sum(each.commission for each in made) == now.commission_returned <= order.commission


async def test_control_who_looks_first_and_takes_then_gives_back_more_than_was_captured(
    shop: Database, shop_url: str, world: World
) -> None:
    """Without the lock of the order and the constraints: if they gave back no more, the test above would prove nothing."""
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, PIECES)])
    async with administer(shop_url) as owner:
        await owner.execute("ALTER TABLE orders DROP CONSTRAINT never_refund_more_than_paid")
    many = await Database.connect(shop_url, size=ATTEMPTS)
    everybody_has_looked = asyncio.Barrier(ATTEMPTS)
    part = order.total // 5

    async def careless(tx: Tx) -> None:
        left = await tx.value("SELECT total - refunded FROM orders WHERE order_id = $1", order.order_id)
        await everybody_has_looked.wait()
        if left >= part:
            await tx.execute("UPDATE orders SET refunded = refunded + $2 WHERE order_id = $1", order.order_id, part)

    await asyncio.gather(*(many.transact(careless) for _ in range(ATTEMPTS)))
    given = (await deal.again(shop, order)).refunded
    # What it did is undone, so that the checks after the test look at a house in order.
    await many.transact(_undo, order)
    await many.close()

    assert given == ATTEMPTS * part > order.total


async def _undo(tx: Tx, order: Order) -> None:
    await tx.execute("UPDATE orders SET refunded = 0 WHERE order_id = $1", order.order_id)
