"""A violation from its record to its appeal, and a deposit paid in, on the pages of both consoles."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import UUID

import pytest
from litestar import Litestar
from PIL import Image

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.parties import access, merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web import debt_papers
from steelyard.trade import discipline
from steelyard.trade.discipline import NewViolation, ViolationId
from steelyard.trade.settlement import settlement_day
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, database_url, owner, signed_in, world
from tests.support.world import World, account

__all__ = ["app", "database_url", "owner", "world"]


def photograph() -> bytes:
    out = BytesIO()
    Image.new("RGB", (320, 240), "teal").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
async def chief(app: Litestar, world: World) -> Browser:
    return await signed_in(app, world.operator)


async def test_a_violation_is_recorded_appealed_against_and_revoked_by_somebody_else(
    db: Database, world: World, app: Litestar, owner: Browser, chief: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)], world.buyer.buyer_id)
    base = f"/operator/violations/{world.tea.merchant_id}"
    form = await chief.get(f"{base}/new", order=str(order.order_id))
    assert str(order.order_id) in form.text
    said = {"violation_id": hidden(form, "violation_id"), "subject": "order", "subject_id": str(order.order_id)}
    wrong = await chief.post(f"{base}/new", {**said, "code": "", "facts": "", "fine": ""})
    assert wrong.status_code == 422 and "what happened" in words(wrong)
    filled = {**said, "code": "misdescribed", "facts": "Another tea <b>", "fine": ""}
    for _ in range(2):
        page = await chief.follow(await chief.post(f"{base}/new", filled))
        assert "Goods not as described" in words(page) and "Another tea &lt;b&gt;" in page.text
    assert "Goods not as described" in words(await chief.get("/operator/violations"))
    assert "Points in" in words(await chief.get(base))

    [violation] = (await db.ask(discipline.listed, MerchantId(world.tea.merchant_id))).items
    mine = f"/merchant/compliance/{violation.violation_id}"
    assert "Goods not as described" in words(await owner.get("/merchant/compliance"))
    unsaid = await owner.post(f"{mine}/appeal", {"appeal": " "})
    assert unsaid.status_code == 422 and "the platform decides by it" in words(unsaid)
    for _ in range(2):
        answer = await owner.post(f"{mine}/appeal", {"appeal": "It is the tea that was ordered"})
        assert "Appeal waits" in words(await owner.follow(answer))

    assert "Appeals against violations" in words(await chief.get("/operator"))
    theirs = f"{base}/{violation.violation_id}"
    assert "Another member of staff decides" in words(await chief.get(theirs))
    refused = await chief.post(theirs, {"outcome": "stands", "decision": "Me again"})
    assert refused.status_code == 403
    another = await db.transact(account, "operator", "second", "Second", roles=["operator_admin"])
    second = await signed_in(app, another)
    for fields in ({"outcome": "", "decision": "So"}, {"outcome": "revoked", "decision": ""}):
        assert (await second.post(theirs, fields)).status_code == 422
    for _ in range(2):
        answer = await second.post(theirs, {"outcome": "revoked", "decision": "It is that tea"})
        assert "Revoked" in words(await second.follow(answer))
    await second.close()
    assert "It is that tea" in words(await owner.get(mine))
    log = await db.ask(access.audit_log, order.merchant_id)
    assert [each.action for each in log.items if each.action.startswith("violations.")] == [
        "violations.decide", "violations.appeal", "violations.record",
    ]  # fmt: skip
    chinese = await signed_in(app, world.tea.owner, "zh-Hans")
    assert "合规" in words(await chinese.get("/merchant/compliance"))
    await chinese.close()


async def test_a_deposit_is_asked_for_and_paid_in(db: Database, world: World, owner: Browser, chief: Browser) -> None:
    base = f"/operator/violations/{world.tea.merchant_id}"
    for fields in (
        {"required": "x"},
        {"required": "100", "due_on": "yesterday"},
        {"required": "1", "due_on": "2001-01-01"},
    ):
        assert (await chief.post(f"{base}/deposit", fields)).status_code == 422
    await chief.post(f"{base}/deposit", {"required": "100", "due_on": ""})
    assert "are missing in your deposit" in words(await owner.get("/merchant/compliance"))
    page = await owner.get("/merchant/compliance")
    much = await owner.post("/merchant/compliance/deposit", {"movement_id": hidden(page, "movement_id"), "amount": "5"})
    assert much.status_code == 409 and "more than there is" in words(much)
    page = await chief.get(base)
    movement = hidden(page, "movement_id")
    assert (await chief.post(f"{base}/deposit/transfer", {"amount": "100", "reference": ""})).status_code == 422
    for _ in range(2):
        fields = {"movement_id": movement, "amount": "100", "reference": "B-1"}
        assert "B-1" in words(await chief.follow(await chief.post(f"{base}/deposit/transfer", fields)))
    assert "are missing in your deposit" not in words(await owner.get("/merchant/compliance"))
    assert (await chief.post(f"{base}/deposit/return", {"movement_id": str(ids.mint())})).status_code == 409


async def test_rules_are_the_operators(db: Database, chief: Browser) -> None:
    page = "/operator/violations/rules"
    assert "Counterfeit goods" in words(await chief.get(page, code="counterfeit"))
    new = {"code": "spam", "name_zh": "骚扰买家", "name_en": "Spam", "category": "a", "points": "2", "fine": "30"}
    assert (await chief.post(page, {**new, "points": "99"})).status_code == 422
    for _ in range(2):
        assert "Spam" in words(await chief.follow(await chief.post(page, {**new, "active": "yes"})))
    rule = next(each for each in await db.ask(discipline.rules) if each.code == "spam")
    assert (rule.points, rule.fine, rule.active) == (2, 3_000, True)


async def test_a_paper_that_a_category_needs_is_handed_in_and_accepted(
    world: World, app: Litestar, owner: Browser, chief: Browser
) -> None:
    category = f"/operator/categories/{world.categories['tea']}"
    for _ in range(2):
        page = await chief.follow(await chief.post(f"{category}/papers", {"papers": "food_business"}))
        assert re.search('value="food_business" checked', page.text)
    here = "/merchant/compliance/papers"
    fields = {"paper_id": str(ids.mint()), "kind": "food_business", "number": "JY12345", "good_until": ""}
    wrong = await owner.post(here, {**fields, "number": ""})
    assert wrong.status_code == 422 and "upload a scan" in words(wrong)
    scan = {"scan": ("licence.pdf", b"%PDF-1.4 scan")}
    assert (await owner.upload(here, {**fields, "good_until": "2001-01-01"}, scan)).status_code == 422
    for _ in range(2):
        assert "JY12345" in words(await owner.follow(await owner.upload(here, fields, scan)))
    waiting = await chief.get("/operator/papers")
    [own] = set(re.findall(r'href="(/operator/papers/[^"]+)"', waiting.text))
    assert (await chief.get(own)).content == b"%PDF-1.4 scan"
    others = await signed_in(app, world.tools.owner)
    paper = own.rsplit("/", 1)[1]
    assert (await others.get(f"{here}/{paper}")).status_code == 404
    await others.close()
    file = hidden(waiting, "file")
    for _ in range(2):
        await chief.post(f"{own}/accept", {"file": file})
    assert "No papers wait" in words(await chief.get("/operator/papers"))
    assert "Accepted" in words(await owner.get(here))


async def test_another_shop_finds_nothing(db: Database, world: World, app: Litestar) -> None:
    new = NewViolation(
        violation_id=ViolationId(ids.mint()),
        merchant_id=MerchantId(world.tea.merchant_id),
        code="misdescribed",
        facts="So",
    )
    await db.transact(discipline.record, new, "staff:first", datetime.now(UTC))
    others = await signed_in(app, world.tools.owner)
    assert "Goods not as described" not in words(await others.get("/merchant/compliance"))
    for path in (new.violation_id, ids.mint()):
        assert (await others.get(f"/merchant/compliance/{path}")).status_code == 404
        assert (await others.post(f"/merchant/compliance/{path}/appeal", {"appeal": "Mine"})).status_code == 404
    await others.close()


async def test_a_category_asks_for_a_deposit_and_a_shop_is_told(
    db: Database, world: World, owner: Browser, chief: Browser
) -> None:
    category = f"/operator/categories/{world.categories['tea']}"
    wrong = await chief.post(f"{category}/deposit", {"deposit_CNY": "much", "deposit_USD": "70"})
    assert wrong.status_code == 422
    assert 'value="much"' in wrong.text and 'value="70"' in wrong.text, "what was typed stays"
    for _ in range(2):
        page = await chief.follow(
            await chief.post(f"{category}/deposit", {"deposit_CNY": "500", "deposit_JPY": "9000"})
        )
        assert hidden(page, "_csrf_token") and 'value="500.00"' in page.text and 'value="9000"' in page.text
    await db.transact(discipline.follow_categories, datetime.now(UTC).date())
    assert "by a category that you sell in" in words(await owner.get("/merchant/compliance"))
    assert "Its categories ask for" in words(await chief.get(f"/operator/violations/{world.tea.merchant_id}"))
    log = await db.ask(access.audit_log)
    assert [each.action for each in log.items].count("categories.deposit") == 1


async def test_a_shop_to_close_stands_on_the_list_until_it_is_closed(
    db: Database, world: World, chief: Browser
) -> None:
    assert "No shop is to be closed" in words(await chief.get("/operator/violations", state="close"))
    for _ in range(2):
        new = NewViolation(
            violation_id=ViolationId(ids.mint()), merchant_id=MerchantId(world.tea.merchant_id), code="counterfeit",
            facts="Copies",
        )  # fmt: skip
        await db.transact(discipline.record, new, "staff:first", datetime.now(UTC))
    assert "Shops to close for their points 1" in words(await chief.get("/operator"))
    page = await chief.get("/operator/violations", state="close")
    assert f"/operator/merchants/{world.tea.merchant_id}" in page.text and "48" in words(page)


async def test_somebody_looks_at_a_shop_anew_each_year(
    db: Database, world: World, owner: Browser, chief: Browser
) -> None:
    shop, today = MerchantId(world.tea.merchant_id), settlement_day(datetime.now(UTC))
    await db.transact(merchants.verify, shop, today - timedelta(days=366))
    assert "Shops to look at anew 1" in words(await chief.get("/operator"))
    listed = await chief.get("/operator/merchants", licence="anew")
    assert str(shop) in listed.text and str(world.tools.merchant_id) not in listed.text
    own = f"/operator/merchants/{shop}"
    assert "Overdue" in words(await chief.get(f"{own}/papers"))
    for _ in range(2):
        page = await chief.follow(await chief.post(f"{own}/licence/verify", {"note": "The register"}))
        assert "Overdue" not in words(page)
    assert "Shops to look at anew 1" not in words(await chief.get("/operator"))
    assert "Looked at anew by" in words(await owner.get("/merchant/licence"))
    log = await db.ask(access.audit_log)
    assert [each.action for each in log.items].count("merchants.verify") == 1


async def test_both_sides_show_pictures_and_no_others_see_the_page(
    db: Database, world: World, app: Litestar, owner: Browser, chief: Browser
) -> None:
    base = f"/operator/violations/{world.tea.merchant_id}"
    form = await chief.get(f"{base}/new")
    said = {"violation_id": hidden(form, "violation_id"), "code": "misdescribed", "facts": "Another colour", "fine": ""}
    picture = {"pictures": ("a.png", photograph())}
    wrong = await chief.upload(f"{base}/new", {**said, "facts": ""}, picture)
    assert wrong.status_code == 422
    [kept] = re.findall('name="pictures-kept" value="([^"]+)"', wrong.text)
    await chief.follow(await chief.upload(f"{base}/new", {**said, "pictures-kept": kept}, {}))
    refused = await chief.upload(f"{base}/new", said, {"pictures": ("a.png", b"no picture")})
    assert refused.status_code == 422

    mine = f"/merchant/compliance/{said['violation_id']}"
    assert kept in (await owner.get(mine)).text
    await owner.follow(await owner.upload(f"{mine}/appeal", {"appeal": "It is this one"}, picture))

    violation = await db.ask(discipline.violation, MerchantId(world.tea.merchant_id), UUID(said["violation_id"]))
    assert violation is not None and violation.pictures == [kept] and len(violation.appeal_pictures) == 1
    assert violation.appeal_pictures[0] in (await chief.get(f"{base}/{said['violation_id']}")).text
    stranger = await signed_in(app, world.tools.owner)
    assert (await stranger.get(mine)).status_code == 404
    await stranger.close()


async def test_a_shop_that_owes_is_told_and_pays_by_transfer(
    db: Database, world: World, owner: Browser, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    tea = MerchantId(world.tea.merchant_id)
    new = NewViolation(violation_id=ViolationId(ids.mint()), merchant_id=tea, code="misdescribed", facts="Not cotton")
    now = datetime.now(UTC)
    await db.transact(discipline.record, new, "staff:first", now)
    assert "No shop owes anything" in words(await chief.get("/operator/violations", state="owing"))

    await db.transact(discipline.follow_debts, now + timedelta(days=31))

    assert "You owe the platform" in words(await owner.get("/merchant/compliance"))
    assert "To be paid by" in words(await chief.get("/operator/violations", state="owing"))
    base = f"/operator/violations/{tea}"
    page = await chief.get(base)
    assert "It pays what it owes" in words(page)
    paper = "/debts/CNY/debt.pdf"
    for reader, place in ((owner, "/merchant/compliance"), (chief, base)):
        assert f"{place}{paper}" in (await reader.get(place)).text
        drawn = await reader.get(f"{place}{paper}")
        assert drawn.content.startswith(b"%PDF") and len(drawn.content) > 2_000
        assert (await reader.get(f"{place}/debts/EUR/debt.pdf")).status_code == 404
    assert not (await db.ask(debt_papers.found, tea, "CNY")).cut
    monkeypatch.setattr(debt_papers, "ENTRIES_ON_PAPER_MAX", 1)
    assert (await db.ask(debt_papers.found, tea, "CNY")).cut, "of more entries it says that there are more"
    wrong = await chief.post(
        f"{base}/debt", {"payment_id": hidden(page, "payment_id"), "paid": "200", "paid_reference": ""}
    )
    assert wrong.status_code == 422
    assert 'value="200"' in wrong.text
    fields = {"payment_id": hidden(page, "payment_id"), "paid": "200", "paid_reference": "D-1"}
    for _ in range(2):
        assert (await chief.post(f"{base}/debt", fields)).status_code == 303, "a second click"
    assert "It pays what it owes" not in words(await chief.get(base))
    assert "You owe the platform" not in words(await owner.get("/merchant/compliance"))
    log = await db.ask(access.audit_log)
    assert [each.action for each in log.items].count("debts.transfer") == 1
