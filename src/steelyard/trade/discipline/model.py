"""Rules, violations, deposits."""

from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

ViolationId = NewType("ViolationId", UUID)


class Category(StrEnum):
    """`a`: general; `b`: serious."""

    A = "a"
    B = "b"


class Subject(StrEnum):
    """What a violation is about."""

    NOTHING = ""
    ORDER = "order"
    PRODUCT = "product"
    CASE = "case"


class Outcome(StrEnum):
    STANDS = "stands"
    REVOKED = "revoked"


class MovementKind(StrEnum):
    FROM_BALANCE = "from_balance"
    TRANSFER = "transfer"
    FINE = "fine"
    FINE_RETURNED = "fine_returned"
    RETURNED = "returned"
    NETTED = "netted"
    COMPENSATION = "compensation"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """`fine` is in minor units of `currency`."""

    code: str
    name: Text
    category: Category
    points: int
    fine: int
    currency: str
    active: bool = True


class NewViolation(msgspec.Struct, frozen=True, kw_only=True):
    """What staff record; `fine` none: what the rule says, which is then in the shop's own currency."""

    violation_id: ViolationId
    merchant_id: MerchantId
    code: str
    facts: str
    subject: Subject = Subject.NOTHING
    subject_id: UUID | None = None
    fine: int | None = None
    pictures: list[str] = []


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """A violation as it stands; `fine` = `from_deposit` + `from_payable`."""

    merchant_id: MerchantId
    violation_id: ViolationId
    code: str
    name: Text
    category: Category
    year: int
    points: int
    fine: int
    currency: str
    from_deposit: int
    from_payable: int
    facts: str
    subject: Subject
    subject_id: UUID | None
    recorded_at: datetime
    recorded_by: str
    appeal: str
    appealed_at: datetime | None
    outcome: Outcome | None
    decision: str
    decided_at: datetime | None
    decided_by: str | None
    pictures: list[str] = []
    appeal_pictures: list[str] = []

    @property
    def waits(self) -> bool:
        """Whether its appeal waits for a decision."""
        return self.appealed_at is not None and self.outcome is None

    @property
    def counts(self) -> bool:
        return self.outcome is not Outcome.REVOKED


class Deposit(msgspec.Struct, frozen=True, kw_only=True):
    """`required` and `balance` in minor units of the shop's currency; `due_on` is the last day for what is missing. `own` is what
    staff ask of this shop, `by_category` what its categories do: the more of them is required."""

    required: int
    balance: int
    currency: str
    due_on: date | None
    own: int = 0
    by_category: int = 0

    @property
    def missing(self) -> int:
        return max(0, self.required - self.balance)


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    movement_id: UUID
    kind: MovementKind
    amount: int
    currency: str
    reference: str
    at: datetime
    by: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a shop stands this year."""

    year: int
    points: int
    deposit: Deposit


class AppealTooLate(Refusal):
    """A violation is appealed against once, within its days."""

    code = "violation_appeal_too_late"
    status = 409
    title = N_("It is too late to appeal")
    detail = N_("One appeal is possible, within 7 days of the day on which the violation was recorded.")


class NotTheRecorder(Refusal):
    """Who recorded a violation does not decide about the appeal against it."""

    code = "violation_same_decider"
    status = 403
    title = N_("Somebody else decides about this appeal")
    detail = N_("You recorded this violation. Another member of staff decides about the appeal.")


class NothingToDecide(Refusal):
    code = "violation_not_appealed"
    status = 409
    title = N_("There is nothing to decide")
    detail = N_("The shop has not appealed against this violation, or the appeal has been decided.")


class NotSoMuch(Refusal):
    """What is moved is there."""

    code = "deposit_not_so_much"
    status = 409
    title = N_("That is more than there is")
    detail = N_("Not so much can be moved. Please look at the balance again.")


class DepositStays(Refusal):
    """A deposit goes back some time after the shop has closed, when nothing is open any more."""

    code = "deposit_stays"
    status = 409
    title = N_("The deposit cannot be returned yet")
    detail = N_("The shop must have been closed for {days} days, without open after-sales cases or appeals.")
