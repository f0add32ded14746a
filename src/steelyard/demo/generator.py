"""Makes the demo marketplace: the operator, a few merchants, about a hundred products, people, and orders under way."""

from collections.abc import Callable
from itertools import groupby

from steelyard.demo import attributes, life, past
from steelyard.demo.catalogue import CATEGORIES, MAKERS, Maker
from steelyard.demo.products import Made, made, products
from steelyard.goods import catalog, inventory, pricing, search, warehouses
from steelyard.goods.catalog.model import CategoryId, NewCategory
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.warehouses.model import Warehouse, WarehouseId
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.files import Files
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Method, Template, TemplateId, Zone
from steelyard.parties import access, customers, merchants, operator
from steelyard.parties.access.model import AccountId, AccountKind
from steelyard.parties.customers.model import Address, AddressId, Buyer, BuyerId
from steelyard.parties.merchants.model import Merchant, MerchantId, Payout, Shop
from steelyard.parties.operator.model import Profile
from steelyard.trade import commission
from steelyard.trade.commission.model import RateId

CURRENCY = "CNY"
COMMISSION_MILLIONTHS = 50_000
OWN_SHOP_MILLIONTHS = 0

Step = Callable[[str, int, int], None]

HOME = Address(
    name="李小秤",
    phone="13800000000",
    country="CN",
    region="浙江省",
    city="温州市",
    district="鹿城区",
    street="五马街 1 号",
    postal_code="325000",
)


async def is_made(read: Read) -> bool:
    """Whether this database already holds a marketplace, whole: its operator's profile is written last."""
    return await read.value("SELECT EXISTS (SELECT FROM operator_profile)")


async def make(db: Database, settings: Settings, *, seed: int, made_up: bool, password: str, step: Step) -> None:
    """Write the marketplace down; again, after it was broken off, it goes on where it was.

    Without `made_up` only the operator is made, so that what was imported stands alone.
    """
    hashed = await access.hash_password(password)
    await db.transact(_operator, hashed)
    if made_up:
        categories = await db.transact(_categories)
        for maker in MAKERS:
            await db.transact(_maker, maker, hashed)
        await _products(db, Files(settings.home), categories, seed, step)
        buyer_id = await db.transact(_buyer, hashed)
        await past.remember(db, HOME, seed=seed, step=step)
        await life.live(db, settings, buyer_id, HOME, seed=seed, step=step)
    await db.transact(_profile)


async def _profile(tx: Tx) -> None:
    await operator.set_profile(
        tx,
        Profile(
            name=text("秤杆集市", "Steelyard Market"),
            legal_name="秤杆集市（演示）有限公司",
            # The check digit is right; the company does not exist.
            credit_code="91330300MA0000000N",
            icp_number="浙ICP备00000000号",
            address=text("浙江省温州市鹿城区五马街 1 号", "1 Wuma Street, Lucheng, Wenzhou, Zhejiang"),
            phone="0577-00000000",
            email="service@steelyard.test",
            country="CN",
            currency=CURRENCY,
        ),
    )


async def _operator(tx: Tx, hashed: str) -> None:
    await access.register(
        tx,
        account_id=AccountId(made("account", "operator")),
        kind=AccountKind.OPERATOR,
        name="运营小组 Operations",
        email="operator@steelyard.test",
        password_hash=hashed,
        locale="zh-Hans",
        roles=["operator_admin"],
    )
    await commission.set_rate(tx, RateId(made("commission")), COMMISSION_MILLIONTHS)


async def _categories(tx: Tx) -> dict[str, CategoryId]:
    known: dict[str, CategoryId] = {}
    for place, (slug, parent, name, icon) in enumerate(CATEGORIES):
        known[slug] = CategoryId(made("category", slug))
        await catalog.create_category(
            tx,
            NewCategory(
                category_id=known[slug],
                slug=slug,
                name=name,
                parent_id=known[parent] if parent else None,
                place=place,
                icon=icon,
            ),
        )
    await attributes.define(tx, known)
    return known


async def _maker(tx: Tx, maker: Maker, hashed: str) -> None:
    merchant_id = MerchantId(made("merchant", maker.slug))
    await merchants.open_merchant(
        tx,
        Merchant(
            merchant_id=merchant_id,
            code=f"M-{maker.slug.upper()}",
            legal_name=maker.legal_name,
            country="CN",
            currency=CURRENCY,
            self_operated=maker.self_operated,
            payout=Payout(name=maker.legal_name, bank="演示银行", account=f"62220000{len(maker.slug):08d}88"),
        ),
        Shop(merchant_id=merchant_id, slug=maker.slug, name=maker.name, notice=maker.notice),
    )
    await warehouses.open_warehouse(
        tx,
        Warehouse(
            merchant_id=merchant_id,
            warehouse_id=WarehouseId(made("warehouse", maker.slug)),
            name="温州仓",
            address=HOME,
        ),
    )
    await _freight(tx, merchant_id, maker)
    if maker.self_operated:
        await commission.set_rate(
            tx, RateId(made("commission", maker.slug)), OWN_SHOP_MILLIONTHS, merchant_id=merchant_id
        )
    # The first maker's owner is the demo's merchant login.
    login = "merchant" if maker is MAKERS[0] else maker.slug
    await access.register(
        tx,
        account_id=AccountId(made("account", maker.slug)),
        kind=AccountKind.MERCHANT,
        name=f"{maker.name['zh-Hans']} 店主",
        email=f"{login}@steelyard.test",
        password_hash=hashed,
        locale="zh-Hans",
        merchant_id=merchant_id,
        roles=["merchant_owner"],
    )


async def _freight(tx: Tx, merchant_id: MerchantId, maker: Maker) -> None:
    method = Method.WEIGHT if maker.by_weight else Method.PIECE
    step = 1_000 if maker.by_weight else 1
    far = ["新疆维吾尔自治区", "西藏自治区"]
    standard = [
        Zone(countries=["CN"], regions=far, first_units=step, first_fee=1_800, next_units=step, next_fee=1_000),
        Zone(countries=["CN"], first_units=step, first_fee=800, next_units=step, next_fee=200, free_over=19_900),
        Zone(countries=["*"], first_units=step, first_fee=9_800, next_units=step, next_fee=4_000),
    ]
    express = [Zone(countries=["CN"], first_units=step, first_fee=1_800, next_units=step, next_fee=600)]
    for place, (name, zones, days) in enumerate(
        ((text("标准快递", "Standard"), standard, (2, 5)), (text("特快", "Express"), express, (1, 2)))
    ):
        await freight.save_template(
            tx,
            Template(
                merchant_id=merchant_id,
                template_id=TemplateId(made("freight", maker.slug, str(place))),
                name=name,
                method=method,
                currency=CURRENCY,
                days_from=days[0],
                days_to=days[1],
                zones=zones,
                place=place,
            ),
        )


async def _products(db: Database, files: Files, categories: dict[str, CategoryId], seed: int, step: Step) -> None:
    goods = list(products(seed))
    done = 0
    for _, batch in groupby(goods, key=lambda product: (product.maker.slug, product.category)):
        batch_of = list(batch)
        names = [[files.put(drawing.encode(), "image/svg+xml") for drawing in one.drawings] for one in batch_of]
        await db.transact(_write, batch_of, names, categories)
        done += len(batch_of)
        step("Products and their pictures", done, len(goods))


async def _write(tx: Tx, batch: list[Made], names: list[list[str]], categories: dict[str, CategoryId]) -> None:
    for one, files in zip(batch, names, strict=True):
        merchant_id = MerchantId(made("merchant", one.maker.slug))
        warehouse_id = WarehouseId(made("warehouse", one.maker.slug))
        await catalog.create_product(tx, merchant_id, one.product(categories[one.category], files), "system")
        prices = [
            NewPrice(sku_id=sku.sku_id, currency=CURRENCY, amount=amount, compare_at=one.compare_at)
            if one.compare_at is not None and one.compare_at > amount
            else NewPrice(sku_id=sku.sku_id, currency=CURRENCY, amount=amount)
            for sku, amount in zip(one.skus, one.amounts, strict=True)
        ]
        await pricing.set_prices(tx, merchant_id, prices)
        pieces = [(sku.sku_id, warehouse_id, n) for sku, n in zip(one.skus, one.stock, strict=True) if n]
        if pieces:
            await inventory.receive(tx, merchant_id, pieces, document=made("receipt", one.slug), by="system")
    await search.reindex_products(tx, [(MerchantId(made("merchant", one.maker.slug)), one.product_id) for one in batch])


async def _buyer(tx: Tx, hashed: str) -> BuyerId:
    buyer_id = BuyerId(made("buyer"))
    await customers.register(
        tx,
        Buyer(buyer_id=buyer_id, email="buyer@steelyard.test", name="李小秤", phone="13800000000", country="CN"),
    )
    await customers.save_address(tx, buyer_id, AddressId(made("address")), HOME, is_default=True)
    await access.register(
        tx,
        account_id=AccountId(made("account", "buyer")),
        kind=AccountKind.BUYER,
        name="李小秤",
        email="buyer@steelyard.test",
        password_hash=hashed,
        locale="zh-Hans",
        buyer_id=buyer_id,
    )
    return buyer_id
