"""What a buyer can do with an order: exactly what is offered succeeds, in every state, and a second click is harmless."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal, TransitionRefused
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Zone
from steelyard.money import payments
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, orders, rights
from steelyard.trade.aftersales import Action, CaseId, Kind, NewCase
from steelyard.trade.aftersales.model import (
    AskedAlready,
    AskInstead,
    CancelAtOnce,
    CancellationState,
    Returned,
)
from steelyard.trade.orders.model import (
    EXTENSION_DAYS,
    AddressCostsMore,
    AddressOutOfReach,
    ExtendedAlready,
    Order,
    OrderState,
    PackedAlready,
    RemindedAlready,
)
from tests.support import deal
from tests.support.world import HOME, World

ELSEWHERE = msgspec.structs.replace(HOME, region="浙江省", city="温州市", district="鹿城区", street="五马街 8 号")
ABROAD = msgspec.structs.replace(HOME, country="GB", region="", city="London", postal_code="SW1A 1AA")
BY = "buyer"


def refund_id() -> payments.RefundId:
    return payments.RefundId(ids.mint())


async def pack(db: Database, order: Order) -> None:
    await db.transact(orders.begin_packing, order.merchant_id, order.order_id, "staff:test")


async def ask(db: Database, order: Order, reason: str = "changed_mind", note: str = "") -> None:
    await db.transact(aftersales.ask_to_cancel, order.merchant_id, order.order_id, refund_id(), reason, note, BY)


# How an order comes to be as it is; each step is tried on the order as the one before has left it.
STEPS: dict[str, Callable[[Database, Order], Awaitable[object]]] = {
    "pack": pack,
    "ship": deal.shipped,
    "receive": deal.received,
    "ask": ask,
    "remind": lambda db, order: db.transact(orders.remind, order.merchant_id, order.order_id, BY),
    "extend": lambda db, order: db.transact(orders.extend_receipt, order.merchant_id, order.order_id, BY),
    "refuse": lambda db, order: db.transact(
        aftersales.refuse_cancellation, order.merchant_id, order.order_id, "Too late", "staff:test"
    ),
    "cancel": lambda db, order: db.transact(
        aftersales.cancel, order.merchant_id, order.order_id, refund_id(), "shop", "staff:test"
    ),
    "hide": lambda db, order: db.transact(orders.hide, order.merchant_id, order.order_id, BY),
}


async def ask_for_money(tx: Tx, order: Order) -> None:
    """For one piece, with whatever reason can be given now."""
    found = await orders.order(tx, order.merchant_id, order.order_id)
    assert found is not None
    reason = next(iter(aftersales.reasons_for(found, Kind.REFUND_ONLY, await rights.rules(tx))), "late")
    wanted = NewCase(
        case_id=CaseId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id, kind=Kind.REFUND_ONLY,
        reason=reason, lines=[Returned(1, 1)],
    )  # fmt: skip
    await aftersales.ask(tx, wanted, BY)


COMMANDS: dict[Action, Callable[[Tx, Order], Awaitable[object]]] = {
    Action.DROP: lambda tx, o: orders.cancel_purchase(tx, o.purchase_id, "buyer", BY),
    Action.CANCEL: lambda tx, o: aftersales.cancel_for_buyer(tx, o.merchant_id, o.order_id, refund_id(), BY),
    Action.ASK_TO_CANCEL: lambda tx, o: aftersales.ask_to_cancel(
        tx, o.merchant_id, o.order_id, refund_id(), "other", "", BY
    ),
    Action.CHANGE_ADDRESS: lambda tx, o: orders.change_address(tx, o.merchant_id, o.order_id, ELSEWHERE, BY),
    Action.AFTER_SALES: ask_for_money,
    Action.REMIND: lambda tx, o: orders.remind(tx, o.merchant_id, o.order_id, BY),
    Action.RECEIVE: lambda tx, o: orders.confirm_receipt(tx, o.merchant_id, o.order_id, BY),
    Action.EXTEND: lambda tx, o: orders.extend_receipt(tx, o.merchant_id, o.order_id, BY),
    Action.HIDE: lambda tx, o: orders.hide(tx, o.merchant_id, o.order_id, BY),
    Action.SHOW: lambda tx, o: orders.show_again(tx, o.merchant_id, o.order_id, BY),
}


class Undone(Exception):
    """Ends a transaction that was only a try."""


async def succeeds(db: Database, order: Order, action: Action) -> bool:
    """Whether the command would be done and changes something; nothing of it stays."""

    async def attempt(tx: Tx) -> None:
        before = await facts_of(tx, order)
        await COMMANDS[action](tx, order)
        raise Undone(await facts_of(tx, order) != before)

    try:
        await db.transact(attempt)
    except Undone as undone:
        return bool(undone.args[0])
    except Refusal:
        return False
    raise AssertionError("a try is undone")


async def facts_of(tx: Tx, order: Order) -> object:
    found = await orders.order(tx, order.merchant_id, order.order_id)
    cases = await aftersales.cases_of_orders(tx, [order.order_id])
    return found, cases, await aftersales.request_of(tx, order.merchant_id, order.order_id)


async def offered(db: Database, order: Order) -> frozenset[Action]:
    now = await deal.again(db, order)
    return aftersales.offered((await db.ask(aftersales.standing, [now]))[order.order_id])


async def one_paid(db: Database, world: World, buyer: BuyerId | None = None) -> Order:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 1)], buyer)
    return order


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paid=st.booleans(), pieces=st.integers(1, 2), steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=5))
async def test_the_actions_offered_are_exactly_the_commands_that_succeed(
    shop: Database, world: World, paid: bool, pieces: int, steps: list[str]
):
    wanted = [(world.items["ruler"].sku_id, pieces)]
    [order] = await deal.paid(shop, wanted) if paid else await deal.orders_of(shop, await deal.placed(shop, wanted))
    for step in steps:
        try:
            await STEPS[step](shop, await deal.again(shop, order))
        except Refusal:
            continue  # not possible there: the order stays as it is
    state = (await deal.again(shop, order)).state

    said = await offered(shop, order)
    done = {action for action in COMMANDS if await succeeds(shop, order, action)}

    assert said & set(COMMANDS) == done, (state, steps)
    assert (Action.PAY in said) == (state is OrderState.PLACED)
    assert (Action.REVIEW in said) == (state is OrderState.COMPLETED)
    if state is OrderState.PLACED or state is OrderState.PAID:
        # So that the stock of the small world lasts for every example.
        await STEPS["cancel"](shop, order) if paid else await shop.transact(
            orders.cancel_purchase, order.purchase_id, "buyer", BY
        )


async def test_what_nobody_packs_is_cancelled_at_once_and_what_is_packed_is_asked_for(shop: Database, world: World):
    unpacked, packed = await one_paid(shop, world), await one_paid(shop, world)
    await pack(shop, packed)
    await pack(shop, packed)

    with pytest.raises(CancelAtOnce):
        await ask(shop, unpacked)
    with pytest.raises(AskInstead):
        await shop.transact(aftersales.cancel_for_buyer, packed.merchant_id, packed.order_id, refund_id(), BY)
    for _ in range(2):
        await shop.transact(aftersales.cancel_for_buyer, unpacked.merchant_id, unpacked.order_id, refund_id(), BY)

    assert (await deal.again(shop, unpacked)).refunded == unpacked.total
    assert (await deal.again(shop, packed)).state is OrderState.PAID


async def test_a_shop_grants_or_refuses_once(shop: Database, world: World):
    granted, refused = await one_paid(shop, world), await one_paid(shop, world)
    for order in (granted, refused):
        await pack(shop, order)
        await ask(shop, order)
        with pytest.raises(AskedAlready):
            await ask(shop, order)
    assert await shop.ask(aftersales.count_open_requests, granted.merchant_id) == 2
    assert len((await shop.ask(aftersales.open_requests_of_merchant, granted.merchant_id)).items) == 2

    with pytest.raises(Invalid):
        await shop.transact(aftersales.refuse_cancellation, refused.merchant_id, refused.order_id, " ", "staff:1")
    for _ in range(2):
        await shop.transact(aftersales.grant_cancellation, granted.merchant_id, granted.order_id, "staff:1")
        await shop.transact(aftersales.refuse_cancellation, refused.merchant_id, refused.order_id, "Gone", "staff:1")
    with pytest.raises(TransitionRefused):
        await shop.transact(aftersales.grant_cancellation, refused.merchant_id, refused.order_id, "staff:1")

    now = await deal.again(shop, granted)
    assert (now.state, now.refunded) == (OrderState.CANCELLED, now.total)
    answer = await shop.ask(aftersales.request_of, refused.merchant_id, refused.order_id)
    assert answer is not None
    assert (answer.state, answer.answer) == (CancellationState.REFUSED, "Gone")
    assert await shop.ask(aftersales.count_open_requests, granted.merchant_id) == 0


async def test_a_shop_that_does_not_answer_agrees_unless_it_has_sent_the_order(shop: Database, world: World):
    silent, sent = await one_paid(shop, world), await one_paid(shop, world)
    for order in (silent, sent):
        await pack(shop, order)
        await ask(shop, order)
    await deal.shipped(shop, sent)
    assert await shop.transact(aftersales.grant_unanswered) == 0, "there is time left"

    await shop.transact(a_day_later)
    await shop.transact(aftersales.grant_unanswered)
    await deal.at_rest(shop)

    assert (await deal.again(shop, silent)).state is OrderState.CANCELLED
    overtaken = await shop.ask(aftersales.request_of, sent.merchant_id, sent.order_id)
    assert overtaken is not None
    assert overtaken.state is CancellationState.OVERTAKEN
    assert (await deal.again(shop, sent)).state is OrderState.SHIPPED


async def test_a_shops_time_to_answer_is_over_at_its_second(shop: Database, world: World):
    order = await one_paid(shop, world)
    await pack(shop, order)
    await ask(shop, order)
    assert await shop.transact(with_seconds_left, 1) == 0
    assert await shop.transact(with_seconds_left, 0) == 1
    await deal.at_rest(shop)
    assert (await deal.again(shop, order)).state is OrderState.CANCELLED


async def with_seconds_left(tx: Tx, seconds: int) -> int:
    """Within a transaction its time stands still."""
    await tx.execute("UPDATE cancellation_requests SET answer_by = now() + $1 * interval '1 second'", seconds)
    return await aftersales.grant_unanswered(tx)


async def a_day_later(tx: Tx) -> None:
    await tx.execute("UPDATE cancellation_requests SET answer_by = answer_by - interval '25 hours'")


async def test_a_shop_is_reminded_once_a_day(shop: Database, world: World):
    order = await one_paid(shop, world)
    await shop.transact(orders.remind, order.merchant_id, order.order_id, BY)
    with pytest.raises(RemindedAlready):
        await shop.transact(orders.remind, order.merchant_id, order.order_id, BY)
    assert await shop.ask(orders.reminders_of_merchant, order.merchant_id) == 1

    tomorrow = datetime.now(UTC) + timedelta(days=1, minutes=1)
    now = await deal.again(shop, order)
    assert Action.REMIND in aftersales.offered(aftersales.Standing(order=now), tomorrow)
    await deal.shipped(shop, order)
    assert await shop.ask(orders.reminders_of_merchant, order.merchant_id) == 0


async def test_the_time_to_receive_is_extended_once_and_survives_the_arrival(shop: Database, world: World):
    order = await one_paid(shop, world)
    await deal.shipped(shop, order)
    before = (await deal.again(shop, order)).receive_by
    await shop.transact(orders.extend_receipt, order.merchant_id, order.order_id, BY)
    with pytest.raises(ExtendedAlready):
        await shop.transact(orders.extend_receipt, order.merchant_id, order.order_id, BY)
    after = (await deal.again(shop, order)).receive_by
    assert before is not None and after is not None
    assert after - before == timedelta(days=EXTENSION_DAYS)

    await shop.transact(arrive, order)
    await shop.transact(orders.record_delivery, [(order.merchant_id, order.order_id)])

    arrived = await deal.again(shop, order)
    assert arrived.delivered_at is not None and arrived.receive_by is not None
    assert arrived.receive_by - arrived.delivered_at >= timedelta(days=EXTENSION_DAYS + 7)
    assert [act.kind for act in await shop.ask(orders.acts_of, order.merchant_id, order.order_id)] == ["extended"]


async def arrive(tx: Tx, order: Order) -> None:
    await tx.execute("UPDATE parcels SET state = 'delivered', delivered_at = now() WHERE order_id = $1", order.order_id)
    await tx.execute(
        """
        INSERT INTO parcel_history (merchant_id, parcel_id, step, from_state, to_state, by)
        SELECT merchant_id, parcel_id, 2, 'handed_over', 'in_transit', 'test' FROM parcels WHERE order_id = $1
        UNION ALL
        SELECT merchant_id, parcel_id, 3, 'in_transit', 'delivered', 'test' FROM parcels WHERE order_id = $1
        """,
        order.order_id,
    )


async def test_an_address_changes_where_sending_costs_no_more(shop: Database, world: World):
    order = await one_paid(shop, world)
    for _ in range(2):
        await shop.transact(orders.change_address, order.merchant_id, order.order_id, ELSEWHERE, BY)
    now = await deal.again(shop, order)
    assert (now.address, now.freight) == (ELSEWHERE, order.freight)
    [act] = await shop.ask(orders.acts_of, order.merchant_id, order.order_id)
    assert act.facts == {"before": msgspec.to_builtins(HOME), "after": msgspec.to_builtins(ELSEWHERE)}

    with pytest.raises(AddressOutOfReach):
        await shop.transact(orders.change_address, order.merchant_id, order.order_id, ABROAD, BY)
    await shop.transact(dearer_in_xinjiang, world)
    far = msgspec.structs.replace(HOME, region="新疆维吾尔自治区", city="喀什地区")
    with pytest.raises(AddressCostsMore) as refused:
        await shop.transact(orders.change_address, order.merchant_id, order.order_id, far, BY)
    assert (refused.value.paid, refused.value.fee) == (800, 2_500)
    with pytest.raises(Invalid):
        await shop.transact(
            orders.change_address, order.merchant_id, order.order_id, msgspec.structs.replace(HOME, street=""), BY
        )
    await pack(shop, order)
    with pytest.raises(PackedAlready):
        await shop.transact(orders.change_address, order.merchant_id, order.order_id, HOME, BY)


async def dearer_in_xinjiang(tx: Tx, world: World) -> None:
    [standard, *_] = await freight.templates(tx, world.tea.merchant_id)
    zone = freight_zone(standard.zones[0].countries, 2_500)
    await freight.save_template(tx, msgspec.structs.replace(standard, zones=[zone, *standard.zones]))


def freight_zone(countries: list[str], fee: int) -> Zone:
    return Zone(countries=countries, regions=["新疆"], first_fee=fee)


async def test_a_buyers_list_counts_finds_and_forgets(shop: Database, world: World):
    buyer = BuyerId(ids.mint())
    unpaid = await deal.orders_of(shop, await deal.placed(shop, [(world.items["ruler"].sku_id, 1)], buyer))
    paid = await one_paid(shop, world, buyer)
    done = await one_paid(shop, world, buyer)
    await deal.shipped(shop, done)
    await deal.received(shop, done)
    await deal.refunded(shop, done, Returned(1, 1))
    stranger = await one_paid(shop, world)

    assert await shop.ask(orders.counts_of_buyer, [buyer]) == {OrderState.PLACED: 1, OrderState.PAID: 1}
    listed = await shop.ask(orders.orders_of_buyer, [buyer])
    assert [one.order_id for one in listed.items] == [done.order_id, paid.order_id, unpaid[0].order_id]
    assert stranger.order_id not in {one.order_id for one in listed.items}
    for words, found in (
        ("山核桃", {paid.order_id, done.order_id}),
        ("hickory", {paid.order_id, done.order_id}),
        ("老街", {unpaid[0].order_id}),
        (paid.code.lower(), {paid.order_id}),
        ("100%", set()),
        ("_", set()),
    ):
        page = await shop.ask(orders.orders_of_buyer, [buyer], search=words)
        assert {one.order_id for one in page.items} == found, words
    assert [one.order_id for one in (await shop.ask(orders.orders_of_buyer, [buyer], refunded=True)).items] == [
        done.order_id
    ]
    with pytest.raises(TransitionRefused):
        await shop.transact(orders.hide, paid.merchant_id, paid.order_id, BY)
    for _ in range(2):
        await shop.transact(orders.hide, done.merchant_id, done.order_id, BY)
    assert done.order_id not in {one.order_id for one in (await shop.ask(orders.orders_of_buyer, [buyer])).items}
    for _ in range(2):
        await shop.transact(orders.show_again, done.merchant_id, done.order_id, BY)
    assert done.order_id in {one.order_id for one in (await shop.ask(orders.orders_of_buyer, [buyer])).items}
    acts = await shop.ask(orders.acts_of, done.merchant_id, done.order_id)
    assert [act.kind for act in acts] == ["hidden", "shown"]


async def test_a_shop_answers_only_for_its_own_orders(shop: Database, world: World):
    order = await one_paid(shop, world)
    await pack(shop, order)
    await ask(shop, order)
    other = world.tools.merchant_id

    for command in (aftersales.grant_cancellation, orders.begin_packing):
        with pytest.raises(NotFound):
            await shop.as_merchant(other).transact(command, order.merchant_id, order.order_id, "staff:1")
        with pytest.raises(NotFound):
            await shop.transact(command, other, order.order_id, "staff:1")
    assert (await shop.as_merchant(other).ask(aftersales.open_requests_of_merchant, order.merchant_id)).items == []
    await shop.as_merchant(order.merchant_id).transact(
        aftersales.grant_cancellation, order.merchant_id, order.order_id, "staff:1"
    )
