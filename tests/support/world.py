"""A small world for tests of what stands on everything else: an operator, two merchants, six products, people.

`world = await seeded(db)` writes it into a migrated database; every id is the same each time. Prices are in CNY and
contain the tax. Each product but `rare` has `STOCK` pieces of each variant in its merchant's only warehouse.
"""

import hashlib
from datetime import date
from uuid import UUID

import msgspec
from argon2 import PasswordHasher

from steelyard.goods import catalog, inventory, pricing, search, taxes, warehouses
from steelyard.goods.catalog.model import (
    Attribute,
    CategoryId,
    NewCategory,
    NewProduct,
    NewSku,
    Option,
    Picture,
    ProductId,
    ProductState,
    SkuId,
)
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.taxes.model import DatedRate
from steelyard.goods.warehouses.model import Warehouse, WarehouseId
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import Text, text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Method, Template, TemplateId, Zone
from steelyard.parties import customers, merchants
from steelyard.parties.customers.model import Address, AddressId, Buyer, BuyerId, Contact
from steelyard.parties.merchants.model import Merchant, MerchantId, Payout, Shop
from steelyard.trade import commission
from steelyard.trade.commission.model import RuleId

NAMESPACE = UUID("7e577e57-0000-4000-8000-000000000001")
PASSWORD = "a long enough password"
# As cheap as Argon2 gets: tests sign in often.
HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
COMMISSION = 50_000
TAX = 130_000
CURRENCY = "CNY"
STOCK = 20

HOME = Address(
    name="Li Na", phone="13800000000", country="CN", region="上海市", city="上海市", district="静安区",
    street="南京西路 1 号", postal_code="200040",
)  # fmt: skip
# Neither shop delivers there.
TOO_FAR = Address(name="A. Visitor", country="AQ", city="McMurdo", street="Station 1", postal_code="96599")
CONTACT = Contact(name="Li Na", email="lina@example.com", phone="13800000000")


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A product, with its variants in the order of their choices and what each costs, in fen."""

    merchant_id: MerchantId
    product_id: ProductId
    sku_ids: list[SkuId]
    amounts: list[int]
    slug: str
    title: Text

    @property
    def sku_id(self) -> SkuId:
        return self.sku_ids[0]

    @property
    def amount(self) -> int:
        return self.amounts[0]


class Trader(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant with its shop. `standard` delivers within China and to GB, `express` within China alone."""

    merchant_id: MerchantId
    slug: str
    warehouse_id: WarehouseId
    standard: TemplateId
    express: TemplateId
    staff: "dict[str, Person]"

    @property
    def owner(self) -> "Person":
        return self.staff["merchant_owner"]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in with `email` and `PASSWORD`."""

    account_id: UUID
    email: str
    buyer_id: BuyerId | None = None


class World(msgspec.Struct, frozen=True, kw_only=True):
    """`tea` charges freight by the piece, `tools` by weight."""

    operator: Person
    tea: Trader
    tools: Trader
    buyer: Person
    other_buyer: Person
    categories: dict[str, CategoryId]
    items: dict[str, Item]

    @property
    def merchants(self) -> list[Trader]:
        return [self.tea, self.tools]


def made(*names: str) -> UUID:
    """The id of a thing of this world."""
    return ids.derived(NAMESPACE, *names)


async def seeded(db: Database) -> World:
    """Write the world down."""
    return await db.transact(seed)


async def seed(tx: Tx) -> World:
    """`seeded` within a transaction."""
    operator = await _operator(tx)
    categories = await _categories(tx)
    await taxes.set_rate(
        tx,
        DatedRate(
            country="CN", tax_class="standard", valid_from=date(2019, 4, 1), millionths=TAX, inclusive=True,
            name=text("增值税", "VAT"),
        ),
    )  # fmt: skip
    await commission.set_rate(tx, RuleId(made("commission")), COMMISSION)
    tea = await _merchant(tx, "tea", text("云上茶庄", "Tea on the Cloud"), Method.PIECE, self_operated=True)
    tools = await _merchant(tx, "tools", text("老街五金", "Old Street Tools"), Method.WEIGHT, self_operated=False)
    items = await _items(tx, tea, tools, categories)
    await search.reindex_products(tx, [(item.merchant_id, item.product_id) for item in items.values()])
    return World(
        operator=operator,
        tea=tea,
        tools=tools,
        buyer=await _buyer(tx, "lina", "Li Na"),
        other_buyer=await _buyer(tx, "wang", "Wang Wei"),
        categories=categories,
        items=items,
    )


async def _operator(tx: Tx) -> Person:
    await tx.execute(
        """
        INSERT INTO operator_profile (name, legal_name, credit_code, licence_url, icp_number, address, phone, email
                                    , country, currency)
        VALUES ($1, '某市秤杆商贸有限公司', '91310000MA1FL000XG', NULL, '沪ICP备00000000号', $2, '021-00000000'
              , 'service@example.com', 'CN', 'CNY')
        ON CONFLICT (only_one) DO NOTHING
        """,
        text("秤杆集市", "Steelyard Market"),
        text("上海市静安区某路 1 号", "1 Some Road, Jing'an, Shanghai"),
    )
    return await account(tx, "operator", "operator", "Operator", roles=["operator_admin"])


async def account(
    tx: Tx,
    kind: str,
    login: str,
    name: str,
    *,
    merchant_id: UUID | None = None,
    buyer_id: BuyerId | None = None,
    roles: list[str] | None = None,
) -> Person:
    """An account that signs in as `<login>@example.com` with `PASSWORD`."""
    person = Person(account_id=made("account", login), email=f"{login}@example.com", buyer_id=buyer_id)
    await tx.execute(
        """
        INSERT INTO accounts (account_id, kind, name, email, password_hash, locale, merchant_id, buyer_id)
        VALUES ($1, $2, $3, $4, $5, 'en', $6, $7)
        """,
        person.account_id,
        kind,
        name,
        person.email,
        HASHER.hash(PASSWORD),
        merchant_id,
        buyer_id,
    )
    await tx.execute("INSERT INTO logins (email, account_id) VALUES ($1, $2)", person.email, person.account_id)
    await tx.execute(
        "INSERT INTO account_roles (account_id, role_id) SELECT $1, role_id FROM roles WHERE role_id = ANY($2)",
        person.account_id,
        roles or [],
    )
    return person


async def _buyer(tx: Tx, login: str, name: str) -> Person:
    buyer_id = BuyerId(made("buyer", login))
    email = f"{login}@example.com"
    await customers.register(
        tx, Buyer(buyer_id=buyer_id, email=email, name=name, phone="13800000000", locale="en", country="CN")
    )
    await customers.save_address(tx, buyer_id, AddressId(made("address", login)), HOME, is_default=True)
    return await account(tx, "buyer", login, name, buyer_id=buyer_id)


async def _categories(tx: Tx) -> dict[str, CategoryId]:
    tree = [
        ("food", None, text("食品", "Food"), "shopping-basket"),
        ("tea", "food", text("茶叶", "Tea"), "leaf"),
        ("snacks", "food", text("零食", "Snacks"), "package"),
        ("home", None, text("家居", "Household"), "house"),
        ("hand-tools", "home", text("手工工具", "Hand tools"), "wrench"),
    ]
    known: dict[str, CategoryId] = {}
    for place, (slug, parent, name, icon) in enumerate(tree):
        known[slug] = CategoryId(made("category", slug))
        parent_id = known[parent] if parent else None
        await catalog.create_category(
            tx,
            NewCategory(
                category_id=known[slug], slug=slug, name=name, parent_id=parent_id, place=place, icon=icon
            ),
        )  # fmt: skip
    return known


async def _merchant(tx: Tx, slug: str, name: Text, method: Method, *, self_operated: bool) -> Trader:
    merchant_id = MerchantId(made("merchant", slug))
    await merchants.open_merchant(
        tx,
        Merchant(
            merchant_id=merchant_id, code=f"M-{slug.upper()}", legal_name=f"{name} 有限公司", country="CN",
            currency=CURRENCY, self_operated=self_operated,
            payout=Payout(name=f"{name} 有限公司", bank="Example Bank", account="6222000000000000"),
        ),
        Shop(merchant_id=merchant_id, slug=slug, name=name, notice=text("24 小时内发货", "Sent within 24 hours")),
    )  # fmt: skip
    warehouse_id = WarehouseId(made("warehouse", slug))
    await warehouses.open_warehouse(
        tx, Warehouse(merchant_id=merchant_id, warehouse_id=warehouse_id, name="上海仓", address=HOME)
    )
    standard, express = await _freight(tx, merchant_id, slug, method)
    staff = {
        role: await account(
            tx, "merchant", f"{slug}.{role.removeprefix('merchant_')}", role.removeprefix("merchant_").capitalize(),
            merchant_id=merchant_id, roles=[role],
        )
        for role in ("merchant_owner", "merchant_clerk", "merchant_accountant")
    }  # fmt: skip
    return Trader(
        merchant_id=merchant_id, slug=slug, warehouse_id=warehouse_id, standard=standard, express=express, staff=staff
    )


async def _freight(tx: Tx, merchant_id: MerchantId, slug: str, method: Method) -> tuple[TemplateId, TemplateId]:
    """Within China 8 yuan for the first piece or kilogram and 2 for each further; free from 199 yuan on."""
    step = 1 if method is Method.PIECE else 1_000
    near = Zone(
        countries=["CN"], first_units=step, first_fee=800, next_units=step, next_fee=200, free_over=19_900
    )  # fmt: skip
    far = Zone(countries=["GB"], first_units=step, first_fee=9_000, next_units=step, next_fee=3_000)
    fast = Zone(countries=["CN"], first_units=step, first_fee=1_800, next_units=step, next_fee=500)
    standard = Template(
        merchant_id=merchant_id, template_id=TemplateId(made("freight", slug, "standard")),
        name=text("标准快递", "Standard"), method=method, currency=CURRENCY, days_from=2, days_to=4, zones=[near, far],
    )  # fmt: skip
    express = Template(
        merchant_id=merchant_id, template_id=TemplateId(made("freight", slug, "express")),
        name=text("次日达", "Next day"), method=method, currency=CURRENCY, days_from=1, days_to=1, zones=[fast],
        place=1,
    )  # fmt: skip
    await freight.save_template(tx, standard)
    await freight.save_template(tx, express)
    return standard.template_id, express.template_id


SIZES = Option(
    name=text("规格", "Size"), values=[text("100 克", "100 g"), text("250 克", "250 g"), text("500 克", "500 g")]
)
GRADES = Option(name=text("等级", "Grade"), values=[text("特级", "Special"), text("一级", "First")])
COLOURS = Option(name=text("颜色", "Colour"), values=[text("黑色", "Black"), text("红色", "Red")])


async def _items(tx: Tx, tea: Trader, tools: Trader, categories: dict[str, CategoryId]) -> dict[str, Item]:
    """`green` has two options and no "First, 500 g"; `hammer` two colours; `rare` is sold out."""
    green = await _item(
        tx, tea, categories["tea"], "green", text("龙井绿茶", "Longjing green tea"), [GRADES, SIZES],
        [([0, 0], 6_800), ([0, 1], 15_800), ([0, 2], 29_900), ([1, 0], 4_800), ([1, 1], 10_800)], grams=120,
    )  # fmt: skip
    black = await _item(
        tx, tea, categories["tea"], "black", text("滇红红茶", "Yunnan black tea"), [], [([], 5_200)], grams=150
    )
    rare = await _item(
        tx, tea, categories["tea"], "rare", text("古树白茶", "Old tree white tea"), [], [([], 88_800)], grams=400,
        stock=0,
    )  # fmt: skip
    nuts = await _item(
        tx, tea, categories["snacks"], "nuts", text("山核桃仁", "Hickory nuts"), [], [([], 3_990)], grams=260
    )
    hammer = await _item(
        tx, tools, categories["hand-tools"], "hammer", text("羊角锤", "Claw hammer"), [COLOURS],
        [([0], 4_500), ([1], 4_700)], grams=700,
    )  # fmt: skip
    ruler = await _item(
        tx, tools, categories["hand-tools"], "ruler", text("钢直尺", "Steel ruler"), [], [([], 990)], grams=90
    )
    return {"green": green, "black": black, "rare": rare, "nuts": nuts, "hammer": hammer, "ruler": ruler}


async def _item(
    tx: Tx,
    trader: Trader,
    category_id: CategoryId,
    slug: str,
    title: Text,
    options: list[Option],
    variants: list[tuple[list[int], int]],
    *,
    grams: int,
    stock: int = STOCK,
) -> Item:
    sku_ids = [SkuId(made("sku", slug, str(place))) for place in range(len(variants))]
    item = Item(
        merchant_id=trader.merchant_id, product_id=ProductId(made("product", slug)), sku_ids=sku_ids,
        amounts=[amount for _, amount in variants], slug=slug, title=title,
    )  # fmt: skip
    new = NewProduct(
        product_id=item.product_id, category_id=category_id, slug=slug, title=title, options=options,
        description=text(f"{title['zh-Hans']}，产地直供。", f"{title['en']}, straight from where it is made."),
        attributes=[Attribute(name=text("产地", "Origin"), value=text("中国", "China"))],
        pictures=[Picture(file=picture_name(slug), alt=title)],
        state=ProductState.ON_SHELF,
        skus=[
            NewSku(sku_id=sku_id, code=f"{slug.upper()}-{place}", choice=choice, weight_grams=grams)
            for place, (sku_id, (choice, _)) in enumerate(zip(sku_ids, variants, strict=True))
        ],
    )  # fmt: skip
    await catalog.create_product(tx, trader.merchant_id, new, "system")
    await pricing.set_prices(
        tx,
        trader.merchant_id,
        [
            NewPrice(sku_id=sku_id, currency=CURRENCY, amount=amount, compare_at=amount + 1_000)
            for sku_id, amount in zip(sku_ids, item.amounts, strict=True)
        ],
    )
    if stock:
        lines = [(sku_id, trader.warehouse_id, stock) for sku_id in sku_ids]
        await inventory.receive(tx, trader.merchant_id, lines, document=made("receipt", slug), by="system")
    return item


def picture(slug: str) -> bytes:
    """The picture of a product: a drawing that `Files.put(..., "image/svg+xml")` keeps as `picture_name(slug)`."""
    hue = int.from_bytes(hashlib.sha256(slug.encode()).digest()[:2]) % 360
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">'
        f'<rect width="400" height="400" fill="hsl({hue}, 35%, 88%)"/>'
        f'<circle cx="200" cy="200" r="110" fill="hsl({hue}, 45%, 55%)"/></svg>'
    ).encode()


def picture_name(slug: str) -> str:
    """What the file store calls the picture of a product."""
    return f"{hashlib.sha256(picture(slug)).hexdigest()}.svg"
