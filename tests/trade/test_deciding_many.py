"""Many refunds that wait are decided at once by a second person, each with its own answer."""

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.money.payments.model import RefundId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales
from steelyard.trade.aftersales import (
    AmountChanged,
    BeyondApprover,
    CallOff,
    Giver,
    RequestId,
    RequestSide,
    RequestState,
    SamePerson,
    WaitingRefund,
)
from steelyard.trade.orders.model import Order, OrderState
from tests.support import deal
from tests.support.world import World
from tests.trade.test_refund_limits import OWNER, by, giver, less, limited

PIECES = 2


async def received(db: Database, world: World) -> Order:
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, PIECES)])
    await deal.shipped(db, order)
    await deal.received(db, order)
    return await deal.again(db, order)


async def waits(db: Database, clerk: Giver, order: Order, amount: int = 600) -> WaitingRefund:
    found = await db.transact(aftersales.give, clerk, less(order, amount), by(clerk))
    assert found is not None
    return found


def named(*found: WaitingRefund) -> list[tuple[MerchantId, RequestId]]:
    return [(each.merchant_id, each.request_id) for each in found]


async def test_what_can_go_back_goes_back_and_of_the_others_it_is_said_why_not(shop: Database, world: World) -> None:
    orders = [await received(shop, world) for _ in range(4)]
    merchant_id = orders[0].merchant_id
    clerk, owner = giver(merchant_id), giver(merchant_id, OWNER)
    await limited(shop, merchant_id, 500)
    plain = [await waits(shop, clerk, order) for order in orders[:2]]
    own = await waits(shop, giver(merchant_id), orders[2])
    gone = await waits(shop, clerk, orders[3], orders[3].goods)
    await shop.transact(aftersales.give, owner, less(orders[3], 100), by(owner))  # so much is not left any more
    unknown = (merchant_id, RequestId(ids.mint()))

    asked = [*named(*plain, own, gone), unknown]
    me = Giver(account_id=own.asked_by, side=RequestSide.MERCHANT, roles=(OWNER,), chief=True, merchant_id=merchant_id)
    said = await shop.transact(aftersales.approve_each, me, asked, by(me))
    again = await shop.transact(aftersales.approve_each, me, asked, by(me))

    assert [said[each.request_id] for each in plain] == [RequestState.APPROVED] * 2
    assert isinstance(said[own.request_id], SamePerson)
    assert not isinstance(said[gone.request_id], RequestState)
    assert isinstance(said[unknown[1]], NotFound)
    assert [again[each.request_id] for each in plain] == [RequestState.APPROVED] * 2
    assert [(await deal.again(shop, order)).refunded for order in orders] == [600, 600, 0, 100]
    # Who asked is whose refund it is; who agreed stands with the request.
    found = await shop.ask(aftersales.request_in, merchant_id, plain[0].request_id)
    assert found is not None and found.answered_by == me.account_id
    late = await shop.transact(aftersales.decline_each, owner, named(plain[0]), "No", by(owner))
    assert isinstance(late[plain[0].request_id], TransitionRefused)


async def test_more_than_was_asked_for_does_not_go_back_and_orders_are_called_off_among_them(
    shop: Database, world: World
) -> None:
    first, second = [await received(shop, world) for _ in range(2)]
    (unsent,) = await deal.paid(shop, [(world.items["nuts"].sku_id, PIECES)])
    merchant_id = first.merchant_id
    clerk, owner, small = giver(merchant_id), giver(merchant_id, OWNER), giver(merchant_id)
    await limited(shop, merchant_id, 500)
    asked = [await waits(shop, clerk, first), await waits(shop, clerk, second)]
    refund_id = RefundId(ids.mint())
    off = CallOff(merchant_id=merchant_id, order_id=unsent.order_id, refund_id=refund_id, reason="sold out")
    called = await shop.transact(aftersales.give, clerk, off, by(clerk))
    assert called is not None
    await shop.transact(
        lambda tx: tx.execute("UPDATE refund_requests SET amount = 599 WHERE request_id = $1", asked[0].request_id)
    )

    beyond = await shop.transact(aftersales.approve_each, small, named(*asked), by(small))
    said = await shop.transact(aftersales.approve_each, owner, named(*asked, called), by(owner))

    assert all(isinstance(each, BeyondApprover) for each in beyond.values())
    assert isinstance(said[asked[0].request_id], AmountChanged)
    assert [said[each.request_id] for each in (asked[1], called)] == [RequestState.APPROVED] * 2
    assert (await deal.again(shop, unsent)).state is OrderState.CANCELLED
    assert [(await deal.again(shop, order)).refunded for order in (first, second)] == [0, 600]


async def test_a_no_has_one_reason_for_all_and_what_waits_is_found_by_amount(shop: Database, world: World) -> None:
    first, second = [await received(shop, world) for _ in range(2)]
    merchant_id = first.merchant_id
    clerk, owner = giver(merchant_id), giver(merchant_id, OWNER)
    await limited(shop, merchant_id, 500)
    asked = [await waits(shop, clerk, first, 600), await waits(shop, clerk, second, 700)]

    async def found(me: Giver, **more: int) -> list[int]:
        rows = await shop.ask(aftersales.to_decide, RequestSide.MERCHANT, me.account_id, limit=10, **more)
        return [each.amount for each in rows]

    assert (await found(owner), await found(clerk)) == ([600, 700], [])
    assert (await found(owner, least=601), await found(owner, most=650)) == ([700], [600])
    with pytest.raises(Invalid):
        await shop.transact(aftersales.decline_each, owner, named(*asked), "  ", by(owner))

    said = await shop.transact(aftersales.decline_each, owner, named(*asked), "Ask the maker first", by(owner))

    assert list(said.values()) == [RequestState.DECLINED] * 2
    assert await found(owner) == []
    assert (await deal.again(shop, first)).refunded == 0
