"""Files in: products, customers and orders of other systems become this marketplace's own, once and whole.

`import_files` is what the command line calls. docs/guide/import.md describes the formats and every rule.

Reading: `mapping` (with `countries` and `opening`; the maps that ship are in `maps`) says what a file's columns mean,
`reading` makes it a stream of raw batches, `shaping` turns these into typed rows or reasons to reject them, all in the
scratch database of `workspace`. From there `records` hands out products and customers, and `orders` hands out orders:
`order_lines` tells which lines are new and what each does to the books, `matching` finds the sales that returns take
back by the rule in `returns`. `rejects` writes the report, `figures` reckons what a report must agree with, `columnar`
types the edge to pyarrow.

Writing: `importing` runs an import, by way of `importing_orders` or `importing_records`; `runs` keeps how far it is, so
that it goes on after a kill, `past` hands it what other imports brought, and `closed` says when the books of that time are
closed. `shops` finds the merchants or lets them in,
`shelving` puts up their goods, `booking` makes of a chunk what the modules write, and `writing` writes it.

`event_files` reads files of what people did elsewhere into the frame that analyses read (`operations/lake`); it needs no
database.
"""

from steelyard.channels.feeds.closed import MonthsClosed
from steelyard.channels.feeds.event_files import EventFeed, open_events
from steelyard.channels.feeds.figures import SalesFigures
from steelyard.channels.feeds.importing import import_files
from steelyard.channels.feeds.mapping import EventMapping, Mapping, load_map, parse_map, shipped_maps
from steelyard.channels.feeds.model import FeedUnreadable, MapInvalid, OrderChunk, RecordChunk, Summary
from steelyard.channels.feeds.orders import OrderFeed, open_orders
from steelyard.channels.feeds.records import RecordFeed, open_records
from steelyard.channels.feeds.runs import ImportedElsewhere, Result
from steelyard.channels.feeds.shops import CurrencyUnknown

__all__ = [
    "CurrencyUnknown",
    "EventFeed",
    "EventMapping",
    "FeedUnreadable",
    "ImportedElsewhere",
    "MapInvalid",
    "Mapping",
    "MonthsClosed",
    "OrderChunk",
    "OrderFeed",
    "RecordChunk",
    "RecordFeed",
    "Result",
    "SalesFigures",
    "Summary",
    "import_files",
    "load_map",
    "open_events",
    "open_orders",
    "open_records",
    "parse_map",
    "shipped_maps",
]
