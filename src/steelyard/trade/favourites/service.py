"""Commands on favourites and footprints."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods import catalog
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.favourites.model import (
    FOOTPRINTS_PER_BATCH_MAX,
    FOOTPRINTS_PER_BUYER_MAX,
    PRODUCTS_PER_BUYER_MAX,
    SHOPS_PER_BUYER_MAX,
    FavouritesFull,
    Footprint,
    PastFavourite,
    PastFootprint,
)


async def keep_product(tx: Tx, buyer_id: BuyerId, product_id: UUID) -> None:
    """Keep a product in mind, with the price it has now. Said twice, the first counts. Raises `NotFound`,
    `FavouritesFull`."""
    product = await catalog.product(tx, product_id)
    if product is None or not product.on_sale:
        raise NotFound()
    kept = await tx.execute(
        """
        INSERT INTO favourite_products (buyer_id, product_id, merchant_id, kept_price, currency, kept_in_stock)
        SELECT $1::uuid, $2::uuid, $3::uuid, e.price, e.currency, coalesce(e.in_stock, false)
        FROM (SELECT) one
        LEFT JOIN search_entries e ON e.merchant_id = $3 AND e.product_id = $2
        WHERE (SELECT count(*) FROM favourite_products WHERE buyer_id = $1 AND product_id <> $2) < $4
        ON CONFLICT (buyer_id, product_id) DO NOTHING
        """,
        buyer_id,
        product_id,
        product.merchant_id,
        PRODUCTS_PER_BUYER_MAX,
    )
    known = kept or await tx.value(
        "SELECT 1 FROM favourite_products WHERE buyer_id = $1 AND product_id = $2", buyer_id, product_id
    )
    if not known:
        raise FavouritesFull(limit=PRODUCTS_PER_BUYER_MAX)


async def drop_products(tx: Tx, buyer_id: BuyerId, product_ids: Sequence[UUID]) -> None:
    """Keep these in mind no longer."""
    await tx.execute(
        "DELETE FROM favourite_products WHERE buyer_id = $1 AND product_id = ANY($2)", buyer_id, list(product_ids)
    )


async def keep_shop(tx: Tx, buyer_id: BuyerId, merchant_id: MerchantId) -> None:
    """Follow a shop. Said twice, the first counts. Raises `NotFound`, `FavouritesFull`."""
    if not await merchants.cards(tx, [merchant_id]):
        raise NotFound()
    kept = await tx.execute(
        """
        INSERT INTO favourite_shops (buyer_id, merchant_id)
        SELECT $1::uuid, $2::uuid
        WHERE (SELECT count(*) FROM favourite_shops WHERE buyer_id = $1 AND merchant_id <> $2) < $3
        ON CONFLICT (buyer_id, merchant_id) DO NOTHING
        """,
        buyer_id,
        merchant_id,
        SHOPS_PER_BUYER_MAX,
    )
    known = kept or await tx.value(
        "SELECT 1 FROM favourite_shops WHERE buyer_id = $1 AND merchant_id = $2", buyer_id, merchant_id
    )
    if not known:
        raise FavouritesFull(limit=SHOPS_PER_BUYER_MAX)


async def drop_shop(tx: Tx, buyer_id: BuyerId, merchant_id: MerchantId) -> None:
    """Follow a shop no longer."""
    await tx.execute("DELETE FROM favourite_shops WHERE buyer_id = $1 AND merchant_id = $2", buyer_id, merchant_id)


async def leave_footprints(tx: Tx, seen: Sequence[Footprint]) -> int:
    """Somebody looked at these; who switched footprints off leaves none. What goes beyond the limit of one buyer is
    forgotten, the oldest first. Returns how many were left."""
    assert len(seen) <= FOOTPRINTS_PER_BATCH_MAX
    once = sorted({(each.buyer_id, each.product_id): each for each in seen}.items())
    left = await tx.execute(
        """
        INSERT INTO footprints AS f (buyer_id, product_id, merchant_id)
        SELECT n.buyer_id, n.product_id, n.merchant_id
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS n (buyer_id, product_id, merchant_id)
        WHERE NOT EXISTS (SELECT FROM footprints_off o WHERE o.buyer_id = n.buyer_id)
        ORDER BY n.buyer_id, n.product_id
        ON CONFLICT (buyer_id, product_id) DO UPDATE SET seen_at = excluded.seen_at
        """,
        [each.buyer_id for _, each in once],
        [each.product_id for _, each in once],
        [each.merchant_id for _, each in once],
    )
    await tx.execute(
        """
        DELETE FROM footprints f USING (
            SELECT b.buyer_id, o.product_id FROM unnest($1::uuid[]) AS b (buyer_id) CROSS JOIN LATERAL (
                SELECT product_id FROM footprints WHERE buyer_id = b.buyer_id
                ORDER BY seen_at DESC, product_id DESC OFFSET $2 LIMIT 50) o
        ) old
        WHERE f.buyer_id = old.buyer_id AND f.product_id = old.product_id
        """,
        sorted({each.buyer_id for each in seen}),
        FOOTPRINTS_PER_BUYER_MAX,
    )
    return left


async def wipe_footprints(tx: Tx, buyer_id: BuyerId, product_ids: Sequence[UUID] | None = None) -> None:
    """Forget that somebody looked at these; without a list, at anything."""
    await tx.execute(
        "DELETE FROM footprints WHERE buyer_id = $1 AND ($2::uuid[] IS NULL OR product_id = ANY($2))",
        buyer_id,
        None if product_ids is None else list(product_ids),
    )


async def switch_footprints(tx: Tx, buyer_id: BuyerId, *, on: bool) -> None:
    """Whether what somebody looks at is remembered. Switched off, what was remembered is forgotten too."""
    if on:
        await tx.execute("DELETE FROM footprints_off WHERE buyer_id = $1", buyer_id)
        return
    await tx.execute("INSERT INTO footprints_off (buyer_id) VALUES ($1) ON CONFLICT DO NOTHING", buyer_id)
    await wipe_footprints(tx, buyer_id)


async def merge(tx: Tx, visitor_id: BuyerId, buyer_id: BuyerId) -> None:
    """Who signs in finds what they kept and looked at as a visitor beside what was there. Of a product kept twice, the
    earlier counts; who has switched footprints off takes none over."""
    if visitor_id == buyer_id:
        return
    await tx.execute(
        """
        WITH taken AS (DELETE FROM favourite_products WHERE buyer_id = $1 RETURNING *)
        INSERT INTO favourite_products AS f (buyer_id, product_id, merchant_id, kept_price, currency, kept_in_stock
                                           , kept_at)
        SELECT $2, product_id, merchant_id, kept_price, currency, kept_in_stock, kept_at FROM taken
        ON CONFLICT (buyer_id, product_id) DO NOTHING
        """,
        visitor_id,
        buyer_id,
    )
    await tx.execute(
        """
        WITH taken AS (DELETE FROM favourite_shops WHERE buyer_id = $1 RETURNING *)
        INSERT INTO favourite_shops (buyer_id, merchant_id, kept_at) SELECT $2, merchant_id, kept_at FROM taken
        ON CONFLICT (buyer_id, merchant_id) DO NOTHING
        """,
        visitor_id,
        buyer_id,
    )
    await tx.execute(
        """
        WITH taken AS (DELETE FROM footprints WHERE buyer_id = $1 RETURNING *)
        INSERT INTO footprints AS f (buyer_id, product_id, merchant_id, seen_at)
        SELECT $2, product_id, merchant_id, seen_at FROM taken
        WHERE NOT EXISTS (SELECT FROM footprints_off WHERE buyer_id = $2)
        ON CONFLICT (buyer_id, product_id) DO UPDATE SET seen_at = greatest(f.seen_at, excluded.seen_at)
        """,
        visitor_id,
        buyer_id,
    )
    await tx.execute("DELETE FROM footprints_off WHERE buyer_id = $1", visitor_id)


async def bulk_remember(
    tx: Tx, kept: Sequence[PastFavourite], followed: Sequence[tuple[UUID, UUID]], seen: Sequence[PastFootprint]
) -> None:
    """The bulk path: favourites, followed shops as (buyer, merchant), and footprints of people who have none yet."""
    columns = ("buyer_id", "product_id", "merchant_id", "kept_price", "currency", "kept_in_stock", "kept_at")
    await tx.copy("favourite_products", columns, [tuple(getattr(each, name) for name in columns) for each in kept])
    await tx.copy("favourite_shops", ("buyer_id", "merchant_id"), followed)
    steps = ("buyer_id", "product_id", "merchant_id", "seen_at")
    await tx.copy("footprints", steps, [tuple(getattr(each, name) for name in steps) for each in seen])


async def forget(tx: Tx, buyers: Sequence[BuyerId]) -> None:
    """Take out all that these buyers keep and looked at: for who wants to be forgotten."""
    await tx.execute("DELETE FROM favourite_products WHERE buyer_id = ANY($1)", list(buyers))
    await tx.execute("DELETE FROM favourite_shops WHERE buyer_id = ANY($1)", list(buyers))
    await tx.execute("DELETE FROM footprints WHERE buyer_id = ANY($1)", list(buyers))
    await tx.execute("DELETE FROM footprints_off WHERE buyer_id = ANY($1)", list(buyers))
