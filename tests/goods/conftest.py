"""A small marketplace of goods to test with."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest
import pytest_asyncio

from steelyard.goods import catalog, inventory, pricing, warehouses
from steelyard.goods.catalog.model import (
    Attribute,
    CategoryId,
    NewCategory,
    NewProduct,
    NewSku,
    Option,
    ProductId,
    ProductState,
    SkuId,
)
from steelyard.goods.inventory.model import Wanted
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.warehouses.model import Warehouse, WarehouseId
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import Text, text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import Merchant, MerchantId, Shop
from tests.support.database import violations

POOL_SIZE = 4
ABOVE = ("logistics.", "trade.", "channels.", "operations.")


@pytest_asyncio.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A database in which stock is kept for orders that nobody has placed: what is true of goods and below must be
    true, what the layers above say of goods need not."""
    database = await Database.connect(database_url, size=POOL_SIZE)
    yield database
    await database.close()
    found = [each for each in await violations(database_url) if not each.name.startswith(ABOVE)]
    assert not found, found


class Market:
    """Makes merchants, categories and products with few words; every method is a transaction of its own."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def merchant(self, slug: str = "", name: Text | None = None, currency: str = "CNY") -> MerchantId:
        merchant_id = MerchantId(ids.mint())
        slug = slug or merchant_id.hex
        await self.db.transact(
            merchants.open_merchant,
            Merchant(merchant_id=merchant_id, code=slug, legal_name=slug, country="CN", currency=currency),
            Shop(merchant_id=merchant_id, slug=slug, name=name or text("小店", "Small shop")),
        )
        return merchant_id

    async def warehouse(self, merchant_id: MerchantId, place: int = 0, open: bool = True) -> WarehouseId:
        warehouse_id = WarehouseId(ids.mint())
        await self.db.transact(
            warehouses.open_warehouse,
            Warehouse(merchant_id=merchant_id, warehouse_id=warehouse_id, name=f"W{place}", place=place, open=open),
        )
        return warehouse_id

    async def category(
        self, slug: str = "", parent_id: CategoryId | None = None, name: Text | None = None
    ) -> CategoryId:
        category_id = CategoryId(ids.mint())
        new = NewCategory(
            category_id=category_id, slug=slug or category_id.hex, name=name or text("类", "Kind"), parent_id=parent_id
        )
        await self.db.transact(catalog.create_category, new)
        return category_id

    async def product(
        self,
        merchant_id: MerchantId,
        category_id: CategoryId,
        title: Text | None = None,
        price: int = 1_000,
        stock: dict[UUID, int] | None = None,
        currency: str = "CNY",
        attributes: Sequence[Attribute] = (),
    ) -> tuple[ProductId, SkuId]:
        """A product on the shelf with one SKU, its price and its stock by warehouse."""
        new = new_product(category_id, title=title, attributes=attributes)

        async def make(tx: Tx) -> None:
            await catalog.create_product(tx, merchant_id, new, "test")
            sku_id = new.skus[0].sku_id
            await pricing.set_prices(tx, merchant_id, [NewPrice(sku_id=sku_id, currency=currency, amount=price)])
            await inventory.receive(
                tx,
                merchant_id,
                [(sku_id, warehouse_id, pieces) for warehouse_id, pieces in (stock or {}).items() if pieces],
                document=ids.mint(),
                by="test",
            )

        await self.db.transact(make)
        return new.product_id, new.skus[0].sku_id


def new_product(
    category_id: CategoryId,
    title: Text | None = None,
    state: ProductState = ProductState.ON_SHELF,
    attributes: Sequence[Attribute] = (),
    colours: Sequence[Text] = (),
    source: str | None = None,
) -> NewProduct:
    """A product with a SKU for each colour, or one SKU."""
    product_id = ProductId(ids.mint())
    return NewProduct(
        product_id=product_id,
        category_id=category_id,
        slug=f"p-{product_id.hex}",
        title=title or text("搪瓷杯", "Enamel mug"),
        options=[Option(name=text("颜色", "Colour"), values=list(colours))] if colours else [],
        attributes=list(attributes),
        skus=[
            NewSku(
                sku_id=SkuId(ids.mint()),
                code=f"C-{product_id.hex}-{at}",
                choice=[at] if colours else [],
                weight_grams=250,
            )
            for at in range(max(1, len(colours)))
        ],
        state=state,
        source=source,
    )


def want(merchant_id: UUID, sku_id: UUID, quantity: int, request: UUID | None = None) -> Wanted:
    """An order of its own for so many pieces."""
    return Wanted(merchant_id=merchant_id, order_id=ids.mint(), sku_id=sku_id, quantity=quantity, request=request)


@pytest.fixture
def market(db: Database) -> Market:
    return Market(db)
