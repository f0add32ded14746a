"""What buyers find: one entry a product on the shelf, kept up to date from events, searched in words and in Chinese."""

from steelyard.goods.search.queries import find
from steelyard.goods.search.service import mark_stale, record_ratings, record_sales, reindex, reindex_products

__all__ = ["find", "mark_stale", "record_ratings", "record_sales", "reindex", "reindex_products"]
