"""Group buying in a deal: the price for a team, orders that wait for it, and everybody's money back if it fails."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal, TransitionRefused
from steelyard.money import payments
from steelyard.money.payments.model import Instruction, PaymentState, RefundId
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, checkout, groups, orders
from steelyard.trade.aftersales.model import NotRefundable
from steelyard.trade.checkout import collection
from steelyard.trade.checkout.model import CheckoutNotReady, ProblemCode, Quote
from steelyard.trade.groups.model import (
    GroupLimit,
    InsideAlready,
    OfferInUse,
    OfferState,
    Team,
    TeamClosed,
    TeamState,
)
from steelyard.trade.groups.model import team_of as team_of_purchase
from steelyard.trade.orders.model import Order, OrderState, PurchaseState
from tests.support import deal
from tests.support.groups import (
    PRICE,
    group,
    joined,
    offered,
    opened,
    order_of,
    over,
    pay,
    placed,
    quoted,
    swept,
    team_of,
    time_passes,
)
from tests.support.world import STOCK, World

USUAL = 3_990


def codes(quote: Quote) -> list[ProblemCode]:
    return [problem.code for problem in quote.problems]


def state(team: Team) -> TeamState:
    return team.state(datetime.now(UTC))


async def free(db: Database, world: World) -> int:
    sku_id = world.items["nuts"].sku_id
    return (await db.ask(inventory.available, [sku_id]))[sku_id]


async def to_send(read: Read, order: Order) -> int:
    return await read.value("SELECT count(*) FROM fulfilment_lines WHERE order_id = $1", order.order_id)


async def money_back(db: Database, order: Order) -> int:
    """What has gone back to the buyer, once the channel has done as it was told."""
    await deal.channel_refunds(db)
    return sum(each.amount for each in await db.ask(payments.refunds_of_order, order.merchant_id, order.order_id))


async def test_the_price_is_for_a_team_and_for_nobody_else(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world))

    alone = await quoted(shop, await deal.opened(shop, [(world.items["nuts"].sku_id, 1)]))
    together = await quoted(shop, await opened(shop, offer))

    assert (alone.goods, together.goods, together.discount) == (USUAL, PRICE, USUAL - PRICE)
    assert together.gathered is not None and not together.blocking


async def test_a_paid_order_waits_for_its_team_and_is_sent_when_that_is_whole(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world))
    first = await joined(shop, offer)
    await deal.at_rest(shop)
    team = await team_of(shop, first)
    assert (first.state, first.paid_at, team.paid, team.missing) == (OrderState.HELD, None, 1, 1)
    assert state(team) is TeamState.OPEN
    assert await shop.ask(to_send, first) == 0
    with pytest.raises(TransitionRefused):
        await deal.shipped(shop, first)
    with pytest.raises(NotRefundable):
        await deal.refunded(shop, first, freight=1)

    second = await joined(shop, offer, team.team_id)
    await deal.at_rest(shop)

    assert state(await team_of(shop, first)) is TeamState.FULL
    for order in (first, second):
        now = await deal.again(shop, order)
        assert (now.state, await shop.ask(to_send, order)) == (OrderState.PAID, 1)
        assert now.goods == PRICE
        await deal.shipped(shop, order)
    assert [step.to_state for step in await shop.ask(orders.history, first.merchant_id, first.order_id)] == [
        "placed", "held", "paid", "shipped",
    ]  # fmt: skip


async def test_a_team_that_nobody_joins_gives_everything_back_once(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world, size=3))
    first = await joined(shop, offer, pieces=2)
    team = await team_of(shop, first)
    second = await joined(shop, offer, team.team_id)
    unpaid = await placed(shop, offer, team.team_id)
    assert await free(shop, world) == STOCK - 4

    for _ in range(2):
        await over(shop)

    now = await team_of(shop, first)
    assert (state(now), now.members, now.paid) == (TeamState.FAILED, 3, 2)
    for order in (first, second):
        again = await deal.again(shop, order)
        assert (again.state, again.cancel_reason, again.kept) == (OrderState.CANCELLED, "group_failed", 0)
        assert await money_back(shop, order) == order.total
        assert await money_back(shop, order) == order.total
    dropped = await order_of(shop, unpaid)
    assert (dropped.state, dropped.cancel_reason) == (OrderState.CANCELLED, "group_ended")
    assert await free(shop, world) == STOCK
    known = await shop.ask(groups.offer, offer.merchant_id, offer.offer_id)
    assert known is not None and known.taken == 0


async def test_the_last_second_is_in_time_and_the_next_is_not(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world))
    first = await joined(shop, offer)
    team = await team_of(shop, first)
    early, late = await opened(shop, offer, team.team_id), await opened(shop, offer, team.team_id)

    async def at_the_end(tx: Tx, left: timedelta) -> tuple[int, Team | None, bool]:
        """All within one instant: the clock of a transaction stands."""
        ends_at = await tx.value("UPDATE group_teams SET ends_at = now() + $1 RETURNING ends_at", left)
        found = await tx.one(
            Team,
            """
            SELECT merchant_id, team_id, offer_id, code, opened_by, size, hours, enough, members, paid, created_at, opened_at
                 , ends_at, full_at, failed_at FROM group_teams
            """,
        )
        assert found is not None
        return await groups.end_due(tx), found, found.joinable(ends_at - left)

    assert await shop.transact(at_the_end, timedelta(microseconds=1)) != (1, None, False)
    await shop.transact(time_passes, 60)
    await shop.transact(checkout.place, early, expected_total=None, by="buyer")
    moved, _, joinable = await shop.transact(at_the_end, timedelta(0))
    assert (moved, joinable) == (1, False)
    with pytest.raises(CheckoutNotReady):
        await shop.transact(checkout.place, late, expected_total=None, by="buyer")


async def test_what_is_paid_after_the_end_is_given_back(shop: Database, world: World) -> None:
    """The payment is under way when the time is over: before anybody looked, and after that."""
    offer = await offered(shop, group(world))
    first = await joined(shop, offer)
    team = await team_of(shop, first)
    unswept = await placed(shop, offer, team.team_id)
    payment_id = await deal.instructed(shop, unswept)
    await shop.transact(time_passes)

    await deal.captured(shop, payment_id)
    order = await order_of(shop, unswept)
    assert order.state is OrderState.HELD
    await swept(shop)

    assert await money_back(shop, order) == order.total
    assert (await deal.again(shop, order)).cancel_reason == "group_too_late"
    assert state(await team_of(shop, first)) is TeamState.FAILED

    third = await joined(shop, offer)
    dropped = await placed(shop, offer, (await team_of(shop, third)).team_id)
    late = await deal.instructed(shop, dropped)
    await over(shop)
    await deal.captured(shop, late)
    assert [each.state for each in await shop.ask(payments.of_purchase, dropped)] == [PaymentState.CAPTURED]
    assert await money_back(shop, await order_of(shop, dropped)) == order.total
    assert await free(shop, world) == STOCK


async def test_nobody_is_in_a_team_twice_and_a_whole_team_is_closed(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world, per_buyer=None))
    opener = BuyerId(ids.mint())
    first = await joined(shop, offer, buyer_id=opener)
    team = await team_of(shop, first)
    again = await opened(shop, offer, team.team_id, opener)
    assert codes(await quoted(shop, again)) == [ProblemCode.IN_TEAM_ALREADY]
    with pytest.raises(CheckoutNotReady):
        await shop.transact(checkout.place, again, expected_total=None, by="buyer")
    late = await opened(shop, offer, team.team_id)

    await joined(shop, offer, team.team_id)

    assert codes(await quoted(shop, late)) == [ProblemCode.TEAM_CLOSED]
    other = await joined(shop, offer, buyer_id=opener)
    assert (await team_of(shop, other)).team_id != team.team_id, "another team of one's own may be opened"


async def test_of_several_at_once_by_one_buyer_one_is_served(shop: Database, world: World) -> None:
    """All of them are quoted before any is placed: what counts is what is held."""
    offer = await offered(shop, group(world, size=4))
    team = await team_of(shop, await joined(shop, offer))
    buyer_id = BuyerId(ids.mint())
    mine = [await opened(shop, offer, team.team_id, buyer_id) for _ in range(3)]
    wishes = [checkout.Placement(checkout_id=each, expected_total=None, by="buyer") for each in sorted(mine)]

    first, *others = await shop.transact(checkout.place_all, wishes)

    assert not isinstance(first, Refusal)
    assert all(isinstance(other, InsideAlready) for other in others)
    crowd = [await opened(shop, offer, team.team_id) for _ in range(4)]
    wishes = [checkout.Placement(checkout_id=each, expected_total=None, by="buyer") for each in sorted(crowd)]
    answers = await shop.transact(checkout.place_all, wishes)
    assert [isinstance(answer, TeamClosed) for answer in answers] == [False, False, True, True]


async def test_a_buyer_has_no_more_than_the_limit_and_all_no_more_than_the_pieces(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world, pieces=3))
    buyer_id = BuyerId(ids.mint())
    (problem,) = (await quoted(shop, await opened(shop, offer, None, buyer_id, 3))).blocking
    assert (problem.code, problem.facts) == (ProblemCode.GROUP_LIMIT, {"free": 2, "bought": 0})
    first, second = [await opened(shop, offer, None, buyer_id, pieces) for pieces in (2, 1)]
    wishes = [checkout.Placement(checkout_id=each, expected_total=None, by="buyer") for each in (first, second)]

    answers = await shop.transact(checkout.place_all, wishes)

    assert [isinstance(answer, GroupLimit) for answer in answers] == [False, True]
    await placed(shop, offer)
    assert codes(await quoted(shop, await opened(shop, offer))) == [ProblemCode.GROUP_OVER], "all pieces are taken"
    known = await shop.ask(groups.offer, offer.merchant_id, offer.offer_id)
    assert known is not None and known.state(datetime.now(UTC)) is OfferState.SOLD_OUT


async def test_it_is_bought_alone(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world))
    checkout_id = await opened(shop, offer)
    found = await shop.ask(checkout.get, checkout_id)
    assert found is not None
    (hammer,) = deal.draft([(world.items["hammer"].sku_id, 1)]).lines
    more = [*found.lines, msgspec.structs.replace(hammer, line_id="l2")]
    await shop.transact(checkout.change, checkout_id, msgspec.structs.replace(found.draft, lines=more))

    assert codes(await quoted(shop, checkout_id)) == [ProblemCode.GROUP_ALONE, ProblemCode.GROUP_ALONE]


async def test_who_leaves_in_time_has_the_money_back_and_frees_the_place(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world, size=3))
    first = await joined(shop, offer)
    team = await team_of(shop, first)
    second = await joined(shop, offer, team.team_id)
    for _ in range(2):
        await shop.transact(
            aftersales.cancel_for_buyer, second.merchant_id, second.order_id, RefundId(ids.mint()), "buyer"
        )
    await deal.at_rest(shop)

    now = await team_of(shop, first)
    assert (now.members, now.paid, state(now)) == (1, 1, TeamState.OPEN)
    assert await money_back(shop, second) == second.total
    await shop.transact(
        aftersales.cancel, first.merchant_id, first.order_id, RefundId(ids.mint()), "sorry", "staff:test"
    )
    await deal.at_rest(shop)
    assert state(await team_of(shop, first)) is TeamState.FAILED, "nobody is left"
    assert await money_back(shop, first) == first.total
    assert await free(shop, world) == STOCK


async def test_an_unpaid_member_frees_the_place_and_an_unpaid_opener_opens_nothing(
    shop: Database, world: World
) -> None:
    offer = await offered(shop, group(world))
    begun = await placed(shop, offer)
    unopened = await team_of(shop, await order_of(shop, begun))
    assert state(unopened) is TeamState.BEGUN
    assert codes(await quoted(shop, await opened(shop, offer, unopened.team_id))) == [ProblemCode.TEAM_CLOSED]
    await shop.transact(orders.cancel_purchase, begun, "buyer", "buyer")
    first = await joined(shop, offer)
    team = await team_of(shop, first)
    idle = await placed(shop, offer, team.team_id)
    await shop.transact(orders.cancel_purchase, idle, "unpaid", "system")
    await deal.at_rest(shop)

    assert state(await team_of(shop, await order_of(shop, begun))) is TeamState.FAILED
    second = await joined(shop, offer, team.team_id)
    await deal.at_rest(shop)
    assert (await deal.again(shop, second)).state is OrderState.PAID


async def test_who_joins_pays_before_the_time_is_over(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world))
    team = await team_of(shop, await joined(shop, offer))
    await shop.transact(time_passes, 60)
    purchase = await shop.ask(orders.purchase, await placed(shop, offer, team.team_id))

    assert purchase is not None
    assert purchase.pay_by <= datetime.now(UTC) + timedelta(seconds=60)


async def test_enough_members_are_enough_when_the_offer_says_so(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world, size=4, enough=2))
    few = await joined(shop, offer)
    first = await joined(shop, offer)
    team = await team_of(shop, first)
    second = await joined(shop, offer, team.team_id)
    unpaid = await placed(shop, offer, team.team_id)
    late = await deal.instructed(shop, unpaid)

    await over(shop)

    now = await team_of(shop, first)
    assert (state(now), now.paid, now.size) == (TeamState.FULL, 2, 4), "nobody was invented"
    assert state(await team_of(shop, few)) is TeamState.FAILED
    assert [(await deal.again(shop, each)).state for each in (first, second)] == [OrderState.PAID] * 2
    found = await shop.ask(orders.purchase, unpaid)
    assert found is not None and found.state is PurchaseState.CANCELLED
    await deal.captured(shop, late)
    assert await money_back(shop, await order_of(shop, unpaid)) == first.total


async def test_what_is_stopped_opens_nothing_and_ends_its_teams_if_that_is_said(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world))
    first, other = await joined(shop, offer), await joined(shop, offer)
    team = await team_of(shop, first)
    late = await opened(shop, offer)

    for _ in range(2):
        await shop.transact(groups.stop, offer.merchant_id, offer.offer_id, by="staff:test", reason="sold out")

    assert codes(await quoted(shop, late)) == [ProblemCode.GROUP_OVER]
    second = await joined(shop, offer, team.team_id)
    await deal.at_rest(shop)
    assert (await deal.again(shop, second)).state is OrderState.PAID, "who was told so may join"

    await shop.transact(groups.stop, offer.merchant_id, offer.offer_id, by="staff:op", reason="no", teams=True)
    await deal.at_rest(shop)
    assert (await deal.again(shop, other)).state is OrderState.CANCELLED
    assert await money_back(shop, other) == other.total
    known = await shop.ask(groups.offer, offer.merchant_id, offer.offer_id)
    assert known is not None and (known.stopped_by, known.reason) == ("staff:test", "sold out")


async def test_a_cancelled_order_of_a_whole_team_ends_nothing(shop: Database, world: World) -> None:
    """Called off between the last payment and its order: the other one is sent all the same."""
    offer = await offered(shop, group(world))
    first = await joined(shop, offer)
    second = await joined(shop, offer, (await team_of(shop, first)).team_id)
    await shop.transact(aftersales.cancel_for_buyer, first.merchant_id, first.order_id, RefundId(ids.mint()), "buyer")
    await deal.at_rest(shop)

    assert (await deal.again(shop, second)).state is OrderState.PAID
    assert (await deal.again(shop, first)).state is OrderState.CANCELLED
    assert await money_back(shop, first) == first.total
    assert await shop.ask(to_send, first) == 0


async def test_what_cannot_be_offered_is_told_by_field_and_nothing_is_done(shop: Database, world: World) -> None:
    hammer = world.items["hammer"]
    now = datetime.now(UTC)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("size", {"size": 1}),
        ("hours", {"hours": 73}),
        ("pieces", {"pieces": 0}),
        ("per_buyer", {"per_buyer": 0}),
        ("enough", {"enough": 2}),
        ("ends_at", {"ends_at": now - timedelta(days=1)}),
        ("product", {"prices": {}}),
        (f"price_{world.items['nuts'].sku_id}", {"prices": {world.items["nuts"].sku_id: USUAL}}),
        (f"price_{hammer.sku_id}", {"prices": {hammer.sku_id: 1}}),
    ]
    for field, more in wrong:
        with pytest.raises(Invalid) as refused:
            await shop.transact(groups.make, group(world, **more))
        assert list(refused.value.fields) == [field]
    offer = await offered(shop, group(world))
    await offered(shop, offer)
    with pytest.raises(Invalid):
        await shop.transact(groups.make, group(world))
    assert len(await shop.ask(groups.offers, offer.merchant_id, None, 10)) == 1


async def test_what_a_team_counts_on_is_not_changed_any_more(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world))
    cheaper = msgspec.structs.replace(offer, prices={world.items["nuts"].sku_id: 2_000})
    await shop.transact(groups.change, cheaper)
    await joined(shop, cheaper)

    with pytest.raises(OfferInUse):
        await shop.transact(groups.change, offer)
    more = msgspec.structs.replace(cheaper, pieces=20, per_buyer=5)
    await shop.transact(groups.change, more)
    with pytest.raises(Invalid):
        await shop.transact(groups.change, msgspec.structs.replace(cheaper, pieces=0))
    with pytest.raises(NotFound):
        await shop.transact(groups.change, msgspec.structs.replace(cheaper, merchant_id=world.tools.merchant_id))
    known = await shop.ask(groups.offer, offer.merchant_id, offer.offer_id)
    assert known is not None and (known.pieces, known.per_buyer, known.taken) == (20, 5, 1)


async def test_another_shop_reads_and_changes_nothing_of_it(shop: Database, world: World) -> None:
    offer = await offered(shop, group(world))
    order = await joined(shop, offer)
    tools = shop.as_merchant(world.tools.merchant_id)

    async def seen(read: Read) -> list[int]:
        return [
            await read.value("SELECT count(*) FROM group_offers"),
            await read.value("SELECT count(*) FROM group_teams"),
            await read.value("SELECT count(*) FROM group_members"),
        ]

    assert await tools.ask(seen) == [0, 0, 0]
    with pytest.raises(NotFound):
        await tools.transact(groups.stop, offer.merchant_id, offer.offer_id, by="staff:tools")
    mine = shop.as_merchant(world.tea.merchant_id)
    assert await mine.ask(seen) == [1, 1, 1]
    await mine.transact(
        aftersales.cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), "sorry", "staff:tea"
    )
    assert (await deal.again(shop, order)).state is OrderState.CANCELLED


async def test_paid_at_once_is_held_as_well(shop: Database, world: World) -> None:
    """What purses pay whole is paid while it is placed."""
    offer = await offered(shop, group(world, prices={world.items["nuts"].sku_id: 1}))
    purchase_id = await placed(shop, offer)
    order = await order_of(shop, purchase_id)
    assert order.state is OrderState.PLACED
    assert isinstance(
        await shop.transact(
            collection.begin, purchase_id, channel="simpay", return_url="/", token=None, payment_id=None
        ),
        Instruction,
    )
    found = await pay(shop, purchase_id)
    assert found.state is OrderState.HELD


def test_a_team_id_follows_from_its_purchase() -> None:
    one, other = UUID(int=1), UUID(int=2)
    assert team_of_purchase(one) == team_of_purchase(one) != team_of_purchase(other)
