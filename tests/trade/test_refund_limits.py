"""Limits on what somebody may give back alone, and the second person that the rest waits for."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.money.payments.model import RefundId
from steelyard.parties.access.model import AccountId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import (
    AgreeToCase,
    AmountChanged,
    BeyondApprover,
    BeyondLimit,
    CallOff,
    DecideCase,
    GiveBack,
    Giver,
    GivingCommand,
    GrantCallOff,
    Kind,
    RequestSide,
    RequestState,
    SamePerson,
    Verdict,
    WaitingRefund,
    approvals,
    silence,
)
from steelyard.trade.aftersales.limits import combined, in_force
from steelyard.trade.aftersales.model import CaseState, Less, RefundRequest
from steelyard.trade.orders.model import Order, OrderState
from tests.support import deal
from tests.support.world import World
from tests.trade.test_cases import asked, disputed, sent

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
CLERK, OWNER = "merchant_clerk", "merchant_owner"


def giver(merchant_id: MerchantId, *roles: str) -> Giver:
    return Giver(
        account_id=AccountId(ids.mint()), side=RequestSide.MERCHANT, roles=roles or (CLERK,), chief=OWNER in roles,
        merchant_id=merchant_id,
    )  # fmt: skip


def by(who: Giver) -> str:
    return f"staff:{who.account_id}"


async def limited(
    db: Database, merchant_id: MerchantId | None, per_refund: int | None, per_day: int | None = None, role: str = CLERK
) -> None:
    await db.transact(
        aftersales.set_limit,
        merchant_id,
        role,
        "CNY",
        per_refund=per_refund,
        per_day=per_day,
        valid_from=LONG_AGO,
        by=None,
    )


def less(order: Order, amount: int) -> GiveBack:
    return GiveBack(
        request=RefundRequest(
            refund_id=RefundId(ids.mint()),
            merchant_id=order.merchant_id,
            order_id=order.order_id,
            less=[Less(1, amount)],
        )
    )


async def give(db: Database, who: Giver, command: GivingCommand) -> WaitingRefund | None:
    return await db.as_merchant(who.merchant_id).transact(aftersales.give, who, command, by(who))


async def held(db: Database, who: Giver, command: GivingCommand) -> WaitingRefund:
    found = await give(db, who, command)
    assert found is not None
    return found


async def approve(db: Database, who: Giver, waits: WaitingRefund) -> RequestState:
    return await db.as_merchant(who.merchant_id).transact(
        aftersales.approve_refund, who, waits.merchant_id, waits.request_id, by(who)
    )


async def state_of(db: Database, waits: WaitingRefund) -> RequestState:
    found = await db.ask(aftersales.request_in, waits.merchant_id, waits.request_id)
    assert found is not None
    return found.state


async def test_without_limits_everybody_gives_back_what_there_is(shop: Database, world: World) -> None:
    order = await sent(shop, world)

    assert await give(shop, giver(order.merchant_id), less(order, order.goods)) is None
    assert (await deal.again(shop, order)).refunded == order.goods


async def test_up_to_the_limit_it_goes_back_and_a_cent_above_it_waits_and_moves_nothing(
    shop: Database, world: World
) -> None:
    order = await sent(shop, world)
    clerk = giver(order.merchant_id)
    await limited(shop, order.merchant_id, 500)

    assert await give(shop, clerk, less(order, 500)) is None
    waits = await held(shop, clerk, less(order, 501))

    assert (waits.amount, waits.why, waits.state) == (501, "per_refund", RequestState.WAITING)
    assert (await deal.again(shop, order)).refunded == 500
    assert await shop.ask(aftersales.count_waiting, RequestSide.MERCHANT, order.merchant_id) == 1


async def test_the_second_click_waits_once(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    clerk, command = giver(order.merchant_id), less(order, 501)
    await limited(shop, order.merchant_id, 500)

    both = await asyncio.gather(*(give(shop, clerk, command) for _ in range(2)))

    assert both[0] is not None
    assert both[0] == both[1]


async def test_many_small_refunds_of_a_day_are_counted_together_also_at_once(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    clerk = giver(order.merchant_id)
    await limited(shop, order.merchant_id, 300, 1_000)

    results = await asyncio.gather(*(give(shop, clerk, less(order, 300)) for _ in range(6)))

    assert sum(result is None for result in results) == 3
    assert {result.why for result in results if result is not None} == {"per_day"}
    assert (await deal.again(shop, order)).refunded == 900
    # What a second person approves is not in the day of who asked.
    waits = next(result for result in results if result is not None)
    assert await approve(shop, giver(order.merchant_id, OWNER), waits) is RequestState.APPROVED
    assert await give(shop, clerk, less(order, 100)) is None


async def test_a_second_person_approves_and_it_is_done_as_it_was_asked_for_once(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    clerk, owner = giver(order.merchant_id), giver(order.merchant_id, OWNER)
    await limited(shop, order.merchant_id, 0)
    waits = await held(shop, clerk, less(order, 700))

    states = await asyncio.gather(*(approve(shop, owner, waits) for _ in range(3)))

    assert set(states) == {RequestState.APPROVED}
    assert (await deal.again(shop, order)).refunded == 700
    [made] = (await shop.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    assert (made.refund_id, made.by) == (waits.refund_id, by(clerk))


async def test_nobody_approves_or_declines_what_they_asked_for_and_it_stays_waiting(
    shop: Database, world: World
) -> None:
    order = await sent(shop, world)
    owner = giver(order.merchant_id, OWNER)
    await limited(shop, order.merchant_id, 100, role=OWNER)
    waits = await held(shop, owner, less(order, 700))

    with pytest.raises(SamePerson):
        await approve(shop, owner, waits)
    with pytest.raises(SamePerson):
        await shop.transact(aftersales.decline_refund, owner, waits.merchant_id, waits.request_id, "no", by(owner))

    assert await state_of(shop, waits) is RequestState.WAITING
    assert (await deal.again(shop, order)).refunded == 0


async def test_two_clerks_do_not_approve_each_other_above_their_limit(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    await limited(shop, order.merchant_id, 500)
    waits = await held(shop, giver(order.merchant_id), less(order, 700))

    with pytest.raises(BeyondApprover):
        await approve(shop, giver(order.merchant_id), waits)


async def test_another_shops_staff_and_the_operators_find_nothing_of_it(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    await limited(shop, order.merchant_id, 0)
    waits = await held(shop, giver(order.merchant_id), less(order, 700))
    stranger = giver(MerchantId(ids.mint()), OWNER)
    operator = msgspec.structs.replace(stranger, side=RequestSide.OPERATOR, merchant_id=None)

    for who, db in ((stranger, shop.as_merchant(stranger.merchant_id)), (stranger, shop), (operator, shop)):
        with pytest.raises(NotFound):
            await db.transact(aftersales.approve_refund, who, waits.merchant_id, waits.request_id, by(who))
    assert await state_of(shop, waits) is RequestState.WAITING


async def test_it_is_declined_for_a_reason_withdrawn_by_who_asked_or_over_after_its_time(
    shop: Database, world: World
) -> None:
    order = await sent(shop, world)
    clerk, owner = giver(order.merchant_id), giver(order.merchant_id, OWNER)
    await limited(shop, order.merchant_id, 0)
    declined, withdrawn, expired = [await held(shop, clerk, less(order, 100)) for _ in range(3)]

    with pytest.raises(Invalid):
        await shop.transact(aftersales.decline_refund, owner, declined.merchant_id, declined.request_id, " ", by(owner))
    await shop.transact(aftersales.decline_refund, owner, declined.merchant_id, declined.request_id, "no", by(owner))
    with pytest.raises(NotFound):
        await shop.transact(aftersales.withdraw_refund, owner, withdrawn.merchant_id, withdrawn.request_id, by(owner))
    await shop.transact(aftersales.withdraw_refund, clerk, withdrawn.merchant_id, withdrawn.request_id, by(clerk))
    assert await shop.transact(approvals.expire, expired.expires_at - timedelta(seconds=1)) == 0
    assert await shop.transact(approvals.expire, expired.expires_at) == 1

    states = [await state_of(shop, each) for each in (declined, withdrawn, expired)]
    assert states == [RequestState.DECLINED, RequestState.WITHDRAWN, RequestState.EXPIRED]
    for each in (declined, withdrawn, expired):
        with pytest.raises(TransitionRefused):
            await approve(shop, owner, each)
    assert (await deal.again(shop, order)).refunded == 0


async def test_what_went_back_otherwise_meanwhile_does_not_go_back_again(shop: Database, world: World) -> None:
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, 2)])
    clerk, owner = giver(order.merchant_id), giver(order.merchant_id, OWNER)
    await limited(shop, order.merchant_id, 0)
    call_off = CallOff(
        merchant_id=order.merchant_id, order_id=order.order_id, refund_id=RefundId(ids.mint()), reason="no stock"
    )
    waits = await held(shop, clerk, call_off)
    assert (await deal.again(shop, order)).state is OrderState.PAID
    assert waits.amount == order.total
    await shop.transact(aftersales.cancel, order.merchant_id, order.order_id, ids.mint(), "by its buyer", "buyer")

    assert await approve(shop, owner, waits) is RequestState.OVERTAKEN

    assert (await deal.again(shop, order)).refunded == order.total


async def test_more_than_was_seen_does_not_go_back(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    clerk = giver(order.merchant_id)
    await limited(shop, order.merchant_id, 0)
    waits = await held(shop, clerk, less(order, 700))
    await shop.transact(less_was_asked_for, waits)

    with pytest.raises(AmountChanged):
        await approve(shop, giver(order.merchant_id, OWNER), waits)
    assert (await deal.again(shop, order)).refunded == 0


async def less_was_asked_for(tx, waits: WaitingRefund) -> None:
    await tx.execute("UPDATE refund_requests SET amount = 699 WHERE request_id = $1", waits.request_id)


async def test_a_case_whose_money_waits_stays_as_it_is_and_ends_with_the_approval(shop: Database, world: World) -> None:
    case = await asked(shop, await sent(shop, world), 1, kind=Kind.REFUND_ONLY)
    clerk, owner = giver(case.merchant_id), giver(case.merchant_id, OWNER)
    await limited(shop, case.merchant_id, 0)

    waits = await held(shop, clerk, AgreeToCase(merchant_id=case.merchant_id, case_id=case.case_id, keep=False))
    before = await shop.ask(aftersales.case, case.case_id)
    assert before == case
    await approve(shop, owner, waits)

    after = await shop.ask(aftersales.case, case.case_id)
    assert after is not None and after.state is CaseState.REFUNDED


async def test_silence_speaks_for_the_buyer_as_before_and_overtakes_what_waits(shop: Database, world: World) -> None:
    case = await asked(shop, await sent(shop, world), 1, kind=Kind.REFUND_ONLY)
    await limited(shop, case.merchant_id, 0)
    waits = await held(
        shop, giver(case.merchant_id), AgreeToCase(merchant_id=case.merchant_id, case_id=case.case_id, keep=False)
    )
    assert case.due_at is not None

    await shop.transact(silence.act_on_silence, case.due_at)

    after = await shop.ask(aftersales.case, case.case_id)
    assert after is not None and after.state is CaseState.REFUNDED
    assert await state_of(shop, waits) is RequestState.OVERTAKEN


async def test_a_buyer_who_waits_for_money_that_the_shop_has_agreed_to_does_not_lose_it_by_silence(
    shop: Database, world: World
) -> None:
    case = await asked(shop, await sent(shop, world), 1, kind=Kind.RETURN_REFUND)
    await shop.transact(aftersales.agree, case.merchant_id, case.case_id, "staff:1")
    await limited(shop, case.merchant_id, 0)
    clerk = giver(case.merchant_id)
    waits = await held(shop, clerk, AgreeToCase(merchant_id=case.merchant_id, case_id=case.case_id, keep=True))
    agreed = await shop.ask(aftersales.case, case.case_id)
    assert agreed is not None and agreed.due_at is not None

    await shop.transact(silence.act_on_silence, agreed.due_at)
    assert await shop.ask(aftersales.case, case.case_id) == agreed

    await shop.transact(aftersales.withdraw_refund, clerk, waits.merchant_id, waits.request_id, by(clerk))
    await shop.transact(silence.act_on_silence, agreed.due_at)
    after = await shop.ask(aftersales.case, case.case_id)
    assert after is not None and after.state is CaseState.CLOSED


async def test_the_platforms_decision_waits_for_the_operators_second_person_only(shop: Database, world: World) -> None:
    case = await asked(shop, await sent(shop, world), 1, kind=Kind.REFUND_ONLY)
    await disputed(shop, case)
    await limited(shop, None, 0, role="operator_service")
    service = Giver(account_id=AccountId(ids.mint()), side=RequestSide.OPERATOR, roles=("operator_service",))
    chief = Giver(account_id=AccountId(ids.mint()), side=RequestSide.OPERATOR, roles=("operator_admin",), chief=True)
    decide = DecideCase(
        merchant_id=case.merchant_id, case_id=case.case_id, verdict=Verdict.REFUND, reason="It was broken."
    )

    waits = await shop.transact(aftersales.give, service, decide, by(service))
    assert waits is not None and waits.side is RequestSide.OPERATOR
    with pytest.raises(NotFound):
        await approve(shop, giver(case.merchant_id, OWNER), waits)
    await shop.transact(aftersales.approve_refund, chief, waits.merchant_id, waits.request_id, by(chief))

    after = await shop.ask(aftersales.case, case.case_id)
    assert after is not None and (after.state, after.decided_by) == (CaseState.REFUNDED, by(service))


async def test_what_cannot_wait_is_refused_above_the_limit(shop: Database, world: World) -> None:
    await limited(shop, None, 500, role="operator_service")
    service = Giver(account_id=AccountId(ids.mint()), side=RequestSide.OPERATOR, roles=("operator_service",))

    await shop.transact(aftersales.check_alone, service, 500, "CNY")
    with pytest.raises(BeyondLimit):
        await shop.transact(aftersales.check_alone, service, 501, "CNY")


async def test_the_widest_role_counts_and_a_currency_that_is_not_named_is_not_a_way_around(
    shop: Database, world: World
) -> None:
    merchant_id = (await sent(shop, world)).merchant_id
    await limited(shop, merchant_id, 500, 900)
    later = datetime(2026, 6, 1, tzinfo=UTC)
    await shop.transact(
        aftersales.set_limit, merchant_id, CLERK, "CNY", per_refund=None, per_day=None, valid_from=later, by=None
    )
    limits = await shop.ask(aftersales.limits_of, merchant_id)

    before, after = in_force(limits, later - timedelta(seconds=1)), in_force(limits, later)

    assert combined(before, [CLERK], "CNY").per_refund == 500
    assert combined(before, [CLERK], "USD").per_refund == 0
    assert combined(before, [CLERK, OWNER], "CNY").unlimited
    assert combined(before, [], "CNY").per_refund == 0
    assert combined(after, [CLERK], "CNY").unlimited
    assert combined(after, [CLERK], "USD").unlimited
    with pytest.raises(Invalid):
        await limited(shop, merchant_id, 500, 499)


async def test_granting_a_cancellation_waits_too(shop: Database, world: World) -> None:
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])
    await shop.transact(orders.begin_packing, order.merchant_id, order.order_id, "staff:1")
    await shop.transact(
        aftersales.ask_to_cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), "changed_mind", "", "buyer"
    )
    await limited(shop, order.merchant_id, 0)

    waits = await held(
        shop, giver(order.merchant_id), GrantCallOff(merchant_id=order.merchant_id, order_id=order.order_id)
    )
    assert (await deal.again(shop, order)).state is OrderState.PAID
    await approve(shop, giver(order.merchant_id, OWNER), waits)

    assert (await deal.again(shop, order)).state is OrderState.CANCELLED
