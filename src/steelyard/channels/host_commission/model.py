"""What a host of live sessions gets of sales: payees, agreements, and the sums. No I/O."""

from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.kernel import money
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text

PayeeId = NewType("PayeeId", UUID)
AgreementId = NewType("AgreementId", UUID)
PaymentId = NewType("PaymentId", UUID)

# Days on which agreements begin and end are the house's.
HOUSE_ZONE = ZoneInfo("Asia/Shanghai")
PAYEES_MAX = 200
AGREEMENTS_MAX = 5_000
NAME_CHARACTERS_MAX = 60
ACCOUNT_CHARACTERS_MAX = 60
NOTE_CHARACTERS_MAX = 500
REFERENCE_CHARACTERS_MAX = 60
# More for one session is a slip of the hand: a hundred million minor units.
SLOT_FEE_MAX = 100_000_000
DAYS_AHEAD_MAX = 366 * 2


class PayeeKind(StrEnum):
    """A host who is paid, or an agency (MCN) that is paid for its hosts."""

    HOST = "host"
    AGENCY = "agency"


class NewPayee(msgspec.Struct, frozen=True, kw_only=True):
    """Who is paid, and to which bank account; without one nothing is paid yet. `host_id` of a host alone."""

    merchant_id: UUID
    payee_id: PayeeId
    kind: PayeeKind
    name: str
    host_id: UUID | None = None
    holder: str = ""
    bank: str = ""
    account: str = ""


class Payee(NewPayee, frozen=True, kw_only=True):
    made_at: datetime

    @property
    def masked_account(self) -> str:
        """The account's last digits."""
        return f"…{self.account[-4:]}" if self.account else ""


class NewAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """What a host gets: `millionths` of what a line of an order comes to, `slot_fee` (minor units of `currency`) for a session;
    none says nothing of it. Of a session, of a product, or where neither is named of all. From now, or the beginning of a day to
    come, up to the end of a day."""

    merchant_id: UUID
    agreement_id: AgreementId
    payee_id: PayeeId
    host_id: UUID
    session_id: UUID | None = None
    product_id: UUID | None = None
    millionths: int | None = None
    slot_fee: int | None = None
    currency: str | None = None
    note: str = ""
    from_day: date | None = None
    until_day: date | None = None


class AgreementState(StrEnum):
    """Where an agreement stands at a moment."""

    PLANNED = "planned"
    COUNTS = "counts"
    ENDED = "ended"


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement as it stands, with the names of what it is about."""

    merchant_id: UUID
    agreement_id: AgreementId
    payee_id: PayeeId
    host_id: UUID
    session_id: UUID | None
    product_id: UUID | None
    millionths: int | None
    slot_fee: int | None
    currency: str | None
    note: str
    valid_from: datetime
    valid_to: datetime | None
    made_at: datetime
    ended_at: datetime | None
    payee: str
    host: str
    session: Text | None
    product: Text | None

    def state(self, at: datetime) -> AgreementState:
        if self.valid_to is not None and self.valid_to <= max(at, self.valid_from):
            return AgreementState.ENDED
        return AgreementState.PLANNED if at < self.valid_from else AgreementState.COUNTS


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with a payee in a currency, in minor units."""

    merchant_id: UUID
    payee_id: PayeeId
    kind: PayeeKind
    name: str
    currency: str
    earned: int
    slots: int
    given_back: int
    paid: int
    payable: bool

    @property
    def owed(self) -> int:
        """What is to be paid; below zero, what is set off against what is earned next."""
        return self.earned + self.slots - self.given_back - self.paid


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The commission of a line of an order, in minor units of `currency`: `amount` frozen at sale, of it `dropped` by refunds
    before and `given_back` by refunds after it was earned."""

    order_id: UUID
    line: int
    code: str
    title: Text
    session_id: UUID
    session: Text
    host: str
    payee: str
    millionths: int
    paid: int
    amount: int
    refunded: int
    dropped: int
    earned: int
    given_back: int
    currency: str
    placed_at: datetime
    earned_at: datetime | None

    @property
    def left(self) -> int:
        """What is the host's, or will be when the order is complete."""
        return self.amount - self.dropped - self.given_back


class SessionSum(msgspec.Struct, frozen=True, kw_only=True):
    """What a session cost in commission: orders, what their lines came to, frozen, earned (less what was given back), still to
    come of what was paid, slots."""

    session_id: UUID
    currency: str
    orders: int
    paid: int
    amount: int
    earned: int
    expected: int
    slots: int


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What a host's sales bring to who is paid for them: `expected` is of orders that are paid and not complete; `own`: it is
    paid to the host."""

    payee_id: PayeeId
    name: str
    own: bool
    currency: str
    expected: int
    earned: int


class OfHost(msgspec.Struct, frozen=True, kw_only=True):
    """A session in which a host spoke first."""

    session_id: UUID
    title: Text
    started_at: datetime
    state: str


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    payment_id: PaymentId
    payee_id: PayeeId
    amount: int
    currency: str
    reference: str
    paid_on: date
    by: str
    at: datetime
    undone_why: str
    undone_by: str | None
    undone_at: datetime | None


def commission_of(amount: int, millionths: int) -> int:
    """What a line of `amount` brings its host: half a minor unit rounded up. docs/algorithms/host-commission.md."""
    return money.share(amount, millionths)


def taken_back(commission: int, paid: int, refunded: int, refund: int) -> int:
    """What a refund of `refund` takes of a line's commission, when `refunded` of the `paid` had gone back before it: what is gone
    of the commission is always the share of what is gone of the line, by the largest remainder, and all of it in the end."""
    assert 0 <= refunded <= paid
    return _gone(commission, paid, min(refunded + refund, paid)) - _gone(commission, paid, refunded)


def _gone(commission: int, paid: int, refunded: int) -> int:
    return money.split(commission, [refunded, paid - refunded])[0] if paid else 0


class NothingOwed(Refusal):
    """Nobody is paid more than is owed to them."""

    code = "host_not_owed"
    title = N_("That much is not owed")
    detail = N_("What is owed to them is less: what was refunded meanwhile is taken off. Please reload the page.")


class NoBankAccount(Refusal):
    """Who is paid has told the shop where to."""

    code = "host_without_account"
    title = N_("There is no bank account")
    detail = N_("The shop enters the bank account of the host or agency first.")


class AlreadyPayee(Refusal):
    """A host is paid under one name."""

    code = "host_is_payee"
    title = N_("This host is on the list already")
    detail = N_("Change what stands there.")
