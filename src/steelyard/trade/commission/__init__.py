"""Commission: what part of a sale is the platform's."""

from steelyard.trade.commission.queries import rates_for, valid_rates
from steelyard.trade.commission.service import set_rate

__all__ = ["rates_for", "set_rate", "valid_rates"]
