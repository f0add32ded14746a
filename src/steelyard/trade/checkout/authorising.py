"""Whether a purchase is taken when it is paid, or only authorised and taken when it is sent."""

from collections.abc import Sequence

from steelyard.kernel.db import Read
from steelyard.money.payments import Terms
from steelyard.parties import merchants
from steelyard.trade.orders.model import Booking, Order, Purchase


async def later(
    read: Read, purchase: Purchase, booking: Booking | None, parts: Sequence[Order], terms: Terms, months: int = 0
) -> bool:
    """Whether a purchase is only authorised when it is paid: its shops want that, one of them where the channel captures each
    order's part by itself, all of them where it captures once. What waits for a team or for a day that was agreed may wait longer
    than any authorisation holds; what is paid in months is taken at once."""
    if not terms.authorises or months:
        return False
    if booking is not None or purchase.team_id is not None or any(part.agreed is not None for part in parts):
        return False
    waiting = await merchants.captures_later(read)
    wanted = [part.merchant_id in waiting for part in parts]
    return any(wanted) if terms.captures_parts else all(wanted)
