"""Why a price is what it is: what goods cost a buyer now, each offer that was considered, taken or left and why, and who pays."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.goods import catalog, promotions
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.kernel.codes import read as read_code
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.parties import customers, merchants, operator
from steelyard.parties.customers.model import Address, Buyer, Contact
from steelyard.parties.merchants.model import ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import offers as words
from steelyard.surfaces.web.price_rows import ROWS, ROWS_MAX, Row, paid_by_platform, rows_of
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import Draft, Line, MixedPurchase, Quote

SHOPS_SHOWN = 100
HERE = f"{frame.PROMOTIONS}/why"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    buyer: str
    codes: str
    rows: Sequence[Row]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`quote` is there when there are goods to be reckoned; `errors` are said beside their fields."""

    shops: Sequence[ShopCard]
    rows: Sequence[Row]
    buyer_words: str
    buyer: Buyer | None = None
    quote: Quote | None = None
    cards: Mapping[SkuId, SkuCard] = {}
    errors: Mapping[str, str] = {}


def _asked(query: Mapping[str, str]) -> Asked:
    return Asked(buyer=query.get("buyer", "").strip(), codes=query.get("codes", ""), rows=rows_of(query))


async def found(read: Read, asked: Asked) -> Found:
    shops = (await merchants.listed(read, limit=SHOPS_SHOWN)).items
    by_slug = {shop.slug: shop for shop in shops}
    errors: dict[str, str] = {}
    buyer = await _buyer(read, asked.buyer)
    if asked.buyer and buyer is None:
        errors["buyer"] = N_("Nobody with an account here has this e-mail address")
    known: dict[tuple[str, str], SkuId] = {}
    for slug in {row.shop for row in asked.rows if row.code} & by_slug.keys():
        codes = [row.code for row in asked.rows if row.shop == slug]
        found_there = await catalog.by_codes(read, by_slug[slug].merchant_id, codes)
        known |= {(slug, code): sku_id for code, sku_id in found_there.items()}
    lines: list[Line] = []
    for n, row in enumerate(asked.rows):
        if not row.code:
            continue
        sku_id = known.get((row.shop, row.code))
        if sku_id is None:
            errors[f"code_{n}"] = N_("This shop has no such article")
        elif row.count < 1:
            errors[f"pieces_{n}"] = N_("Please enter a positive number")
        else:
            lines.append(Line(line_id=str(n), sku_id=sku_id, quantity=row.count))
    told = Found(shops=shops, rows=asked.rows, buyer_words=asked.buyer, buyer=buyer, errors=errors)
    if errors or not lines:
        return told
    try:
        quote, cards = await _quote(read, lines, buyer, asked.codes)
    except MixedPurchase:
        return msgspec.structs.replace(told, errors={"code_0": N_("These goods are sold in different currencies")})
    return msgspec.structs.replace(told, quote=quote, cards=cards)


async def _buyer(read: Read, email: str) -> Buyer | None:
    if not email:
        return None
    page = await customers.sought(read, email)
    return next((each for each in page.items if not each.guest), None)


async def _quote(
    read: Read, lines: Sequence[Line], buyer: Buyer | None, codes: str
) -> tuple[Quote, Mapping[SkuId, SkuCard]]:
    """As the checkout would say it now, sent to the buyer's first address, or within the house's own country."""
    book = await customers.addresses(read, buyer.buyer_id) if buyer else []
    house = await operator.profile(read)
    draft = Draft(
        lines=lines,
        contact=Contact(email=buyer.email or "") if buyer else Contact(),
        address=book[0].address if book else Address(country=house.country if house else "CN"),
        codes=[promotions.tidied(code) for code in codes.replace(",", " ").split()][: promotions.CODES_PER_CART_MAX],
    )
    cards = await catalog.cards(read, [SkuId(line.sku_id) for line in lines])
    shops = await merchants.cards(read, {card.merchant_id for card in cards.values()})
    currency = checkout.currency_among(draft, cards, shops)
    return await checkout.quote(read, draft, currency, buyer_id=buyer.buyer_id if buyer else None), cards


async def of_order(read: Read, code: str) -> Asked | None:
    """What was bought with an order, to be reckoned anew for its buyer."""
    owner = await orders.by_code(read, code)
    if owner is None or owner.merchant_id is None or owner.order_id is None:
        return None
    buyer = await customers.get(read, owner.buyer_id)
    shop = (await merchants.cards(read, [owner.merchant_id])).get(owner.merchant_id)
    lines = (await orders.lines_of(read, [owner.order_id]))[owner.order_id]
    rows = [
        Row(shop=shop.slug if shop else "", code=line.sku_code, pieces=str(line.quantity))
        for line in lines
        if line.gift is None
    ][:ROWS_MAX]
    email = buyer.email or "" if buyer and not buyer.guest else ""
    return Asked(buyer=email, codes="", rows=[*rows, *(Row() for _ in range(ROWS - len(rows)))])


@get("/promotions/why", opt={"permission": "promotions.manage"})
async def why(visit: NamedDependency[Visit]) -> Response[Any]:
    """What these goods cost this buyer now, and why; or, with an order's number, what it would cost now."""
    query = visit.connection.query_params
    order = query.get("order", "").strip()
    asked = await visit.db.ask(of_order, read_code(order)) if order else None
    told = await visit.db.ask(found, asked or _asked(query))
    reckoning = told.quote.reckoning if told.quote else None
    return await frame.show(
        visit,
        "promotion_why.html",
        frame.PROMOTIONS,
        crumbs=[(visit.say(N_("Promotions")), frame.PROMOTIONS), (visit.say(N_("Why this price")), None)],
        status=422 if told.errors and not asked else 200,
        found=told,
        order=order if asked else "",
        codes=query.get("codes", ""),
        errors={name: visit.say(word) for name, word in told.errors.items()},
        rows=range(len(told.rows)),
        steps=words.every_step(visit, reckoning) if reckoning else [],
        paid=paid_by_platform(reckoning),
    )


HANDLERS = [why]
