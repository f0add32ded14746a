"""What tax a line bears: dated rates by country, region and class of goods, in the price or on top of it.

`published` reads the tables in which rates are published, line by line. With a worked example: docs/algorithms/tax.md.
"""

from steelyard.goods.taxes.model import day_of, rate_for, tax_added, tax_of
from steelyard.goods.taxes.published import COLUMNS, Problem, read_table
from steelyard.goods.taxes.queries import places, rates, rates_in, rates_of, rates_on
from steelyard.goods.taxes.service import forget_rate, keep_rates, set_rate

__all__ = [
    "COLUMNS",
    "Problem",
    "day_of",
    "forget_rate",
    "keep_rates",
    "places",
    "rate_for",
    "rates",
    "rates_in",
    "rates_of",
    "rates_on",
    "read_table",
    "set_rate",
    "tax_added",
    "tax_of",
]
