"""The sums: which rule of each fee counts for a sale, and what a line of an order comes to. See docs/algorithms/fees.md."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.kernel import money
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.trade.commission.model import FeeId, LineFee, Rule, Sale, Taxes


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order, or its freight: `amount` is what the merchant gets for it, from the buyer and from the platform;
    `tax` is in it or on top of it."""

    amount: int
    tax: int = 0
    tax_inclusive: bool = True
    quantity: int = 1

    @property
    def whole(self) -> int:
        return self.amount + (0 if self.tax_inclusive else self.tax)

    def rated(self, taxes: Taxes) -> int:
        """What a rate is taken of."""
        match taxes:
            case Taxes.SHOWN:
                return self.amount
            case Taxes.WITHOUT:
                return self.amount - self.tax if self.tax_inclusive else self.amount
            case Taxes.WITH:
                return self.whole


class Charged(msgspec.Struct, frozen=True, kw_only=True):
    """What an order's lines were charged, one list each, and what of it was for the freight."""

    lines: Sequence[Sequence[LineFee]]
    freight: Sequence[LineFee]


def stack(rules: Iterable[Rule], sale: Sale) -> list[Rule]:
    """Of each fee the rule that counts for a sale, in the order in which fees are taken.

    The more specific wins, looked at in this order: the product, the merchant, the nearest category, the channel, the
    currency. Of two that are the same in all of these the one that began later, then the one that was made later.
    """
    depth = {category_id: number for number, category_id in enumerate(sale.path, start=1)}
    best: dict[FeeId, tuple[tuple[object, ...], Rule]] = {}
    for rule in rules:
        if not _counts(rule, sale, depth):
            continue
        rank = (
            rule.product_id is not None,
            rule.merchant_id is not None,
            depth[rule.category_id] if rule.category_id else 0,
            rule.channel is not None,
            rule.currency is not None,
            rule.valid_from,
            rule.rule_id,
        )
        known = best.get(rule.fee_id)
        if known is None or known[0] < rank:
            best[rule.fee_id] = (rank, rule)
    return sorted((rule for _, rule in best.values()), key=lambda rule: rule.place)


def _counts(rule: Rule, sale: Sale, depth: Mapping[UUID, int]) -> bool:
    return (
        rule.merchant_id in (None, sale.merchant_id)
        and (rule.category_id is None or rule.category_id in depth)
        and rule.product_id in (None, sale.product_id)
        and rule.channel in (None, sale.channel)
        and rule.currency in (None, sale.currency)
    )


def charge(lines: Sequence[tuple[Sold, Sequence[Rule]]], freight: Sold) -> Charged:
    """What an order is charged: `lines` are its lines, each with the rules that count for it.

    The freight is shared out over the lines by what their goods come to; what a fee takes of a line is split between goods and
    freight by what each of them put into its base, so that either can go back by itself.
    """
    sent = _freight_of_lines(lines, freight)
    of_lines: list[list[LineFee]] = []
    of_freight: dict[FeeId, LineFee] = {}
    for (goods, rules), way in zip(lines, sent, strict=True):
        mine: list[LineFee] = []
        for rule, fee, tax in _taken(goods, way, rules):
            bases = [goods.rated(rule.taxes), way.rated(rule.taxes) if rule.on_freight else 0]
            amounts = money.split(fee, bases if any(bases) else [1, 0])
            taxed = money.split(tax, amounts if any(amounts) else [1, 0])
            if amounts[0] or taxed[0]:
                mine.append(_frozen(rule, amounts[0], taxed[0]))
            if amounts[1] or taxed[1]:
                before = of_freight.get(rule.fee_id)
                of_freight[rule.fee_id] = _of_freight(rule, before, amounts[1], taxed[1])
        of_lines.append(mine)
    return Charged(lines=of_lines, freight=list(of_freight.values()))


def _freight_of_lines(lines: Sequence[tuple[Sold, Sequence[Rule]]], freight: Sold) -> list[Sold]:
    if not any(rule.on_freight for _, rules in lines for rule in rules):
        return [Sold(amount=0)] * len(lines)
    weights = [goods.amount for goods, _ in lines]
    amounts, taxes = money.split(freight.amount, weights), money.split(freight.tax, weights)
    return [
        Sold(amount=amount, tax=tax, tax_inclusive=freight.tax_inclusive)
        for amount, tax in zip(amounts, taxes, strict=True)
    ]


def _taken(goods: Sold, way: Sold, rules: Sequence[Rule]) -> list[tuple[Rule, int, int]]:
    """Each rule with the fee and the tax that it takes of a line: never more, in all, than the merchant gets for it."""
    left = goods.whole + (way.whole if any(rule.on_freight for rule in rules) else 0)
    taken: list[tuple[Rule, int, int]] = []
    for rule in rules:
        fee = fee_of(rule, goods, way)
        tax = money.share(fee, rule.tax_millionths)
        if fee + tax > left:
            # What is left is the fee with its tax in it.
            tax = money.split(left, [rule.tax_millionths, PARTS_PER_MILLION])[0]
            fee = left - tax
        left -= fee + tax
        taken.append((rule, fee, tax))
    return taken


def fee_of(rule: Rule, goods: Sold, way: Sold) -> int:
    """What a rule asks of a line: the rate, half a minor unit up, and the fixed part, within its bounds."""
    base = goods.rated(rule.taxes) + (way.rated(rule.taxes) if rule.on_freight else 0)
    fee = money.share(base, rule.millionths) + rule.fixed * (goods.quantity if rule.per_piece else 1)
    if rule.least is not None:
        fee = max(fee, rule.least)
    return fee if rule.most is None else min(fee, rule.most)


def _frozen(rule: Rule, amount: int, tax: int) -> LineFee:
    return LineFee(
        fee_id=rule.fee_id,
        name=rule.name,
        amount=amount,
        tax=tax,
        tax_millionths=rule.tax_millionths,
        kept=rule.kept,
        rule_id=rule.rule_id,
        millionths=rule.millionths,
    )


def _of_freight(rule: Rule, before: LineFee | None, amount: int, tax: int) -> LineFee:
    return LineFee(
        fee_id=rule.fee_id,
        name=rule.name,
        amount=amount + (before.amount if before else 0),
        tax=tax + (before.tax if before else 0),
        tax_millionths=rule.tax_millionths,
        kept=rule.kept,
    )
