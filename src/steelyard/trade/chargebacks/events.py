"""What chargebacks announce."""

from datetime import datetime
from uuid import UUID

from steelyard.kernel.events import Event


class ChargebackOpened(Event, frozen=True, kw_only=True):
    """A channel asks about an order's money, or has taken it back."""

    KIND = "chargebacks.opened"

    merchant_id: UUID
    chargeback_id: UUID
    order_id: UUID
    buyer_id: UUID
    amount: int
    currency: str
    inquiry: bool
    shop_due_at: datetime | None


class ChargebackFrozen(Event, frozen=True, kw_only=True):
    """What a shop is owed for a received order is set aside until it is decided; `document` names it in the books."""

    KIND = "chargebacks.frozen"

    merchant_id: UUID
    order_id: UUID
    document: UUID
    amount: int
    currency: str


class ChargebackThawed(Event, frozen=True, kw_only=True):
    """What was set aside is the shop's again; where it was lost, a refund follows."""

    KIND = "chargebacks.thawed"

    merchant_id: UUID
    order_id: UUID
    document: UUID
    amount: int
    currency: str


class ChargebackSettled(Event, frozen=True, kw_only=True):
    """What a lost or recovered one comes to beside its refund: what the platform makes good to the shop, and the fee that the
    shop bears."""

    KIND = "chargebacks.settled"

    merchant_id: UUID
    order_id: UUID
    document: UUID
    made_good: int
    fee: int
    currency: str


class ChargebackEnded(Event, frozen=True, kw_only=True):
    """It was decided: `state` is won, lost, accepted, expired, recovered or closed, `bearer` who bears what was lost."""

    KIND = "chargebacks.ended"

    merchant_id: UUID
    chargeback_id: UUID
    order_id: UUID
    buyer_id: UUID
    amount: int
    currency: str
    state: str
    bearer: str | None
