"""Gifts that are not earned any more once goods go back: see docs/algorithms/after-sales.md."""

from collections.abc import Mapping, Sequence

import msgspec

from steelyard.goods.promotions.model import Counted
from steelyard.trade.aftersales.model import LineShare, cumulative
from steelyard.trade.orders.model import GiftTerms, OrderLine


def unearned(lines: Sequence[OrderLine], taken: Mapping[int, int]) -> dict[int, int]:
    """By line, how many pieces of a gift the buyer would have for nothing that they have not earned, once these pieces (by line)
    are given back too. What was kept back for once is the buyer's."""
    kept = {each.line: each.quantity - each.refunded_quantity - taken.get(each.line, 0) for each in lines}
    bought = {each.line: each.quantity for each in lines}
    return {
        each.line: kept[each.line]
        for each in lines
        if each.gift is not None
        and not each.gift_charged
        and kept[each.line] > 0
        and _measured(each.gift, kept, bought) < each.gift.over
    }


def with_gifts(lines: Sequence[OrderLine], taken: Mapping[int, int]) -> dict[int, int]:
    """These pieces (by line), and the gifts that go with them."""
    return together(taken, unearned(lines, taken))


def together(some: Mapping[int, int], others: Mapping[int, int]) -> dict[int, int]:
    return {line: some.get(line, 0) + others.get(line, 0) for line in {**some, **others}}


def _measured(terms: GiftTerms, kept: Mapping[int, int], bought: Mapping[int, int]) -> int:
    """What the lines that earned it come to by the pieces that the buyer keeps: as they counted at the sale."""
    if terms.counted is Counted.PIECES:
        return sum(kept[line] for line, _ in terms.of)
    return sum(cumulative(amount, kept[line], bought[line]) for line, amount in terms.of)


def kept_back(
    lines: Sequence[OrderLine], shares: Sequence[LineShare], gifts: Mapping[int, int]
) -> tuple[list[LineShare], list[tuple[int, int]]]:
    """What goes back when these pieces of gifts (by line) stay with the buyer, and what is kept back for each `(line, amount)`:
    what they are worth, of what goes back for the goods that they came with; at least one minor unit of it goes back."""
    by_line = {each.line: each for each in lines}
    left = {share.line: share for share in shares}
    charged: list[tuple[int, int]] = []
    for line, pieces in sorted(gifts.items()):
        terms = by_line[line].gift
        assert terms is not None, "only gifts are not earned"
        owed = min(terms.worth * pieces, sum(share.amount for share in left.values()) - 1)
        before = owed
        for number in sorted((number for number, _ in terms.of if number in left), key=lambda each: -left[each].amount):
            part = max(0, min(owed, left[number].amount))
            left[number] = msgspec.structs.replace(left[number], amount=left[number].amount - part)
            owed -= part
        if before > owed:
            charged.append((line, before - owed))
    return [left[share.line] for share in shares], charged
