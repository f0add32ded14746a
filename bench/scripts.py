"""What the clients say: the five ways of UCP that are measured, and the pages of the same."""

import itertools
import random
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import msgspec

from bench.door import CHANNEL, token
from bench.load import Conversation, request
from steelyard.kernel import ids

PROFILE = "https://agents.example/profile.json"
LIST_OF = 24
UCP = "/ucp/v1"
QUERIES = ("皮鞋", "umbrella", "茶壶 1", "desk number 7", "耳机", "scarf")
BUYER = {"first_name": "Wei", "last_name": "Wang", "email": "wang@example.com"}
DESTINATION = {
    "id": "home",
    "type": "shipping_address",
    "first_name": "Wei",
    "last_name": "Wang",
    "phone_number": "+8613900000000",
    "address_country": "CN",
    "address_region": "上海市",
    "address_locality": "上海市",
    "street_address": "中山东一路 1 号",
    "postal_code": "200001",
}


class _Checkout(msgspec.Struct):
    id: str = ""
    status: str = ""


_CHECKOUT = msgspec.json.Decoder(_Checkout)


def one(said: bytes, good: bytes) -> Conversation:
    """A request, and whether its answer holds what it should."""
    status, body = yield said
    return "good" if status == 200 and good in body else f"bad {status}"


def again(said: Sequence[bytes], good: bytes) -> Iterator[Conversation]:
    """Any of these requests, for ever."""
    while True:
        yield one(random.choice(said), good)  # noqa: S311  # no secret


def ask(path: str, body: object) -> bytes:
    return request(
        "POST", UCP + path, msgspec.json.encode(body), ucp_agent=f'profile="{PROFILE}"', accept_language="en"
    )


def change(path: str, body: object) -> bytes:
    return request(
        "POST", UCP + path, msgspec.json.encode(body), ucp_agent=f'profile="{PROFILE}"', accept_language="en",
        idempotency_key=str(ids.mint()),
    )  # fmt: skip


def bare() -> Iterator[Conversation]:
    return again([request("GET", "/")], b"world")


def lists(categories: Sequence[str]) -> Iterator[Conversation]:
    """W1: a list of 24."""
    pages = [
        ask("/catalog/search", {"filters": {"categories": [slug]}, "pagination": {"limit": LIST_OF}})
        for slug in categories
    ]
    return again(pages, b'"products"')


def products(product_ids: Sequence[str]) -> Iterator[Conversation]:
    """W2: a product."""
    return again([ask("/catalog/product", {"id": each}) for each in product_ids], b'"variants"')


def searches() -> Iterator[Conversation]:
    """W3: a search."""
    pages = [ask("/catalog/search", {"query": query, "pagination": {"limit": LIST_OF}}) for query in QUERIES]
    return again(pages, b'"products"')


def pages(paths: Sequence[str]) -> Iterator[Conversation]:
    """W1h to W3h: the HTML of the same."""
    return again([request("GET", quote(path, safe="/?=&"), accept_language="en") for path in paths], b"</html>")


# A token that the payment simulator captures at once.
APPROVED = "tok_approve"


def purchases(sku_ids: Sequence[str], secret: str, most: int | None = None) -> Iterator[Conversation]:
    """W4 and W5: a whole checkout, from nothing to paid, of any of these SKUs; so many of them at most. Without a
    secret to sign tokens with, through the payment simulator."""
    numbers = itertools.count() if most is None else iter(range(most))
    return (_purchase(random.choice(sku_ids), secret) for _ in numbers)  # noqa: S311  # no secret


def opening(sku_id: str) -> dict[str, object]:
    """The body that opens a checkout of one piece, ready to be completed."""
    method = {"type": "shipping", "destinations": [DESTINATION], "selected_destination_id": "home"}
    return {
        "line_items": [{"item": {"id": sku_id}, "quantity": 1}],
        "buyer": BUYER,
        "fulfillment": {"methods": [method]},
    }


def _purchase(sku_id: str, secret: str) -> Conversation:
    status, body = yield change("/checkout-sessions", opening(sku_id))
    if status != 201:
        return f"not opened: {status}"
    return (yield from complete(_CHECKOUT.decode(body).id, secret))


def completions(checkout_ids: Sequence[str], secret: str) -> Iterator[Conversation]:
    """Placement alone: the complete call on checkouts that are prepared, each once."""
    return (complete(each, secret) for each in checkout_ids)


def complete(checkout_id: str, secret: str) -> Conversation:
    credential = {"type": "token", "token": token(secret.encode(), checkout_id) if secret else APPROVED}
    instrument = {"id": "pi_1", "handler_id": CHANNEL, "type": "card", "credential": credential}
    status, body = yield change(
        f"/checkout-sessions/{checkout_id}/complete", {"payment": {"instruments": [instrument]}}
    )
    return _CHECKOUT.decode(body).status if status == 200 else f"not completed: {status}"
