"""What tax was sold and given back in a period: by country and rate, for a seller or for all, and what of it is declared in
the EU's one-stop shop. It keeps nothing: all of it is read from orders and refunds. With a worked example:
docs/algorithms/tax.md.
"""

from steelyard.trade.tax_reports.model import Scheme, Seller, TaxLine, folded, one_stop
from steelyard.trade.tax_reports.queries import report, sellers

__all__ = ["Scheme", "Seller", "TaxLine", "folded", "one_stop", "report", "sellers"]
