"""Ten thousand refunds: decided at 64 desks, then sent to a channel that answers at once, and written down.

Each gives back a piece of a received order, with its commission: out of what is the merchant's, into what is due. What is decided
in the same moment is one transaction, as placing is. What sends them is the worker's sweep. Settling is measured by itself.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa

from bench import shop
from bench.asked import Asked
from bench.report import Figure
from bench.shop import Goods
from steelyard.goods.catalog.model import ProductId, SkuId
from steelyard.kernel import batching, ids, installation
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import text
from steelyard.money import payments
from steelyard.money.payments import PaymentId, RecordedPayment, RefundAnswer, RefundId, RefundState, Split
from steelyard.money.payments.model import DueRefund
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales.model import RefundRequest, Returned
from steelyard.trade.commission.model import FeeId, LineFee
from steelyard.trade.orders.bulk import LINE_COLUMNS
from steelyard.trade.orders.model import OrderId, PurchaseId

REFUNDS = 10_000
DESKS = 64
CONNECTIONS = 4
CHUNK = 1_000
PIECES, PRICE, COMMISSION = 2, 9_900, 990
FEES = msgspec.json.encode(
    [LineFee(fee_id=FeeId(shop.made("fee")), name=text("佣金", "Commission"), amount=COMMISSION)]
).decode()
CHANNEL = "bench"
# With the settlement of a million lines, a minute: see docs/algorithms/refunds.md.
SECONDS_MAX = 60.0
# So much of it is the refunds'.
SECONDS_OF_IT = 25.0


class AtOnce:
    """A channel that has given back what it is asked to."""

    name = CHANNEL

    async def refund(self, due: DueRefund, webhook_url: str) -> RefundAnswer:
        return RefundAnswer(reference=f"re_{due.reference}", state=RefundState.SUCCEEDED)

    async def query_refund(self, due: DueRefund) -> RefundAnswer | None:
        return None


def figures(asked: Asked) -> list[Figure]:
    """Seconds for all of them, and for each half of their way; what this process used of a core, the orders made included."""
    before = time.process_time()
    with shop.kept(asked.products) as settings, installation.opened(settings) as here:
        assert here.database_url is not None
        goods = [
            Goods(
                MerchantId(shop.made("merchant", number)),
                ProductId(shop.made("product", number)),
                SkuId(shop.made("sku", number)),
            )
            for number in range(shop.MERCHANTS)
        ]
        decided, sent = asyncio.run(_measured(here, here.database_url, goods))
    took = decided + sent
    print(f"  refunded in {took:.1f} s: {took / SECONDS_OF_IT:.2f} of its part ({SECONDS_OF_IT:.0f} s) of a minute")
    return [
        Figure("refunds", REFUNDS),
        Figure("refunds_app_cpu_s", round(time.process_time() - before, 1)),
        Figure("refunds_decided_s", round(decided, 1)),
        Figure("refunds_decided_per_s", round(REFUNDS / decided)),
        Figure("refunds_sent_s", round(sent, 1)),
        Figure("refunds_sent_per_s", round(REFUNDS / sent)),
        Figure("refunds_s", round(decided + sent, 1), SECONDS_MAX),
    ]


async def _measured(settings: Settings, url: str, goods: Sequence[Goods]) -> tuple[float, float]:
    db = await Database.connect(url, size=CONNECTIONS)
    try:
        wanted: list[RefundRequest] = []
        for begin in range(0, REFUNDS, CHUNK):
            wanted += await db.transact(_sold, goods, range(begin, begin + CHUNK))
        began = time.monotonic()
        await _decided(db, wanted)
        decided = time.monotonic() - began
        began = time.monotonic()
        channels: Any = {CHANNEL: AtOnce()}
        sent = 0
        while moved := await payments.send_refunds(db, channels, settings):
            sent += moved
        assert sent == REFUNDS, "every refund is sent once"
        took = time.monotonic() - began
        left = await db.ask(payments.refunds_page, state=RefundState.INSTRUCTED, limit=1)
        assert not left.items
        return decided, took
    finally:
        await db.close()


async def _decided(db: Database, wanted: Sequence[RefundRequest]) -> None:
    waiting = iter(wanted)

    async def desk() -> None:
        for request in waiting:
            asked = aftersales.Wanted(request, "staff:bench")
            await batching.join(db, aftersales.refund_each, asked, lambda each: each.order_id)

    await asyncio.gather(*(desk() for _ in range(DESKS)))


async def _sold(tx: Any, goods: Sequence[Goods], numbers: range) -> list[RefundRequest]:
    """Received orders of two pieces each, spread over the shops; what is to be given back of each."""
    now = datetime.now(UTC)
    past: list[orders.PastOrder] = []
    paid: list[RecordedPayment] = []
    lines: list[dict[str, object]] = []
    wanted: list[RefundRequest] = []
    for number in numbers:
        what = goods[number % len(goods)]
        order = orders.PastOrder(
            merchant_id=what.merchant_id, order_id=OrderId(ids.mint()), purchase_id=PurchaseId(ids.mint()),
            buyer_id=BuyerId(ids.mint()), currency=shop.CURRENCY, goods=PIECES * PRICE, commission=COMMISSION, at=now,
            source=f"bench:{ids.mint()}",
        )  # fmt: skip
        past.append(order)
        split = Split(merchant_id=order.merchant_id, order_id=order.order_id, amount=order.total)
        paid.append(
            RecordedPayment(
                payment_id=PaymentId(ids.mint()),
                purchase_id=order.purchase_id,
                buyer_id=order.buyer_id,
                channel=CHANNEL,
                amount=order.total,
                currency=order.currency,
                splits=[split],
                at=now,
            )
        )  # fmt: skip
        lines.append(
            {
                "merchant_id": str(order.merchant_id),
                "order_id": str(order.order_id),
                "line": 1,
                "product_id": str(what.product_id),
                "sku_id": str(what.sku_id),
                "kind": "goods",
                "title": '{"en": "Tea"}',
                "sku_code": "B",
                "quantity": PIECES,
                "unit_price": PRICE,
                "unit_price_micros": None,
                "amount": PIECES * PRICE,
                "commission": COMMISSION,
                "fees": FEES,
                "source_line": "1",
            }
        )  # fmt: skip
        wanted.append(
            RefundRequest(
                refund_id=RefundId(ids.mint()),
                merchant_id=order.merchant_id,
                order_id=order.order_id,
                lines=(Returned(1, 1),),
            )
        )  # fmt: skip
    await payments.bulk_record(tx, paid)
    await orders.bulk_write(tx, past, pa.Table.from_pylist(lines).select(LINE_COLUMNS), "bench")
    return wanted
