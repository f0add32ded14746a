"""Merchandising: pages of the house and of the shops put together of blocks, and the shops' own categories.

Blocks are data. Somebody changes a draft, looks at it, and publishes it now or for an hour to come; an earlier version can
be brought back. What is shown is the version that began last, so nothing has to happen at that hour. `audiences` leaves out what
is for a segment that the reader is not in.
"""

from steelyard.operations.merchandising.audiences import customers_of, meant_for, pages_using, seen_by, segments_of
from steelyard.operations.merchandising.queries import (
    chosen,
    draft,
    products_of,
    shop_categories,
    shown,
    topics,
    version,
    versions,
)
from steelyard.operations.merchandising.service import (
    as_data,
    begin,
    bring_back,
    move_block,
    name_page,
    order_blocks,
    publish,
    publish_block,
    remove_block,
    remove_shop_category,
    save_block,
    save_shop_category,
    withdraw,
)

__all__ = [
    "as_data",
    "begin",
    "bring_back",
    "chosen",
    "customers_of",
    "draft",
    "meant_for",
    "move_block",
    "name_page",
    "order_blocks",
    "pages_using",
    "products_of",
    "publish",
    "publish_block",
    "remove_block",
    "remove_shop_category",
    "save_block",
    "save_shop_category",
    "seen_by",
    "segments_of",
    "shop_categories",
    "shown",
    "topics",
    "version",
    "versions",
    "withdraw",
]
