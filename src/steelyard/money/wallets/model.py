"""Purses, what moves them, and gift cards."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import share, split
from steelyard.money.ledger.model import AccountKind
from steelyard.parties.customers.model import BuyerId

CardId = NewType("CardId", UUID)
IssueId = NewType("IssueId", UUID)

CARDS_PER_ISSUE_MAX = 500
# In major units: what a card without a name on it may hold at most in China (decision 0073).
CARD_AMOUNT_MAX = 1_000
CREDIT_AMOUNT_MAX = 1_000
NAME_CHARACTERS_MAX = 60
REASON_CHARACTERS_MAX = 200
CARD_MONTHS_MAX = 120
_PERCENT_IN_MILLIONTHS = 10_000


class Purse(StrEnum):
    """`balance` is money of the buyer. `points` were given by the platform: a point is one minor unit of its currency."""

    BALANCE = "balance"
    POINTS = "points"


# Points are spent first, since they expire.
PURSES = (Purse.POINTS, Purse.BALANCE)
FREE: Mapping[Purse, AccountKind] = {Purse.BALANCE: AccountKind.BALANCE, Purse.POINTS: AccountKind.POINTS}
HELD: Mapping[Purse, AccountKind] = {Purse.BALANCE: AccountKind.BALANCE_HELD, Purse.POINTS: AccountKind.POINTS_HELD}


class Cause(StrEnum):
    """Why a purse moves. `held`: kept for a purchase that is being paid; `returned`: it was not paid after all; `compensated`:
    paid by a shop for a promise that it did not keep; `level`, `invited`, `task`: given for a level of the platform's membership,
    an invitation, a task; `undone`: what one of these was given for came to nothing."""

    REDEEMED = "redeemed"
    CREDITED = "credited"
    HELD = "held"
    RETURNED = "returned"
    REFUNDED = "refunded"
    EARNED = "earned"
    WELCOMED = "welcomed"
    CHECKED_IN = "checked_in"
    REVIEWED = "reviewed"
    GIVEN = "given"
    TAKEN_BACK = "taken_back"
    EXPIRED = "expired"
    COMPENSATED = "compensated"
    LEVEL = "level"
    INVITED = "invited"
    TASK = "task"
    UNDONE = "undone"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` into a purse, or out of it when it is negative; a document moves a purse for one cause once."""

    buyer_id: BuyerId
    purse: Purse
    currency: str
    amount: int
    cause: Cause
    document: UUID
    about: UUID | None = None
    note: str = ""
    by: str = "system"
    expires_at: datetime | None = None


class PurseLine(msgspec.Struct, frozen=True, kw_only=True):
    """A movement as the buyer's statement tells it."""

    line_id: UUID
    purse: Purse
    currency: str
    cause: Cause
    document: UUID
    about: UUID | None
    amount: int
    after: int
    note: str
    at: datetime
    expires_at: datetime | None


class PurseAmount(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer has free in a purse."""

    purse: Purse
    currency: str
    amount: int


class Tender(msgspec.Struct, frozen=True, kw_only=True):
    """What a purse pays of a purchase, and what of each of its orders, in their order."""

    purse: Purse
    amount: int
    parts: Sequence[int]


class CardState(StrEnum):
    OPEN = "open"
    REDEEMED = "redeemed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUNDED = "refunded"


class NewIssue(msgspec.Struct, frozen=True, kw_only=True):
    """`sold`: somebody has paid for these cards outside the shop. `months`: until they expire; none: never."""

    issue_id: IssueId
    name: str
    amount: int
    currency: str
    cards: int
    sold: bool
    months: int | None
    by: str


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    issue_id: IssueId
    name: str
    amount: int
    currency: str
    cards: int
    sold: bool
    expires_at: datetime | None
    issued_at: datetime
    issued_by: str
    open: int = 0
    redeemed: int = 0


class Card(msgspec.Struct, frozen=True, kw_only=True):
    card_id: CardId
    issue_id: IssueId
    last4: str
    amount: int
    currency: str
    sold: bool
    state: CardState
    expires_at: datetime | None
    redeemed_by: BuyerId | None
    ended_at: datetime | None


class MintedCard(msgspec.Struct, frozen=True, kw_only=True):
    """A new card with its code, which nobody can tell a second time."""

    card_id: CardId
    code: str


class WrongCode(Refusal):
    """Only a card's code, whole and right, opens it."""

    code = "wrong_gift_code"
    status = 422
    title = N_("This code is not known")
    detail = N_("Please check the code: it has 16 letters and digits.")


class CardSpent(Refusal):
    """A card fills one balance, once."""

    code = "gift_card_ended"
    title = N_("This card cannot be redeemed any more")
    detail = N_("It was redeemed or withdrawn, or its time is over.")


class OneOfThem(Refusal):
    """Several cards fill a balance together, or none does: one of them does not, and `why`."""

    code = "gift_card_of_several"
    status = 422
    title = N_("One of the cards cannot be redeemed")
    detail = N_("None was redeemed. Please take this one out: {typed}")

    def __init__(self, typed: str, why: Refusal) -> None:
        super().__init__(typed=typed)
        self.why = why


class SwitchedOff(Refusal):
    """Balance and gift cards are there only where the operator has switched them on."""

    code = "wallets_off"
    title = N_("Not offered here")
    detail = N_("This marketplace keeps no balance and takes no gift cards.")


class TenderMoved(Refusal):
    """What purses pay of a purchase is what its buyer saw when placing it."""

    code = "tender_moved"
    title = N_("Your balance or points have changed")
    detail = N_("What they pay of this order is not what you saw. Please look at it again, then place the order.")


def cap_of_points(total: int, percent: int) -> int:
    """The most that points may pay of a total: a share in percent, half a minor unit rounded up."""
    return share(total, percent * _PERCENT_IN_MILLIONTHS)


def earned_on(paid: int, per_hundred: int) -> int:
    """Points for money paid: `per_hundred` points per hundred minor units, half a point rounded up."""
    return share(paid, per_hundred * _PERCENT_IN_MILLIONTHS)


def tenders(
    totals: Sequence[int], free: Mapping[Purse, int], ticked: Sequence[Purse], points_percent: int
) -> list[Tender]:
    """What the ticked purses pay of orders with these totals: points up to their share, then the balance.

    Each purse's amount is shared over the orders by what is left of each to pay (largest remainder), so no order is ever
    paid more than its total. A purse that pays nothing is left out.
    """
    left = list(totals)
    found: list[Tender] = []
    for purse in PURSES:
        if purse not in ticked:
            continue
        most = cap_of_points(sum(totals), points_percent) if purse is Purse.POINTS else sum(left)
        amount = min(free.get(purse, 0), most, sum(left))
        if amount > 0:
            parts = split(amount, left)
            left = [rest - part for rest, part in zip(left, parts, strict=True)]
            assert min(left) >= 0
            found.append(Tender(purse=purse, amount=amount, parts=parts))
    return found
