"""The sort in which a list is shown to who chose none: best match or best selling, unless its owner has settled another."""

from uuid import UUID

from steelyard.goods.search.model import RANKED, GoodsList, Sort
from steelyard.kernel import keeping
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.keeping import kept_by_key

KEPT = "search.default_sorts"

_PLAIN = tuple(sort for sort in Sort if sort not in RANKED)
# Which there are for a list, the one first that it has while nobody has settled another.
SORTS_OF: dict[GoodsList, tuple[Sort, ...]] = {
    GoodsList.SEARCH: (Sort.RELEVANCE, Sort.RELEVANCE_SALES, Sort.RELEVANCE_NEWEST, *_PLAIN),
    GoodsList.CATEGORIES: _PLAIN,
    GoodsList.SHOP: _PLAIN,
}


async def default_sort(read: Read, owner_id: UUID, goods_list: GoodsList) -> Sort:
    """In which sort a list of this shop's, or under an id of zeros of the marketplace's, is shown; kept for a moment by each
    process."""

    async def ask() -> Sort:
        settled = await read.value(
            "SELECT sort FROM search_default_sorts WHERE merchant_id = $1 AND list = $2", owner_id, goods_list
        )
        return Sort(settled) if settled in SORTS_OF[goods_list] else SORTS_OF[goods_list][0]

    return await kept_by_key(read, KEPT, (owner_id, goods_list), ask, seconds=keeping.KEPT_SECONDS)


async def settle_sort(tx: Tx, owner_id: UUID, goods_list: GoodsList, sort: Sort, by: str) -> Sort:
    """From now on the list is shown so; returns how it was. Said twice, nothing changes. Raises `Invalid`."""
    if sort not in SORTS_OF[goods_list]:
        raise Invalid({"sort": N_("Please choose one of these")})
    keeping.forget(tx, KEPT)
    before = await default_sort(tx, owner_id, goods_list)
    await tx.execute(
        """
        INSERT INTO search_default_sorts AS u (merchant_id, list, sort, by) VALUES ($1, $2, $3, $4)
        ON CONFLICT (merchant_id, list) DO UPDATE SET sort = excluded.sort, by = excluded.by, changed_at = now()
        WHERE u.sort <> excluded.sort
        """,
        owner_id,
        goods_list,
        sort,
        by,
    )
    return before
