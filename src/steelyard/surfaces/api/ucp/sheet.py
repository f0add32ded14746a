"""What a checkout is made of, whether it is still a quote or already a purchase: lines by merchant, ways of delivery."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.channels import agents
from steelyard.channels.agents.model import Session, SessionId
from steelyard.goods import catalog
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.kernel.db import Read
from steelyard.money import payments
from steelyard.money.payments.model import Payment
from steelyard.parties import merchants
from steelyard.parties.merchants.model import ShopCard
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import AGENT, Checkout, CheckoutId, CheckoutState, Discount, Line, Problem, Quote
from steelyard.trade.orders.model import GIFT, NewLine, NewOrder, NewPurchase, Order, OrderLine, Purchase

_PLACED = frozenset({CheckoutState.PLACED, CheckoutState.COMPLETED})


class SheetLine(msgspec.Struct, frozen=True, kw_only=True):
    line_id: str
    sku_id: UUID
    title: str
    picture: str | None
    quantity: int
    unit_price: int
    discount: int = 0

    @property
    def amount(self) -> int:
        return self.unit_price * self.quantity


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A way of delivery that is offered, with its fee."""

    option_id: str
    title: str
    fee: int
    days_from: int
    days_to: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant's part. `freight` is without the `freight_off` that promotions take off it."""

    shop: ShopCard
    lines: Sequence[SheetLine]
    ways: Sequence[Way]
    chosen: str | None
    freight: int
    tax_added: int
    freight_off: int = 0

    @property
    def discount(self) -> int:
        """What promotions take off its goods."""
        return sum(line.discount for line in self.lines)


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout as it is now. `lost` are lines whose goods are not for sale any more; `purchase` is there once it was
    placed, `payment` once it was tried to pay; `costs` are those of one that is open."""

    checkout: Checkout
    parts: Sequence[Part]
    lost: Sequence[SheetLine]
    problems: Sequence[Problem]
    purchase: Purchase | NewPurchase | None = None
    payment: Payment | None = None
    discounts: Sequence[Discount] = ()
    costs: Quote | None = None

    @property
    def goods(self) -> int:
        return sum(line.amount for part in self.parts for line in part.lines)

    @property
    def freight(self) -> int:
        return sum(part.freight for part in self.parts)

    @property
    def tax_added(self) -> int:
        return sum(part.tax_added for part in self.parts)

    @property
    def discount(self) -> int:
        return sum(part.discount for part in self.parts)

    @property
    def freight_off(self) -> int:
        return sum(part.freight_off for part in self.parts)

    @property
    def total(self) -> int:
        return self.goods - self.discount + self.freight + self.tax_added

    @property
    def prices(self) -> dict[str, int]:
        """By SKU: what stays when lines are replaced."""
        return {str(line.sku_id): line.unit_price for part in self.parts for line in part.lines}


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks at which session, and in which language."""

    session_id: SessionId
    kind: str
    client: str
    locale: str
    completeness: checkout.Completeness = checkout.STRICT


class Looked(msgspec.Struct, frozen=True):
    session: Session
    sheet: Sheet


class Begun(msgspec.Struct, frozen=True):
    """A session without what it costs."""

    session: Session
    checkout: Checkout


async def begun(read: Read, wanted: Sequence[Looking]) -> dict[Looking, Begun]:
    """What there is of these sessions; another platform's, and another kind's, is not there."""
    ids = [looking.session_id for looking in wanted]
    sessions = await agents.sessions(read, ids)
    checkouts = await checkout.get_all(read, [CheckoutId(each) for each in ids])
    return {
        looking: Begun(session, checkouts[CheckoutId(looking.session_id)])
        for looking in wanted
        if (session := sessions.get(looking.session_id)) is not None
        and (session.kind, session.client) == (looking.kind, looking.client)
        and looking.session_id in checkouts
    }


async def looks(read: Read, wanted: Sequence[Looking]) -> dict[Looking, Looked]:
    """What these sessions are now, laid out: from the quote while one is open, from the purchase once it is placed."""
    return await looks_of(read, await begun(read, wanted))


async def looks_of(read: Read, found: Mapping[Looking, Begun]) -> dict[Looking, Looked]:
    """`looks` at sessions that are read already."""
    placed = {looking: each for looking, each in found.items() if each.checkout.state in _PLACED}
    quoted = {looking: each for looking, each in found.items() if looking not in placed}
    sheets = await _of_quotes(read, quoted) if quoted else {}
    sheets |= await _of_purchases(read, placed) if placed else {}
    return {looking: Looked(each.session, sheets[looking]) for looking, each in found.items()}


async def _of_quotes(read: Read, found: Mapping[Looking, Begun]) -> dict[Looking, Sheet]:
    costs = await checkout.quotes(
        read,
        [
            checkout.Asked(
                draft=each.checkout.draft,
                currency=each.checkout.currency,
                completeness=looking.completeness,
                buyer_id=each.checkout.buyer_id,
                client=AGENT,
            )
            for looking, each in found.items()
        ],
    )
    lost = [_lost(each.checkout, cost) for each, cost in zip(found.values(), costs, strict=True)]
    gone = [line.sku_id for lines in lost for line in lines]
    cards = await catalog.cards(read, gone) if gone else {}
    return {
        looking: Sheet(
            checkout=each.checkout,
            parts=parts_of(cost, looking.locale),
            lost=[_lost_line(line, cards, each.session, looking.locale) for line in lines],
            problems=cost.problems,
            discounts=checkout.discounts(cost),
            costs=cost,
        )
        for (looking, each), cost, lines in zip(found.items(), costs, lost, strict=True)
    }


def _lost(found: Checkout, costs: Quote) -> list[Line]:
    """The lines whose goods nobody sells any more."""
    quoted = {line.line_id for group in costs.groups for line in group.lines}
    return [line for line in found.lines if line.line_id not in quoted]


def _lost_line(line: Line, cards: Mapping[SkuId, SkuCard], session: Session, locale: str) -> SheetLine:
    return SheetLine(
        line_id=line.line_id,
        sku_id=line.sku_id,
        title=title_of(cards.get(SkuId(line.sku_id)), locale),
        picture=None,
        quantity=line.quantity,
        unit_price=session.shown_prices.get(str(line.sku_id), 0),
    )


def parts_of(costs: Quote, locale: str) -> list[Part]:
    return [
        Part(
            shop=group.shop,
            lines=[
                SheetLine(
                    line_id=line.line_id,
                    sku_id=line.card.sku_id,
                    title=title_of(line.card, locale),
                    picture=line.card.picture,
                    quantity=line.quantity,
                    unit_price=line.unit_price,
                    discount=line.discount,
                )
                for line in group.lines
            ],
            ways=[
                Way(
                    option_id=str(option.template_id),
                    title=option.name.in_language(locale),
                    fee=option.fee,
                    days_from=option.days_from,
                    days_to=option.days_to,
                )
                for option in group.options
            ],
            chosen=str(group.chosen.template_id) if group.chosen else None,
            freight=group.freight,
            tax_added=group.tax_added,
            freight_off=group.freight_off,
        )
        for group in costs.groups
    ]


def title_of(card: SkuCard | None, locale: str) -> str:
    if card is None:
        return "–"
    chosen = ", ".join(value.in_language(locale) for _, value in card.options)
    return card.title.in_language(locale) + (f" ({chosen})" if chosen else "")


async def _of_purchases(read: Read, found: Mapping[Looking, Begun]) -> dict[Looking, Sheet]:
    ids = [each.checkout.purchase_id for each in found.values()]
    purchases = await orders.purchases(read, ids)
    parts = await orders.orders_of_purchases(read, ids)
    lines = await orders.lines_of(read, [part.order_id for of_one in parts.values() for part in of_one])
    shops = await merchants.cards(read, [part.merchant_id for of_one in parts.values() for part in of_one])
    tries = await payments.latest_of(read, ids)
    sheets: dict[Looking, Sheet] = {}
    for looking, each in found.items():
        purchase_id = each.checkout.purchase_id
        mine = {part.order_id: lines[part.order_id] for part in parts[purchase_id]}
        names = agents.line_names(each.checkout.lines, mine)
        sheets[looking] = Sheet(
            checkout=each.checkout,
            parts=[
                _part_of(
                    part, shops[part.merchant_id], mine[part.order_id], names, looking.locale, each.checkout.discounts
                )
                for part in parts[purchase_id]
            ],
            lost=[],
            problems=[],
            discounts=each.checkout.discounts,
            purchase=purchases.get(purchase_id),
            payment=tries.get(purchase_id),
        )
    return sheets


def sheet_of_paid(written: checkout.Written, locale: str) -> Sheet:
    """What has just been placed and paid, as `looks` would find it."""
    parts = sorted(written.purchase.orders, key=lambda part: part.merchant_id)
    names = agents.line_names(written.checkout.lines, {part.order_id: part.lines for part in parts})
    discounts = written.checkout.discounts
    return Sheet(
        checkout=written.checkout,
        parts=[_part_of(part, written.shops[part.merchant_id], part.lines, names, locale, discounts) for part in parts],
        lost=[],
        problems=[],
        discounts=discounts,
        purchase=written.purchase,
    )


def _part_of(
    part: Order | NewOrder,
    shop: ShopCard,
    lines: Sequence[OrderLine] | Sequence[NewLine],
    names: Mapping[agents.LineKey, str],
    locale: str,
    discounts: Sequence[Discount],
) -> Part:
    freight_off = sum(each.freight.get(str(part.merchant_id), 0) for each in discounts)
    way = Way(
        option_id=str(part.delivery.template_id),
        title=part.delivery.name.in_language(locale),
        fee=part.freight + freight_off,
        days_from=part.delivery.days_from,
        days_to=part.delivery.days_to,
    )
    return Part(
        shop=shop,
        lines=[
            SheetLine(
                line_id=names[part.order_id, line.line],
                sku_id=line.sku_id,
                title=agents.title_of(line, locale),
                picture=line.picture,
                quantity=line.quantity,
                unit_price=line.unit_price,
                discount=line.discount,
            )
            for line in lines
            if line.kind != GIFT
        ],
        ways=[way],
        chosen=way.option_id,
        freight=part.freight,
        tax_added=part.tax_added,
        freight_off=freight_off,
    )
