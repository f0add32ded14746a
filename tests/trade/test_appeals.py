"""Appeals against the platform's decision: once, in time, heard on both sides, decided by somebody else."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, settlement
from steelyard.trade.aftersales import Appeal, Case, CaseId, Kind, NewCase, Outcome, Side, Verdict
from steelyard.trade.aftersales.appeal_model import AnswerOutstanding, AnswerTooLate, NotAppealable, SameDecider
from steelyard.trade.aftersales.case_model import InCaseAlready
from steelyard.trade.aftersales.model import CaseState, Returned
from steelyard.trade.orders.model import Order
from steelyard.trade.settlement import EntryKind
from tests.support import deal
from tests.support.world import World

FIRST, SECOND = "staff:first", "staff:second"
A_SECOND = timedelta(seconds=1)


async def decided(
    db: Database, world: World, verdict: Verdict, *, kind: Kind = Kind.RETURN_REFUND, received: bool = False
) -> tuple[Order, Case]:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 3)])
    await deal.shipped(db, order)
    if received:
        await deal.received(db, order)
    order = await deal.again(db, order)
    case_id = await deal.case_asked(db, order, kind)
    await db.transact(aftersales.refuse, order.merchant_id, case_id, "It was used", "staff:shop")
    await db.transact(aftersales.ask_platform, order.merchant_id, case_id, "It was not", "buyer")
    await db.transact(aftersales.decide, order.merchant_id, case_id, verdict, "So it is", FIRST)
    return order, await now(db, case_id)


async def now(db: Database, case_id: CaseId) -> Case:
    found = await db.ask(aftersales.case, case_id)
    assert found is not None
    return found


async def appeal_of(db: Database, case: Case) -> Appeal:
    return (await db.ask(aftersales.appeals_of, [case.case_id]))[case.case_id]


async def appealed(db: Database, case: Case, side: Side, at: datetime | None = None) -> None:
    await db.transact(
        aftersales.appeal, case.merchant_id, case.case_id, side, "Look again", ["new.webp"], f"{side}:x", at
    )


async def answered(db: Database, case: Case, side: Side, at: datetime | None = None) -> None:
    await db.transact(aftersales.answer_appeal, case.merchant_id, case.case_id, side, "No need", [], f"{side}:y", at)


async def again(db: Database, case: Case, verdict: Verdict, by: str = SECOND, at: datetime | None = None) -> None:
    await db.transact(aftersales.decide, case.merchant_id, case.case_id, verdict, "Having looked again", by, at)


async def balance(db: Database, owner: UUID, kind: AccountKind) -> int:
    return next((each.balance for each in await db.ask(ledger.balances, owner) if each.kind is kind), 0)


async def test_a_buyer_who_was_wronged_has_the_money_by_the_second_decision(shop: Database, world: World):
    order, case = await decided(shop, world, Verdict.REJECT)
    for _ in range(2):
        await appealed(shop, case, Side.BUYER)
    assert (await now(shop, case.case_id)).state is CaseState.DISPUTED
    for _ in range(2):
        await answered(shop, case, Side.SHOP)
    for _ in range(2):
        await again(shop, case, Verdict.REFUND)

    ended, appeal = await now(shop, case.case_id), await appeal_of(shop, case)
    assert (ended.state, ended.verdict, ended.decided_by) == (CaseState.REFUNDED, Verdict.REFUND, SECOND)
    assert (appeal.outcome, appeal.verdict, appeal.first_by, appeal.first_reason) == (
        Outcome.CHANGED, Verdict.REJECT, FIRST, "So it is",
    )  # fmt: skip
    assert (appeal.photographs, appeal.answer, appeal.compensation) == (["new.webp"], "No need", 0)
    [refund] = (await shop.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    assert refund.refund_id == case.refund_id


@pytest.mark.parametrize("received", [False, True])
async def test_a_refund_that_was_wrong_is_made_good_to_the_shop_and_stays_with_the_buyer(
    shop: Database, world: World, received: bool
):
    order, case = await decided(shop, world, Verdict.REFUND, kind=Kind.REFUND_ONLY, received=received)
    await deal.at_rest(shop)
    before = await balance(shop, order.merchant_id, AccountKind.PAYABLE)
    refunded = (await deal.again(shop, order)).refunded
    await appealed(shop, case, Side.SHOP)
    await answered(shop, case, Side.BUYER)
    for _ in range(2):
        await again(shop, case, Verdict.REJECT)
    await deal.at_rest(shop)

    [refund] = (await shop.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    net = refund.goods + refund.freight - refund.commission
    appeal = await appeal_of(shop, case)
    assert (appeal.outcome, appeal.compensation) == (Outcome.CHANGED, net)
    assert (await now(shop, case.case_id)).state is CaseState.REFUNDED
    assert (await deal.again(shop, order)).refunded == refunded
    assert await balance(shop, order.merchant_id, AccountKind.PAYABLE) == before + net
    assert await balance(shop, order.merchant_id, AccountKind.GOODWILL) == net
    entries = (await shop.ask(settlement.entries, order.merchant_id, None)).items
    assert [each.amount for each in entries if each.kind is EntryKind.GOODWILL] == [net]
    with pytest.raises(TransitionRefused):
        await again(shop, case, Verdict.REFUND)


async def test_a_decision_that_stands_is_final(shop: Database, world: World):
    _, case = await decided(shop, world, Verdict.REFUND)
    await appealed(shop, case, Side.SHOP)
    await answered(shop, case, Side.BUYER)
    await again(shop, case, Verdict.REFUND)
    found = await appeal_of(shop, case)
    assert (found.outcome, found.compensation) == (Outcome.UPHELD, 0)
    await appealed(shop, case, Side.SHOP)  # said twice
    with pytest.raises(NotAppealable):
        await appealed(shop, case, Side.BUYER)
    assert await appeal_of(shop, case) == found


async def test_who_decided_first_does_not_decide_about_the_appeal(shop: Database, world: World):
    _, case = await decided(shop, world, Verdict.REJECT)
    await appealed(shop, case, Side.BUYER)
    await answered(shop, case, Side.SHOP)
    with pytest.raises(SameDecider):
        await again(shop, case, Verdict.REJECT, FIRST)
    await again(shop, case, Verdict.REJECT)
    assert (await appeal_of(shop, case)).outcome is Outcome.UPHELD


async def test_the_other_side_is_heard_or_has_had_its_time(shop: Database, world: World):
    _, case = await decided(shop, world, Verdict.REJECT)
    await appealed(shop, case, Side.BUYER)
    until = (await appeal_of(shop, case)).answer_by
    assert until - (await appeal_of(shop, case)).appealed_at == timedelta(hours=72)
    with pytest.raises(AnswerOutstanding):
        await again(shop, case, Verdict.REFUND, at=until - A_SECOND)
    with pytest.raises(AnswerTooLate):
        await answered(shop, case, Side.SHOP, until)
    with pytest.raises(NotFound):
        await answered(shop, case, Side.BUYER)
    await answered(shop, case, Side.SHOP, until - A_SECOND)
    await again(shop, case, Verdict.REFUND, at=until - A_SECOND)
    assert (await appeal_of(shop, case)).outcome is Outcome.CHANGED


async def test_silence_of_the_other_side_decides_nothing_and_holds_nothing_up(shop: Database, world: World):
    _, case = await decided(shop, world, Verdict.REFUND)
    await appealed(shop, case, Side.SHOP)
    await again(shop, case, Verdict.REJECT, at=(await appeal_of(shop, case)).answer_by)
    assert (await appeal_of(shop, case)).outcome is Outcome.CHANGED


async def test_an_appeal_is_in_time_to_its_last_second(shop: Database, world: World):
    _, case = await decided(shop, world, Verdict.REJECT)
    assert case.decided_at is not None
    last = case.decided_at + timedelta(days=7)
    with pytest.raises(NotAppealable):
        await appealed(shop, case, Side.BUYER, last)
    await appealed(shop, case, Side.BUYER, last - A_SECOND)
    assert (await appeal_of(shop, case)).open


@pytest.mark.parametrize(("verdict", "side"), [(Verdict.REFUND, Side.BUYER), (Verdict.REJECT, Side.SHOP)])
async def test_who_was_given_what_was_asked_for_does_not_appeal(
    shop: Database, world: World, verdict: Verdict, side: Side
):
    _, case = await decided(shop, world, verdict)
    with pytest.raises(NotAppealable):
        await appealed(shop, case, side)
    with pytest.raises(Invalid):
        await shop.transact(aftersales.appeal, case.merchant_id, case.case_id, MAY[verdict], " ", [], "somebody")


MAY = {Verdict.REFUND: Side.SHOP, Verdict.REJECT: Side.BUYER}


@pytest.mark.parametrize("side", Side)
async def test_a_return_that_was_decided_can_be_appealed_against_by_both_until_it_is_sent(
    shop: Database, world: World, side: Side
):
    _, case = await decided(shop, world, Verdict.RETURN)
    await appealed(shop, case, side)
    assert (await now(shop, case.case_id)).due_at is None, "nobody has to send anything meanwhile"
    await answered(shop, case, side.other)
    await again(shop, case, Verdict.RETURN)
    assert (await now(shop, case.case_id)).state is CaseState.AGREED

    _, other = await decided(shop, world, Verdict.RETURN)
    await shop.transact(aftersales.send_back, other.merchant_id, other.case_id, "simex", "R-77", "buyer")
    with pytest.raises(NotAppealable):
        await appealed(shop, other, side)


async def test_what_is_asked_for_anew_is_not_appealed_for(shop: Database, world: World):
    order, case = await decided(shop, world, Verdict.REJECT)
    anew = NewCase(
        case_id=CaseId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id, kind=Kind.RETURN_REFUND,
        reason="damaged", lines=[Returned(1, 3)],
    )  # fmt: skip
    await shop.transact(aftersales.ask, anew, "buyer")
    with pytest.raises(InCaseAlready):
        await appealed(shop, case, Side.BUYER)
    assert case.case_id not in await shop.ask(aftersales.appeals_of, [case.case_id])


async def test_a_buyer_who_withdraws_takes_the_appeal_back(shop: Database, world: World):
    _, case = await decided(shop, world, Verdict.REJECT)
    await appealed(shop, case, Side.BUYER)
    await shop.transact(aftersales.withdraw, case.merchant_id, case.case_id, "buyer")
    assert (await appeal_of(shop, case)).outcome is Outcome.LAPSED
    with pytest.raises(TransitionRefused):
        await again(shop, case, Verdict.REFUND)


async def test_another_shop_appeals_against_nothing_of_this_one(shop: Database, world: World):
    _, case = await decided(shop, world, Verdict.REFUND)
    stranger = MerchantId(world.tools.merchant_id)
    assert stranger != case.merchant_id
    for command in (aftersales.appeal, aftersales.answer_appeal):
        with pytest.raises(NotFound):
            await shop.transact(command, stranger, case.case_id, Side.SHOP, "Mine", [], "staff:x")
