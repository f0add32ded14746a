"""Pages as they are shown now, as they are being put together, and as they were."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods import search
from steelyard.goods.search.model import Hit
from steelyard.kernel.db import Read
from steelyard.operations.merchandising.model import (
    GOODS_MAX,
    PRODUCTS_PER_SHOP_CATEGORY_MAX,
    SHOP_CATEGORIES_MAX,
    TOPIC,
    TOPICS_MAX,
    VERSIONS_SHOWN,
    Draft,
    ShopCategory,
    ShopCategoryId,
    Version,
)


async def shown(read: Read, owner_id: UUID, page: str) -> Version | None:
    """The version that is shown at this moment."""
    return await read.one(
        Version,
        """
        SELECT version, title, blocks, shown_from, withdrawn_at, made_at, by FROM page_versions
        WHERE owner_id = $1 AND page = $2 AND withdrawn_at IS NULL AND shown_from <= now()
        ORDER BY shown_from DESC, version DESC LIMIT 1
        """,
        owner_id,
        page,
    )


async def version(read: Read, owner_id: UUID, page: str, number: int) -> Version | None:
    """One version, shown or not."""
    return await read.one(
        Version,
        """
        SELECT version, title, blocks, shown_from, withdrawn_at, made_at, by FROM page_versions
        WHERE owner_id = $1 AND page = $2 AND version = $3
        """,
        owner_id,
        page,
        number,
    )


async def draft(read: Read, owner_id: UUID, page: str) -> Draft:
    """The page as it is being put together; what is shown, where nobody has begun."""
    begun = await read.one(
        Draft, "SELECT title, blocks, changed_at FROM page_drafts WHERE owner_id = $1 AND page = $2", owner_id, page
    )
    if begun is not None:
        return begun
    now = await shown(read, owner_id, page)
    return Draft(title=now.title, blocks=now.blocks) if now else Draft()


async def versions(read: Read, owner_id: UUID, page: str) -> list[Version]:
    """The last versions, the newest first."""
    return await read.all(
        Version,
        """
        SELECT version, title, blocks, shown_from, withdrawn_at, made_at, by FROM page_versions
        WHERE owner_id = $1 AND page = $2 ORDER BY version DESC LIMIT $3
        """,
        owner_id,
        page,
        VERSIONS_SHOWN,
    )


async def topics(read: Read, owner_id: UUID) -> list[str]:
    """The addresses of the topics that somebody has begun."""
    rows = await read.fetch(
        "SELECT page FROM page_drafts WHERE owner_id = $1 AND page LIKE 'topic:%' ORDER BY page LIMIT $2",
        owner_id,
        TOPICS_MAX,
    )
    return [row["page"].removeprefix(TOPIC) for row in rows]


async def shop_categories(read: Read, merchant_id: UUID) -> list[ShopCategory]:
    """A shop's own categories in their order, with how many goods each has."""
    return await read.all(
        ShopCategory,
        """
        SELECT c.shop_category_id, c.name, c.place
             , (SELECT count(*) FROM shop_category_products p
                WHERE p.merchant_id = c.merchant_id AND p.shop_category_id = c.shop_category_id)::integer AS products
        FROM shop_categories c WHERE c.merchant_id = $1 ORDER BY c.place, c.shop_category_id LIMIT $2
        """,
        merchant_id,
        SHOP_CATEGORIES_MAX,
    )


async def products_of(read: Read, merchant_id: UUID, shop_category_id: ShopCategoryId) -> list[UUID]:
    """The goods of a shop's own category in their order, whether or not they are on the shelf."""
    rows = await read.fetch(
        """
        SELECT product_id FROM shop_category_products WHERE merchant_id = $1 AND shop_category_id = $2
        ORDER BY place, product_id LIMIT $3
        """,
        merchant_id,
        shop_category_id,
        PRODUCTS_PER_SHOP_CATEGORY_MAX,
    )
    return [row["product_id"] for row in rows]


async def chosen(read: Read, products: Sequence[UUID]) -> list[Hit]:
    """Cards of these products in this order; those that are not on the shelf are left out."""
    rows = await read.fetch(
        """
        SELECT p.merchant_id, p.product_id FROM unnest($1::uuid[]) WITH ORDINALITY AS k (product_id, place)
        JOIN products p USING (product_id) ORDER BY k.place
        """,
        list(products[:GOODS_MAX]),
    )
    return await search.cards(read, [(row["merchant_id"], row["product_id"]) for row in rows])
