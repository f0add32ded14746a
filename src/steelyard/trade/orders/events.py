"""What orders announces. Amounts are minor units of `currency`."""

from datetime import datetime
from uuid import UUID

from steelyard.kernel.events import Event


class PurchasePlaced(Event, frozen=True, kw_only=True):
    """A buyer placed a purchase; stock is reserved for it."""

    KIND = "orders.placed"

    purchase_id: UUID
    buyer_id: UUID
    total: int
    currency: str


class PurchaseCancelled(Event, frozen=True, kw_only=True):
    """A purchase ended without payment; its stock is free again."""

    KIND = "orders.purchase_cancelled"

    purchase_id: UUID
    buyer_id: UUID
    reason: str


class PurchasePaid(Event, frozen=True, kw_only=True):
    """A purchase's money was captured, or there was none to capture."""

    KIND = "orders.paid"

    purchase_id: UUID
    buyer_id: UUID
    total: int
    currency: str


class OrderLetGo(Event, frozen=True, kw_only=True):
    """A paid order that was held is to be sent."""

    KIND = "orders.let_go"

    merchant_id: UUID
    order_id: UUID
    purchase_id: UUID
    buyer_id: UUID


class OrderCancelled(Event, frozen=True, kw_only=True):
    """An order that was paid was called off before anything of it left the house."""

    KIND = "orders.cancelled"

    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID
    reason: str


class OrderShipped(Event, frozen=True, kw_only=True):
    """A parcel of an order left; `whole` says whether it was the last."""

    KIND = "orders.shipped"

    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID
    parcel_id: UUID
    whole: bool


class OrderCompleted(Event, frozen=True, kw_only=True):
    """Receipt is confirmed and the held money is the merchant's: `total` and `commission` are what was released and what
    was kept of it, `subsidy` what the platform pays beside it, refunds made before already taken off."""

    KIND = "orders.completed"

    merchant_id: UUID
    order_id: UUID
    goods: int
    freight: int
    tax_added: int
    total: int
    commission: int
    currency: str
    at: datetime
    subsidy: int = 0


class ShopReminded(Event, frozen=True, kw_only=True):
    """A buyer asked a shop to send an order."""

    KIND = "orders.shop_reminded"

    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID


class OrderReaddressed(Event, frozen=True, kw_only=True):
    """An order goes to another address than it was placed with."""

    KIND = "orders.readdressed"

    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID


class DepositPaid(Event, frozen=True, kw_only=True):
    """What is paid first in a presale was captured; the balance is still to be paid."""

    KIND = "orders.deposit_paid"

    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID
    amount: int
    currency: str


class BalanceDue(Event, frozen=True, kw_only=True):
    """The balance of a booking can be paid from now on; or (`ends`) it is soon too late for it."""

    KIND = "orders.balance_due"

    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID
    ends: bool


class DepositReturned(Event, frozen=True, kw_only=True):
    """A booking came to nothing and its deposit goes back: the `reason` for which its purchase was dropped is `shop` where
    the shop, or the platform, called it off."""

    KIND = "orders.deposit_returned"

    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID
    amount: int
    currency: str
    reason: str


class DepositForfeited(Event, frozen=True, kw_only=True):
    """The balance was not paid in time, or the buyer stepped back: the deposit is the shop's."""

    KIND = "orders.deposit_forfeited"

    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID
    amount: int
    currency: str
    at: datetime
