"""What a checkout is made of, whether it is still a quote or already a purchase: lines by merchant, ways of delivery."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.channels import agents
from steelyard.goods import catalog
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.kernel.db import Read
from steelyard.money import payments
from steelyard.money.payments.model import Payment
from steelyard.parties import merchants
from steelyard.parties.merchants.model import ShopCard
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import Checkout, CheckoutId, CheckoutState, Problem, Quote
from steelyard.trade.orders.model import Order, OrderLine, Purchase


class SheetLine(msgspec.Struct, frozen=True, kw_only=True):
    line_id: str
    sku_id: UUID
    title: str
    picture: str | None
    quantity: int
    unit_price: int

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
    """One merchant's part."""

    shop: ShopCard
    lines: Sequence[SheetLine]
    ways: Sequence[Way]
    chosen: str | None
    freight: int
    tax_added: int


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout as it is now. `lost` are lines whose goods are not for sale any more; `purchase` is there once it was
    placed, `payment` once it was tried to pay."""

    checkout: Checkout
    parts: Sequence[Part]
    lost: Sequence[SheetLine]
    problems: Sequence[Problem]
    purchase: Purchase | None = None
    payment: Payment | None = None

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
    def total(self) -> int:
        return self.goods + self.freight + self.tax_added

    @property
    def prices(self) -> dict[str, int]:
        """By SKU: what stays when lines are replaced."""
        return {str(line.sku_id): line.unit_price for part in self.parts for line in part.lines}


async def sheet(
    read: Read,
    checkout_id: CheckoutId,
    completeness: checkout.Completeness,
    locale: str,
    shown_prices: Mapping[str, int],
) -> Sheet | None:
    """The checkout laid out: from its quote while it is open, from its purchase once it is placed."""
    found = await checkout.get(read, checkout_id)
    if found is None:
        return None
    if found.state in (CheckoutState.PLACED, CheckoutState.COMPLETED):
        return await _of_purchase(read, found, locale)
    costs = await checkout.quote(read, found.draft, found.currency, completeness)
    quoted = {line.line_id for group in costs.groups for line in group.lines}
    gone = [line for line in found.lines if line.line_id not in quoted]
    cards = await catalog.cards(read, [line.sku_id for line in gone]) if gone else {}
    lost = [
        SheetLine(
            line_id=line.line_id,
            sku_id=line.sku_id,
            title=_title(cards.get(SkuId(line.sku_id)), locale),
            picture=None,
            quantity=line.quantity,
            unit_price=shown_prices.get(str(line.sku_id), 0),
        )
        for line in gone
    ]
    return Sheet(checkout=found, parts=_parts_of(costs, locale), lost=lost, problems=costs.problems)


def _parts_of(costs: Quote, locale: str) -> list[Part]:
    return [
        Part(
            shop=group.shop,
            lines=[
                SheetLine(
                    line_id=line.line_id,
                    sku_id=line.card.sku_id,
                    title=_title(line.card, locale),
                    picture=line.card.picture,
                    quantity=line.quantity,
                    unit_price=line.unit_price,
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
        )
        for group in costs.groups
    ]


def _title(card: SkuCard | None, locale: str) -> str:
    if card is None:
        return "–"
    chosen = ", ".join(value.in_language(locale) for _, value in card.options)
    return card.title.in_language(locale) + (f" ({chosen})" if chosen else "")


async def _of_purchase(read: Read, found: Checkout, locale: str) -> Sheet:
    purchase = await orders.purchase(read, found.purchase_id)
    parts = await orders.orders_of_purchase(read, found.purchase_id)
    lines = await orders.lines_of(read, [part.order_id for part in parts])
    names = agents.line_names(found.lines, lines)
    shops = await merchants.cards(read, [part.merchant_id for part in parts])
    tries = await payments.of_purchase(read, found.purchase_id)
    return Sheet(
        checkout=found,
        parts=[_part_of(part, shops[part.merchant_id], lines[part.order_id], names, locale) for part in parts],
        lost=[],
        problems=[],
        purchase=purchase,
        payment=tries[0] if tries else None,
    )


def _part_of(
    part: Order, shop: ShopCard, lines: Sequence[OrderLine], names: Mapping[agents.LineKey, str], locale: str
) -> Part:
    way = Way(
        option_id=str(part.delivery.template_id),
        title=part.delivery.name.in_language(locale),
        fee=part.freight,
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
            )
            for line in lines
        ],
        ways=[way],
        chosen=way.option_id,
        freight=part.freight,
        tax_added=part.tax_added,
    )
