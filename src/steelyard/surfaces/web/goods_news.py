"""Which events tell something new of goods that are shown, and of which ids: for answers that are kept. See decision 0056."""

from steelyard.channels.live import ExplanationChanged
from steelyard.goods.catalog import CategoryChanged, ProductChanged
from steelyard.goods.inventory import AvailabilityChanged
from steelyard.goods.pricing import PricesChanged
from steelyard.goods.promotions import FlashChanged, ShelfPricesChanged
from steelyard.goods.warehouses import WarehousesChanged
from steelyard.kernel.answers import About
from steelyard.logistics.freight import DeliveryChanged
from steelyard.parties.merchants import ShopChanged
from steelyard.trade.groups import GroupChanged
from steelyard.trade.reviews import OpinionsChanged

CATEGORIES = "categories"
"""Of what shows the tree of categories: any of them."""

ABOUT: About = {
    ProductChanged: lambda news: [news.product_id],
    PricesChanged: lambda news: news.sku_ids,
    AvailabilityChanged: lambda news: news.sku_ids,
    FlashChanged: lambda news: [*news.product_ids, *news.sku_ids],
    ShelfPricesChanged: lambda news: news.product_ids or [*news.category_ids, news.merchant_id],
    GroupChanged: lambda news: [news.product_id],
    ShopChanged: lambda news: [news.merchant_id],
    DeliveryChanged: lambda news: [news.merchant_id],
    WarehousesChanged: lambda news: [news.merchant_id],
    OpinionsChanged: lambda news: news.product_ids,
    ExplanationChanged: lambda news: news.product_ids,
    CategoryChanged: lambda news: [news.category_id, CATEGORIES],
}
