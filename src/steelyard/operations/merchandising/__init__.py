"""Merchandising: pages of the house and of the shops put together of blocks, and the shops' own categories.

Blocks are data. Somebody changes a draft, looks at it, and publishes it now or for an hour to come; an earlier version can
be brought back. What is shown is the version that began last, so nothing has to happen at that hour.
"""

from steelyard.operations.merchandising.queries import (
    chosen,
    draft,
    products_of,
    shop_categories,
    shown,
    topics,
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
    "draft",
    "move_block",
    "name_page",
    "order_blocks",
    "products_of",
    "publish",
    "remove_block",
    "remove_shop_category",
    "save_block",
    "save_shop_category",
    "shop_categories",
    "shown",
    "topics",
    "versions",
    "withdraw",
]
