"""Appeals against the platform's decision of an after-sales case: who may, until when, and what can come of it."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.case_model import Case, CaseId, Verdict
from steelyard.trade.aftersales.model import CaseState

# Until when a side may appeal, counted from the decision, and how long the other side may answer it.
APPEAL_WITHIN = timedelta(days=7)
APPEAL_ANSWERED_WITHIN = timedelta(hours=72)


class Side(StrEnum):
    BUYER = "buyer"
    SHOP = "shop"

    @property
    def other(self) -> "Side":
        return Side.SHOP if self is Side.BUYER else Side.BUYER


class Outcome(StrEnum):
    """`lapsed`: the case ended otherwise before the appeal was decided."""

    UPHELD = "upheld"
    CHANGED = "changed"
    LAPSED = "lapsed"


# Whom a decision takes something from.
MAY_APPEAL: dict[Verdict, frozenset[Side]] = {
    Verdict.REFUND: frozenset({Side.SHOP}),
    Verdict.RETURN: frozenset(Side),
    Verdict.REJECT: frozenset({Side.BUYER}),
}
# The state that a decision brings a case into, in which it can be appealed against.
FOLLOWS: dict[Verdict, CaseState] = {
    Verdict.REFUND: CaseState.REFUNDED,
    Verdict.RETURN: CaseState.AGREED,
    Verdict.REJECT: CaseState.REJECTED,
}


class Appeal(msgspec.Struct, frozen=True, kw_only=True):
    """`verdict`, `first_by` and `first_reason` are the decision that is appealed against; `compensation` is what the platform
    pays the shop when a refund turns out to have been wrong, in minor units."""

    merchant_id: MerchantId
    case_id: CaseId
    side: Side
    verdict: Verdict
    first_by: str
    first_reason: str
    first_at: datetime
    words: str
    photographs: list[str]
    by: str
    appealed_at: datetime
    answer_by: datetime
    answer: str
    answer_photographs: list[str]
    answered_at: datetime | None
    outcome: Outcome | None
    compensation: int
    currency: str
    decided_at: datetime | None
    decided_by: str | None
    decision: str

    @property
    def open(self) -> bool:
        return self.outcome is None

    def ripe(self, now: datetime) -> bool:
        """Whether it may be decided: the other side has answered, or has had its time."""
        return self.answered_at is not None or now >= self.answer_by


def appealable(case: Case, side: Side, appeal: Appeal | None, now: datetime) -> bool:
    """Whether this side may appeal now: once in a case, in time, against what takes something from it, and as long as the
    goods have not been sent back for it."""
    return (
        appeal is None
        and case.verdict is not None
        and case.decided_at is not None
        and side in MAY_APPEAL[case.verdict]
        and case.state is FOLLOWS[case.verdict]
        and now < case.decided_at + APPEAL_WITHIN
    )


class NotAppealable(Refusal):
    """A decision is appealed against once, within seven days, by the side that it takes something from."""

    code = "not_appealable"
    status = 409
    title = N_("This decision stands")
    detail = N_(
        "One appeal is possible in a case, within 7 days of the decision, as long as the goods were not sent back."
    )


class AnswerTooLate(Refusal):
    """The other side answers within its time, and before the appeal is decided."""

    code = "answer_too_late"
    status = 409
    title = N_("It is too late to answer")
    detail = N_("The time to answer this appeal is over, or it has been decided.")


class SameDecider(Refusal):
    """Who decided first does not decide about the appeal against it."""

    code = "same_decider"
    status = 403
    title = N_("Somebody else decides about this appeal")
    detail = N_("You made the decision that is appealed against. Another member of staff decides about the appeal.")


class AnswerOutstanding(Refusal):
    """The other side is heard before an appeal is decided."""

    code = "answer_outstanding"
    status = 409
    title = N_("The other side has not answered yet")
    detail = N_("It can be decided once the other side has answered, or its time is over.")
