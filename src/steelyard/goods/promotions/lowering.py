"""Prices that stand on the shelf, asked of the house: what is lowered now, and what stood there before; and the news of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.goods.pricing.model import LOWEST_OF_DAYS
from steelyard.goods.promotions.events import ShelfPricesChanged
from steelyard.goods.promotions.model import Offer, Scope
from steelyard.goods.promotions.queries import OFFERS_PER_SHOP_MAX, shelving
from steelyard.goods.promotions.shelf import Article, Lowered, Stood, Was, lowered, lowest_before
from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx

OFFERS_PER_SWEEP = 50
STOOD_MAX = 5_000


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A reduction of which there is news, and for which goods it is."""

    merchant_id: UUID
    promotion_id: UUID
    scope: Scope


class _Before(msgspec.Struct, frozen=True, kw_only=True):
    was: list[Was]
    stood: list[Stood]
    made: dict[UUID, datetime]


async def lowered_prices(read: Read, articles: Collection[Article], *, flash: bool = True) -> dict[UUID, Lowered]:
    """What these cost now, by their SKU, where that is less than usual, with or without flash sales; with the lowest before.
    Where none of the shops has lowered anything, nothing is asked. Never asked as one merchant."""
    some = await shelving(read)
    return await lowered_now(read, [each for each in articles if each.merchant_id in some], flash=flash)


async def lowered_now(read: Read, articles: Collection[Article], *, flash: bool = True) -> dict[UUID, Lowered]:
    """The same without what is remembered of who lowers anything: for what is written down from it, and for one merchant."""
    if not articles:
        return {}
    found = await on_shelf(read, {each.merchant_id for each in articles})
    offers = [each for each in found if flash or each.flash is None]
    if not offers:
        return {}
    at, by_shop = datetime.now(UTC), _by_shop(offers)
    lows = {
        each.sku_id: (each, price)
        for each in articles
        if (price := lowered(each, by_shop.get(each.merchant_id, ()), at)) is not None
    }
    return await with_lowest(read, list(lows.values()))


async def with_lowest(read: Read, found: Sequence[tuple[Article, Lowered]]) -> dict[UUID, Lowered]:
    """These, by their SKU, with the lowest that each cost in the 30 days before what lowers it began: one question for all."""
    low = await lowest_of(
        read, [(article, price.offer.promotion_id, price.offer.starts_at) for article, price in found]
    )
    return {article.sku_id: msgspec.structs.replace(price, lowest=low[article.sku_id]) for article, price in found}


async def lowest_of(read: Read, wanted: Sequence[tuple[Article, UUID, datetime]]) -> dict[UUID, int]:
    """By SKU, the lowest that each cost in the 30 days before the promotion beside it begins, or began: when it was made,
    whatever earlier moment its shop wrote down. What was stopped before it began never stood."""
    if not wanted:
        return {}
    articles = [article for article, _, _ in wanted]
    before = await read.one(
        _Before,
        """
        SELECT coalesce((
            SELECT jsonb_agg(jsonb_build_object('sku_id', h.sku_id, 'until', h.until, 'amount', h.amount) ORDER BY h.until)
            FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS k (merchant_id, sku_id, currency)
            JOIN price_history h USING (merchant_id, sku_id, currency) WHERE h.until > $4), '[]') AS was
             , coalesce((
            SELECT jsonb_agg(s) FROM (
                SELECT p.merchant_id, p.rule, p.scope, p.sku_id, greatest(p.starts_at, p.created_at) AS starts_at
                     , least(p.ends_at, p.stopped_at) AS until
                FROM promotions p
                WHERE p.merchant_id = ANY($5) AND (p.shelf OR p.session_id IS NOT NULL) AND p.ends_at > $4 AND p.presale IS NULL
                  AND p.only_source IS NULL
                  AND p.starts_at < now() AND greatest(p.starts_at, p.created_at) < least(p.ends_at, p.stopped_at)
                ORDER BY p.ends_at DESC LIMIT $6) s), '[]') AS stood
             , coalesce((
            SELECT jsonb_object_agg(p.promotion_id, p.created_at) FROM promotions p
            WHERE p.merchant_id = ANY($5) AND p.promotion_id = ANY($7)), '{}') AS made
        """,
        [each.merchant_id for each in articles],
        [each.sku_id for each in articles],
        [each.currency for each in articles],
        min(starts_at for _, _, starts_at in wanted) - timedelta(days=LOWEST_OF_DAYS),
        list({each.merchant_id for each in articles}),
        STOOD_MAX,
        list({promotion_id for _, promotion_id, _ in wanted}),
    )
    assert before is not None
    was: dict[UUID, list[Was]] = {}
    for each in before.was:
        was.setdefault(each.sku_id, []).append(each)
    stood: dict[UUID, list[Stood]] = {}
    for each in before.stood:
        stood.setdefault(each.merchant_id, []).append(each)
    return {
        article.sku_id: lowest_before(
            article,
            was.get(article.sku_id, []),
            stood.get(article.merchant_id, []),
            max(starts_at, before.made.get(promotion_id, starts_at)),
        )
        for article, promotion_id, starts_at in wanted
    }


def _by_shop(offers: Sequence[Offer]) -> Mapping[UUID, list[Offer]]:
    by_shop: dict[UUID, list[Offer]] = {}
    for each in offers:
        by_shop.setdefault(each.merchant_id, []).append(each)
    return by_shop


async def on_shelf(read: Read, merchant_ids: Collection[UUID]) -> list[Offer]:
    """What these shops have lowered for everybody at this moment, and their flash sales of which pieces are left."""
    return await read.all(
        Offer,
        """
        SELECT merchant_id, promotion_id, name, rule, scope, currency, starts_at, ends_at, shelf
             , CASE WHEN session_id IS NOT NULL THEN
                   jsonb_build_object('session_id', session_id, 'sku_id', sku_id, 'pieces', pieces, 'taken', taken) END AS flash
        FROM promotions
        WHERE merchant_id = ANY($1) AND (shelf OR session_id IS NOT NULL) AND ends_at > now() AND starts_at <= now()
          AND stopped_at IS NULL AND presale IS NULL AND only_source IS NULL AND returned_at IS NULL
          AND (pieces IS NULL OR taken < pieces)
        ORDER BY merchant_id, promotion_id LIMIT $2
        """,
        list(merchant_ids),
        OFFERS_PER_SHOP_MAX * len(merchant_ids),
    )


async def show_due(tx: Tx) -> int:
    """Announce the reductions that have begun; returns how many. They count by the clock, whether this is done or not."""
    told = await tx.all(
        Told,
        """
        UPDATE promotions SET shown_at = now() WHERE (merchant_id, promotion_id) IN (
            SELECT merchant_id, promotion_id FROM promotions
            WHERE shelf AND shown_at IS NULL AND hidden_at IS NULL AND starts_at <= now()
            ORDER BY starts_at LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING merchant_id, promotion_id, scope
        """,
        OFFERS_PER_SWEEP,
    )
    await announce(tx, told)
    return len(told)


async def hide_due(tx: Tx) -> int:
    """Announce the reductions that are over; returns how many."""
    told = await tx.all(
        Told,
        """
        UPDATE promotions SET hidden_at = now() WHERE (merchant_id, promotion_id) IN (
            SELECT merchant_id, promotion_id FROM promotions
            WHERE shelf AND shown_at IS NOT NULL AND hidden_at IS NULL AND ends_at <= now()
            ORDER BY ends_at LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING merchant_id, promotion_id, scope
        """,
        OFFERS_PER_SWEEP,
    )
    await announce(tx, told)
    return len(told)


async def announce(tx: Tx, told: Sequence[Told]) -> None:
    """Tell which goods may have another price now."""
    await events.publish(
        tx,
        *(
            ShelfPricesChanged(
                merchant_id=each.merchant_id,
                promotion_id=each.promotion_id,
                product_ids=sorted(each.scope.products),
                category_ids=sorted(each.scope.categories),
            )
            for each in sorted(told, key=lambda each: (each.merchant_id, each.promotion_id))
        ),
    )
