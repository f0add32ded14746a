"""Who works in the demo's marketplace: the operator's staff, the merchants with their shops, warehouses, freight and staff."""

from stdnum.cn import uscc

from steelyard.demo import pictures
from steelyard.demo.catalogue import Maker, makers
from steelyard.demo.products import made
from steelyard.goods import warehouses
from steelyard.goods.warehouses.model import Warehouse, WarehouseId
from steelyard.kernel import money
from steelyard.kernel.db import Tx
from steelyard.kernel.files import Files
from steelyard.kernel.text import Text, text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Method, Template, TemplateId, Zone
from steelyard.parties import access, customers, merchants, operator
from steelyard.parties.access.model import AccountId, AccountKind
from steelyard.parties.customers.model import Address, AddressId, Buyer, BuyerId
from steelyard.parties.merchants.model import Merchant, MerchantId, Payout, Shop
from steelyard.parties.operator.model import Profile
from steelyard.trade import commission
from steelyard.trade.commission.model import RuleId

CURRENCY = "CNY"
COMMISSION_MILLIONTHS = 50_000
OWN_SHOP_MILLIONTHS = 0
SEVENTH = 142_857  # millionths: of yuan, about what it is in dollars
_FAR = ["新疆维吾尔自治区", "西藏自治区"]

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
_WORK = Address(
    name="李小秤（公司）",
    phone="13800000000",
    country="CN",
    region="上海市",
    city="上海市",
    district="黄浦区",
    street="人民路 100 号 8 楼",
    postal_code="200010",
)
_STREETS = ("鞋都路 12 号", "府前街 88 号", "兴业路 6 号", "工贸路 31 号", "滨江路 207 号")


async def operators(tx: Tx, hashed: str) -> None:
    """The platform's staff: who may do everything, who keeps the money, who answers."""
    for login, name, role in (
        ("operator", "运营小组 Operations", "operator_admin"),
        ("finance", "财务小周 Finance", "operator_finance"),
        ("service", "客服小方 Service", "operator_service"),
    ):
        await access.register(
            tx,
            account_id=AccountId(made("account", login)),
            kind=AccountKind.OPERATOR,
            name=name,
            email=f"{login}@steelyard.test",
            password_hash=hashed,
            locale="zh-Hans",
            roles=[role],
        )
    await commission.set_rate(tx, RuleId(made("commission")), COMMISSION_MILLIONTHS)


async def merchant(tx: Tx, maker: Maker, hashed: str, logo: str) -> None:
    """A merchant with its shop, its warehouses, what it asks for freight, and its people."""
    merchant_id = MerchantId(made("merchant", maker.slug))
    await merchants.open_merchant(
        tx,
        Merchant(
            merchant_id=merchant_id,
            code=f"M-{maker.slug.upper()}",
            legal_name=maker.legal_name,
            credit_code=_credit_code(maker),
            country=maker.country,
            currency=maker.currency,
            self_operated=maker.self_operated,
            payout=Payout(name=maker.legal_name, bank="演示银行", account=f"62220000{len(maker.slug):08d}88"),
        ),
        Shop(
            merchant_id=merchant_id,
            slug=maker.slug,
            name=_words(maker, *maker.name),
            notice=_words(maker, *maker.notice),
            logo=logo,
        ),
    )
    for place, name in enumerate(maker.warehouses):
        await warehouses.open_warehouse(
            tx,
            Warehouse(
                merchant_id=merchant_id,
                warehouse_id=warehouse_id(maker, place),
                name=name,
                address=_warehouse_address(maker, place),
                place=place,
            ),
        )
    await _freight(tx, merchant_id, maker)
    if maker.self_operated:
        await commission.set_rate(
            tx, RuleId(made("commission", maker.slug)), OWN_SHOP_MILLIONTHS, merchant_id=merchant_id
        )
    await _staff(tx, merchant_id, maker, hashed)


def _credit_code(maker: Maker) -> str:
    """A number that passes its check and belongs to nobody; shops from abroad have none."""
    if maker.abroad:
        return ""
    number = f"91330302MA{int(made('credit code', maker.slug).hex[:8], 16) % 10_000_000:07d}"
    return number + uscc.calc_check_digit(number)


def _words(maker: Maker, zh: str, en: str) -> Text:
    return Text({"en": en, "zh-Hans": zh}) if maker.english_first else text(zh, en)


def warehouse_id(maker: Maker, place: int = 0) -> WarehouseId:
    """The first warehouse keeps the id that it always had."""
    return WarehouseId(made("warehouse", maker.slug, *([str(place)] if place else [])))


def _warehouse_address(maker: Maker, place: int) -> Address:
    if maker.abroad:
        return Address(name=maker.name[1], country=maker.country, city="Demo Town", street="1 Mill Lane")
    return Address(
        name=maker.name[0],
        phone="0577-00000000",
        country="CN",
        region="浙江省",
        city="温州市",
        district="鹿城区" if place == 0 else "龙湾区",
        street=_STREETS[(len(maker.slug) + place) % len(_STREETS)],
        postal_code="325000",
    )


async def _staff(tx: Tx, merchant_id: MerchantId, maker: Maker, hashed: str) -> None:
    # The first maker's owner is the demo's merchant login.
    login = "merchant" if maker.slug == makers()[0].slug else maker.slug
    people = [(login, f"{maker.name[0]} 店主", "merchant_owner")]
    people += [(f"{maker.slug}.{n}", name, role) for n, (name, role) in enumerate(maker.staff, start=1)]
    for email, name, role in people:
        names = ["account", maker.slug] if role == "merchant_owner" else ["account", email]
        await access.register(
            tx,
            account_id=AccountId(made(*names)),
            kind=AccountKind.MERCHANT,
            name=name,
            email=f"{email}@steelyard.test",
            password_hash=hashed,
            locale="en" if maker.english_first else "zh-Hans",
            merchant_id=merchant_id,
            roles=[role],
        )


async def _freight(tx: Tx, merchant_id: MerchantId, maker: Maker) -> None:
    # Fees are said in yuan; a merchant of another currency asks about the same money.
    part = 1_000_000 if maker.currency == CURRENCY else SEVENTH
    step = 1_000 if maker.by_weight else 1

    def fee(amount: int) -> int:
        return money.share(amount, part)

    def zone(first: int, following: int, countries: list[str], *, far: bool = False, free: int | None = None) -> Zone:
        return Zone(
            countries=countries,
            regions=_FAR if far else [],
            first_units=step,
            first_fee=fee(first),
            next_units=step,
            next_fee=fee(following),
            free_over=None if free is None else fee(free),
        )

    home = 9_800 if maker.abroad else 800
    standard = [
        zone(home + 1_000, 1_000, ["CN"], far=True),
        zone(home, 200, ["CN"], free=69_900 if maker.abroad else 19_900),
        zone(9_800, 4_000, ["*"]),
    ]
    express = [zone(home + 1_000, 600, ["CN"])]
    slow = 8 if maker.abroad else 0
    for place, (name, zones, days) in enumerate(
        ((text("标准快递", "Standard"), standard, (2, 5)), (text("特快", "Express"), express, (1, 2)))
    ):
        await freight.save_template(
            tx,
            Template(
                merchant_id=merchant_id,
                template_id=TemplateId(made("freight", maker.slug, str(place))),
                name=name,
                method=Method.WEIGHT if maker.by_weight else Method.PIECE,
                currency=maker.currency,
                days_from=days[0] + slow,
                days_to=days[1] + slow,
                zones=zones,
                place=place,
            ),
        )


def logos(files: Files) -> dict[str, str]:
    """The sign of each shop, by its slug."""
    tones = (
        "brown",
        "ink",
        "red",
        "yellow",
        "wine",
        "steel",
        "teal",
        "olive",
        "blue",
        "clay",
        "green",
        "purple",
        "gold",
    )
    return {
        maker.slug: files.put(
            pictures.logo(maker.lines[0].forms[0].kind, tones[place % len(tones)], place).encode(), "image/svg+xml"
        )
        for place, maker in enumerate(makers())
    }


async def buyer(tx: Tx, hashed: str) -> BuyerId:
    """The demo's buyer login, with an address at home and one at work."""
    buyer_id = BuyerId(made("buyer"))
    await customers.register(
        tx,
        Buyer(buyer_id=buyer_id, email="buyer@steelyard.test", name="李小秤", phone="13800000000", country="CN"),
    )
    await customers.save_address(tx, buyer_id, AddressId(made("address")), HOME, is_default=True)
    await customers.save_address(tx, buyer_id, AddressId(made("address", "work")), _WORK)
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


async def profile(tx: Tx) -> None:
    """The platform itself; written last, so that it says that all is there."""
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
