"""The operator's day: a maker is let in, a figure is followed down to its order, a reader of the log is paused, goods are
looked over, the home page is composed."""

import json
import re
from urllib.parse import urlsplit
from urllib.request import urlopen
from uuid import uuid4

import psycopg
from playwright.async_api import expect

from steelyard.parties.applications.model import STEPS
from tests.cli import commands
from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor, minor

OPERATOR = "operator@steelyard.test"
PASSWORD = "a long enough password"
EMPTY_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n"
)
SAID: dict[str, dict[str, str]] = {
    "company": {
        "legal_name": "温州阿明鞋业有限公司",
        "licence_number": "91110000600037341L",
        "representative": "林阿明",
        "scope": "鞋类制造、销售",
    },
    "contact": {
        "contact_name": "林阿明",
        "contact_phone": "0577-88000000",
        "contact_address": "温州市鹿城区公园路 12 号",
    },
    "payout": {
        "payout_name": "温州阿明鞋业有限公司",
        "payout_bank": "中国银行温州支行",
        "payout_account": "6222020200112233",
    },
}


def mail_to(house: House, email: str) -> str:
    """The text of the newest mail to somebody, out of the mail catcher."""
    said = (house.home / "logs" / "simulators.log").read_text()
    catcher = re.search(r"mail: (http://\S+)", said)
    assert catcher, said
    with urlopen(f"{catcher[1]}/v1/mails?to={email}", timeout=10) as answer:  # our own catcher
        mails = json.loads(answer.read())["mails"]
    return str(mails[0]["text"]) if mails else ""


async def mailed(maker: Visitor, house: House, email: str, pattern: str) -> str:
    """What a mail to somebody says, once it has come."""
    found: list[str] = []

    async def come() -> bool:
        match = re.search(pattern, mail_to(house, email))
        found.extend([match[0]] if match else [])
        return bool(match)

    for _ in range(300):
        if await come():
            return found[0]
        await maker.page.wait_for_timeout(200)
    raise AssertionError(f"No mail to {email} says {pattern}: {mail_to(house, email)}")


async def come_in(maker: Visitor, email: str, to: str) -> None:
    await maker.goto(f"/sign-in?return_to={to}")
    await maker.fill(email=email, password=PASSWORD)
    await maker.button("Sign in").click()
    await maker.page.wait_for_url(lambda url: urlsplit(url).path.startswith(to))


async def fill_step(maker: Visitor, step: str, slug: str) -> None:
    page = maker.page
    await maker.fill(**SAID.get(step, {}))
    match step:
        case "kind":
            await page.locator("input[name='kind'][value='business']").check(force=True)
            await page.locator("select[name='country']").select_option("CN")
        case "company":
            await page.locator("input[name='licence_scan']").set_input_files(
                {"name": "licence.pdf", "mimeType": "application/pdf", "buffer": EMPTY_PDF}
            )
        case "shop":
            await maker.fill(shop_name_zh="阿明鞋坊", shop_name_en="Aming Shoes", slug=slug)
        case "categories":
            await page.locator("input[name='category_ids']").first.check()
        case "agreement":
            await page.locator("input[name='agreed_version']").check()
        case _:
            pass
    await maker.look(f"apply-{step}")
    await maker.follow(maker.button("Save and go on"))


async def test_a_maker_applies_over_two_visits_is_sent_back_and_let_in(house: House, visit: Visit) -> None:
    slug = f"aming-{uuid4().hex[:8]}"
    email = f"{slug}@example.com"
    maker = await visit()
    await maker.goto("/sell")
    await maker.look("sell")
    await maker.fill(name="林阿明", email=email)
    await maker.button("Send me the link").click()
    await expect(maker.page.locator("#sent")).to_be_visible()
    await maker.goto(await mailed(maker, house, email, r"http://\S+/(?:password|invitation)/\S+"))
    await maker.fill(password=PASSWORD)
    await maker.follow(maker.button("Set the password"))

    # The first visit ends in the middle; the second, in another window, goes on where it stopped.
    for some in (tuple(STEPS)[:3], tuple(STEPS)[3:]):
        maker = await visit()
        await come_in(maker, email, "/sell/application")
        for step in some:
            await maker.goto(f"/sell/application/{step}")
            await fill_step(maker, step, slug)
    await maker.goto("/sell/application")
    await maker.look("application-ready")
    await maker.button("Hand in the application").click()
    await expect(maker.text("We are looking at it")).to_be_visible()

    operator = await visit()
    await steps.sign_in(operator, house, OPERATOR, to="/operator/applications")
    await operator.look("applications")
    here = operator.page.locator("a[href*='/operator/applications/']", has_text="温州阿明鞋业有限公司").first
    await here.click()
    await operator.look("application")
    await operator.page.locator("#send-back > summary").click()
    await operator.page.locator("details.reason", has=operator.page.locator("#reason-scope")).locator("summary").click()
    await operator.page.locator("#reason-scope").fill("与执照不一致")
    await operator.follow(operator.button("Send back"))

    await mailed(maker, house, email, "与执照不一致")
    await maker.goto("/sell/application/company")
    await maker.look("apply-sent-back")
    await maker.fill(scope="鞋类制造")
    await maker.follow(maker.button("Save and go on"))
    await maker.goto("/sell/application")
    await maker.button("Hand in the application").click()
    await expect(maker.text("We are looking at it")).to_be_visible()

    await operator.page.reload()
    await operator.button("Approve and open the shop").click()
    await expect(operator.link("To the merchant")).to_be_visible()

    seller = await visit()
    await come_in(seller, email, "/merchant")
    await expect(seller.page.locator("h1")).to_be_visible()
    await seller.look("first-day")


def beside(house: House) -> int:
    """What is in the books of the last days and no paid order yet, as the page says: of teams that wait or came to nothing,
    deposits, gift cards; less what is authorised and not taken; in fen."""
    with psycopg.connect(commands.owner_url(house.home)) as owner:
        row = owner.execute(
            """
            SELECT (
                SELECT coalesce(sum(t.amount), 0) FROM ledger_transfers t
                LEFT JOIN payment_splits s ON s.merchant_id = t.owner_id AND s.payment_id = t.document
                LEFT JOIN orders o ON o.merchant_id = s.merchant_id AND o.order_id = s.order_id
                WHERE t.reason = 'allotted' AND t.currency = 'CNY' AND t.at > now() - interval '2 days'
                  AND o.paid_at IS NULL AND t.document NOT IN (SELECT document FROM payment_captures)
            )::bigint - (
                SELECT coalesce(sum(s.authorised - s.captured), 0) FROM payment_splits s
                JOIN orders o USING (merchant_id, order_id)
                WHERE s.authorised > 0 AND o.currency = 'CNY' AND o.paid_at IS NOT NULL
            )::bigint
            """
        ).fetchone()
    assert row is not None
    return row[0]


async def test_a_figure_is_followed_down_to_the_order_it_is_made_of(house: House, visit: Visit) -> None:
    operator = await visit()
    page = operator.page
    await steps.sign_in(operator, house, OPERATOR, to="/operator")
    await operator.goto("/operator?period=30d")
    await page.locator("a.stat").first.click()
    await expect(page).to_have_url(re.compile(r"/operator/figures/orders\?what=paid"))
    await operator.look("orders-behind-it")
    paid = minor(await page.locator(".stat-value").first.inner_text())
    assert paid > 0
    await operator.link("In the books").click()
    await expect(page).to_have_url(re.compile("reason=allotted"))
    await operator.look("transfers")
    booked = minor(await page.locator(".stat-value").first.inner_text())
    assert booked - beside(house) == paid, "the transfers make up the figure"
    await page.locator("a[href*='/books/documents/']").first.click()
    await operator.look("document")
    await page.locator("a[href*='/operator/payments/'], a[href*='/operator/orders/']").first.click()
    await operator.look("what-it-was")
    if "/operator/payments/" in page.url:
        await page.locator("td a[href*='/operator/orders/']").first.click()
    await expect(page).to_have_url(re.compile("/operator/orders/"))
    await expect(page.locator("main a[href*='/operator/payments/']").first).to_be_visible()
    await operator.look("order")


async def test_a_reader_of_the_event_log_is_paused_and_goes_on(house: House, visit: Visit) -> None:
    operator = await visit()
    page = operator.page
    await steps.sign_in(operator, house, OPERATOR, to="/operator/system/subscribers")
    await operator.look("subscribers")
    await operator.goto("/operator/system/subscribers/analytics")
    await page.locator("details.confirm summary", has_text=operator.words("Pause")).first.click()
    await operator.look("pausing")
    await page.locator("form[action$='/pause'] button").locator("visible=true").first.click()
    await expect(page.locator("form[action$='/resume'] button")).to_be_visible()
    await operator.look("paused")
    await page.locator("form[action$='/resume'] button").click()
    await expect(operator.text("Up to date").or_(operator.text("Behind")).first).to_be_visible()


async def test_goods_are_looked_over_by_keyboard(house: House, visit: Visit, variant: Variant) -> None:
    operator = await visit()
    page = operator.page
    await steps.sign_in(operator, house, OPERATOR, to="/operator/product-reviews")
    await operator.look("queue")
    assert await page.locator("tr[data-row]").count(), "the demo keeps a queue"
    await operator.press("j")
    await operator.press("Enter")
    await expect(page).to_have_url(re.compile(r"/operator/product-reviews/[0-9a-f-]+"))
    # One of the queue in each variant: it has to last for all of them.
    if variant.language == "en":
        await operator.press("a")
        await expect(page.locator("#flashes .alert").first).to_be_visible()
        await operator.look("approved")
        return
    await operator.press("r")
    reason = page.locator("form[data-decide] select").first
    await expect(reason).to_be_visible()
    await reason.select_option(index=1)
    await operator.look("sending-back")
    await page.locator("button[value='send_back']").press("Enter")
    await expect(page.locator("#flashes .alert").first).to_be_visible()
    await operator.look("sent-back")


async def test_the_home_page_is_composed_and_published(house: House, visit: Visit) -> None:
    operator = await visit()
    page = operator.page
    heading = f"新到 {uuid4().hex[:6]}"
    await steps.sign_in(operator, house, OPERATOR, to="/operator/pages/home")
    await page.locator("#new-kind").select_option("text")
    await operator.follow(operator.button("Add"))
    block = page.locator("li.composer-block").last
    if not await block.locator("input[name='title_zh']").is_visible():
        await block.locator("summary").first.click()
    await block.locator("input[name='title_zh']").fill(heading)
    await block.locator("input[name='title_en']").fill(heading)
    await block.locator("textarea[name='text_zh']").fill("山里的新茶")
    await block.locator("textarea[name='text_en']").fill("New tea from the hills")
    await operator.look("composing")
    await operator.follow(block.get_by_role("button", name=operator.words("Save in the draft")))
    await expect(page.locator("li.composer-block", has_text=heading)).to_be_visible()
    await operator.follow(operator.button("Publish the draft"))
    await operator.look("published")

    guest = await visit()
    await guest.goto("/")
    await expect(guest.page.get_by_text(heading).first).to_be_visible()
