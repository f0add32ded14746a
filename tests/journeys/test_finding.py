"""Buyers find goods by word, by pinyin, with a typo, and by facets; the operator composes the home page, a merchant
decorates the shop."""

import re

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House


async def test_somebody_finds_goods_by_word_pinyin_and_in_spite_of_a_typo(visit: Visit) -> None:
    buyer = await visit()
    page = buyer.page
    field = page.locator(".shop-top input[name=q]")
    await buyer.goto("/")
    await buyer.look("home")

    await field.press_sequentially("pixie", delay=20)
    options = page.get_by_role("option")
    await expect(page.get_by_role("listbox")).to_have_attribute("aria-busy", "false")
    await expect(options.filter(has_text="皮鞋").first).to_be_visible()
    await expect(field).to_have_attribute("aria-expanded", "true")
    await field.press("ArrowDown")
    await expect(field).to_have_attribute("aria-activedescendant", re.compile(".+"))
    await buyer.look("suggestions")
    await field.press("Enter")
    await page.wait_for_url(re.compile("/search|/c/|/products/"))

    await buyer.goto("/search?q=snaekers")
    await expect(page.locator(".search-said")).to_be_visible()
    await expect(page.locator(".product-card").first).to_be_visible()
    await buyer.look("mended")
    await page.locator(".search-said a").click()
    await expect(buyer.text("Nothing was found")).to_be_visible()
    await buyer.look("nothing-found")

    await buyer.goto("/search")
    await expect(page.locator(".word-kept").first).to_be_visible()
    kept = await page.locator(".word-kept").count()
    await buyer.look("search-history")
    await page.locator(".word-kept button").first.click()
    await expect(page.locator(".word-kept")).to_have_count(kept - 1)


async def test_somebody_narrows_a_list_down(visit: Visit, width: str) -> None:
    buyer = await visit()
    page = buyer.page
    await buyer.goto("/c/shoes")
    before = await page.locator("#results [role=status]").inner_text()
    if width == "phone":
        await page.locator(".filter-sheet > summary").click()
    first = page.locator("#facets input[name=facet]").first
    value = await first.get_attribute("value")
    await first.check()
    await page.wait_for_url(re.compile("facet="))
    await expect(page.locator("#results [role=status]")).not_to_have_text(before)
    await expect(page.locator(f"#facets input[value='{value}']")).to_be_checked()
    await buyer.look("narrowed")
    if width == "phone":
        await expect(page.locator(".filter-sheet")).to_have_attribute("open", "")
        await page.locator("#apply-filters").click()
        await expect(page.locator(".filter-sheet")).not_to_have_attribute("open", "")
    await page.locator(".listing-said .chip").first.click()
    await expect(page.locator("#results [role=status]")).to_have_text(before)


async def test_the_operator_composes_the_home_page(visit: Visit, house: House) -> None:
    operator = await visit()
    page = operator.page
    await steps.sign_in(operator, house, "operator@steelyard.test")
    await operator.goto("/operator/pages/home")
    await operator.look("composer")
    await page.locator("#new-kind").select_option("text")
    await operator.follow(page.locator("form:has(#new-kind) button"))
    block = page.locator(".composer-block").last
    await block.locator("textarea[name=text_en]").fill("Our shops are open on Sunday.")
    await block.locator("textarea[name=text_zh]").fill("周日照常营业。")
    await operator.follow(block.get_by_role("button", name=operator.words("Save in the draft"), exact=True))
    last = page.locator(".composer-block").last
    await operator.follow(last.get_by_role("button", name=operator.words("Move up"), exact=True))
    shown = page.frame_locator("iframe").get_by_text(re.compile("周日照常营业|open on Sunday")).first
    await page.locator("iframe").scroll_into_view_if_needed()
    await expect(shown).to_be_attached()
    await operator.follow(operator.button("Publish the draft"))
    await expect(operator.text("shown")).to_be_visible()
    await operator.goto("/")
    await expect(page.get_by_text(re.compile("周日照常营业|open on Sunday")).first).to_be_visible()
    await operator.look("composed-home")


async def test_a_merchant_decorates_the_shop(visit: Visit, house: House) -> None:
    merchant = await visit()
    page = merchant.page
    await steps.sign_in(merchant, house, "merchant@steelyard.test")
    await merchant.goto("/merchant/shop-categories")
    await merchant.look("shop-categories")
    await merchant.goto("/merchant/decoration/shop")
    await merchant.look("decoration")
    await merchant.button("Publish the draft").click()
    await expect(merchant.text("shown")).to_be_visible()
    await merchant.goto("/merchant/shop/visit")
    await expect(page.locator("h1")).to_be_visible()
    await merchant.look("decorated-shop")
