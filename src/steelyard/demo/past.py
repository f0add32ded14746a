"""The demo's last two months: orders that were bought, received and settled, written by the bulk path that imports use."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import msgspec
import pyarrow as pa

from steelyard.demo.products import made
from steelyard.goods import search
from steelyard.kernel import bulk, codes, money
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.text import Text
from steelyard.money import payments
from steelyard.money.payments import PaymentId, RecordedPayment
from steelyard.money.payments.model import Split
from steelyard.parties import customers
from steelyard.parties.customers.model import Address, Buyer, BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import commission, orders, settlement
from steelyard.trade.orders import LINE_COLUMNS, PastOrder
from steelyard.trade.orders.model import PurchaseId, order_id_of
from steelyard.trade.settlement import EntryKind, NewEntry

DAYS = 60
ORDERS_A_DAY = (6, 18)
BUYERS = 80
LINES_PER_ORDER_MAX = 3
# A name, not a channel: what happened before this house was built is not asked about.
CHANNEL = "archive"
CURRENCY = "CNY"
# Weekends sell more (Monday is 0).
WEEKDAY = (0.9, 0.8, 0.85, 0.9, 1.1, 1.4, 1.3)
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"

Step = Callable[[str, int, int], None]


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """What could be bought."""

    merchant_id: MerchantId
    product_id: UUID
    sku_id: UUID
    code: str
    title: Text
    amount: int
    category_path: list[UUID]


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """An order of the past, and its lines."""

    order: PastOrder
    goods: Sequence[tuple[Good, int]]


async def remember(db: Database, home: Address, *, seed: int, step: Step) -> None:
    """Write two months of sales, each day's by how many people buy on such a day, and settle them.

    Said again, nothing is written twice: all of it comes in one transaction.
    """
    chance = Random(f"{seed}/past")  # noqa: S311  # habits, no secrets
    goods = await db.ask(_goods)
    rates = await db.ask(_rates, goods)
    step("The last two months", 0, DAYS)
    if await db.ask(customers.get, _buyer_id(0)) is None:
        await db.transact(_write, list(_sales(goods, rates, home, chance)), rates)
    step("The last two months", DAYS, DAYS)
    for merchant_id in sorted({good.merchant_id for good in goods}):
        while await db.transact(settlement.bulk_settled, merchant_id):
            pass


async def _goods(read: Read) -> list[Good]:
    return await read.all(
        Good,
        """
        SELECT s.merchant_id, s.product_id, s.sku_id, s.code, p.title, pr.amount, c.path AS category_path
        FROM skus s JOIN products p USING (merchant_id, product_id) JOIN prices pr USING (merchant_id, sku_id)
        JOIN categories c USING (category_id)
        WHERE pr.currency = $1 ORDER BY s.sku_id
        """,
        CURRENCY,
    )


async def _rates(read: Read, goods: Sequence[Good]) -> dict[UUID, int]:
    found = await commission.rates_for(read, [(good.merchant_id, good.category_path) for good in goods])
    return {good.sku_id: rate for good, rate in zip(goods, found, strict=True)}


def _buyer_id(n: int) -> BuyerId:
    return BuyerId(made("past buyer", str(n)))


async def _people(tx: Tx) -> None:
    since = datetime.now(UTC) - timedelta(days=DAYS)
    await customers.bulk_register(
        tx,
        [
            Buyer(
                buyer_id=_buyer_id(n),
                email=f"past{n}@steelyard.test",
                name=f"{_SURNAMES[n % len(_SURNAMES)]}{'女士' if n % 3 else '先生'}",
                country="CN",
                created_at=since + timedelta(hours=n * 18),
            )
            for n in range(BUYERS)
        ],
    )


def _sales(goods: Sequence[Good], rates: dict[UUID, int], home: Address, chance: Random) -> Iterator[Sale]:
    by_merchant: dict[MerchantId, list[Good]] = {}
    for good in goods:
        by_merchant.setdefault(good.merchant_id, []).append(good)
    shops = sorted(by_merchant)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    number = 0
    for back in range(DAYS, 0, -1):
        day = today - timedelta(days=back)
        for _ in range(round(chance.randint(*ORDERS_A_DAY) * WEEKDAY[day.weekday()])):
            number += 1
            at = day + timedelta(seconds=chance.randrange(0, 86_400))
            # The first goods of a shop are its favourites: they are chosen more often.
            shop = by_merchant[chance.choice(shops)]
            chosen = {int(len(shop) * chance.random() ** 2) for _ in range(chance.randint(1, LINES_PER_ORDER_MAX))}
            lines = [(shop[place], chance.choice((1, 1, 1, 2))) for place in sorted(chosen)]
            yield Sale(order=_order(number, lines, rates, at, home, chance), goods=lines)


def _order(
    number: int, lines: Sequence[tuple[Good, int]], rates: dict[UUID, int], at: datetime, home: Address, chance: Random
) -> PastOrder:
    purchase_id = PurchaseId(made("past purchase", str(number)))
    merchant_id = lines[0][0].merchant_id
    # Few buy often, many buy once.
    buyer = int(BUYERS * chance.random() ** 2)
    return PastOrder(
        merchant_id=merchant_id,
        order_id=order_id_of(purchase_id, merchant_id),
        purchase_id=purchase_id,
        buyer_id=_buyer_id(buyer),
        currency=CURRENCY,
        goods=sum(good.amount * quantity for good, quantity in lines),
        commission=sum(money.share(good.amount * quantity, rates[good.sku_id]) for good, quantity in lines),
        at=at,
        source="demo",
        contact=Contact(name=home.name, email=f"past{buyer}@steelyard.test"),
        address=home,
        locale="zh-Hans",
        purchase_code=_code("P", chance),
        order_code=_code("S", chance),
    )


def _code(prefix: str, chance: Random) -> str:
    body = "".join(chance.choices(codes.ALPHABET, k=codes.CODE_SYMBOLS))
    return f"{prefix}-{body[: codes.CODE_SYMBOLS // 2]}-{body[codes.CODE_SYMBOLS // 2 :]}"


async def _write(tx: Tx, sales: Sequence[Sale], rates: dict[UUID, int]) -> None:
    await _people(tx)
    await payments.bulk_record(tx, [_payment(sale.order) for sale in sales])
    await orders.bulk_write(tx, [sale.order for sale in sales], _lines(sales, rates), "demo")
    await settlement.bulk_enter(tx, [entry for sale in sales for entry in _entries(sale.order)])
    sold = [(good.merchant_id, good.product_id, quantity) for sale in sales for good, quantity in sale.goods]
    await search.record_sales(tx, sold)


def _payment(order: PastOrder) -> RecordedPayment:
    return RecordedPayment(
        payment_id=PaymentId(made("past payment", str(order.purchase_id))),
        purchase_id=order.purchase_id,
        buyer_id=order.buyer_id,
        channel=CHANNEL,
        amount=order.goods,
        currency=order.currency,
        splits=[Split(merchant_id=order.merchant_id, order_id=order.order_id, amount=order.goods)],
        at=order.at,
    )


def _entries(order: PastOrder) -> Iterator[NewEntry]:
    for kind, amount in ((EntryKind.SALE, order.goods), (EntryKind.COMMISSION, -order.commission)):
        if amount:
            yield NewEntry(
                merchant_id=order.merchant_id,
                order_id=order.order_id,
                document=order.order_id,
                kind=kind,
                amount=amount,
                currency=order.currency,
                earned_at=order.at,
            )


def _lines(sales: Sequence[Sale], rates: dict[UUID, int]) -> bulk.Batch:
    rows = [
        {
            "merchant_id": str(good.merchant_id),
            "order_id": str(sale.order.order_id),
            "line": place,
            "product_id": str(good.product_id),
            "sku_id": str(good.sku_id),
            "kind": "goods",
            "title": msgspec.json.encode(good.title).decode(),
            "sku_code": good.code,
            "quantity": quantity,
            "unit_price": good.amount,
            "unit_price_micros": None,
            "amount": good.amount * quantity,
            "commission_millionths": rates[good.sku_id],
            "commission": money.share(good.amount * quantity, rates[good.sku_id]),
            "source_line": None,
        }
        for sale in sales
        for place, (good, quantity) in enumerate(sale.goods, start=1)
    ]
    return pa.RecordBatch.from_pylist([{name: row[name] for name in LINE_COLUMNS} for row in rows])
