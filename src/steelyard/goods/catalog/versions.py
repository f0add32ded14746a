"""What products said of themselves: a version each time that one changes, who changed it, and the way back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from steelyard.goods.catalog.completeness import settle
from steelyard.goods.catalog.model import Attribute, CategoryId, Facts, Option, Picture, Sku
from steelyard.goods.catalog.seeking import note_words
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.text import Text

VERSIONS_SHOWN_MAX = 50


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it was."""

    category_id: CategoryId
    slug: str
    title: Text
    description: Text
    options: list[Option]
    attributes: list[Attribute]
    facts: Facts
    tax_class: str
    pictures: list[Picture]
    skus: list[Sku]


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """`by` is `staff:<account>`, `system`, `import:<id>` or the like."""

    version: int
    at: datetime
    by: str
    what: Snapshot


async def keep(tx: Tx, merchant_id: UUID, product_ids: Sequence[UUID], by: str) -> None:
    """Write down what these products say of themselves now, where it is not what was written down last."""
    await tx.execute(
        """
        INSERT INTO product_versions (merchant_id, product_id, version, by, what)
        SELECT now.merchant_id, now.product_id, coalesce(last.version, 0) + 1, $3, now.what
        FROM (
            SELECT p.merchant_id, p.product_id, jsonb_build_object(
                'category_id', p.category_id, 'slug', p.slug, 'title', p.title, 'description', p.description
              , 'options', p.options, 'attributes', p.attributes, 'facts', p.facts, 'tax_class', p.tax_class
              , 'pictures', coalesce((
                    SELECT jsonb_agg(jsonb_build_object('file', i.file, 'alt', i.alt) ORDER BY i.place)
                    FROM product_pictures i
                    WHERE i.merchant_id = p.merchant_id AND i.product_id = p.product_id), '[]')
              , 'skus', coalesce((
                    SELECT jsonb_agg(jsonb_build_object(
                        'sku_id', s.sku_id, 'product_id', s.product_id, 'code', s.code, 'barcode', s.barcode
                      , 'choice', s.choice, 'weight_grams', s.weight_grams, 'picture', s.picture
                      , 'active', s.active) ORDER BY s.place, s.sku_id)
                    FROM skus s
                    WHERE s.merchant_id = p.merchant_id AND s.product_id = p.product_id AND s.was IS NULL), '[]')
            ) AS what
            FROM products p WHERE p.merchant_id = $1 AND p.product_id = ANY($2)
        ) now
        LEFT JOIN LATERAL (
            SELECT v.version, v.what FROM product_versions v
            WHERE v.merchant_id = now.merchant_id AND v.product_id = now.product_id
            ORDER BY v.version DESC LIMIT 1
        ) last ON true
        WHERE last.what IS DISTINCT FROM now.what
        """,
        merchant_id,
        list(product_ids),
        by,
    )


async def changed(tx: Tx, merchant_id: UUID, product_ids: Sequence[UUID], by: str) -> None:
    """What follows each change: a version, what is lacking now, and what it is found by."""
    await keep(tx, merchant_id, product_ids, by)
    await settle(tx, [(merchant_id, product_id) for product_id in product_ids])
    await note_words(tx, [(merchant_id, product_id) for product_id in product_ids])


async def versions(read: Read, merchant_id: UUID, product_id: UUID) -> list[Version]:
    """A product's versions, the newest first, `VERSIONS_SHOWN_MAX` of them at most."""
    return await read.all(
        Version,
        """
        SELECT version, at, by, what FROM product_versions
        WHERE merchant_id = $1 AND product_id = $2 ORDER BY version DESC LIMIT $3
        """,
        merchant_id,
        product_id,
        VERSIONS_SHOWN_MAX,
    )


async def version(read: Read, merchant_id: UUID, product_id: UUID, number: int) -> Version | None:
    return await read.one(
        Version,
        """
        SELECT version, at, by, what FROM product_versions
        WHERE merchant_id = $1 AND product_id = $2 AND version = $3
        """,
        merchant_id,
        product_id,
        number,
    )


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """`field` is a field of `Snapshot`, or `sku:<code>:<field>`."""

    field: str
    before: Any
    after: Any


def differences(before: Snapshot, after: Snapshot) -> list[Difference]:
    """What is another in `after`; of variants that are in both, field by field."""
    found = [
        Difference(field=field, before=getattr(before, field), after=getattr(after, field))
        for field in Snapshot.__struct_fields__
        if field != "skus" and getattr(before, field) != getattr(after, field)
    ]
    was, now = ({sku.sku_id: sku for sku in each.skus} for each in (before, after))
    for sku_id in [*was, *(each for each in now if each not in was)]:
        old, new = was.get(sku_id), now.get(sku_id)
        code = (new or old or was[sku_id]).code
        if old is None or new is None:
            found.append(Difference(field=f"sku:{code}", before=old and old.code, after=new and new.code))
            continue
        found += [
            Difference(field=f"sku:{code}:{field}", before=getattr(old, field), after=getattr(new, field))
            for field in ("code", "barcode", "weight_grams", "picture", "active")
            if getattr(old, field) != getattr(new, field)
        ]
    return found
