"""What a product lacks to be complete: kept in `products.gaps`, so that a list can be filtered by it."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from steelyard.kernel.db import Tx

PICTURES_WANTED = 3
DESCRIPTION_CHARACTERS_WANTED = 20

# What each gap costs of a hundred points.
GAPS: Mapping[str, int] = {
    "title_zh": 15,
    "title_en": 5,
    "description_zh": 10,
    "description_en": 5,
    "picture": 25,
    "pictures": 10,
    "alt": 5,
    "facts": 20,
    "weight": 10,
}


def score(gaps: Iterable[str]) -> int:
    """How complete a product is, of a hundred points."""
    return max(0, 100 - sum(GAPS.get(gap, 0) for gap in gaps))


async def settle(tx: Tx, products: Sequence[tuple[UUID, UUID]]) -> None:
    """Write down anew what these products, `(merchant_id, product_id)`, lack."""
    await tx.execute(
        """
        UPDATE products p SET gaps = found.gaps
        FROM (
            SELECT p.merchant_id, p.product_id, array_remove(ARRAY[
                CASE WHEN coalesce(p.title ->> 'zh-Hans', '') = '' THEN 'title_zh' END
              , CASE WHEN coalesce(p.title ->> 'en', '') = '' THEN 'title_en' END
              , CASE WHEN length(coalesce(p.description ->> 'zh-Hans', '')) < $3 THEN 'description_zh' END
              , CASE WHEN length(coalesce(p.description ->> 'en', '')) < $3 THEN 'description_en' END
              , CASE WHEN seen.pictures = 0 THEN 'picture' WHEN seen.pictures < $4 THEN 'pictures' END
              , CASE WHEN seen.silent > 0 THEN 'alt' END
              , CASE WHEN EXISTS (
                    SELECT FROM (
                        SELECT DISTINCT ON (a.code) a.code, a.required
                        FROM category_attributes a JOIN attribute_definitions d ON d.code = a.code AND NOT d.retired
                        WHERE a.category_id = ANY(c.path)
                        ORDER BY a.code, array_position(c.path, a.category_id) DESC
                    ) bound WHERE bound.required AND NOT p.facts ? bound.code
                ) THEN 'facts' END
              , CASE WHEN EXISTS (SELECT FROM skus s WHERE s.merchant_id = p.merchant_id
                                  AND s.product_id = p.product_id AND s.active AND s.weight_grams = 0) THEN 'weight' END
              ], NULL) AS gaps
            FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, product_id)
            JOIN products p USING (merchant_id, product_id)
            JOIN categories c ON c.category_id = p.category_id
            CROSS JOIN LATERAL (
                SELECT count(*) AS pictures, count(*) FILTER (WHERE i.alt = '{}') AS silent
                FROM product_pictures i WHERE i.merchant_id = p.merchant_id AND i.product_id = p.product_id
            ) seen
        ) found
        WHERE p.merchant_id = found.merchant_id AND p.product_id = found.product_id AND p.gaps <> found.gaps
        """,
        [merchant_id for merchant_id, _ in products],
        [product_id for _, product_id in products],
        DESCRIPTION_CHARACTERS_WANTED,
        PICTURES_WANTED,
    )


async def settle_category(tx: Tx, category_id: UUID) -> None:
    """`settle` for the products of a category and of all below it, when it asks for something else."""
    rows = await tx.fetch(
        """
        SELECT p.merchant_id, p.product_id FROM categories c JOIN products p USING (category_id)
        WHERE c.path @> ARRAY[$1::uuid] ORDER BY p.merchant_id, p.product_id
        """,
        category_id,
    )
    await settle(tx, [(row["merchant_id"], row["product_id"]) for row in rows])
