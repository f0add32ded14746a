"""The figures by which people see how the marketplace does: today, the last days, sales of a period; trade and traffic.

`rollup` counts a day's trade anew when something of it changed, `traffic` counts visitors as they come, `figures` are the
questions over both, `sales` the report of a period line by line; `remembering` keeps answers for a moment.
"""

from steelyard.operations.analytics import figures
from steelyard.operations.analytics.model import (
    CategoryTrade,
    Customers,
    DayFigures,
    Definition,
    ProductTrade,
    RegionTrade,
    SalesFigures,
    SalesReport,
    Trade,
    TradeBy,
    TradeDay,
    Traffic,
    TrafficBy,
    TrafficDay,
    all_trade,
    all_traffic,
    conversion,
    currency_of,
)
from steelyard.operations.analytics.queries import days, days_of_merchant, today, today_of_merchant
from steelyard.operations.analytics.remembering import remembered
from steelyard.operations.analytics.rollup import mark_history, roll_up
from steelyard.operations.analytics.sales import sales_report
from steelyard.operations.analytics.traffic import (
    MARKETPLACE,
    VIEWS_PER_BATCH_MAX,
    PastTraffic,
    Step,
    View,
    bulk_product_traffic,
    bulk_traffic,
    forget,
    record,
)

__all__ = [
    "MARKETPLACE",
    "VIEWS_PER_BATCH_MAX",
    "CategoryTrade",
    "Customers",
    "DayFigures",
    "Definition",
    "PastTraffic",
    "ProductTrade",
    "RegionTrade",
    "SalesFigures",
    "SalesReport",
    "Step",
    "Trade",
    "TradeBy",
    "TradeDay",
    "Traffic",
    "TrafficBy",
    "TrafficDay",
    "View",
    "all_trade",
    "all_traffic",
    "bulk_product_traffic",
    "bulk_traffic",
    "conversion",
    "currency_of",
    "days",
    "days_of_merchant",
    "figures",
    "forget",
    "mark_history",
    "record",
    "remembered",
    "roll_up",
    "sales_report",
    "today",
    "today_of_merchant",
]
