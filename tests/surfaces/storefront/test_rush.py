"""The turnstile: more want what is sold by the piece than there are pieces, all in one moment."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from litestar import Litestar

from steelyard.goods import promotions
from steelyard.kernel.db import Database, Read, Tx
from steelyard.surfaces.web import turnstile
from steelyard.surfaces.web.turnstile import INSIDE_MAX, TOLD_SECONDS, Line, TooManyWait
from steelyard.trade import orders
from tests.support.browser import Browser, browsing, hidden, words
from tests.support.flash import flash, item, planned
from tests.support.world import World
from tests.surfaces.storefront.buying import SHIP_TO, open_checkout, put

PIECES, BUYERS = 3, 12


def asking(left: list[int | None]) -> Callable[[], "asyncio.Future[int | None]"]:
    """What is left, one answer after the other; the last one stays."""

    def ask() -> "asyncio.Future[int | None]":
        answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        answer.set_result(left.pop(0) if len(left) > 1 else left[0])
        return answer

    return ask


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_as_many_go_in_as_can_win_in_their_order_and_all_others_hear_it_when_nothing_is_left() -> None:
    line = Line(asking([3, 1, 0]), 1)
    turns = [asyncio.create_task(line.enter()) for _ in range(6)]
    await settled()
    assert [turn.done() for turn in turns] == [True, True, True, False, False, False]
    assert line.crowded

    # Two of the three have bought, one piece is left, and one of those inside still wants it.
    line.leave()
    line.leave()
    await asyncio.sleep(turnstile.LOOK_SECONDS * 2)
    assert [turn.done() for turn in turns[3:]] == [False, False, False]
    line.leave()
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*turns)

    assert answers == [True, True, True, False, False, False]
    assert line.idle
    assert not await line.enter()


async def test_of_two_processes_each_lets_in_its_half_and_never_more_than_a_batch() -> None:
    half, most = Line(asking([5]), 2), Line(asking([10_000]), 1)
    waiting = [asyncio.create_task(line.enter()) for line in (half, most) for _ in range(INSIDE_MAX + 10)]
    await settled()
    inside = [sum(turn.done() for turn in part) for part in (waiting[: INSIDE_MAX + 10], waiting[INSIDE_MAX + 10 :])]
    for turn in waiting:
        turn.cancel()

    assert inside == [3, INSIDE_MAX]


async def test_what_is_not_sold_by_the_piece_goes_in_and_an_error_is_everybodys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await Line(asking([None]), 1).enter()

    async def broken() -> int:
        raise OSError("away")

    line = Line(broken, 1)
    answers = await asyncio.gather(line.enter(), line.enter(), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OSError, OSError]
    monkeypatch.setattr(turnstile, "WAITING_MAX", 0)
    with pytest.raises(TooManyWait):
        await Line(asking([1]), 1).enter()


async def ready(browser: Browser, world: World) -> tuple[str, dict[str, str]]:
    """A checkout with one piece, filled in; the address and the form as the page holds it."""
    await put(browser, world.items["nuts"])
    till = await open_checkout(browser)
    await browser.post(till, SHIP_TO)
    return till, form_of(await browser.get(till))


def form_of(page: httpx.Response) -> dict[str, str]:
    rush = {"rush": hidden(page, "rush")} if 'name="rush"' in page.text else {}
    return {**SHIP_TO, "expected_total": hidden(page, "expected_total"), "channel": "simpay", "then": "place", **rush}


async def taken(db: Database) -> int:
    async def asked(read: Read) -> int:
        return await read.value("SELECT sum(taken)::integer FROM promotions WHERE pieces IS NOT NULL")

    return await db.ask(asked)


async def test_as_many_have_one_as_there_are_and_what_is_not_paid_comes_back_once(
    app: Litestar, db: Database, world: World
) -> None:
    await planned(db, flash(world, item(world, pieces=PIECES)))
    async with AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(browsing(app)) for _ in range(BUYERS)]
        forms = [await ready(each, world) for each in crowd]

        answers = await asyncio.gather(*(each.post(*form) for each, form in zip(crowd, forms, strict=True)))

        won = [place for place, answer in enumerate(answers) if answer.status_code == 303]
        lost = [place for place, answer in enumerate(answers) if answer.status_code == 409]
        assert (len(won), len(lost), await taken(db)) == (PIECES, BUYERS - PIECES, PIECES)
        assert {words(answers[place]).partition(" · ")[0] for place in lost} == {"Sold out"}
        # A second click finds what is theirs; and what it costs now is still there, for who wants it so.
        again = await crowd[won[0]].post(*forms[won[0]])
        assert (again.status_code, await taken(db)) == (303, PIECES)
        page = await crowd[lost[0]].get(forms[lost[0]][0])
        assert 'name="rush"' not in page.text
        assert int(hidden(page, "expected_total")) > int(forms[lost[0]][1]["expected_total"])
        assert (await crowd[lost[0]].post(forms[lost[0]][0], form_of(page))).status_code == 303

        # One does not pay: the piece is sold once more, and only once.
        await db.transact(lapsed, page=forms[won[0]][0])
        await db.transact(orders.cancel_unpaid)
        assert await taken(db) == PIECES - 1
        await asyncio.sleep(TOLD_SECONDS)
        later = await asyncio.gather(*(crowd[place].post(*forms[place]) for place in lost[1:]))

    assert sorted(answer.status_code for answer in later) == [303, *[409] * (len(lost) - 2)]
    assert await taken(db) == PIECES


async def test_whoever_is_let_in_and_comes_too_late_hears_what_all_hear_and_a_moved_total_is_none_of_it(
    app: Litestar, db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def let_in(line: Line) -> bool:
        line._inside += 1  # pyright: ignore[reportPrivateUsage]  # a turnstile that keeps nobody out
        return True

    monkeypatch.setattr(Line, "enter", let_in)
    monkeypatch.setattr(Line, "crowded", True)
    await planned(db, flash(world, item(world, pieces=PIECES)))
    async with AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(browsing(app)) for _ in range(PIECES * 2)]
        forms = [await ready(each, world) for each in crowd]
        # Another total while pieces are left is not for all to hear: it is their own, and shown.
        moved = await crowd[0].post(forms[0][0], forms[0][1] | {"expected_total": "1"})
        answers = await asyncio.gather(*(each.post(*form) for each, form in zip(crowd, forms, strict=True)))
        late = [answer for answer in answers if answer.status_code == 409]

        assert (moved.status_code, "The total has changed" in words(moved)) == (409, True)
        assert (len(late), await taken(db)) == (PIECES, PIECES)
        for answer in late:
            assert words(answer).startswith("Sold out")
            assert (answer.headers["cache-control"], "expected_total" in answer.text) == ("no-store", False)
        # Who has one is told so, however late the second click.
        won = next(place for place, answer in enumerate(answers) if answer.status_code == 303)
        assert (await crowd[won].post(*forms[won])).headers["location"].startswith("/purchases/")
    assert await taken(db) == PIECES


async def lapsed(tx: Tx, *, page: str) -> None:
    """The time to pay what this checkout became is over."""
    await tx.execute(
        """
        UPDATE purchases SET pay_by = now() - interval '1 second'
        WHERE purchase_id = (SELECT purchase_id FROM checkouts WHERE checkout_id = $1)
        """,
        page.rpartition("/")[2],
    )


async def test_a_price_that_is_over_lets_everybody_in_who_then_see_what_it_costs(
    app: Litestar, db: Database, world: World
) -> None:
    wanted = await planned(db, flash(world, item(world, pieces=PIECES)))
    async with browsing(app) as browser:
        form = await ready(browser, world)
        await db.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="test")
        answer = await browser.post(*form)

    assert answer.status_code == 409
    assert "The total has changed" in words(answer)
