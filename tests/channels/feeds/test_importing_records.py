"""Products and customers of files: each comes in once, with what the file says of it."""

from pathlib import Path

from steelyard.goods import catalog, inventory, pricing, search
from steelyard.goods.catalog.model import ProductState
from steelyard.goods.search.model import Query
from steelyard.kernel.db import Database, Read
from steelyard.parties import customers, merchants
from tests.channels.feeds.conftest import WriteCsv
from tests.channels.feeds.importing import COLUMNS, brought

PRODUCTS = (
    "merchant",
    "sku",
    "title",
    "title_zh",
    "description",
    "category",
    "price",
    "currency",
    "stock",
    "weight_grams",
    "shelf",
)
WOOL = ("garn", "W1", "Wool, blue", "蓝毛线", "Warm.", "Yarn > Wool", "4.50", "GBP", "12", "100", "")
SILK = ("garn", "S1", "Silk", "", "", "Yarn > Silk", "9.99", "GBP", "0", "50", "on")
OLD = ("garn", "X1", "Old felt", "", "", "", "1.00", "GBP", "3", "", "off")
FREE = ("garn", "F1", "Catalogue", "", "", "", "0", "GBP", "5", "", "on")
CUSTOMERS = ("merchant", "customer_id", "name", "email", "phone", "country", "city", "address", "postcode", "since")
ANN = ("garn", "k1", "Ann", "ann@example.com", "1", "GB", "York", "1 Some Street", "YO1", "2020-05-01")
BEN = ("garn", "k2", "Ben", "", "", "DE", "", "", "", "")


async def test_products_come_in_as_the_file_says(db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv):
    file = write_csv("goods.csv", PRODUCTS, [WOOL, SILK, OLD, FREE])

    result = await brought(database_url, tmp_path, "products", [file])

    assert (result.products, result.merchants, result.already_imported) == (4, 1, 0)
    shop = await db.ask(merchants.by_slug, "garn")
    assert shop is not None
    on_shelf = (await db.ask(catalog.products_page, shop.merchant_id, ProductState.ON_SHELF)).items
    assert {row.slug for row in on_shelf} == {"wool-blue", "silk"}
    skus = await db.ask(catalog.by_codes, shop.merchant_id, ["W1", "S1", "X1", "F1"])
    prices = await db.ask(pricing.current, list(skus.values()), "GBP")
    assert {code: prices[sku_id].amount for code, sku_id in skus.items()} == {"W1": 450, "S1": 999, "X1": 100, "F1": 0}
    free = await db.ask(inventory.available, list(skus.values()))
    assert (free[skus["W1"]], free.get(skus["S1"], 0), free[skus["X1"]]) == (12, 0, 3)
    [hit] = (await db.ask(search.find, Query(text="毛线"))).hits
    assert (hit.title["en"], hit.in_stock) == ("Wool, blue", True)
    wool = await db.ask(catalog.category, "yarn-wool")
    assert wool is not None
    assert len(wool.path) == 2


async def test_a_product_that_is_there_stays_as_it_is(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv
):
    await brought(database_url, tmp_path, "products", [write_csv("one.csv", PRODUCTS, [WOOL])])
    dearer = (*WOOL[:6], "99", *WOOL[7:])

    again = await brought(database_url, tmp_path, "products", [write_csv("two.csv", PRODUCTS, [dearer, SILK])])

    assert (again.products, again.already_imported, again.accepted) == (1, 1, 1)
    [hit] = (await db.ask(search.find, Query(text="wool"))).hits
    assert hit.price == 450


async def test_orders_know_the_products_that_came_before(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv
):
    await brought(database_url, tmp_path, "products", [write_csv("goods.csv", PRODUCTS, [WOOL])])
    line = ("garn", "O1", "2024-01-01T10:00:00Z", "k1", "W1", "Wool", 2, "4.40", "GBP", "GB")

    await brought(database_url, tmp_path, "orders", [write_csv("orders.csv", COLUMNS, [line])])

    async def counted(read: Read) -> tuple[int, int]:
        [row] = await read.fetch(
            "SELECT count(*) AS lines, count(s.sku_id) AS known FROM order_lines l LEFT JOIN skus s USING (merchant_id, sku_id)"
        )
        return row["lines"], row["known"]

    assert await db.ask(counted) == (1, 1)
    [hit] = (await db.ask(search.find, Query(text="wool"))).hits
    assert hit.price == 450, "what the file of products says counts"


async def test_customers_come_in_once_with_their_addresses(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv
):
    file = write_csv("people.csv", CUSTOMERS, [ANN, BEN])

    result = await brought(database_url, tmp_path, "customers", [file])
    again = await brought(database_url, tmp_path, "customers", [write_csv("more.csv", CUSTOMERS, [BEN, ANN])])

    assert (result.customers, again.customers, again.already_imported) == (2, 0, 2)

    async def people(read: Read) -> dict[str, customers.model.BuyerId]:
        return {row["source"]: row["buyer_id"] for row in await read.fetch("SELECT source, buyer_id FROM buyers")}

    known = await db.ask(people)
    assert set(known) == {"import:garn:k1", "import:garn:k2"}
    ann = await db.ask(customers.get, known["import:garn:k1"])
    assert ann is not None
    assert (ann.name, ann.email, ann.country) == ("Ann", "ann@example.com", "GB")
    [saved] = await db.ask(customers.addresses, known["import:garn:k1"])
    assert (saved.address.street, saved.address.postal_code, saved.is_default) == ("1 Some Street", "YO1", True)


async def test_a_shelf_is_on_or_off(database_url: str, tmp_path: Path, write_csv: WriteCsv):
    file = write_csv("odd.csv", PRODUCTS, [(*WOOL[:10], "maybe")])

    result = await brought(database_url, tmp_path, "products", [file])

    assert result.reasons == {"unknown_shelf": 1}
