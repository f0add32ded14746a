"""Whatever a program writes in the wrong place is refused; nothing of it breaks the house."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from steelyard.kernel import paging
from steelyard.kernel.db import Database
from steelyard.surfaces.api.v1 import calls
from tests.support.deal import paid
from tests.support.world import World
from tests.surfaces.api.v1.caller import Caller
from tests.surfaces.api.v1.test_products import cup

SLIPS: list[Any] = [
    None,
    True,
    -1,
    0,
    10**30,
    1.5,
    "",
    "x",
    "x" * 70_000,
    "\x00",
    "\x7f\u202e",
    [],
    [None],
    {},
    {"": ""},
]
CURSORS = [
    paging.write_cursor("2026-03-05T00:00:00", "00000000-0000-0000-0000-000000000000"),
    paging.write_cursor("0001-01-01T00:00:00", "00000000-0000-0000-0000-000000000000"),
    paging.write_cursor("0001-01-01T00:00:00+14:00", "00000000-0000-0000-0000-000000000000"),
    paging.write_cursor("9999-12-31T23:59:59-14:00", "00000000-0000-0000-0000-000000000000"),
    paging.write_cursor("00000000-0000-0000-0000-000000000000"),
    paging.write_cursor("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"),
    paging.write_cursor(),
    paging.write_cursor(None),
    "é",
    "=",
    "\x00",
]
LISTS = ["/orders", "/products", "/stock", "/statements"]


def slips(value: Any, body: Any = None, path: tuple[Any, ...] = ()) -> Iterator[Any]:
    """The body with one slip somewhere, for every place and every kind of slip."""
    whole = value if body is None else body
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        here = (*path, name)
        for slip in SLIPS:
            changed = copy.deepcopy(whole)
            place = changed
            for step in path:
                place = place[step]
            place[name] = slip
            yield changed
        yield from slips(part, whole, here)


async def bodies(db: Database, world: World) -> dict[tuple[str, str], Any]:
    """A body for each operation that takes one."""
    (order,) = await paid(db, [(world.items["green"].sku_id, 2)])
    here = f"/orders/{order.order_id}"
    line = {"sku_id": str(world.items["green"].sku_id), "warehouse_id": str(world.tea.warehouse_id)}
    price = {"sku_id": line["sku_id"], "currency": "CNY", "amount": 1, "compare_at": 2}
    return {
        ("POST", f"{here}/ship"): {"carrier": "simex", "number": "X1", "lines": [{"line": 9, "quantity": 1}]},
        ("POST", f"{here}/cancel"): {"reason": ""},
        ("POST", f"{here}/refund"): {"lines": [{"line": 9, "quantity": 1}], "freight": 0, "restock": True, "note": ""},
        ("POST", "/products"): cup(world, attributes=[{"name": {"en": "a"}, "value": {"en": "b"}}], slug="a"),
        ("PATCH", f"/products/{world.items['green'].product_id}"): {
            "title": {"en": "a"},
            "attributes": [{"name": {"en": "a"}, "value": {"en": "b"}}],
            "tax_class": "standard",
            "skus": [{"sku_id": line["sku_id"], "code": "C", "weight_grams": 1, "active": True}],
        },
        ("PUT", "/prices"): {"prices": [price]},
        ("POST", "/stock/receipts"): {"lines": [{**line, "quantity": 1}], "note": "a"},
        ("POST", "/stock/counts"): {"lines": [{**line, "on_hand": 1}], "note": "a"},
    }


async def test_a_slip_anywhere_in_a_body_is_refused_or_harmless(db: Database, world: World, tea: Caller) -> None:
    """`Caller` fails for an answer that is not described, and none of 500 is."""
    sent = 0
    for (method, path), body in (await bodies(db, world)).items():
        for changed in slips(body):
            answer = await tea.send(method, path, changed)
            assert answer.status_code < 500
            sent += 1
            if sent % 500 == 0:  # a key may call 600 times a minute
                await db.transact(lambda tx: tx.execute("DELETE FROM rate_limits"))
    assert sent > 500


@pytest.mark.parametrize("path", LISTS)
async def test_a_cursor_that_was_never_given_is_refused(tea: Caller, path: str) -> None:
    for cursor in CURSORS:
        answer = await tea.send("GET", path, cursor=cursor)
        assert answer.status_code in (200, 400, 422), (path, cursor)


async def test_a_body_without_end_is_refused(tea: Caller) -> None:
    body = {"prices": [], "padding": "x" * calls.BODY_BYTES_MAX}
    assert await tea.refused("PUT", "/prices", body) == (413, "http_error")
