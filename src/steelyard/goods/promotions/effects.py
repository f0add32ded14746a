"""What one promotion takes off the lines that it is for, as they stand when its turn comes. Nothing here knows of others.

Each kind takes no less from dearer lines, all else the same; the search in `choice` relies on it.
"""

from collections.abc import Sequence

import msgspec

from steelyard.goods.promotions.model import (
    AmountOff,
    Bundle,
    BuyGet,
    CartLine,
    Counted,
    FreeShipping,
    Gift,
    Hint,
    Ladder,
    PiecesFor,
    RateOff,
    Rule,
    SpecialPrice,
    Step,
)
from steelyard.kernel.money import share, split


class Standing(msgspec.Struct, frozen=True):
    """A line and what it costs now."""

    line: CartLine
    amount: int


def taken_off(rule: Rule, lines: Sequence[Standing]) -> list[int]:
    """What it takes off each of these lines, in minor units; never more than a line costs."""
    match rule:
        case AmountOff():
            offs = _shared(_amount_off(rule, lines), lines)
        case RateOff():
            offs = _shared(_rate_off(rule, lines), lines)
        case BuyGet():
            offs = _buy_get(rule, lines)
        case PiecesFor():
            offs = _pieces_for(rule, lines)
        case Bundle():
            offs = _bundle(rule, lines)
        case SpecialPrice():
            offs = [_special(rule, each) for each in lines]
        case Ladder():
            offs = _ladder(rule, lines)
        case Gift() | FreeShipping():
            offs = [0] * len(lines)
    assert all(0 <= off <= each.amount for off, each in zip(offs, lines, strict=True)), (
        "no line costs less than nothing"
    )
    return offs


def freight_off(rule: FreeShipping, lines: Sequence[Standing], fees: Sequence[int]) -> list[int]:
    """What it takes off the freight of each merchant whose goods it is for."""
    if _measured(rule.counted, lines) < rule.over or not sum(fees):
        return [0] * len(fees)
    return split(_capped(sum(fees), rule.at_most), fees)


def gifts_of(rule: Gift, lines: Sequence[Standing]) -> int:
    """How many pieces there are for nothing."""
    return rule.pieces if _measured(rule.counted, lines) >= rule.over else 0


def hint(rule: Rule, lines: Sequence[Standing]) -> Hint | None:
    """What more these lines need for the next step, and what it brings; none when there is no more to be had."""
    match rule:
        case AmountOff() | RateOff():
            return _next_step(rule, lines)
        case Gift():
            return _short_of(rule.counted, rule.over, rule.worth * rule.pieces, lines)
        case FreeShipping():
            return _short_of(rule.counted, rule.over, rule.at_most or 0, lines)
        case BuyGet():
            return _missing_pieces(rule.buy + (0 if rule.reward else rule.get), rule.millionths, lines)
        case PiecesFor():
            return _missing_pieces(rule.pieces, 0, lines)
        case Bundle() | SpecialPrice() | Ladder():
            return None


def _amount_off(rule: AmountOff, lines: Sequence[Standing]) -> int:
    measured = _measured(rule.counted, lines)
    step = _reached(rule.steps, measured)
    if step is None:
        return 0
    times = measured // step.over if rule.again and step.over else 1
    return min(_capped(step.off * times, rule.at_most), _sum(lines))


def _rate_off(rule: RateOff, lines: Sequence[Standing]) -> int:
    step = _reached(rule.steps, _measured(rule.counted, lines))
    return 0 if step is None else _capped(share(_sum(lines), step.off), rule.at_most)


def _buy_get(rule: BuyGet, lines: Sequence[Standing]) -> list[int]:
    """Of the pieces that may be had for less the cheapest, as many as the others (or the whole sets) allow."""
    bought = [each for each in lines if each.line.product_id not in rule.reward]
    had = [each for each in lines if each.line.product_id in rule.reward] if rule.reward else bought
    pieces = sorted(_pieces(had), key=lambda piece: (piece[0], piece[1]))
    count = sum(each.line.quantity for each in bought)
    sets = count // (rule.buy if rule.reward else rule.buy + rule.get)
    off = dict.fromkeys((each.line.line_id for each in lines), 0)
    for amount, line_id in pieces[: sets * rule.get]:
        off[line_id] += share(amount, rule.millionths)
    return [off[each.line.line_id] for each in lines]


def _pieces_for(rule: PiecesFor, lines: Sequence[Standing]) -> list[int]:
    """The dearest n, then the next n, as long as it saves anything."""
    pieces = sorted(_pieces(lines), key=lambda piece: (-piece[0], piece[1]))
    cheaper = {each.line.line_id: 0 for each in lines}
    for start in range(0, len(pieces) - rule.pieces + 1, rule.pieces):
        group = pieces[start : start + rule.pieces]
        saved = sum(amount for amount, _ in group) - rule.price
        if saved <= 0:
            break
        for (_, line_id), part in zip(group, split(saved, [amount for amount, _ in group]), strict=True):
            cheaper[line_id] += part
    return [cheaper[each.line.line_id] for each in lines]


def _bundle(rule: Bundle, lines: Sequence[Standing]) -> list[int]:
    """Whole bundles of the dearest pieces of each part, where it saves anything."""
    by_sku: dict[object, list[tuple[int, str]]] = {sku_id: [] for sku_id in rule.parts}
    for each in lines:
        if each.line.sku_id in by_sku:
            by_sku[each.line.sku_id] += _pieces([each])
    sets = min(len(by_sku[sku_id]) // count for sku_id, count in rule.parts.items())
    cheaper = {each.line.line_id: 0 for each in lines}
    ordered = {sku_id: sorted(pieces, key=lambda piece: (-piece[0], piece[1])) for sku_id, pieces in by_sku.items()}
    for number in range(sets):
        group = [
            piece
            for sku_id, count in sorted(rule.parts.items())
            for piece in ordered[sku_id][number * count : (number + 1) * count]
        ]
        saved = sum(amount for amount, _ in group) - rule.price
        if saved <= 0:
            break
        for (_, line_id), part in zip(group, split(saved, [amount for amount, _ in group]), strict=True):
            cheaper[line_id] += part
    return [cheaper[each.line.line_id] for each in lines]


def _special(rule: SpecialPrice, standing: Standing) -> int:
    line = standing.line
    return (line.unit_price - rule.of(line.sku_id, line.unit_price)) * line.quantity


def _ladder(rule: Ladder, lines: Sequence[Standing]) -> list[int]:
    """Each piece is so much cheaper, so that a piece has one price."""
    counts: dict[object, int] = {}
    for each in lines:
        of = each.line.product_id if rule.by_product else each.line.sku_id
        counts[of] = counts.get(of, 0) + each.line.quantity
    off: list[int] = []
    for each in lines:
        step = _reached(rule.steps, counts[each.line.product_id if rule.by_product else each.line.sku_id])
        off.append(share(each.line.unit_price, step.off) * each.line.quantity if step else 0)
    return off


def _reached(steps: Sequence[Step], measured: int) -> Step | None:
    """The highest that is reached."""
    return max((step for step in steps if step.over <= measured), key=lambda step: step.over, default=None)


def _measured(counted: Counted, lines: Sequence[Standing]) -> int:
    return _sum(lines) if counted is Counted.AMOUNT else sum(each.line.quantity for each in lines)


def _sum(lines: Sequence[Standing]) -> int:
    return sum(each.amount for each in lines)


def _capped(off: int, at_most: int | None) -> int:
    return off if at_most is None else min(off, at_most)


def _shared(off: int, lines: Sequence[Standing]) -> list[int]:
    return split(off, [each.amount for each in lines]) if off else [0] * len(lines)


def _pieces(lines: Sequence[Standing]) -> list[tuple[int, str]]:
    """Each piece by itself, with what it costs now: a line's amount is shared out evenly."""
    return [(amount, each.line.line_id) for each in lines for amount in split(each.amount, [1] * each.line.quantity)]


def _next_step(rule: AmountOff | RateOff, lines: Sequence[Standing]) -> Hint | None:
    measured = _measured(rule.counted, lines)
    above = min((step for step in rule.steps if step.over > measured), key=lambda step: step.over, default=None)
    if above is not None:
        rate = isinstance(rule, RateOff)
        return Hint(missing=above.over - measured, counted=rule.counted, off=above.off, rate=rate)
    top = max(rule.steps, key=lambda step: step.over)
    if isinstance(rule, AmountOff) and rule.again and top.over:
        times = measured // top.over
        capped = rule.at_most is not None and top.off * times >= rule.at_most
        missing = top.over * (times + 1) - measured
        return None if capped else Hint(missing=missing, counted=rule.counted, off=top.off)
    return None


def _short_of(counted: Counted, over: int, off: int, lines: Sequence[Standing]) -> Hint | None:
    missing = over - _measured(counted, lines)
    return Hint(missing=missing, counted=counted, off=off) if missing > 0 else None


def _missing_pieces(pieces: int, millionths: int, lines: Sequence[Standing]) -> Hint | None:
    missing = pieces - sum(each.line.quantity for each in lines)
    return Hint(missing=missing, counted=Counted.PIECES, off=millionths, rate=True) if missing > 0 else None
