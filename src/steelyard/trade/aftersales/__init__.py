"""After the sale: calling off, giving money back. History that was made elsewhere comes in through `bulk`."""

from steelyard.trade.aftersales.bulk import RecordedReturn, bulk_refund
from steelyard.trade.aftersales.events import OrderRefunded
from steelyard.trade.aftersales.queries import of_orders
from steelyard.trade.aftersales.service import cancel, refund

__all__ = ["OrderRefunded", "RecordedReturn", "bulk_refund", "cancel", "of_orders", "refund"]
