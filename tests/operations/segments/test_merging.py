"""A visitor who signs in brings along what they did, said and bought: segments know it in that moment."""

from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.operations import segments
from steelyard.operations.behaviour import Behaviour
from steelyard.operations.behaviour import Kind as Deed
from steelyard.operations.segments import Said
from steelyard.operations.segments.model import All, Answered, Country, Did, Inside, Measure, Not, Number
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from tests.operations.segments.conftest import bought, defined, did, heard, inside, said, seen
from tests.support.world import World, seeded


def buyer_of(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


def put_into_the_cart(world: World, visitor: UUID) -> Behaviour:
    nuts = world.items["nuts"]
    return Behaviour(kind=Deed.CART, visitor_id=visitor, merchant_id=nuts.merchant_id, product_id=nuts.product_id)


async def signs_in(db: Database, visitor: UUID, buyer: BuyerId) -> None:
    await db.transact(customers.merge_visitor, BuyerId(visitor), buyer)
    await heard(db)


async def test_what_they_did_before_they_signed_in_counts_at_once(db: Database) -> None:
    world = await seeded(db)
    buyer, visitor = buyer_of(world), ids.mint()
    carted = await defined(db, world, Did(event="cart", at_least=True, times=1, days=7))
    never = await defined(db, world, Did(event="cart", at_least=False, times=0, days=7))
    asking = await defined(db, world, Not(of=Inside(segment_id=carted.segment_id)))
    await seen(db, world, [buyer, visitor])
    await did(db, [put_into_the_cart(world, visitor)])
    assert (await inside(db, carted), await inside(db, never)) == ({visitor}, {buyer})

    await signs_in(db, visitor, buyer)

    assert (await inside(db, carted), await inside(db, never)) == ({buyer}, set())
    assert await inside(db, asking) == set()


async def test_a_guest_on_a_list_stays_on_it_when_they_have_an_account(db: Database) -> None:
    world = await seeded(db)
    buyer, guest = buyer_of(world), BuyerId(ids.mint())
    testers = said(world, None)
    await db.transact(segments.make_list, testers)
    others = await defined(db, world, Not(of=Inside(segment_id=testers.segment_id)))
    await bought(db, world, guest)
    await db.transact(segments.add_people, testers.merchant_id, testers.segment_id, [guest])

    await signs_in(db, guest, buyer)

    assert (await inside(db, testers), await inside(db, others)) == ({buyer}, set())


async def test_what_they_answered_as_a_guest_is_what_they_answered(db: Database) -> None:
    world = await seeded(db)
    buyer, guest, survey_id = buyer_of(world), ids.mint(), ids.mint()
    unhappy = await defined(db, world, Answered(survey_id=survey_id, question="nps", at_most=6))
    await seen(db, world, [buyer, guest])
    answer = [Said(question="nps", number=3)]
    await db.transact(segments.note_answers, world.tea.merchant_id, survey_id, guest, answer)
    assert await inside(db, unhappy) == {guest}

    await signs_in(db, guest, buyer)
    assert await inside(db, unhappy) == {buyer}
    await db.transact(segments.forget, [buyer, BuyerId(guest)])
    assert await inside(db, unhappy) == set()


async def test_the_country_of_an_order_that_they_placed_as_a_guest_is_theirs(db: Database) -> None:
    world = await seeded(db)
    buyer, guest = buyer_of(world), BuyerId(ids.mint())
    at_home = All(of=(Country(countries=("CN",)), Number(measure=Measure.ORDERS, at_least=1)))
    segment = await defined(db, world, at_home)
    await seen(db, world, [buyer])
    await db.transact(nowhere, buyer)
    await bought(db, world, guest)
    assert await inside(db, segment) == {guest}

    await signs_in(db, guest, buyer)

    assert await inside(db, segment) == {buyer}


async def nowhere(tx: Tx, buyer: BuyerId) -> None:
    await tx.execute("UPDATE buyers SET country = NULL WHERE buyer_id = $1", buyer)
