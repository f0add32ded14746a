"""What a checkout costs now: prices, stock, freight and taxes, read set by set, never line by line."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.goods import catalog, inventory, pricing, taxes
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.taxes.model import STANDARD, Rate
from steelyard.kernel.db import Read
from steelyard.logistics import freight
from steelyard.logistics.freight.model import DeliveryOption, Shipment
from steelyard.parties import merchants
from steelyard.parties.customers.model import Address, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.checkout.model import Draft, Line, Problem, ProblemCode, Quote, QuoteGroup, QuoteLine


class Completeness(msgspec.Struct, frozen=True):
    """How much must be known of a buyer before a purchase can be placed. Less is only for conformance tests."""

    email: bool = True
    whole_address: bool = True


STRICT = Completeness()


async def quote(read: Read, draft: Draft, currency: str, completeness: Completeness = STRICT) -> Quote:
    """What the draft costs at this moment in `currency`, and everything that stands in its way."""
    sku_ids = [SkuId(line.sku_id) for line in draft.lines]
    cards = await catalog.cards(read, sku_ids)
    prices = await pricing.current(read, sku_ids, currency)
    free = await inventory.available(read, sku_ids)
    rates = await taxes.rates(read, draft.address.country, draft.address.region, datetime.now(UTC).date())
    lines: list[QuoteLine] = []
    problems = _about_buyer(draft, completeness)
    for line in draft.lines:
        card, price = cards.get(SkuId(line.sku_id)), prices.get(SkuId(line.sku_id))
        if card is None or not card.on_sale or price is None:
            problems.append(Problem(code=ProblemCode.ITEM_UNAVAILABLE, line_id=line.line_id))
            continue
        lines.append(_line(line, card, price.amount, free[card.sku_id], taxes.rate_for(rates, card.tax_class)))
    problems += _about_lines(lines)
    groups = await _groups(read, draft, lines, currency, taxes.rate_for(rates, STANDARD))
    problems += [
        Problem(code=ProblemCode.UNDELIVERABLE, merchant_id=group.shop.merchant_id)
        for group in groups
        if draft.address.country and not group.options
    ]
    problems += [
        Problem(code=ProblemCode.SHOP_AWAY, merchant_id=group.shop.merchant_id)
        for group in groups
        if group.shop.resting
    ]
    return Quote(currency=currency, groups=groups, problems=problems)


def _line(line: Line, card: SkuCard, price: int, free: int, rate: Rate) -> QuoteLine:
    return QuoteLine(
        line_id=line.line_id,
        card=card,
        quantity=line.quantity,
        unit_price=price,
        seen_price=line.seen_price,
        free=free,
        tax=taxes.tax_of(price * line.quantity, rate),
        tax_millionths=rate.millionths,
        tax_inclusive=rate.inclusive,
        tax_name=rate.name,
    )


def _about_buyer(draft: Draft, completeness: Completeness) -> list[Problem]:
    problems: list[Problem] = []
    if not draft.lines:
        problems.append(Problem(code=ProblemCode.EMPTY))
    if completeness.email and not _reachable(draft.contact):
        problems.append(Problem(code=ProblemCode.CONTACT_MISSING))
    if not draft.address.country:
        problems.append(Problem(code=ProblemCode.ADDRESS_MISSING))
    elif completeness.whole_address and not draft.address.complete:
        problems.append(Problem(code=ProblemCode.ADDRESS_INCOMPLETE, facts={"missing": _missing(draft.address)}))
    return problems


def _reachable(contact: Contact) -> bool:
    return "@" in contact.email


def _missing(address: Address) -> str:
    needed = {"name": address.name, "street": address.street, "city": address.city or address.postal_code}
    return ", ".join(name for name, value in needed.items() if not value)


def _about_lines(lines: Sequence[QuoteLine]) -> list[Problem]:
    """Stock is shared by all lines of the same SKU, first come first served; a moved price is news."""
    problems: list[Problem] = []
    left: dict[UUID, int] = {}
    for line in lines:
        sku_id = line.card.sku_id
        before = left.setdefault(sku_id, line.free)
        left[sku_id] = max(0, before - line.quantity)
        if not before:
            problems.append(Problem(code=ProblemCode.OUT_OF_STOCK, line_id=line.line_id, facts={"free": 0}))
        elif before < line.quantity:
            problems.append(Problem(code=ProblemCode.NOT_ENOUGH, line_id=line.line_id, facts={"free": before}))
        if line.seen_price is not None and line.seen_price != line.unit_price:
            problems.append(
                Problem(
                    code=ProblemCode.PRICE_MOVED,
                    line_id=line.line_id,
                    facts={"seen": line.seen_price, "price": line.unit_price},
                )
            )
    return problems


async def _groups(
    read: Read, draft: Draft, lines: Sequence[QuoteLine], currency: str, freight_rate: Rate
) -> list[QuoteGroup]:
    by_merchant: dict[MerchantId, list[QuoteLine]] = {}
    for line in lines:
        by_merchant.setdefault(line.card.merchant_id, []).append(line)
    shops = await merchants.cards(read, by_merchant)
    shipments = [
        Shipment(
            merchant_id=merchant_id,
            pieces=sum(line.quantity for line in part),
            weight_grams=sum(line.quantity * line.card.weight_grams for line in part),
            goods_amount=sum(line.amount for line in part),
            currency=currency,
        )
        for merchant_id, part in by_merchant.items()
    ]
    options = await freight.options(read, shipments, draft.address) if draft.address.country else {}
    groups: list[QuoteGroup] = []
    for merchant_id, part in by_merchant.items():
        offered = options.get(merchant_id, [])
        chosen = _choose(offered, draft.deliveries.get(str(merchant_id)))
        groups.append(
            QuoteGroup(
                shop=shops[merchant_id],
                lines=part,
                options=offered,
                chosen=chosen,
                freight_tax=taxes.tax_of(chosen.fee, freight_rate) if chosen else 0,
                freight_tax_inclusive=freight_rate.inclusive,
            )
        )
    return groups


def _choose(offered: Sequence[DeliveryOption], wanted: UUID | None) -> DeliveryOption | None:
    """What was asked for when it is offered there, else the first, which is the cheapest."""
    return next((option for option in offered if option.template_id == wanted), offered[0] if offered else None)
