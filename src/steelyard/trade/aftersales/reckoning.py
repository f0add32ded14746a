"""What a refund comes to: pure sums over a locked order and its lines."""

from collections.abc import Mapping, Sequence

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.trade.aftersales.fees import Beside, freight_fees_of, freight_subsidy_of
from steelyard.trade.aftersales.model import (
    LINES_PER_REFUND_MAX,
    NOTE_CHARACTERS_MAX,
    AmountTooHigh,
    FreightTooHigh,
    LineShare,
    NotThatMany,
    RefundRequest,
    Returned,
    both_of,
    freight_of,
    less_of,
    paid_for,
    share_of,
)
from steelyard.trade.commission.model import added
from steelyard.trade.orders.model import Order, OrderLine


def beside_of(order: Order, lines: Sequence[OrderLine], shares: Sequence[LineShare], freight: int, left: int) -> Beside:
    """What goes back beside these shares and so much freight of what was `left` of it."""
    subsidy, fees = sum(share.subsidy for share in shares), [part for share in shares for part in share.fees]
    if freight:
        whole = freight_of(order, lines)
        subsidy += freight_subsidy_of(order, whole, whole - left, freight)
        fees += freight_fees_of(order, whole, whole - left, freight)
    return Beside(fees=added(fees), subsidy=subsidy)


def shares_of(lines: Sequence[OrderLine], pieces: Mapping[int, int], less: Mapping[int, int]) -> list[LineShare]:
    """What goes back of each line: for its pieces, without them, or both."""
    by_line = {line.line: line for line in lines}
    found = [
        both_of(by_line[line], count, less[line]) if line in less else share_of(by_line[line], count)
        for line, count in pieces.items()
    ]
    return found + [less_of(by_line[line], amount) for line, amount in less.items() if line not in pieces]


def check_freight(request: RefundRequest, order: Order, left: int) -> None:
    """Raises `FreightTooHigh`: more than what is `left` of what was paid for sending."""
    if request.freight > left:
        raise FreightTooHigh(left=left, wanted=request.freight, currency=order.currency)


def check(request: RefundRequest, lines: Sequence[OrderLine]) -> None:
    """Raises `Invalid`, `NotThatMany`, `AmountTooHigh`: what is asked for is not there to be given back."""
    if len(request.lines) > LINES_PER_REFUND_MAX or len({item.line for item in request.lines}) != len(request.lines):
        raise Invalid({"lines": N_("Please name each line once")})
    if len(request.note) > NOTE_CHARACTERS_MAX:
        raise Invalid({"note": N_("Please be brief: 500 characters at most")})
    if request.freight < 0 or any(item.quantity < 1 for item in request.lines):
        raise Invalid({"quantity": N_("Please enter a positive number")})
    if not request.lines and not request.freight and not request.less:
        raise Invalid({"lines": N_("Please choose what to refund")})
    for item in request.lines:
        line = next((line for line in lines if line.line == item.line), None)
        left = line.quantity - line.refunded_quantity if line else 0
        if item.quantity > left:
            raise NotThatMany(line=item.line, left=left, wanted=item.quantity)
    _check_less(request, lines)


def _check_less(request: RefundRequest, lines: Sequence[OrderLine]) -> None:
    if len({item.line for item in request.less}) != len(request.less):
        raise Invalid({"lines": N_("Please name each line once")})
    if any(item.amount < 1 for item in request.less):
        raise Invalid({"amount": N_("Please enter a positive number")})
    by_line = {line.line: line for line in lines}
    pieces = {item.line: item.quantity for item in request.lines}
    for item in request.less:
        line = by_line.get(item.line)
        left = paid_for(line) - line.refunded if line else 0
        if line is not None and item.line in pieces:
            left -= share_of(line, pieces[item.line]).amount
        if item.amount > left:
            raise AmountTooHigh(line=item.line, left=max(left, 0), wanted=item.amount)


def line_of(lines: Sequence[OrderLine], item: Returned) -> OrderLine:
    return next(line for line in lines if line.line == item.line)
