"""What checkout does when a purchase ends without payment: the checkout can be placed anew. And what it gives back of
promotions when a paid order is called off."""

from collections.abc import Sequence

from steelyard.goods import promotions
from steelyard.goods.promotions import CustomerGroupSet, GiftAsked
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.trade.checkout.giving import give
from steelyard.trade.checkout.members import fill, welcome
from steelyard.trade.checkout.service import lock_of_purchases
from steelyard.trade.orders import OrderCancelled, OrderCompleted, PurchaseCancelled
from steelyard.trade.orders.model import PurchaseId


async def reopen(tx: Tx, facts: Sequence[PurchaseCancelled]) -> None:
    """A lapsed purchase's checkout is open again under a new purchase id, as long as the buyer has not given it up.

    They are held first, in the order in which placing holds its own: an UPDATE takes rows as it finds them.
    """
    await lock_of_purchases(tx, [PurchaseId(fact.purchase_id) for fact in facts])
    await tx.execute(
        """
        UPDATE checkouts c SET state = 'open', purchase_id = r.next_id, changed_at = now()
        FROM unnest($1::uuid[], $2::uuid[]) AS r (purchase_id, next_id)
        WHERE c.purchase_id = r.purchase_id AND c.state = 'placed'
        """,
        [fact.purchase_id for fact in facts],
        [ids.mint() for _ in facts],
    )


async def give_back(tx: Tx, facts: Sequence[OrderCancelled]) -> None:
    """Nothing was sold: coupons can be used again, and budgets have what the order took of them. By event, since whoever
    cancels may be a merchant, to whom neither buyers' coupons nor the platform's promotions are open. Pieces of a flash sale
    stay sold: their stock is free already."""
    await promotions.give_back(tx, [(fact.merchant_id, fact.order_id) for fact in facts], paid=True)


SUBSCRIBER = Subscriber(
    "checkout",
    {
        PurchaseCancelled: reopen,
        OrderCancelled: give_back,
        GiftAsked: give,
        OrderCompleted: welcome,
        CustomerGroupSet: fill,
    },
)
