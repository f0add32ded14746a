"""How much somebody of a staff may give back alone, and what waits for a second person: commands as data, states, refusals."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.money.payments.model import RefundId
from steelyard.parties.access.model import AccountId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.approval_states import REQUEST_MACHINE, RequestState
from steelyard.trade.aftersales.case_model import CaseId, Inspected, Verdict
from steelyard.trade.aftersales.model import RefundRequest
from steelyard.trade.orders.model import OrderId

# The states stand in a file of their own, and are found here.
__all__ = ["REQUEST_MACHINE", "RequestState"]

RequestId = NewType("RequestId", UUID)

# Nobody has to answer for ever: then it is over, and who asked may ask again.
WAITS = timedelta(days=7)
ANSWER_CHARACTERS_MAX = 500
AMOUNT_MAX = 10**13


class RequestSide(StrEnum):
    """Whose staff asks, and is asked."""

    MERCHANT = "merchant"
    OPERATOR = "operator"


# Who may give money back at all: a role without one of these widens nobody's limit.
GIVES: Mapping[RequestSide, Sequence[str]] = {
    RequestSide.MERCHANT: ("orders.refund", "orders.cancel"),
    RequestSide.OPERATOR: ("orders.manage",),
}
APPROVES = "refunds.approve"


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """What a role may give back alone in a currency, from a moment on. None: as much as there is."""

    role_id: str
    currency: str
    valid_from: datetime
    per_refund: int | None
    per_day: int | None
    set_by: UUID | None = None
    set_at: datetime | None = None


class Giver(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of a staff who gives money back, or approves it: `roles` are those by which they may, `chief` says that one of
    their roles may do everything in the house."""

    account_id: AccountId
    side: RequestSide
    roles: Sequence[str]
    chief: bool = False
    merchant_id: MerchantId | None = None


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody may give back alone, in minor units of one currency."""

    per_refund: int | None = None
    per_day: int | None = None

    @property
    def unlimited(self) -> bool:
        return self.per_refund is None and self.per_day is None


class GiveBack(msgspec.Struct, frozen=True, kw_only=True, tag="refund"):
    request: RefundRequest


class CallOff(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    merchant_id: MerchantId
    order_id: OrderId
    refund_id: RefundId
    reason: str


class GrantCallOff(msgspec.Struct, frozen=True, kw_only=True, tag="grant"):
    merchant_id: MerchantId
    order_id: OrderId


class AgreeToCase(msgspec.Struct, frozen=True, kw_only=True, tag="agree"):
    merchant_id: MerchantId
    case_id: CaseId
    keep: bool


class ReceiveOfCase(msgspec.Struct, frozen=True, kw_only=True, tag="receive"):
    merchant_id: MerchantId
    case_id: CaseId
    inspected: Sequence[Inspected]
    answer: str


class SendAgain(msgspec.Struct, frozen=True, kw_only=True, tag="send_again"):
    merchant_id: MerchantId
    case_id: CaseId
    carrier: str
    number: str


class DecideCase(msgspec.Struct, frozen=True, kw_only=True, tag="decide"):
    merchant_id: MerchantId
    case_id: CaseId
    verdict: Verdict
    reason: str


GivingCommand = GiveBack | CallOff | GrantCallOff | AgreeToCase | ReceiveOfCase | SendAgain | DecideCase


class WaitingRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that waits, or waited, for a second person. `why`: the limit that it is above, `per_refund` or `per_day`."""

    merchant_id: MerchantId
    request_id: RequestId
    refund_id: RefundId
    order_id: OrderId
    case_id: CaseId | None
    side: RequestSide
    command: GivingCommand
    amount: int
    currency: str
    why: str
    state: RequestState
    asked_by: AccountId
    asked_at: datetime
    expires_at: datetime
    answered_by: AccountId | None
    answered_at: datetime | None
    answer: str


class SamePerson(Refusal):
    """Four eyes see more than two: nobody approves what they asked for."""

    code = "same_person"
    status = 403
    title = N_("Somebody else has to approve this")
    detail = N_("You asked for it yourself.")


class BeyondApprover(Refusal):
    """Who approves may give back so much alone, or may do everything in the house."""

    code = "beyond_approver"
    status = 403
    title = N_("This is above your own limit, too")
    detail = N_("Somebody who may give back this amount alone can approve it.")


class BeyondLimit(Refusal):
    """Where nothing can wait for a second person, who may give back so much alone does it."""

    code = "beyond_limit"
    status = 403
    title = N_("This is above your limit for refunds")
    detail = N_("Please ask somebody who may give back this amount.")


class AmountChanged(Refusal):
    """What was approved is given back, or less: not more than who approves has seen."""

    code = "amount_changed"
    title = N_("More would go back now than was asked for")
    detail = N_("Please decline this, and have it asked for anew.")
