"""What speaks against an offer, asked of all that is offered: promotions, sessions, and prices for teams."""

from collections.abc import Collection
from uuid import UUID

from steelyard.goods import promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions.model import Conflict, Level, NewFlash, Promotion, PromotionId, Scope, SpecialPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.text import text
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import groups
from steelyard.trade.groups.model import NewOffer
from steelyard.trade.groups.model import Offer as TeamOffer

TEAM = text("拼团", "Group buying")


async def against(read: Read, offered: Promotion, sku_ids: Collection[UUID] | None = None) -> list[Conflict]:
    """What speaks against this offer, for its dearest articles (or for those of `sku_ids`)."""
    shops = [offered.merchant_id] if offered.merchant_id is not None else sorted(offered.scope.shops) or None
    teams = await groups.between(read, shops, offered.starts_at, offered.ends_at)
    return await promotions.speaks_against(
        read, offered, sku_ids, teams=[team_price(each, each.currency) for each in teams]
    )


def team_price(offer: NewOffer | TeamOffer, currency: str) -> Promotion:
    """The prices for a team as promotions know prices."""
    return Promotion(
        promotion_id=PromotionId(offer.offer_id),
        name=TEAM,
        rule=SpecialPrice(prices={SkuId(sku_id): price for sku_id, price in offer.prices.items()}),
        scope=Scope(products=frozenset([offer.product_id])),
        currency=currency,
        starts_at=offer.starts_at,
        ends_at=offer.ends_at,
        merchant_id=MerchantId(offer.merchant_id),
        team=True,
    )


async def against_team(read: Read, wanted: NewOffer, currency: str) -> list[Conflict]:
    """What is to be looked at before these prices are offered to teams. What cannot be at all is said by the command, as that
    the product is offered to other teams at the same time."""
    found = await promotions.speaks_against(read, team_price(wanted, currency), list(wanted.prices))
    return [each for each in found if each.level is Level.WARNING]


async def against_session(read: Read, wanted: NewFlash, currency: str, *, again: bool = False) -> list[Conflict]:
    """What is to be looked at before a flash sale, or a presale, is planned (or, `again`, planned otherwise). What cannot be
    at all is said by the command, beside its row."""
    found: list[Conflict] = []
    # A second click is about one that is planned already.
    if not again and await promotions.session(read, wanted.merchant_id, wanted.session_id) is not None:
        return found
    for item in wanted.items:
        offered = Promotion(
            promotion_id=PromotionId(ids.derived(wanted.session_id, str(item.sku_id))),
            name=wanted.name,
            rule=SpecialPrice(prices={item.sku_id: item.whole}),
            currency=currency,
            starts_at=wanted.starts_at,
            ends_at=wanted.ends_at,
            merchant_id=wanted.merchant_id,
            limited=True,
            alone=wanted.terms is not None,
        )
        found += await against(read, offered, [item.sku_id])
    return [each for each in found if each.level is Level.WARNING]
