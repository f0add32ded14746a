"""Many goods by a sheet: what was written out and is read again changes nothing, what is planned is what happens, and a day
long it can be taken back."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from steelyard.channels import sheets
from steelyard.channels.sheets.model import ChangeId, EditedSince, Outcome, Row, SheetRefused
from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import ProductChange, ProductState
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.text import text
from tests.support.world import CURRENCY, STOCK, World, seeded


@pytest_asyncio.fixture
async def world(db: Database) -> AsyncIterator[World]:
    yield await seeded(db)


async def exported(read: Read, world: World) -> list[dict[str, str]]:
    shop = await sheets.shop_of(read, world.tea.merchant_id)
    page = await catalog.listed(read, world.tea.merchant_id, catalog.Narrowing(), limit=100)
    return [good.cells for good in await sheets.goods(read, shop, [row.product_id for row in page.items])]


async def apply(db: Database, world: World, rows: list[dict[str, str]]) -> tuple[ChangeId, list[Row]]:
    """Plan these rows and write the plan, as the worker does."""
    change_id = ChangeId(ids.mint())
    merchant = db.as_merchant(world.tea.merchant_id)
    lines = list(enumerate(rows, 2))
    await merchant.transact(sheets.plan_file, world.tea.merchant_id, change_id, "goods.csv", lines, "test")
    assert await merchant.transact(sheets.begin, world.tea.merchant_id, change_id)
    assert not await merchant.transact(sheets.begin, world.tea.merchant_id, change_id)
    await sheets.apply_plan.run(db, merchant_id=world.tea.merchant_id, change_id=change_id)
    change = await merchant.ask(sheets.change, world.tea.merchant_id, change_id)
    assert change is not None
    assert change.state == "applied", change.trouble
    return change_id, change.rows


async def test_what_was_written_out_and_is_read_again_changes_nothing(db: Database, world: World) -> None:
    rows = await db.ask(exported, world)
    columns = sheets.columns_of(rows)

    for content in (sheets.write_csv(columns, rows), sheets.write_excel(columns, rows, {})):
        planned = await db.ask(sheets.plan, world.tea.merchant_id, sheets.read_sheet(content))
        assert {row.outcome for row in planned} == {Outcome.UNCHANGED}, [row for row in planned if row.changes][:1]
        assert len(planned) == len(rows)


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)


@given(
    st.lists(
        st.fixed_dictionaries({"sku": cells.filter(bool), "title_zh": cells, "description_en": cells}),
        min_size=1,
        max_size=5,
    )
)
def test_any_cell_is_read_as_it_was_written(rows: list[dict[str, str]]) -> None:
    columns = ["sku", "title_zh", "description_en"]

    for content in (sheets.write_csv(columns, rows), sheets.write_excel(columns, rows, {})):
        assert [read for _, read in sheets.read_sheet(content)] == rows


async def test_a_sheet_changes_what_it_says_and_is_taken_back(db: Database, world: World) -> None:
    before = await db.ask(exported, world)
    row = {**before[0], "title_en": "Renamed", "price": "1.23", "stock": "7", "weight_grams": "55", "barcode": "690"}
    sku_id = (await db.ask(catalog.by_codes, world.tea.merchant_id, [row["sku"]]))[row["sku"]]
    others = [{**each, "title_en": "Renamed"} for each in before[1:] if each["product"] == row["product"]]

    change_id, _ = await apply(db, world, [row, *others])

    product_id = (await db.ask(catalog.product_ids, world.tea.merchant_id, [sku_id]))[0]
    product = await db.ask(catalog.product, product_id)
    assert product is not None
    assert product.title["en"] == "Renamed"
    assert (await db.ask(pricing.current, [sku_id], CURRENCY))[sku_id].amount == 123
    assert (await db.ask(inventory.available, [sku_id]))[sku_id] == 7
    await db.as_merchant(world.tea.merchant_id).transact(sheets.undo, world.tea.merchant_id, change_id, "test")
    after = {each["sku"]: each for each in await db.ask(exported, world)}
    assert after == {each["sku"]: each for each in before}
    assert STOCK != 7


async def test_what_was_edited_since_is_not_overwritten(db: Database, world: World) -> None:
    before = await db.ask(exported, world)
    change_id, _ = await apply(db, world, [{"sku": before[0]["sku"], "title_en": "Renamed"}])
    product_id = (await db.ask(catalog.by_codes, world.tea.merchant_id, [before[0]["sku"]])).popitem()[1]
    found = (await db.ask(catalog.product_ids, world.tea.merchant_id, [product_id]))[0]
    change = ProductChange(title=text("改", "By hand"))
    await db.transact(catalog.change_product, world.tea.merchant_id, found, change)

    with pytest.raises(EditedSince) as refused:
        await db.transact(sheets.undo, world.tea.merchant_id, change_id, "test")
    assert before[0]["sku"] in refused.value.codes


async def test_new_rows_with_one_word_become_a_product_with_variants(db: Database, world: World) -> None:
    shared = {"product": "new-1", "title_zh": "新茶", "title_en": "New tea", "category": "tea", "shelf": "off"}
    rows = [
        {**shared, "sku": "NEW-S", "variant": "100g", "price": "10", "stock": "3"},
        {**shared, "sku": "NEW-L", "variant": "250g", "price": "20.50", "compare_at": "30"},
    ]

    change_id, _ = await apply(db, world, rows)

    skus = await db.ask(catalog.by_codes, world.tea.merchant_id, ["NEW-S", "NEW-L"])
    (product_id,) = await db.ask(catalog.product_ids, world.tea.merchant_id, skus.values())
    product = await db.ask(catalog.product, product_id)
    assert product is not None
    assert [str(value) for value in product.options[0].values] == ["100g", "250g"]
    assert (await db.ask(pricing.current, skus.values(), CURRENCY))[skus["NEW-L"]].compare_at == 3_000
    await db.transact(sheets.undo, world.tea.merchant_id, change_id, "test")
    gone = await db.ask(catalog.product, product_id)
    assert gone is not None
    assert gone.state is ProductState.BINNED


async def test_what_is_wrong_is_told_by_row_and_column_and_not_written(db: Database, world: World) -> None:
    good = (await db.ask(exported, world))[0]
    rows = [
        {"sku": good["sku"], "price": "a lot"},
        {"sku": good["sku"], "price": "1"},
        {"sku": "NEW-1", "title_zh": "无类目", "price": "1", "category": "nowhere"},
        {"sku": "", "price": "1"},
    ]

    planned = await db.ask(sheets.plan, world.tea.merchant_id, list(enumerate(rows, 2)))

    assert {row.outcome for row in planned} == {Outcome.WRONG}
    assert [(row.line, row.faults[0].column) for row in planned] == [
        (2, "price"),
        (3, "sku"),
        (4, "category"),
        (5, "sku"),
    ]


async def test_another_merchants_article_numbers_are_new_ones_here(db: Database, world: World) -> None:
    mine = (await db.ask(exported, world))[0]

    (planned,) = await db.ask(sheets.plan, world.tools.merchant_id, [(2, {"sku": mine["sku"], "price": "1"})])

    assert planned.sku_id is None
    change_id, _ = await apply(db, world, [{"sku": mine["sku"], "price": "9.99"}])
    with pytest.raises(NotFound):
        await db.as_merchant(world.tools.merchant_id).transact(sheets.undo, world.tea.merchant_id, change_id, "test")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04nonsense", b"a,b\n1,2\n", b"sku,sku\n1,2\n", b"sku\n" + b"x\n" * 5_001]
)
def test_a_file_that_is_no_sheet_is_refused(content: bytes) -> None:
    with pytest.raises(SheetRefused):
        sheets.read_sheet(content)
