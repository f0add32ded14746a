"""What a merchant's own staff find a product by: its titles, article numbers and barcodes in one short row, so that a part
of a word is looked for in a few megabytes, not in all variants of the shop."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Tx


async def note_words(tx: Tx, products: Sequence[tuple[UUID, UUID]]) -> None:
    """Write down anew what these products, `(merchant_id, product_id)`, are found by."""
    await tx.execute(
        """
        INSERT INTO product_sought AS n (merchant_id, product_id, words)
        SELECT p.merchant_id, p.product_id, lower(concat_ws(E'\\n'
             , (SELECT string_agg(t.value, E'\\n' ORDER BY t.key) FROM jsonb_each_text(p.title) AS t)
             , (SELECT string_agg(concat_ws(E'\\n', s.code, nullif(s.barcode, '')), E'\\n' ORDER BY s.sku_id) FROM skus s
                WHERE s.merchant_id = p.merchant_id AND s.product_id = p.product_id)))
        FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, product_id)
        JOIN products p USING (merchant_id, product_id)
        ON CONFLICT (merchant_id, product_id) DO UPDATE SET words = excluded.words WHERE n.words <> excluded.words
        """,
        [merchant_id for merchant_id, _ in products],
        [product_id for _, product_id in products],
    )
