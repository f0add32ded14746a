"""Pages of live rooms: a shop asks for a room and plans in it, the operator decides, stops and lifts."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import UUID

from litestar import Litestar
from PIL import Image

from steelyard.channels import live, rooms
from steelyard.channels.live.model import SessionState
from steelyard.channels.rooms.model import RoomApplicationState, RoomState
from steelyard.kernel.db import Database
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.live_plans import BY, GROWN_UP, application, host, session
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "world"]

MERCHANT, OPERATOR = "/merchant/live", "/operator/live"


def png() -> bytes:
    out = BytesIO()
    Image.new("RGB", (180, 320), (200, 40, 40)).save(out, "PNG")
    return out.getvalue()


async def test_a_shop_asks_for_a_room_and_has_it_approved(
    owner: Browser, chief: Browser, db: Database, world: World
) -> None:
    merchant_id = world.tea.merchant_id
    empty = await owner.get(MERCHANT)
    assert "No live sessions yet" in words(empty)
    asked = await owner.get(f"{MERCHANT}/room")
    assert "Not met" in words(asked)
    wrong = await owner.post(f"{MERCHANT}/room", {"application_id": hidden(asked, "application_id"), "slug": "x"})
    assert wrong.status_code == 422
    assert "At least 3 small letters" in words(wrong)

    page = await owner.get(f"{MERCHANT}/hosts")
    said = {
        "host_id": hidden(page, "host_id"),
        "name": "Xiaoman",
        "real_name": "Lin Xiaoman",
        "document_number": GROWN_UP,
    }
    again = await owner.post(f"{MERCHANT}/hosts", said)
    assert (again.status_code, "Please upload a scan" in words(again), "Lin Xiaoman" in again.text) == (422, True, True)
    done = await owner.upload(f"{MERCHANT}/hosts", said, {"scan": ("card.png", png())})
    assert done.status_code == 303, done.text[:500]
    (waiting,) = await db.ask(rooms.hosts_of, merchant_id)
    one = f"{OPERATOR}/hosts/{merchant_id}/{waiting.host_id}"
    assert GROWN_UP in (await chief.get(one)).text
    assert GROWN_UP not in (await owner.get(f"{MERCHANT}/hosts")).text
    assert (await chief.get(f"{one}/papers/scan")).status_code == 200
    await chief.post(f"{one}/verify", {})
    trained = await chief.get(one)
    today = datetime.now(UTC).date().isoformat()
    await chief.post(
        f"{one}/train", {"training_id": hidden(trained, "training_id"), "course": "Basics", "passed_on": today}
    )

    form: dict[str, str | list[str]] = {
        "application_id": hidden(asked, "application_id"),
        "name_en": "Tea live",
        "slug": "tea-live",
        "category_ids": [str(each) for each in world.categories.values()],
    }
    sent = await owner.post(f"{MERCHANT}/room", form)
    assert sent.status_code == 303, words(sent)
    found = await db.ask(rooms.newest_application, merchant_id)
    assert found is not None
    here = f"{OPERATOR}/applications/{merchant_id}/{found.application_id}"
    assert "Tea live" in words(await chief.get(OPERATOR))
    await chief.post(f"{here}/send-back", {"reason_name": "Too plain"})
    assert "Too plain" in words(await owner.get(f"{MERCHANT}/room"))
    await owner.post(f"{MERCHANT}/room", form)
    assert "Open the room" in words(await chief.get(here))
    await chief.post(f"{here}/approve", {})
    found = await db.ask(rooms.newest_application, merchant_id)
    assert found is not None
    assert found.state is RoomApplicationState.APPROVED
    assert "Longest session" in words(await owner.get(f"{MERCHANT}/room"))


async def test_a_session_is_planned_filled_and_made_ready(owner: Browser, db: Database, world: World) -> None:
    merchant_id, nuts = world.tea.merchant_id, world.items["nuts"]
    wanted = await session(db, world)
    form = await owner.get(f"{MERCHANT}/new")
    late = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT10:00")
    until = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT12:00")
    said = {
        "session_id": hidden(form, "session_id"), "room_id": str(wanted.room_id), "host_id": str(wanted.host_id),
        "title_en": "Second", "starts_at": late, "ends_at": until, "portrait": "landscape",
    }  # fmt: skip
    wrong = await owner.post(f"{MERCHANT}/new", {**said, "title_en": "", "script": "Keep these words"})
    assert (wrong.status_code, "Keep these words" in wrong.text) == (422, True)
    made = await owner.upload(f"{MERCHANT}/new", said, {"cover_file": ("c.png", png())})
    assert made.status_code == 303, words(made)
    here = f"{MERCHANT}/{said['session_id']}"
    page = await owner.get(here)
    assert "Nothing in the goods bag is shown" in words(page)
    await owner.post(f"{here}/goods", {"products": f"https://steelyard.test/products/{nuts.product_id}/nuts"})
    own = f"{here}/goods/{nuts.product_id}"
    await owner.post(own, {"place": "1", "shown": "yes", "points": "全网最低价"})
    assert "can be proven by nobody" in words(await owner.get(here))
    await owner.post(f"{here}/ready", {})
    await owner.post(own, {"place": "1", "shown": "yes", "points": "Roasted yesterday"})
    assert "Nothing keeps it from being ready" in words(await owner.get(here))
    await owner.post(f"{here}/ready", {})
    found = await db.ask(live.session, merchant_id, UUID(said["session_id"]))
    assert found is not None
    assert (found.state, found.portrait, found.cover is not None) == (SessionState.READY, False, True)
    clash = await owner.post(f"{MERCHANT}/new", {**said, "session_id": "", "title_en": "Third"})
    assert "The room is taken then" in words(clash) or "is planned from" in words(clash)
    await owner.post(f"{here}/cancel", {"reason": "Rain"})
    assert "Called off" in words(await owner.get(here))


async def test_a_rundown_is_written_as_a_table_and_as_a_file(owner: Browser, db: Database, world: World) -> None:
    wanted = await session(db, world)
    here = f"{MERCHANT}/{wanted.session_id}/rundown"
    await owner.post(f"{here}/lay-out", {})
    (row,) = await db.ask(live.rundown, wanted.merchant_id, wanted.session_id)
    at = str(row.entry_id)
    said = {"row": at, f"minute:{at}": "3", f"minutes:{at}": "7", f"what:{at}": "Hello", f"points:{at}": "One\nTwo",
            f"offer:{at}": "¥9", f"owner:{at}": "desk"}  # fmt: skip
    wrong = await owner.post(here, {**said, f"minute:{at}": "999"})
    assert (wrong.status_code, "It is within the time of the session" in words(wrong)) == (422, True)
    assert (await owner.post(here, said)).status_code == 303
    sheet = await owner.get(f"{here}.csv")
    assert "Hello,One | Two,¥9,,,desk" in sheet.text
    (kept,) = await db.ask(live.rundown, wanted.merchant_id, wanted.session_id)
    assert (kept.minute, kept.points) == (3, ["One", "Two"])
    assert "Hello" in words(await owner.get(f"{here}/print"))

    broken = await owner.upload(f"{here}/import", {}, {"file": ("r.csv", b"minute,minutes\nx,1\n")})
    assert (broken.status_code, "Line 2, column minute" in words(broken)) == (422, True)
    changed = sheet.content.replace(b"Hello", b"Good evening")
    assert (await owner.upload(f"{here}/import", {}, {"file": ("r.csv", changed)})).status_code == 303
    assert "Good evening" in (await owner.get(here)).text


async def test_a_stream_key_is_shown_once(owner: Browser, db: Database, world: World) -> None:
    wanted = await session(db, world)
    here = f"{MERCHANT}/{wanted.session_id}/push"
    assert "There is no key yet" in words(await owner.get(here))
    made = await owner.post(here, {})
    assert made.headers["cache-control"] == "no-store"
    key = made.text.split('<p class="code strong">')[1].split("<")[0]
    found = await db.ask(live.by_key, key)
    assert found is not None
    assert found.session_id == wanted.session_id
    assert key not in (await owner.get(here)).text


async def test_the_operator_stops_a_room_and_lifts_it_after_an_appeal(
    owner: Browser, chief: Browser, db: Database, world: World
) -> None:
    wanted = await session(db, world)
    merchant_id, room = wanted.merchant_id, f"{OPERATOR}/rooms/{wanted.merchant_id}/{wanted.room_id}"
    await db.transact(live.make_ready, merchant_id, wanted.session_id, BY)
    await db.transact(live.go_on_air, merchant_id, wanted.session_id, BY)
    air = await chief.get(OPERATOR)
    assert "Spring tea" in words(air)
    await chief.post(
        f"{OPERATOR}/sessions/{merchant_id}/{wanted.session_id}/take-down",
        {"stop_id": hidden(air, "stop_id"), "reason": "Smoke"},
    )
    assert "Taken down" in words(await chief.get(room))
    await chief.post(f"{room}/grade", {"grade": "trusted"})
    page = await chief.get(room)
    await chief.post(f"{room}/stop", {"stop_id": hidden(page, "stop_id"), "reason": "Fakes", "blacklist": "yes"})
    stopped = await db.ask(rooms.room, merchant_id, wanted.room_id)
    assert stopped is not None
    assert (stopped.state, stopped.grade) == (RoomState.STOPPED, "trusted")
    assert "Trusted" in words(await chief.get(f"{OPERATOR}/rooms", state="stopped", grade="trusted"))

    stop = (await db.ask(rooms.stops_of, merchant_id))[0]
    assert "Fakes" in words(await owner.get(f"{MERCHANT}/room"))
    await owner.post(f"{MERCHANT}/room/stops/{stop.stop_id}/appeal", {"appeal": "They are real"})
    assert "They are real" in words(await chief.get(f"{OPERATOR}/stops"))
    await chief.post(f"{OPERATOR}/stops/{merchant_id}/{stop.stop_id}/lift", {"reason": "So they are"})
    opened = await db.ask(rooms.room, merchant_id, wanted.room_id)
    assert opened is not None
    assert opened.state is RoomState.OPEN


async def test_what_the_operator_closes_is_not_asked_for(chief: Browser, db: Database, world: World) -> None:
    tea = next(iter(world.categories.values()))
    await chief.post(f"{OPERATOR}/categories", {"category_id": str(tea), "reason_en": "The law", "source": "Article 1"})
    assert "The law" in words(await chief.get(f"{OPERATOR}/categories"))
    assert await db.ask(rooms.wrong_categories, world.tea.merchant_id, [tea])
    await chief.post(f"{OPERATOR}/categories/{tea}/open", {})
    assert not await db.ask(rooms.wrong_categories, world.tea.merchant_id, [tea])


async def test_another_shop_opens_nothing_of_it(app: Litestar, db: Database, world: World) -> None:
    wanted = await session(db, world)
    await host(db, world, world.tools, document_number="330102199511201230")
    await db.as_merchant(world.tools.merchant_id).transact(rooms.apply, application(world, world.tools), BY)
    stranger = await signed_in(app, world.tools.owner)
    for path in ("", "/edit", "/rundown", "/rundown.csv", "/rundown/print", "/push"):
        assert (await stranger.get(f"{MERCHANT}/{wanted.session_id}{path}")).status_code == 404
    for path in ("/ready", "/rundown/lay-out", "/push"):
        assert (await stranger.post(f"{MERCHANT}/{wanted.session_id}{path}", {})).status_code == 404
    assert (await stranger.get(OPERATOR)).status_code in (303, 403, 404)
    await stranger.close()
