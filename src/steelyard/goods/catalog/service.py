"""Commands on categories and products."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods.catalog.attributes import check_facts
from steelyard.goods.catalog.completeness import settle
from steelyard.goods.catalog.events import ProductChanged
from steelyard.goods.catalog.model import (
    PICTURES_PER_PRODUCT_MAX,
    PRODUCTS_PER_COMMAND_MAX,
    CategoryUnknown,
    CodeTaken,
    NewCategory,
    NewProduct,
    NewSku,
    Picture,
    ProductChange,
    ProductId,
    SkuChange,
    SlugTaken,
)
from steelyard.goods.catalog.queries import CATEGORIES_KEPT
from steelyard.goods.catalog.rows import (
    PRODUCT_COLUMNS,
    SKU_COLUMNS,
    check_product,
    check_skus,
    history_row,
    picture_rows,
    product_row,
    sku_rows,
)
from steelyard.goods.catalog.seeking import note_words
from steelyard.goods.catalog.versions import changed, keep
from steelyard.goods.catalog.wording import screened_product
from steelyard.kernel import events
from steelyard.kernel.db import ForeignKeyViolation, Tx, UniqueViolation
from steelyard.kernel.errors import NotFound
from steelyard.kernel.keeping import forget
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId


async def create_category(tx: Tx, new: NewCategory) -> None:
    """Put a category into the tree. Said twice with the same id, nothing changes. Raises `CategoryUnknown`,
    `SlugTaken`."""
    forget(tx, CATEGORIES_KEPT)
    path = [new.category_id]
    if new.parent_id is not None:
        above = await tx.value("SELECT path FROM categories WHERE category_id = $1", new.parent_id)
        if above is None:
            raise CategoryUnknown(category_id=new.parent_id)
        path = [*above, new.category_id]
    try:
        async with tx.savepoint():
            await tx.execute(
                """
                INSERT INTO categories (category_id, parent_id, slug, name, path, place, icon, no_return)
                VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT no_return FROM categories WHERE category_id = $2))
                ON CONFLICT (category_id) DO NOTHING
                """,
                new.category_id,
                new.parent_id,
                new.slug,
                new.name,
                path,
                new.place,
                new.icon,
            )
    except UniqueViolation as error:
        raise SlugTaken(slug=new.slug) from error


async def create_product(tx: Tx, merchant_id: MerchantId, new: NewProduct, by: str) -> bool:
    """Make a product with its SKUs and pictures; returns whether it is new. Said twice with the same id, nothing
    changes.

    Raises `Invalid` for what breaks a limit or may not be said, `CategoryUnknown`, and `CodeTaken` when an article number is
    already used.
    """
    check_product(new)
    new = await screened_product(tx, new)
    await check_facts(tx, [(new.category_id, new.facts)])
    await _check_admitted(tx, merchant_id, new.category_id)
    try:
        async with tx.savepoint():
            if not await _insert_product(tx, merchant_id, new):
                return False
            await _insert_skus(tx, merchant_id, new.product_id, new.skus, first_place=0)
    except UniqueViolation as error:
        raise CodeTaken(product_id=new.product_id) from error
    except ForeignKeyViolation as error:
        raise CategoryUnknown(category_id=new.category_id) from error
    await _insert_pictures(tx, merchant_id, new.product_id, new.pictures)
    await tx.execute(
        """
        INSERT INTO product_history (merchant_id, product_id, step, from_state, to_state, by)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        *history_row(merchant_id, new, by),
    )
    await settle(tx, [(merchant_id, new.product_id)])
    await note_words(tx, [(merchant_id, new.product_id)])
    await events.publish(tx, ProductChanged(merchant_id=merchant_id, product_id=new.product_id))
    return True


async def _check_admitted(tx: Tx, merchant_id: MerchantId, category_id: UUID) -> None:
    """The merchant may sell in this category. Raises `merchants.CategoryNotAllowed`."""
    path = await tx.value("SELECT path FROM categories WHERE category_id = $1", category_id)
    if path is not None:
        await merchants.check_categories(tx, merchant_id, [path])


async def _insert_product(tx: Tx, merchant_id: MerchantId, new: NewProduct) -> bool:
    return bool(
        await tx.execute(
            """
            INSERT INTO products (merchant_id, product_id, category_id, slug, title, description, options, attributes
                                , facts, tax_class, state, approved, source)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (merchant_id, product_id) DO NOTHING
            """,
            *product_row(merchant_id, new),
        )
    )


async def _insert_skus(
    tx: Tx, merchant_id: MerchantId, product_id: ProductId, skus: Sequence[NewSku], first_place: int
) -> None:
    # `choice` is an array of its own length in each row, which unnest would flatten: it travels as an array's text.
    await tx.execute(
        """
        INSERT INTO skus (merchant_id, sku_id, product_id, code, barcode, choice, weight_grams, picture, active, place)
        SELECT $1, n.sku_id, $2, n.code, n.barcode, n.choice::integer[]
             , n.weight_grams, n.picture, n.active, $3 + n.place - 1
        FROM ROWS FROM (unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::integer[], $9::text[]
                            , $10::boolean[]))
             WITH ORDINALITY AS n (sku_id, code, barcode, choice, weight_grams, picture, active, place)
        """,
        merchant_id,
        product_id,
        first_place,
        [sku.sku_id for sku in skus],
        [sku.code for sku in skus],
        [sku.barcode for sku in skus],
        ["{" + ",".join(map(str, sku.choice)) + "}" for sku in skus],
        [sku.weight_grams for sku in skus],
        [sku.picture for sku in skus],
        [sku.active for sku in skus],
    )


async def _insert_pictures(tx: Tx, merchant_id: MerchantId, product_id: ProductId, pictures: Sequence[Picture]) -> None:
    await tx.execute(
        """
        INSERT INTO product_pictures (merchant_id, product_id, place, file, alt)
        SELECT $1, $2, p.place - 1, p.file, p.alt
        FROM ROWS FROM (unnest($3::text[], $4::jsonb[])) WITH ORDINALITY AS p (file, alt, place)
        """,
        merchant_id,
        product_id,
        [picture.file for picture in pictures],
        [picture.alt for picture in pictures],
    )


async def bulk_create(tx: Tx, products: Sequence[tuple[MerchantId, NewProduct]], by: str) -> None:
    """`create_product` for many at once by COPY, for imports and the demo: all are new, and nothing is announced.

    The caller indexes them (`search.reindex`) and keeps a chunk small enough for a second's transaction. Raises
    `Invalid`; what is already there is a broken assumption.
    """
    assert len(products) <= PRODUCTS_PER_COMMAND_MAX
    for _, new in products:
        check_product(new)
    await check_facts(tx, [(new.category_id, new.facts) for _, new in products])
    await tx.copy("products", PRODUCT_COLUMNS, [product_row(merchant_id, new) for merchant_id, new in products])
    await tx.copy("skus", SKU_COLUMNS, [row for merchant_id, new in products for row in sku_rows(merchant_id, new)])
    await tx.copy(
        "product_pictures",
        ("merchant_id", "product_id", "place", "file", "alt"),
        [row for merchant_id, new in products for row in picture_rows(merchant_id, new)],
    )
    await tx.copy(
        "product_history",
        ("merchant_id", "product_id", "step", "from_state", "to_state", "by"),
        [history_row(merchant_id, new, by) for merchant_id, new in products],
    )
    await settle(tx, [(merchant_id, new.product_id) for merchant_id, new in products])
    await note_words(tx, [(merchant_id, new.product_id) for merchant_id, new in products])


async def change_product(
    tx: Tx, merchant_id: MerchantId, product_id: UUID, change: ProductChange, by: str = "system"
) -> None:
    """Change what a product says of itself, without a review. Raises `NotFound`, `CategoryUnknown`, and `Invalid`
    for facts that its category does not know."""
    if change.facts:
        category_id = change.category_id or await tx.value(
            "SELECT category_id FROM products WHERE merchant_id = $1 AND product_id = $2", merchant_id, product_id
        )
        await check_facts(tx, [(category_id, change.facts)] if category_id else [])
    if change.category_id is not None:
        await _check_admitted(tx, merchant_id, change.category_id)
    await keep(tx, merchant_id, [product_id], by)
    try:
        async with tx.savepoint():
            touched = await tx.execute(
                """
                UPDATE products
                SET category_id = coalesce($3, category_id), slug = coalesce($4, slug), title = coalesce($5, title)
                  , description = coalesce($6, description), attributes = coalesce($7, attributes)
                  , tax_class = coalesce($8, tax_class), facts = coalesce($9, facts), changed_at = now()
                WHERE merchant_id = $1 AND product_id = $2
                """,
                merchant_id,
                product_id,
                change.category_id,
                change.slug,
                change.title,
                change.description,
                change.attributes,
                change.tax_class,
                change.facts,
            )
    except ForeignKeyViolation as error:
        raise CategoryUnknown(category_id=change.category_id) from error
    if not touched:
        raise NotFound()
    await changed(tx, merchant_id, [product_id], by)
    await events.publish(tx, ProductChanged(merchant_id=merchant_id, product_id=product_id))


async def set_pictures(
    tx: Tx, merchant_id: MerchantId, product_id: ProductId, pictures: Sequence[Picture], by: str = "system"
) -> None:
    """These are the product's pictures now, in this order; the first is the main one. Raises `NotFound`."""
    assert len(pictures) <= PICTURES_PER_PRODUCT_MAX
    await _touch(tx, merchant_id, product_id, by)
    await tx.execute("DELETE FROM product_pictures WHERE merchant_id = $1 AND product_id = $2", merchant_id, product_id)
    await _insert_pictures(tx, merchant_id, product_id, pictures)
    await changed(tx, merchant_id, [product_id], by)
    await events.publish(tx, ProductChanged(merchant_id=merchant_id, product_id=product_id))


async def _touch(tx: Tx, merchant_id: MerchantId, product_id: ProductId, by: str) -> list[int]:
    """Lock the product for a change of its parts, and keep what it was; returns how many values each of its options has. Raises
    `NotFound`."""
    row = await tx.row(
        """
        UPDATE products SET changed_at = now() WHERE merchant_id = $1 AND product_id = $2
        RETURNING ARRAY(SELECT jsonb_array_length(o -> 'values') FROM jsonb_array_elements(options) AS o) AS sizes
        """,
        merchant_id,
        product_id,
    )
    if row is None:
        raise NotFound()
    await keep(tx, merchant_id, [product_id], by)
    return list(row["sizes"])


async def add_skus(
    tx: Tx, merchant_id: MerchantId, product_id: ProductId, skus: Sequence[NewSku], by: str = "system"
) -> None:
    """Give a product further variants. Raises `NotFound`, `Invalid` and `CodeTaken`."""
    check_skus(skus, await _touch(tx, merchant_id, product_id, by))
    place = await tx.value(
        "SELECT coalesce(max(place) + 1, 0) FROM skus WHERE merchant_id = $1 AND product_id = $2",
        merchant_id,
        product_id,
    )
    try:
        async with tx.savepoint():
            await _insert_skus(tx, merchant_id, product_id, skus, first_place=place)
    except UniqueViolation as error:
        raise CodeTaken(product_id=product_id) from error
    await changed(tx, merchant_id, [product_id], by)
    await events.publish(tx, ProductChanged(merchant_id=merchant_id, product_id=product_id))


async def change_skus(
    tx: Tx, merchant_id: MerchantId, product_id: ProductId, changes: Sequence[SkuChange], by: str = "system"
) -> None:
    """Change variants of one product; an inactive one is not sold any more. Raises `NotFound`, `CodeTaken`."""
    await _touch(tx, merchant_id, product_id, by)
    try:
        async with tx.savepoint():
            touched = await tx.execute(
                """
                UPDATE skus s
                SET code = coalesce(c.code, s.code), barcode = coalesce(c.barcode, s.barcode)
                  , weight_grams = coalesce(c.weight_grams, s.weight_grams), picture = coalesce(c.picture, s.picture)
                  , active = coalesce(c.active, s.active)
                FROM unnest($3::uuid[], $4::text[], $5::text[], $6::integer[], $7::text[], $8::boolean[])
                     AS c (sku_id, code, barcode, weight_grams, picture, active)
                WHERE s.merchant_id = $1 AND s.product_id = $2 AND s.sku_id = c.sku_id AND s.was IS NULL
                """,
                merchant_id,
                product_id,
                [change.sku_id for change in changes],
                [change.code for change in changes],
                [change.barcode for change in changes],
                [change.weight_grams for change in changes],
                [change.picture for change in changes],
                [change.active for change in changes],
            )
    except UniqueViolation as error:
        raise CodeTaken(product_id=product_id) from error
    if touched != len(changes):
        raise NotFound()
    await changed(tx, merchant_id, [product_id], by)
    await events.publish(tx, ProductChanged(merchant_id=merchant_id, product_id=product_id))
