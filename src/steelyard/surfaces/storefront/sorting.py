"""In which sort a list is shown to who chose none: the list's default, or that whose turn it is in an experiment."""

from collections.abc import Callable, Hashable
from typing import NamedTuple
from uuid import UUID

from steelyard.goods import search
from steelyard.goods.search.model import GoodsList, Results, Sort
from steelyard.kernel.db import Read
from steelyard.operations import experiments
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.experiments import Running
from steelyard.surfaces.storefront.filters import Filters, read_filters
from steelyard.surfaces.storefront.shell import asked
from steelyard.surfaces.web import footfall
from steelyard.surfaces.web.visit import Visit

# An order of less than this is no order.
ORDERED_MIN = 2
_OF_ALL_SHOPS = (GoodsList.SEARCH, GoodsList.CATEGORIES)


class Turn(NamedTuple):
    """Which variant of which experiment on a list's sort somebody sees."""

    running: Running
    variant: int
    sort: Sort

    @property
    def key(self) -> Hashable:
        """What pages that are kept for strangers are told apart by."""
        return self.running.experiment_id, self.variant


def list_of(filters: Filters) -> GoodsList:
    """Which of the marketplace's lists answers this."""
    return GoodsList.SEARCH if filters.q else GoodsList.CATEGORIES


async def turn_of(visit: Visit) -> Turn | None:
    """Whose turn which sort of a list of the marketplace is. Not asked inside a transaction; nothing is read while it is known
    what runs, and the address only where something does."""
    if not footfall.is_counted(visit):
        return None
    running = {each: await experiments.on_list(visit.db, MARKETPLACE, each) for each in _OF_ALL_SHOPS}
    if not any(running.values()):
        return None
    filters = read_filters(asked(visit))
    return turn_in(visit, filters, running[list_of(filters)])


def turn_in(visit: Visit, filters: Filters, running: Running | None) -> Turn | None:
    """Whose turn which sort of a list is; none of who chose one, goes on in one, or is not counted."""
    if running is None or filters.sort or filters.after or not footfall.is_counted(visit):
        return None
    variant = running.turn(visit.visitor_id)
    sort = running.sorts[variant] if variant is not None else None
    return Turn(running, variant, sort) if variant is not None and sort is not None else None


def exposed(turn: Turn | None, results: Results) -> Callable[[Visit], None]:
    """What is noted of who reads the list: that they have seen the variant, if it could have been in another order."""

    def note(visit: Visit) -> None:
        if turn is not None and len(results.hits) >= ORDERED_MIN:
            footfall.expose(visit, turn.running.seen(visit.visitor_id, turn.variant))

    return note


async def default_sort(read: Read, turn: Turn | None, goods_list: GoodsList, owner_id: UUID = MARKETPLACE) -> Sort:
    """The sort of the list for who chose none."""
    return turn.sort if turn is not None else await search.default_sort(read, owner_id, goods_list)
