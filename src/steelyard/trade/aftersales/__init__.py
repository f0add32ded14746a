"""After the sale: calling off, giving money back."""

from steelyard.trade.aftersales.events import OrderRefunded
from steelyard.trade.aftersales.queries import of_orders
from steelyard.trade.aftersales.service import cancel, refund

__all__ = ["OrderRefunded", "cancel", "of_orders", "refund"]
