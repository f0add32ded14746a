"""After-sales cases of the demo marketplace, a few in each state: what buyers ask for, what shops answer, what the platform
has to decide."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from steelyard.demo.products import made
from steelyard.goods import catalog
from steelyard.goods.catalog import CategoryChange
from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.text import text
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders, rights
from steelyard.trade.aftersales import CaseId, Inspected, Kind, NewCase, Side, Verdict
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import Order, OrderState
from steelyard.trade.rights import NewRule, RuleId, RuleKind

PER_SHOP = 9
ORDERS_LOOKED_AT = 40
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
        known = await db.ask(_sent, MerchantId(merchant_id), ORDERS_LOOKED_AT)
        few = min(PER_SHOP, len(known) * 2 // 3)
        for place, order in enumerate(known[:few]):
            await _tried(db, order, place)
        await _exchange(db, known[few:])


async def _exchange(db: Database, found: list[Order]) -> None:
    """Of orders for something of which there is another variant, or enough of the same, lead each to another state."""
    ways = list(EXCHANGED)
    for order in found:
        if not ways:
            return
        lines = (await db.ask(orders.lines_of, [order.order_id]))[order.order_id]
        choices = (await db.ask(aftersales.choices, order, lines)).get(1, [])
        other = next((each for each in choices if not each.same), None)
        if other is None and not any(each.same for each in choices):
            continue
        new = NewCase(
            case_id=CaseId(made("exchange", str(order.order_id))),
            merchant_id=order.merchant_id,
            order_id=order.order_id,
            kind=Kind.EXCHANGE if other else Kind.REPLACEMENT,
            reason="quality",
            lines=[Returned(1, 1)],
            note="想换另一款，谢谢" if other else "有一处瑕疵，请换一件",
            sku_id=other.sku_id if other else None,
        )
        try:
            await db.transact(aftersales.ask, new, BUYER)
            await ways[0](db, new)
        except Refusal:
            continue  # too late for it, or it went on meanwhile
        del ways[0]


async def _sent(read: Read, merchant_id: MerchantId, most: int = PER_SHOP) -> list[Order]:
    found: list[Order] = []
    for state in (OrderState.SHIPPED, OrderState.COMPLETED):
        page = await orders.orders_of_merchant(read, merchant_id, states=[state], limit=most)
        found += [order for order in page.items if not (order.source or "").startswith("import:")]
    return found[:most]


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
    if new.kind is not Kind.REFUND_ONLY:
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


async def _accepted(db: Database, new: NewCase) -> None:
    await _sent_back(db, new)
    found = [Inspected(line=1, accepted=1)]
    await db.transact(aftersales.receive, new.merchant_id, new.case_id, found, "", STAFF)


async def _resent(db: Database, new: NewCase) -> None:
    await _accepted(db, new)
    number = f"EX{new.case_id.int % 10**10:010}"
    await db.transact(aftersales.send_again, new.merchant_id, new.case_id, "simex", number, STAFF)


async def _exchanged(db: Database, new: NewCase) -> None:
    await _resent(db, new)
    await db.transact(aftersales.confirm, new.merchant_id, new.case_id, BUYER)


EXCHANGED: tuple[Callable[[Database, NewCase], Awaitable[None]], ...] = (_waits, _accepted, _resent, _exchanged)


async def say_rights(tx: Tx) -> None:
    """Glasses are made to order; and there is a draft that the operator may try on past orders."""
    new = NewRule(
        rule_id=RuleId(made("right", "fifteen")),
        code="cn_seven_days",
        kind=RuleKind.NO_REASON_RETURN,
        name=text("十五天无理由退货", "15-day return without a reason"),
        days=15,
        countries=["CN"],
        exceptions=[*NoReturn],
        source=text(
            "平台承诺；法定为 7 天（《消费者权益保护法》第二十五条）",
            "A promise of the marketplace; by law 7 days (Consumer Rights Law of the PRC, Art. 25)",
        ),
        link="https://flk.npc.gov.cn/",
        moves=True,
    )
    known = await rights.rule(tx, new.rule_id)
    if known is None:
        await rights.draft(tx, new, STAFF)
        await catalog.change_category(tx, made("category", "eyewear"), CategoryChange(no_return=NoReturn.MADE_TO_ORDER))
