"""Favourites: products and shops that somebody keeps in mind, and footprints: what they looked at."""

from steelyard.trade.favourites.jobs import fade_footprints
from steelyard.trade.favourites.queries import (
    follows,
    footprints,
    footprints_on,
    kept_among,
    marks,
    of_buyers,
    product_counts,
    products,
    shops,
)
from steelyard.trade.favourites.service import (
    bulk_remember,
    drop_products,
    drop_shop,
    forget,
    keep_product,
    keep_shop,
    leave_footprints,
    merge,
    switch_footprints,
    wipe_footprints,
)

__all__ = [
    "bulk_remember",
    "drop_products",
    "drop_shop",
    "fade_footprints",
    "follows",
    "footprints",
    "footprints_on",
    "forget",
    "keep_product",
    "keep_shop",
    "kept_among",
    "leave_footprints",
    "marks",
    "merge",
    "of_buyers",
    "product_counts",
    "products",
    "shops",
    "switch_footprints",
    "wipe_footprints",
]
