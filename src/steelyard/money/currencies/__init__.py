"""The currencies that this marketplace deals in.

Amounts are integers of minor units everywhere; how many digits a currency has behind the point is `kernel.money`'s to
say (CLDR), and a test holds this table equal to it.
"""

from steelyard.money.currencies.model import Currency
from steelyard.money.currencies.queries import all

__all__ = ["Currency", "all"]
