"""Why a price is what it is, for the shop: of an order as it was bought, and of any goods of its own as they cost now."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.goods import catalog, pricing, promotions
from steelyard.goods.catalog.model import SkuCard
from steelyard.goods.promotions.model import PLATFORM, Buyer, Cart, CartLine, Group, Offer, Reckoning, segment_of
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.flash import Article, articles
from steelyard.surfaces.web import offers as words
from steelyard.surfaces.web import price_rows
from steelyard.surfaces.web.offers import Said
from steelyard.surfaces.web.price_rows import Row
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import checkout
from steelyard.trade.checkout import Explanation
from steelyard.trade.orders.model import OrderId

NEEDS = {"permission": "promotions.manage"}
HERE = f"{frame.PROMOTIONS}/why"
ANYONE, NEW = "", "new"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`who`: empty, `new`, or a group's id."""

    who: str
    rows: Sequence[Row]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`lines` and `reckoning` are there when there is something to be reckoned; `errors` are said beside their fields."""

    rows: Sequence[Row]
    groups: Sequence[Group]
    lines: Sequence[tuple[SkuCard, CartLine]] = ()
    reckoning: Reckoning | None = None
    errors: Mapping[str, str] = {}


async def found(read: Read, merchant_id: MerchantId, currency: str, asked: Asked) -> Found:
    """What these pieces of the shop's own goods would cost now; an article number of another shop is not known."""
    groups = await promotions.customer_groups(read, merchant_id)
    known = await catalog.by_codes(read, merchant_id, [row.code for row in asked.rows if row.code])
    cards = await catalog.cards(read, list(known.values()))
    prices = await pricing.current(read, list(known.values()), currency)
    errors: dict[str, str] = {}
    lines: list[tuple[SkuCard, CartLine]] = []
    for n, row in enumerate(asked.rows):
        if not row.code:
            continue
        sku_id = known.get(row.code)
        if sku_id is None or sku_id not in cards or sku_id not in prices:
            errors[f"code_{n}"] = N_("No article of yours has this number and a price")
        elif row.count < 1:
            errors[f"pieces_{n}"] = N_("Please enter a positive number")
        else:
            lines.append((cards[sku_id], _line(str(n), cards[sku_id], prices[sku_id].amount, row.count)))
    told = Found(rows=asked.rows, groups=groups, lines=lines, errors=errors)
    if errors or not lines:
        return told
    running = await promotions.running(read, [merchant_id])
    # What only chosen buyers of the platform have is not the shop's to know.
    offers = [*running.get(merchant_id, ()), *(each for each in running.get(PLATFORM, ()) if not _private(each))]
    at = datetime.now(UTC)
    cart = Cart(currency=currency, lines=[line for _, line in lines], at=at, buyer=_buyer(asked.who, groups, offers))
    return msgspec.structs.replace(told, reckoning=promotions.reckon_offers(cart, offers))


def _private(offer: Offer) -> bool:
    return offer.coupon and (offer.given or offer.code is not None)


def _line(line_id: str, card: SkuCard, price: int, pieces: int) -> CartLine:
    return CartLine(
        line_id=line_id,
        sku_id=card.sku_id,
        product_id=card.product_id,
        merchant_id=card.merchant_id,
        categories=card.category_path,
        unit_price=price,
        quantity=pieces,
    )


def _buyer(who: str, groups: Sequence[Group], offers: Sequence[Offer]) -> Buyer:
    """Somebody with all coupons, who is in this group of customers, or is new."""
    group = next((each for each in groups if str(each.group_id) == who), None)
    segments = {segment_of(group.group_id)} if group else set[str]()
    if who == NEW:
        segments = {segment for offer in offers if offer.new_buyers for segment in offer.segments}
    return Buyer(holds=frozenset(each.promotion_id for each in offers if each.coupon), segments=frozenset(segments))


@get("/promotions/why", opt=NEEDS)
async def why(visit: NamedDependency[Visit]) -> Response[Any]:
    """What goods of the shop cost now, and why; by the address, to be shown to a colleague."""
    query = visit.connection.query_params
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    asked = Asked(who=query.get("who", ""), rows=price_rows.rows_of(query))
    # With the platform's offers, which a merchant's role does not see: what is asked for is the shop's own.
    told = await visit.db.ask(found, visit.merchant_id, currency, asked)
    choices: list[Article] = await visit.merchant_db.ask(articles, visit.merchant_id, currency)
    return await frame.show(
        visit,
        "promotion_why.html",
        frame.PROMOTIONS,
        crumbs=[(visit.say(N_("Promotions")), frame.PROMOTIONS), (visit.say(N_("Why this price")), None)],
        status=422 if told.errors else 200,
        found=told,
        asked=asked,
        articles=choices,
        currency=currency,
        errors={name: visit.say(word) for name, word in told.errors.items()},
        steps=words.every_step(visit, told.reckoning) if told.reckoning else [],
        paid=price_rows.paid_by_platform(told.reckoning),
        parts={part.key: part for part in told.reckoning.lines} if told.reckoning else {},
    )


@get("/orders/{order_id:uuid}/why", opt={"permission": "orders.read"})
async def why_order(visit: NamedDependency[Visit], order_id: FromPath[UUID]) -> Response[Any]:
    """What counted for an order of the shop, what each took off and who bears it, and why the rest did not count."""
    told = await visit.db.ask(checkout.explained, visit.merchant_id, OrderId(order_id))
    if told is None:
        raise NotFound()
    return await frame.show(
        visit,
        "order_why.html",
        frame.ORDERS,
        crumbs=[
            (visit.say(N_("Orders")), frame.ORDERS),
            (told.order.code, f"{frame.ORDERS}/{order_id}"),
            (visit.say(N_("Why this price")), None),
        ],
        found=told,
        order=told.order,
        currency=told.order.currency,
        steps=_steps(visit, told),
        paid={str(each.promotion_id): each.platform for each in told.counted},
        freight_before=told.order.freight + sum(each.amount for each in told.order.freight_offers),
        now_href=f"{HERE}?{urlencode(_again(told))}",
    )


def _steps(visit: Visit, told: Explanation) -> list[Said]:
    """What counted, as the order keeps it; then what did not."""
    currency = told.order.currency
    counts = [
        Said(
            name=each.name.in_language(visit.locale),
            words=words.price_words(visit, told.known[each.promotion_id], currency)
            if each.promotion_id in told.known
            else "",
            off=each.amount,
            platform=not each.of_shop,
            counts=True,
            key=str(each.promotion_id),
        )
        for each in told.counted
    ]
    unclear = [
        Said(
            name=each.name.in_language(visit.locale),
            words=words.price_words(visit, each, currency),
            hint=visit.say(N_("Its budget or its pieces had run out, or a limit for this buyer was reached.")),
            platform=each.merchant_id is None,
            key=str(each.promotion_id),
        )
        for each in told.unclear
    ]
    return [*counts, *(words.missed(visit, each, currency, told.names) for each in told.missed), *unclear]


def _again(told: Explanation) -> dict[str, str]:
    """The goods of the order as the address of the page that reckons them anew."""
    bought = [line for line in told.lines if line.gift is None][: price_rows.ROWS_MAX]
    fields = [(f"code_{n}", line.sku_code) for n, line in enumerate(bought)]
    return dict([*fields, *((f"pieces_{n}", str(line.quantity)) for n, line in enumerate(bought))])


HANDLERS = [why, why_order]
