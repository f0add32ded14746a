"""The pages of analyses: a shop's own people, worked out beside the pages, saved, and put on a list."""

import asyncio
import html
import json
import re
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from litestar import Litestar

from steelyard.cli import steelyard
from steelyard.kernel import days, events
from steelyard.kernel.db import Database, Read
from steelyard.operations import behaviour, lake, reports, segments
from steelyard.operations.behaviour import Behaviour, Channel, Cost, Kind
from steelyard.operations.lake import subscribers, writing
from steelyard.operations.lifecycle.subscribers import SUBSCRIBER as LIFECYCLE
from steelyard.operations.reports import working
from steelyard.surfaces.web.analysis_questions import ANALYSES
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.world import World


@pytest.fixture
async def home(db: Database, world: World, app: Litestar) -> Path:
    """A buyer who bought twice in the tea shop, one who bought tools, and a visitor who looked at tea; all in the lake."""
    folder: Path = app.state.settings.home
    green, hammer = world.items["green"], world.items["hammer"]
    await deal.paid(db, [(green.sku_id, 1)], world.buyer.buyer_id)
    await deal.paid(db, [(green.sku_id, 2)], world.buyer.buyer_id)
    await deal.paid(db, [(hammer.sku_id, 1)], world.other_buyer.buyer_id)
    looks = [
        Behaviour(
            kind=Kind.VIEW,
            visitor_id=visitor,
            merchant_id=world.tea.merchant_id,
            product_id=green.product_id,
            device="phone",
        )
        for visitor in (uuid4(), uuid4())
    ]
    await db.transact(behaviour.record, looks)
    await events.drain(db, [subscribers.SUBSCRIBER, LIFECYCLE])
    while await writing.copy_trade(db, folder):
        pass

    async def waiting(read: Read) -> bool:
        return await read.value(
            "SELECT EXISTS (SELECT FROM behaviour_events WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))"
        )

    while await db.ask(waiting):
        pass
    await writing.copy_behaviour(db, folder)
    return folder


@pytest.mark.usefixtures("home")
async def test_every_analysis_is_of_the_shops_own_people(owner: Browser, chief: Browser) -> None:
    for what in ANALYSES:
        page = await owner.get(f"/merchant/analysis/{what}?compare=previous")
        assert page.status_code == 200, what
        assert "It was not worked out" not in words(page)

    paid = (await owner.get("/merchant/analysis/trend?kinds=pay&measure=orders&format=csv")).text
    bought = (await owner.get("/merchant/analysis/distribution?format=csv")).text
    everybodys = (await chief.get("/operator/analysis/trend?kinds=pay&measure=orders&format=csv")).text

    assert paid.splitlines()[1].endswith(",2")
    assert bought.splitlines()[1:] == ["2,1,2"]
    assert everybodys.splitlines()[1].endswith(",3")
    assert "Looked at something" in words(await owner.get("/merchant/analysis/paths"))


@pytest.mark.usefixtures("home")
async def test_an_analysis_is_saved_for_all_staff_once(
    db: Database, world: World, owner: Browser, chief: Browser
) -> None:
    form = {"name": "Who pays", "asked": "kinds=pay&measure=orders&evil=1", "report_id": str(uuid4())}

    for _ in range(2):
        answer = await owner.post("/merchant/analysis/trend/save", form)
        assert answer.status_code in (302, 303)

    [kept] = await db.ask(reports.saved, world.tea.merchant_id)
    assert (kept.name, kept.analysis, kept.asked) == ("Who pays", "trend", "kinds=pay&measure=orders")
    page = await owner.get("/merchant/analysis/funnel")
    assert "/merchant/analysis/trend?kinds=pay&amp;measure=orders" in page.text
    assert "Who pays" not in words(await chief.get("/operator/analysis/funnel"))
    await owner.post(f"/merchant/saved-analyses/{kept.report_id}/drop")
    assert await db.ask(reports.saved, world.tea.merchant_id) == []


@pytest.mark.usefixtures("home")
async def test_the_people_of_an_answer_become_a_list_and_the_list_a_filter(
    db: Database, world: World, owner: Browser
) -> None:
    form = {"name": "Twice and more", "asked": "", "segment_id": str(uuid4()), "cell": "2"}

    answer = await owner.post("/merchant/analysis/distribution/people", form)

    assert answer.status_code in (302, 303)
    [made] = await db.ask(segments.segments, world.tea.merchant_id)
    assert await db.ask(segments.members, world.tea.merchant_id, made.segment_id) == [world.buyer.buyer_id]
    inside = (await owner.get(f"/merchant/analysis/trend?kinds=pay&segment={made.segment_id}&format=csv")).text
    nobody = words(await owner.get(f"/merchant/analysis/trend?kinds=pay&segment={uuid4()}"))
    assert "A segment that is not kept any more, which has nobody" in nobody, "a saved report does not say: everybody"
    assert inside.splitlines()[1].endswith(",1")
    assert "Nothing of this kind happened on these days" in nobody


@pytest.mark.usefixtures("home")
async def test_a_list_that_is_not_of_all_of_them_says_so(
    db: Database, world: World, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = words(await owner.get("/merchant/analysis/trend?kinds=pay"))
    assert "At most 100,000 people are looked at." in page
    form = {"name": "Looked", "asked": "kinds=view", "segment_id": str(uuid4()), "cell": "1"}

    whole = await owner.follow(await owner.post("/merchant/analysis/trend/people", form))
    monkeypatch.setattr("steelyard.operations.reports.answers.USERS_MAX", 1)
    cut = await owner.follow(await owner.post("/merchant/analysis/trend/people", {**form, "segment_id": str(uuid4())}))

    assert "The list is made: its customers are a segment now." in words(whole)
    assert "The list is made, but not of all of them" in words(cut)
    assert len(await db.ask(segments.segments, world.tea.merchant_id)) == 2


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("what", "asked", "cell"),
    [
        ("retention", "every=day", "{today}:0"),
        ("intervals", "first=pay", "86400.0-"),
        ("funnel", "steps=order pay", "2"),
    ],
)
async def test_a_cell_of_an_answer_leads_to_its_people(
    db: Database, world: World, owner: Browser, what: str, asked: str, cell: str
) -> None:
    place = cell.format(today=days.today())
    page = await owner.get(f"/merchant/analysis/{what}?{asked}&cell={place}")
    if what != "intervals":
        assert f"cell={place.replace(':', '%3A')}#people" in page.text
        assert f'value="{place}" selected' in page.text

    form = {"name": "These", "asked": asked, "segment_id": str(uuid4()), "cell": place}
    await owner.post(f"/merchant/analysis/{what}/people", form)

    [made] = await db.ask(segments.segments, world.tea.merchant_id)
    assert await db.ask(segments.members, world.tea.merchant_id, made.segment_id) == [world.buyer.buyer_id]
    if what != "funnel":
        await owner.post(
            f"/merchant/analysis/{what}/people", {**form, "segment_id": str(uuid4()), "cell": "nobody:this"}
        )
        assert len(await db.ask(segments.segments, world.tea.merchant_id)) == 1, "what is no place has no people"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("what", "asked"),
    [
        ("trend", "kinds=order&by=device"), ("sessions", "by=channel"), ("paths", "by=kind"), ("attribution", "by=source"),
        ("ltv", "by=category"), ("funnel", "steps=order pay&by=channel"), ("retention", "by=item"), ("distribution", "by=device"),
        ("intervals", "first=order&then=pay&by=channel"),
    ],
)  # fmt: skip
async def test_every_analysis_leads_to_the_people_of_its_cells(
    db: Database, world: World, owner: Browser, what: str, asked: str
) -> None:
    """With a breakdown and a comparison; what is no place of it has no people, and numbers that nobody counts to do no harm."""
    page = await owner.get(f"/merchant/analysis/{what}?{asked}&compare=previous")
    assert page.status_code == 200
    assert "the period before" in words(page)
    offered = re.findall(r'<option value="([^"]+)"', page.text[page.text.index('id="people"') :])
    assert offered

    place = html.unescape(offered[0 if what == "intervals" else -1])  # nobody is slower than the one who did it
    form = {"name": "These", "asked": asked, "segment_id": str(uuid4()), "cell": place}
    await owner.post(f"/merchant/analysis/{what}/people", form)

    [made] = await db.ask(segments.segments, world.tea.merchant_id)
    assert await db.ask(segments.members, world.tea.merchant_id, made.segment_id) == [world.buyer.buyer_id]
    for nonsense in ("nobody:this", "9" * 5_000, "2026-13-40"):
        again = {**form, "segment_id": str(uuid4()), "cell": nonsense}
        assert (await owner.post(f"/merchant/analysis/{what}/people", again)).status_code < 500
    assert (await owner.get(f"/merchant/analysis/{what}?{asked}&days={'9' * 5_000}")).status_code < 500


@pytest.mark.usefixtures("home")
async def test_goods_categories_and_shops_are_called_by_their_names(
    world: World, owner: Browser, chief: Browser
) -> None:
    by_item = words(await owner.get("/merchant/analysis/trend?kinds=view&by=item"))
    by_shop = words(await chief.get("/operator/analysis/trend?kinds=pay&by=merchant"))
    by_category = words(await owner.get("/merchant/analysis/trend?kinds=view&by=category"))

    assert str(world.items["green"].product_id) not in by_item
    assert str(world.tea.merchant_id) not in by_shop
    assert "Not known" not in by_category


@pytest.mark.usefixtures("home")
async def test_an_answer_beside_the_period_before_is_in_the_table_and_in_the_file(owner: Browser) -> None:
    plain = (await owner.get("/merchant/analysis/distribution?format=csv")).text.splitlines()
    beside = (await owner.get("/merchant/analysis/distribution?compare=previous&format=csv")).text.splitlines()

    assert plain[1] == "2,1,2"
    assert beside[0].count("the period before") == 2
    assert beside[1] == "2,1,0,2,0"


@pytest.mark.usefixtures("home")
async def test_a_segment_that_is_not_there_is_not_said_to_be_everybody(owner: Browser) -> None:
    gone = await owner.get(f"/merchant/analysis/trend?kinds=pay&segment={uuid4()}")

    assert "A segment that is not kept any more" in words(gone)


@pytest.mark.usefixtures("home")
async def test_attribution_tells_what_a_channel_cost_and_what_came_back(
    db: Database, world: World, owner: Browser
) -> None:
    today = days.today()
    spent = [
        Cost(day=today, channel=Channel.AD, amount=1_000, currency="CNY", campaign=campaign)
        for campaign in ("", "autumn")
    ]
    await db.transact(behaviour.set_costs, world.tea.merchant_id, spent)

    page = await owner.get("/merchant/analysis/attribution")
    rows = (await owner.get("/merchant/analysis/attribution?format=csv")).text.splitlines()

    assert "Return on cost" in words(page)
    [ad] = [row for row in rows if row.startswith("Advertisements,")]
    assert ad.endswith("20.00,-1.0")
    assert "-100%" in words(page)


async def test_a_terminal_knows_the_costs_that_were_entered(
    db: Database, world: World, home: Path, database_url: str
) -> None:
    ad = Cost(day=days.today(), channel=Channel.AD, amount=1_000, currency="CNY")
    await db.transact(behaviour.set_costs, world.tea.merchant_id, [ad])
    environment = {"STEELYARD_HOME": str(home), "DATABASE_URL": database_url}

    async def cost_of_ads(*more: str) -> object:
        command = ["report", "attribution", "--json", *more]
        told = await asyncio.to_thread(CliRunner().invoke, steelyard, command, env=environment)
        assert told.exit_code == 0, told.output
        return {row["channel"]: row.get("cost") for row in json.loads(told.stdout)["rows"]}.get("ad")

    assert await cost_of_ads() == 1_000
    assert await cost_of_ads("--merchant", str(world.tea.merchant_id)) == 1_000
    assert await cost_of_ads("--merchant", str(world.tools.merchant_id)) is None
    assert await cost_of_ads("--cost", "ad=5.50") == 550, "what is said counts instead"
    assert await cost_of_ads("--cost", "mail=3", "--cost", "qr=1") == 1_000


@pytest.mark.usefixtures("home")
async def test_steps_and_kinds_are_chosen_by_their_names_and_months_reach_back_half_a_year(owner: Browser) -> None:
    """Fields of one name make the question; what no choice offers stays as it was written."""
    several = await owner.get("/merchant/analysis/funnel?steps=order&steps=pay&steps=")
    written = await owner.get("/merchant/analysis/funnel?written=view:category=tea pay")
    assert '<option value="order" selected>' in several.text and several.text.count(" selected>") >= 2
    assert 'value="view:category=tea pay"' in written.text and "<details open>" in written.text
    at_once = (await owner.get("/merchant/analysis/trend?kinds=order&kinds=pay&measure=orders&format=csv")).text
    assert at_once.count("\n") == 2
    assert at_once == (await owner.get("/merchant/analysis/trend?kinds=order pay&measure=orders&format=csv")).text
    retention = (await owner.get("/merchant/analysis/retention")).text
    begins = re.search(r'name="from"[^>]*value="([0-9-]+)"', retention)
    assert begins is not None
    assert 120 < (days.today() - date.fromisoformat(begins[1])).days < 190


async def test_where_nothing_is_known_the_page_says_so_and_wrong_steps_are_told(owner: Browser) -> None:
    empty = await owner.get("/merchant/analysis/retention")
    wrong = await owner.get("/merchant/analysis/funnel?steps=view:colour=red pay")

    assert "Nothing of this kind happened on these days" in words(empty)
    assert wrong.status_code == 422
    assert "It was not worked out" in words(wrong) and "a step is a kind" in words(wrong)
    chinese = await owner.get("/merchant/analysis/funnel?steps=view:colour=red pay&lang=zh-Hans")
    assert "步骤应为事件类型" in words(chinese) and "a step is a kind" not in words(chinese)
    assert (await owner.get("/merchant/analysis/nothing")).status_code == 404


@pytest.mark.usefixtures("home")
async def test_a_report_that_takes_too_long_is_stopped_and_said_so(
    owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "SECONDS_MAX", 0.0)

    page = await owner.get("/merchant/analysis/funnel")

    assert page.status_code == 503
    assert "This analysis takes too long" in words(page) or "It was stopped after" in words(page)


async def test_the_operator_analyses_imported_events(app: Litestar, chief: Browser, tmp_path: Path) -> None:
    file = tmp_path / "past.csv"
    file.write_text("user,time,type\nann,2024-03-01,view\nann,2024-03-02,pay\nbob,2024-03-02,view\n")
    lake.import_events(app.state.settings.home, [file], name="past")

    page = await chief.get("/operator/analysis/funnel?dataset=past&steps=view pay&format=csv")
    chosen = await chief.get(
        "/operator/analysis/funnel?dataset=past&steps=view pay&period=custom&from=2026-01-01&to=2026-01-30&format=csv"
    )
    first = await chief.get(
        "/operator/analysis/funnel?dataset=past&steps=view pay&period=custom&from=2024-03-01&to=2024-03-01&format=csv"
    )

    assert page.text.splitlines()[1:] == ["1,2", "2,1"]
    assert chosen.text == page.text, "who has just chosen the events left the days as they were"
    assert first.text.splitlines()[1:] == ["1,1", "2,0"]
