"""What people do with segments, what moves customers between them, and what follows them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import (
    AmountOff,
    Group,
    GroupId,
    Joining,
    MemberSource,
    Offer,
    PromotionId,
    Step,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.operations import lifecycle, segments
from steelyard.operations.behaviour import Behaviour
from steelyard.operations.behaviour import Kind as Deed
from steelyard.operations.segments import settling, tree
from steelyard.operations.segments.model import (
    All,
    AnyOf,
    Bought,
    Consent,
    Did,
    GroupFollowsAnother,
    Inside,
    Language,
    Measure,
    Not,
    Number,
    SegmentInUse,
    SegmentsGoRound,
    TreeRefused,
)
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.trade.aftersales.model import Returned
from tests.operations.segments.conftest import bought, defined, did, heard, inside, said, seen
from tests.support import deal
from tests.support.database import Settled
from tests.support.rivals import waiting
from tests.support.world import World, seeded

TWICE = Number(measure=Measure.ORDERS, at_least=2)
ONCE = Number(measure=Measure.ORDERS, at_least=1)


def buyer_of(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


async def news(db: Database, kind: str) -> list[dict[str, Any]]:
    async def asked(read: Read) -> list[dict[str, Any]]:
        rows = await read.fetch("SELECT payload FROM events WHERE kind = $1 ORDER BY xid, position", kind)
        return [row["payload"] for row in rows]

    return await db.ask(asked)


async def test_a_customer_comes_in_with_the_order_and_goes_with_the_refund_and_both_are_told(db: Database) -> None:
    world = await seeded(db)
    twice = await defined(db, world, TWICE)
    kept = await defined(db, world, Number(measure=Measure.REFUNDS, at_most=0))
    await bought(db, world, buyer_of(world))
    assert (await inside(db, twice), await inside(db, kept)) == (set(), {buyer_of(world)})

    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 1)], buyer_of(world))
    await heard(db)
    await deal.shipped(db, order)
    await deal.refunded(db, await deal.again(db, order), Returned(1, 1))
    await heard(db)

    assert (await inside(db, twice), await inside(db, kept)) == ({buyer_of(world)}, set())
    assert [each["segment_id"] for each in await news(db, "segments.entered")] == [
        str(kept.segment_id),
        str(twice.segment_id),
    ]
    assert [(each["segment_id"], each["counted"]) for each in await news(db, "segments.left")] == [
        (str(kept.segment_id), False)
    ]
    assert [each.entered for each in await db.ask(segments.days, kept.merchant_id, kept.segment_id)] == [1]


async def test_what_people_do_say_of_themselves_and_buy_counts_too(db: Database) -> None:
    world = await seeded(db)
    buyer, nuts = buyer_of(world), world.items["nuts"]
    looked = await defined(db, world, Did(event="view", at_least=True, times=2, days=7, products=(nuts.product_id,)))
    never = await defined(db, world, Did(event="cart", at_least=False, times=0, days=7))
    wants = await defined(db, world, All(of=(Consent(agreed=True), Language(languages=("zh-Hans",)))))
    of_green = await defined(db, world, Bought(products=(world.items["green"].product_id,)))
    of_category = await defined(db, world, Bought(categories=tuple(world.categories.values()), days=30))
    await bought(db, world, buyer)
    assert await inside(db, never) == {buyer}

    visitor = ids.mint()

    def deed(kind: Deed, buyer_id: BuyerId | None) -> Behaviour:
        return Behaviour(
            kind=kind, visitor_id=visitor, buyer_id=buyer_id, merchant_id=nuts.merchant_id, product_id=nuts.product_id
        )

    await did(db, [deed(Deed.VIEW, None), deed(Deed.CART, buyer)])
    await db.transact(customers.merge_visitor, BuyerId(visitor), buyer)
    await did(db, [deed(Deed.VIEW, buyer)])
    await db.transact(customers.want_mails, buyer, agreed=True)
    await db.transact(
        customers.change_profile, buyer, name="Li Na", phone="", locale="zh-Hans", email="lina@example.com"
    )
    await heard(db)

    assert await inside(db, looked) == {buyer}
    assert await inside(db, never) == set()
    assert await inside(db, wants) == {buyer}
    assert (await inside(db, of_green), await inside(db, of_category)) == (set(), {buyer})


async def test_another_shops_customers_and_what_they_do_there_are_not_seen(db: Database) -> None:
    world = await seeded(db)
    everybody = await defined(db, world, Number(measure=Measure.ORDERS, at_least=0))
    await deal.paid(db, [(world.items["hammer"].sku_id, 1)], buyer_of(world))
    await heard(db)

    whole = await defined(db, world, ONCE, merchant_id=lifecycle.MARKETPLACE)

    assert await inside(db, everybody) == set()
    assert await inside(db, whole) == {buyer_of(world)}

    async def shops(read: Read) -> set[UUID]:
        return {row["merchant_id"] for row in await read.fetch("SELECT merchant_id FROM segments")}

    assert await db.as_merchant(world.tea.merchant_id).ask(shops) == {world.tea.merchant_id}


async def test_a_definition_is_kept_when_another_takes_its_place(db: Database) -> None:
    world = await seeded(db)
    await bought(db, world, buyer_of(world))
    first = await defined(db, world, TWICE)

    again = await db.transact(segments.define, first, "test")
    await defined(db, world, ONCE, segment_id=first.segment_id)

    assert again == 1
    assert await inside(db, first) == {buyer_of(world)}
    said_before = await db.ask(segments.versions, first.merchant_id, first.segment_id)
    assert [(each.version, each.tree) for each in said_before] == [(2, ONCE), (1, TWICE)]


async def test_segments_do_not_ask_for_each_other_round_about(db: Database) -> None:
    world = await seeded(db)
    first = await defined(db, world, ONCE)
    second = await defined(db, world, Not(of=Inside(segment_id=first.segment_id)))

    with pytest.raises(SegmentsGoRound):
        await db.transact(
            segments.define, said(world, Inside(segment_id=second.segment_id), segment_id=first.segment_id), "test"
        )
    with pytest.raises(TreeRefused) as refused:
        await db.transact(
            segments.define, said(world, All(of=(ONCE, AnyOf(of=(Inside(segment_id=ids.mint()),))))), "test"
        )
    assert [each.place for each in refused.value.wrong] == ["2.1"]


async def test_what_is_in_use_is_not_put_away_and_what_is_put_away_can_be_taken_back(db: Database) -> None:
    world = await seeded(db)
    first = await defined(db, world, ONCE)
    asking = await defined(db, world, Inside(segment_id=first.segment_id), name=text("新客", "Newcomers"))

    with pytest.raises(SegmentInUse) as refused:
        await db.transact(segments.archive, first.merchant_id, first.segment_id)
    await db.transact(segments.archive, first.merchant_id, asking.segment_id)
    await db.transact(segments.archive, first.merchant_id, first.segment_id)
    await bought(db, world, buyer_of(world))
    assert await inside(db, first) == set()
    with pytest.raises(TreeRefused):
        await db.transact(segments.restore, first.merchant_id, asking.segment_id)
    await db.transact(segments.restore, first.merchant_id, first.segment_id)
    await heard(db)

    assert refused.value.where == text("新客", "Newcomers")
    assert await inside(db, first) == {buyer_of(world)}


async def in_group(db: Database, group: Group) -> list[tuple[UUID, MemberSource]]:
    found = await db.ask(promotions.members, group.merchant_id, group.group_id)
    return sorted((each.buyer_id, each.source) for each in found)


async def grouped(db: Database, world: World) -> Group:
    group = Group(
        merchant_id=world.tea.merchant_id, group_id=GroupId(ids.mint()), name=text("老客", "Regulars"), days=1
    )
    await db.transact(promotions.set_group, group)
    return group


async def test_a_group_has_whom_its_segment_has_and_keeps_whom_the_shop_chose(db: Database, settled: Settled) -> None:
    world = await seeded(db)
    one, other, chosen = sorted([buyer_of(world), BuyerId(ids.mint()), BuyerId(ids.mint())])
    group, segment = await grouped(db, world), await defined(db, world, TWICE)
    await bought(db, world, one, times=2)
    await db.transact(promotions.join, [Joining(group.merchant_id, group.group_id, chosen)], MemberSource.HAND)
    await db.transact(promotions.join, [Joining(group.merchant_id, group.group_id, one)], MemberSource.HAND)
    hand = [(one, MemberSource.HAND), (chosen, MemberSource.HAND)]

    await db.transact(segments.bind, group.merchant_id, segment.segment_id, group.group_id, "test")
    await heard(db)
    await bought(db, world, other, times=2)
    await settled()
    assert await in_group(db, group) == sorted([*hand, (one, MemberSource.SEGMENT), (other, MemberSource.SEGMENT)])
    with pytest.raises(SegmentInUse):
        await db.transact(segments.archive, group.merchant_id, segment.segment_id)
    with pytest.raises(GroupFollowsAnother):
        another = await defined(db, world, ONCE)
        await db.transact(segments.bind, group.merchant_id, another.segment_id, group.group_id, "test")

    await defined(db, world, Number(measure=Measure.ORDERS, at_least=3), segment_id=segment.segment_id)
    await settled()
    assert await in_group(db, group) == sorted(hand)
    await defined(db, world, TWICE, segment_id=segment.segment_id)
    await db.transact(segments.unbind, group.merchant_id, segment.segment_id, group.group_id)
    assert await in_group(db, group) == sorted(hand)


async def test_a_list_has_the_shops_own_customers_and_says_whom_it_does_not_know(db: Database) -> None:
    world = await seeded(db)
    buyer, known, stranger = buyer_of(world), ids.mint(), ids.mint()
    customer_list = said(world, None)
    await db.transact(segments.make_list, customer_list)
    not_on_it = await defined(db, world, Not(of=Inside(segment_id=customer_list.segment_id)))
    await bought(db, world, buyer)
    await bought(db, world, BuyerId(known))
    assert await inside(db, not_on_it) == {buyer, known}

    named = [world.buyer.email.upper(), str(known), str(stranger), "nobody@example.com", world.buyer.email.upper()]
    came = await db.transact(segments.import_people, customer_list.merchant_id, customer_list.segment_id, named)
    again = await db.transact(segments.import_people, customer_list.merchant_id, customer_list.segment_id, named)

    assert (came.added, came.rejected, came.rejects) == (2, 2, [str(stranger), "nobody@example.com"])
    assert (again.added, again.there) == (0, 2)
    assert (await inside(db, customer_list), await inside(db, not_on_it)) == ({buyer, known}, set())
    gone = await db.transact(segments.remove_people, customer_list.merchant_id, customer_list.segment_id, [known])
    assert (gone, await inside(db, not_on_it)) == (1, {known})
    with pytest.raises(NotFound):
        await db.transact(segments.add_people, customer_list.merchant_id, not_on_it.segment_id, [buyer])
    with pytest.raises(Invalid):
        await db.transact(segments.import_people, customer_list.merchant_id, customer_list.segment_id, [" "])


async def test_a_coupon_goes_to_who_is_in_the_segment_at_that_moment(db: Database) -> None:
    world = await seeded(db)
    segment = await defined(db, world, ONCE)
    await bought(db, world, buyer_of(world))
    now = datetime.now(UTC)
    offer = Offer(
        merchant_id=world.tea.merchant_id, promotion_id=PromotionId(ids.mint()), name=text("券", "Coupon"),
        rule=AmountOff(steps=(Step(1_000, 500),)), currency="CNY", starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1), coupon=True, per_buyer=1, given=True,
    )  # fmt: skip
    await db.transact(promotions.save, offer)
    gift_id = ids.mint()

    given = await db.transact(
        segments.give_coupon, offer.merchant_id, segment.segment_id, offer.promotion_id, gift_id, "test"
    )
    again = await db.transact(
        segments.give_coupon, offer.merchant_id, segment.segment_id, offer.promotion_id, gift_id, "test"
    )

    assert (given, again) == (1, None)
    held = await db.ask(promotions.held_by, [buyer_of(world)], [offer])
    assert held == {buyer_of(world): {offer.promotion_id}}


async def test_who_is_forgotten_is_in_nothing_any_more(db: Database) -> None:
    world = await seeded(db)
    segment = await defined(db, world, ONCE)
    customer_list = said(world, None)
    await db.transact(segments.make_list, customer_list)
    await bought(db, world, buyer_of(world))
    await db.transact(segments.add_people, segment.merchant_id, customer_list.segment_id, [buyer_of(world)])

    await db.transact(lifecycle.forget, [buyer_of(world)])
    await heard(db)

    assert (await inside(db, segment), await inside(db, customer_list)) == (set(), set())


async def test_two_who_look_at_the_same_customer_do_not_write_an_old_truth_over_a_new_one(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has looked and not yet written while the customer's order is counted and looked at. With the row held the second
    waits, and says what is true; without it (the control) the first writes what it saw before."""
    world = await seeded(db)
    segment = await defined(db, world, Number(measure=Measure.ORDERS, at_most=0))
    await seen(db, world, [buyer_of(world)])
    who = [(segment.merchant_id, buyer_of(world))]
    assert await inside(db, segment) == {buyer_of(world)}

    async def paid(tx: Tx) -> None:
        await tx.execute(
            """
            UPDATE customer_facts SET orders = 1, stage = 'new', first_paid_at = now(), last_paid_at = now()
            WHERE merchant_id = $1 AND buyer_id = $2
            """,
            *who[0],
        )

    async def spoilt(tx: Tx) -> None:
        """What the slow one finds when it begins: the customer is in."""
        await tx.execute("DELETE FROM segment_members WHERE buyer_id = $1", who[0][1])
        await tx.execute("UPDATE segments SET members = 0")

    async def lives(*, guarded: bool) -> set[UUID]:
        await db.transact(spoilt)
        looked, go_on = asyncio.Event(), asyncio.Event()
        write = settling.write

        async def slowly(*args: Any, **more: Any) -> None:
            if not looked.is_set():
                looked.set()
                await go_on.wait()
            await write(*args, **more)

        with monkeypatch.context() as patched:
            patched.setattr(settling, "write", slowly)
            if not guarded:
                patched.setattr(settling, "hold", unguarded)
            slow = asyncio.create_task(db.transact(segments.settle, who, [tree.FACTS]))
            await looked.wait()
            await db.transact(paid)
            quick = asyncio.create_task(db.transact(segments.settle, who, [tree.FACTS]))
            while not quick.done() and not await db.ask(waiting):
                await asyncio.sleep(0.01)
            go_on.set()
            await asyncio.gather(slow, quick)
        return await inside(db, segment)

    async def unguarded(*_: Any) -> set[Any]:
        return set()

    assert await lives(guarded=False) == {buyer_of(world)}
    await db.transact(unpaid, who[0])
    assert await lives(guarded=True) == set()
    await db.transact(unpaid, who[0])


async def unpaid(tx: Tx, who: tuple[UUID, UUID]) -> None:
    await tx.execute(
        """
        UPDATE customer_facts SET orders = 0, stage = 'visitor', first_paid_at = NULL, last_paid_at = NULL
        WHERE merchant_id = $1 AND buyer_id = $2
        """,
        *who,
    )
