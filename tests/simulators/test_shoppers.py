"""Shoppers follow links and send forms as a browser does, pay at the cashier, and never leave this machine."""

from random import Random
from urllib.parse import parse_qs

import httpx
import pytest

from steelyard.simulators.shoppers import NotHere, Page, Shopper, Street

PRODUCT = "/products/00000000-0000-4000-8000-000000000001/mug"
HOME = f'<a href="/c/home">Home</a><a href="{PRODUCT}">Mug</a>'
PRODUCT_PAGE = """
<form method="post" action="/language"><input name="_csrf_token" value="other"></form>
<form method="post" action="/cart/lines">
  <input type="hidden" name="_csrf_token" value="secret"><input type="hidden" name="o0" value="0">
  <input type="number" name="quantity" value="1"><button name="then" value="checkout">Buy</button>
  <input name="elsewhere" value="x" form="another">
</form>
"""
CHECKOUT = """
<form method="post" action="/checkout/1">
  <input type="hidden" name="_csrf_token" value="secret"><input name="email" value=""><input name="name" value="">
  <select name="country"><option value="US">US</option><option value="CN" selected>CN</option></select>
  <input type="radio" name="channel" value="simpay" checked><input type="radio" name="channel" value="other">
</form>
"""
CASHIER = '<form method="post" action="/cashier/pay_1?lang=zh"><button name="do" value="approve">Pay</button></form>'


class Shop(httpx.AsyncBaseTransport):
    """A shop of four pages and a cashier that remembers what it was sent."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.sent: dict[str, dict[str, list[str]]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append((request.method, path))
        if request.method == "POST":
            self.sent[path] = parse_qs((await request.aread()).decode())
        answer = {
            ("GET", PRODUCT): PRODUCT_PAGE,
            ("POST", "/cart/lines"): CHECKOUT,
            ("POST", "/checkout/1"): CASHIER,
        }.get((request.method, path), HOME)
        return httpx.Response(200, text=answer, request=request)


async def visits(shop: Shop, number: int) -> Street:
    street = Street("http://127.0.0.1:1", shop)
    street.turn = no_waiting  # pyright: ignore[reportAttributeAccessIssue]  # a street without other people
    shopper = Shopper(street, 7, Random("a buyer's mood"))
    for _ in range(number):
        await shopper.visit(lambda: 0)
    await shopper.close()
    return street


async def no_waiting() -> None:
    """It is everybody's turn."""


async def test_some_buy_and_pay_and_some_only_look():
    shop = Shop()

    street = await visits(shop, 40)

    assert street.tally.visits == 40
    assert 0 < street.tally.paid <= street.tally.purchases < street.tally.carts
    assert shop.sent["/cart/lines"]["_csrf_token"] == ["secret"]
    assert "elsewhere" not in shop.sent["/cart/lines"]
    placed = shop.sent["/checkout/1"]
    assert placed["email"] == ["visitor7@steelyard.test"]
    assert (placed["country"], placed["channel"], placed["then"]) == (["CN"], ["simpay"], ["place"])
    assert shop.sent["/cashier/pay_1"]["do"][0] in ("approve", "decline")


async def test_the_same_moods_walk_the_same_way():
    one, other = Shop(), Shop()

    await visits(one, 12)
    await visits(other, 12)

    assert one.asked == other.asked


async def test_shoppers_stay_on_this_machine():
    with pytest.raises(NotHere):
        Street("https://shop.example.com")

    class Leading(Shop):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(302, headers={"location": "https://shop.example.com/"}, request=request)

    with pytest.raises(NotHere):
        await visits(Leading(), 1)


async def test_all_together_ask_only_so_often():
    street = Street("http://127.0.0.1:1", Shop())
    turns = [street.turn() for _ in range(3)]

    for turn in turns:
        await turn

    assert street.tally.pages == 3


def test_a_page_is_read_as_a_browser_sends_it():
    page = Page(CHECKOUT)

    form = page.form("/checkout/")

    assert form is not None
    assert form.fields == {"_csrf_token": "secret", "email": "", "name": "", "country": "CN", "channel": "simpay"}
