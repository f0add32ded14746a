"""Chargebacks: their states, whose money is frozen, and what is handed in as evidence."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.money.payments import DisputeReason, DisputeStanding
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId

ChargebackId = NewType("ChargebackId", UUID)

CODE_PREFIX = "CB"
# The shop's time ends so long before the channel's: staff read what it handed in, and hand it on.
MARGIN = timedelta(days=2)
# Who is asked by a letter without a day answers within a week, as card networks commonly allow a shop at the least.
WITHOUT_A_DAY = timedelta(days=7)
WORDS_CHARACTERS_MAX = 2_000
WHY_CHARACTERS_MAX = 500
REFERENCE_CHARACTERS_MAX = 100
FILES_PER_PART_MAX = 8
BY_HAND = "hand"


class ChargebackState(StrEnum):
    """`inquiry`: asked about, no money taken. `answering`: the channel is being told. `submitted`: it decides. `accepted`: we do
    not contest it. `expired`: nobody answered in time, which loses it. `recovered`: given back after it was lost. `closed`: an
    inquiry that came to nothing."""

    INQUIRY = "inquiry"
    EVIDENCE_DUE = "evidence_due"
    ANSWERING = "answering"
    SUBMITTED = "submitted"
    WON = "won"
    LOST = "lost"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    RECOVERED = "recovered"
    CLOSED = "closed"


_ENDS = {ChargebackState.WON, ChargebackState.LOST}
_UNCONTESTED = {ChargebackState.ACCEPTED, ChargebackState.EXPIRED}
MACHINE = Machine(
    "chargeback",
    {ChargebackState.INQUIRY, ChargebackState.EVIDENCE_DUE},
    {
        ChargebackState.INQUIRY: {ChargebackState.EVIDENCE_DUE, ChargebackState.CLOSED},
        ChargebackState.EVIDENCE_DUE: {ChargebackState.ANSWERING, ChargebackState.SUBMITTED} | _ENDS | _UNCONTESTED,
        ChargebackState.ANSWERING: {ChargebackState.EVIDENCE_DUE, ChargebackState.SUBMITTED} | _ENDS | _UNCONTESTED,
        ChargebackState.SUBMITTED: _ENDS,
        ChargebackState.WON: set(),
        ChargebackState.LOST: {ChargebackState.RECOVERED},
        ChargebackState.ACCEPTED: {ChargebackState.RECOVERED},
        ChargebackState.EXPIRED: {ChargebackState.RECOVERED},
        ChargebackState.RECOVERED: set(),
        ChargebackState.CLOSED: set(),
    },
)
MACHINES = (MACHINE,)

TAKEN = frozenset({ChargebackState.EVIDENCE_DUE, ChargebackState.ANSWERING, ChargebackState.SUBMITTED})
OPEN = TAKEN | {ChargebackState.INQUIRY}
GONE = frozenset({ChargebackState.LOST, *_UNCONTESTED})


class Bearer(StrEnum):
    MERCHANT = "merchant"
    PLATFORM = "platform"


class Answer(StrEnum):
    EVIDENCE = "evidence"
    ACCEPT = "accept"


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel, or a bank's letter, says of a chargeback of a payment of ours."""

    payment_id: UUID
    channel: str
    reference: str
    amount: int
    currency: str
    fee: int
    standing: DisputeStanding
    reason: DisputeReason
    due_at: datetime | None
    note: str = ""


class Chargeback(msgspec.Struct, frozen=True, kw_only=True):
    """A chargeback as it stands; money in minor units."""

    buyer_id: BuyerId
    chargeback_id: ChargebackId
    code: str
    payment_id: UUID
    purchase_id: UUID
    channel: str
    reference: str
    amount: int
    currency: str
    fee: int
    excess: int
    reason: DisputeReason
    state: ChargebackState
    opened_at: datetime
    opened_by: str
    note: str
    due_at: datetime | None
    shop_due_at: datetime | None
    answer: Answer | None
    facts: dict[str, str]
    words: str
    failure: str | None
    submitted_at: datetime | None
    ended_at: datetime | None

    @property
    def open(self) -> bool:
        return self.state in OPEN


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What of a chargeback is of one order."""

    merchant_id: MerchantId
    chargeback_id: ChargebackId
    order_id: UUID
    code: str
    amount: int
    currency: str
    reason: DisputeReason
    state: ChargebackState
    opened_at: datetime
    shop_due_at: datetime | None
    round: int
    frozen: bool
    bearer: Bearer | None
    bearer_why: str
    refund_id: UUID | None
    made_good: int
    fee: int
    words: str
    answered_at: datetime | None
    answered_by: str | None
    held: bool = False
    sent_anyway_at: datetime | None = None
    sent_anyway_by: str | None = None
    sent_anyway_why: str = ""

    @property
    def document(self) -> UUID:
        """What the books and the statement name as the cause of what is frozen and thawed."""
        return ids.derived(self.chargeback_id, str(self.order_id), str(self.round))

    @property
    def end_document(self) -> UUID:
        """The cause of what is made good, and of the fee; and the refund that a lost one is."""
        return ids.derived(self.chargeback_id, str(self.order_id), "end")

    def waits_for_shop(self, now: datetime) -> bool:
        """Whether the shop can still hand something in."""
        asked = self.state in (ChargebackState.INQUIRY, ChargebackState.EVIDENCE_DUE)
        return asked and (self.shop_due_at is None or now < self.shop_due_at)


class EvidenceFile(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a shop handed in: `file` is its name in the private store."""

    merchant_id: MerchantId
    file_id: UUID
    chargeback_id: ChargebackId
    order_id: UUID
    file: str
    name: str
    bytes: int
    by: str
    at: datetime


class Step(msgspec.Struct, frozen=True, kw_only=True):
    from_state: str
    to_state: str
    at: datetime
    by: str


class DueAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel is to be told now."""

    chargeback_id: ChargebackId
    channel: str
    reference: str
    answer: Answer
    facts: dict[str, str]
    words: str


class MonthRate(msgspec.Struct, frozen=True, kw_only=True):
    """Of a month's paid orders of a shop, how many were charged back, and for how much; lost ones apart."""

    month: date
    orders: int
    chargebacks: int
    lost: int


class NotOpen(Refusal):
    """What has ended, or is being decided, is not changed any more."""

    code = "chargeback_not_open"
    title = N_("This chargeback cannot be changed any more")
    detail = N_("It is being decided, or has been.")


class NotHeldBack(Refusal):
    """Sent anyway is what is held because of a chargeback."""

    code = "chargeback_not_held"
    title = N_("This order is not held because of a chargeback")
    detail = N_("It has been decided, called off or sent meanwhile.")


class TooLateToAnswer(Refusal):
    """A shop hands evidence in while there is time to look at it."""

    code = "chargeback_too_late"
    title = N_("The time for evidence is over")
    detail = N_("What was handed in by then goes to the bank.")


class NotOfThisPayment(Refusal):
    """A chargeback takes back what was captured by its payment, in its currency, through a channel."""

    code = "chargeback_not_of_payment"
    status = 422
    title = N_("This does not fit the payment")
    detail = N_("It takes back at most what was captured, in the same currency.")


class SharesDoNotFit(Refusal):
    """The parts of a chargeback are of its payment's orders, at most what is left of each, and together what can be frozen."""

    code = "chargeback_shares"
    status = 422
    title = N_("The parts do not add up")
    detail = N_("Together they must be {amount}, and none more than is left of its order.")


def shop_due(due_at: datetime | None, now: datetime) -> datetime | None:
    """By when shops hand evidence in: two days before the channel's day, or half of the time that is left if that is less."""
    if due_at is None:
        return None
    return max(due_at - MARGIN, now + (due_at - now) // 2)


def ours_to_bear(reason: DisputeReason, released_by_staff: bool) -> bool:
    """Whether the platform bears a lost one by rule: it took money twice or did not pass on what was due back, or its own staff
    let an order go that looked like fraud and was. All else is the shop's: goods, delivery, and fraud that nobody held."""
    if reason in (DisputeReason.DUPLICATE, DisputeReason.CREDIT_NOT_PROCESSED):
        return True
    return reason is DisputeReason.FRAUDULENT and released_by_staff


def total(parts: Sequence[Part]) -> int:
    return sum(part.amount for part in parts)
