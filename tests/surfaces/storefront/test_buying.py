"""From the cart to the cashier and back."""

import re

from litestar import Litestar

from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.batching import Batcher
from steelyard.kernel.db import Database
from steelyard.money.payments import gateways
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.web import placing
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import CheckoutId, Draft, Line
from tests.simulators.world import Simulated
from tests.support.browser import Browser, browsing, words
from tests.support.world import CURRENCY, STOCK, TOO_FAR, World
from tests.surfaces.storefront.buying import (
    SHIP_TO,
    bought,
    decide,
    newest_code,
    open_checkout,
    order_codes,
    place,
    put,
)


async def test_a_guest_buys_goods_of_two_shops_at_once(
    guest: Browser, world: World, channel: Simulated, db: Database
) -> None:
    answer = await put(guest, world.items["green"], 2, o0="0", o1="1")
    assert "It is in your cart." in words(await guest.follow(answer))
    await put(guest, world.items["ruler"])
    cart = words(await guest.get("/cart"))
    assert "Tea on the Cloud" in cart and "Old Street Tools" in cart and "¥325.90" in cart

    till = await open_checkout(guest)
    await guest.post(till, SHIP_TO)
    page = words(await guest.get(till))
    assert "free" in page, "tea worth 199 yuan is sent free of charge"
    assert "¥333.90" in page, "goods and 8 yuan of freight"

    await decide(channel, await place(guest, till))
    code = await newest_code(guest)
    assert "Paid. Thank you!" in words(await guest.get(f"/purchases/{code}/return"))
    purchase = await guest.get(f"/purchases/{code}")
    assert len(order_codes(purchase)) == 2
    assert words(purchase).count("Paid, being packed") == 2
    assert "Your cart is empty" in words(await guest.get("/cart"))
    free = await db.ask(inventory.available, world.items["green"].sku_ids)
    assert free[world.items["green"].sku_ids[1]] == STOCK - 2


async def test_a_second_click_is_the_same_purchase(guest: Browser, world: World, channel: Simulated) -> None:
    await put(guest, world.items["nuts"])
    till = await open_checkout(guest)
    first = await place(guest, till)
    sent = {**SHIP_TO, "expected_total": "4790", "channel": "simpay", "then": "place"}
    second = await guest.post(till, sent)
    assert first.headers["location"] == second.headers["location"]
    assert (await guest.get("/orders")).text.count('class="plain-link code"') == 1


async def test_when_too_many_buy_at_once_the_buyer_is_asked_to_come_back(
    guest: Browser, db: Database, world: World, channel: Simulated
) -> None:
    await put(guest, world.items["nuts"])
    checkout = await open_checkout(guest)
    db.batchers[placing.place_all] = Batcher("full", placing.place_all, hash, waiting_most=0)

    refused = await place(guest, checkout)
    del db.batchers[placing.place_all]
    await decide(channel, await place(guest, checkout))

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert "Very many people are here" in words(refused)


async def test_delivery_is_chosen_for_each_shop(guest: Browser, world: World) -> None:
    await put(guest, world.items["nuts"])
    till = await open_checkout(guest)
    express = {f"delivery-{world.tea.merchant_id}": str(world.tea.express)}
    await guest.post(till, {**SHIP_TO, **express})
    assert "¥57.90" in words(await guest.get(till)), "39.90 and 18 yuan for the next day"


async def test_where_nobody_delivers_nothing_is_sold(guest: Browser, world: World) -> None:
    await put(guest, world.items["nuts"])
    till = await open_checkout(guest)
    answer = await place(guest, till, country=TOO_FAR.country, city=TOO_FAR.city, region="")
    assert answer.status_code == 422
    assert "This shop does not deliver to this address." in words(answer)


async def test_what_is_missing_is_said_and_what_was_typed_stays(guest: Browser, world: World) -> None:
    await put(guest, world.items["nuts"])
    till = await open_checkout(guest)
    answer = await place(guest, till, email="", street="", city="Shànghǎi <b>")
    assert answer.status_code == 422
    page = words(answer)
    assert "Please enter your e-mail address" in page and "Please enter street and number." in page
    assert "Shànghǎi &lt;b&gt;" in answer.text
    odd = await place(guest, till, email="nonsense@@")
    assert odd.status_code == 422 and "This cannot be an e-mail address." in words(odd) and "nonsense@@" in odd.text


async def test_a_moved_price_is_told_before_anybody_pays(guest: Browser, world: World, db: Database) -> None:
    nuts = world.items["nuts"]
    await put(guest, nuts)
    till = await open_checkout(guest)
    await guest.post(till, SHIP_TO)
    await db.transact(
        pricing.set_prices, nuts.merchant_id, [NewPrice(sku_id=nuts.sku_id, currency=CURRENCY, amount=5_000)]
    )
    sent = {**SHIP_TO, "expected_total": str(3_990 + 800), "channel": "simpay", "then": "place"}
    answer = await guest.post(till, sent)
    assert answer.status_code == 409
    said = words(answer)
    assert "it is CN¥58.00 now" in said and "Price was CN¥39.90" in said, said[150:1200]
    assert "Price was CN¥39.90" in words(await guest.get("/cart"))
    await guest.post("/cart/prices")
    assert "Price was" not in words(await guest.get("/cart"))


async def test_who_was_slower_is_told_how_many_are_left(
    guest: Browser, other: Browser, world: World, channel: Simulated
) -> None:
    await put(guest, world.items["nuts"], STOCK)
    till = await open_checkout(guest)
    await guest.post(till, SHIP_TO)
    await bought(other, channel, world.items["nuts"])
    answer = await place(guest, till)
    assert answer.status_code == 422
    assert f"Only {STOCK - 1} left" in words(answer)
    fewer = await place(guest, till, **{"pieces-1": str(STOCK - 1)})
    assert fewer.status_code == 303


async def test_what_is_gone_lies_in_the_cart_with_the_reason(guest: Browser, world: World, db: Database) -> None:
    nuts = world.items["nuts"]
    await put(guest, nuts)
    await db.transact(catalog.take_off_shelf, nuts.merchant_id, [nuts.product_id], "system")
    assert "No longer for sale" in words(await guest.get("/cart"))
    assert "Please select something" in words(await guest.follow(await guest.post("/cart/checkout")))
    await guest.post("/cart/clear-invalid")
    assert "Your cart is empty" in words(await guest.get("/cart"))


async def test_a_line_that_was_removed_can_be_put_back(guest: Browser, world: World) -> None:
    ruler = world.items["ruler"]
    await put(guest, ruler, 3)
    answer = await guest.post("/cart/remove", {"sku_id": str(ruler.sku_id), "quantity": "3"})
    assert "“Steel ruler” was taken out." in words(await guest.follow(answer))
    await guest.post("/cart/put-back", {"sku_id": str(ruler.sku_id), "quantity": "3"})
    assert "¥29.70" in words(await guest.get("/cart"))


async def test_only_what_is_selected_is_bought(guest: Browser, world: World) -> None:
    await put(guest, world.items["ruler"])
    await put(guest, world.items["nuts"])
    await guest.post("/cart/select", {"merchant_id": str(world.tea.merchant_id), "selected": ""})
    till = words(await guest.get(await open_checkout(guest)))
    assert "Steel ruler" in till and "Hickory nuts" not in till
    await guest.post("/cart/select", {"selected": "1"})
    assert "¥49.80" in words(await guest.get("/cart"))
    await guest.post("/cart/quantity", {"sku_id": str(world.items["nuts"].sku_id), "quantity": "2"})
    assert "¥89.70" in words(await guest.get("/cart"))


async def test_a_declined_payment_is_tried_again(guest: Browser, world: World, channel: Simulated) -> None:
    await put(guest, world.items["nuts"])
    await decide(channel, await place(guest, await open_checkout(guest)), "decline")
    code = await newest_code(guest)
    assert "The payment did not go through" in words(await guest.get(f"/purchases/{code}/return"))
    await decide(channel, await guest.post(f"/purchases/{code}/pay", {"channel": "simpay"}))
    assert "Paid. Thank you!" in words(await guest.get(f"/purchases/{code}/return"))


async def test_a_payment_that_hangs_is_asked_for_again(guest: Browser, world: World, channel: Simulated) -> None:
    await put(guest, world.items["nuts"])
    answer = await place(guest, await open_checkout(guest))
    code = await newest_code(guest)
    page = await guest.get(f"/purchases/{code}/return")
    assert "Waiting for the payment" in words(page) and "hx-get=" in page.text
    await decide(channel, answer)
    assert "Paid. Thank you!" in words(await guest.get(f"/purchases/{code}/return"))


async def test_buying_now_leaves_the_cart_alone(guest: Browser, world: World) -> None:
    await put(guest, world.items["ruler"])
    fields = {"product_id": str(world.items["nuts"].product_id), "quantity": "2", "then": "checkout"}
    answer = await guest.post("/cart/lines", fields)
    till = words(await guest.follow(answer))
    assert "Hickory nuts" in till and "Steel ruler" not in till
    assert (await place(guest, answer.headers["location"])).status_code == 303
    assert "Steel ruler" in words(await guest.get("/cart"))


async def test_without_a_channel_the_checkout_says_so(app: Litestar, world: World) -> None:
    gateways._offered[app.state.settings] = {}
    async with browsing(app) as guest:
        await put(guest, world.items["nuts"])
        till = await open_checkout(guest)
        assert "No way to pay is set up" in words(await guest.get(till))
        assert (await place(guest, till)).status_code == 422


async def test_what_an_agent_has_begun_goes_on_in_a_browser(
    guest: Browser, other: Browser, world: World, channel: Simulated, db: Database
) -> None:
    """A checkout of an agent belongs to nobody who has a cookie: its address, which only the agent knows, is the key."""
    checkout_id, buyer_id = CheckoutId(ids.mint()), BuyerId(ids.mint())
    draft = Draft(lines=[Line(line_id="1", sku_id=world.items["nuts"].sku_id, quantity=1)], locale="en")
    await db.transact(checkout.open_checkout, checkout_id, buyer_id, draft, client="agent:example")
    assert "Hickory nuts" in words(await guest.get(f"/checkout/{checkout_id}"))
    await decide(channel, await place(guest, f"/checkout/{checkout_id}"))
    code = (await db.ask(orders.purchases_of_buyer, [buyer_id])).items[0].code
    assert "Paid. Thank you!" in words(await guest.get(f"/purchases/{code}/return"))
    assert (await other.get(f"/checkout/{checkout_id}")).headers["location"] == "/find-order"
    stranger = await other.get(f"/purchases/{code}")
    assert stranger.status_code == 404 and "Hickory nuts" not in words(stranger)


async def test_what_is_too_long_is_refused_on_the_page(guest: Browser, world: World) -> None:
    await put(guest, world.items["nuts"])
    till = await open_checkout(guest)
    answer = await place(guest, till, street="x" * 5_000, **{"pieces-1": "99999999999999999999"})
    assert answer.status_code < 500


async def test_taxes_are_listed_by_name(guest: Browser, world: World) -> None:
    await put(guest, world.items["nuts"])
    till = await open_checkout(guest)
    await guest.post(till, SHIP_TO)
    page = words(await guest.get(till))
    assert "Contains VAT 13% CN¥4.59" in page and "Contains taxes on delivery CN¥0.92" in page


async def test_a_pasted_address_fills_the_checkout_in_and_asks_for_the_rest(guest: Browser, world: World) -> None:
    await put(guest, world.items["nuts"])
    checkout = await open_checkout(guest)
    page = await guest.post(
        checkout,
        {"email": "a@example.com", "then": "parse", "pasted": "张三 13800000000 浙江温州鹿城五马街道解放街88号"},
    )
    assert page.status_code == 200 and "Please check what was recognised" in words(page)
    for value in ("浙江省", "温州市", "鹿城区", "五马街道", "解放街88号", "13800000000"):
        assert f'value="{value}"' in page.text, value
    asked = await guest.post(checkout, {"then": "parse", "pasted": "朝阳区建国路1号 李四"})
    assert "Not everything was recognised" in words(asked) and "吉林省长春市朝阳区" in asked.text


async def test_an_address_abroad_has_the_fields_of_its_country(guest: Browser, world: World) -> None:
    await put(guest, world.items["nuts"])
    checkout = await open_checkout(guest)
    await guest.post(checkout, {"country": "GB"})
    page = await guest.get(checkout)
    assert 'name="postal_code"' in page.text and 'name="region"' not in page.text
    answer = await place(guest, checkout, country="GB", region="", district="", city="London", postal_code="12345")
    assert answer.status_code == 422 and "This is not a postal code of that country." in words(answer)
    answer = await place(
        guest,
        checkout,
        country="GB",
        region="",
        district="",
        city="London",
        postal_code="ec1y 8sy",
        phone="020 7946 0000",
    )
    assert answer.status_code == 303, words(answer)


async def test_regions_are_served_level_by_level(guest: Browser) -> None:
    provinces = (await guest.get("/regions/0/cn")).json()
    assert ["33", "浙江省", 1] in provinces and len(provinces) == 31
    assert ["330302", "鹿城区", 3] in (await guest.get("/regions/0/3303")).json()
    towns = (await guest.get("/regions/0/330302")).json()
    assert "五马街道" in {name for _, name, _ in towns} and {level for *_, level in towns} == {4}
    assert (await guest.get("/regions/0/nowhere")).status_code == 404


async def test_a_company_invoice_needs_a_sound_number(guest: Browser, world: World) -> None:
    await put(guest, world.items["nuts"])
    answer = await place(guest, await open_checkout(guest), invoice="company", invoice_tax_number="123")
    assert answer.status_code == 422
    assert "Please enter the company’s name." in words(answer) and "18 characters" in words(answer)


async def test_the_cart_says_what_is_missing_for_free_delivery(guest: Browser, world: World) -> None:
    await put(guest, world.items["nuts"])
    assert "159.10 more and it goes free" in words(await guest.get("/cart"))
    await put(guest, world.items["nuts"], 4)
    assert "Goes free" in words(await guest.get("/cart"))


async def test_an_option_is_changed_and_a_line_moved_to_the_favourites(
    guest: Browser, other: Browser, world: World
) -> None:
    green = world.items["green"]
    await put(guest, green, o0="0", o1="0")
    page = await guest.get("/cart")
    lying = re.search(r'id="line-([0-9a-f-]{36})"', page.text)
    assert lying is not None, words(page)
    form = await guest.get(f"/cart/lines/{lying[1]}/option")
    assert form.status_code == 200 and "¥158.00" in words(form)
    assert (await other.get(f"/cart/lines/{lying[1]}/option")).status_code == 404
    await guest.post(f"/cart/lines/{lying[1]}/option", {"option": str(green.sku_ids[1])})
    assert f'id="line-{green.sku_ids[1]}"' in (await guest.get("/cart")).text
    page = words(await guest.follow(await guest.post("/cart/favourite", {"sku_id": str(green.sku_ids[1])})))
    assert "among your favourites" in page and "Your cart is empty" in page
