"""Ratings: what the shown reviews of a product come to, kept with every change of one, and pushed down into search."""

from collections.abc import Iterable
from uuid import UUID

from steelyard.goods import search
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.trade.reviews.events import OpinionsChanged
from steelyard.trade.reviews.model import STARS_MAX, Review, average

Counts = tuple[int, int, int, int, int, int, int, int, int]
"""Reviews of one to five stars, with words, with pictures, followed up, silent."""

NOTHING: Counts = (0, 0, 0, 0, 0, 0, 0, 0, 0)


def counts_of(review: Review) -> Counts:
    """What one review adds to its product's rating. A hidden one adds nothing, silence no stars."""
    if review.hidden_at is not None:
        return NOTHING
    stars = [int(review.stars == each and not review.automatic) for each in range(1, STARS_MAX + 1)]
    pictured = int(bool(review.pictures or review.follow_up_pictures))
    silent = int(review.automatic)
    return (*stars, int(bool(review.text)), pictured, int(review.follow_up is not None), silent)  # pyright: ignore[reportReturnType]  # five stars


async def recount(tx: Tx, changes: Iterable[tuple[Review | None, Review]]) -> None:
    """Reviews were written or changed (before, after): the ratings of their products follow, in search as well, and who
    shows what people say is told."""
    deltas: dict[tuple[UUID, UUID], list[int]] = {}
    shown: set[tuple[UUID, UUID]] = set()
    for before, after in changes:
        if not after.automatic:
            shown.add((after.merchant_id, after.product_id))
        was, now = counts_of(before) if before else NOTHING, counts_of(after)
        sums = deltas.setdefault((after.merchant_id, after.product_id), [0] * len(NOTHING))
        for place, (old, new) in enumerate(zip(was, now, strict=True)):
            sums[place] += new - old
    if shown:
        await events.publish(
            tx, *(OpinionsChanged(merchant_id=each[0], product_ids=[each[1]]) for each in sorted(shown))
        )
    keys = sorted((key for key in deltas if any(deltas[key])), key=lambda key: (key[1], key[0]))
    if not keys:
        return
    merchant_ids, product_ids = [key[0] for key in keys], [key[1] for key in keys]
    await tx.execute(
        """
        INSERT INTO product_ratings (merchant_id, product_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])
        ON CONFLICT (merchant_id, product_id) DO NOTHING
        """,
        merchant_ids,
        product_ids,
    )
    rows = await tx.fetch(
        """
        WITH held AS (
            SELECT r.merchant_id, r.product_id FROM product_ratings r
            JOIN unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, product_id) USING (merchant_id, product_id)
            ORDER BY r.product_id, r.merchant_id FOR NO KEY UPDATE OF r
        )
        UPDATE product_ratings r
        SET stars_1 = stars_1 + d.n1, stars_2 = stars_2 + d.n2, stars_3 = stars_3 + d.n3, stars_4 = stars_4 + d.n4
          , stars_5 = stars_5 + d.n5, texts = texts + d.words, pictured = r.pictured + d.pictured
          , followed_up = r.followed_up + d.followed_up, silent = r.silent + d.silent
        FROM held JOIN unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::integer[], $6::integer[]
                            , $7::integer[], $8::integer[], $9::integer[], $10::integer[], $11::integer[])
            AS d (merchant_id, product_id, n1, n2, n3, n4, n5, words, pictured, followed_up, silent)
            USING (merchant_id, product_id)
        WHERE r.merchant_id = held.merchant_id AND r.product_id = held.product_id
        RETURNING r.merchant_id, r.product_id, r.stars_1 + r.stars_2 + r.stars_3 + r.stars_4 + r.stars_5 AS count
                , r.stars_1 + 2 * r.stars_2 + 3 * r.stars_3 + 4 * r.stars_4 + 5 * r.stars_5 AS total
        """,
        merchant_ids,
        product_ids,
        *([deltas[key][place] for key in keys] for place in range(len(NOTHING))),
    )
    await search.record_ratings(
        tx, [(row["merchant_id"], row["product_id"], average(row["total"], row["count"])) for row in rows]
    )
