"""What a checkout costs now: prices, stock, freight and taxes, read set by set, never line by line."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import chain
from uuid import UUID

import msgspec

from steelyard.goods import catalog, inventory, pricing, taxes
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.goods.taxes.model import STANDARD, Rate
from steelyard.kernel.db import Read
from steelyard.logistics import freight
from steelyard.logistics.freight.model import DeliveryOption, Shipment
from steelyard.parties import merchants
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.trade.checkout import allowances, gathering
from steelyard.trade.checkout.model import SHOP, Draft, Line, Problem, ProblemCode, Quote, QuoteGroup, QuoteLine
from steelyard.trade.checkout.offers import Basket, reduced
from steelyard.trade.groups.model import Gathered


class Completeness(msgspec.Struct, frozen=True):
    """How much must be known of a buyer before a purchase can be placed. Less is only for conformance tests."""

    email: bool = True
    whole_address: bool = True


STRICT = Completeness()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A draft whose price is asked for, by whom: their coupons count (none: nobody in particular), and by way of
    which `client`."""

    draft: Draft
    currency: str
    completeness: Completeness = STRICT
    buyer_id: BuyerId | None = None
    client: str = SHOP


class _Part(msgspec.Struct, frozen=True):
    """The lines of one merchant in a draft, and what goes to whom where."""

    asked: Asked
    shipment: Shipment
    lines: Sequence[QuoteLine]


async def quote(
    read: Read,
    draft: Draft,
    currency: str,
    completeness: Completeness = STRICT,
    buyer_id: BuyerId | None = None,
    *,
    client: str = SHOP,
) -> Quote:
    """What the draft costs this buyer at this moment in `currency`, and everything that stands in its way."""
    asked = Asked(draft=draft, currency=currency, completeness=completeness, buyer_id=buyer_id, client=client)
    (found,) = await quotes(read, [asked])
    return found


async def quotes(
    read: Read,
    asked: Sequence[Asked],
    cards: Mapping[SkuId, SkuCard] | None = None,
    shops: Mapping[MerchantId, ShopCard] | None = None,
) -> list[Quote]:
    """`quote` for many drafts, each by itself, with no more questions to the database than for one. `cards` are those of
    their goods and `shops` those of whom they belong to, when they are known in this transaction."""
    if not asked:
        return []
    sku_ids = list(dict.fromkeys(SkuId(line.sku_id) for each in asked for line in each.draft.lines))
    if cards is None:
        cards = await catalog.cards(read, sku_ids)
    prices = await pricing.current_in(read, sku_ids, {each.currency for each in asked})
    free = await inventory.available(read, sku_ids)
    if shops is None:
        shops = await merchants.cards(read, {card.merchant_id for card in cards.values()})
    days = _tax_days(shops)
    rates = await taxes.rates_in(read, {(*_place(each), day) for each in asked for day in set(days.values())})
    lines: list[list[QuoteLine]] = []
    lost: list[list[Problem]] = []
    for each in asked:
        priced, gone = _priced(each, cards, prices, free, rates, days)
        lines.append(priced)
        lost.append(gone)
    groups = await _groups(read, asked, lines, rates, shops, days)
    teams = await gathering.known(read, [(each.draft, each.buyer_id) for each in asked])
    baskets = _baskets(asked, groups, teams)
    limits = await allowances.told(
        read,
        [
            (each.buyer_id, (line for group in mine for line in group.lines))
            for each, mine in zip(asked, groups, strict=True)
        ],
    )
    return [
        Quote(
            currency=each.currency,
            groups=less.groups,
            problems=[
                *_about_buyer(each.draft, each.completeness),
                *gone,
                *_about_lines(_as_drafted(each.draft, less.groups)),
                *less.problems,
                *limited,
                *gathering.problems(each.draft, team),
                *_about_ways(each.draft, less.groups),
            ],
            reckoning=less.reckoning,
            codes=less.codes,
            booking=less.booking,
            gathered=team,
        )
        for each, less, gone, limited, team in zip(
            asked, await reduced(read, baskets), lost, limits, teams, strict=True
        )
    ]


def _baskets(
    asked: Sequence[Asked], groups: Sequence[Sequence[QuoteGroup]], teams: Sequence[Gathered | None]
) -> list[Basket]:
    return [
        Basket(
            buyer_id=each.buyer_id,
            contact=each.draft.contact,
            currency=each.currency,
            groups=mine,
            codes=each.draft.codes,
            client=each.client,
            gathered=team,
        )
        for each, mine, team in zip(asked, groups, teams, strict=True)
    ]


def _as_drafted(draft: Draft, groups: Sequence[QuoteGroup]) -> list[QuoteLine]:
    """The lines in the buyer's order: who names a SKU first has its pieces first."""
    found = {line.line_id: line for group in groups for line in group.lines}
    return [found[line.line_id] for line in draft.lines if line.line_id in found]


def _place(asked: Asked) -> tuple[str, str]:
    return asked.draft.address.country, asked.draft.address.region


def _tax_days(shops: Mapping[MerchantId, ShopCard]) -> dict[MerchantId, date]:
    """What day it is now where each of the sellers is."""
    now = datetime.now(UTC)
    return {merchant_id: taxes.day_of(shop.time_zone, now) for merchant_id, shop in shops.items()}


def _priced(
    asked: Asked,
    cards: Mapping[SkuId, SkuCard],
    prices: Mapping[tuple[SkuId, str], Price],
    free: Mapping[SkuId, int],
    rates: Mapping[tuple[str, str, date], Mapping[str, Rate]],
    days: Mapping[MerchantId, date],
) -> tuple[list[QuoteLine], list[Problem]]:
    """The lines of what is for sale, and a problem for each of the others."""
    lines: list[QuoteLine] = []
    problems: list[Problem] = []
    for line in asked.draft.lines:
        sku_id = SkuId(line.sku_id)
        card, price = cards.get(sku_id), prices.get((sku_id, asked.currency))
        if card is None or not card.on_sale or price is None:
            problems.append(Problem(code=ProblemCode.ITEM_UNAVAILABLE, line_id=line.line_id))
        else:
            rate = taxes.rate_for(rates[*_place(asked), days[card.merchant_id]], card.tax_class)
            lines.append(_line(line, card, price.amount, free[sku_id], rate))
    return lines, problems


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
        confirmed=line.confirmed,
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


def _about_ways(draft: Draft, groups: Sequence[QuoteGroup]) -> list[Problem]:
    undeliverable = [
        Problem(code=ProblemCode.UNDELIVERABLE, merchant_id=group.shop.merchant_id)
        for group in groups
        if draft.address.country and not group.options
    ]
    away = [
        Problem(code=ProblemCode.SHOP_AWAY, merchant_id=group.shop.merchant_id)
        for group in groups
        if group.shop.resting
    ]
    return [*undeliverable, *away]


async def _groups(
    read: Read,
    asked: Sequence[Asked],
    lines: Sequence[Sequence[QuoteLine]],
    rates: Mapping[tuple[str, str, date], Mapping[str, Rate]],
    shops: Mapping[MerchantId, ShopCard],
    days: Mapping[MerchantId, date],
) -> list[list[QuoteGroup]]:
    """For each draft its merchants' parts, in the order in which they are named."""
    parts = [_parts(each, mine) for each, mine in zip(asked, lines, strict=True)]
    flat = list(chain.from_iterable(parts))
    # Nowhere is no place to send anything to.
    sent = [part for part in flat if part.asked.draft.address.country]
    ways = iter(await freight.options_of(read, [(part.shipment, part.asked.draft.address) for part in sent]))
    return [
        [
            _group(
                part,
                shops[part.shipment.merchant_id],
                next(ways) if part.asked.draft.address.country else [],
                rates[*_place(part.asked), days[part.shipment.merchant_id]],
            )
            for part in mine
        ]
        for mine in parts
    ]


def _parts(asked: Asked, lines: Sequence[QuoteLine]) -> list[_Part]:
    by_merchant: dict[MerchantId, list[QuoteLine]] = {}
    for line in lines:
        by_merchant.setdefault(line.card.merchant_id, []).append(line)
    return [
        _Part(
            asked,
            Shipment(
                merchant_id=merchant_id,
                pieces=sum(line.quantity for line in mine),
                weight_grams=sum(line.quantity * line.card.weight_grams for line in mine),
                goods_amount=sum(line.amount for line in mine),
                currency=asked.currency,
            ),
            mine,
        )
        for merchant_id, mine in by_merchant.items()
    ]


def _group(part: _Part, shop: ShopCard, offered: Sequence[DeliveryOption], rates: Mapping[str, Rate]) -> QuoteGroup:
    chosen = _choose(offered, part.asked.draft.deliveries.get(str(shop.merchant_id)))
    rate = taxes.rate_for(rates, STANDARD)
    return QuoteGroup(
        shop=shop,
        lines=part.lines,
        options=offered,
        chosen=chosen,
        freight_tax=taxes.tax_of(chosen.fee, rate) if chosen else 0,
        freight_tax_inclusive=rate.inclusive,
        freight_tax_millionths=rate.millionths,
    )


def _choose(offered: Sequence[DeliveryOption], wanted: UUID | None) -> DeliveryOption | None:
    """What was asked for when it is offered there, else the first, which is the cheapest."""
    return next((option for option in offered if option.template_id == wanted), offered[0] if offered else None)
