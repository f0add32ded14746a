"""After-sales cases: what a buyer may ask for and why, in which state it is, and how long each side may take."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import SkuId
from steelyard.kernel import codes, ids
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.money.payments.model import RefundId
from steelyard.parties.customers.model import Address, BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.model import CaseState, Returned
from steelyard.trade.orders.model import OrderId
from steelyard.trade.rights.model import Family, RuleId

CaseId = NewType("CaseId", UUID)

PHOTOGRAPHS_PER_CASE_MAX = 6
RECEIPTS_PER_CASE_MAX = 2
CASES_PER_ORDER_MAX = 50
CASE_PREFIX = "R"

ENDED = frozenset({CaseState.EXCHANGED, CaseState.REFUNDED, CaseState.REJECTED, CaseState.WITHDRAWN, CaseState.CLOSED})


class Kind(StrEnum):
    """`refund_only`: the money, the goods stay where they are. `return_refund`: the goods go back first. `exchange`: another
    variant of the same product for what goes back, `replacement`: the same once more."""

    REFUND_ONLY = "refund_only"
    RETURN_REFUND = "return_refund"
    EXCHANGE = "exchange"
    REPLACEMENT = "replacement"


class Verdict(StrEnum):
    """The platform's decision: money back, goods back first, or nothing."""

    REFUND = "refund"
    RETURN = "return"
    REJECT = "reject"


class Stage(StrEnum):
    """How far goods are, as far as we know: not sent, on their way, or with the buyer."""

    UNSENT = "unsent"
    UNDER_WAY = "under_way"
    RECEIVED = "received"


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """A reason: for what it may be given and `when`; a rule of the `family` says until when, `shops_fault` whether the shop
    bears the freight."""

    words: str
    kinds: frozenset[Kind]
    when: frozenset[Stage]
    family: Family = Family.FAULT
    shops_fault: bool = True


SWAPS = frozenset({Kind.EXCHANGE, Kind.REPLACEMENT})
_BOTH = frozenset({Kind.REFUND_ONLY, Kind.RETURN_REFUND})
_ANY = frozenset(Kind)
_BACK = frozenset({Kind.RETURN_REFUND, Kind.EXCHANGE})
_EXCHANGE = frozenset({Kind.EXCHANGE})
_RETURN = frozenset({Kind.RETURN_REFUND})
_REFUND = frozenset({Kind.REFUND_ONLY})
_SENT = frozenset({Stage.UNDER_WAY, Stage.RECEIVED})
# What a shop may have promised more for than the money: see trade.promises.
COUNTERFEIT = "counterfeit"
REASONS: dict[str, Why] = {
    "changed_mind": Why(
        words=N_("I do not want it (return without a reason)"),
        kinds=_RETURN,
        when=_SENT,
        family=Family.NO_REASON,
        shops_fault=False,
    ),
    "does_not_fit": Why(
        words=N_("Another size, colour or kind suits me better"),
        kinds=_EXCHANGE,
        when=_SENT,
        family=Family.NO_REASON,
        shops_fault=False,
    ),
    "not_needed": Why(
        words=N_("I do not need it any more"), kinds=_REFUND, when=frozenset({Stage.UNSENT}), shops_fault=False
    ),
    "not_arrived": Why(words=N_("It has not arrived"), kinds=_REFUND, when=frozenset({Stage.UNDER_WAY})),
    "quality": Why(words=N_("The quality is bad, or it does not work"), kinds=_ANY, when=_SENT),
    "wrong_item": Why(words=N_("Something else was sent"), kinds=_ANY, when=_SENT),
    "missing": Why(words=N_("Pieces are missing"), kinds=_REFUND, when=_SENT),
    "not_as_described": Why(words=N_("It is not as described"), kinds=_BOTH, when=_SENT),
    COUNTERFEIT: Why(words=N_("It is not genuine (a counterfeit)"), kinds=_BOTH, when=_SENT),
    "damaged": Why(words=N_("It was damaged on the way"), kinds=_ANY, when=_SENT),
    "late": Why(words=N_("It was sent or arrived late"), kinds=_BOTH, when=frozenset(Stage)),
}


class NewCase(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer asks for; `freight` is of what was paid for sending, in minor units, `sku_id` what it is exchanged for."""

    case_id: CaseId
    merchant_id: MerchantId
    order_id: OrderId
    kind: Kind
    reason: str
    lines: Sequence[Returned]
    note: str = ""
    photographs: Sequence[str] = ()
    freight: int = 0
    sku_id: SkuId | None = None

    @property
    def code(self) -> str:
        """What people call the case by: it stands on the parcel."""
        return codes.of(CASE_PREFIX, self.case_id)

    @property
    def refund_id(self) -> RefundId:
        return RefundId(ids.derived(self.case_id, "refund"))


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case as it is; `due_at` is when silence decides, none when it is nobody's turn or the platform's.
    `pickup_carrier` was asked to fetch the goods at `pickup_at`."""

    merchant_id: MerchantId
    case_id: CaseId
    order_id: OrderId
    buyer_id: BuyerId
    refund_id: RefundId
    kind: Kind
    reason: str
    state: CaseState
    note: str
    photographs: list[str]
    freight: int
    currency: str
    rule_id: RuleId | None
    answer: str
    complaint: str
    decision: str
    return_to: Address | None
    carrier: str | None
    number: str | None
    asked_at: datetime
    moved_at: datetime
    due_at: datetime | None
    improved_at: datetime | None
    ended_at: datetime | None
    verdict: Verdict | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    return_freight: int = 0
    code: str = ""
    pickup_at: datetime | None = None
    pickup_carrier: str | None = None

    @property
    def open(self) -> bool:
        return self.ended_at is None

    @property
    def shops_fault(self) -> bool:
        return REASONS[self.reason].shops_fault

    @property
    def improvable(self) -> bool:
        """Whether the buyer may put a refused request better: once, and not after the goods went back."""
        return self.state is CaseState.REFUSED and self.improved_at is None and self.number is None


class CaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """`given`: for so many money went back, none as long as that is not decided; `restocked` of them are on the shelf."""

    case_id: CaseId
    order_id: OrderId
    line: int
    quantity: int
    given: int | None
    restocked: int


class CaseStep(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state: who, when, and what was said with it."""

    from_state: str
    to_state: CaseState
    words: str
    at: datetime
    by: str


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """What the shop found of a line that came back: so many pieces are taken back, and `restocked` of them lie on the shelf
    again."""

    line: int
    accepted: int
    restocked: int = 0


class NotAskable(Refusal):
    """Of an order that was made elsewhere, or called off, nothing is asked here."""

    code = "not_askable"
    title = N_("Nothing can be asked for about this order")
    detail = N_("It is not paid, was cancelled, or was made in another shop system.")


class TooLateToAsk(Refusal):
    """After receipt one asks within the days of the right that the reason falls under."""

    code = "too_late_to_ask"
    title = N_("The time for this has passed")
    detail = N_("For this reason one can ask for {days} days after the day of receipt: {rule}.")


class Excepted(Refusal):
    """Some goods are not returned without a reason, by law or since the buyer confirmed it when buying."""

    code = "excepted"
    title = N_("These goods are not returned without a reason")
    detail = N_("Line {line}: {why}. If something is wrong with it, please choose that as the reason.")


class DearerVariant(Refusal):
    """Nothing is collected for an exchange."""

    code = "dearer_variant"
    title = N_("That costs more than what you bought")
    detail = N_("An exchange is for something that costs the same or less. Please return this and buy the other one.")


class NoneLeft(Refusal):
    """What is exchanged is there."""

    code = "none_left"
    title = N_("There are not that many left")
    detail = N_("Please choose something else, or ask for your money back.")


class RightStands(Refusal):
    """Who has a right to return without a reason needs nobody's consent."""

    code = "right_stands"
    title = N_("The buyer has a right to this return")
    detail = N_(
        "It was asked for in time: {rule}. You can refuse when you have seen that the goods are not as they were."
    )


class InCaseAlready(Refusal):
    """A piece is in one open case at a time, and given back once."""

    code = "in_case_already"
    title = N_("That is more than can be asked for")
    detail = N_("Line {line}: {left} pieces are not given back and in no open request, not {wanted}.")


class NotSentYet(Refusal):
    """What has not been sent is not sent back."""

    code = "not_sent_yet"
    title = N_("Not all of it has been sent yet")
    detail = N_("Please ask for the money only, or wait until everything has been sent.")


class ImprovedAlready(Refusal):
    """A refused request is put better once, before the goods went back."""

    code = "improved_already"
    title = N_("This request cannot be changed any more")
    detail = N_("You can ask the platform to decide.")


class NoReturnAddress(Refusal):
    """Who takes goods back says where to."""

    code = "no_return_address"
    title = N_("There is no address to send it to")
    detail = N_("Please enter the address of your warehouse first.")


class OwnParcel(Refusal):
    """Goods go back under a number of their own, not under the one that they came with."""

    code = "own_parcel"
    title = N_("This is the number that the goods came with")
    detail = N_("Please enter the number of the parcel in which you sent them back.")
