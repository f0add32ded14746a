"""What buyers find: one entry a product on the shelf, kept up to date from events, searched in words and in Chinese.

`words` makes of a text what is indexed and what is asked; `statements` puts the statement behind a search together.
"""

from steelyard.goods.search.queries import cards, find
from steelyard.goods.search.service import mark_stale, record_ratings, record_sales, reindex, reindex_products

__all__ = ["cards", "find", "mark_stale", "record_ratings", "record_sales", "reindex", "reindex_products"]
