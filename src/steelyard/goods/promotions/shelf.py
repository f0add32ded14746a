"""Prices that stand on the shelf, reduced for everybody: what an article costs now by what its shop has lowered, and what it
cost least before. Pure; the questions behind it are in `lowering`."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import ProductView, SkuId
from steelyard.goods.pricing.model import LOWEST_OF_DAYS, Price
from steelyard.goods.promotions.model import Offer, OfferState, Scope, SpecialPrice
from steelyard.goods.promotions.reckoning import in_scope

_EVER = datetime.min.replace(tzinfo=UTC)
_STILL = datetime.max.replace(tzinfo=UTC)


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU, with what it costs without any offer; `categories`: that of the goods and all above it."""

    merchant_id: UUID
    sku_id: UUID
    product_id: UUID
    categories: Sequence[UUID]
    currency: str
    usual: int


def articles_of(product: ProductView, prices: Mapping[SkuId, Price]) -> list[Article]:
    """The variants of a product that have a price."""
    return [
        Article(
            merchant_id=product.merchant_id,
            sku_id=sku.sku_id,
            product_id=product.product_id,
            categories=product.category_path,
            currency=prices[sku.sku_id].currency,
            usual=prices[sku.sku_id].amount,
        )
        for sku in product.skus
        if sku.sku_id in prices
    ]


class Lowered(msgspec.Struct, frozen=True, kw_only=True):
    """What an article costs now, by which offer, and the lowest that it cost in the 30 days before that began."""

    offer: Offer
    price: int
    lowest: int | None = None

    @property
    def was(self) -> int | None:
        """What is struck out beside it, if anything: never more than it cost at least before."""
        return self.lowest if self.lowest is not None and self.lowest > self.price else None


class Was(msgspec.Struct, frozen=True, kw_only=True):
    """What a SKU cost until a moment, without any offer."""

    sku_id: UUID
    until: datetime
    amount: int


class Stood(msgspec.Struct, frozen=True, kw_only=True):
    """A price that stood on the shelf: of a flash sale's SKU, or of all that is in its scope."""

    merchant_id: UUID
    rule: SpecialPrice
    scope: Scope
    sku_id: UUID | None
    starts_at: datetime
    until: datetime


def stands(offer: Offer, at: datetime) -> bool:
    """Whether its price is everybody's at this moment: a shop's reduction, or a flash sale of which pieces are left."""
    if offer.flash is not None:
        return offer.flash.presale is None and offer.flash.left > 0 and offer.state(at) is OfferState.RUNNING
    return offer.shelf and offer.state(at) is OfferState.RUNNING


def lowered(article: Article, offers: Collection[Offer], at: datetime) -> Lowered | None:
    """The lowest price that stands on the shelf for this article, as `reckoning` finds it; none where the usual price does."""
    found = min(
        (
            (offer.rule.of(article.sku_id, article.usual), offer.promotion_id, offer)
            for offer in offers
            if isinstance(offer.rule, SpecialPrice)
            and offer.merchant_id == article.merchant_id
            and offer.currency == article.currency
            and stands(offer, at)
            and (offer.flash is None or offer.flash.sku_id == article.sku_id)
            and in_scope(offer.scope, article.product_id, article.categories)
        ),
        key=lambda each: each[:2],
        default=None,
    )
    return Lowered(offer=found[2], price=found[0]) if found is not None and found[0] < article.usual else None


def lowest_before(article: Article, was: Sequence[Was], stood: Collection[Stood], at: datetime) -> int:
    """The lowest that stood on the shelf for this article in the `LOWEST_OF_DAYS` days before a moment: of its own prices, and
    of what the shop's offers made of each of them while it was asked. `was` is of the article, in the order of time.

    Source: Directive 98/6/EC, article 6a (the EU's "Omnibus" rules): the prior price is the lowest of 30 days at least.
    """
    return min(_shown(article, was, stood, at), default=article.usual)


def _shown(article: Article, was: Sequence[Was], stood: Collection[Stood], at: datetime) -> Iterator[int]:
    since, began = at - timedelta(days=LOWEST_OF_DAYS), _EVER
    mine = [
        each
        for each in stood
        if each.merchant_id == article.merchant_id
        and each.sku_id in (None, article.sku_id)
        and in_scope(each.scope, article.product_id, article.categories)
    ]
    for until, amount in [*((each.until, each.amount) for each in was), (_STILL, article.usual)]:
        if began < at and until > since:
            yield amount
            first, last = max(began, since), min(until, at)
            yield from (
                each.rule.of(article.sku_id, amount) for each in mine if each.starts_at < last and each.until > first
            )
        began = until
