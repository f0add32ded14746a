"""The written review of a live session as the shop's people see it: page, notes, tasks, files."""

import pytest_asyncio
from litestar import Litestar

from steelyard.channels import live
from steelyard.kernel.db import Database
from tests.support.browser import Browser, hidden, words
from tests.support.live import OnAir, on_air
from tests.support.world import World


@pytest_asyncio.fixture
async def over(db: Database, world: World) -> str:
    """The address of the review of a session in which nuts were explained."""
    session: OnAir = await on_air(db, world)
    by = f"staff:{world.tea.owner.account_id}"
    await db.transact(live.act, *session.key, by, "pin", live.pin, session.products["nuts"])
    await db.transact(live.end, *session.key, by)
    return f"/merchant/live/{session.session_id}/review"


async def test_a_review_is_written_once_and_read_in_sentences(app: Litestar, over: str, owner: Browser) -> None:
    before = await owner.get(over)
    assert "Write the review" in words(before)
    assert (await owner.get(f"{over}/review.pdf")).status_code == 404
    for _ in range(2):
        await owner.post(over, {})

    page = words(await owner.get(over))

    assert "Orders placed: 0; paid: 0, CN¥0.00 altogether." in page
    assert "Products pinned × 1" in page and "Nobody has written" not in page
    assert "Written review" in words(await owner.get("/merchant/live"))


async def test_notes_and_tasks_stay_with_who_wrote_them(app: Litestar, over: str, owner: Browser, world: World) -> None:
    await owner.post(over, {})
    page = await owner.get(over)
    note = {"note_id": hidden(page, "note_id"), "words": "The light was bad."}
    task = {"task_id": hidden(page, "task_id"), "task": "A better lamp", "due_on": "2030-01-02"}
    for _ in range(2):
        assert (await owner.post(f"{over}/notes", note)).status_code == 303
        task["owner_id"] = str(world.tea.owner.account_id)
        assert (await owner.post(f"{over}/tasks", task)).status_code == 303
    await owner.post(f"{over}/tasks/{task['task_id']}", {"done": "yes"})

    shown = words(await owner.get(over))
    assert shown.count("The light was bad.") == 1 and shown.count("A better lamp") == 1
    assert "until Jan 2, 2030" in shown and "Not done after all" in shown


async def test_what_is_wrong_stands_beside_its_field_and_stays_typed(app: Litestar, over: str, owner: Browser) -> None:
    await owner.post(over, {})

    empty = await owner.post(f"{over}/notes", {"words": " "})
    late = await owner.post(f"{over}/tasks", {"task": "A better lamp", "due_on": "tomorrow"})

    assert empty.status_code == 422 and "Please write something." in words(empty)
    assert late.status_code == 422 and "Please enter a day." in words(late) and 'value="A better lamp"' in late.text


async def test_a_review_is_taken_along_as_csv_and_pdf(app: Litestar, over: str, owner: Browser) -> None:
    await owner.post(over, {})

    products, minutes, paper = [
        await owner.get(f"{over}/{name}") for name in ("products.csv", "minutes.csv", "review.pdf")
    ]

    assert "Minutes planned" in products.text and len(products.text.splitlines()) == 3
    assert len(minutes.text.splitlines()) in (6, 7), "five minutes, or the sixth has begun"
    assert paper.content.startswith(b"%PDF")
