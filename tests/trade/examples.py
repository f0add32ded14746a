"""Reading the worked examples of docs/algorithms: the numbers of a page's YAML blocks, and the shops they speak of."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from steelyard.goods import catalog, inventory, pricing, taxes, warehouses
from steelyard.goods.catalog.model import CategoryId, NewCategory, NewProduct, NewSku, ProductId, ProductState, SkuId
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.taxes.model import DatedRate
from steelyard.goods.warehouses.model import Warehouse, WarehouseId
from steelyard.kernel import codes, ids
from steelyard.kernel.db import Tx
from steelyard.kernel.money import Money
from steelyard.kernel.text import text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Method, Template, TemplateId, Zone
from steelyard.parties import merchants
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import Merchant, MerchantId, Shop
from steelyard.trade import commission
from steelyard.trade.commission.model import RuleId

PAGES = Path(__file__).parents[2] / "docs" / "algorithms"
CURRENCY = "CNY"
SINCE = date(2020, 1, 1)

# Everything a block says, as it is written: amounts stay text until `minor` reads them.
Numbers = dict[str, Any]


def numbers(page: str) -> Numbers:
    """What the YAML blocks of a page say, all together."""
    source = (PAGES / page).read_text("utf-8")
    found: Numbers = {}
    for block in re.findall(r"^```yaml\n(.*?)^```", source, re.MULTILINE | re.DOTALL):
        found |= yaml.load(block, Loader=yaml.BaseLoader)
    return found


def minor(amount: str) -> int:
    return Money.of(Decimal(amount), CURRENCY).amount


def millionths(rate: str) -> int:
    return int(Decimal(rate.removesuffix(" %")) * 10_000)


def amounts(told: Numbers) -> dict[str, int]:
    return {name: minor(amount) for name, amount in told.items()}


class Market:
    """The shops of an example, written down; goods are called by their names in the page."""

    def __init__(self, given: Numbers) -> None:
        self.given = given
        self.merchants: dict[str, MerchantId] = {name: MerchantId(ids.mint()) for name in given["merchants"]}
        self.skus: dict[str, SkuId] = {
            name: SkuId(ids.mint()) for shop in given["merchants"].values() for name in shop["goods"]
        }
        self.address = Address(name="Ada", street="1 Some Road", city="Shanghai", **given["address"])

    @property
    def names(self) -> dict[UUID, str]:
        """Whatever has a name in the page, by its id."""
        return {key: name for named in (self.merchants, self.skus) for name, key in named.items()}

    async def open(self, tx: Tx) -> None:
        for name, tax in self.given["taxes"].items():
            await taxes.set_rate(tx, DatedRate(
                country=self.address.country, tax_class=name, valid_from=SINCE, millionths=millionths(tax["rate"]),
                inclusive=tax["in_price"] == "yes", name=text(name, name),
            ))  # fmt: skip
        for whose, rate in self.given["commission"].items():
            await commission.set_rate(tx, RuleId(ids.mint()), millionths(rate), merchant_id=self.merchants.get(whose))
        category_id = CategoryId(ids.mint())
        await catalog.create_category(
            tx, NewCategory(category_id=category_id, slug="all", name=text("全部", "All"), parent_id=None)
        )
        for name, shop in self.given["merchants"].items():
            await self._open_shop(tx, name, shop, category_id)

    async def _open_shop(self, tx: Tx, slug: str, shop: Numbers, category_id: CategoryId) -> None:
        merchant_id, name = self.merchants[slug], text(slug, slug)
        await merchants.open_merchant(
            tx,
            Merchant(
                merchant_id=merchant_id, code=codes.mint("M"), legal_name=slug, country=self.address.country,
                currency=CURRENCY,
            ),
            Shop(merchant_id=merchant_id, slug=slug, name=name),
        )  # fmt: skip
        warehouse_id = WarehouseId(ids.mint())
        await warehouses.open_warehouse(
            tx, Warehouse(merchant_id=merchant_id, warehouse_id=warehouse_id, name=slug, address=self.address)
        )
        await freight.save_template(tx, self._template(merchant_id, shop["freight"]))
        for goods, facts in shop["goods"].items():
            await self._sell(tx, merchant_id, goods, facts, category_id)
            lines = [(self.skus[goods], warehouse_id, int(facts["stock"]))]
            await inventory.receive(tx, merchant_id, lines, document=ids.mint(), by="system")

    def _template(self, merchant_id: MerchantId, told: Numbers) -> Template:
        zone = Zone(
            countries=[self.address.country],
            first_units=int(told["first_units"]),
            first_fee=minor(told["first_fee"]),
            next_units=int(told["next_units"]),
            next_fee=minor(told["next_fee"]),
            free_over=minor(told["free_over"]) if "free_over" in told else None,
        )
        return Template(
            merchant_id=merchant_id, template_id=TemplateId(ids.mint()), name=text("快递", "Parcel"),
            method=Method(told["method"]), currency=CURRENCY, days_from=1, days_to=3, zones=[zone],
        )  # fmt: skip

    async def _sell(self, tx: Tx, merchant_id: MerchantId, name: str, facts: Numbers, category_id: CategoryId) -> None:
        sku = NewSku(sku_id=self.skus[name], code=name.upper(), choice=[], weight_grams=int(facts["grams"]))
        product = NewProduct(
            product_id=ProductId(ids.mint()), category_id=category_id, slug=name, title=text(name, name),
            description=text("", ""), state=ProductState.ON_SHELF, tax_class=facts["tax"], skus=[sku],
        )  # fmt: skip
        await catalog.create_product(tx, merchant_id, product, "system")
        await self.price(tx, merchant_id, name, facts["price"])

    async def price(self, tx: Tx, merchant_id: MerchantId, name: str, amount: str) -> None:
        new = NewPrice(sku_id=self.skus[name], currency=CURRENCY, amount=minor(amount))
        await pricing.set_prices(tx, merchant_id, [new])
