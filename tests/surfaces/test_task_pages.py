"""The board of tasks as people use it."""

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.operations import workboard
from steelyard.operations.workboard import State, Task
from tests.support.browser import Browser, words
from tests.support.consoles import app, chief, database_url, owner, world
from tests.support.forms import form_in
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "world"]


@pytest.mark.parametrize("console", ["merchant", "operator"])
async def test_a_task_is_written_down_taken_finished_and_taken_back(
    db: Database, world: World, owner: Browser, chief: Browser, console: str
) -> None:
    browser = {"merchant": owner, "operator": chief}[console]
    merchant_id = world.tea.merchant_id if console == "merchant" else None
    here = f"/{console}/tasks"
    form = form_in(await browser.get(f"{here}/new"), here, "title")

    empty = await browser.post(here, form.filled(title="", due_at="yesterday"))
    assert (empty.status_code, "Please fill this in" in words(empty)) == (422, True)
    filled = form.filled(title="Call the printer", due_at="2030-01-01T10:00")
    away = await browser.post(here, filled | {"link": "//evil.test"})
    assert (away.status_code, "Please enter a path of this console." in words(away)) == (422, True)
    pages = [await browser.follow(await browser.post(here, filled)) for _ in range(2)]
    assert all("Call the printer" in words(page) for page in pages)

    board = await browser.get(here)
    assert board.text.count("Start on it: Call the printer") == 1
    [card] = (await db.ask(workboard.board, merchant_id, workboard.Filter())).cards[State.OPEN]
    assert card.link == ""
    one = f"{here}/{card.task_id}"
    done = await browser.follow(await browser.post(f"{one}/move", {"to": "done", "back": here}))
    assert "It is done." in words(done)
    assert "Undo" in words(done)
    again = await browser.follow(await browser.post(f"{one}/move", {"to": "open", "back": here}))
    assert "Start on it: Call the printer" in again.text
    silent = await browser.post(f"{one}/move", {"to": "dropped"})
    assert (silent.status_code, "Please say why" in words(silent)) == (422, True)
    said = await browser.follow(await browser.post(f"{one}/comments", {"words": "Nobody answers"}))
    assert "Nobody answers" in words(said)
    assert "Call the printer" in (await browser.get(f"{here}?format=csv")).text
    assert "1" in words(await browser.get(f"/{console}"))


async def test_a_tasks_words_are_not_overwritten_from_a_window_that_is_out_of_date(
    db: Database, world: World, owner: Browser
) -> None:
    task = Task(merchant_id=world.tea.merchant_id, task_id=ids.mint(), title=text("看", "Look"))
    await db.transact(workboard.open_task, task, "system")
    here = f"/merchant/tasks/{task.task_id}"
    one, other = [form_in(await owner.get(here), f"{here}/change", "title") for _ in range(2)]

    await owner.follow(await owner.post(f"{here}/change", one.filled(title="Look closely")))
    refused = await owner.post(f"{here}/change", other.filled(title="Look away"))

    assert refused.status_code == 422
    now = await db.ask(workboard.task, world.tea.merchant_id, task.task_id)
    assert now.title == {"en": "Look closely"}
