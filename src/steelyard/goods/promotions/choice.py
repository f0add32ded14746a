"""Which promotions count together: the best of all legal combinations, by branch and bound.

Two promotions stand in each other's way when they are for a common line and of one layer, or of layers that one of them
will not stand beside; or when they share an owner's group. Those that have nothing to do with each other are searched by
themselves. What is taken off by a promotion alone is the most that it can take off beside others, since each takes no less
from dearer lines: so a branch that could not beat the best so far is left. See docs/algorithms/pricing.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.goods.promotions import effects
from steelyard.goods.promotions.effects import Standing
from steelyard.goods.promotions.model import CartLine, FreeShipping, Gift, Layer, Promotion

# How many branches are looked at before the best so far is taken: some tenths of a second.
BRANCHES_MAX = 20_000
# How many promotions that could count for one cart are considered at all: those that take off the most by themselves.
CANDIDATES_MAX = 200


class Amounts(msgspec.Struct, frozen=True):
    """What lines cost, by their ids, and what freight costs, by merchant, after some promotions."""

    lines: Mapping[str, int]
    freight: Mapping[UUID, int]


class Candidate(msgspec.Struct, frozen=True):
    """A promotion with the lines of this cart that it is for."""

    promotion: Promotion
    lines: Sequence[CartLine]
    line_ids: frozenset[str]
    merchant_ids: Sequence[UUID]

    def standing(self, amounts: Amounts) -> list[Standing]:
        return [Standing(line, amounts.lines[line.line_id]) for line in self.lines]


class Taking(msgspec.Struct, frozen=True):
    """What a promotion takes off lines and freight, and what its gifts are worth."""

    lines: Mapping[str, int]
    freight: Mapping[UUID, int]
    worth: int = 0

    @property
    def off(self) -> int:
        return sum(self.lines.values()) + sum(self.freight.values())

    def __bool__(self) -> bool:
        return bool(self.off or self.worth)


def candidate(promotion: Promotion, lines: Sequence[CartLine]) -> Candidate:
    return Candidate(
        promotion,
        lines,
        frozenset(line.line_id for line in lines),
        sorted({line.merchant_id for line in lines}),
    )


def taking(one: Candidate, amounts: Amounts) -> Taking:
    """What it takes from what is left."""
    standing = one.standing(amounts)
    rule = one.promotion.rule
    if isinstance(rule, FreeShipping):
        offs = effects.freight_off(rule, standing, [amounts.freight.get(each, 0) for each in one.merchant_ids])
        return Taking({}, dict(zip(one.merchant_ids, offs, strict=True)))
    if isinstance(rule, Gift):
        return Taking({}, {}, effects.gifts_of(rule, standing) * rule.worth)
    offs = effects.taken_off(rule, standing)
    return Taking({line.line_id: off for line, off in zip(one.lines, offs, strict=True)}, {})


def less(amounts: Amounts, taken: Taking) -> Amounts:
    lines = {**amounts.lines, **{key: amounts.lines[key] - off for key, off in taken.lines.items()}}
    freight = {**amounts.freight, **{key: amounts.freight.get(key, 0) - off for key, off in taken.freight.items()}}
    return Amounts(lines, freight)


def in_the_way(one: Candidate, other: Candidate) -> bool:
    """Whether the two may not count together."""
    a, b = one.promotion, other.promotion
    if a.group and a.group == b.group and a.merchant_id == b.merchant_id:
        return True
    if a.layer is b.layer is Layer.SHIPPING:
        return not set(one.merchant_ids).isdisjoint(other.merchant_ids)
    if one.line_ids.isdisjoint(other.line_ids):
        return False
    return a.layer == b.layer or b.layer not in a.beside or a.layer not in b.beside


def best(candidates: Sequence[Candidate], amounts: Amounts) -> tuple[list[Candidate], bool]:
    """Those that take off the most together (then: whose gifts are worth the most; then: the first by layers and ids),
    in the order in which they count, and whether all combinations were considered."""
    strongest = sorted(candidates, key=lambda each: (-taking(each, amounts).off, each.promotion.promotion_id))
    ordered = _in_order(strongest[:CANDIDATES_MAX])
    chosen: list[Candidate] = []
    exact = len(candidates) <= CANDIDATES_MAX
    for group in _related(ordered):
        search = _Search(group, amounts)
        search.run()
        chosen += search.best
        exact = exact and search.branches < BRANCHES_MAX
    return _in_order(chosen), exact


def _in_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda each: (each.promotion.layer, each.promotion.promotion_id))


def _related(ordered: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """Those that have to do with each other, over however many others, in their order."""
    left = list(ordered)
    while left:
        group, left = [left[0]], left[1:]
        near = [group[0]]
        while near:
            here = near.pop()
            found = [each for each in left if _has_to_do_with(here, each)]
            left = [each for each in left if not _has_to_do_with(here, each)]
            group += found
            near += found
        yield _in_order(group)


def _has_to_do_with(one: Candidate, other: Candidate) -> bool:
    return not one.line_ids.isdisjoint(other.line_ids) or in_the_way(one, other)


class _Search:
    """Goes through the candidates in their order, each with and without, and keeps the best."""

    def __init__(self, candidates: Sequence[Candidate], amounts: Amounts) -> None:
        self.candidates = candidates
        self.amounts = amounts
        alone = [taking(each, amounts) for each in candidates]
        self.most = [(each.off, each.worth) for each in alone]
        self.rivals = [
            {j for j, other in enumerate(candidates) if i != j and in_the_way(one, other)}
            for i, one in enumerate(candidates)
        ]
        self.cliques = self._cliques()
        self.best: list[Candidate] = []
        self.reached = (0, 0)
        self.branches = 0

    def run(self) -> None:
        self._look(0, self.amounts, [], (0, 0))

    def _look(self, place: int, amounts: Amounts, chosen: list[int], reached: tuple[int, int]) -> None:
        self.branches += 1
        if reached > self.reached:
            self.reached, self.best = reached, [self.candidates[i] for i in chosen]
        if place == len(self.candidates) or self.branches >= BRANCHES_MAX:
            return
        off, worth = self._most_of_the_rest(place, chosen)
        if (reached[0] + off, reached[1] + worth) <= self.reached:
            return
        if self.rivals[place].isdisjoint(chosen):
            taken = taking(self.candidates[place], amounts)
            if taken:
                more = (reached[0] + taken.off, reached[1] + taken.worth)
                self._look(place + 1, less(amounts, taken), [*chosen, place], more)
        self._look(place + 1, amounts, chosen, reached)

    def _most_of_the_rest(self, place: int, chosen: list[int]) -> tuple[int, int]:
        """What those from `place` on could add at the very most: of those that are all in each other's way, one."""
        off, worth = 0, 0
        for clique in self.cliques:
            open_ones = [self.most[i] for i in clique if i >= place and self.rivals[i].isdisjoint(chosen)]
            if open_ones:
                off += max(each[0] for each in open_ones)
                worth += max(each[1] for each in open_ones)
        return off, worth

    def _cliques(self) -> list[list[int]]:
        cliques: list[list[int]] = []
        for i in range(len(self.candidates)):
            home = next((clique for clique in cliques if self.rivals[i].issuperset(clique)), None)
            if home is None:
                cliques.append([i])
            else:
                home.append(i)
        return cliques
