"""Somebody applies to sell here, is sent back, corrects, is let in, and signs in to a shop of their own."""

import httpx
from litestar import Litestar

from steelyard.goods import catalog
from steelyard.kernel.db import Database
from steelyard.parties import applications
from steelyard.parties.applications.model import RULES_VERSION
from tests.support.applicants import SAID, begun, person, submitted
from tests.support.browser import Browser, words
from tests.support.consoles import app, chief, database_url, signed_in, world
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "world"]

HERE = "/sell/application"
PDF = b"%PDF-1.7\nlicence"
FIELDS = {
    "kind": SAID["kind"],
    "contact": SAID["contact"],
    "shop": {"shop_name_zh": "阿明鞋坊", "slug": "Aming-Shoes"},
    "payout": SAID["payout"],
    "agreement": {"agreed_version": RULES_VERSION},
}


async def upload(browser: Browser, scan: bytes, kind: str = "application/pdf") -> httpx.Response:
    await browser.get("/sign-in")
    data = {**SAID["company"], "_csrf_token": browser.http.cookies["steelyard_csrf"]}
    return await browser.http.post(f"{HERE}/company", data=data, files={"licence_scan": ("licence.pdf", scan, kind)})


async def test_the_page_begins_an_application_and_tells_where_the_mail_went(app: Litestar, world: World) -> None:
    browser = Browser(app)

    wrong = await browser.post("/sell", {"name": "", "email": "nobody"})
    sent = await browser.post("/sell", {"name": "Lin", "email": "lin@example.com"})

    assert wrong.status_code == 422 and "Please fill this in" in words(wrong)
    assert "We have sent a link to lin@example.com" in words(sent)
    assert "Somebody signs in with this address already" in words(
        await browser.post("/sell", {"name": "Lin", "email": world.buyer.email})
    )
    assert "sign-in of its own" in words(await (await signed_in(app, world.buyer)).get("/sell"))


async def test_an_application_goes_from_step_to_step_and_nothing_typed_is_lost(
    db: Database, app: Litestar, world: World, chief: Browser
) -> None:
    account = await begun(db)
    browser = await signed_in(app, person(account))
    assert "0 of 7 done" in words(await browser.get(HERE))
    category = str((await db.ask(catalog.categories))[0].category_id)

    for step, fields in FIELDS.items():
        answer = await browser.post(f"{HERE}/{step}", fields)
        assert answer.status_code == 303, (step, words(answer))
    lost = await upload(browser, b"MZ not a scan")
    assert lost.status_code == 422
    assert "温州某鞋业有限公司" in lost.text and "JPEG, PNG, WebP or PDF" in words(lost)
    assert (await upload(browser, PDF)).status_code == 303
    await browser.post(f"{HERE}/categories", {"category_ids": category})
    page = await browser.get(HERE)
    assert "7 of 7 done" in words(page) and "Hand in the application" in words(page)

    done = await browser.follow(await browser.post(f"{HERE}/submit"))
    assert "We are looking at it" in words(done) and "温州某鞋业有限公司" in words(done)
    assert (await browser.get(f"{HERE}/shop")).status_code == 303, "what is looked at is not changed"

    newest = await db.ask(applications.newest_of, account.account_id)
    assert newest is not None
    own = f"/operator/applications/{newest.application_id}"
    assert "温州某鞋业有限公司" in words(await chief.get("/operator/applications"))
    review = words(await chief.get(own))
    assert "Right check digit of the number" in review
    await chief.post(f"{own}/send-back", {"canned:licence_scan": "0", "reason:scope": "Which shoes?"})
    back = words(await browser.get(HERE))
    assert "The scan is not legible" in back and "Which shoes?" in back

    await upload(browser, PDF)
    await browser.post(f"{HERE}/submit")
    terms = {"currency": "CNY", "settlement_days": "3", "receipt_days": "7"}
    assert "The shop is open" in words(await chief.follow(await chief.post(f"{own}/approve", terms)))
    # The session goes on: from the next click on it is the owner's.
    assert (await browser.get("/merchant")).status_code == 200
    assert (await browser.get(HERE)).headers["location"] == "/merchant"
    assert (await browser.get("/shops/aming-shoes")).status_code == 200


async def test_a_scan_is_seen_by_its_owner_and_by_reviewers_only(db: Database, app: Litestar, world: World) -> None:
    account = await begun(db)
    browser = await signed_in(app, person(account))
    await browser.post(f"{HERE}/kind", FIELDS["kind"])
    await upload(browser, PDF)
    newest = await db.ask(applications.newest_of, account.account_id)
    assert newest is not None
    file = (await db.ask(applications.files_of, newest.application_id))["licence_scan"]

    mine = await browser.get("/sell/papers/licence_scan")

    assert (mine.content, mine.headers["content-type"]) == (PDF, "application/pdf")
    assert mine.headers["cache-control"] == "private, no-store" and "sandbox" in mine.headers["content-security-policy"]
    paper = f"/operator/applications/{newest.application_id}/papers/licence_scan"
    assert (await browser.get(paper)).status_code == 403
    assert (await browser.get(f"/media/{file.file}")).status_code == 404
    for other in (world.buyer, world.tea.owner):
        stranger = await signed_in(app, other)
        assert (await stranger.get("/sell/papers/licence_scan")).status_code in (403, 404)
        assert (await stranger.get(paper)).status_code == 403
        await stranger.close()


async def test_a_refused_application_says_why_and_leads_to_a_new_one(
    db: Database, app: Litestar, world: World, chief: Browser
) -> None:
    application_id = await submitted(db)
    application = await db.ask(applications.get, application_id)
    assert application is not None
    own = f"/operator/applications/{application_id}"

    assert "Please give a reason" in words(await chief.follow(await chief.post(f"{own}/refuse", {"note": ""})))
    await chief.post(f"{own}/refuse", {"note": "The licence is not yours."})

    files = await chief.get("/operator/applications", state="refused", format="csv")
    assert "温州某鞋业有限公司" in files.text
    newest = await db.ask(applications.get, application_id)
    assert newest is not None and newest.state == "refused"
