"""A shop's staff keep their products, their stock and their freight."""

import re
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from urllib.parse import urlencode
from uuid import UUID

import httpx
from litestar import Litestar
from PIL import Image

from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import Picture, ProductChange, ProductState, ProductView, SkuChange
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import Text, text
from steelyard.logistics import freight
from steelyard.parties import access
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.world import CURRENCY, STOCK, World, account


def photograph(colour: str) -> bytes:
    """A small JPEG that says where it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "Camera of Wenzhou"
    out = BytesIO()
    Image.new("RGB", (120, 160), colour).save(out, "JPEG", exif=exif)
    return out.getvalue()


def form_of(product: ProductView, **other: str) -> dict[str, str]:
    """The editor's form as it stands, with something else in it."""
    fields = {
        "title_zh": product.title.get("zh-Hans", ""), "title_en": product.title.get("en", ""),
        "category": str(product.category_id), "slug": product.slug, "tax_class": product.tax_class,
    }  # fmt: skip
    for sku in product.skus:
        fields[f"code:{sku.sku_id}"] = sku.code
        fields[f"weight:{sku.sku_id}"] = str(sku.weight_grams)
        if sku.active:
            fields[f"active:{sku.sku_id}"] = "yes"
    return fields | other


async def seen(db: Database, product_id: UUID) -> ProductView:
    product = await db.ask(catalog.product, product_id)
    assert product is not None
    return product


async def made(owner: Browser, world: World) -> UUID:
    """A new product with two options of two values each."""
    page = await owner.get("/merchant/products/new")
    product_id = hidden(page, "product_id")
    fields = {
        "product_id": product_id, "title_zh": "碧螺春", "title_en": "Biluochun", "code": "BLC",
        "category": str(world.categories["tea"]), "price": "68.00", "compare_at": "80", "weight": "120", "pieces": "7",
        "warehouse": str(world.tea.warehouse_id), "option_1_name": "等级 | Grade",
        "option_1_values": "特级 | Special\n一级 | First",
        "option_2_name": "规格 | Size", "option_2_values": "100 克 | 100 g\n250 克 | 250 g",
    }  # fmt: skip
    for _ in range(2):  # the second click makes nothing more
        answer = await owner.post("/merchant/products/new", fields)
        assert answer.status_code == 303, words(answer)
    return UUID(product_id)


async def test_a_product_is_made_with_a_variant_for_every_choice(db: Database, world: World, owner: Browser) -> None:
    product_id = await made(owner, world)

    product = await db.ask(catalog.product, product_id)
    assert product is not None
    assert product.state is ProductState.DRAFT
    assert [sku.code for sku in product.skus] == ["BLC-1", "BLC-2", "BLC-3", "BLC-4"]
    assert product.options[0].name == {"zh-Hans": "等级", "en": "Grade"}
    sku_ids = [sku.sku_id for sku in product.skus]
    prices = await db.ask(pricing.current, sku_ids, CURRENCY)
    assert {(price.amount, price.compare_at) for price in prices.values()} == {(6_800, 8_000)}
    assert set((await db.ask(inventory.available, sku_ids)).values()) == {7}


async def test_what_is_wrong_with_a_new_product_is_said_beside_what_was_typed(world: World, owner: Browser) -> None:
    fields = {"title_en": "Oolong", "price": "a lot", "code": "OOL", "option_1_name": "Colour"}

    page = await owner.post("/merchant/products/new", fields)

    assert page.status_code == 422
    assert 'value="a lot"' in page.text
    said = words(page)
    assert "Please enter an amount such as 12.50" in said
    assert "Please choose a category" in said
    assert "An option needs a name and its values" in said


async def test_variants_are_priced_renamed_and_taken_out_of_sale(db: Database, world: World, owner: Browser) -> None:
    product_id = await made(owner, world)
    product = await seen(db, product_id)
    first, second = product.skus[:2]
    fields = form_of(product) | {
        f"code:{first.sku_id}": "BLC-A", f"price:{first.sku_id}": "70.5", f"weight:{first.sku_id}": "130",
    }  # fmt: skip
    del fields[f"active:{second.sku_id}"]

    await owner.follow(await owner.post(f"/merchant/products/{product_id}", fields))

    changed = {sku.sku_id: sku for sku in await db.ask(catalog.skus_of, product_id)}
    assert (changed[first.sku_id].code, changed[first.sku_id].weight_grams) == ("BLC-A", 130)
    assert not changed[second.sku_id].active
    prices = await db.ask(pricing.current, [first.sku_id], CURRENCY)
    assert prices[first.sku_id].amount == 7_050
    log = (await db.ask(access.audit_log, world.tea.merchant_id)).items[0]
    assert log.facts["before"]["price BLC-A"] == 6_800
    assert log.facts["after"]["price BLC-A"] == 7_050


async def test_a_wrong_price_changes_nothing(db: Database, world: World, owner: Browser) -> None:
    green = world.items["green"]
    product = await seen(db, green.product_id)
    fields = form_of(product, title_zh="改名") | {f"price:{green.sku_id}": "12.345"}

    page = await owner.post(f"/merchant/products/{green.product_id}", fields)

    assert page.status_code == 422
    assert 'value="12.345"' in page.text
    assert 'value="改名"' in page.text
    assert (await db.ask(pricing.current, [green.sku_id], CURRENCY))[green.sku_id].amount == green.amount
    assert (await seen(db, green.product_id)).title == product.title


async def test_a_value_more_makes_variants_that_cost_what_the_first_does(
    db: Database, world: World, owner: Browser
) -> None:
    product = await seen(db, await made(owner, world))
    pairs = [*form_of(product, with_options="yes").items(), (f"price:{product.skus[0].sku_id}", "68.00")]
    for place, option in enumerate(product.options):
        pairs += [(f"opt:{place}:was", str(place)), (f"opt:{place}:name_zh", option.name["zh-Hans"])]
        pairs += [(f"opt:{place}:name_en", option.name["en"])]
        values = [*option.values, text("二级", "Second")] if place == 0 else option.values
        for n, value in enumerate(values):
            pairs += [(f"opt:{place}:value_zh", value["zh-Hans"]), (f"opt:{place}:value_en", value["en"])]
            pairs += [(f"opt:{place}:value_was", str(n) if n < len(option.values) else "")]

    answer = await post_pairs(owner, f"/merchant/products/{product.product_id}", pairs)

    assert answer.status_code == 303, words(answer)
    after = await seen(db, product.product_id)
    assert [value["en"] for value in after.options[0].values] == ["Special", "First", "Second"]
    known = {sku.sku_id for sku in product.skus}
    fresh = [sku for sku in after.skus if sku.sku_id not in known]
    assert [sku.choice for sku in fresh] == [[2, 0], [2, 1]]
    assert {sku.sku_id for sku in after.skus} >= known
    prices = await db.ask(pricing.current, [sku.sku_id for sku in fresh], CURRENCY)
    assert {price.amount for price in prices.values()} == {6_800}


async def post_pairs(browser: Browser, path: str, pairs: list[tuple[str, str]]) -> httpx.Response:
    token = ("_csrf_token", browser.http.cookies["steelyard_csrf"])
    return await browser.http.post(
        path,
        content=urlencode([token, *pairs]),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )


async def test_the_description_is_changed_in_both_languages(db: Database, world: World, owner: Browser) -> None:
    black = world.items["black"]
    fields = form_of(await seen(db, black.product_id)) | {
        "title_zh": "滇红", "title_en": "Dianhong",
        "description_en": "Malty.", "attribute_name_en": "Origin", "attribute_name_zh": "产地",
        "attribute_value_en": "Yunnan", "attribute_value_zh": "云南",
    }  # fmt: skip

    await owner.follow(await owner.post(f"/merchant/products/{black.product_id}", fields))

    product = await seen(db, black.product_id)
    assert product.title == {"zh-Hans": "滇红", "en": "Dianhong"}
    assert product.attributes[0].value == {"zh-Hans": "云南", "en": "Yunnan"}


async def test_who_saves_after_a_colleague_is_told_and_loses_nothing(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    black = world.items["black"]
    here = f"/merchant/products/{black.product_id}"
    before = await seen(db, black.product_id)
    mark = hidden(await owner.get(here), "seen")
    deputy = partial(account, merchant_id=world.tea.merchant_id, roles=["merchant_owner"])
    colleague = await signed_in(app, await db.transact(deputy, "merchant", "deputy", "Deputy"))
    theirs = form_of(before, title_en="Theirs", seen=hidden(await colleague.get(here), "seen"))
    await colleague.follow(await colleague.post(here, theirs))
    await colleague.follow(await colleague.post(here, theirs))  # the second click of the same person is no quarrel

    page = await owner.post(here, form_of(before, title_en="Mine", seen=mark))

    assert page.status_code == 422
    assert "saved this product" in words(page)
    assert 'value="Mine"' in page.text, "what was typed is still there"
    assert (await seen(db, black.product_id)).title["en"] == "Theirs"
    quiet = await owner.post(here, form_of(before, title_en="Mine", seen=mark, autosave="yes"))
    assert quiet.status_code == 409
    await owner.follow(await owner.post(here, form_of(before, title_en="Mine", seen=hidden(page, "seen"))))
    assert (await seen(db, black.product_id)).title["en"] == "Mine"
    await colleague.close()


async def test_ones_own_second_window_does_not_silently_undo_the_first(
    db: Database, world: World, owner: Browser
) -> None:
    black = world.items["black"]
    here = f"/merchant/products/{black.product_id}"
    before = await seen(db, black.product_id)
    mark = hidden(await owner.get(here), "seen")
    drafted = await owner.post(here, form_of(before, title_en="One", seen=mark, autosave="yes"))
    one = drafted.json()["seen"]
    await owner.follow(await owner.post(here, form_of(before, title_en="Once more", seen=one)))

    other = await owner.post(here, form_of(before, title_en="Other", seen=mark))

    assert other.status_code == 422
    assert "You saved this product" in words(other)
    assert 'value="Other"' in other.text
    assert (await seen(db, black.product_id)).title["en"] == "Once more"


async def test_a_product_goes_back_to_what_it_said_before(db: Database, world: World, owner: Browser) -> None:
    black = world.items["black"]
    before = await seen(db, black.product_id)
    here = f"/merchant/products/{black.product_id}"
    await owner.follow(await owner.post(here, form_of(before, title_en="Something else")))

    page = await owner.get(f"{here}/history")
    assert "Something else" in words(page)
    await owner.follow(await owner.post(f"{here}/history", {"version": "1"}))

    assert (await seen(db, black.product_id)).title == before.title


async def test_a_copy_is_a_draft_with_its_own_article_numbers(db: Database, world: World, owner: Browser) -> None:
    green = await seen(db, world.items["green"].product_id)
    copy_id = str(ids.mint())

    for _ in range(2):  # the second click makes nothing more
        await owner.follow(await owner.post(f"/merchant/products/{green.product_id}/copy", {"copy_id": copy_id}))

    copy = await seen(db, UUID(copy_id))
    assert copy.state is ProductState.DRAFT
    assert copy.options == green.options
    assert not {sku.code for sku in copy.skus} & {sku.code for sku in green.skus}
    prices = await db.ask(pricing.current, [sku.sku_id for sku in copy.skus], CURRENCY)
    assert len(prices) == len(green.skus)


async def test_a_preview_shows_a_draft_to_whoever_has_its_address(db: Database, world: World, owner: Browser) -> None:
    product_id = await made(owner, world)
    page = await owner.get(f"/merchant/products/{product_id}/preview")
    found = re.search(r'href="(/products/[^"]+preview=[^"]+)"', page.text)
    assert found is not None
    assert page.text.count("<iframe") == 2, "a phone beside a desk"
    assert (await owner.get(f"/merchant/products/{product_id}/preview?on=phone")).text.count("<iframe") == 1
    shown = await owner.get(found[1])
    assert "frame-ancestors 'self'" in shown.headers["content-security-policy"]

    assert "Biluochun" in words(await owner.get(found[1]))
    assert (await owner.get(f"/products/{product_id}")).status_code == 404
    assert (await owner.get(f"/products/{product_id}?preview={product_id}.{'0' * 43}")).status_code == 404


async def test_pictures_are_uploaded_put_first_named_and_taken_away(db: Database, world: World, owner: Browser) -> None:
    green = world.items["green"]
    here = f"/merchant/products/{green.product_id}"
    await owner.get(here)
    token = {"_csrf_token": owner.http.cookies["steelyard_csrf"]}
    files = {"pictures": ("tea.jpg", photograph("green"), "image/jpeg")}
    answer = await owner.http.post(f"{here}/pictures", data=token, files=files)
    assert answer.status_code == 303, words(answer)
    old, new = (each.file for each in (await seen(db, green.product_id)).pictures)
    assert new.endswith(".webp")
    kept = await owner.http.get(f"/media/{new}")
    assert b"Camera of Wenzhou" not in kept.content

    await owner.post(f"{here}/picture", {"first": new})
    assert [each.file for each in (await seen(db, green.product_id)).pictures] == [new, old]
    await owner.post(f"{here}/picture", {"file": new, "alt_zh": "绿茶", "alt_en": "", "remove": old})

    assert (await seen(db, green.product_id)).pictures == [Picture(file=new, alt=Text({"zh-Hans": "绿茶"}))]
    await owner.post(f"{here}/picture", {"put_back": f"{old}:0"})
    assert [each.file for each in (await seen(db, green.product_id)).pictures] == [old, new]


async def test_a_file_that_is_no_picture_is_refused(db: Database, world: World, owner: Browser) -> None:
    here = f"/merchant/products/{world.items['green'].product_id}"
    await owner.get(here)
    token = {"_csrf_token": owner.http.cookies["steelyard_csrf"]}
    for content, kind in ((b"<script>", "image/png"), (b"\x89PNG\r\n\x1a\n" + b"\x00" * 32, "image/png")):
        page = await owner.http.post(f"{here}/pictures", data=token, files={"pictures": ("tea.png", content, kind)})
        assert page.status_code == 422
        assert "JPEG, PNG or WebP" in words(page)


async def test_a_product_goes_onto_the_shelf_at_its_time(db: Database, world: World, owner: Browser) -> None:
    product_id = await made(owner, world)
    fields = form_of(await seen(db, product_id)) | {
        "on_shelf_at": "2099-01-01T10:00",
        "off_shelf_at": "2099-02-01T10:00",
    }

    page = await owner.follow(await owner.post(f"/merchant/products/{product_id}", fields))

    assert (await seen(db, product_id)).on_shelf_at == datetime(2099, 1, 1, 2, 0, tzinfo=UTC)
    assert "Goes onto the shelf" in words(page)
    wrong = await owner.post(f"/merchant/products/{product_id}", fields | {"off_shelf_at": "2098-01-01T10:00"})
    assert "It is taken off after it was put on" in words(wrong)


async def test_products_go_off_and_on_the_shelf_together(db: Database, world: World, owner: Browser) -> None:
    chosen = [("product", str(world.items[slug].product_id)) for slug in ("green", "black")]
    await owner.get("/merchant/products")
    token = ("_csrf_token", owner.http.cookies["steelyard_csrf"])

    async def move(action: str) -> str:
        pairs = [token, *chosen, ("action", action)]
        body = "&".join(f"{name}={value}" for name, value in pairs)
        answer = await owner.http.post(
            "/merchant/products/shelf", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
        )
        return words(await owner.follow(answer))

    assert "2 taken off the shelf" in await move("off")
    off = await db.ask(catalog.products_page, world.tea.merchant_id, ProductState.OFF_SHELF)
    assert len(off.items) == 2
    assert "2 put on the shelf" in await move("on")


async def test_stock_is_received_counted_and_explained(db: Database, world: World, owner: Browser) -> None:
    sku_id = world.items["green"].sku_id
    here = f"/merchant/stock/{sku_id}"
    page = await owner.get(here)
    fields = {
        "document": hidden(page, "document"),
        "warehouse": str(world.tea.warehouse_id),
        "pieces": "5",
        "note": "Spring",
    }
    for _ in range(2):
        after = await owner.follow(await owner.post(f"{here}/receive", fields))
    assert (await db.ask(inventory.available, [sku_id]))[sku_id] == STOCK + 5
    assert "Spring" in words(after)

    counted = {"document": hidden(after, "document"), "warehouse": str(world.tea.warehouse_id), "pieces": "3"}
    await owner.post(f"{here}/count", counted)
    assert (await db.ask(inventory.available, [sku_id]))[sku_id] == 3

    await owner.post(f"{here}/warn-below", {"warehouse": str(world.tea.warehouse_id), "pieces": "10"})
    low = await owner.get("/merchant/stock", low="yes")
    assert "GREEN-0" in words(low)
    assert "GREEN-1" not in words(low)


async def test_pieces_that_are_no_number_are_told(db: Database, world: World, owner: Browser) -> None:
    here = f"/merchant/stock/{world.items['green'].sku_id}"

    after = await owner.follow(await owner.post(f"{here}/receive", {"pieces": "-4"}))

    assert "Please enter a whole number" in words(after)


async def test_a_freight_template_is_made_and_its_zones_changed(db: Database, world: World, owner: Browser) -> None:
    page = await owner.get("/merchant/freight/new")
    fields = {
        "template_id": hidden(page, "template_id"), "name_zh": "平邮", "name_en": "Surface", "method": "weight",
        "days_from": "5", "days_to": "15", "active": "yes", "countries_0": "cn, gb", "first_units_0": "1000",
        "first_fee_0": "6.00", "next_units_0": "500", "next_fee_0": "1.50", "free_over_0": "99", "countries_1": "*",
        "refused_1": "yes",
    }  # fmt: skip

    answer = await owner.post("/merchant/freight/new", fields)

    assert answer.status_code == 303, words(answer)
    template = next(
        each for each in await db.ask(freight.templates, world.tea.merchant_id) if each.name["en"] == "Surface"
    )
    assert template.zones[0].countries == ["CN", "GB"]
    assert (template.zones[0].first_fee, template.zones[0].next_fee, template.zones[0].free_over) == (600, 150, 9_900)
    assert not template.zones[1].deliverable

    bad = await owner.post(
        f"/merchant/freight/{template.template_id}", {**fields, "days_to": "1", "countries_0": "China"}
    )
    assert bad.status_code == 422
    assert "two-letter country codes" in words(bad)


async def test_prices_of_ticked_products_are_changed_and_changed_back(
    db: Database, world: World, owner: Browser
) -> None:
    green = world.items["green"]
    fields = {
        "product": str(green.product_id), "action": "price", "by": "-10", "unit": "percent", "rounding": "none",
        "change_id": str(ids.mint()), "back": "/merchant/products",
    }  # fmt: skip

    page = await owner.follow(await owner.post("/merchant/products/bulk", fields))
    await owner.post("/merchant/products/bulk", fields)  # a second click is harmless

    assert (await db.ask(pricing.current, [green.sku_id], CURRENCY))[green.sku_id].amount == green.amount * 9 // 10
    assert f"/imports/{fields['change_id']}/undo" in page.text
    await owner.follow(await owner.post(f"/merchant/products/imports/{fields['change_id']}/undo"))
    assert (await db.ask(pricing.current, [green.sku_id], CURRENCY))[green.sku_id].amount == green.amount


async def test_cells_of_the_grid_are_saved_together_or_not_at_all(db: Database, world: World, owner: Browser) -> None:
    green, black = world.items["green"], world.items["black"]
    assert "Price" in words(await owner.get("/merchant/products/grid"))
    wrong = {f"price:{green.sku_id}": "1.50", f"price:{black.sku_id}": "dear", "change_id": str(ids.mint())}

    page = await owner.post("/merchant/products/grid", wrong)

    assert page.status_code == 422
    assert 'value="dear"' in page.text
    elsewhere = {f"price:{green.sku_id}": "1.50", f"was:price:{green.sku_id}": "0.01", "change_id": str(ids.mint())}
    overtaken = await owner.post("/merchant/products/grid", elsewhere)
    assert overtaken.status_code == 422
    assert "A colleague has changed this" in words(overtaken)
    assert (await db.ask(pricing.current, [green.sku_id], CURRENCY))[green.sku_id].amount == green.amount
    right = wrong | {
        f"price:{black.sku_id}": "2",
        f"code:{green.sku_id}": "NEW-CODE",
        f"weight_grams:{green.sku_id}": "7",
    }
    await owner.follow(await owner.post("/merchant/products/grid", right))
    prices = await db.ask(pricing.current, [green.sku_id, black.sku_id], CURRENCY)
    assert (prices[green.sku_id].amount, prices[black.sku_id].amount) == (150, 200)
    assert "NEW-CODE" in await db.ask(catalog.by_codes, world.tea.merchant_id, ["NEW-CODE"])


async def test_the_grid_writes_nothing_as_it_was_typed(db: Database, world: World, owner: Browser) -> None:
    green = world.items["green"]
    evil = '"><script>x</script>'
    change = ProductChange(title=text(evil, evil))
    await db.transact(catalog.change_product, world.tea.merchant_id, green.product_id, change)
    code = SkuChange(sku_id=green.sku_id, code='<b>"&')
    await db.transact(catalog.change_skus, world.tea.merchant_id, green.product_id, [code])

    page = await owner.get("/merchant/products/grid")
    refused = await owner.post("/merchant/products/grid", {f"price:{green.sku_id}": evil, "change_id": str(ids.mint())})

    assert (page.status_code, refused.status_code) == (200, 422)
    for shown in (page.text, refused.text):
        assert "<script>x" not in shown
        assert 'value="&lt;b&gt;&#34;&amp;" data-now="&lt;b&gt;&#34;&amp;"' in shown
        assert ": &#34;&gt;&lt;script&gt;x" in shown, "the label, made safe once and not twice"
    assert 'value="&#34;&gt;&lt;script&gt;x&lt;/script&gt;"' in refused.text


async def test_the_list_is_narrowed_and_written_out_as_it_is_read_in(
    db: Database, world: World, owner: Browser
) -> None:
    green = world.items["green"]
    shown = words(await owner.get(f"/merchant/products?q={green.title['en']}&trait=incomplete"))
    assert green.title["en"] in shown
    assert world.items["black"].title["en"] not in shown

    answer = await owner.http.get("/merchant/products/export")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("product,sku,title_zh,title_en")
    token = {"_csrf_token": owner.http.cookies["steelyard_csrf"]}
    sheet = answer.content.decode().replace(green.title["en"], "Emerald")
    files = {"sheet": ("goods.csv", sheet.encode(), "text/csv")}
    here = "/merchant/products/imports"
    page = await owner.follow(await owner.http.post(here, data=token, files=files))
    assert "Emerald" in words(page)
    assert (await seen(db, green.product_id)).title == green.title
    refused = await owner.http.post(here, data=token, files={"sheet": ("x.csv", b"a,b", "text/csv")})
    assert "This file cannot be read" in words(refused)
    assert (await owner.http.get("/merchant/products/template")).content.startswith(b"PK")
