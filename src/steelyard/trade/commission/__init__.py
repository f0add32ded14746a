"""Commission: what part of a sale is the platform's."""

from steelyard.trade.commission.queries import rates_for, rates_of_merchant, valid_rates
from steelyard.trade.commission.service import set_rate

__all__ = ["rates_for", "rates_of_merchant", "set_rate", "valid_rates"]
