"""Files in: products, customers and orders of other systems, read into checked, typed batches.

The reading half. `open_orders` and `open_records` take files and a map; what they yield is written into the
marketplace by bulk commands. docs/guide/import.md describes the formats and every rule.
"""

from steelyard.channels.feeds.mapping import Mapping, load_map, parse_map, shipped_maps
from steelyard.channels.feeds.model import FeedUnreadable, MapInvalid, OrderChunk, Summary
from steelyard.channels.feeds.orders import OrderFeed, open_orders

__all__ = [
    "FeedUnreadable",
    "MapInvalid",
    "Mapping",
    "OrderChunk",
    "OrderFeed",
    "Summary",
    "load_map",
    "open_orders",
    "parse_map",
    "shipped_maps",
]
