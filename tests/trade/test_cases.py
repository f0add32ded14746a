"""After-sales cases: what a buyer asks for by line, what the shop answers, and what happens to who says nothing."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.money.payments.model import RefundId
from steelyard.trade import aftersales, orders, rights
from steelyard.trade.aftersales import Action, Case, CaseId, Inspected, Kind, NewCase, Verdict, silence
from steelyard.trade.aftersales.case_model import (
    ImprovedAlready,
    InCaseAlready,
    NoReturnAddress,
    NotSentYet,
    OwnParcel,
    TooLateToAsk,
)
from steelyard.trade.aftersales.case_steps import Held
from steelyard.trade.aftersales.model import CaseState, FreightTooHigh, Returned
from steelyard.trade.orders.model import Order, OrderState, UseCancel
from steelyard.trade.rights import Family
from tests.support import deal
from tests.support.world import STOCK, World

BUYER, SHOP, PLATFORM = "buyer", "staff:shop", "staff:platform"
SECOND = timedelta(seconds=1)


def wanted(
    order: Order, quantity: int = 1, kind: Kind = Kind.RETURN_REFUND, reason: str = "quality", **more: Any
) -> NewCase:
    return NewCase(
        case_id=CaseId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id, kind=kind, reason=reason,
        lines=[Returned(1, quantity)], **more,
    )  # fmt: skip


async def asked(db: Database, order: Order, quantity: int = 1, **more: Any) -> Case:
    new = wanted(order, quantity, **more)
    await db.transact(aftersales.ask, new, BUYER)
    return await now(db, new.case_id)


async def now(db: Database, case_id: CaseId) -> Case:
    found = await db.ask(aftersales.case, case_id)
    assert found is not None
    return found


async def sent(db: Database, world: World, pieces: int = 3) -> Order:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, pieces)])
    await deal.shipped(db, order)
    return await deal.again(db, order)


async def agreed(db: Database, case: Case) -> None:
    await db.transact(aftersales.agree, case.merchant_id, case.case_id, SHOP)


async def sent_back(db: Database, case: Case) -> None:
    await agreed(db, case)
    await db.transact(
        aftersales.send_back, case.merchant_id, case.case_id, "simex", f"R{case.case_id.hex[-12:]}", BUYER
    )


async def refused(db: Database, case: Case) -> None:
    await db.transact(aftersales.refuse, case.merchant_id, case.case_id, "It was used", SHOP)


async def disputed(db: Database, case: Case) -> None:
    await refused(db, case)
    await db.transact(aftersales.ask_platform, case.merchant_id, case.case_id, "It was not", BUYER)


async def stock(db: Database, world: World, item: str = "nuts") -> int:
    async def on_hand(tx: Tx) -> int:
        return await tx.value("SELECT sum(on_hand)::integer FROM stock WHERE sku_id = $1", world.items[item].sku_id)

    return await db.transact(on_hand)


async def test_goods_come_back_are_looked_at_and_paid_back_once(shop: Database, world: World):
    order = await sent(shop, world)
    new = wanted(order, 2)
    for _ in range(2):
        await shop.transact(aftersales.ask, new, BUYER)
    case = await now(shop, new.case_id)
    for _ in range(2):
        await agreed(shop, case)
    assert (await now(shop, case.case_id)).return_to is not None
    for _ in range(2):
        await shop.transact(aftersales.send_back, case.merchant_id, case.case_id, "simex", "r-1", BUYER)
    before = await stock(shop, world)
    for _ in range(2):
        await shop.transact(
            aftersales.receive, case.merchant_id, case.case_id, [Inspected(line=1, accepted=2, restocked=1)], "", SHOP
        )

    ended = await now(shop, case.case_id)
    assert (ended.state, ended.number) == (CaseState.REFUNDED, "R-1")
    [line] = (await shop.ask(aftersales.case_lines, [case.case_id]))[case.case_id]
    assert (line.quantity, line.given, line.restocked) == (2, 2, 1)
    assert await stock(shop, world) == before + 1, "what is scrapped lies on no shelf"
    [refund] = (await shop.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    assert (refund.refund_id, refund.reason) == (case.refund_id, "returned")
    steps = await shop.ask(aftersales.case_history, case.merchant_id, case.case_id)
    assert [(step.to_state, step.by) for step in steps] == [
        ("asked", BUYER), ("agreed", SHOP), ("sent_back", BUYER), ("refunded", SHOP),
    ]  # fmt: skip


async def test_a_part_is_accepted_with_a_reason(shop: Database, world: World):
    case = await asked(shop, await sent(shop, world), 3)
    await sent_back(shop, case)

    async def look(accepted: int, restocked: int, words: str) -> None:
        found = [Inspected(line=1, accepted=accepted, restocked=restocked)]
        await shop.transact(aftersales.receive, case.merchant_id, case.case_id, found, words, SHOP)

    for accepted, restocked, words in ((2, 0, " "), (4, 0, "Too many"), (2, 3, "More than that"), (0, 0, "None")):
        with pytest.raises(Invalid):
            await look(accepted, restocked, words)
    await look(2, 2, "One is worn")

    ended = await now(shop, case.case_id)
    assert (ended.state, ended.answer) == (CaseState.REFUNDED, "One is worn")
    [line] = (await shop.ask(aftersales.case_lines, [case.case_id]))[case.case_id]
    assert (line.given, line.restocked) == (2, 2)


# Who is silent in which state, and what that makes of it.
SILENT: dict[str, tuple[Kind, Callable[[Database, Case], Awaitable[None]] | None, CaseState]] = {
    "the shop about money": (Kind.REFUND_ONLY, None, CaseState.REFUNDED),
    "the shop about a return": (Kind.RETURN_REFUND, None, CaseState.AGREED),
    "the buyer who may send back": (Kind.RETURN_REFUND, agreed, CaseState.CLOSED),
    "the shop that has the goods": (Kind.RETURN_REFUND, sent_back, CaseState.REFUNDED),
    "the buyer who was refused": (Kind.REFUND_ONLY, refused, CaseState.CLOSED),
}
TAKES = {
    CaseState.ASKED: timedelta(hours=48),
    CaseState.AGREED: timedelta(days=7),
    CaseState.SENT_BACK: timedelta(days=10),
    CaseState.REFUSED: timedelta(days=7),
}


@pytest.mark.parametrize("who", SILENT)
async def test_silence_decides_at_its_second_and_not_a_second_before(shop: Database, world: World, who: str):
    kind, step, following = SILENT[who]
    case = await asked(shop, await sent(shop, world), kind=kind)
    if step is not None:
        await step(shop, case)
    case = await now(shop, case.case_id)
    assert case.due_at is not None
    assert case.due_at - case.moved_at == TAKES[case.state]

    assert await shop.transact(aftersales.act_on_silence, case.due_at - SECOND) == 0
    assert await now(shop, case.case_id) == case
    assert await shop.transact(aftersales.act_on_silence, case.due_at) == 1
    assert (await now(shop, case.case_id)).state is following
    [*_, last] = await shop.ask(aftersales.case_history, case.merchant_id, case.case_id)
    assert last.by == "system"


async def test_a_case_that_cannot_be_decided_keeps_no_other_waiting(
    shop: Database, world: World, monkeypatch: pytest.MonkeyPatch
):
    stuck = await asked(shop, await sent(shop, world), kind=Kind.REFUND_ONLY)
    other = await asked(shop, await sent(shop, world), kind=Kind.REFUND_ONLY)
    assert other.due_at is not None
    give_back = silence.give_back

    async def refused_for_one(tx: Tx, held: Held, by: str) -> None:
        await give_back(tx, held, by)
        if held.case.case_id == stuck.case_id:
            raise Invalid({})

    monkeypatch.setattr(silence, "give_back", refused_for_one)
    await shop.transact(aftersales.act_on_silence, other.due_at)

    assert (await now(shop, other.case_id)).state is CaseState.REFUNDED
    assert await now(shop, stuck.case_id) == stuck


async def test_the_platform_is_never_overtaken_by_time(shop: Database, world: World):
    case = await asked(shop, await sent(shop, world), kind=Kind.REFUND_ONLY)
    await disputed(shop, case)
    assert await shop.transact(aftersales.act_on_silence, case.asked_at + timedelta(days=1_000)) == 0
    assert [each.case_id for each in (await shop.ask(aftersales.disputed)).items] == [case.case_id]


@pytest.mark.parametrize(
    ("verdict", "following"),
    [(Verdict.REFUND, CaseState.REFUNDED), (Verdict.RETURN, CaseState.AGREED), (Verdict.REJECT, CaseState.REJECTED)],
)
async def test_the_platform_decides_with_a_reason(shop: Database, world: World, verdict: Verdict, following: CaseState):
    case = await asked(shop, await sent(shop, world))
    await disputed(shop, case)
    with pytest.raises(Invalid):
        await shop.transact(aftersales.decide, case.merchant_id, case.case_id, verdict, " ", PLATFORM)
    for _ in range(2):
        await shop.transact(
            aftersales.decide, case.merchant_id, case.case_id, verdict, "The picture shows it", PLATFORM
        )
    found = await now(shop, case.case_id)
    assert (found.state, found.decision) == (following, "The picture shows it")
    other = Verdict.REFUND if verdict is Verdict.REJECT else Verdict.REJECT
    with pytest.raises(TransitionRefused):
        await shop.transact(aftersales.decide, case.merchant_id, case.case_id, other, "Or not", PLATFORM)


async def test_what_cannot_come_back_is_not_decided_to_come_back(shop: Database, world: World):
    kept = await asked(shop, await sent(shop, world), kind=Kind.REFUND_ONLY)
    await disputed(shop, kept)
    back = await asked(shop, await sent(shop, world))
    await sent_back(shop, back)
    await disputed(shop, back)
    for case in (kept, back):
        with pytest.raises(Invalid):
            await shop.transact(aftersales.decide, case.merchant_id, case.case_id, Verdict.RETURN, "Back", PLATFORM)


async def test_a_refused_request_is_put_better_once(shop: Database, world: World):
    case = await asked(shop, await sent(shop, world), freight=100)
    await refused(shop, case)
    better = (case.merchant_id, case.case_id, "damaged", "See the corner", ["a.webp"], BUYER)
    for _ in range(2):
        await shop.transact(aftersales.improve, *better)
    found = await now(shop, case.case_id)
    assert (found.state, found.reason, found.photographs) == (CaseState.ASKED, "damaged", ["a.webp"])
    await refused(shop, case)
    with pytest.raises(ImprovedAlready):
        await shop.transact(aftersales.improve, *better)


async def test_a_buyer_withdraws_in_any_open_state_and_can_ask_again(shop: Database, world: World):
    order = await sent(shop, world)
    for step in (None, agreed, sent_back, refused, disputed):
        case = await asked(shop, order, 3)
        if step is not None:
            await step(shop, case)
        for _ in range(2):
            await shop.transact(aftersales.withdraw, case.merchant_id, case.case_id, BUYER)
        assert (await now(shop, case.case_id)).state is CaseState.WITHDRAWN
    done = await asked(shop, order, 3)
    await shop.transact(aftersales.agree, done.merchant_id, done.case_id, SHOP, keep=True)
    with pytest.raises(TransitionRefused):
        await shop.transact(aftersales.withdraw, done.merchant_id, done.case_id, BUYER)


async def test_a_piece_is_in_one_open_case_and_what_staff_give_meanwhile_lessens_it(shop: Database, world: World):
    order = await sent(shop, world)
    case = await asked(shop, order, 2, kind=Kind.REFUND_ONLY, reason="damaged")
    with pytest.raises(InCaseAlready):
        await asked(shop, order, 2)
    await deal.refunded(shop, order, Returned(1, 2))
    await agreed(shop, case)

    [line] = (await shop.ask(aftersales.case_lines, [case.case_id]))[case.case_id]
    assert line.given == 1
    assert (await deal.again(shop, order)).refunded == order.goods
    with pytest.raises(InCaseAlready):
        await asked(shop, order)


async def test_a_case_of_which_all_was_given_meanwhile_is_closed(shop: Database, world: World):
    order = await sent(shop, world)
    case = await asked(shop, order, 3)
    await deal.refunded(shop, order, Returned(1, 3))
    await shop.transact(aftersales.agree, case.merchant_id, case.case_id, SHOP, keep=True)
    assert (await now(shop, case.case_id)).state is CaseState.CLOSED


async def test_before_it_is_sent_a_part_is_paid_back_and_all_of_it_is_called_off(shop: Database, world: World):
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, 3)])
    unsent = {"kind": Kind.REFUND_ONLY, "reason": "not_needed"}
    with pytest.raises(UseCancel):
        await asked(shop, order, 3, **unsent)
    with pytest.raises(NotSentYet):
        await asked(shop, order)
    with pytest.raises(Invalid):
        await asked(shop, order, kind=Kind.REFUND_ONLY, reason="quality")

    first = await asked(shop, order, 2, **unsent)
    second = await asked(shop, order, 1, **unsent)
    await agreed(shop, first)
    assert (await deal.again(shop, order)).state is OrderState.PAID
    await agreed(shop, second)
    await deal.at_rest(shop)

    called_off = await deal.again(shop, order)
    assert (called_off.state, called_off.refunded) == (OrderState.CANCELLED, order.total)
    assert (await now(shop, second.case_id)).state is CaseState.REFUNDED


async def test_a_case_of_an_order_that_is_called_off_is_closed(shop: Database, world: World):
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, 3)])
    case = await asked(shop, order, kind=Kind.REFUND_ONLY, reason="not_needed")
    await shop.transact(aftersales.cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), "shop", SHOP)
    await deal.at_rest(shop)
    assert (await now(shop, case.case_id)).state is CaseState.CLOSED


async def test_freight_goes_back_only_where_the_shop_is_to_blame(shop: Database, world: World):
    order = await sent(shop, world)
    with pytest.raises(Invalid):
        await asked(shop, order, reason="changed_mind", freight=1)
    with pytest.raises(FreightTooHigh):
        await asked(shop, order, freight=order.freight + 1)
    case = await asked(shop, order, freight=order.freight)
    await deal.refunded(shop, order, freight=100)
    await shop.transact(aftersales.agree, case.merchant_id, case.case_id, SHOP, keep=True)
    refund = next(
        each
        for each in (await shop.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
        if each.refund_id == case.refund_id
    )
    assert refund.freight == order.freight - 100


async def test_the_goods_go_back_under_a_number_of_their_own(shop: Database, world: World):
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])
    parcel_id = await deal.shipped(shop, order)
    case = await asked(shop, await deal.again(shop, order))
    await agreed(shop, case)
    with pytest.raises(OwnParcel):
        await shop.transact(
            aftersales.send_back, case.merchant_id, case.case_id, "simex", f"sx{parcel_id.hex[-12:]}", BUYER
        )
    for carrier, number in (("nobody", "1"), ("simex", "?")):
        with pytest.raises(Invalid):
            await shop.transact(aftersales.send_back, case.merchant_id, case.case_id, carrier, number, BUYER)


async def test_a_shop_without_an_address_cannot_have_goods_sent_back(shop: Database, world: World):
    case = await asked(shop, await sent(shop, world))

    async def forget(tx: Tx) -> None:
        await tx.execute("UPDATE warehouses SET address = '{}' WHERE merchant_id = $1", case.merchant_id)

    await shop.transact(forget)
    with pytest.raises(NoReturnAddress):
        await agreed(shop, case)
    assert case.due_at is not None
    await shop.transact(aftersales.act_on_silence, case.due_at)
    assert (await now(shop, case.case_id)).state is CaseState.REFUNDED


async def test_receipt_is_not_confirmed_by_time_while_a_case_is_open(shop: Database, world: World):
    order = await sent(shop, world)
    case = await asked(shop, order, kind=Kind.REFUND_ONLY)

    async def much_later(tx: Tx) -> None:
        await tx.execute("UPDATE orders SET receive_by = now() - interval '1 day' WHERE order_id = $1", order.order_id)

    await shop.transact(much_later)
    assert await shop.transact(orders.complete_received) == 0
    await shop.transact(aftersales.withdraw, case.merchant_id, case.case_id, BUYER)
    assert await shop.transact(orders.complete_received) == 1
    assert (await deal.again(shop, order)).state is OrderState.COMPLETED


async def test_after_receipt_the_days_of_the_reason_count_and_the_money_comes_from_the_shops_balance(
    shop: Database, world: World
):
    order = await sent(shop, world)
    await deal.received(shop, order)
    order = await deal.again(shop, order)
    assert order.completed_at is not None

    rules = await shop.ask(rights.rules)

    def after(days: int) -> Any:
        rule = rules.of(Family.NO_REASON if days == 7 else Family.FAULT, "CN", order.placed_at)
        assert rule is not None and order.completed_at is not None
        assert rule.days == days
        return rules.ends(rule, order.completed_at, "CN")

    for reason, days in (("changed_mind", 7), ("quality", 15)):
        with pytest.raises(TooLateToAsk):
            await shop.transact(aftersales.ask, wanted(order, reason=reason), BUYER, after(days))
        await shop.transact(aftersales.ask, wanted(order, reason=reason), BUYER, after(days) - SECOND)
    case = (await shop.ask(aftersales.cases_of_orders, [order.order_id]))[order.order_id][0]
    rule = rules.of(Family.FAULT, "CN", order.placed_at)
    assert rule is not None and case.rule_id == rule.rule_id
    await shop.transact(aftersales.agree, case.merchant_id, case.case_id, SHOP, keep=True)
    [refund] = (await shop.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    assert refund.released


async def test_asking_is_offered_as_long_as_something_can_be_asked_for(shop: Database, world: World):
    async def offers(order: Order) -> bool:
        order = await deal.again(shop, order)
        return Action.AFTER_SALES in aftersales.offered((await shop.ask(aftersales.standing, [order]))[order.order_id])

    [single] = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])
    assert not await offers(single), "what can be called off is called off"
    await deal.shipped(shop, single)
    assert await offers(single)
    case = await asked(shop, single)
    assert not await offers(single)
    await shop.transact(aftersales.withdraw, case.merchant_id, case.case_id, BUYER)
    assert await offers(single)


async def test_nobody_moves_anothers_case(shop: Database, world: World):
    case = await asked(shop, await sent(shop, world))
    other = world.tools.merchant_id
    console = shop.as_merchant(other)
    assert await console.ask(aftersales.case, case.case_id) is None
    assert (await console.ask(aftersales.cases_of_merchant, case.merchant_id)).items == []
    for merchant_id in (other, case.merchant_id):
        with pytest.raises(NotFound):
            await console.transact(aftersales.agree, merchant_id, case.case_id, SHOP)
    mine = shop.as_merchant(case.merchant_id)
    await mine.transact(aftersales.agree, case.merchant_id, case.case_id, SHOP)
    assert await mine.ask(aftersales.count_for_shop, case.merchant_id) == 0


async def test_a_shop_does_all_of_it_in_its_own_console(shop: Database, world: World):
    case = await asked(shop, await sent(shop, world), 2)
    console = shop.as_merchant(case.merchant_id)
    assert await console.ask(aftersales.count_for_shop, case.merchant_id) == 1
    await console.transact(aftersales.agree, case.merchant_id, case.case_id, SHOP)
    await shop.transact(aftersales.send_back, case.merchant_id, case.case_id, "other", "B-7", BUYER)
    before = await stock(shop, world)
    await console.transact(
        aftersales.receive, case.merchant_id, case.case_id, [Inspected(line=1, accepted=2, restocked=2)], "", SHOP
    )
    assert await stock(shop, world) == before + 2 <= STOCK


async def test_of_a_buyer_who_leaves_photographs_go_at_once_and_words_with_the_old_records(
    shop: Database, world: World
):
    case = await asked(shop, await sent(shop, world), note="At my home", photographs=["a.webp"])
    assert await shop.ask(aftersales.open_of_buyers, [case.buyer_id]) == 1
    await shop.transact(aftersales.withdraw, case.merchant_id, case.case_id, BUYER)
    assert await shop.ask(aftersales.open_of_buyers, [case.buyer_id]) == 0

    await shop.transact(aftersales.forget_photographs, [case.buyer_id])
    await shop.transact(aftersales.blank_records, [case.buyer_id], 3)
    kept = await now(shop, case.case_id)
    assert (kept.photographs, kept.note) == ([], "At my home")

    async def years_later(tx: Tx) -> None:
        await tx.execute("UPDATE aftersales_cases SET ended_at = ended_at - interval '4 years'")

    await shop.transact(years_later)
    await shop.transact(aftersales.blank_records, [case.buyer_id], 3)
    assert (await now(shop, case.case_id)).note == ""
    steps = await shop.ask(aftersales.case_history, case.merchant_id, case.case_id)
    assert not any(step.words for step in steps)
