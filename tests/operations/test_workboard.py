"""The board of tasks: opened once, worked on step by step, handed over to one's own people alone, seen by whom it concerns."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.text import Text, text
from steelyard.operations import workboard
from steelyard.operations.workboard import Filter, State, Task, Whose, working
from steelyard.operations.workboard.model import MACHINE
from tests.parties.people import id_of, staff_of

SHOP, OTHER = ids.mint(), ids.mint()
NOW = datetime.now(UTC)


def task(title: str = "看一看", **fields: Any) -> Task:
    plain = Task(merchant_id=SHOP, task_id=ids.mint(), title=text(title, title))
    return msgspec.structs.replace(plain, **fields)


async def opened(db: Database, *tasks: Task) -> None:
    await db.transact(workboard.open_tasks, tasks, "system")


async def test_a_task_is_opened_once_and_stays_as_people_have_changed_it(db: Database) -> None:
    one, journey = task(), ids.mint()
    houses = task(merchant_id=None, source="journeys", source_id=journey, link="/operator/buyers")

    assert await db.transact(workboard.open_tasks, [one, houses, one], "system") == 2
    await db.transact(workboard.change, SHOP, one.task_id, Text({"en": "Otherwise"}), Text(), NOW)
    assert not await db.transact(workboard.open_task, one, "system")

    now = await db.ask(workboard.task, SHOP, one.task_id)
    assert (now.title, now.due_at, now.state) == ({"en": "Otherwise"}, NOW, State.OPEN)
    assert [each.task_id for each in await db.ask(workboard.of_source, None, "journeys", journey)] == [houses.task_id]
    for wrong in (task(title=" "), task(title="x" * 201), task(note=Text({"en": "x" * 2_001}))):
        with pytest.raises(Invalid):
            await db.transact(workboard.open_task, wrong, "system")


async def test_a_task_goes_only_where_its_states_lead_and_every_step_is_written_down(db: Database) -> None:
    who = ids.mint()
    ways: dict[State, list[State]] = {
        State.OPEN: [],
        State.DOING: [State.DOING],
        State.DONE: [State.DONE],
        State.DROPPED: [State.DROPPED],
    }
    for state, way in ways.items():
        for wanted in State:
            one = task()
            await opened(db, one)
            for step in way:
                await db.transact(partial(workboard.move, reason="r"), SHOP, one.task_id, step, "staff:a")

            def move(tx: Tx, one: Task = one, wanted: State = wanted) -> Any:
                return workboard.move(tx, SHOP, one.task_id, wanted, "staff:a", reason="Not worth it", account_id=who)

            if state is wanted or MACHINE.allows(state, wanted):
                await db.transact(move)
                await db.transact(move)
                now = await db.ask(workboard.task, SHOP, one.task_id)
                assert now.state is wanted
                steps = await db.ask(workboard.history, SHOP, one.task_id)
                assert len(steps) == 1 + len(way) + (state is not wanted)
            else:
                with pytest.raises(TransitionRefused):
                    await db.transact(move)


async def test_who_begins_it_sees_to_it_and_who_drops_it_says_why(db: Database) -> None:
    one, who = task(), ids.mint()
    await opened(db, one)

    def moved(to: State, reason: str = "") -> Callable[[Tx], Any]:
        return lambda tx: workboard.move(tx, SHOP, one.task_id, to, "staff:a", reason=reason, account_id=who)

    await db.transact(moved(State.DOING))
    assert (await db.ask(workboard.task, SHOP, one.task_id)).account_id == who
    with pytest.raises(Invalid) as refused:
        await db.transact(moved(State.DROPPED, " "))
    assert set(refused.value.fields) == {"reason"}
    await db.transact(moved(State.DROPPED, "Sold out"))
    dropped = await db.ask(workboard.task, SHOP, one.task_id)
    assert (dropped.reason, dropped.closed_at is None) == ("Sold out", False)
    await db.transact(moved(State.OPEN))
    again = await db.ask(workboard.task, SHOP, one.task_id)
    assert (again.reason, again.closed_at, again.account_id) == ("", None, who)
    with pytest.raises(NotFound):
        await db.transact(lambda tx: workboard.move(tx, OTHER, one.task_id, State.DONE, "staff:a"))


async def test_a_task_is_handed_to_the_shops_own_people_with_a_note_that_stands_once(db: Database) -> None:
    clerk, stranger = await staff_of(db, SHOP, "merchant_clerk"), await staff_of(db, OTHER, "merchant_clerk")
    one, note = task(), ids.mint()
    await opened(db, one)

    def handed(comment_id: Any, account_id: Any, role: str | None) -> Callable[[Tx], Any]:
        return lambda tx: workboard.hand_over(
            tx,
            SHOP,
            one.task_id,
            comment_id,
            "staff:a",
            account_id=account_id,
            role=role,
            words="The box is in the yard",
        )

    for wrong, field in (((id_of(stranger), None), "account_id"), ((None, "operator_admin"), "role")):
        with pytest.raises(Invalid) as refused:
            await db.transact(handed(ids.mint(), *wrong))
        assert set(refused.value.fields) == {field}
    for _ in range(2):
        await db.transact(handed(note, id_of(clerk), "merchant_clerk"))
    await db.transact(workboard.comment, SHOP, one.task_id, ids.mint(), "Found it", "staff:b")

    now = await db.ask(workboard.task, SHOP, one.task_id)
    said = await db.ask(workboard.comments, SHOP, one.task_id)
    assert (now.account_id, now.role) == (id_of(clerk), "merchant_clerk")
    assert [(each.words, each.handed) for each in said] == [("The box is in the yard", True), ("Found it", False)]


async def test_when_enough_was_said_of_a_task_it_can_still_be_handed_over(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "COMMENTS_MAX", 1)
    one, said = task(), ids.mint()
    await opened(db, one)
    for _ in range(2):  # a second click is no second comment
        await db.transact(workboard.comment, SHOP, one.task_id, said, "Found it", "staff:a")

    with pytest.raises(Invalid):
        await db.transact(workboard.comment, SHOP, one.task_id, ids.mint(), "Lost it", "staff:a")
    hand_over = partial(workboard.hand_over, account_id=None, role=None)
    await db.transact(hand_over, SHOP, one.task_id, ids.mint(), "staff:a")

    assert [each.handed for each in await db.ask(workboard.comments, SHOP, one.task_id)] == [False, True]


async def test_the_board_shows_what_is_due_first_and_to_each_what_is_theirs(db: Database) -> None:
    me = ids.mint()
    late, soon, whenever = (
        task("late", due_at=NOW - timedelta(days=1), account_id=me),
        task("soon", due_at=NOW + timedelta(days=1), role="merchant_clerk"),
        task("whenever"),
    )
    taken = task("taken", role="merchant_clerk", account_id=ids.mint())
    await opened(db, whenever, soon, late, taken, task("elsewhere", merchant_id=OTHER))
    await db.transact(lambda tx: workboard.move(tx, SHOP, taken.task_id, State.DONE, "staff:a"))

    async def seen(**asked: Any) -> list[str]:
        which = Filter(account_id=me, roles=["merchant_clerk"], **asked)
        board = await db.ask(workboard.board, SHOP, which)
        assert board.counts == {state: len(cards) for state, cards in board.cards.items()}
        return [card.title["en"] for cards in board.cards.values() for card in cards]

    assert await seen() == ["late", "soon", "whenever", "taken"]
    assert await seen(whose=Whose.MINE) == ["late"]
    assert await seen(whose=Whose.ROLE) == ["soon"]
    assert await seen(whose=Whose.NOBODYS) == ["whenever"]
    assert await seen(whose=Whose.LATE) == ["late"]
    assert await seen(words="WHEN") == ["whenever"]
    waits = await db.ask(workboard.counts, SHOP, me, ["merchant_clerk"])
    assert (waits.mine, waits.role, waits.late) == (1, 1, 1)
    first = await db.ask(workboard.page, SHOP, State.OPEN, Filter(), None, 2)
    rest = await db.ask(workboard.page, SHOP, State.OPEN, Filter(), first.next, 2)
    assert [each.task_id for each in [*first.items, *rest.items]] == [late.task_id, soon.task_id, whenever.task_id]
    assert rest.next is None


async def test_what_was_done_long_ago_is_in_the_list_and_no_longer_on_the_board(db: Database) -> None:
    old, fresh = task("old"), task("fresh")
    await opened(db, old, fresh)
    for each in (old, fresh):
        await db.transact(workboard.move, SHOP, each.task_id, State.DONE, "staff:a")
    await db.transact(_long_ago, old)

    board = await db.ask(workboard.board, SHOP, Filter())
    listed = await db.ask(workboard.page, SHOP, State.DONE, Filter())

    assert [each.task_id for each in board.cards[State.DONE]] == [fresh.task_id]
    assert board.counts[State.DONE] == 1
    assert [each.task_id for each in listed.items] == [fresh.task_id, old.task_id]


async def _long_ago(tx: Tx, one: Task) -> None:
    await tx.execute("UPDATE tasks SET closed_at = now() - interval '15 days' WHERE task_id = $1", one.task_id)


async def test_a_shop_sees_neither_anothers_tasks_nor_the_marketplaces(db: Database) -> None:
    await opened(db, task("ours"), task("theirs", merchant_id=OTHER), task("the house’s", merchant_id=None))

    found = await db.as_merchant(SHOP).ask(lambda read: read.fetch("SELECT title->>'en' AS title FROM tasks"))

    assert [row["title"] for row in found] == ["ours"]
