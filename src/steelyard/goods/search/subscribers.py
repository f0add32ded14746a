"""Search follows what happens below: each product that an event concerns is indexed anew, once a batch."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods.catalog import CategoryChanged, ProductChanged
from steelyard.goods.inventory import AvailabilityChanged
from steelyard.goods.pricing import PricesChanged
from steelyard.goods.promotions import FlashChanged, ShelfPricesChanged
from steelyard.goods.search.model import PRODUCTS_PER_REINDEX_MAX
from steelyard.goods.search.service import mark_stale, mark_stale_in, reindex_products
from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.parties.merchants import ShopChanged


async def _products_changed(tx: Tx, changes: Sequence[ProductChanged]) -> None:
    await _reindex(tx, {(change.merchant_id, change.product_id) for change in changes})


async def _skus_changed(tx: Tx, changes: Sequence[PricesChanged | AvailabilityChanged]) -> None:
    pairs = [(change.merchant_id, sku_id) for change in changes for sku_id in change.sku_ids]
    rows = await tx.fetch(
        """
        SELECT DISTINCT s.merchant_id, s.product_id
        FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, sku_id) JOIN skus s USING (merchant_id, sku_id)
        """,
        [merchant_id for merchant_id, _ in pairs],
        [sku_id for _, sku_id in pairs],
    )
    await _reindex(tx, {(row["merchant_id"], row["product_id"]) for row in rows})


async def _flash_changed(tx: Tx, changes: Sequence[FlashChanged]) -> None:
    await _reindex(tx, {(change.merchant_id, product_id) for change in changes for product_id in change.product_ids})


async def _shelf_changed(tx: Tx, changes: Sequence[ShelfPricesChanged]) -> None:
    """Named products at once; what is lowered in whole categories, or in all of a shop, by the sweep, a part at a time."""
    await _reindex(tx, {(change.merchant_id, product_id) for change in changes for product_id in change.product_ids})
    for change in changes:
        if change.category_ids:
            await mark_stale_in(tx, change.category_ids, change.merchant_id)
    await mark_stale(tx, {change.merchant_id for change in changes if not (change.product_ids or change.category_ids)})


async def _shops_changed(tx: Tx, changes: Sequence[ShopChanged]) -> None:
    await mark_stale(tx, {change.merchant_id for change in changes})


async def _categories_changed(tx: Tx, changes: Sequence[CategoryChanged]) -> None:
    await mark_stale_in(tx, {change.category_id for change in changes})


async def _reindex(tx: Tx, products: set[tuple[UUID, UUID]]) -> None:
    keys = sorted(products, key=lambda key: (key[1], key[0]))
    for start in range(0, len(keys), PRODUCTS_PER_REINDEX_MAX):
        await reindex_products(tx, keys[start : start + PRODUCTS_PER_REINDEX_MAX])


SUBSCRIBER = Subscriber(
    "search",
    {
        ProductChanged: _products_changed,
        PricesChanged: _skus_changed,
        AvailabilityChanged: _skus_changed,
        FlashChanged: _flash_changed,
        ShelfPricesChanged: _shelf_changed,
        ShopChanged: _shops_changed,
        CategoryChanged: _categories_changed,
    },
)
