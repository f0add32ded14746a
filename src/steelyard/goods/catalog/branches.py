"""What the operator does to the branches of the category tree: rename, move, order, merge."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.goods.catalog.completeness import settle_category
from steelyard.goods.catalog.events import CategoryChanged
from steelyard.goods.catalog.model import CategoryId, CategoryUnknown, SlugTaken
from steelyard.goods.catalog.queries import CATEGORIES_KEPT
from steelyard.kernel import events
from steelyard.kernel.db import Read, Row, Tx, UniqueViolation
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.keeping import forget
from steelyard.kernel.text import Text

DEPTH_MAX = 5


class CategoryChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different; what is None stays. An empty `picture` takes the picture away; `no_return` is a
    `NoReturn`, `none` (returned like others), or empty: as above."""

    name: Text | None = None
    slug: str | None = None
    icon: str | None = None
    picture: str | None = None
    no_return: str | None = None


class CategoryUse(msgspec.Struct, frozen=True, kw_only=True):
    """How many products are in a category itself, and in it or below it."""

    category_id: CategoryId
    own: int
    whole: int


async def change_category(tx: Tx, category_id: UUID, change: CategoryChange) -> None:
    """Call a category otherwise. Its former address leads on to it. Raises `NotFound`, `SlugTaken`."""
    forget(tx, CATEGORIES_KEPT)
    before = await _locked(tx, category_id)
    slug = change.slug or before["slug"]
    try:
        async with tx.savepoint():
            await tx.execute(
                """
                UPDATE categories SET name = coalesce($2, name), slug = $3, icon = coalesce($4, icon)
                  , picture = CASE WHEN $5::text IS NULL THEN picture ELSE nullif($5, '') END
                  , own_no_return = CASE WHEN $6::text IS NULL THEN own_no_return ELSE nullif($6, '') END
                WHERE category_id = $1
                """,
                category_id,
                change.name,
                slug,
                change.icon,
                change.picture,
                change.no_return,
            )
            if slug != before["slug"]:
                await _leave_address(tx, category_id, before["slug"], slug)
    except UniqueViolation as error:
        raise SlugTaken(slug=slug) from error
    if change.no_return is not None:
        await _inherit(tx)
    await events.publish(tx, CategoryChanged(category_id=category_id))


async def _inherit(tx: Tx) -> None:
    """What is not returned without a reason is so for all below, as far as nothing else is said there. The tree is small."""
    await tx.execute("SELECT FROM categories ORDER BY category_id FOR UPDATE")
    await tx.execute(
        """
        WITH said AS (
            SELECT c.category_id
                 , (SELECT nullif(above.own_no_return, 'none') FROM categories above
                    WHERE above.category_id = ANY(c.path) AND above.own_no_return IS NOT NULL
                    ORDER BY cardinality(above.path) DESC LIMIT 1) AS no_return
            FROM categories c
        )
        UPDATE categories c SET no_return = s.no_return
        FROM said s WHERE s.category_id = c.category_id AND c.no_return IS DISTINCT FROM s.no_return
        """
    )


async def _leave_address(tx: Tx, category_id: UUID, former: str, now: str) -> None:
    await tx.execute("DELETE FROM category_addresses WHERE slug = $1", now)
    await tx.execute(
        """
        INSERT INTO category_addresses (slug, category_id) VALUES ($1, $2)
        ON CONFLICT (slug) DO UPDATE SET category_id = excluded.category_id
        """,
        former,
        category_id,
    )


async def move_category(tx: Tx, category_id: UUID, parent_id: UUID | None, before_id: UUID | None = None) -> None:
    """Put a category, with all below it, under another parent (none: at the top), before one of its new siblings
    (none: behind them all). Its products move along. Raises `NotFound`, `CategoryUnknown`, `Invalid`."""
    forget(tx, CATEGORIES_KEPT)
    # The tree is small and seldom changed: moves take turns.
    await tx.execute("SELECT FROM categories ORDER BY category_id FOR UPDATE")
    moved = await _locked(tx, category_id)
    above: list[UUID] = []
    if parent_id is not None:
        parent = await tx.row("SELECT path FROM categories WHERE category_id = $1 AND merged_into IS NULL", parent_id)
        if parent is None:
            raise CategoryUnknown(category_id=parent_id)
        above = list(parent["path"])
    if category_id in above:
        raise Invalid({"parent": N_("A category cannot be moved below itself")})
    deepest = await tx.value("SELECT max(cardinality(path)) FROM categories WHERE path @> ARRAY[$1::uuid]", category_id)
    if len(above) + deepest - len(moved["path"]) + 1 > DEPTH_MAX:
        raise Invalid({"parent": N_("The tree would have more than five levels")})
    await tx.execute(
        """
        UPDATE categories SET path = $2::uuid[] || path[$3:]
          , parent_id = CASE WHEN category_id = $1 THEN $4 ELSE parent_id END
        WHERE path @> ARRAY[$1::uuid]
        """,
        category_id,
        above,
        len(moved["path"]),
        parent_id,
    )
    await _order(tx, category_id, parent_id, before_id)
    await _inherit(tx)
    await settle_category(tx, category_id)
    await events.publish(tx, CategoryChanged(category_id=category_id))


async def _order(tx: Tx, category_id: UUID, parent_id: UUID | None, before_id: UUID | None) -> None:
    """Number the siblings anew, with the category where it belongs."""
    rows = await tx.fetch(
        """
        SELECT category_id FROM categories
        WHERE parent_id IS NOT DISTINCT FROM $1 AND merged_into IS NULL AND category_id <> $2
        ORDER BY place, category_id
        """,
        parent_id,
        category_id,
    )
    siblings: list[UUID] = [row["category_id"] for row in rows]
    siblings.insert(next((n for n, each in enumerate(siblings) if each == before_id), len(siblings)), category_id)
    await tx.execute(
        """
        UPDATE categories c SET place = n.place
        FROM unnest($1::uuid[]) WITH ORDINALITY AS n (category_id, place) WHERE c.category_id = n.category_id
        """,
        siblings,
    )


async def merge_category(tx: Tx, category_id: UUID, into_id: UUID) -> int:
    """Take a category out of use: its products, what is below it and its address go to another; returns how many
    products went. Said twice, nothing changes. Raises `NotFound`, `CategoryUnknown`, `Invalid`."""
    forget(tx, CATEGORIES_KEPT)
    await tx.execute("SELECT FROM categories ORDER BY category_id FOR UPDATE")
    await _locked(tx, category_id)
    into = await tx.row("SELECT path FROM categories WHERE category_id = $1 AND merged_into IS NULL", into_id)
    if into is None:
        raise CategoryUnknown(category_id=into_id)
    if category_id in into["path"]:
        raise Invalid({"into": N_("A category cannot be merged into itself or into one below it")})
    below = await tx.fetch(
        """
        SELECT category_id FROM categories WHERE parent_id = $1 AND merged_into IS NULL ORDER BY place, category_id
        """,
        category_id,
    )
    for row in below:
        await move_category(tx, row["category_id"], into_id)
    went = await tx.execute(
        "UPDATE products SET category_id = $2, changed_at = now() WHERE category_id = $1", category_id, into_id
    )
    await tx.execute("UPDATE categories SET merged_into = $2 WHERE category_id = $1", category_id, into_id)
    await tx.execute("DELETE FROM category_attributes WHERE category_id = $1", category_id)
    await settle_category(tx, into_id)
    await events.publish(tx, CategoryChanged(category_id=into_id))
    return went


async def _locked(tx: Tx, category_id: UUID) -> Row:
    row = await tx.row(
        "SELECT slug, path FROM categories WHERE category_id = $1 AND merged_into IS NULL FOR UPDATE", category_id
    )
    if row is None:
        raise NotFound()
    return row


async def category_use(read: Read) -> dict[CategoryId, CategoryUse]:
    """How many products, in any state but the bin, each category holds."""
    found = await read.all(
        CategoryUse,
        """
        WITH held AS (
            SELECT category_id, count(*) AS n FROM products WHERE state <> 'binned' GROUP BY category_id
        )
        SELECT c.category_id, coalesce(own.n, 0) AS own, coalesce(sum(held.n), 0)::bigint AS whole
        FROM categories c
        LEFT JOIN held own ON own.category_id = c.category_id
        LEFT JOIN categories below ON below.path @> ARRAY[c.category_id]
        LEFT JOIN held ON held.category_id = below.category_id
        WHERE c.merged_into IS NULL GROUP BY c.category_id, own.n
        """,
    )
    return {each.category_id: each for each in found}


async def attribute_use(read: Read, code: str) -> dict[str, int]:
    """How many products state this attribute: in all under the empty name, and by the code of its value."""
    rows = await read.fetch(
        """
        SELECT '' AS value, count(*) AS n FROM products WHERE facts ? $1
        UNION ALL
        SELECT v.value, count(*) FROM products p, jsonb_array_elements_text(p.facts -> $1) AS v (value)
        WHERE p.facts ? $1 AND jsonb_typeof(p.facts -> $1) = 'array' GROUP BY v.value
        """,
        code,
    )
    return {row["value"]: row["n"] for row in rows}


async def lacking(read: Read, category_id: UUID, codes: Sequence[str]) -> dict[str, int]:
    """How many products of a category and below do not state each of these attributes: who would be incomplete."""
    rows = await read.fetch(
        """
        SELECT a.code, count(p.product_id) AS n
        FROM unnest($2::text[]) AS a (code)
        LEFT JOIN (categories c JOIN products p USING (category_id))
               ON c.path @> ARRAY[$1::uuid] AND p.state <> 'binned' AND NOT p.facts ? a.code
        GROUP BY a.code
        """,
        category_id,
        list(codes),
    )
    return {row["code"]: row["n"] for row in rows}
