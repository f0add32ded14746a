"""What is known of a customer follows from their orders, in the moment these commit, exactly once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.kernel import events, ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import behaviour, lifecycle
from steelyard.operations.behaviour import Behaviour, Kind
from steelyard.operations.lifecycle import MARKETPLACE, Facts, Rule, Sight, Stage
from steelyard.operations.lifecycle.following import follow, forget_visitors
from steelyard.operations.lifecycle.jobs import SWEEPS
from steelyard.operations.lifecycle.subscribers import SUBSCRIBER
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales
from steelyard.trade.aftersales.model import RefundId, Returned
from steelyard.trade.settlement import settlement_day
from tests.support import deal, open_transactions
from tests.support.world import World, seeded


async def heard(db: Database) -> None:
    await events.drain(db, [SUBSCRIBER])


async def known(db: Database, merchant_id: UUID, buyer_id: BuyerId) -> Facts:
    return (await db.ask(lifecycle.facts_of, merchant_id, [buyer_id]))[buyer_id]


async def path(db: Database, merchant_id: UUID, buyer_id: BuyerId) -> list[str]:
    return [str(move.to_stage) for move in reversed(await db.ask(lifecycle.moves_of, merchant_id, buyer_id))]


async def announced(read: Read, kind: str, merchant_id: UUID) -> int:
    return await read.value(
        "SELECT count(*) FROM events WHERE kind = $1 AND payload ->> 'merchant_id' = $2", kind, str(merchant_id)
    )


async def paid_before(db: Database, days: int) -> None:
    """All orders so far were placed and paid so many days earlier than they were."""

    async def earlier(tx: Tx) -> None:
        await tx.execute(
            "UPDATE orders SET placed_at = placed_at - $1::interval, paid_at = paid_at - $1::interval WHERE paid_at IS NOT NULL",
            timedelta(days=days),
        )

    await db.transact(earlier)


def buyer_of(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


async def test_a_purchase_of_two_shops_is_an_order_at_each_and_one_at_the_marketplace(db: Database) -> None:
    world = await seeded(db)
    green, hammer = world.items["green"], world.items["hammer"]

    await deal.paid(db, [(green.sku_id, 2), (hammer.sku_id, 1)], buyer_of(world))
    await heard(db)

    tea = await known(db, world.tea.merchant_id, buyer_of(world))
    everywhere = await known(db, MARKETPLACE, buyer_of(world))
    assert (tea.orders, tea.stage, tea.refunds) == (1, Stage.NEW, 0)
    assert everywhere.orders == 1
    assert everywhere.spent > tea.spent >= 2 * green.amount
    assert tea.moves_at == tea.last_paid_at + timedelta(days=lifecycle.DEFAULT_RULE.dormant_days)  # pyright: ignore[reportOptionalOperand]


async def test_an_event_that_is_read_twice_counts_once(db: Database) -> None:
    world = await seeded(db)
    await deal.paid(db, [(world.items["green"].sku_id, 1)], buyer_of(world))
    await heard(db)
    before = await known(db, world.tea.merchant_id, buyer_of(world))
    told = await db.ask(announced, "lifecycle.facts_changed", world.tea.merchant_id)

    assert await db.transact(lifecycle.count, [buyer_of(world)]) == 0

    assert await known(db, world.tea.merchant_id, buyer_of(world)) == before
    assert await db.ask(announced, "lifecycle.facts_changed", world.tea.merchant_id) == told


async def test_who_places_and_does_not_pay_is_a_lead_and_becomes_new_by_paying(db: Database) -> None:
    world = await seeded(db)
    purchase_id = await deal.placed(db, [(world.items["green"].sku_id, 1)], buyer_of(world))
    await heard(db)
    assert (await known(db, world.tea.merchant_id, buyer_of(world))).stage == Stage.LEAD

    await deal.captured(db, await deal.instructed(db, purchase_id))
    await heard(db)

    assert await path(db, world.tea.merchant_id, buyer_of(world)) == ["lead", "new"]
    assert (await path(db, MARKETPLACE, buyer_of(world)))[-1] == "new"


async def test_refunds_are_counted_and_what_is_called_off_counts_no_more(db: Database) -> None:
    world = await seeded(db)
    green = world.items["green"]
    [kept] = await deal.paid(db, [(green.sku_id, 2)], buyer_of(world))
    [dropped] = await deal.paid(db, [(green.sku_id, 1)], buyer_of(world))
    await heard(db)
    assert (await known(db, world.tea.merchant_id, buyer_of(world))).stage == Stage.ACTIVE

    await deal.refunded(db, kept, Returned(1, 1))
    refund_id = RefundId(ids.mint())
    await db.transact(aftersales.cancel, dropped.merchant_id, dropped.order_id, refund_id, "changed_mind", "buyer")
    await heard(db)

    facts = await known(db, world.tea.merchant_id, buyer_of(world))
    assert (facts.orders, facts.cancelled, facts.stage) == (1, 1, Stage.NEW)
    assert (facts.spent, facts.refunds, facts.refunded) == (kept.total, 1, green.amount)
    [spend] = await db.ask(lifecycle.spend_of, world.tea.merchant_id, buyer_of(world))
    assert (spend.orders, spend.spent, spend.refunded) == (1, kept.total, green.amount)


async def test_time_alone_makes_a_customer_dormant_and_lost_and_an_order_wins_them_back(db: Database) -> None:
    world = await seeded(db)
    green = world.items["green"].sku_id
    await deal.paid(db, [(green, 1)], buyer_of(world))
    await heard(db)
    now = datetime.now(UTC)

    await db.transact(lifecycle.move_due, now)
    assert (await known(db, world.tea.merchant_id, buyer_of(world))).stage == Stage.NEW
    await db.transact(lifecycle.move_due, now + timedelta(days=61))
    assert (await known(db, world.tea.merchant_id, buyer_of(world))).stage == Stage.DORMANT
    await db.transact(lifecycle.move_due, now + timedelta(days=121))
    assert (await known(db, world.tea.merchant_id, buyer_of(world))).stage == Stage.LOST

    await paid_before(db, 150)
    await deal.paid(db, [(green, 1)], buyer_of(world))
    await heard(db)

    assert (await known(db, world.tea.merchant_id, buyer_of(world))).stage == Stage.WON_BACK
    assert (await path(db, world.tea.merchant_id, buyer_of(world)))[-4:] == ["new", "dormant", "lost", "won_back"]


async def test_orders_that_told_nobody_of_themselves_are_counted_with_their_whole_history(db: Database) -> None:
    world = await seeded(db)
    green = world.items["green"].sku_id
    for days in (1, 90, 10, 10, 5):
        await deal.paid(db, [(green, 1)], buyer_of(world))
        await paid_before(db, days)

    await db.transact(lifecycle.ask_for_recount, "command:test")
    await sweep_once(db, [sweep for sweep in SWEEPS if sweep.name == "lifecycle.recount"])

    walked = await path(db, world.tea.merchant_id, buyer_of(world))
    assert walked == ["lead", "new", "active", "dormant", "won_back", "loyal"]
    facts = await known(db, world.tea.merchant_id, buyer_of(world))
    assert facts.orders == 5
    news = await db.ask(announced, "lifecycle.moved", world.tea.merchant_id)
    assert news == 0, "what lies long back is history and no news"


async def test_a_nightly_recount_finds_nothing_to_change_and_mends_what_was_wrong(db: Database) -> None:
    world = await seeded(db)
    await deal.paid(db, [(world.items["green"].sku_id, 1)], buyer_of(world))
    await heard(db)
    await db.transact(lifecycle.ask_for_recount, "night:one")
    await sweep_once(db, SWEEPS)

    async def changed(read: Read, recount_id: str) -> int:
        return await read.value(
            "SELECT changed FROM recounts WHERE recount_id = $1 AND finished_at IS NOT NULL", recount_id
        )

    async def spoil(tx: Tx) -> None:
        await tx.execute("UPDATE customer_facts SET spent = spent + 5 WHERE merchant_id = $1", world.tea.merchant_id)

    await db.transact(lifecycle.ask_for_recount, "night:two")
    await sweep_once(db, SWEEPS)
    assert await db.ask(changed, "night:two") == 0
    await db.transact(spoil)
    await db.transact(lifecycle.ask_for_recount, "night:three")
    await sweep_once(db, SWEEPS)
    assert await db.ask(changed, "night:three") == 1


async def test_what_a_visitor_bought_is_the_buyers_once_they_sign_in(db: Database) -> None:
    world = await seeded(db)
    visitor = BuyerId(ids.mint())
    await deal.paid(db, [(world.items["green"].sku_id, 1)], visitor)
    await heard(db)
    assert (await known(db, world.tea.merchant_id, visitor)).orders == 1

    await db.transact(customers.merge_visitor, visitor, buyer_of(world))
    await heard(db)

    assert not await db.ask(lifecycle.facts_of, world.tea.merchant_id, [visitor])
    assert (await known(db, world.tea.merchant_id, buyer_of(world))).orders == 1


async def test_who_was_seen_is_a_visitor_and_who_wants_something_a_lead(db: Database) -> None:
    world = await seeded(db)
    somebody, at = BuyerId(ids.mint()), datetime.now(UTC)

    def sight(minutes: int, *, wants: bool = False) -> Sight:
        return Sight(
            merchant_id=world.tea.merchant_id, buyer_id=somebody, at=at + timedelta(minutes=minutes), wants=wants
        )

    assert await db.transact(lifecycle.seen, [sight(0), sight(1)]) == 2
    assert (await known(db, world.tea.merchant_id, somebody)).stage == Stage.VISITOR
    assert await db.transact(lifecycle.seen, [sight(2)]) == 0, "a moment later is no news"
    assert await db.transact(lifecycle.seen, [sight(3, wants=True)]) == 2
    assert await path(db, world.tea.merchant_id, somebody) == ["visitor", "lead"]


async def test_what_people_do_makes_them_visitors_and_leads_once_each(db: Database) -> None:
    world = await seeded(db)
    somebody, looker, now = ids.mint(), ids.mint(), datetime.now(UTC)

    def did(kind: Kind, who: UUID) -> Behaviour:
        return Behaviour(kind=kind, visitor_id=who, merchant_id=world.tea.merchant_id, at=now)

    await db.transact(behaviour.record, [did(Kind.VIEW, somebody), did(Kind.VIEW, looker), did(Kind.CART, somebody)])
    await open_transactions.awaited(db)
    read = await db.transact(follow, now)

    assert read == 3
    assert await db.transact(follow, now) == 0
    assert await path(db, world.tea.merchant_id, BuyerId(somebody)) == ["lead"]
    assert await path(db, world.tea.merchant_id, BuyerId(looker)) == ["visitor"]
    assert await db.transact(forget_visitors, now + timedelta(days=61)) == 2, "at the shop and at the marketplace"
    assert not await db.ask(lifecycle.facts_of, world.tea.merchant_id, [BuyerId(looker)])
    assert await db.ask(lifecycle.facts_of, world.tea.merchant_id, [BuyerId(somebody)])


async def test_a_shops_own_rule_moves_whom_it_means(db: Database) -> None:
    world = await seeded(db)
    await deal.paid(db, [(world.items["green"].sku_id, 1)], buyer_of(world))
    await paid_before(db, 20)
    await heard(db)
    today = settlement_day(datetime.now(UTC))
    assert (await known(db, world.tea.merchant_id, buyer_of(world))).stage == Stage.NEW

    rule = Rule(dormant_days=10, lost_days=40, loyal_orders=3)
    await db.transact(lifecycle.set_rule, world.tea.merchant_id, rule, today, "staff:x")
    await sweep_once(db, [sweep for sweep in SWEEPS if sweep.name == "lifecycle.apply_rules"])

    assert (await known(db, world.tea.merchant_id, buyer_of(world))).stage == Stage.DORMANT
    assert (await known(db, MARKETPLACE, buyer_of(world))).stage == Stage.NEW, "the marketplace has a rule of its own"


async def test_who_is_forgotten_is_not_counted_again(db: Database) -> None:
    world = await seeded(db)
    await deal.paid(db, [(world.items["green"].sku_id, 1)], buyer_of(world))
    await heard(db)

    await db.transact(lifecycle.forget, [buyer_of(world)])
    assert await db.transact(lifecycle.count, [buyer_of(world)]) == 0

    assert not await db.ask(lifecycle.facts_of, MARKETPLACE, [buyer_of(world)])
