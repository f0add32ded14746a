"""The cart: goods of many shops, kept until they are bought."""

from steelyard.trade.cart.queries import count, view
from steelyard.trade.cart.service import (
    accept_prices,
    exchange,
    forget,
    merge,
    put,
    remove,
    remove_all,
    select,
    set_quantity,
)

__all__ = [
    "accept_prices",
    "count",
    "exchange",
    "forget",
    "merge",
    "put",
    "remove",
    "remove_all",
    "select",
    "set_quantity",
    "view",
]
