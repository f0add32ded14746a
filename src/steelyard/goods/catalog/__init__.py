"""What is sold: the category tree, products (SPU), their variants (SKU) and pictures, and what is on the shelf.

`rows` says what a new product is in rows, for the command and the bulk path alike.
"""

from steelyard.goods.catalog.events import ProductChanged
from steelyard.goods.catalog.queries import (
    by_codes,
    cards,
    categories,
    category,
    imported,
    product,
    product_ids,
    products,
    products_page,
    sku_ids_of,
    skus_of,
)
from steelyard.goods.catalog.service import (
    add_skus,
    bin,
    bulk_create,
    change_product,
    change_skus,
    create_category,
    create_product,
    put_on_shelf,
    restore,
    set_pictures,
    take_off_shelf,
)

__all__ = [
    "ProductChanged",
    "add_skus",
    "bin",
    "bulk_create",
    "by_codes",
    "cards",
    "categories",
    "category",
    "change_product",
    "change_skus",
    "create_category",
    "create_product",
    "imported",
    "product",
    "product_ids",
    "products",
    "products_page",
    "put_on_shelf",
    "restore",
    "set_pictures",
    "sku_ids_of",
    "skus_of",
    "take_off_shelf",
]
