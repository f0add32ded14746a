"""A shop asks: put together, opened, answered by link, counted, taken along as files; nobody else's."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from litestar import Litestar

from steelyard.goods import promotions
from steelyard.goods.promotions.model import AmountOff, Offer, PromotionId, Step
from steelyard.kernel import ids
from steelyard.kernel.days import day_of
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.operations import research
from steelyard.operations.segments.model import Measure, Number
from steelyard.parties import customers
from tests.operations.segments.conftest import defined, seen
from tests.support.browser import Browser, browsing, hidden, words
from tests.support.consoles import signed_in
from tests.support.surveys import LAST, LIKELY, answered, asking, chose, opened, rated, wrote
from tests.support.world import World

HERE = "/merchant/surveys"


async def test_a_ready_survey_is_changed_opened_and_answered_by_link_step_by_step(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    page = await owner.get(HERE)
    assert "Nothing was asked yet" in words(page)
    survey_id = hidden(page, "survey_id")
    for _ in range(2):
        begun = await owner.post(f"{HERE}/new", {"survey_id": survey_id, "ready": "csat"})
    here = f"{HERE}/{survey_id}"
    form = words(await owner.follow(begun))
    assert "Was your problem solved?" in form and "is at most 3" in form

    kept = await owner.get(f"{here}/edit")
    fields = typed(kept.text)
    wrong = await owner.post(f"{here}/edit", {**fields, "share": "0", "do": "keep"})
    assert wrong.status_code == 422 and "above 0 and up to 100" in words(wrong)
    for _ in range(2):
        added = await owner.post(
            f"{here}/edit", {**fields, "trigger": "", "by_mail": "", "new_type": "number", "do": "add:q4"}
        )
        assert added.status_code == 303
    refused = await owner.post(f"{here}/edit", {**typed((await owner.get(f"{here}/edit")).text), "do": "open"})
    assert refused.status_code == 422 and "4 · A number" in words(refused) and "Please fill this in" in words(refused)
    gone = await owner.post(f"{here}/edit", {**typed(refused.text), "do": "remove:q4"})
    fields = typed((await owner.follow(gone)).text)
    assert (await owner.post(f"{here}/edit", {**fields, "do": "open"})).status_code == 303
    survey = await db.ask(research.survey, world.tea.merchant_id, survey_id)
    assert survey.version == 1 and f"/q/{survey.code}" in (await owner.get(here)).text

    await other_window(owner, here)

    link = f"/q/{survey.code}"
    async with browsing(app) as guest:
        said = words(await guest.get(link))
        assert "How satisfied are you" in said and "Tea on the Cloud" in said
        assert (await guest.post(link, {"question": "q1", "a": "9"})).status_code == 422
        await guest.post(link, {"question": "q1", "a": "1", "website": "http://spam.example"})
        assert "How satisfied are you" in words(await guest.get(link)), "a program has filled in what nobody sees"
        for _ in range(2):
            said = words(await guest.follow(await guest.post(link, {"question": "q1", "a": "2"})))
        assert "Was your problem solved?" in said
        assert "How satisfied are you" in words(await guest.get(link, at="q1")), "one can go back"
        await guest.post(link, {"question": "q2", "a": "o3"})
        said = words(await guest.follow(await guest.post(link, {"question": "q3", "a": "Nobody called back"})))
        assert "Thank you!" in said
        assert "Thank you!" in words(await guest.follow(await guest.post(link, {"question": "q1", "a": "5"})))
    said = words(await owner.get(here))
    assert "Nobody called back" in said and "0% satisfied" in said
    assert "nothing that you choose is kept" in words(await owner.get(link))

    await owner.post(f"{here}/close")
    async with browsing(app) as late:
        assert "takes no more answers" in words(await late.get(link))


async def other_window(owner: Browser, here: str) -> None:
    """Two windows: the later save says that there was an earlier one, and a key that was asked is never given anew."""
    page = (await owner.get(f"{here}/edit")).text
    assert (
        await owner.post(f"{here}/edit", {**typed(page), "title_en": "First", "do": "remove:q3"})
    ).status_code == 303
    late = await owner.post(f"{here}/edit", {**typed(page), "title_en": "Second", "do": "keep"})
    assert late.status_code == 422 and "in another window" in words(late) and 'value="Second"' in late.text
    assert 'value="add:q4"' in late.text
    assert (await owner.post(f"{here}/edit", {**typed(late.text), "do": "keep"})).status_code == 303
    assert 'value="Second"' in (await owner.get(f"{here}/edit")).text
    # Closed and opened again: what was asked before is asked, with its third question, and not the draft.
    await owner.post(f"{here}/close")
    await owner.post(f"{here}/open")


def typed(page: str) -> dict[str, str | list[str]]:
    """All that the form of the editor would send."""
    form = page[page.index('id="builder"') : page.index('id="preview"')]
    found: dict[str, str | list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or " checked" in tag):
            found[name[1]] = value[1] if value else ""
    for name, options in re.findall(
        r'<select class="select" id="[^"]*" name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        first = re.search(r'<option value="([^"]*)"', options)
        value = chosen[1] if chosen else first[1] if first else ""
        found[name] = [*as_list(found.get(name)), value]
    return found


def as_list(value: str | list[str] | None) -> list[str]:
    return [] if value is None else value if isinstance(value, list) else [value]


async def test_results_are_compared_by_groups_and_come_as_files(
    app: Litestar, db: Database, world: World, owner: Browser, chief: Browser
) -> None:
    survey = await opened(db, world.tea.merchant_id)
    here = f"{HERE}/{survey.survey_id}"
    assert "No answers yet" in words(await owner.get(here))
    for number in range(40):
        happy = number % 2 == 0
        said = {"q1": rated(10), "q2": chose("o1"), "q4": wrote("=1+1")} if happy else {
            "q1": rated(2), "q2": chose("o2"), "q3": wrote("The spout leaks"), "q4": wrote(""),
        }  # fmt: skip
        await answered(db, survey, said)
    page = words(await owner.get(here, question="q1", by="question:q2"))
    assert "NPS +0 (from -29 to +29)" in page and "p &lt; 0.001" in page and "↑ 100%" in page
    assert "spout" in page and "Promoters (9–10) 50%" in page

    async def file(what: str) -> list[list[str]]:
        answer = await owner.get(here, format="csv", file=what, question="q1", by="question:q2")
        return list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))

    answers = await file("answers")
    assert len(answers) == 41 and {row[5] for row in answers[1:]} == {"Leaves", "Pots"}
    assert "'=1+1" in {row[7] for row in answers}
    counts = await file("counts")
    assert counts[[row[2] for row in counts].index("NPS")][:5] == ["Would you recommend us?", "", "NPS", "40", "0.0"]
    groups = await file("groups")
    assert groups[0] == ["Answer", "Leaves", "Pots", "p"] and groups[-1][1:3] == ["20", "20"]

    other = await signed_in(app, world.tools.owner)
    assert (await other.get(here)).status_code == 404
    assert (await other.post(f"{here}/open")).status_code == 404
    await other.close()
    assert (await chief.get(f"/operator/surveys/{survey.survey_id}")).status_code == 404
    everybody = await opened(db, research.MARKETPLACE, asking())
    assert "Your order" in words(await chief.get(f"/operator/surveys/{everybody.survey_id}"))

    wrong = await owner.post(f"{HERE}/rule", {"recontact_days": "soon"})
    assert wrong.status_code == 422 and 'value="soon"' in wrong.text
    await owner.post(f"{HERE}/rule", {"recontact_days": "14"})
    assert 'value="14"' in (await owner.get(HERE)).text


async def test_a_card_asks_at_the_end_of_a_page_and_goes_when_it_is_told_to(
    app: Litestar, db: Database, world: World
) -> None:
    asks = "/surveys/card"
    async with browsing(app) as guest:
        guest.http.headers["user-agent"] = "Mozilla/5.0"
        assert asks not in (await guest.get("/")).text, "where nobody asks nothing is fetched"
        survey = await opened(db, world.tea.merchant_id, asking(LIKELY, LAST, in_page=True))
        app.state.db.kept.clear()
        href = f"{asks}?of={world.tea.merchant_id}"
        assert href in (await guest.get("/shops/tea")).text and asks not in (await guest.get("/cart")).text
        card = await guest.get(href)
        assert "Would you recommend us?" in words(card)
        guest.http.headers["hx-request"] = "true"
        then = await guest.post(f"/q/{survey.code}", {"card": "1", "via": "page", "question": "q1", "a": "9"})
        assert then.status_code == 200 and "Anything else?" in words(then) and "<html" not in then.text
        assert words(await guest.post(f"/q/{survey.code}/dismiss")) == ""
        assert words(await guest.get(href)) == ""
    async with browsing(app) as other:
        other.http.headers["user-agent"] = "Mozilla/5.0"
        assert words(await other.get(href)) != ""
        program = await other.http.get(href, headers={"user-agent": "Googlebot"})
        assert program.text == ""


async def test_an_anonymous_survey_asks_on_pages_once_and_its_file_has_no_moments(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    survey = await opened(db, world.tea.merchant_id, asking(LIKELY, in_page=True, by_link=False, anonymous=True))
    app.state.db.kept.clear()
    link, card = f"/q/{survey.code}", f"/surveys/card?of={world.tea.merchant_id}"
    async with browsing(app) as stranger:
        assert "answered by invitation" in words(await stranger.get(link))
        assert (await stranger.post(link, {"question": "q1", "a": "9"})).status_code == 404
    async with browsing(app) as guest:
        guest.http.headers["user-agent"] = "Mozilla/5.0"
        assert card in (await guest.get("/shops/tea")).text
        assert "/surveys/card" not in (await guest.get("/shops/tools")).text, "nobody asks there"
        assert "Would you recommend us?" in words(await guest.get(card))
        assert "Would you recommend us?" in words(await guest.get(link)), "whom it has asked may answer on its own page"
        await guest.post(link, {"question": "q1", "a": "9"})
        assert words(await guest.get(card)) == "", "who has answered is not asked again"
    [row] = await db.ask(research.rows, survey.merchant_id, survey.survey_id)
    here = f"{HERE}/{survey.survey_id}"
    file = list(csv.reader(io.StringIO((await owner.get(here, format="csv")).text.lstrip("\ufeff"))))
    assert file[1][0] == day_of(row.ended_at).isoformat() and file[1][4] == "9"


async def thanked(db: Database, world: World, owner: Browser, one: str, buyer: UUID) -> None:
    """Who has had as many of a coupon as each may have is thanked with another."""
    had, other = [
        Offer(
            merchant_id=world.tea.merchant_id, promotion_id=PromotionId(ids.mint()), name=text("谢礼", "Thanks"),
            rule=AmountOff(steps=(Step(1_000, 500),)), currency="CNY", coupon=True, given=True, per_buyer=1,
            starts_at=datetime.now(UTC), ends_at=datetime.now(UTC) + timedelta(days=9),
        )
        for _ in range(2)
    ]  # fmt: skip
    for each in (had, other):
        await db.transact(promotions.save, each)
    await db.transact(promotions.hand_out, had.merchant_id, had.promotion_id, [buyer])
    refused = await owner.follow(await owner.post(f"{one}/1/thank", {"promotion_id": str(had.promotion_id)}))
    assert "could not get this coupon" in words(refused) and "Thanked with a coupon" not in words(refused)
    for _ in range(2):
        await owner.post(f"{one}/1/thank", {"promotion_id": str(other.promotion_id)})
    assert await db.ask(promotions.holders, other.promotion_id, None, 9) == [buyer]
    assert "Thanked with a coupon" in words(await owner.get(one))


async def test_people_are_drawn_talked_to_and_thanked(db: Database, world: World, owner: Browser) -> None:
    buyer = world.buyer.buyer_id
    assert buyer is not None
    await seen(db, world, [buyer, ids.mint()])
    await db.transact(lambda tx: customers.want_mails(tx, buyer, agreed=True))
    segment = await defined(db, world, Number(measure=Measure.ORDERS, at_least=0))
    here = f"{HERE}/interviews"
    form = await owner.get(here)
    wish = {"list_id": hidden(form, "list_id"), "segment_id": str(segment.segment_id), "seed": "s1", "wanted": "5"}
    assert (await owner.post(here, {**wish, "name": ""})).status_code == 422
    for _ in range(2):
        drawn = await owner.post(here, {**wish, "name": "Regulars"})
    one = f"{here}/{wish['list_id']}"
    assert drawn.headers["location"].endswith(one)
    assert "Could be asked 1" in words(await owner.get(one)), "the other one has agreed to nothing"
    await owner.post(f"{one}/1/thank", {"promotion_id": str(ids.mint())})
    for to in ("asked", "agreed", "done", "drawn"):
        await owner.post(f"{one}/1/move", {"to": to})
    long = await owner.post(f"{one}/1/note", {"note": "x" * 2_001})
    assert long.status_code == 422 and "x" * 2_001 in long.text, "what was typed is not lost"
    await owner.post(f"{one}/1/note", {"note": "Soft soles"})
    await thanked(db, world, owner, one, buyer)
    [row] = list(csv.reader(io.StringIO((await owner.get(one, format="csv")).text.lstrip("\ufeff"))))[1:]
    assert row[3:5] == ["Done", "Soft soles"] and row[5] != "" and row[6] == "s1"
    await db.transact(research.forget_interviews, [buyer])
    assert "Soft soles" not in words(await owner.get(one))
