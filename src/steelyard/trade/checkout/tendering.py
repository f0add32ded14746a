"""What of a purchase the buyer's own purses pay: held while it is placed, before its goods are, and written down with it.

The purses' rows are locked in the order of their keys, after promotions and before any stock row. A purchase whose buyer
ticked nothing asks for nothing here. Only the shop's own checkouts are paid so: an agent spends nobody's balance. What is
paid in two parts is paid by a channel alone.
"""

from collections.abc import Mapping, Sequence

from steelyard.kernel.db import Read, Tx
from steelyard.money import payments, wallets
from steelyard.money.payments import Tendered
from steelyard.money.wallets import PURSES, Purse, Tender
from steelyard.parties import policies
from steelyard.parties.policies.model import POINTS_SHARE
from steelyard.trade.checkout.model import Checkout, CheckoutId, Quote, at_shop
from steelyard.trade.orders.model import NewPurchase


def ticked(checkout: Checkout) -> Sequence[Purse]:
    """The purses that are to pay."""
    return checkout.purses if at_shop(checkout.client) else ()


async def offered(read: Read, checkout: Checkout, cost: Quote, own: Mapping[Purse, int]) -> list[Tender]:
    """What the ticked purses would pay of it now."""
    chosen = ticked(checkout)
    if not chosen or cost.deposit:
        return []
    percent = await policies.number(read, POINTS_SHARE)
    return wallets.tenders([group.total for group in cost.groups], own, chosen, percent)


async def hold(
    tx: Tx, wanted: Sequence[tuple[Checkout, NewPurchase, int | None]]
) -> tuple[dict[CheckoutId, list[Tender]], set[CheckoutId]]:
    """Hold the purses of these checkouts and say what each pays, in their order; also returns those whose rest is another
    than the one that the buyer saw (the number; none: whatever it is)."""
    own = [each for each in wanted if ticked(each[0]) and not each[1].deposit]
    keys = sorted({(each.buyer_id, purse, each.currency) for each, _, _ in own for purse in PURSES})
    left = await wallets.lock(tx, keys) if keys else {}
    percent = await policies.number(tx, POINTS_SHARE) if own else 0
    found: dict[CheckoutId, list[Tender]] = {}
    moved: set[CheckoutId] = set()
    for each, purchase, expected in wanted:
        free = {purse: left.get((each.buyer_id, purse, each.currency), 0) for purse in PURSES}
        chosen = () if purchase.deposit else ticked(each)
        tenders = wallets.tenders([order.total for order in purchase.orders], free, chosen, percent)
        rest = purchase.deposit or purchase.total - sum(tender.amount for tender in tenders)
        if expected is not None and expected != rest:
            moved.add(each.checkout_id)
            continue
        for tender in tenders:
            left[each.buyer_id, tender.purse, each.currency] -= tender.amount
        found[each.checkout_id] = tenders
    return found, moved


async def keep(tx: Tx, placed: Sequence[tuple[NewPurchase, Sequence[Tender]]]) -> None:
    """Keep what was held for purchases that are written down; what pays one whole is taken at once."""
    kept = [(purchase, tender) for purchase, tenders in placed for tender in tenders]
    if not kept:
        return
    await payments.keep(
        tx,
        [
            Tendered(
                purchase_id=purchase.purchase_id,
                buyer_id=purchase.buyer_id,
                currency=purchase.currency,
                expires_at=purchase.pay_by,
                tender=tender,
                orders=[(order.merchant_id, order.order_id) for order in purchase.orders],
            )
            for purchase, tender in kept
        ],
    )
    whole = [
        purchase.purchase_id for purchase, _ in placed if purchase.tendered and purchase.tendered == purchase.total
    ]
    if whole:
        await payments.take(tx, whole)
