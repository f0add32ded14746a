"""A merchant makes a product with options, pictures and stock; it is found, and no longer when it leaves the shelf."""

import re
from io import BytesIO
from uuid import uuid4

from PIL import Image
from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House


def png() -> bytes:
    """A small picture."""
    out = BytesIO()
    Image.new("RGB", (240, 240), "#b5483c").save(out, "PNG")
    return out.getvalue()


async def test_a_product_is_made_found_and_taken_off_the_shelf(house: House, visit: Visit) -> None:
    number = uuid4().hex[:6]
    merchant = await visit()
    name = f"试衣镜{number}" if merchant.locale == "zh-Hans" else f"Mirror {number}"
    page = merchant.page
    await steps.sign_in(merchant, house, "merchant@steelyard.test", to="/merchant/products/new")
    await merchant.fill(
        title_zh=f"试衣镜{number}",
        title_en=f"Mirror {number}",
        description_zh="落地全身镜。",
        code=f"MIR-{number}",
        price="129.00",
        weight="4200",
        pieces="7",
        option_1_name="颜色 | Colour",
        option_1_values="胡桃 | Walnut\n黑色 | Black",
    )
    await page.locator("select[name='category']").select_option(index=1)
    await merchant.look("new-product")
    await merchant.button("Make the product").click()
    await expect(page.locator("h1")).to_contain_text(name)
    product = re.sub(r"[?#].*", "", page.url)
    await page.locator("#pictures-input").set_input_files(
        {"name": "mirror.png", "mimeType": "image/png", "buffer": png()}
    )
    await expect(page.locator(".picture-item img")).to_be_visible()
    await merchant.settled()
    await merchant.button("Save and put on the shelf").click()
    await expect(merchant.button("Take off the shelf")).to_be_visible()
    await merchant.look("product")

    buyer = await visit()
    await buyer.goto(f"/search?q={name}")
    await buyer.until(buyer.page.get_by_role("link", name=name))
    await buyer.look("found")
    await buyer.page.get_by_role("link", name=name).click()
    await buyer.look("in-the-shop")
    await steps.open_choice(buyer)
    await expect(buyer.page.locator("#choose-foot button").first).to_be_enabled()
    await buyer.follow(buyer.page.locator("#choose-foot button").first)

    await merchant.goto(product)
    await merchant.button("Take off the shelf").click()
    await expect(merchant.button("Save and put on the shelf")).to_be_visible()

    await buyer.goto("/cart")
    await expect(buyer.page.get_by_text(buyer.words("No longer for sale"))).to_be_visible()
    await expect(buyer.button("Check out")).to_be_disabled()
    await buyer.look("cart")
    await buyer.goto(f"/search?q={name}")
    await buyer.until_gone(buyer.page.get_by_role("link", name=name))
    await buyer.look("not-found")
