"""What tax a line bears: dated rates by country, region and class of goods, in the price or on top of it."""

from steelyard.goods.taxes.model import rate_for, tax_added, tax_of
from steelyard.goods.taxes.queries import rates, rates_in
from steelyard.goods.taxes.service import set_rate

__all__ = ["rate_for", "rates", "rates_in", "set_rate", "tax_added", "tax_of"]
