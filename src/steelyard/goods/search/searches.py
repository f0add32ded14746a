"""What people search: each visitor's own history, what is counted of it, hot words, and the searches that find nothing."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.goods.search.words import folded
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx

HISTORY_MAX = 20
WORDS_CHARACTERS_MAX = 60
HOT_WORDS_MAX = 50
HOT_WORDS_SHOWN = 10
HOT_DAYS = 7
DAYS_KEPT = 90
SEARCHES_PER_ROUND_MAX = 1_000
# A search that somebody followed to a product says more than one that was only made.
FOLLOWED_WEIGHT = 3
# What one or two people search is theirs.
HOT_SEARCHES_MIN = 3
UNFOUND_SHOWN_MAX = 100
UNFOUND_DAYS = 30


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a visitor's searches are kept for them, and whether results may follow what they looked at."""

    keeps_history: bool = True
    personal: bool = True


class HotWord(msgspec.Struct, frozen=True, kw_only=True):
    words: str
    score: int = 0
    pinned: bool = False


class Unfound(msgspec.Struct, frozen=True, kw_only=True):
    """Words that found nothing, how often, and when last."""

    words: str
    searches: int
    last: date


def counted(words: str) -> str:
    """The words as they are counted: folded, with single spaces."""
    return " ".join(folded(words).split())[:WORDS_CHARACTERS_MAX]


class Searched(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Somebody searched this and found so many; it is remembered for them where they want it (`keep`). Each is one of its
    own, however alike two are."""

    buyer_id: UUID
    words: str
    found: int
    keep: bool = True


async def record_search(tx: Tx, buyer_id: UUID, words: str, found: int, *, keep: bool = True) -> None:
    """Somebody searched this and found so many: it is counted, and remembered for them where they want it."""
    await record_searches(tx, [Searched(buyer_id=buyer_id, words=words, found=found, keep=keep)])


async def record_searches(tx: Tx, searches: Sequence[Searched]) -> list[None]:
    """`record_search` for many at once."""
    told = [(each, said) for each in searches if (said := counted(each.words))]
    if told:
        await tx.execute(
            """
            INSERT INTO search_log (search_id, words, found)
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[])
            """,
            [ids.mint() for _ in told],
            [said for _, said in told],
            [each.found for each, _ in told],
        )
    kept = {(each.buyer_id, " ".join(each.words.split())[:WORDS_CHARACTERS_MAX]) for each, _ in told if each.keep}
    if kept:
        await _remember(tx, sorted(kept))
    return [None] * len(searches)


async def _remember(tx: Tx, kept: Sequence[tuple[UUID, str]]) -> None:
    """What each searched last is kept, up to so much."""
    await tx.execute(
        """
        INSERT INTO search_history (buyer_id, words, at)
        SELECT buyer_id, words, now() FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS k (buyer_id, words, place)
        ORDER BY place
        ON CONFLICT (buyer_id, words) DO UPDATE SET at = now()
        """,
        [buyer_id for buyer_id, _ in kept],
        [words for _, words in kept],
    )
    await tx.execute(
        """
        DELETE FROM search_history h
        USING unnest($1::uuid[]) AS b (buyer_id) CROSS JOIN LATERAL (
            SELECT o.words FROM search_history o WHERE o.buyer_id = b.buyer_id ORDER BY o.at DESC, o.words OFFSET $2) AS old
        WHERE h.buyer_id = b.buyer_id AND h.words = old.words
        """,
        sorted({buyer_id for buyer_id, _ in kept}),
        HISTORY_MAX,
    )


async def record_follow(tx: Tx, words: str) -> None:
    """Somebody opened a hit of such a search."""
    said = counted(words)
    if said:
        await tx.execute(
            "INSERT INTO search_log (search_id, words, found, followed) VALUES ($1, $2, 1, true)", ids.mint(), said
        )


async def history(read: Read, buyer_ids: Sequence[UUID]) -> list[str]:
    """What this visitor searched, the last first."""
    rows = await read.fetch(
        """
        SELECT words, max(at) AS at FROM search_history WHERE buyer_id = ANY($1)
        GROUP BY words ORDER BY max(at) DESC LIMIT $2
        """,
        list(buyer_ids),
        HISTORY_MAX,
    )
    return [row["words"] for row in rows]


async def forget_search(tx: Tx, buyer_ids: Sequence[UUID], words: str | None = None) -> None:
    """Forget one search of this visitor, or all of them."""
    await tx.execute(
        "DELETE FROM search_history WHERE buyer_id = ANY($1) AND ($2::text IS NULL OR words = $2)",
        list(buyer_ids),
        words,
    )


async def choices(read: Read, buyer_id: UUID) -> Choices:
    """What this visitor wants of us; who never said gets history and results of their own."""
    found = await read.one(Choices, "SELECT keeps_history, personal FROM search_choices WHERE buyer_id = $1", buyer_id)
    return found or Choices()


async def choose(tx: Tx, buyer_id: UUID, wanted: Choices) -> None:
    """From now on it is so. Who wants no history has none: what was kept is forgotten."""
    await tx.execute(
        """
        INSERT INTO search_choices (buyer_id, keeps_history, personal) VALUES ($1, $2, $3)
        ON CONFLICT (buyer_id) DO UPDATE SET keeps_history = excluded.keeps_history, personal = excluded.personal
        """,
        buyer_id,
        wanted.keeps_history,
        wanted.personal,
    )
    if not wanted.keeps_history:
        await forget_search(tx, [buyer_id])


async def hot_words(read: Read, limit: int = HOT_WORDS_SHOWN) -> list[HotWord]:
    """What to show as hot: what the operator has pinned, then what many search; never what the operator has hidden."""
    return await read.all(
        HotWord,
        """
        SELECT words, score, pinned FROM (
            SELECT r.words, coalesce(h.score, 0) AS score, true AS pinned, r.place
            FROM search_hot_rules r LEFT JOIN search_hot h USING (words) WHERE r.pinned
            UNION ALL
            SELECT h.words, h.score, false, 0 FROM search_hot h
            WHERE NOT EXISTS (SELECT FROM search_hot_rules r WHERE r.words = h.words)
        ) shown
        ORDER BY pinned DESC, CASE WHEN pinned THEN place END, score DESC, words LIMIT $1
        """,
        limit,
    )


async def unfound(read: Read) -> list[Unfound]:
    """The searches of the last days that found nothing to this day, the most frequent first."""
    return await read.all(
        Unfound,
        """
        SELECT d.words, sum(d.searches)::integer AS searches, max(d.day) AS last FROM search_days d
        WHERE d.found = 0 AND d.day > current_date - $1::integer
          AND NOT EXISTS (SELECT FROM search_days f WHERE f.words = d.words AND f.day > d.day AND f.found > 0)
          AND NOT EXISTS (SELECT FROM search_redirects r WHERE r.words = d.words)
        GROUP BY d.words ORDER BY searches DESC, last DESC, d.words LIMIT $2
        """,
        UNFOUND_DAYS,
        UNFOUND_SHOWN_MAX,
    )


async def count_searches(tx: Tx) -> int:
    """Count what waits in the log, at most so many at once; returns how many there were."""
    return await tx.value(
        """
        WITH taken AS (
            DELETE FROM search_log l WHERE l.search_id = ANY(ARRAY(
                SELECT search_id FROM search_log ORDER BY search_id LIMIT $1 FOR UPDATE SKIP LOCKED))
            RETURNING l.search_id, l.at, l.words, l.found, l.followed
        ), counted AS (
            INSERT INTO search_days AS d (day, words, searches, found, followed)
            SELECT at::date, words, count(*) FILTER (WHERE NOT followed)
                 , (array_agg(found ORDER BY followed, search_id DESC))[1], count(*) FILTER (WHERE followed)
            FROM taken GROUP BY 1, 2 ORDER BY 1, 2
            ON CONFLICT (day, words) DO UPDATE SET searches = d.searches + excluded.searches, found = excluded.found
              , followed = d.followed + excluded.followed
        )
        SELECT count(*)::integer FROM taken
        """,
        SEARCHES_PER_ROUND_MAX,
    )


async def find_out_hot(tx: Tx) -> None:
    """Make the hot words anew from the last days, the younger counting more, and forget the days that are too old."""
    await tx.execute("DELETE FROM search_days WHERE day < current_date - $1::integer", DAYS_KEPT)
    await tx.execute("DELETE FROM search_hot")
    await tx.execute(
        """
        INSERT INTO search_hot (words, score)
        SELECT words, round(sum((searches + $2 * followed) * power(0.7, current_date - day)))::integer AS score
        FROM search_days WHERE day > current_date - $1::integer AND found > 0
        GROUP BY words HAVING sum(searches) >= $4 ORDER BY score DESC, words LIMIT $3
        """,
        HOT_DAYS,
        FOLLOWED_WEIGHT,
        HOT_WORDS_MAX,
        HOT_SEARCHES_MIN,
    )


async def forget(tx: Tx, buyer_ids: Sequence[UUID]) -> None:
    """Erase what people who leave searched, and how they wanted it."""
    await tx.execute("DELETE FROM search_history WHERE buyer_id = ANY($1)", list(buyer_ids))
    await tx.execute("DELETE FROM search_choices WHERE buyer_id = ANY($1)", list(buyer_ids))
