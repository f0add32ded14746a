"""What aftersales announces. Amounts are minor units of `currency`."""

from uuid import UUID

from steelyard.kernel.events import Event


class OrderRefunded(Event, frozen=True, kw_only=True):
    """Money of an order is on its way back to its buyer; `released` says that it had been the merchant's already.
    `subsidy`: what the platform takes back of what it pays the merchant for promotions."""

    KIND = "aftersales.refunded"

    refund_id: UUID
    merchant_id: UUID
    order_id: UUID
    goods: int
    freight: int
    commission: int
    currency: str
    released: bool
    subsidy: int = 0


class CancellationAsked(Event, frozen=True, kw_only=True):
    """A buyer asked a shop to call off an order that it is packing."""

    KIND = "aftersales.cancellation_asked"

    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID


class CancellationAnswered(Event, frozen=True, kw_only=True):
    """A shop, or the time it had, answered a request to cancel."""

    KIND = "aftersales.cancellation_answered"

    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID
    granted: bool


class AfterSalesAsked(Event, frozen=True, kw_only=True):
    """A buyer asked for money back for some pieces, with the goods sent back or without."""

    KIND = "aftersales.asked"

    merchant_id: UUID
    case_id: UUID
    order_id: UUID
    buyer_id: UUID


class AfterSalesAppealed(Event, frozen=True, kw_only=True):
    """A side appealed against the platform's decision of a case."""

    KIND = "aftersales.appealed"

    merchant_id: UUID
    case_id: UUID
    order_id: UUID
    buyer_id: UUID
    side: str


class AppealAnswered(Event, frozen=True, kw_only=True):
    """The other side answered an appeal."""

    KIND = "aftersales.appeal_answered"

    merchant_id: UUID
    case_id: UUID
    side: str


class AppealEnded(Event, frozen=True, kw_only=True):
    """An appeal was decided; `compensation` is what the platform has credited the shop with, by `document`."""

    KIND = "aftersales.appeal_ended"

    merchant_id: UUID
    case_id: UUID
    order_id: UUID
    buyer_id: UUID
    outcome: str
    document: UUID
    compensation: int
    currency: str


class AfterSalesMoved(Event, frozen=True, kw_only=True):
    """An after-sales case went from one state to another."""

    KIND = "aftersales.moved"

    merchant_id: UUID
    case_id: UUID
    order_id: UUID
    buyer_id: UUID
    from_state: str
    to_state: str


class RefundAwaits(Event, frozen=True, kw_only=True):
    """A refund above what somebody may give back alone waits for a second person of the same `side`."""

    KIND = "aftersales.refund_awaits"

    merchant_id: UUID
    request_id: UUID
    order_id: UUID
    side: str
    amount: int
    currency: str
    asked_by: UUID


class RefundAnswered(Event, frozen=True, kw_only=True):
    """A refund waits for nobody any more: approved, declined, withdrawn, expired or overtaken."""

    KIND = "aftersales.refund_answered"

    merchant_id: UUID
    request_id: UUID
    order_id: UUID
    side: str
    state: str
    asked_by: UUID
