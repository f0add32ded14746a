"""Coupons: those that lie open in all shops, those of the buyer, and taking one; and what a shop offers, on its pages."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from steelyard.goods import catalog, promotions
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.promotions.model import PLATFORM, Bundle, Coupon, Offer
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.me import buyer_of
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import said, uuid_of
from steelyard.surfaces.web import offers as words
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.visit import Visit

COUPONS = "/coupons"
OFFERS_SHOWN = 6


class CouponsPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    mine: Sequence[Coupon]
    open: Sequence[Coupon]
    shops: Mapping[MerchantId, ShopCard]


class ShopOffer(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop offers everybody, in words; `claim`: it has to be claimed first, which a button does. `articles`: what is
    given, or sold together (`together`), and how many pieces of it."""

    offer: Offer
    words: str
    claim: bool
    articles: Sequence[tuple[SkuCard, int]] = ()

    @property
    def together(self) -> bool:
        return isinstance(self.offer.rule, Bundle)


async def coupons_page(read: Read, buyer_id: BuyerId) -> CouponsPage:
    mine = await promotions.coupons_of(read, buyer_id)
    lie_open = await promotions.claimed_by(read, buyer_id, await promotions.to_claim(read))
    return CouponsPage(
        shell=await shell(read, buyer_id),
        mine=mine,
        open=lie_open,
        shops=await merchants.cards(read, {each.offer.merchant_id for each in (*mine, *lie_open)}),
    )


@get(COUPONS)
async def coupon_centre(visit: NamedDependency[Visit]) -> Response[str]:
    """What can be claimed, and what the buyer has."""
    view = await visit.db.ask(coupons_page, visit.buyer_id)
    return await show(
        visit,
        "coupons.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("Coupons")))],
        view=view,
        words=words.told(visit, [each.offer for each in (*view.mine, *view.open)]),
        now=datetime.now(UTC),
    )


@post(f"{COUPONS}/claim")
async def claim(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Take a coupon, and go back to where it lay. Whoever is not signed in signs in first: a coupon is a person's."""
    merchant_id, promotion_id = uuid_of(data.get("merchant_id")), uuid_of(data.get("promotion_id"))
    back = local_path(said(data, "return_to"), COUPONS)
    if merchant_id is None or promotion_id is None:
        raise NotFound()
    _, buyer_id = buyer_of(visit)
    try:
        await visit.db.transact(promotions.claim, buyer_id, merchant_id, promotion_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, back, (visit.refused(refusal), "info"))
    return redirect(visit, back, (visit.say(N_("The coupon is yours. It counts by itself at the checkout.")), "good"))


async def of_shop(read: Read, merchant_id: MerchantId, buyer_id: BuyerId | None) -> list[Offer]:
    """What a shop, and the platform for it, offers this buyer (none: everybody) at this moment, and its flash sales, those to
    come too: see `usual`."""
    now = datetime.now(UTC)
    offered = await promotions.running(read, [merchant_id])
    of_platform = [
        each for each in offered.get(PLATFORM, ()) if not each.scope.shops or merchant_id in each.scope.shops
    ]
    found = [
        offer
        for offer in [*offered.get(merchant_id, ()), *of_platform]
        if offer.flash is not None
        or (offer.starts_at <= now and offer.code is None and not (offer.gone or offer.given))
    ]
    grouped = {(offer.merchant_id, offer.group_id) for offer in found if offer.group_id is not None}
    mine: frozenset[UUID] = frozenset()
    if buyer_id is not None:
        mine = (await promotions.groups_of(read, [buyer_id], grouped)).get(buyer_id, mine)
    return [offer for offer in found if offer.group_id is None or offer.group_id in mine]


def usual(offers: Sequence[Offer]) -> list[Offer]:
    """Without flash sales, which are shown by themselves."""
    return [offer for offer in offers if offer.flash is None]


def of_product(offers: Sequence[Offer], product_id: UUID, path: Sequence[UUID]) -> list[Offer]:
    return [offer for offer in offers if promotions.in_scope(offer.scope, product_id, path)]


async def articles(read: Read, offers: Sequence[Offer]) -> Mapping[SkuId, SkuCard]:
    """What these offers give, or sell together. Where they do neither, nothing is asked."""
    wanted = sorted({sku_id for offer in usual(offers) for sku_id in promotions.named(offer.rule)})
    return await catalog.cards(read, wanted) if wanted else {}


def shown(visit: Visit, offers: Sequence[Offer], cards: Mapping[SkuId, SkuCard] | None = None) -> list[ShopOffer]:
    known = cards or {}
    return [
        ShopOffer(
            offer=offer,
            words=words.rule_words(visit, offer.rule, offer.currency),
            claim=offer.coupon,
            articles=[(known[each], n) for each, n in promotions.named(offer.rule).items() if each in known],
        )
        for offer in usual(offers)[:OFFERS_SHOWN]
    ]


HANDLERS = [coupon_centre, claim]
