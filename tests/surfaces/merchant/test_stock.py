"""A shop's staff receive, move and count goods, and keep their warehouses."""

import re
from uuid import UUID

import pytest_asyncio
from litestar import Litestar

from steelyard.goods import inventory, warehouses
from steelyard.goods.inventory.model import MovementsWanted
from steelyard.goods.warehouses.model import Warehouse, WarehouseId
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.parties import access
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.world import STOCK, World

MOVE = "/merchant/stock/move"


@pytest_asyncio.fixture
async def second(db: Database, world: World) -> WarehouseId:
    """A second warehouse of the tea shop."""
    warehouse_id = WarehouseId(ids.mint())
    await db.transact(
        warehouses.open_warehouse,
        Warehouse(merchant_id=world.tea.merchant_id, warehouse_id=warehouse_id, name="Attic", place=5),
    )
    return warehouse_id


async def there(read: Read, world: World, sku_id: UUID) -> dict[UUID, int]:
    levels = await inventory.levels_of(read, world.tea.merchant_id, [sku_id])
    return {level.warehouse_id: level.on_hand for level in levels}


def moving(world: World, to: UUID, page_document: str, lines: str, kind: str = "transfer") -> dict[str, str]:
    return {
        "kind": kind, "from": str(world.tea.warehouse_id), "to": str(to), "document": page_document, "lines": lines,
        "note": "Shelf 3",
    }  # fmt: skip


async def test_goods_move_between_warehouses_in_one_document_and_once(
    db: Database, world: World, owner: Browser, second: WarehouseId
) -> None:
    green = world.items["green"].sku_id
    page = await owner.get(f"{MOVE}?kind=transfer")
    fields = moving(world, second, hidden(page, "document"), "GREEN-0 5\nBLACK-0")

    looked = await owner.post(MOVE, {**fields, "then": "look"})
    assert looked.status_code == 200
    assert "Yunnan black tea" in words(looked)
    assert await db.ask(there, world, green) == {world.tea.warehouse_id: STOCK}, "looking books nothing"
    for _ in range(2):
        after = await owner.follow(await owner.post(MOVE, {**fields, "then": "book"}))
        assert "It is booked" in words(after)

    assert await db.ask(there, world, green) == {world.tea.warehouse_id: STOCK - 5, second: 5}
    document = await db.ask(
        inventory.find_movements, world.tea.merchant_id, MovementsWanted(document=UUID(fields["document"]))
    )
    assert sorted(move.quantity for move in document.items) == [-5, -1, 1, 5]
    assert "-5" in words(after).replace("−", "-")


async def test_what_is_reserved_stays_where_it_is(
    db: Database, world: World, owner: Browser, second: WarehouseId
) -> None:
    await deal.paid(db, [(world.items["green"].sku_id, STOCK - 2)])
    page = await owner.get(f"{MOVE}?kind=transfer")

    answer = await owner.post(MOVE, {**moving(world, second, hidden(page, "document"), "GREEN-0 3"), "then": "book"})

    assert answer.status_code == 422
    assert "not that many free pieces" in words(answer)
    assert "GREEN-0 3" in answer.text, "what was typed stays"
    assert second not in await db.ask(there, world, world.items["green"].sku_id)


async def test_lines_that_mean_nothing_are_told(world: World, owner: Browser, second: WarehouseId) -> None:
    page = await owner.get(f"{MOVE}?kind=receive")
    fields = moving(world, second, hidden(page, "document"), "", "receive")

    for lines, told in (
        ("NOBODY-1 3", "No article of yours has this number or barcode"),
        ("GREEN-0 many", "cannot be read: GREEN-0 many"),
        ("HAMMER-0 1", "No article of yours"),
        ("", "at least one article"),
    ):
        answer = await owner.post(MOVE, {**fields, "lines": lines, "then": "book"})
        assert answer.status_code == 422
        assert told in words(answer)


async def test_a_count_is_entered_looked_at_and_booked_once(db: Database, world: World, owner: Browser) -> None:
    page = await owner.get("/merchant/stock/counts")
    begun = await owner.post(
        "/merchant/stock/counts",
        {
            "count_id": hidden(page, "count_id"),
            "warehouse": str(world.tea.warehouse_id),
            "prefix": "gre",
            "blind": "yes",
        },
    )
    here = begun.headers["location"]
    sheet = await owner.get(here)
    assert "In the books" not in words(sheet), "a blind sheet does not tell"
    skus = re.findall(r'name="counted_([^"]+)"', sheet.text)
    assert str(world.items["green"].sku_id) in skus
    first = world.items["green"].sku_id

    review = await owner.follow(await owner.post(here, {f"counted_{first}": "17", "then": "review"}))
    assert "1 article differs" in words(review)
    assert await db.ask(there, world, first) == {world.tea.warehouse_id: STOCK}
    for _ in range(2):
        after = await owner.follow(await owner.post(f"{here}/book"))
    assert "Booked" in words(after)

    assert await db.ask(there, world, first) == {world.tea.warehouse_id: 17}
    again = await owner.follow(await owner.post(here, {f"counted_{first}": "1", "then": "keep"}))
    assert "This count is closed" in words(again)
    log = await db.ask(access.audit_log, world.tea.merchant_id)
    assert {"stock.begin_count", "stock.book_count"} <= {entry.action for entry in log.items}
    assert (await owner.get(f"{here}/print")).status_code == 200


async def test_no_count_takes_away_what_is_reserved(db: Database, world: World, owner: Browser) -> None:
    await deal.paid(db, [(world.items["green"].sku_id, 6)])
    page = await owner.get("/merchant/stock/counts")
    begun = await owner.post(
        "/merchant/stock/counts", {"count_id": hidden(page, "count_id"), "warehouse": str(world.tea.warehouse_id)}
    )
    here = begun.headers["location"]
    await owner.post(here, {f"counted_{world.items['green'].sku_id}": "5", "then": "review"})

    after = await owner.follow(await owner.post(f"{here}/book"))

    assert "reserved" in words(after)
    assert await db.ask(there, world, world.items["green"].sku_id) == {world.tea.warehouse_id: STOCK}


async def test_a_number_that_is_none_is_told_and_all_others_stay_typed(world: World, owner: Browser) -> None:
    page = await owner.get("/merchant/stock/counts")
    begun = await owner.post(
        "/merchant/stock/counts", {"count_id": hidden(page, "count_id"), "warehouse": str(world.tea.warehouse_id)}
    )
    here = begun.headers["location"]
    green, black = world.items["green"].sku_id, world.items["black"].sku_id

    answer = await owner.post(here, {f"counted_{green}": "many", f"counted_{black}": "12"})

    assert answer.status_code == 422
    assert 'value="many"' in answer.text
    assert 'value="12"' in answer.text


async def test_levels_to_warn_at_are_set_for_many_and_listed(db: Database, world: World, owner: Browser) -> None:
    green, place = world.items["green"].sku_id, world.tea.warehouse_id
    page = await owner.get("/merchant/stock?edit=yes")
    assert f"below_{green}_{place}" in page.text

    after = await owner.follow(
        await owner.post(
            "/merchant/stock/levels", {f"below_{green}_{place}": str(STOCK + 1), "back": "/merchant/stock"}
        )
    )

    assert "1 levels are changed" in words(after)
    assert "GREEN-0" in words(await owner.get("/merchant/stock?low=yes"))
    rows = (await owner.get("/merchant/stock?low=yes&format=csv")).content.decode("utf-8-sig").strip().split("\r\n")
    assert len(rows) == 2


async def test_movements_are_filtered_and_exported(
    db: Database, world: World, owner: Browser, second: WarehouseId
) -> None:
    page = await owner.get(f"{MOVE}?kind=transfer")
    await owner.post(MOVE, {**moving(world, second, hidden(page, "document"), "GREEN-0 5"), "then": "book"})

    said = words(await owner.get("/merchant/stock/movements?reason=transferred"))
    assert said.count("GREEN-0") == 2
    assert "BLACK-0" not in said
    only = words(await owner.get(f"/merchant/stock/movements?q=GREEN-0&warehouse={second}"))
    assert only.count("GREEN-0") == 1
    assert "No movements" in words(await owner.get("/merchant/stock/movements?to=2020-01-01"))
    answer = await owner.get("/merchant/stock/movements?reason=transferred&format=csv")
    assert len(answer.content.decode("utf-8-sig").strip().split("\r\n")) == 3


async def test_one_warehouse_stays_open_and_one_takes_returns(
    db: Database, world: World, owner: Browser, second: WarehouseId
) -> None:
    known = f"/merchant/stock/warehouses/{world.tea.warehouse_id}"
    address = {
        "contact": "Li Na", "phone": "13800000000", "region": "浙江省", "city": "温州市",
        "street": "五马街 1 号", "country": "CN",
    }  # fmt: skip
    returns = await owner.post(known, {"name": "Main", "open": "yes", "takes_returns": "yes", **address})
    assert returns.status_code == 303
    other = f"/merchant/stock/warehouses/{second}"
    await owner.post(other, {"name": "Attic", "open": "yes", "takes_returns": "yes", **address})
    found = {each.name: each for each in await db.ask(warehouses.of_merchant, world.tea.merchant_id)}
    assert (found["Main"].takes_returns, found["Attic"].takes_returns) == (False, True)

    closed = await owner.post(other, {"name": "Attic", **address})
    assert closed.status_code == 303
    refused = await owner.post(known, {"name": "Main", **address})
    assert refused.status_code == 422
    assert "last open warehouse" in words(refused)
    missing = await owner.post(known, {"name": "", "open": "yes"})
    assert missing.status_code == 422
    assert "Please fill this in" in words(missing)


async def test_another_shops_stock_is_not_there(app: Litestar, db: Database, world: World, second: WarehouseId) -> None:
    stranger = await signed_in(app, world.tools.owner)
    page = await stranger.get(f"{MOVE}?kind=receive")
    fields = moving(world, second, hidden(page, "document"), "GREEN-0 5", "receive")

    answer = await stranger.post(MOVE, {**fields, "then": "book"})

    assert answer.status_code == 422
    assert await db.ask(there, world, world.items["green"].sku_id) == {world.tea.warehouse_id: STOCK}
    hammer = {**fields, "lines": "HAMMER-0 5", "then": "book"}
    assert "no such warehouse" in words(await stranger.post(MOVE, hammer)), "into another's warehouse"
    await stranger.close()
