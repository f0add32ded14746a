"""A shop puts a journey together, is told what is wrong with it, sees who would get what, and lets it run."""

import json
import re
from typing import Any

import httpx
from litestar import Litestar

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.operations.journeys.model import Wait
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantState
from steelyard.surfaces.web.security import CSRF_COOKIE
from tests.operations.journeys.conftest import line, started
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.world import World

HERE = "/merchant/journeys"


def told(page: httpx.Response) -> dict[str, Any]:
    """What the page tells its script."""
    found = re.search(r'<script type="application/json">(.*?)</script>', page.text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


async def sent(browser: Browser, path: str, body: object) -> httpx.Response:
    """As the canvas sends it."""
    headers = {"accept": "application/json", "x-csrf-token": browser.http.cookies[CSRF_COOKIE]}
    return await browser.http.post(path, json=body, headers=headers)


async def begun(browser: Browser, playbook: str = "") -> str:
    """A draft; the button pressed twice."""
    journey_id = str(ids.mint())
    for _ in range(2):
        answer = await browser.post(HERE, {"journey_id": journey_id, "playbook": playbook})
        assert answer.headers["location"].endswith(journey_id)
    return f"{HERE}/{journey_id}"


async def test_a_journey_is_put_together_step_by_step_without_a_canvas(owner: Browser) -> None:
    here = await begun(owner)
    page = await owner.get(here)
    assert "Please choose what happens" in words(page) and "2 things to mend" in words(page)

    added = await owner.post(f"{here}/boxes", {"kind": "task", "after": "begin:then", "seen": hidden(page, "seen")})
    form = await owner.follow(added)
    assert form.status_code == 200 and "For somebody of your shop" in words(form)
    typed = {"title": "Call them", "days": "many", "note": "Kindly", "seen": hidden(form, "seen")}
    refused = await owner.post(f"{here}/boxes/task1", typed)
    assert refused.status_code == 422
    assert "Please enter a whole number" in words(refused) and "Call them" in refused.text
    kept = await owner.post(f"{here}/boxes/task1", {**typed, "days": "3"})
    page = await owner.follow(kept)
    assert "Call them" in words(page) and "within 3 days" in words(page) and "Kindly" in words(page)

    stale = await owner.post(f"{here}/boxes/task1", {**typed, "days": "5"})
    assert stale.status_code == 422 and "was changed after you opened it" in words(stale)

    adding = {"kind": "branch", "after": "begin:then", "seen": hidden(page, "seen")}
    assert (await owner.post(f"{here}/boxes", adding)).headers["location"].endswith("/boxes/branch1")
    page = await owner.get(here)
    assert told(page)["graph"]["nodes"][1]["next"] == {"then": None}
    assert next(each for each in told(page)["graph"]["nodes"] if each["key"] == "branch1")["next"]["yes"] == "task1"
    gone = await owner.post(f"{here}/boxes/branch1/remove", {"seen": hidden(page, "seen")})
    page = await owner.follow(gone)
    assert [each["key"] for each in told(page)["graph"]["nodes"]] == ["begin", "task1"]


async def test_a_condition_is_said_as_segments_say_it_and_nothing_typed_is_lost(owner: Browser) -> None:
    here = await begun(owner, "welcome")
    place = f"{here}/boxes/bought/condition"
    page = await owner.get(place)
    assert 'name="f.1.at_least" type="text" value="1"' in page.text
    carried = hidden(page, "sketch").replace("&#34;", '"').replace("&quot;", '"')
    part = re.search(r'name="new\.root" value="([^"]+)"', page.text)
    assert part is not None
    typed = {
        "sketch": carried,
        "seen": hidden(page, "seen"),
        "f.root.here": "1",
        "f.root.kind": "all",
        "f.1.here": "1",
        "f.1.measure": "orders",
        "f.1.at_least": "much",
    }
    wrong = await owner.post(place, {**typed, "do": "save"})
    assert wrong.status_code == 422
    assert "Condition 1: Please enter a whole number" in words(wrong) and 'value="much"' in wrong.text
    more = await owner.post(place, {**typed, "kind.root": "guest", "new.root": part[1], "do": "add:root"})
    assert f'id="part-{part[1]}"' in more.text and 'value="much"' in more.text
    kept = await owner.post(place, {**typed, "f.1.at_least": "2", "do": "save"})
    assert kept.status_code == 303
    assert "At least: 2" in told(await owner.get(here))["boxes"]["bought"]["title"]


async def test_the_canvas_is_told_what_is_wrong_and_does_not_undo_another_window(owner: Browser) -> None:
    here = await begun(owner, "abandoned_cart")
    before = told(await owner.get(here))
    graph, seen = before["graph"], before["seen"]
    assert before["boxes"]["remind"]["faults"] == []  # it says what the ready template for the playbook says
    # The second message is not given the words of the first.
    assert before["boxes"]["tell"]["faults"] == ["Please choose a message of this channel"]
    assert before["boxes"]["coupon"]["faults"] == ["Please choose a coupon that can be given"]
    graph["nodes"][1]["x"] += 40
    saved = await sent(owner, f"{here}/graph", {"seen": seen, "graph": graph})
    assert saved.status_code == 200 and saved.json()["seen"] == seen + 1

    graph["nodes"][1]["x"] += 40
    late = await sent(owner, f"{here}/graph", {"seen": seen, "graph": graph})
    assert late.status_code == 409 and "changed" in late.json()["detail"]
    assert (await sent(owner, f"{here}/graph", {"seen": 1, "graph": {"nodes": [{}]}})).status_code == 400
    graph["nodes"][1]["note"] = "\0"  # which no text of the database may have
    assert (await sent(owner, f"{here}/graph", {"seen": seen + 1, "graph": graph})).status_code == 400
    graph["nodes"][1]["note"] = "\\u0000"

    headers = {"accept": "application/json", "x-csrf-token": owner.http.cookies[CSRF_COOKIE]}
    form = {
        "seen": str(seen + 1),
        "graph": json.dumps(graph),
        "event": "order_paid",
        "minutes": "2",
        "minutes_unit": "days",
    }
    answer = await owner.http.post(f"{here}/boxes/buys", data=form, headers=headers)
    assert answer.status_code == 200 and answer.json()["node"]["setup"]["minutes"] == 2 * 24 * 60
    assert answer.json()["boxes"]["buys"]["says"] == "at most 2 days"
    wrong = await owner.http.post(f"{here}/boxes/buys", data={**form, "minutes": "-1"}, headers=headers)
    assert wrong.status_code == 422 and wrong.json()["errors"] == {"minutes": "Please enter a whole number"}


async def test_before_the_start_stands_who_gets_what_and_then_it_runs_rests_and_ends(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    here = await begun(owner)
    assert "It cannot be started yet" in words(await owner.get(f"{here}/start"))
    page = await owner.get(here)
    graph = told(page)["graph"]
    graph["nodes"][0] |= {"setup": {"kind": "trigger", "event": "order_paid"}, "next": {"then": "task1"}}
    task = {"key": "task1", "setup": {"kind": "task", "title": "Thank them"}, "next": {"then": "exit1"}, "y": 160}
    graph["nodes"] += [task, {"key": "exit1", "setup": {"kind": "exit"}, "y": 320}]
    saved = await sent(owner, f"{here}/graph", {"seen": told(page)["seen"], "graph": graph})
    assert saved.json()["faults"] == []
    rules = {
        "name_en": "Thanks",
        "goal": "order_paid",
        "goal_days": "0",
        "cap_messages": "2",
        "seen": str(saved.json()["seen"]),
    }
    assert (await owner.post(f"{here}/rules", rules)).status_code == 422
    assert (await owner.post(f"{here}/rules", {**rules, "goal_days": "7"})).status_code == 303

    page = await owner.get(f"{here}/start")
    for said in ("Paid for an order", "Thank them", "Goal: Paid for an order, within 7 days", "At most 2 advertising"):
        assert said in words(page)
    for _ in range(2):
        answer = await owner.post(f"{here}/start", {"seen": hidden(page, "seen")})
        assert answer.headers["location"].endswith("/run")
    running = await owner.get(f"{here}/run")
    assert "Running" in words(running) and "came here" in running.text
    assert "Nobody stands here now" in words(await owner.get(f"{here}/run/task1"))
    assert "Thanks" in words(await owner.get(HERE))
    assert "Thank them" in (await owner.get(f"{here}/run", format="csv")).text

    # Another version without that step: who stands at it is found by its own version's figures.
    graph["nodes"][0]["next"]["then"] = "exit1"
    graph["nodes"] = [each for each in graph["nodes"] if each["key"] != "task1"]
    page = await owner.get(here)
    saved = await sent(owner, f"{here}/graph", {"seen": told(page)["seen"], "graph": graph})
    await owner.post(f"{here}/start", {"seen": str(saved.json()["seen"])})
    first = await owner.get(f"{here}/run", version="1")
    assert told(first)["boxes"]["task1"]["href"] == f"{here}/run/task1?version=1"
    assert (await owner.get(f"{here}/run/task1", version="1")).status_code == 200
    assert (await owner.get(f"{here}/run/task1")).status_code == 404
    assert (await owner.get(f"{here}/run", version=str(10**12))).status_code == 404

    for act, state in (("pause", "Paused"), ("resume", "Running"), ("end", "Ended")):
        for _ in range(2):
            assert (await owner.post(f"{here}/{act}")).status_code == 303
        assert state in words(await owner.get(f"{here}/run"))
    copied = await owner.follow(await owner.post(f"{here}/copy", {"journey_id": str(ids.mint())}))
    assert "Draft" in words(copied) and "Discard the draft" in words(copied)
    draft = told(copied)["graphAddress"].removesuffix("/graph")
    for _ in range(2):
        discarded = await owner.follow(await owner.post(f"{draft}/end"))
        assert discarded.status_code == 200 and "Ended" in words(discarded)
    assert (await owner.get(draft)).headers["location"] == f"{draft}/run"
    other = await signed_in(app, world.tools.owner)
    for path in ("", "/run", "/run/task1", "/start", "/rules", "/boxes/task1"):
        assert (await other.get(here + path)).status_code == 404
    await other.close()


async def test_the_page_of_a_journey_says_that_it_rests_while_the_shop_is_suspended(
    db: Database, world: World, owner: Browser
) -> None:
    journey = await started(db, world.tea.merchant_id, line(Wait(minutes=60)))
    assert "Rests while the shop is not open" not in words(await owner.get(f"{HERE}/{journey}/run"))

    await db.transact(merchants.set_state, world.tea.merchant_id, MerchantState.SUSPENDED)

    assert "Rests while the shop is not open" in words(await owner.get(f"{HERE}/{journey}/run"))
