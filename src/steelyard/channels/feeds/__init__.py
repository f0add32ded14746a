"""Files in: products, customers and orders of other systems, read into checked, typed batches.

The reading half. `open_orders` and `open_records` take files and a map; what they yield is written into the
marketplace by bulk commands. docs/guide/import.md describes the formats and every rule.
"""

from steelyard.channels.feeds.figures import SalesFigures
from steelyard.channels.feeds.mapping import Mapping, load_map, parse_map, shipped_maps
from steelyard.channels.feeds.model import FeedUnreadable, MapInvalid, OrderChunk, RecordChunk, Summary
from steelyard.channels.feeds.orders import OrderFeed, open_orders
from steelyard.channels.feeds.records import RecordFeed, open_records

__all__ = [
    "FeedUnreadable",
    "MapInvalid",
    "Mapping",
    "OrderChunk",
    "OrderFeed",
    "RecordChunk",
    "RecordFeed",
    "SalesFigures",
    "Summary",
    "load_map",
    "open_orders",
    "open_records",
    "parse_map",
    "shipped_maps",
]
