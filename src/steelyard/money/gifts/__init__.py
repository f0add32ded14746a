"""Gift cards that buyers buy in the shop, for themselves or to be sent to somebody.

The platform sells them, no merchant: a sale is what a payment pays for instead of orders, under the sale's own id as owner
in the books. From the moment it is paid the card is owed (`wallets.mint_sold`); its code is made when it is sent, told in
that mail and nowhere else, and made anew when it is sent again (`sending.py`). `collecting.py` asks the channel for the
money; what channels say comes through `apply`. See decision 0100.

    sale = await db.transact(gifts.order, NewSale(...))
    go_on = await gifts.collect(db, settings, sale.sale_id, channel="simpay", return_url=...)
"""

from steelyard.money.gifts.collecting import apply, collect
from steelyard.money.gifts.model import (
    NewSale,
    NoRefund,
    NotSendable,
    NotSold,
    Sale,
    SaleId,
    SaleOver,
    SaleState,
    Sold,
    Terms,
    TooMuchToday,
)
from steelyard.money.gifts.queries import get, lately, of_buyer, page, paid_with, terms
from steelyard.money.gifts.sending import again, send_due
from steelyard.money.gifts.service import forget, lapse, order, refund, refund_by_staff

__all__ = [
    "NewSale",
    "NoRefund",
    "NotSendable",
    "NotSold",
    "Sale",
    "SaleId",
    "SaleOver",
    "SaleState",
    "Sold",
    "Terms",
    "TooMuchToday",
    "again",
    "apply",
    "collect",
    "forget",
    "get",
    "lapse",
    "lately",
    "of_buyer",
    "order",
    "page",
    "paid_with",
    "refund",
    "refund_by_staff",
    "send_due",
    "terms",
]
