"""Giving money back: what for, how much, and what of it was commission."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.money.payments.model import RefundId, RefundRoute
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.approval_states import REQUEST_MACHINE
from steelyard.trade.commission.model import FeePart, added
from steelyard.trade.orders.model import Order, OrderId, OrderLine

# The machine of what waits for a second person stands in a file of its own, and is found here.
__all__ = ["REQUEST_MACHINE"]

LINES_PER_REFUND_MAX = 200
NOTE_CHARACTERS_MAX = 500
# A shop that does not answer a request to cancel within this time agrees.
ANSWER_HOURS = 24
# Why an order was called off by its buyer by right: nothing was sent by the day that its presale agreed.
OVERDUE = "not_sent_as_agreed"
CANCELLATION_REASONS = {
    "changed_mind": N_("I do not want it any more"),
    "wrong_choice": N_("I chose the wrong option or quantity"),
    "wrong_address": N_("The address or phone number is wrong"),
    "too_slow": N_("It is not sent quickly enough"),
    "cheaper": N_("I found it cheaper"),
    "other": N_("Another reason"),
}


class Reason(StrEnum):
    CANCELLED = "cancelled"
    GOODWILL = "goodwill"
    RETURNED = "returned"
    IMPORTED = "imported"
    PRICE_PROTECTION = "price_protection"
    UNCOLLECTED = "uncollected"
    CHARGEBACK = "chargeback"
    REFUSED = "refused_at_the_door"


class Returned(msgspec.Struct, frozen=True):
    """So many pieces of a line are paid back."""

    line: int
    quantity: int


class Less(msgspec.Struct, frozen=True):
    """So much of a line is paid back without a piece of it."""

    line: int
    amount: int


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`freight`: of what was paid for sending, added tax included. `restock` puts returned pieces back into stock. `less` is
    what goes back of lines whose pieces the buyer keeps, tax included: goodwill, or an exchange for something cheaper.
    `keeps_gifts`: nothing is kept back for gifts that are not earned any more. `route`: the way the money came, or into the
    buyer's balance, where the buyer has agreed to that."""

    refund_id: RefundId
    merchant_id: MerchantId
    order_id: OrderId
    lines: Sequence[Returned] = ()
    freight: int = 0
    reason: Reason = Reason.GOODWILL
    note: str = ""
    restock: bool = False
    less: Sequence[Less] = ()
    keeps_gifts: bool = False
    route: RefundRoute = RefundRoute.ORIGIN


class LineShare(msgspec.Struct, frozen=True, kw_only=True):
    """What giving back some pieces of a line comes to."""

    line: int
    quantity: int
    amount: int
    fees: Sequence[FeePart] = ()
    subsidy: int = 0

    @property
    def commission(self) -> int:
        """Of all fees and the tax on them, what goes back to the merchant."""
        return sum(part.amount + part.tax for part in self.fees)


class OrderRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as it was decided."""

    refund_id: RefundId
    order_id: OrderId
    goods: int
    freight: int
    commission: int
    currency: str
    reason: Reason
    note: str
    by: str
    released: bool
    at: datetime
    subsidy: int = 0
    fees: list[FeePart] = []
    tax: int | None = None


class RefundBehind(msgspec.Struct, frozen=True, kw_only=True):
    """A refund behind a figure, with its order's number; `amount` is for goods and freight."""

    merchant_id: MerchantId
    refund_id: RefundId
    order_id: OrderId
    code: str
    amount: int
    currency: str
    reason: Reason
    at: datetime


class RefundsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which figure: refunds decided from `since` up to `until`, which is not within it. `channel` is the first word of
    the order's source."""

    since: datetime
    until: datetime
    currency: str | None = None
    merchant_id: UUID | None = None
    channel: str | None = None


class CancellationState(StrEnum):
    """`overtaken`: the order was sent, or ended otherwise, before anybody answered."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"


CANCELLATION_MACHINE = Machine(
    "cancellation",
    {CancellationState.ASKED},
    {
        CancellationState.ASKED: {
            CancellationState.GRANTED,
            CancellationState.REFUSED,
            CancellationState.OVERTAKEN,
        },
        CancellationState.GRANTED: set(),
        CancellationState.REFUSED: set(),
        CancellationState.OVERTAKEN: set(),
    },
)


class CancellationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer's request to call off an order that is being packed; `answer` is the shop's reason for refusing."""

    merchant_id: MerchantId
    order_id: OrderId
    buyer_id: BuyerId
    refund_id: RefundId
    state: CancellationState
    reason: str
    note: str
    answer: str
    asked_at: datetime
    answer_by: datetime
    answered_at: datetime | None


class AskInstead(Refusal):
    """An order that a shop is packing is called off with its consent."""

    code = "ask_instead"
    title = N_("The shop is packing this order already")
    detail = N_("Please ask the shop to cancel it. Without an answer within a day it is cancelled.")


class CancelAtOnce(Refusal):
    """Nobody is asked about an order that nobody has begun to pack."""

    code = "cancel_at_once"
    title = N_("Nobody has to be asked")
    detail = N_("The shop has not begun to pack it: you can cancel it right away.")


class AskedAlready(Refusal):
    """A shop is asked once about an order."""

    code = "asked_already"
    title = N_("The shop has been asked already")
    detail = N_("A request to cancel can be made once for each order.")


class NotThatMany(Refusal):
    """Pieces are given back once."""

    code = "not_that_many"
    title = N_("That is more than can be refunded")
    detail = N_("Line {line}: {left} pieces can still be refunded, not {wanted}.")


class AmountTooHigh(Refusal):
    """Of a line not more is given back than was paid for it, less what went back before."""

    code = "amount_too_high"
    title = N_("That is more than was paid")
    detail = N_("Line {line}: only part of this amount is left to refund.")


class FreightTooHigh(Refusal):
    """Freight is given back once."""

    code = "freight_too_high"
    title = N_("That is more freight than was paid")
    detail = N_("Only part of this amount is left to refund.")


class NotRefundable(Refusal):
    """Only an order that was paid and not called off is refunded."""

    code = "not_refundable"
    title = N_("This order cannot be refunded")
    detail = N_("It is “{state}” now.")


def paid_for(line: OrderLine) -> int:
    """What the buyer paid for a line: its amount and the tax on top of it."""
    return line.amount + (0 if line.tax_inclusive else line.tax)


def freight_of(order: Order, lines: Sequence[OrderLine]) -> int:
    """What the buyer paid for sending: what is left of the total beside the lines."""
    return order.total - sum(paid_for(line) for line in lines)


def share_of(line: OrderLine, quantity: int) -> LineShare:
    """What `quantity` more pieces of a line come to, after those that were given back before.

    Money, each fee with its tax and the platform's subsidy follow the cumulative share, rounded half up: part by part they add up
    to the whole line, to the last cent, in whichever parts the pieces come back. What went back without pieces (`less_of`) makes
    each of the pieces that are left cheaper, the last of them by what remains of it.
    """
    before, after = line.refunded_quantity, line.refunded_quantity + quantity
    assert quantity > 0 and after <= line.quantity
    whole = paid_for(line)
    share = cumulative(whole, after, line.quantity) - cumulative(whole, before, line.quantity)
    less = _without_pieces(line)
    # Of a line of a few cents the pieces' part of it, rounded up, can be more than what is left.
    amount = min(max(0, share - less * quantity // (line.quantity - before)), whole - line.refunded) if less else share
    return LineShare(
        line=line.line,
        quantity=quantity,
        amount=amount,
        fees=_fees_of(line, after, line.refunded + amount if less else None),
        subsidy=_more(line.subsidy, line, after, line.refunded + amount if less else None),
    )


def less_of(line: OrderLine, amount: int) -> LineShare:
    """What giving back some money of a line comes to while the buyer keeps its pieces; at most what is left of it."""
    amount = min(amount, paid_for(line) - line.refunded)
    assert amount > 0
    pieces, money = line.refunded_quantity, line.refunded + amount
    return LineShare(
        line=line.line,
        quantity=0,
        amount=amount,
        fees=_fees_of(line, pieces, money),
        subsidy=_more(line.subsidy, line, pieces, money),
    )


def _fees_of(line: OrderLine, pieces: int, money: int | None) -> list[FeePart]:
    """Of each fee that is not kept, and of the tax on it, what goes back beside what went back before."""
    return [
        FeePart(
            fee_id=fee.fee_id,
            amount=_more(fee.amount, line, pieces, money),
            tax=_more(fee.tax, line, pieces, money),
        )
        for fee in line.fees
        if not fee.kept
    ]


def both_of(line: OrderLine, pieces: int, amount: int) -> LineShare:
    """What giving back `pieces` of a line comes to, and then `amount` of what is left of it."""
    some = share_of(line, pieces)
    rest = less_of(
        msgspec.structs.replace(
            line, refunded_quantity=line.refunded_quantity + pieces, refunded=line.refunded + some.amount
        ),
        amount,
    )
    return LineShare(
        line=line.line,
        quantity=pieces,
        amount=some.amount + rest.amount,
        fees=added([*some.fees, *rest.fees]),
        subsidy=some.subsidy + rest.subsidy,
    )


def tax_of(
    order: Order, lines: Sequence[OrderLine], shares: Sequence[LineShare], freight: int, freight_before: int
) -> int:
    """Of what goes back, what is tax, in the price or on top: each line's tax by the share of its money that has gone back, so
    that it adds up to all of it with the last cent; of freight likewise, after `freight_before`."""
    by_line = {line.line: line for line in lines}
    found = sum(taxed(by_line[share.line], share.amount) for share in shares)
    whole = freight_of(order, lines)
    tax = order.tax_added + order.tax_included - sum(line.tax for line in lines)
    if whole and freight:
        found += cumulative(tax, freight_before + freight, whole) - cumulative(tax, freight_before, whole)
    return found


def taxed(line: OrderLine, amount: int) -> int:
    """Of `amount` that goes back of a line now, what is tax, in the price or on top."""
    whole = paid_for(line)
    if not whole or not line.tax:
        return 0
    return cumulative(line.tax, line.refunded + amount, whole) - cumulative(line.tax, line.refunded, whole)


def _without_pieces(line: OrderLine) -> int:
    """What went back of a line beyond its pieces."""
    return max(0, line.refunded - cumulative(paid_for(line), line.refunded_quantity, line.quantity))


def _more(whole: int, line: OrderLine, pieces: int, money: int | None) -> int:
    """Of a fee or the subsidy of the line, what goes back beside what went back before."""
    given = _part(whole, line, line.refunded_quantity, line.refunded if _without_pieces(line) else None)
    return _part(whole, line, pieces, money) - given


def _part(whole: int, line: OrderLine, pieces: int, money: int | None) -> int:
    """What has gone back of a fee or the subsidy of a line once these pieces have, and so much money where it is more than
    theirs: in proportion to whichever says more, so that it never falls, and is all of it with the last cent."""
    of_pieces = cumulative(whole, pieces, line.quantity)
    return of_pieces if money is None else max(of_pieces, cumulative(whole, money, paid_for(line)))


def cumulative(whole: int, pieces: int, of: int) -> int:
    """Of what `of` pieces come to, the part of so many: half a minor unit up."""
    return (2 * whole * pieces + of) // (2 * of)


class CaseState(StrEnum):
    """`asked` waits for the shop, `agreed` for the buyer's parcel, `sent_back` for the shop's look at it, `refused` for the
    buyer, `disputed` for the platform. In an exchange `accepted` waits for what the shop sends instead, `resent` for the
    buyer's word that it is there, and `exchanged` ends it. `rejected` is the platform's no, against which one may appeal;
    `closed` ended by itself."""

    ASKED = "asked"
    AGREED = "agreed"
    SENT_BACK = "sent_back"
    REFUSED = "refused"
    DISPUTED = "disputed"
    ACCEPTED = "accepted"
    RESENT = "resent"
    EXCHANGED = "exchanged"
    REFUNDED = "refunded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


_GIVEN_UP = {CaseState.WITHDRAWN, CaseState.CLOSED}
CASE_MACHINE = Machine(
    "aftersales",
    {CaseState.ASKED},
    {
        CaseState.ASKED: {CaseState.AGREED, CaseState.REFUSED, CaseState.REFUNDED} | _GIVEN_UP,
        CaseState.AGREED: {CaseState.SENT_BACK, CaseState.REFUNDED, CaseState.DISPUTED} | _GIVEN_UP,
        CaseState.SENT_BACK: {CaseState.REFUNDED, CaseState.REFUSED, CaseState.ACCEPTED} | _GIVEN_UP,
        CaseState.ACCEPTED: {CaseState.RESENT, CaseState.REFUNDED, CaseState.CLOSED},
        CaseState.RESENT: {CaseState.EXCHANGED, CaseState.DISPUTED},
        CaseState.EXCHANGED: set(),
        CaseState.REFUSED: {CaseState.ASKED, CaseState.DISPUTED} | _GIVEN_UP,
        CaseState.DISPUTED: {CaseState.AGREED, CaseState.REFUNDED, CaseState.REJECTED} | _GIVEN_UP,
        CaseState.REFUNDED: set(),
        CaseState.REJECTED: {CaseState.DISPUTED},
        CaseState.WITHDRAWN: set(),
        CaseState.CLOSED: set(),
    },
)
