"""What is sold: the category tree, products (SPU), their variants (SKU) and pictures, and what is on the shelf.

`rows` says what a new product is in rows, for the command and the bulk path alike; `definitions` is what a typed
attribute is and which facts fit it, `attributes` the commands and questions about them.
"""

from steelyard.goods.catalog.attributes import attributes_of, bind_attributes, define_attribute, definitions
from steelyard.goods.catalog.definitions import (
    AttributeKind,
    AttributeValue,
    Binding,
    CategoryAttribute,
    Definition,
    facets,
    fact_words,
    missing_facts,
    wrong_facts,
)
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
    "AttributeKind",
    "AttributeValue",
    "Binding",
    "CategoryAttribute",
    "Definition",
    "ProductChanged",
    "add_skus",
    "attributes_of",
    "bin",
    "bind_attributes",
    "bulk_create",
    "by_codes",
    "cards",
    "categories",
    "category",
    "change_product",
    "change_skus",
    "create_category",
    "create_product",
    "define_attribute",
    "definitions",
    "facets",
    "fact_words",
    "imported",
    "missing_facts",
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
    "wrong_facts",
]
