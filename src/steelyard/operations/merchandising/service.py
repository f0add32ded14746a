"""Putting pages together: a draft that is changed block by block, and versions that are published, wait or are taken back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.merchandising.model import (
    BLOCKS_MAX,
    PRODUCTS_PER_SHOP_CATEGORY_MAX,
    SHOP_CATEGORIES_MAX,
    Block,
    Draft,
    ShopCategoryId,
)
from steelyard.operations.merchandising.queries import shown


async def _held(tx: Tx, owner_id: UUID, page: str, by: str) -> Draft:
    """The draft, locked; begun when nobody had begun, with what is shown now."""
    await tx.execute(
        """
        INSERT INTO page_drafts (owner_id, page, title, blocks, by)
        SELECT $1, $2, coalesce(v.title, '{}'), coalesce(v.blocks, '[]'), $3
        FROM (SELECT) one LEFT JOIN LATERAL (
            SELECT title, blocks FROM page_versions
            WHERE owner_id = $1 AND page = $2 AND withdrawn_at IS NULL AND shown_from <= now()
            ORDER BY shown_from DESC, version DESC LIMIT 1) v ON true
        ON CONFLICT (owner_id, page) DO NOTHING
        """,
        owner_id,
        page,
        by,
    )
    draft = await tx.one(
        Draft,
        "SELECT title, blocks, changed_at FROM page_drafts WHERE owner_id = $1 AND page = $2 FOR UPDATE",
        owner_id,
        page,
    )
    assert draft is not None
    return draft


async def _write(tx: Tx, owner_id: UUID, page: str, blocks: Sequence[Block], by: str) -> None:
    if len(blocks) > BLOCKS_MAX:
        raise Invalid({"kind": N_("A page has a limited number of blocks; please remove one first")})
    await tx.execute(
        "UPDATE page_drafts SET blocks = $3, by = $4, changed_at = now() WHERE owner_id = $1 AND page = $2",
        owner_id,
        page,
        list(blocks),
        by,
    )


async def begin(tx: Tx, owner_id: UUID, page: str, blocks: Sequence[Block], by: str) -> None:
    """Begin a draft with these blocks, where there is none and nothing was published. Said twice, nothing changes."""
    draft = await _held(tx, owner_id, page, by)
    if not draft.blocks:
        await _write(tx, owner_id, page, blocks, by)


async def save_block(tx: Tx, owner_id: UUID, page: str, block: Block, by: str) -> Block | None:
    """Put a block at the end of the draft, or say it anew where it stands; returns what it was. Raises `Invalid`."""
    draft = await _held(tx, owner_id, page, by)
    known = {each.block_id: each for each in draft.blocks}
    changed = [block if each.block_id == block.block_id else each for each in draft.blocks]
    await _write(tx, owner_id, page, changed if block.block_id in known else [*changed, block], by)
    return known.get(block.block_id)


async def remove_block(tx: Tx, owner_id: UUID, page: str, block_id: UUID, by: str) -> Block | None:
    """Take a block out of the draft; returns what it was. Said twice, nothing changes."""
    draft = await _held(tx, owner_id, page, by)
    await _write(tx, owner_id, page, [each for each in draft.blocks if each.block_id != block_id], by)
    return next((each for each in draft.blocks if each.block_id == block_id), None)


async def order_blocks(tx: Tx, owner_id: UUID, page: str, wanted: Sequence[UUID], by: str) -> None:
    """The blocks in this order; those that are not named come after, as they stood."""
    place = {block_id: at for at, block_id in enumerate(wanted)}
    await _reorder(
        tx, owner_id, page, by, lambda blocks: sorted(blocks, key=lambda b: place.get(b.block_id, len(place)))
    )


async def move_block(tx: Tx, owner_id: UUID, page: str, block_id: UUID, step: int, by: str) -> None:
    """A block goes up (-1) or down (1) by one place; at the end it stays."""

    def moved(blocks: list[Block]) -> list[Block]:
        at = next((at for at, each in enumerate(blocks) if each.block_id == block_id), None)
        if at is None or not 0 <= at + step < len(blocks):
            return blocks
        blocks[at], blocks[at + step] = blocks[at + step], blocks[at]
        return blocks

    await _reorder(tx, owner_id, page, by, moved)


async def _reorder(tx: Tx, owner_id: UUID, page: str, by: str, ordered: Callable[[list[Block]], list[Block]]) -> None:
    draft = await _held(tx, owner_id, page, by)
    await _write(tx, owner_id, page, ordered(list(draft.blocks)), by)


async def name_page(tx: Tx, owner_id: UUID, page: str, title: Text, by: str) -> None:
    """Give the draft a title; topics have one."""
    await _held(tx, owner_id, page, by)
    await tx.execute(
        "UPDATE page_drafts SET title = $3, by = $4, changed_at = now() WHERE owner_id = $1 AND page = $2",
        owner_id,
        page,
        title,
        by,
    )


async def publish(tx: Tx, owner_id: UUID, page: str, by: str, shown_from: datetime | None = None) -> int:
    """Show the draft from now on, or from an hour to come; returns the version's number."""
    draft = await _held(tx, owner_id, page, by)
    return await tx.value(
        """
        INSERT INTO page_versions (owner_id, page, version, title, blocks, shown_from, by)
        SELECT $1, $2, 1 + coalesce((SELECT max(version) FROM page_versions WHERE owner_id = $1 AND page = $2), 0)
             , $3, $4, greatest($5::timestamptz, now()), $6
        RETURNING version
        """,
        owner_id,
        page,
        draft.title,
        draft.blocks,
        shown_from,
        by,
    )


async def publish_block(
    tx: Tx, owner_id: UUID, page: str, block_id: UUID, block: Block | None, by: str
) -> Block | None:
    """Show the page that is shown with this block said anew (none: without it) from now on, and nothing else of the draft,
    which has the block so as well; returns what it was, none where it is so already. Raises `NotFound` where the page that is
    shown has no such block."""
    draft = await _held(tx, owner_id, page, by)
    now = await shown(tx, owner_id, page)
    was = next((each for each in now.blocks if each.block_id == block_id), None) if now else None
    if now is None or was is None:
        raise NotFound()
    if was == block:
        return None
    await _write(tx, owner_id, page, _with(draft.blocks, block_id, block), by)
    await tx.execute(
        """
        INSERT INTO page_versions (owner_id, page, version, title, blocks, shown_from, by)
        SELECT $1, $2, 1 + max(version), $3, $4, now(), $5 FROM page_versions WHERE owner_id = $1 AND page = $2
        """,
        owner_id,
        page,
        now.title,
        _with(now.blocks, block_id, block),
        by,
    )
    return was


def _with(blocks: Sequence[Block], block_id: UUID, block: Block | None) -> list[Block]:
    said = [each if each.block_id != block_id else block for each in blocks]
    return [each for each in said if each is not None]


async def withdraw(tx: Tx, owner_id: UUID, page: str, version: int) -> None:
    """Do not show this version (any more): the one before it is shown again. Said twice, nothing changes."""
    await tx.execute(
        """
        UPDATE page_versions SET withdrawn_at = now()
        WHERE owner_id = $1 AND page = $2 AND version = $3 AND withdrawn_at IS NULL
        """,
        owner_id,
        page,
        version,
    )


async def bring_back(tx: Tx, owner_id: UUID, page: str, version: int, by: str) -> None:
    """Make the draft what an earlier version was. Raises `NotFound`."""
    await _held(tx, owner_id, page, by)
    touched = await tx.execute(
        """
        UPDATE page_drafts d SET title = v.title, blocks = v.blocks, by = $4, changed_at = now()
        FROM page_versions v
        WHERE d.owner_id = $1 AND d.page = $2 AND v.owner_id = $1 AND v.page = $2 AND v.version = $3
        """,
        owner_id,
        page,
        version,
        by,
    )
    if not touched:
        raise NotFound()


async def save_shop_category(
    tx: Tx, merchant_id: UUID, shop_category_id: ShopCategoryId, name: Text, place: int, products: Sequence[UUID]
) -> None:
    """A shop's own category with these goods in this order; said again, it is changed. Raises `Invalid`."""
    there = await tx.value("SELECT count(*) FROM shop_categories WHERE merchant_id = $1", merchant_id)
    if there >= SHOP_CATEGORIES_MAX or len(products) > PRODUCTS_PER_SHOP_CATEGORY_MAX:
        raise Invalid({"name_zh": N_("There are too many of these; please remove some first")})
    await tx.execute(
        """
        INSERT INTO shop_categories (merchant_id, shop_category_id, name, place) VALUES ($1, $2, $3, $4)
        ON CONFLICT (merchant_id, shop_category_id) DO UPDATE SET name = excluded.name, place = excluded.place
        """,
        merchant_id,
        shop_category_id,
        name,
        place,
    )
    await _empty(tx, merchant_id, shop_category_id)
    await tx.execute(
        """
        INSERT INTO shop_category_products (merchant_id, shop_category_id, product_id, place)
        SELECT $1, $2, k.product_id, k.place FROM unnest($3::uuid[]) WITH ORDINALITY AS k (product_id, place)
        WHERE EXISTS (SELECT FROM products p WHERE p.merchant_id = $1 AND p.product_id = k.product_id)
        """,
        merchant_id,
        shop_category_id,
        list(dict.fromkeys(products)),
    )


async def remove_shop_category(tx: Tx, merchant_id: UUID, shop_category_id: ShopCategoryId) -> None:
    """The shop has this category no longer; its goods stay. Said twice, nothing changes."""
    await _empty(tx, merchant_id, shop_category_id)
    await tx.execute(
        "DELETE FROM shop_categories WHERE merchant_id = $1 AND shop_category_id = $2", merchant_id, shop_category_id
    )


async def _empty(tx: Tx, merchant_id: UUID, shop_category_id: ShopCategoryId) -> None:
    await tx.execute(
        "DELETE FROM shop_category_products WHERE merchant_id = $1 AND shop_category_id = $2",
        merchant_id,
        shop_category_id,
    )


def as_data(block: Block | None) -> object:
    """A block for the audit log."""
    return msgspec.to_builtins(block)
