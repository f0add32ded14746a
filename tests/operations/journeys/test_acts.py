"""What boxes do, whom the engine looks for by itself, and what is kept of who leaves."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import AmountOff, Group, GroupId, Offer, PromotionId, Step
from steelyard.kernel import events, ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.sweeps import sweep_once
from steelyard.kernel.text import Text
from steelyard.money import wallets
from steelyard.operations import journeys, outreach, workboard
from steelyard.operations.journeys.callers import call_birthdays, call_keepers, call_to_live
from steelyard.operations.journeys.calling import Whom
from steelyard.operations.journeys.catalogue import Event
from steelyard.operations.journeys.intervals import count_intervals
from steelyard.operations.journeys.jobs import SWEEPS
from steelyard.operations.journeys.model import (
    Channel,
    Coupon,
    GroupMove,
    How,
    JourneyId,
    JourneyRefused,
    Message,
    Points,
    Task,
    Trigger,
    Wait,
)
from steelyard.operations.journeys.subscribers import SUBSCRIBER
from steelyard.operations.service.subscribers import SUBSCRIBER as SERVICE
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import cart, favourites
from tests.operations.journeys.conftest import (
    NAME,
    go,
    happens,
    line,
    messages,
    people,
    stands,
    started,
    steps,
    template,
)
from tests.support import deal, live
from tests.support.world import World

CALL = [each for each in SWEEPS if each.name == "journeys.call"]


async def test_a_coupon_points_and_a_task_each_once(db: Database, world: World) -> None:
    """Two copies for three people; the third goes on without, and is told so by the step. Only the house's own shop gives
    points."""
    shop = world.tea.merchant_id
    coupon = coupon_of(shop)
    await db.transact(promotions.save, coupon)
    graph = line(
        Coupon(promotion_id=coupon.promotion_id),
        Points(points=50),
        Task(title="Call them"),
        Message(channel=Channel.INBOX, template_id=await template(db, shop)),
    )
    with pytest.raises(JourneyRefused):
        await started(db, world.tools.merchant_id, line(Points(points=50)))
    assert [each.promotion_id for each in await db.ask(promotions.coupons_to_give, shop)] == [coupon.promotion_id]
    journey, some = await started(db, shop, graph), await people(db, shop, 3)
    await happens(db, shop, "order_paid", some)
    await go(db, shop, journey)

    done = await steps(db, journey)
    assert sorted(reason for node, _, reason in done if node == "b1") == ["", "", "no_coupon"]
    assert len(await messages(db)) == 3
    for buyer_id in some:
        (purse,) = await db.ask(wallets.amounts, BuyerId(buyer_id))
        assert purse.amount == 50
    tasks = await db.ask(workboard.of_source, shop, "journeys", journey)
    assert len(tasks) == 3
    told = await db.ask(journeys.simulate, shop, journey, graph)
    assert told.tasks == 0  # nobody really paid


async def test_a_coupon_of_a_journey_is_told_of_by_its_own_messages(db: Database, world: World) -> None:
    """A mail of the house about it would come beside them, at any hour, and count for no cap; it stands in the account."""
    shop = world.tea.merchant_id
    coupon = coupon_of(shop)
    await db.transact(promotions.save, coupon)
    journey, (buyer,) = (
        await started(db, shop, line(Coupon(promotion_id=coupon.promotion_id))),
        await people(db, shop, 1),
    )
    await db.transact(customers.want, buyer, customers.Channel.EMAIL, agreed=True)
    await happens(db, shop, "order_paid", [buyer])
    await go(db, shop, journey)
    await events.drain(db, [SERVICE])

    async def told(read: Read) -> tuple[int, int]:
        return (
            await read.value("SELECT count(*) FROM notices WHERE buyer_id = $1 AND kind = 'coupon_given'", buyer),
            await read.value("SELECT count(*) FROM mails WHERE template = 'coupon_news'"),
        )

    assert await db.ask(told) == (1, 0)


async def test_who_got_nothing_is_not_told_of_it(db: Database, world: World) -> None:
    """Two copies for three people: a way of its own leads past the message that speaks of the coupon."""
    shop = world.tea.merchant_id
    coupon = coupon_of(shop)
    await db.transact(promotions.save, coupon)
    whole = line(
        Coupon(promotion_id=coupon.promotion_id),
        Message(channel=Channel.INBOX, template_id=await template(db, shop)),
    )
    given, *others = (node for node in whole.nodes if node.key != "begin")
    past = msgspec.structs.replace(given, next={"then": "b2", "failed": "end"})
    begin = next(node for node in whole.nodes if node.key == "begin")
    journey = await started(db, shop, msgspec.structs.replace(whole, nodes=(begin, past, *others)))
    some = await people(db, shop, 3)
    await happens(db, shop, "order_paid", some)
    await go(db, shop, journey)

    assert len(await messages(db)) == 2
    assert sorted((out, reason) for node, out, reason in await steps(db, journey) if node == "b1") == [
        ("failed", "no_coupon"),
        ("then", ""),
        ("then", ""),
    ]


def test_no_playbook_speaks_of_a_coupon_that_was_not_given() -> None:
    giving = [(book.graph, node) for book in journeys.PLAYBOOKS for node in book.graph.nodes if node.kind == "coupon"]
    assert len(giving) == 3
    for graph, node in giving:
        following = graph.node(node.after("failed") or "")
        assert following is not None and not isinstance(following.setup, Message), node.key


async def test_what_is_put_away_stops_nobody(db: Database, world: World) -> None:
    """The coupon is stopped, the group closed, the message put away while people are on their way to it: they go on without, the
    step says why, and the journey is in no trouble."""
    shop = world.tea.merchant_id
    coupon = coupon_of(shop)
    await db.transact(promotions.save, coupon)
    group = Group(merchant_id=MerchantId(shop), group_id=GroupId(ids.mint()), name=NAME)
    await db.transact(promotions.set_group, group)
    words = await template(db, shop)
    graph = line(
        Coupon(promotion_id=coupon.promotion_id),
        GroupMove(group_id=group.group_id),
        Message(channel=Channel.INBOX, template_id=words),
    )
    journey, some = await started(db, shop, graph), await people(db, shop, 2)
    await happens(db, shop, "order_paid", some)
    await db.transact(promotions.stop, shop, coupon.promotion_id)
    assert await db.ask(promotions.coupons_to_give, shop) == []
    await db.transact(promotions.close_group, shop, group.group_id)
    await db.transact(outreach.archive_template, shop, words, archived=True)

    assert await sweep_once(db, [each for each in SWEEPS if each.name == "journeys.move"]) == 2

    lost = [("b1", "failed", "no_coupon"), ("b2", "then", "no_group"), ("b3", "failed", "no_template")]
    assert await steps(db, journey) == [("begin", "then", ""), *lost] * 2
    assert set((await stands(db, journey)).values()) == {("finished", "end")}
    assert (await db.ask(journeys.journey, shop, journey)).trouble is None


async def test_all_that_a_message_can_name_is_told_of(db: Database, world: World) -> None:
    """Of one who keeps a product, has ordered it, has it in the cart again and got a coupon, before a live session."""
    shop, nuts = world.tea.merchant_id, world.items["nuts"]
    coupon = coupon_of(shop)
    await db.transact(promotions.save, coupon)
    (buyer,) = await people(db, shop, 1)
    await db.transact(favourites.keep_product, BuyerId(buyer), nuts.product_id)
    (order,) = await deal.paid(db, [(nuts.sku_id, 1)], BuyerId(buyer))
    await db.transact(cart.put, BuyerId(buyer), nuts.sku_id, 2)
    session = await live.on_air(db, world)
    graph = line(
        Coupon(promotion_id=coupon.promotion_id),
        Points(points=50),
        Message(channel=Channel.INBOX, template_id=await template(db, shop)),
    )
    journey = await started(db, shop, graph)
    about = {"product_id": nuts.product_id, "order_id": order.order_id, "session_id": session.session_id}
    await happens(db, shop, "order_paid", [buyer], about={name: str(each) for name, each in about.items()})
    await go(db, shop, journey)

    (message,) = (await db.ask(outreach.messages, shop)).items
    assert set(message.variables) == {name for name, each in outreach.CATALOGUE.items() if not each.own}
    assert message.variables["points.balance"] == "50" and message.variables["order.code"] == order.code
    # Amounts as their reader writes them, as in the samples that the preview shows.
    amounts = {name for name in outreach.CATALOGUE if name.endswith((".price", ".was", ".total"))}
    for name in amounts:
        value = message.variables[name]
        assert not isinstance(value, str), name
        said = Text(value)
        assert said.in_language("zh-Hans").startswith("¥") and said.in_language("en").startswith("CN¥"), name


async def test_birthdays_favourites_and_sessions_call_people(db: Database, world: World) -> None:
    shop, nuts = world.tea.merchant_id, world.items["nuts"]
    born, keeper, stranger = await people(db, shop, 3)
    with pytest.raises(Invalid):
        await db.transact(customers.set_birthday, BuyerId(born), "02-30")
    await db.transact(customers.set_birthday, BuyerId(born), "2-29")
    await db.transact(customers.set_birthday, BuyerId(stranger), "07-01")
    birthday = await started(db, shop, line(Trigger(event="birthday"), Wait()))
    for _ in range(2):
        await db.transact(call_birthdays, datetime(2027, 2, 28, 4, tzinfo=UTC))
    await _answer(db)
    assert set(await stands(db, birthday)) == {born}

    cheaper = await started(db, shop, line(Trigger(event="price_dropped", products=(nuts.product_id,)), Wait()))
    await db.transact(favourites.keep_product, BuyerId(keeper), nuts.product_id)
    await db.transact(_kept_dearer, keeper)
    for _ in range(2):
        await db.transact(call_keepers, {(shop, nuts.product_id)}, Event.PRICE_DROPPED, Whom.CHEAPER)
    # What changes once more within the minute is seen, too: who is called is looked for when it is over.
    begins_at, *_ = await db.ask(_called_at, cheaper)
    assert begins_at > datetime.now(UTC) and (begins_at.second, begins_at.microsecond) == (10, 0)
    await _answer(db)
    assert set(await stands(db, cheaper)) == {keeper}
    assert await db.transact(call_to_live) == 0


async def test_one_waits_as_long_as_others_do_before_they_buy_again(db: Database, world: World) -> None:
    """The median of five customers' days; of a product that few buy again, a month."""
    shop, nuts, black = world.tea.merchant_id, world.items["nuts"], world.items["black"]
    for days in (8, 9, 10, 20, 40):
        (buyer,) = await people(db, shop, 1)
        (first,) = await deal.paid(db, [(nuts.sku_id, 1)], BuyerId(buyer))
        await deal.paid(db, [(nuts.sku_id, 1)], BuyerId(buyer))
        await db.transact(_paid_before, first.order_id, days)
    journey = await started(db, shop, line(Wait(how=How.INTERVAL)))
    await started(db, world.tools.merchant_id, line(Wait(how=How.INTERVAL)))
    now = datetime.now(UTC)
    # Each shop once a day, also the one where nothing is bought twice.
    assert [await db.transact(count_intervals, now) for _ in range(3)] == [1, 1, 0]
    one, other = await people(db, shop, 2)
    await happens(db, shop, "order_paid", [one], about={"product_id": str(nuts.product_id)})
    await happens(db, shop, "order_paid", [other], about={"product_id": str(black.product_id)})
    await go(db, shop, journey)
    due = {each.buyer_id: each.due_at for each in (await db.ask(journeys.people, shop, journey, "b1")).items}
    assert [(at - now).days for each in (one, other) if (at := due[each]) is not None] == [10, 30]


async def test_nothing_is_kept_of_who_leaves(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    journey, (gone, stays) = await started(db, shop, line(Wait())), await people(db, shop, 2)
    await happens(db, shop, "order_paid", [gone, stays])
    await go(db, shop, journey)
    for _ in range(2):
        await db.transact(journeys.forget, [gone])
    assert set(await stands(db, journey)) == {stays}
    assert await steps(db, journey) == [("begin", "then", "")]
    funnel = await db.ask(journeys.funnel, shop, journey)
    assert (funnel.entered, funnel.exited, funnel.inside) == (2, 1, 1)


async def test_an_unpaid_order_is_reminded_of_while_it_is_unpaid(db: Database, world: World) -> None:
    """No advertising: it goes to who has agreed to none, and waits for no morning. Who has paid meanwhile hears nothing."""
    shop, nuts = world.tea.merchant_id, world.items["nuts"]
    buyer, other = world.buyer.buyer_id, world.other_buyer.buyer_id
    assert buyer is not None and other is not None
    await events.drain(db, [SUBSCRIBER])
    journey_id = JourneyId(ids.mint())
    await db.transact(journeys.copy_playbook, shop, journey_id, "unpaid_order", "li")
    await db.transact(journeys.start, shop, journey_id, 1, "li")
    await deal.placed(db, [(nuts.sku_id, 1)], buyer)
    await deal.paid(db, [(nuts.sku_id, 1)], other)
    await events.drain(db, [SUBSCRIBER])
    await go(db, shop, journey_id, timedelta(minutes=11))
    found = await stands(db, journey_id)
    assert found == {buyer: ("finished", "end")}  # the other had paid when it was heard of
    assert await messages(db) == [buyer]


def coupon_of(shop: UUID) -> Offer:
    """Two copies of twenty off a hundred, which this shop gives."""
    return Offer(
        merchant_id=MerchantId(shop), promotion_id=PromotionId(ids.mint()), name=NAME, currency="CNY",
        rule=AmountOff(steps=(Step(over=10_000, off=2_000),)), starts_at=datetime.now(UTC) - timedelta(hours=1),
        ends_at=datetime.now(UTC) + timedelta(days=30), coupon=True, given=True, copies=2, per_buyer=1,
    )  # fmt: skip


async def _answer(db: Database) -> None:
    """The shelf is brought in line some seconds after prices have changed: here it is already."""

    async def at_once(tx: Tx) -> None:
        await tx.execute("UPDATE journey_calls SET begins_at = now() - interval '1 second' WHERE ended_at IS NULL")

    await db.transact(at_once)
    await sweep_once(db, CALL)


async def _called_at(read: Read, journey_id: UUID) -> list[datetime]:
    rows = await read.fetch("SELECT begins_at FROM journey_calls WHERE journey_id = $1", journey_id)
    return [row["begins_at"] for row in rows]


async def _kept_dearer(tx: Tx, buyer_id: UUID) -> None:
    await tx.execute("UPDATE favourite_products SET kept_price = 9999, currency = 'CNY' WHERE buyer_id = $1", buyer_id)


async def _paid_before(tx: Tx, order_id: UUID, days: int) -> None:
    await tx.execute(
        """
        UPDATE orders SET paid_at = paid_at - $2 * interval '1 day', placed_at = placed_at - $2 * interval '1 day'
        WHERE order_id = $1
        """,
        order_id,
        days,
    )
