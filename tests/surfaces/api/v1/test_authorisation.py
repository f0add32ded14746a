"""Who may call what: no key, another's key, a key without the scope, another merchant's things."""

import re
from typing import Any
from uuid import uuid4

import pytest

from steelyard.kernel.db import Database
from steelyard.kernel.limits import Limit
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, Actor
from steelyard.surfaces.api.v1 import calls
from tests.support.deal import paid
from tests.support.world import World
from tests.surfaces.api.served import Served
from tests.surfaces.api.v1.caller import Caller, all_scopes, key_of, operations

OPERATIONS = [
    pytest.param(method, path, operation, id=operation["operationId"]) for method, path, operation in operations()
]
MERCHANTS = [each for each in OPERATIONS if "/operator/" not in each.values[1]]
OPERATORS = [each for each in OPERATIONS if "/operator/" in each.values[1]]


def some(path: str) -> str:
    """The path below /api/v1, with ids of nothing."""
    return re.sub(r"\{[^}]+\}", str(uuid4()), path).removeprefix("/api/v1")


async def test_without_a_key_nothing_is_told(served: Served, world: World) -> None:
    nobody, forger = Caller(served, None), Caller(served, "sy_forged")
    for method, path, _ in operations():
        for caller in (nobody, forger):
            answer = await caller.send(method, some(path), {})
            assert (answer.status_code, answer.json()["code"]) == (401, "api_key_required"), path
            assert answer.headers["www-authenticate"] == "Bearer"
    other_scheme = await served.http.get("/api/v1/orders", headers={"authorization": "Basic c3k6c3k="})
    assert other_scheme.status_code == 401


async def test_each_operation_needs_its_scope_and_its_kind_of_account(
    served: Served, db: Database, world: World
) -> None:
    """A key with every scope but the one that is needed is refused; so is the best key of the other side."""
    sides = [
        (MERCHANTS, world.tea.owner.account_id, all_scopes()),
        (OPERATORS, world.operator.account_id, all_scopes("/api/v1/operator")),
    ]
    for (mine, account_id, scopes), (_, other_id, other_scopes) in (sides, reversed(sides)):
        other = Caller(served, await key_of(db, other_id, *other_scopes))
        lacking = {scope: Caller(served, await key_of(db, account_id, *(set(scopes) - {scope}))) for scope in scopes}
        for each in mine:
            method, path, operation = each.values
            caller = lacking[operation["security"][0]["api_key"][0]]
            assert await caller.refused(method, some(path), {}) == (403, "forbidden"), path
            assert await other.refused(method, some(path), {}) == (403, "forbidden"), path


async def test_a_key_is_no_longer_one_when_revoked_and_never_more_than_its_account(
    served: Served, db: Database, world: World
) -> None:
    clerk = world.tea.staff["merchant_clerk"].account_id
    caller = Caller(served, await key_of(db, clerk, "orders.read", "statements.read"))
    assert (await caller.get("/orders"))["items"] == []
    assert await caller.refused("GET", "/statements") == (403, "forbidden"), "no clerk may"

    account = await db.ask(access.account, AccountId(clerk))
    actor = Actor(account=account, permissions=frozenset({"api_keys.manage"}))
    (key,) = await db.ask(access.api_keys_of, AccountId(clerk))
    assert key.last_used_at is not None
    await db.transact(access.revoke_api_key, actor, key.api_key_id)
    assert await caller.refused("GET", "/orders") == (401, "api_key_required")


async def test_what_is_another_merchants_is_not_there(db: Database, world: World, tea: Caller, tools: Caller) -> None:
    (order,) = await paid(db, [(world.items["green"].sku_id, 1)])
    product, sku = world.items["green"].product_id, str(world.items["green"].sku_id)
    line = {"sku_id": sku, "warehouse_id": str(world.tools.warehouse_id)}
    requests: list[tuple[str, str, Any]] = [
        ("GET", f"/orders/{order.order_id}", None),
        ("POST", f"/orders/{order.order_id}/ship", {"carrier": "simex", "number": "SX0000000000001"}),
        ("POST", f"/orders/{order.order_id}/cancel", {"reason": "no"}),
        ("POST", f"/orders/{order.order_id}/refund", {"lines": [{"line": 1, "quantity": 1}]}),
        ("GET", f"/products/{product}", None),
        ("PATCH", f"/products/{product}", {"slug": "mine-now"}),
        ("POST", f"/products/{product}/put-on-shelf", None),
        ("POST", f"/products/{product}/take-off-shelf", None),
        ("PUT", "/prices", {"prices": [{"sku_id": sku, "currency": "CNY", "amount": 1}]}),
        ("GET", f"/stock/{sku}/movements", None),
        ("POST", "/stock/receipts", {"lines": [{**line, "quantity": 1}]}),
        ("POST", "/stock/counts", {"lines": [{**line, "on_hand": 0}]}),
        ("GET", f"/statements/{uuid4()}", None),
        ("GET", f"/statements/{uuid4()}/entries", None),
    ]
    before = await tea.get(f"/products/{product}"), await tea.get(f"/orders/{order.order_id}")

    for method, path, body in requests:
        assert await tools.refused(method, path, body) == (404, "not_found"), path

    assert (await tea.get(f"/products/{product}"), await tea.get(f"/orders/{order.order_id}")) == before
    assert (await tools.get("/orders"))["items"] == []
    assert (await tools.get("/stock", sku_id=sku))["items"] == []
    assert len((await tea.get("/orders"))["items"]) == 1
    foreign = {"sku_id": sku, "warehouse_id": str(world.tools.warehouse_id), "quantity": 1}
    assert await tea.refused("POST", "/stock/receipts", {"lines": [foreign]}) == (422, "warehouse_unknown")


async def test_a_key_that_calls_too_often_waits_and_no_other(
    tea: Caller, tools: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "REQUESTS", Limit("api-test", burst=3, per_seconds=600.0))
    for _ in range(3):
        await tea.get("/warehouses")
    answer = await tea.send("GET", "/warehouses")

    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(answer.headers["retry-after"]) <= 202
    await tools.get("/warehouses")
