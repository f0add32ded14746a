"""The figures by which people see how the marketplace does: today, the last days, and sales of a period."""

from steelyard.operations.analytics.model import DayFigures, Definition, SalesFigures, SalesReport, currency_of
from steelyard.operations.analytics.queries import days, days_of_merchant, today, today_of_merchant
from steelyard.operations.analytics.sales import sales_report

__all__ = [
    "DayFigures",
    "Definition",
    "SalesFigures",
    "SalesReport",
    "currency_of",
    "days",
    "days_of_merchant",
    "sales_report",
    "today",
    "today_of_merchant",
]
