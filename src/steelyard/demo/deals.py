"""What becomes of a basket: an order with its money and its parcel, or one that was not paid, called off, or sent back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import msgspec

from steelyard.demo.habits import Basket
from steelyard.demo.products import made
from steelyard.goods.inventory import PastMove
from steelyard.goods.inventory.model import Reason as MoveReason
from steelyard.kernel import codes
from steelyard.kernel.text import Text, text
from steelyard.logistics.fulfilment import PastInstruction
from steelyard.logistics.parcels import PastParcel
from steelyard.logistics.parcels.model import ParcelId, Scan
from steelyard.money.payments import PaymentId, RecordedPayment, RefundId
from steelyard.money.payments.model import Split
from steelyard.parties.customers.model import Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import commission
from steelyard.trade.aftersales import RecordedReturn
from steelyard.trade.aftersales.model import Reason
from steelyard.trade.commission import Charged, Sold
from steelyard.trade.commission.model import FeePart, LineFee, Rule, added
from steelyard.trade.orders import Life, PastOrder
from steelyard.trade.orders.model import UNTRACKED_DELIVERY_DAYS, Delivery, PurchaseId, order_id_of
from steelyard.trade.settlement import EntryKind, NewEntry

# A name, not a channel: what happened before this house was built is not asked about.
CHANNEL = "archive"
UNPAID, CALLED_OFF = 0.035, 0.025
RETURNED = 0.045
OFTEN_RETURNED: Mapping[str, float] = {"leather-shoes": 0.06, "boots": 0.06, "sneakers": 0.04, "sandals": 0.05}
RECEIPT_DAYS = 7
_CONFIRMED = 0.6
_NOTES = ("请发顺一点的快递", "麻烦包装严实些", "周末送货", "送人的，请不要放价签", "放门口就好")
_BACK = ("尺码不合适", "颜色和想的不一样", "买重了", "收到有轻微划痕", "不喜欢", "质量没达到预期")
_SCANS: Mapping[str, Text] = {
    "picked_up": text("快件已揽收", "Picked up"),
    "in_transit": text("运输中", "On its way"),
    "delivered": text("已签收", "Delivered"),
}


class Ware(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU with all that a line of an order says of it."""

    merchant_id: MerchantId
    warehouse_id: UUID
    product_id: UUID
    sku_id: UUID
    code: str
    title: Text
    options: Sequence[tuple[Text, Text]]
    picture: str | None
    amount: int
    grams: int
    category: str
    rules: Sequence[Rule]


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant's orders have in common. Fees as in its standard template: the first unit, each further one, and
    the amount from which it is free; `by_weight` in kilograms, else in pieces."""

    currency: str
    abroad: bool
    by_weight: bool
    delivery: Delivery
    first_fee: int
    next_fee: int
    free_over: int


class Deal(msgspec.Struct, frozen=True, kw_only=True):
    """An order of the past, and what belongs to it."""

    order: PastOrder
    lines: Sequence[tuple[Ware, int]]
    fees: Sequence[Sequence[LineFee]]
    payment: RecordedPayment | None = None
    instruction: PastInstruction | None = None
    back: RecordedReturn | None = None
    restocked: Sequence[PastMove] = ()

    @property
    def at(self) -> datetime:
        return self.order.at

    def entries(self) -> Iterator[NewEntry]:
        """What the merchant earned by it, and what of that it had to give back."""
        completed_at = self.order.lived.completed_at
        if completed_at is None:
            return
        order = self.order
        earned = [
            (EntryKind.SALE, order.total, order.order_id, completed_at),
            (EntryKind.COMMISSION, -order.commission, order.order_id, completed_at),
        ]
        if self.back is not None:
            earned += [
                (EntryKind.REFUND, -self.back.whole, self.back.refund_id, self.back.at),
                (EntryKind.COMMISSION_RETURNED, self.back.commission, self.back.refund_id, self.back.at),
            ]
        for kind, amount, document, at in earned:
            if amount:
                yield NewEntry(
                    merchant_id=order.merchant_id,
                    order_id=order.order_id,
                    document=document,
                    kind=kind,
                    amount=amount,
                    currency=order.currency,
                    earned_at=at,
                )


def deal(
    number: str, basket: Basket, wares: Sequence[Ware], house: House, now: datetime, chance: Random
) -> Deal | None:
    """The deal that a basket became. None when it would still be waiting for its payment or its parcel: what is going
    on now is bought by the real commands."""
    lines = [(wares[place], pieces) for place, pieces in basket.lines]
    life = _life(basket.at, house.abroad, chance)
    if life is None or _last(life) > now:
        life = None if life is None else _so_far(life, now)
    if life is None:
        return None
    goods = sum(ware.amount * pieces for ware, pieces in lines)
    freight = _freight(lines, house, goods)
    charged = commission.charge(
        [(Sold(amount=ware.amount * pieces, quantity=pieces), ware.rules) for ware, pieces in lines],
        Sold(amount=freight),
    )
    order = _order(number, basket, lines, house, life, chance, charged)
    if order.life is None or order.life.paid_at is None:
        return Deal(order=order, lines=lines, fees=charged.lines)
    instruction = _instruction(order, lines, life, chance)
    back = _back(order, lines, charged, life, now, chance)
    return Deal(
        order=order,
        lines=lines,
        fees=charged.lines,
        payment=_payment(order),
        instruction=instruction,
        back=back,
        restocked=_restocked(order, lines, back) if back is not None and back.released else (),
    )


def _life(at: datetime, abroad: bool, chance: Random) -> Life | None:
    """How it goes if there is time enough."""
    fate = chance.random()
    if fate < UNPAID:
        return Life(cancelled_at=at + timedelta(minutes=30, seconds=chance.randint(0, 4)), cancel_reason="unpaid")
    paid_at = at + timedelta(seconds=chance.randint(20, 400))
    if fate < UNPAID + CALLED_OFF:
        return Life(
            paid_at=paid_at,
            cancelled_at=paid_at + timedelta(minutes=chance.randint(5, 600)),
            cancel_reason="buyer",
        )
    shipped_at = paid_at + timedelta(hours=chance.uniform(3, 40))
    days = chance.uniform(8, 13) if abroad else chance.uniform(1.2, 4.5)
    delivered_at = shipped_at + timedelta(days=days)
    receive_by = delivered_at + timedelta(days=RECEIPT_DAYS)
    confirmed = chance.random() < _CONFIRMED
    completed_at = delivered_at + timedelta(days=5 * chance.random() ** 2) if confirmed else receive_by
    return Life(
        paid_at=paid_at,
        shipped_at=shipped_at,
        delivered_at=delivered_at,
        receive_by=receive_by,
        completed_at=completed_at,
    )


def _last(life: Life) -> datetime:
    last = life.cancelled_at or life.completed_at
    assert last is not None
    return last


def _so_far(life: Life, now: datetime) -> Life | None:
    """As much of it as has happened; of what waits for its parcel, nothing."""
    if life.shipped_at is None or life.shipped_at > now:
        return None
    if life.delivered_at is None or life.delivered_at > now:
        by = life.shipped_at + timedelta(days=UNTRACKED_DELIVERY_DAYS + RECEIPT_DAYS)
        return Life(paid_at=life.paid_at, shipped_at=life.shipped_at, receive_by=by)
    return msgspec.structs.replace(life, completed_at=None)


def _order(
    number: str,
    basket: Basket,
    lines: Sequence[tuple[Ware, int]],
    house: House,
    life: Life,
    chance: Random,
    charged: Charged,
) -> PastOrder:
    purchase_id = PurchaseId(made("past purchase", number))
    person, merchant_id = basket.person, lines[0][0].merchant_id
    goods = sum(ware.amount * pieces for ware, pieces in lines)
    return PastOrder(
        merchant_id=merchant_id,
        order_id=order_id_of(purchase_id, merchant_id),
        purchase_id=purchase_id,
        buyer_id=person.buyer_id,
        currency=house.currency,
        goods=goods,
        freight=_freight(lines, house, goods),
        delivery=house.delivery,
        note=chance.choice(_NOTES) if chance.random() < 0.05 else "",
        commission=sum(fee.whole for fees in [*charged.lines, charged.freight] for fee in fees),
        fee_tax=sum(fee.tax for fees in [*charged.lines, charged.freight] for fee in fees),
        freight_fees=charged.freight,
        at=basket.at,
        life=life,
        source=basket.source,
        contact=Contact(name=person.name, email=person.email, phone=person.address.phone),
        address=person.address,
        locale=person.locale,
        purchase_code=_code("P", chance),
        order_code=_code("S", chance),
    )


def _freight(lines: Sequence[tuple[Ware, int]], house: House, goods: int) -> int:
    if goods >= house.free_over:
        return 0
    grams = sum(ware.grams * pieces for ware, pieces in lines)
    units = -(-grams // 1_000) if house.by_weight else sum(pieces for _, pieces in lines)
    return house.first_fee + house.next_fee * (units - 1)


def _code(prefix: str, chance: Random) -> str:
    body = "".join(chance.choices(codes.ALPHABET, k=codes.CODE_SYMBOLS))
    return f"{prefix}-{body[: codes.CODE_SYMBOLS // 2]}-{body[codes.CODE_SYMBOLS // 2 :]}"


def _payment(order: PastOrder) -> RecordedPayment:
    assert order.life is not None
    assert order.life.paid_at is not None
    return RecordedPayment(
        payment_id=PaymentId(made("past payment", str(order.purchase_id))),
        purchase_id=order.purchase_id,
        buyer_id=order.buyer_id,
        channel=CHANNEL,
        amount=order.total,
        currency=order.currency,
        splits=[Split(merchant_id=order.merchant_id, order_id=order.order_id, amount=order.total)],
        at=order.life.paid_at,
    )


def _instruction(order: PastOrder, lines: Sequence[tuple[Ware, int]], life: Life, chance: Random) -> PastInstruction:
    assert life.paid_at is not None
    return PastInstruction(
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        at=life.paid_at,
        lines=[(n, ware.sku_id, ware.warehouse_id, pieces) for n, (ware, pieces) in enumerate(lines, start=1)],
        parcel=_parcel(order, life, chance) if life.shipped_at else None,
    )


def _parcel(order: PastOrder, life: Life, chance: Random) -> PastParcel:
    assert life.shipped_at is not None
    parcel_id = ParcelId(made("past parcel", str(order.order_id)))
    picked_up = life.shipped_at + timedelta(minutes=chance.randint(40, 300))
    scans = [_scan("picked_up", picked_up, "温州")]
    if life.delivered_at is not None:
        way = (life.delivered_at - picked_up) / 2
        scans += [
            _scan("in_transit", picked_up + way, "转运中心"),
            _scan("delivered", life.delivered_at, order.address.city),
        ]
    return PastParcel(
        merchant_id=order.merchant_id,
        parcel_id=parcel_id,
        order_id=order.order_id,
        carrier=chance.choice(("simex", "simex", "simpost")),
        number=f"SX{parcel_id.int % 10**12:012d}",
        sent_at=life.shipped_at,
        scans=scans,
    )


def _scan(code: str, at: datetime, place: str) -> Scan:
    return Scan(at=at, code=code, place=place, words=_SCANS[code])


def _back(
    order: PastOrder, lines: Sequence[tuple[Ware, int]], charged: Charged, life: Life, now: datetime, chance: Random
) -> RecordedReturn | None:
    """What was given back: all of an order that was called off, or one line of some that arrived."""
    if life.cancelled_at is not None:
        all_of_it = [(n, pieces, ware.amount * pieces) for n, (ware, pieces) in enumerate(lines, start=1)]
        everything = [_part(fee) for fees in [*charged.lines, charged.freight] for fee in fees]
        return _returned(order, all_of_it, order.freight, everything, life.cancelled_at, Reason.CANCELLED, "")
    if life.completed_at is None:
        return None
    likely = RETURNED + OFTEN_RETURNED.get(lines[0][0].category, 0.0)
    if chance.random() > likely:
        return None
    at = life.completed_at + timedelta(days=chance.uniform(0.5, 5))
    if at > now:
        return None
    line = chance.randrange(len(lines))
    ware, pieces = lines[line]
    amount = ware.amount * pieces
    fees = [_part(fee) for fee in charged.lines[line] if not fee.kept]
    return _returned(order, [(line + 1, pieces, amount)], 0, fees, at, Reason.RETURNED, chance.choice(_BACK))


def _part(fee: LineFee) -> FeePart:
    return FeePart(fee_id=fee.fee_id, amount=fee.amount, tax=fee.tax)


def _returned(
    order: PastOrder,
    lines: Sequence[tuple[int, int, int]],
    freight: int,
    fees: Sequence[FeePart],
    at: datetime,
    reason: Reason,
    note: str,
) -> RecordedReturn:
    return RecordedReturn(
        refund_id=RefundId(made("past refund", str(order.order_id))),
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        payment_id=PaymentId(made("past payment", str(order.purchase_id))),
        buyer_id=order.buyer_id,
        channel=CHANNEL,
        currency=order.currency,
        lines=lines,
        freight=freight,
        fees=added(fees),
        note=note,
        at=at,
        reason=reason,
        released=reason is not Reason.CANCELLED,
    )


def _restocked(order: PastOrder, lines: Sequence[tuple[Ware, int]], back: RecordedReturn) -> list[PastMove]:
    """The pieces that came back stand on the shelf again."""
    return [
        PastMove(
            merchant_id=order.merchant_id,
            sku_id=lines[line - 1][0].sku_id,
            warehouse_id=lines[line - 1][0].warehouse_id,
            quantity=pieces,
            reason=MoveReason.RETURNED,
            document=back.refund_id,
            at=back.at,
        )
        for line, pieces, _ in back.lines
    ]
