"""The states of purchases and orders, and which follow each other."""

from enum import StrEnum

from steelyard.kernel.states import Machine


class PurchaseState(StrEnum):
    PLACED = "placed"
    PAID = "paid"
    CANCELLED = "cancelled"


PURCHASE_MACHINE = Machine(
    "purchase",
    {PurchaseState.PLACED, PurchaseState.PAID},
    {
        PurchaseState.PLACED: {PurchaseState.PAID, PurchaseState.CANCELLED},
        PurchaseState.PAID: set(),
        PurchaseState.CANCELLED: set(),
    },
)


class OrderState(StrEnum):
    """Held: paid, and not to be sent before its team of buyers is whole, or before it was looked at (see risk),
    or while its money is charged back."""

    PLACED = "placed"
    HELD = "held"
    PAID = "paid"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


# An order is born completed or cancelled only when it is imported: its life was elsewhere.
MACHINE = Machine(
    "order",
    {OrderState.PLACED, OrderState.COMPLETED, OrderState.CANCELLED},
    {
        OrderState.PLACED: {OrderState.HELD, OrderState.PAID, OrderState.CANCELLED},
        OrderState.HELD: {OrderState.PAID, OrderState.CANCELLED},
        OrderState.PAID: {OrderState.HELD, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.CANCELLED},
        OrderState.PARTLY_SHIPPED: {OrderState.SHIPPED},
        OrderState.SHIPPED: {OrderState.COMPLETED, OrderState.CANCELLED},  # cancelled: nobody paid at the door
        OrderState.COMPLETED: set(),
        OrderState.CANCELLED: set(),
    },
)


TO_SEND = frozenset({OrderState.PAID, OrderState.PARTLY_SHIPPED})
