"""Programs that report stock at the same moment: booked in one transaction, each with its own answer."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from steelyard.goods import inventory
from steelyard.kernel.db import Database
from steelyard.parties import access
from tests.support.deal import placed
from tests.support.world import STOCK, World
from tests.surfaces.api.v1.caller import Caller

MANY = 6


def line(sku_id: UUID, warehouse_id: UUID, pieces: int) -> dict[str, Any]:
    return {"lines": [{"sku_id": str(sku_id), "warehouse_id": str(warehouse_id), "quantity": pieces}]}


async def test_many_who_report_the_same_article_at_once_each_have_their_answer(
    db: Database, world: World, tea: Caller, tools: Caller
) -> None:
    black, ruler = world.items["black"].sku_id, world.items["ruler"].sku_id
    here, there = world.tea.warehouse_id, world.tools.warehouse_id
    receipts = "/stock/receipts"

    *good, foreign, nowhere, others = await asyncio.gather(
        *(tea.send("POST", receipts, line(black, here, 2), idempotency_key=f"came-{n}") for n in range(MANY)),
        # Another merchant's article, however right everything else is; a warehouse of nobody's; and a neighbour.
        tools.send("POST", receipts, line(black, here, 100)),
        tea.send("POST", receipts, line(black, uuid4(), 100)),
        tools.send("POST", receipts, line(ruler, there, 5)),
    )

    assert [each.status_code for each in good] == [201] * MANY
    assert (foreign.status_code, nowhere.status_code) == (404, 422), (foreign.text, nowhere.text)
    assert others.status_code == 201
    free = await db.ask(inventory.available, [black, ruler])
    assert (free[black], free[ruler]) == (STOCK + 2 * MANY, STOCK + 5)
    # Whoever says it again is told the same, and nothing is booked twice.
    again = await tea.send("POST", receipts, line(black, here, 2), idempotency_key="came-0")
    assert again.content == good[0].content
    assert (await db.ask(inventory.available, [black]))[black] == STOCK + 2 * MANY
    documents = {each.json()["document"] for each in good}
    log = await db.ask(access.audit_log, world.tea.merchant_id)
    assert {entry.subject for entry in log.items if entry.action == "stock.receive"} == documents
    assert len(documents) == MANY


async def test_one_who_counts_less_than_is_promised_fails_alone(db: Database, world: World, tea: Caller) -> None:
    black, here = world.items["black"].sku_id, world.tea.warehouse_id
    await placed(db, [(black, 3)])
    counted = {"lines": [{"sku_id": str(black), "warehouse_id": str(here), "on_hand": 2}]}

    refused, booked = await asyncio.gather(
        tea.send("POST", "/stock/counts", counted), tea.send("POST", "/stock/receipts", line(black, here, 4))
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "stock_is_promised"), refused.text
    assert booked.json()["levels"][0]["on_hand"] == STOCK + 4
