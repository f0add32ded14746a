"""What a SKU costs now: one price a currency, and the market price that it is compared with; and, in `costs`, what it costs the
shop."""

from steelyard.goods.pricing.costs import costs_of, set_costs
from steelyard.goods.pricing.events import PricesChanged
from steelyard.goods.pricing.queries import current, current_at_home, current_in, lowest_until
from steelyard.goods.pricing.service import bulk_set, set_prices

__all__ = [
    "PricesChanged",
    "bulk_set",
    "costs_of",
    "current",
    "current_at_home",
    "current_in",
    "lowest_until",
    "set_costs",
    "set_prices",
]
