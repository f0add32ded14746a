"""The operator drafts a right, sees what it would have decided otherwise, and switches it on from a day to come."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.parties import access
from steelyard.trade import rights
from steelyard.trade.rights.model import HOUSE
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.world import World

__all__ = ["app", "database_url", "world"]
HERE = "/operator/rights"
SEVEN = "01890000-0000-7000-8000-000000000001"


@pytest.fixture
async def operator(app: Litestar, world: World) -> Browser:
    return await signed_in(app, world.operator)


def fields(rule_id: str, **more: str) -> dict[str, str]:
    return {
        "rule_id": rule_id, "code": "cn_seven_days", "kind": "no_reason_return", "name_zh": "十五天无理由", "name_en": "15 days",
        "days": "15", "countries": "cn", "source_zh": "平台承诺", "source_en": "A promise", "except-perishable": "yes", **more,
    }  # fmt: skip


async def test_a_version_is_drafted_tried_and_switched_on(db: Database, world: World, operator: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 1)])
    await deal.shipped(db, order)
    await deal.received(db, order)
    assert "Consumer Rights Law of the PRC, Art. 25" in words(await operator.get(HERE))
    form = await operator.get(f"{HERE}/new", of=SEVEN)
    rule_id = hidden(form, "rule_id")
    wrong = await operator.post(f"{HERE}?of={SEVEN}", fields(rule_id, days="0", link="ftp://law"))
    assert wrong.status_code == 422 and 'value="十五天无理由"' in wrong.text
    for _ in range(2):
        page = await operator.follow(await operator.post(HERE, fields(rule_id)))
        assert "Would have other days or exceptions 1" in words(page) and order.code in page.text
    assert len([each for each in await db.ask(rights.versions) if each.code == "cn_seven_days"]) == 2

    today = datetime.now(UTC).astimezone(HOUSE).date()
    early = await operator.post(f"{HERE}/{rule_id}/on", {"since": today.isoformat()})
    assert early.status_code == 422 and "please choose a later day" in words(early)
    unread = await operator.post(f"{HERE}/{rule_id}/on", {"since": "soon"})
    assert unread.status_code == 422 and "Please enter a day" in words(unread)
    tomorrow = (today + timedelta(days=1)).isoformat()
    for _ in range(2):
        assert "Planned" in words(
            await operator.follow(await operator.post(f"{HERE}/{rule_id}/on", {"since": tomorrow}))
        )
    assert "cannot be changed or dropped" in words(await operator.follow(await operator.post(f"{HERE}/{rule_id}/drop")))
    assert (await operator.post(HERE, fields(rule_id, days="30"))).status_code == 422
    assert "Throw the draft away" not in words(await operator.get(f"{HERE}/{rule_id}"))
    log = await db.ask(access.audit_log)
    assert [each.action for each in log.items if each.action.startswith("rights.")] == [
        "rights.switch_on",
        "rights.draft",
    ]
    assert "Switched on a right of buyers" in words(await operator.get("/operator/audit"))


async def test_a_draft_of_a_new_right_can_be_thrown_away(db: Database, operator: Browser) -> None:
    form = await operator.get(f"{HERE}/new")
    rule_id = hidden(form, "rule_id")
    missing = await operator.post(HERE, {"rule_id": rule_id, "kind": "fault"})
    assert missing.status_code == 422
    await operator.post(HERE, fields(rule_id, code="patience"))
    for _ in range(2):
        assert re.search("draft is gone", words(await operator.follow(await operator.post(f"{HERE}/{rule_id}/drop"))))
    assert "patience" not in {each.code for each in await db.ask(rights.versions)}


async def test_a_category_says_why_its_goods_are_not_returned(world: World, operator: Browser) -> None:
    page = f"/operator/categories/{world.categories['tea']}"
    form = await operator.get(page)
    sent = {"name_zh": "茶", "name_en": "Tea", "slug": "tea", "icon": "leaf", "seen": hidden(form, "seen")}
    wrong = await operator.post(page, {**sent, "no_return": "because"})
    assert wrong.status_code == 422 and "Please choose one of these" in words(wrong)
    saved = await operator.follow(await operator.post(page, {**sent, "no_return": "perishable"}))
    assert 'value="perishable" selected' in saved.text


async def test_holidays_are_kept_by_country_and_year(db: Database, operator: Browser) -> None:
    page = words(await operator.get(f"{HERE}/holidays", year=2026))
    assert "Spring Festival" in page and "Christmas" in page
    form = {"country": "de", "day": "2027-03-26", "until": "2027-03-29", "name_zh": "复活节", "name_en": "Easter"}
    wrong = await operator.post(f"{HERE}/holidays", form | {"until": "2026-03-01"})
    assert wrong.status_code == 422 and "at most a month away" in words(wrong) and "Easter" in wrong.text
    nowhere = await operator.post(f"{HERE}/holidays", form | {"country": "Germany"})
    assert nowhere.status_code == 422 and "two capital letters" in words(nowhere)
    for _ in range(2):
        assert "Easter" in words(await operator.follow(await operator.post(f"{HERE}/holidays", form)))
    rules = await db.ask(rights.rules)
    assert rules.calendar.next_working("DE", date(2027, 3, 26)) == date(2027, 3, 30)
    for day in ("2027-03-26", "2027-03-27", "2027-03-28", "2027-03-29"):
        await operator.post(f"{HERE}/holidays/forget", {"country": "DE", "day": day})
    assert "Easter" not in words(await operator.get(f"{HERE}/holidays", year=2027))
    assert (await operator.get(f"{HERE}/holidays", year=2100)).status_code == 200
