"""What it costs to send it: each merchant's delivery options by region, by piece or by weight.

The provinces that zones name are in `regions`.
"""

from steelyard.logistics.freight.events import DeliveryChanged
from steelyard.logistics.freight.model import fee_of
from steelyard.logistics.freight.queries import options, options_of, templates, templates_of
from steelyard.logistics.freight.regions import AREAS, PROVINCES, Province
from steelyard.logistics.freight.service import save_template

__all__ = [
    "AREAS",
    "PROVINCES",
    "DeliveryChanged",
    "Province",
    "fee_of",
    "options",
    "options_of",
    "save_template",
    "templates",
    "templates_of",
]
