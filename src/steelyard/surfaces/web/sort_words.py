"""How the sorts of goods, and the lists that have them, are spoken of in the consoles; and the form by which a list's usual
sort is settled."""

from collections.abc import Iterable
from uuid import UUID

from steelyard.goods import search
from steelyard.goods.search.model import GoodsList, Sort
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.visit import Visit

SORTS = {
    Sort.RELEVANCE: N_("Best match"),
    Sort.RELEVANCE_SALES: N_("Best match, what sells well counts more"),
    Sort.RELEVANCE_NEWEST: N_("Best match, what is new counts more"),
    Sort.SALES: N_("Most sold"),
    Sort.PRICE_UP: N_("Price, low to high"),
    Sort.PRICE_DOWN: N_("Price, high to low"),
    Sort.RATING: N_("Best rated"),
    Sort.NEWEST: N_("Newest"),
}
LISTS = {
    GoodsList.SEARCH: N_("Search results"),
    GoodsList.CATEGORIES: N_("Categories and all goods"),
    GoodsList.SHOP: N_("The goods of your shop"),
}


def choices(visit: Visit, goods_list: GoodsList, without: Sort | None = None) -> list[tuple[Sort, str]]:
    """The sorts that a list can have, for a form."""
    return [(sort, visit.say(SORTS[sort])) for sort in search.SORTS_OF[goods_list] if sort is not without]


async def settle(tx: Tx, visit: Visit, owner_id: UUID, lists: Iterable[GoodsList], form: Entries) -> None:
    """The list that was named has this sort from now on for who chooses none. Raises `Invalid`."""
    known, sorts = set(lists), set(Sort)
    if form.text("list") not in known or form.text("sort") not in sorts:
        raise Invalid({"sort": N_("Please choose one of these")})
    goods_list, sort = GoodsList(form.text("list")), Sort(form.text("sort"))
    before = await search.settle_sort(tx, owner_id, goods_list, sort, visit.by)
    if before is not sort:
        await access.audit(tx, visit.actor, "search.sort", goods_list, {"before": before, "after": sort})
