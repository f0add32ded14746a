"""Products: made once, changed, shown and put away, one by one or many at once."""

import pytest

from steelyard.goods import catalog
from steelyard.goods.catalog.model import (
    MACHINE,
    Attribute,
    CategoryId,
    CategoryUnknown,
    CodeTaken,
    NewProduct,
    NewSku,
    Picture,
    ProductChange,
    ProductState,
    SkuChange,
    SkuId,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, administer
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, MerchantState
from tests.goods.conftest import Market, new_product

RED, BLUE = text("红", "red"), text("蓝", "blue")
FILE = "a" * 64 + ".jpg"


async def test_a_product_is_made_once_and_seen_whole(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    new = new_product(
        category_id,
        title=text("围巾", "Scarf"),
        colours=[RED, BLUE],
        attributes=[Attribute(name=text("材质", "Material"), value=text("羊毛", "Wool"))],
    )

    assert await db.transact(catalog.create_product, merchant_id, new, "test")
    assert not await db.transact(catalog.create_product, merchant_id, new, "test")

    seen = await db.ask(catalog.product, new.product_id)
    assert seen is not None
    assert seen.title == text("围巾", "Scarf")
    assert [sku.choice for sku in seen.skus] == [[0], [1]]
    assert seen.attributes == new.attributes
    assert seen.on_sale


async def test_a_card_says_which_variant_it_is(db: Database, market: Market) -> None:
    merchant_id, top = await market.merchant(), await market.category()
    below = await market.category(parent_id=top)
    new = new_product(below, colours=[RED, BLUE])
    await db.transact(catalog.create_product, merchant_id, new, "test")
    await db.transact(catalog.set_pictures, merchant_id, new.product_id, [Picture(file=FILE)])

    cards = await db.ask(catalog.cards, [sku.sku_id for sku in new.skus] + [ids.mint()])

    card = cards[new.skus[1].sku_id]
    assert len(cards) == 2
    assert card.options == [(text("颜色", "Colour"), BLUE)]
    assert card.category_path == [top, below]
    assert (card.picture, card.weight_grams, card.on_sale) == (FILE, 250, True)


async def test_a_suspended_merchants_goods_are_not_on_sale(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    _, sku_id = await market.product(merchant_id, category_id)

    await db.transact(merchants.set_state, merchant_id, MerchantState.SUSPENDED)

    assert not (await db.ask(catalog.cards, [sku_id]))[sku_id].on_sale


async def test_an_article_number_is_taken_once(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    first, second = new_product(category_id), new_product(category_id)
    second.skus[0] = NewSku(sku_id=SkuId(ids.mint()), code=first.skus[0].code)
    await db.transact(catalog.create_product, merchant_id, first, "test")

    with pytest.raises(CodeTaken):
        await db.transact(catalog.create_product, merchant_id, second, "test")
    with pytest.raises(CodeTaken):
        await db.transact(
            catalog.add_skus, merchant_id, first.product_id, [NewSku(sku_id=SkuId(ids.mint()), code="other")]
        )
    # Another merchant's numbers are its own.
    assert await db.transact(catalog.create_product, await market.merchant(), second, "test")


async def test_a_product_needs_a_category_that_exists(db: Database, market: Market) -> None:
    merchant_id = await market.merchant()
    new = new_product(await market.category())
    await db.transact(catalog.create_product, merchant_id, new, "test")

    with pytest.raises(CategoryUnknown):
        await db.transact(catalog.create_product, merchant_id, new_product(CategoryId(ids.mint())), "test")
    with pytest.raises(CategoryUnknown):
        await db.transact(
            catalog.change_product, merchant_id, new.product_id, ProductChange(category_id=CategoryId(ids.mint()))
        )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": text("", "")}, "title"),
        ({"title": text("长" * 301, "")}, "title"),
        ({"pictures": [Picture(file=FILE)] * 21}, "pictures"),
        ({"state": ProductState.BINNED}, "state"),
        ({"skus": []}, "state"),
        ({"skus": [NewSku(sku_id=SkuId(ids.mint()), code="x", choice=[3])]}, "choice"),
        ({"skus": [NewSku(sku_id=SkuId(ids.mint()), code=code) for code in "xy"]}, "choice"),
        ({"skus": [NewSku(sku_id=SkuId(ids.mint()), code="")]}, "code"),
        ({"skus": [NewSku(sku_id=SkuId(ids.mint()), code="x", weight_grams=-1)]}, "weight_grams"),
    ],
)
async def test_a_product_that_breaks_a_limit_is_refused(
    db: Database, market: Market, change: dict[str, object], field: str
) -> None:
    merchant_id, new = await market.merchant(), new_product(await market.category())
    given = {name: getattr(new, name) for name in NewProduct.__struct_fields__} | change

    with pytest.raises(Invalid) as refused:
        await db.transact(catalog.create_product, merchant_id, NewProduct(**given), "test")  # pyright: ignore[reportArgumentType]
    assert field in refused.value.facts["fields"]


async def test_products_go_on_and_off_the_shelf_and_into_the_bin(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    draft, shown = new_product(category_id, state=ProductState.DRAFT), new_product(category_id)
    for new in (draft, shown):
        await db.transact(catalog.create_product, merchant_id, new, "test")
    both = [draft.product_id, shown.product_id]

    assert await db.transact(catalog.put_on_shelf, merchant_id, both, "test") == [draft.product_id]
    assert await db.transact(catalog.bin, merchant_id, both, "test") == []
    assert set(await db.transact(catalog.take_off_shelf, merchant_id, both, "test")) == set(both)
    assert set(await db.transact(catalog.bin, merchant_id, both, "test")) == set(both)
    assert await db.transact(catalog.restore, merchant_id, [draft.product_id], "test") == [draft.product_id]

    listed = await db.ask(catalog.products_page, merchant_id)
    assert [(row.product_id, row.state) for row in listed.items] == [(draft.product_id, ProductState.OFF_SHELF)]
    binned = await db.ask(catalog.products_page, merchant_id, ProductState.BINNED)
    assert [row.product_id for row in binned.items] == [shown.product_id]


async def test_what_has_no_active_sku_stays_off_the_shelf(db: Database, market: Market) -> None:
    merchant_id = await market.merchant()
    new = new_product(await market.category(), state=ProductState.DRAFT)
    await db.transact(catalog.create_product, merchant_id, new, "test")
    await db.transact(
        catalog.change_skus, merchant_id, new.product_id, [SkuChange(sku_id=new.skus[0].sku_id, active=False)]
    )

    assert await db.transact(catalog.put_on_shelf, merchant_id, [new.product_id], "test") == []


async def test_nobody_changes_another_merchants_product(db: Database, market: Market) -> None:
    owner, other = await market.merchant(), await market.merchant()
    new = new_product(await market.category())
    await db.transact(catalog.create_product, owner, new, "test")

    with pytest.raises(NotFound):
        await db.transact(catalog.change_product, other, new.product_id, ProductChange(slug="mine"))
    with pytest.raises(NotFound):
        await db.transact(catalog.set_pictures, other, new.product_id, [])
    assert await db.transact(catalog.take_off_shelf, other, [new.product_id], "test") == []
    # The console's own connection sees and changes one merchant's rows only.
    as_other = db.as_merchant(other)
    assert (await as_other.ask(catalog.products_page, owner)).items == []
    with pytest.raises(NotFound):
        await as_other.transact(catalog.change_product, owner, new.product_id, ProductChange(slug="mine"))
    await db.as_merchant(owner).transact(catalog.change_product, owner, new.product_id, ProductChange(slug="own"))


async def test_a_merchants_list_is_paged_and_searched(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    made = [await market.product(merchant_id, category_id, title=text(f"杯{at}号", f"Mug {at}")) for at in range(5)]

    seen: list[object] = []
    cursor = None
    while True:
        page = await db.ask(catalog.products_page, merchant_id, None, "", cursor, limit=2)
        seen += [row.product_id for row in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert seen == [product_id for product_id, _ in reversed(made)]
    found = await db.ask(catalog.products_page, merchant_id, None, "mug 3")
    assert [row.product_id for row in found.items] == [made[3][0]]


async def test_a_product_is_found_by_a_part_of_any_of_its_numbers_also_after_they_changed(
    db: Database, market: Market
) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    (mug, sku_id), _ = [
        await market.product(merchant_id, category_id, title=text(f"杯{at}号", f"Mug {at}")) for at in range(2)
    ]

    async def found(words: str) -> list[object]:
        listed = await db.ask(catalog.listed, merchant_id, catalog.Narrowing(text=words))
        return [row.product_id for row in listed.items]

    await db.transact(catalog.change_skus, merchant_id, mug, [SkuChange(sku_id=sku_id, code="MUG-Red-XL")])
    assert await found("g-red") == [mug]
    change = SkuChange(sku_id=sku_id, code="M-1", barcode="6901234567892")
    await db.transact(catalog.change_many_skus, merchant_id, [change], "test")
    assert (await found("g-red"), await found("6901234567892"), await found("m-1")) == ([], [mug], [mug])
    await db.transact(catalog.change_product, merchant_id, mug, ProductChange(title=text("壶", "Pot")))
    assert (await found("杯0"), await found("POT")) == ([], [mug])


async def test_the_bulk_path_writes_what_the_command_writes(db: Database, market: Market, database_url: str) -> None:
    one, many, category_id = await market.merchant(), await market.merchant(), await market.category()
    products = [
        new_product(category_id, colours=[RED, BLUE], state=state, source=f"import:t:{state}")
        for state in (ProductState.DRAFT, ProductState.ON_SHELF)
    ]
    for new in products:
        await db.transact(catalog.create_product, one, new, "import")

    await db.transact(catalog.bulk_create, [(many, new) for new in products], "import")

    async def written(merchant_id: MerchantId) -> list[list[dict[str, object]]]:
        async with administer(database_url) as connection:
            read = Read(connection)
            tables = [
                await read.fetch("SELECT * FROM products WHERE merchant_id = $1 ORDER BY product_id", merchant_id),
                await read.fetch("SELECT * FROM skus WHERE merchant_id = $1 ORDER BY sku_id", merchant_id),
                await read.fetch(
                    "SELECT * FROM product_pictures WHERE merchant_id = $1 ORDER BY product_id", merchant_id
                ),
                await read.fetch(
                    "SELECT * FROM product_history WHERE merchant_id = $1 ORDER BY product_id", merchant_id
                ),
            ]
        own = {"merchant_id", "created_at", "changed_at", "at"}
        return [[{name: row[name] for name in set(row.keys()) - own} for row in rows] for rows in tables]

    assert await written(many) == await written(one)
    sources = await db.ask(catalog.imported, many, ["import:t:draft", "import:t:other"])
    assert sources == {"import:t:draft": products[0].product_id}


async def test_the_machine_is_the_table(db: Database) -> None:
    async def pairs(read: Read) -> set[tuple[str, str]]:
        return {(row[0], row[1]) for row in await read.fetch("SELECT from_state, to_state FROM product_transitions")}

    assert await db.ask(pairs) == MACHINE.pairs()


async def test_the_tree_has_its_branches_in_order(db: Database, market: Market) -> None:
    top = await market.category("home", name=text("家居", "Home"))
    kitchen = await market.category("kitchen", top)

    roots = await db.ask(catalog.categories)

    assert [(root.slug, [child.category_id for child in root.children]) for root in roots] == [("home", [kitchen])]
    found = await db.ask(catalog.category, "kitchen")
    assert found is not None
    assert found.path == [top, kitchen]
