"""The review of a session that has ended: its moments by the rule of docs/algorithms/live.md, plan against what came of it, and
that it stays as it was made."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.channels import live, rooms
from steelyard.channels.live import Facts, NewTask, NotOverYet, moments
from steelyard.channels.live.model import Entry, EntryId
from steelyard.channels.live.moments import MOMENTS_MAX, At, Lost, Sold
from steelyard.channels.rooms.model import Role
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout, orders
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.checkout.model import CheckoutId
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.live import OnAir
from tests.support.world import World

# The example of docs/algorithms/live.md: who watched at the end of each minute, and the orders placed in it.
VIEWERS = [40, 60, 80, 80, 100, 100, 70, 60, 60, 50]
ORDERS = [0, 1, 0, 4, 5, 3, 0, 1, 0, 0]


def test_the_example_of_the_rule_comes_out_as_it_is_written() -> None:
    minutes = [At(viewers, viewers, orders) for viewers, orders in zip(VIEWERS, ORDERS, strict=True)]

    assert moments.viewer_minutes(minutes) == 700 and sum(ORDERS) == 14
    assert moments.sold(minutes) == [Sold(3, 3, 12, 280)]
    assert moments.lost(minutes) == [Lost(5, 3, 100, 40)]


def test_who_leaves_with_the_end_is_no_moment() -> None:
    assert moments.lost([At(50, 50, 0)] * 9 + [At(0, 50, 0)]) == []
    assert moments.sold([At(0, 0, 2)]) == [], "one stretch is as good as the whole"
    assert moments.sold([]) == [] == moments.lost([])


@given(st.lists(st.builds(At, st.integers(0, 9), st.integers(0, 9), st.integers(0, 5)), max_size=40))
def test_moments_are_few_apart_and_what_the_rule_says(minutes: list[At]) -> None:
    sold, lost = moments.sold(minutes), moments.lost(minutes)
    for found in (sold, lost):
        spans = sorted((each.minute, each.minute + each.minutes) for each in found)
        assert len(found) <= MOMENTS_MAX and all(a[1] <= b[0] for a, b in pairwise(spans))
    mean = sum(each.orders for each in minutes) / moments.viewer_minutes(minutes)
    assert all(each.orders / each.viewer_minutes > mean for each in sold)
    assert [each.lost for each in lost] == sorted((each.lost for each in lost), reverse=True)
    assert all(each.minute + each.minutes < len(minutes) for each in lost)


async def ordered(db: Database, world: World, session: OnAir, name: str, second: int, *, paid: bool) -> None:
    checkout_id = CheckoutId(ids.mint())
    await db.transact(
        checkout.open_checkout, checkout_id, BuyerId(ids.mint()), deal.draft([(world.items[name].sku_id, 2)]),
        client=f"live:{session.session_id}:{second}",
    )  # fmt: skip
    purchase_id = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    if paid:
        await deal.captured(db, await deal.instructed(db, purchase_id))
    await deal.at_rest(db)


async def over(db: Database, world: World, session: OnAir) -> str:
    """Nuts were planned, explained and bought; tea was planned and not explained. Who did it: the tea shop's owner."""
    owner = f"staff:{world.tea.owner.account_id}"
    nuts, green = session.products["nuts"], session.products["green"]
    rows = [
        Entry(entry_id=EntryId(ids.mint()), minute=0, minutes=4, product_id=nuts, price=900, pieces=5, owner=Role.DESK),
        Entry(entry_id=EntryId(ids.mint()), minute=4, minutes=3, product_id=green, owner=Role.HOST),
    ]
    await db.transact(live.write_rundown, *session.key, rows, owner)
    for _ in range(2):
        await db.transact(live.act, *session.key, owner, "pin", live.pin, nuts)
    await ordered(db, world, session, "nuts", 301, paid=True)
    await ordered(db, world, session, "nuts", 302, paid=False)
    await db.transact(live.act, *session.key, owner, "end", live.end, owner)
    return owner


async def facts(db: Database, session: OnAir) -> Facts:
    found = await db.ask(live.debrief, *session.key)
    assert found is not None
    return found.facts


async def test_a_review_sets_the_plan_against_what_came_of_it(shop: Database, world: World, session: OnAir) -> None:
    with pytest.raises(NotOverYet):
        await shop.transact(live.make_debrief, *session.key, "staff:x")
    owner = await over(shop, world, session)

    await shop.transact(live.make_debrief, *session.key, owner)

    found = await facts(shop, session)
    nuts, green = (
        {each.product_id: each for each in found.products}[session.products[name]] for name in ("nuts", "green")
    )
    assert (nuts.planned_minutes, nuts.planned_price, nuts.pieces_planned) == (4, 900, 5)
    assert (nuts.orders, nuts.paid, nuts.pieces, nuts.missed) == (2, 1, 2, True)
    assert nuts.gmv == found.gmv > 0 and (found.orders, found.paid) == (2, 1)
    assert (green.planned_minutes, green.explained_seconds, green.paid) == (3, 0, 0)
    assert sum(each.orders for each in found.minutes) == 2 and found.minutes[-1].gmv == nuts.gmv
    roles = {each.role: each for each in found.roles}
    assert roles["desk"].acts == {"pin": 1} and roles["host"].acts == {"end": 1}, "pinned twice is pinned once"
    assert (roles["host"].rows, roles["host"].rows_done) == (1, 0)
    assert [each.what for each in found.happened] == ["pin"]


async def test_who_has_a_role_did_it_in_that_role(shop: Database, world: World, session: OnAir) -> None:
    account_id = world.tea.owner.account_id
    await shop.transact(rooms.give_roles, session.merchant_id, session.room_id, account_id, [Role.CO_HOST])
    owner = await over(shop, world, session)

    await shop.transact(live.make_debrief, *session.key, owner)

    roles = {each.role: each for each in (await facts(shop, session)).roles}
    assert roles["co_host"].acts == {"pin": 1, "end": 1} and roles["co_host"].people == [account_id]


async def test_a_review_stays_as_it_was_made_and_refunds_are_counted_beside_it(
    shop: Database, world: World, session: OnAir
) -> None:
    owner = await over(shop, world, session)
    await shop.transact(live.make_debrief, *session.key, owner)
    before = await shop.ask(live.debrief, *session.key)
    assert before is not None
    assert await shop.ask(live.refunded, *session.key) == {}

    await deal.refunded(shop, await shop.ask(_paid_order, session), Returned(1, 1))
    await shop.transact(live.make_debrief, *session.key, "staff:other")

    assert await shop.ask(live.debrief, *session.key) == before
    back = await shop.ask(live.refunded, *session.key)
    assert list(back) == [session.products["nuts"]] and 0 < back[session.products["nuts"]] * 2 <= before.facts.gmv


async def _paid_order(read: Read, session: OnAir) -> Order:
    order_id = await read.value(
        "SELECT order_id FROM live_orders WHERE session_id = $1 AND paid_at IS NOT NULL", session.session_id
    )
    found = await orders.order(read, MerchantId(session.merchant_id), order_id)
    assert found is not None
    return found


async def test_the_shops_sessions_before_are_compared_with(shop: Database, world: World, session: OnAir) -> None:
    owner = await over(shop, world, session)
    await shop.transact(_another_one_before, session)

    await shop.transact(live.make_debrief, *session.key, owner)

    (before,) = (await facts(shop, session)).before
    assert (before.seconds, before.orders, before.gmv) == (3_600, 0, 0)


async def _another_one_before(tx: Tx, session: OnAir) -> None:
    other = ids.mint()
    await tx.execute(
        """
        INSERT INTO live_sessions (merchant_id, session_id, room_id, title, starts_at, ends_at, state, started_at, ended_at)
        SELECT merchant_id, $3, room_id, title, starts_at - $4::interval, starts_at - $4::interval + interval '1 hour', 'ended'
             , starts_at - $4::interval, starts_at - $4::interval + interval '1 hour'
        FROM live_sessions WHERE merchant_id = $1 AND session_id = $2
        """,
        *session.key,
        other,
        timedelta(days=1),
    )
    await tx.execute(
        """
        INSERT INTO live_session_history (merchant_id, session_id, step, from_state, to_state, by)
        SELECT $1, $2, step, a, b, 'test'
        FROM unnest('{nowhere,planned,ready,on_air}'::text[], '{planned,ready,on_air,ended}'::text[])
            WITH ORDINALITY AS s (a, b, step)
        """,
        session.merchant_id,
        other,
    )


async def test_people_add_notes_and_tasks_once_each(shop: Database, world: World, session: OnAir) -> None:
    note_id, task = ids.mint(), NewTask(task_id=ids.mint(), words="Longer for tea", owner_id=world.tea.owner.account_id)
    with pytest.raises(NotFound):
        await shop.transact(live.add_note, *session.key, note_id, "Too early", "staff:x")
    owner = await over(shop, world, session)
    await shop.transact(live.make_debrief, *session.key, owner)

    for _ in range(2):
        await shop.transact(live.add_note, *session.key, note_id, " The light was bad. ", owner)
        await shop.transact(live.add_task, *session.key, task, owner)
        await shop.transact(live.finish_task, *session.key, task.task_id, owner, done=True)
    with pytest.raises(Invalid):
        await shop.transact(live.add_note, *session.key, ids.mint(), " ", owner)
    with pytest.raises(Invalid):
        stranger = NewTask(task_id=ids.mint(), words="x", owner_id=world.tools.owner.account_id)
        await shop.transact(live.add_task, *session.key, stranger, owner)

    (note,), (kept,) = await shop.ask(live.notes, *session.key), await shop.ask(live.tasks, *session.key)
    assert (note.words, note.by) == ("The light was bad.", owner)
    assert kept.done_at is not None and kept.done_by == owner
    await shop.transact(live.finish_task, *session.key, task.task_id, owner, done=False)
    assert (await shop.ask(_open_tasks)) == 1


async def _open_tasks(read: Read) -> int:
    return await read.value("SELECT count(*)::integer FROM live_debrief_tasks WHERE done_at IS NULL")
