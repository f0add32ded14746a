"""The product page: what it is, what can be chosen, what it costs to get it, what others say; and into the cart."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.channels import live
from steelyard.channels.live import Explanation
from steelyard.goods import catalog, promotions
from steelyard.goods.catalog.model import ProductState, ProductView, SkuCard, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.goods.promotions import Lowered
from steelyard.goods.promotions.model import Offer
from steelyard.goods.search.model import Hit
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.logistics.freight.model import Shipment
from steelyard.operations.analytics import Step
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.components.page import Crumb, Flash
from steelyard.surfaces.storefront import beside, coupons, delivering, flash, opinions, seo, specifying
from steelyard.surfaces.storefront import presales as presold
from steelyard.surfaces.storefront.beside import Beside
from steelyard.surfaces.storefront.composed import in_a_frame
from steelyard.surfaces.storefront.delivering import Promise
from steelyard.surfaces.storefront.opening import open_for
from steelyard.surfaces.storefront.opinions import Opinions
from steelyard.surfaces.storefront.shell import Shell, category_crumbs, shell, show
from steelyard.surfaces.storefront.strangers import Answer, Drawn, shared
from steelyard.surfaces.storefront.typed import number, said, uuid_of
from steelyard.surfaces.web import footfall, footprints, limit_words, lowered
from steelyard.surfaces.web.choosing import VARIANTS_LISTED_MAX, Choice, Variant, choice_among, choice_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.rights_words import NO_RETURNS
from steelyard.surfaces.web.seals import unseal
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import cart, groups, rights
from steelyard.trade.cart.model import QUANTITY_PER_LINE_MAX
from steelyard.trade.checkout.model import CheckoutId, Line
from steelyard.trade.groups.model import Offer as GroupOffer
from steelyard.trade.groups.model import Team
from steelyard.trade.reviews.model import Rating, ShopScore
from steelyard.trade.rights import Family, Rule, RuleKind

# Of fewer pieces the page says how many there are.
PLENTY = 100
PREVIEW = N_("A preview: buyers will see it like this. It is not public.")
# Whoever had one of these bought or saw it once: the page says what has become of it.
ONCE_SHOWN = (ProductState.OFF_SHELF, ProductState.BINNED)


class ProductPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page. `promise` is of one piece of what is chosen, none when there is no such; `ship` is by which rule
    the shop promises to send, `protection` by which what becomes cheaper goes back, `free_returns` by which it bears what
    sending back costs, `explained` where it is explained live, now or in a replay."""

    shell: Shell
    product: ProductView
    shop: ShopCard
    choice: Choice
    sold: int
    promise: Promise | None
    own_address: bool
    facts: Sequence[specifying.FactRow]
    opinions: Opinions
    score: ShopScore | None
    beside: Beside
    kept: bool
    follows: bool
    offers: Sequence[Offer] = ()
    articles: Mapping[SkuId, SkuCard] = {}
    lows: Mapping[UUID, Lowered] = {}
    rule: Rule | None = None
    groups: Sequence[tuple[GroupOffer, Sequence[Team]]] = ()
    explained: Explanation | None = None
    ship: Rule | None = None
    protection: Rule | None = None
    free_returns: Rule | None = None

    @property
    def ship_hours(self) -> int | None:
        """In how many hours what is chosen is promised to leave the house."""
        own = self.variant.sku.ship_hours if self.variant else None
        return own or self.product.ship_hours

    @property
    def variant(self) -> Variant | None:
        return self.choice.variant

    @property
    def flashes(self) -> Mapping[SkuId, flash.OnProduct]:
        """The flash sales of its variants, those that run and those that begin soon."""
        return flash.on_product(self.offers)

    @property
    def flash(self) -> flash.OnProduct | None:
        """That of the variant that is chosen, as far as it is worth saying."""
        variant = self.variant
        found = self.flashes.get(SkuId(variant.sku.sku_id)) if variant else None
        if found is None or variant is None or variant.price is None:
            return None
        return found if found.price < variant.price.amount else None

    @property
    def more_offers(self) -> list[Offer]:
        """Those that the price does not tell already."""
        return [offer for offer in self.offers if not offer.shelf]

    @property
    def for_sale(self) -> list[tuple[Price, str, bool]]:
        """What each variant costs now, its article number, and whether it can be had."""
        return [
            (lowered.price_now(each.price, self.lows.get(each.sku.sku_id)), each.sku.code, each.buyable)
            for each in self.choice.variants
            if each.price is not None
        ]

    @property
    def low(self) -> Lowered | None:
        """What the chosen variant costs now, where its shop has lowered that for everybody, or it is in a flash sale."""
        return self.lows.get(self.variant.sku.sku_id) if self.variant else None

    @property
    def reduction(self) -> Offer | None:
        """By which offer it is lowered, if not by a flash sale, which is told by itself."""
        return self.low.offer if self.low is not None and self.low.offer.flash is None else None

    @property
    def presales(self) -> Mapping[SkuId, presold.OnProduct]:
        """The presales of its variants, those that run and those that begin soon."""
        return presold.on_product(self.offers)

    @property
    def presale(self) -> presold.OnProduct | None:
        """That of the variant that is chosen, as far as it counts."""
        variant = self.variant
        found = self.presales.get(SkuId(variant.sku.sku_id)) if variant else None
        if found is None or variant is None or variant.price is None:
            return None
        return found if found.terms.whole < variant.price.amount else None

    @property
    def own_price(self) -> tuple[Offer, int] | None:
        """The lowest price of the chosen variant that the shop asks of this buyer alone, and by which offer."""
        variant = self.variant
        if variant is None or variant.price is None:
            return None
        usual = variant.price.amount
        now = self.low.price if self.low else usual
        prices = [
            (price, offer.promotion_id, offer)
            for offer in self.offers
            if offer.group_id is not None
            and (price := promotions.own_price(offer, variant.sku.sku_id, usual)) is not None
            and price < now
        ]
        return (min(prices)[2], min(prices)[0]) if prices else None

    @property
    def rating(self) -> Rating:
        return self.opinions.rating

    @property
    def about(self) -> frozenset[UUID]:
        """What the page shows, and news can tell of."""
        own = self.product
        sku_ids = [sku.sku_id for sku in own.skus]
        return frozenset([own.product_id, own.merchant_id, *own.category_path, *sku_ids]) | self.beside.about


class GonePage(msgspec.Struct, frozen=True, kw_only=True):
    """What was once for sale, and what is like it."""

    shell: Shell
    product: ProductView
    shop: ShopCard
    similar: Sequence[Hit]
    shops: Mapping[MerchantId, ShopCard]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks at which product (none: somebody who was never here), how: `given` is the address, `place` the region that
    the browser remembers; `preview`: by an address that its merchant has from us, whatever its state. What stands beside the
    product may have been read `beside_seconds` ago."""

    buyer_id: BuyerId | None
    product_id: UUID
    given: Mapping[str, str]
    place: str
    quantity: int
    preview: bool = False
    beside_seconds: float = 0


async def product_page(read: Read, asked: Asked) -> ProductPage | GonePage:
    """The product with the variant that the address chooses, else the first that can be had; or, of what is no longer
    for sale, what is like it. Raises `NotFound`."""
    product = await catalog.product(read, asked.product_id)
    once = product is not None and (product.on_sale or product.state in (*ONCE_SHOWN, ProductState.ON_SHELF))
    if product is None or not (once or asked.preview):
        raise NotFound()
    around = await shell(read, asked.buyer_id)
    shop = (await merchants.cards(read, [product.merchant_id]))[product.merchant_id]
    if not (product.on_sale or asked.preview):
        similar = await beside.similar(read, product, asked.beside_seconds)
        return GonePage(
            shell=around, product=product, shop=shop, similar=similar, shops=await beside.shops(read, similar)
        )
    choice = await choice_among(read, product, asked.given)
    place, own = await delivering.place_of(read, asked.buyer_id, asked.place)
    offers = coupons.of_product(
        await coupons.of_shop(read, product.merchant_id, asked.buyer_id), product.product_id, product.category_path
    )
    now, known = datetime.now(UTC), await rights.rules(read)
    own_entry, goods_beside = await beside.goods(read, asked.buyer_id, product, asked.beside_seconds)
    return ProductPage(
        shell=around,
        product=product,
        shop=shop,
        choice=choice,
        sold=own_entry.sold if own_entry else 0,
        promise=await _promise(read, choice, place, shop, asked.quantity),
        own_address=own,
        facts=await specifying.fact_rows(read, product, seconds=asked.beside_seconds),
        opinions=await opinions.opinions(read, asked.buyer_id, product.product_id),
        score=await beside.score(read, product.merchant_id, asked.beside_seconds),
        beside=goods_beside,
        kept=product.product_id in around.kept,
        follows=product.merchant_id in around.followed,
        offers=offers,
        articles=await coupons.articles(read, offers),
        rule=known.of(Family.NO_REASON, place.country, now),
        ship=known.promise(RuleKind.SHIP_PROMISE, now, shop.currency),
        protection=known.promise(RuleKind.PRICE_PROTECTION, now, shop.currency, product.category_path),
        free_returns=known.promise(RuleKind.FREE_RETURNS, now, shop.currency) if product.free_returns else None,
        groups=await groups.of_product(read, product.merchant_id, product.product_id),
        explained=await live.explanation(read, product.merchant_id, product.product_id),
        lows=await lowered.of_choice(read, choice, offers),
    )


async def _promise(
    read: Read, choice: Choice, place: delivering.Place, shop: ShopCard, quantity: int
) -> Promise | None:
    if choice.variant is None or choice.variant.price is None:
        return None
    shipment = Shipment(
        merchant_id=choice.product.merchant_id,
        pieces=quantity,
        weight_grams=choice.variant.sku.weight_grams * quantity,
        goods_amount=choice.variant.price.amount * quantity,
        currency=shop.currency,
    )
    return await delivering.promise(read, place, shipment)


@get(["/products/{product_id:uuid}", "/products/{product_id:uuid}/{slug:str}"])
async def product(visit: NamedDependency[Visit], product_id: FromPath[UUID], slug: FromPath[str] = "") -> Answer:
    """A product. What is chosen of its options stands in the address, so that every choice has a link. Words that it was
    called by before lead on to the address that it has now."""
    return await shared(visit, partial(_drawn, visit, product_id, slug))


async def _drawn(visit: Visit, product_id: UUID, slug: str) -> Drawn:
    given = visit.connection.query_params
    asked = Asked(
        buyer_id=visit.known_buyer_id,
        product_id=product_id,
        given=given,
        place=delivering.chosen_place(visit),
        quantity=min(max(number(given.get("quantity"), 1), 1), QUANTITY_PER_LINE_MAX),
        beside_seconds=min(beside.SECONDS, visit.settings.kept_page_seconds),
        preview=unseal(visit.settings, "preview", given.get("preview", "")) == str(product_id),
    )
    view = await visit.db.ask(product_page, asked)
    if slug and slug != view.product.slug:
        query = visit.connection.url.query
        return Drawn(answer=Redirect(seo.product_path(view.product) + (f"?{query}" if query else ""), status_code=301))
    trail = view.shell.trail(view.product.category_path)
    crumbs = [*category_crumbs(visit, trail, last_is_page=False), Crumb(view.product.title.in_language(visit.locale))]
    category = trail[-1] if trail else None
    if isinstance(view, GonePage):
        gone = await show(visit, "product_gone.html", view.shell, category=category, crumbs=crumbs, view=view)
        return Drawn(answer=gone, about=frozenset([product_id]))
    looked_at = not asked.preview and "hx-request" not in visit.connection.headers
    checkout_id, question_id, team_checkout_id = ids.mint(), ids.mint(), ids.mint()
    listed = view.choice.variants if 1 < len(view.choice.variants) <= VARIANTS_LISTED_MAX else ()
    shown = await show(
        visit,
        "product.html",
        view.shell,
        shop_id=view.product.merchant_id,
        category=category,
        crumbs=crumbs,
        flashes=[Flash(visit.say(PREVIEW), "info")] if asked.preview else (),
        view=view,
        listed=listed,
        offers=coupons.shown(visit, view.more_offers, view.articles),
        no_return=_no_return(view),
        quantity=max(asked.quantity, view.choice.least),
        limit_rules=limit_words.rules(visit, view.choice.limits),
        checkout_id=checkout_id,
        question_id=question_id,
        team_checkout_id=team_checkout_id,
        places=delivering.places(visit.locale, own=view.own_address, home_word=visit.say(N_("My default address"))),
        place_name=delivering.place_name(view.promise.place, visit.locale) if view.promise else "",
        path=f"/products/{product_id}" + (f"/{slug}" if slug else ""),
        seo=seo.product(
            visit,
            view.product,
            view.shop,
            view.for_sale,
            (view.rating.hundredths / 100, view.rating.count) if view.rating.count else None,
        ),
    )
    return Drawn(
        answer=in_a_frame(visit, shown),
        about=view.about,
        minted=[checkout_id, question_id, *([team_checkout_id] if view.groups else [])],
        lasting=_is_plenty(view.choice) and not view.groups,
        **({"note": partial(_looked_at, view.product.merchant_id, product_id)} if looked_at else {}),
    )


def _no_return(view: ProductPage) -> str:
    """Why it is not returned without a reason, where it would go; empty: it is."""
    why = view.product.no_return
    return NO_RETURNS[why] if why is not None and view.rule is not None and not view.rule.covers(why) else ""


def _is_plenty(choice: Choice) -> bool:
    """Whether the page says of no variant how many there are. Events tell of the last piece and of the first, and not of those
    between."""
    return not any(0 < each.free < PLENTY for each in choice.variants)


def _looked_at(merchant_id: MerchantId, product_id: UUID, visit: Visit) -> None:
    footfall.note(visit, Step.PRODUCT, [merchant_id], product_id)
    footprints.note(visit, merchant_id, product_id)


@post("/cart/lines")
async def put_into_cart(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Put what was chosen into the cart; `then=checkout` buys it alone, at once."""
    product_id, quantity = uuid_of(data.get("product_id")), number(data.get("quantity"), 1)
    given = {name: said(data, name) for name in data}
    if product_id is None:
        raise NotFound()
    choice = await visit.db.ask(choice_of, product_id, given)
    page = f"/products/{product_id}" + (choice.query if choice.product.options else "")
    if choice.variant is None:
        return redirect(visit, page, (visit.say(N_("This combination does not exist. Please choose another.")), "bad"))
    sku_id = SkuId(choice.variant.sku.sku_id)
    if said(data, "then") == "checkout":
        return await _buy_now(visit, choice.variant, min(max(quantity, 1), QUANTITY_PER_LINE_MAX), data)
    try:
        await visit.db.transact(cart.put, visit.buyer_id, sku_id, quantity)
    except Refusal as refusal:
        return redirect(visit, page, (visit.refused(refusal), "bad"))
    footfall.note(visit, Step.CART, [choice.product.merchant_id], product_id, quantity=quantity)
    return redirect(visit, page, (visit.say(N_("It is in your cart.")), "good"))


async def _buy_now(visit: Visit, variant: Variant, quantity: int, data: Mapping[str, Any]) -> Redirect:
    checkout_id = CheckoutId(uuid_of(data.get("checkout_id")) or ids.mint())
    assert variant.price is not None
    line = Line(line_id="1", sku_id=variant.sku.sku_id, quantity=quantity, seen_price=variant.price.amount)
    return await open_for(visit, checkout_id, [line], from_cart=False)
