"""After-sales cases of the demo marketplace, a few in each state: what buyers ask for, what shops answer, what the platform
has to decide."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Refusal
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import CaseId, Inspected, Kind, NewCase, Side, Verdict
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import Order, OrderState

PER_SHOP = 9
STAFF, BUYER = "staff:demo", "buyer"
ASKED: tuple[tuple[str, str, Kind], ...] = (
    ("quality", "鞋底有一处开胶，麻烦看一下", Kind.RETURN_REFUND),
    ("not_as_described", "颜色和图片相差比较大", Kind.RETURN_REFUND),
    ("changed_mind", "尺码不合适，没有穿过", Kind.RETURN_REFUND),
    ("damaged", "外包装破了，里面也压坏了", Kind.REFUND_ONLY),
)


async def ask_and_answer(db: Database, merchant_ids: list[UUID]) -> None:
    """Ask about orders that were sent or received lately, and lead each case to another state."""
    for merchant_id in merchant_ids:
        found = await db.ask(_sent, MerchantId(merchant_id))
        for place, order in enumerate(found):
            await _tried(db, order, place)


async def _sent(read: Read, merchant_id: MerchantId) -> list[Order]:
    found: list[Order] = []
    for state in (OrderState.SHIPPED, OrderState.COMPLETED):
        page = await orders.orders_of_merchant(read, merchant_id, states=[state], limit=PER_SHOP)
        found += [order for order in page.items if not (order.source or "").startswith("import:")]
    return found[:PER_SHOP]


async def _tried(db: Database, order: Order, place: int) -> None:
    reason, note, kind = ASKED[place % len(ASKED)]
    case_id = CaseId(made("case", str(order.order_id)))
    new = NewCase(
        case_id=case_id,
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        kind=kind,
        reason=reason,
        lines=[Returned(1, 1)],
        note=note,
    )
    try:
        await db.transact(aftersales.ask, new, BUYER)
        await WAYS[place % len(WAYS)](db, new)
    except Refusal:
        return  # too late for it, or it went on meanwhile: the marketplace is alive


async def _waits(db: Database, new: NewCase) -> None:
    """The shop has not answered yet."""


async def _agreed(db: Database, new: NewCase) -> None:
    await db.transact(aftersales.agree, new.merchant_id, new.case_id, STAFF)


async def _sent_back(db: Database, new: NewCase) -> None:
    await _agreed(db, new)
    if new.kind is Kind.RETURN_REFUND:
        number = f"RT{new.case_id.int % 10**10:010}"
        await db.transact(aftersales.send_back, new.merchant_id, new.case_id, "simex", number, BUYER)


async def _taken_back(db: Database, new: NewCase) -> None:
    await _sent_back(db, new)
    if new.kind is Kind.RETURN_REFUND:
        found = [Inspected(line=1, accepted=1)]
        await db.transact(aftersales.receive, new.merchant_id, new.case_id, found, "", STAFF)


async def _refused(db: Database, new: NewCase) -> None:
    await db.transact(aftersales.refuse, new.merchant_id, new.case_id, "商品发出前已检查，请提供照片", STAFF)


async def _disputed(db: Database, new: NewCase) -> None:
    await _refused(db, new)
    await db.transact(aftersales.ask_platform, new.merchant_id, new.case_id, "照片已发给客服，商家不认可", BUYER)


async def _decided(db: Database, new: NewCase) -> None:
    await _disputed(db, new)
    await db.transact(
        aftersales.decide, new.merchant_id, new.case_id, Verdict.REJECT, "照片显示商品已使用，不支持退款", STAFF
    )


async def _appealed(db: Database, new: NewCase) -> None:
    await _decided(db, new)
    words = "补充开箱视频截图：商品未使用，吊牌完好"
    await db.transact(aftersales.appeal, new.merchant_id, new.case_id, Side.BUYER, words, [], BUYER)


async def _withdrawn(db: Database, new: NewCase) -> None:
    await db.transact(aftersales.withdraw, new.merchant_id, new.case_id, BUYER)


WAYS: tuple[Callable[[Database, NewCase], Awaitable[None]], ...] = (
    _waits,
    _disputed,
    _sent_back,
    _refused,
    _agreed,
    _taken_back,
    _withdrawn,
    _decided,
    _appealed,
)
