"""Who sees what: the experiment that runs on a page, whose turn which variant is, and that they have seen it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Joining, MemberSource
from steelyard.goods.search.model import GoodsList, Sort
from steelyard.kernel.db import Database, Read, Row, Tx
from steelyard.kernel.keeping import kept, kept_of
from steelyard.operations.experiments.assignment import variant_of
from steelyard.operations.experiments.model import page_of
from steelyard.operations.experiments.service import RUNNING_PAGES
from steelyard.operations.merchandising.model import Block

RUNNING_MAX = 1_000
EXPOSURES_PER_BATCH_MAX = 1_000
ENROLLED_AT_ONCE_MAX = 5_000


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor has seen a variant, or a customer has gone the way of one."""

    merchant_id: UUID
    experiment_id: UUID
    unit_id: UUID
    variant: int
    at: datetime


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment on a page or a list that runs now: `versions` of the page, what stands in the place of its block, or `sorts`
    of the list, and `weights`, in the order of the variants. `block_id`: it is about this block alone."""

    merchant_id: UUID
    experiment_id: UUID
    page: str
    block_id: UUID | None
    salt: UUID
    share: int
    weights: Sequence[int]
    versions: Sequence[int | None]
    blocks: Sequence[Block | None]
    sorts: Sequence[Sort | None]

    def turn(self, unit_id: UUID) -> int | None:
        return variant_of(self.salt, unit_id, self.share, self.weights)

    def seen(self, unit_id: UUID, variant: int) -> Exposure:
        """They have seen it now."""
        return Exposure(
            merchant_id=self.merchant_id,
            experiment_id=self.experiment_id,
            unit_id=unit_id,
            variant=variant,
            at=datetime.now(UTC),
        )


async def on_page(read: Read, merchant_id: UUID, page: str) -> Running | None:
    """What runs on this page. All of it is kept for a moment by each process, since there is little and pages are many."""
    return (await _all_running(read)).get((merchant_id, page))


async def on_list(db: Database, merchant_id: UUID, goods_list: GoodsList) -> Running | None:
    """What runs on the sort of this list; without a transaction, while it is known."""
    return (await kept_of(db, RUNNING_PAGES, _all_running)).get((merchant_id, page_of(goods_list)))


async def _all_running(read: Read) -> dict[tuple[UUID, str], Running]:
    return await kept(read, RUNNING_PAGES, lambda: _running(read))


async def _running(read: Read) -> dict[tuple[UUID, str], Running]:
    found = await read.all(
        Running,
        """
        SELECT e.merchant_id, e.experiment_id, e.page, e.block_id, e.salt, e.share, v.weights, v.versions, v.blocks, v.sorts
        FROM experiments e
        CROSS JOIN LATERAL (SELECT array_agg(weight ORDER BY variant) AS weights, array_agg(version ORDER BY variant) AS versions
                                 , array_agg(block ORDER BY variant) AS blocks, array_agg(sort ORDER BY variant) AS sorts
                            FROM experiment_variants v
                            WHERE v.merchant_id = e.merchant_id AND v.experiment_id = e.experiment_id) v
        WHERE e.state = 'running' AND e.page IS NOT NULL
        ORDER BY e.measured_at NULLS FIRST LIMIT $1
        """,
        RUNNING_MAX,
    )
    return {(each.merchant_id, each.page): each for each in found}


class OnSplit(msgspec.Struct, frozen=True, kw_only=True):
    """The last experiment that was begun on a split; who came in by `version` or a later one is shared out by its salt."""

    experiment_id: UUID
    salt: UUID
    version: int
    running: bool


async def on_split(read: Read, merchant_id: UUID, journey_id: UUID, box: str) -> OnSplit | None:
    """Also one that is over: whoever comes to the split again goes the way that they went."""
    return await read.one(
        OnSplit,
        """
        SELECT experiment_id, salt, journey_version AS version, state = 'running' AS running FROM experiments
        WHERE merchant_id = $1 AND journey_id = $2 AND box = $3 AND started_at IS NOT NULL
        ORDER BY started_at DESC LIMIT 1
        """,
        merchant_id,
        journey_id,
        box,
    )


async def expose(tx: Tx, exposures: Sequence[Exposure]) -> None:
    """They have seen it; the first time counts. What has stopped meanwhile takes nobody in any more."""
    await tx.execute(
        """
        INSERT INTO experiment_units (merchant_id, experiment_id, unit_id, variant, since)
        SELECT DISTINCT ON (u.merchant_id, u.experiment_id, u.unit_id)
               u.merchant_id, u.experiment_id, u.unit_id, u.variant, u.since
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[], $5::timestamptz[])
             AS u (merchant_id, experiment_id, unit_id, variant, since)
        JOIN experiments e USING (merchant_id, experiment_id)
        WHERE e.state = 'running'
        ORDER BY u.merchant_id, u.experiment_id, u.unit_id, u.since
        ON CONFLICT (merchant_id, experiment_id, unit_id) DO NOTHING
        """,
        [each.merchant_id for each in exposures],
        [each.experiment_id for each in exposures],
        [each.unit_id for each in exposures],
        [each.variant for each in exposures],
        [each.at for each in exposures],
    )


async def enrol(tx: Tx) -> int:
    """Share out some of the customers who are to take part in experiments on groups and do not yet; returns how many. Who has
    bought since comes in at the next round, so that the last to buy are tried, too."""
    one = await tx.row(
        """
        SELECT e.merchant_id, e.experiment_id, e.salt, e.share, e.bought_days, v.weights, v.groups
        FROM experiments e
        CROSS JOIN LATERAL (SELECT array_agg(weight ORDER BY variant) AS weights, array_agg(group_id ORDER BY variant) AS groups
                            FROM experiment_variants v
                            WHERE v.merchant_id = e.merchant_id AND v.experiment_id = e.experiment_id) v
        WHERE e.state = 'running' AND e.kind = 'groups'
          AND (e.enrolled_at IS NULL OR e.enrolled_at < now() - interval '1 minute')
        ORDER BY e.enrolled_at NULLS FIRST LIMIT 1 FOR NO KEY UPDATE OF e SKIP LOCKED
        """
    )
    if one is None:
        return 0
    rows = await tx.fetch(
        """
        SELECT DISTINCT o.buyer_id FROM orders o
        WHERE o.merchant_id = $1 AND o.paid_at >= now() - $3::integer * interval '1 day'
          AND NOT EXISTS (SELECT FROM experiment_units u
                          WHERE u.merchant_id = $1 AND u.experiment_id = $2 AND u.unit_id = o.buyer_id)
        ORDER BY o.buyer_id LIMIT $4
        """,
        one["merchant_id"],
        one["experiment_id"],
        one["bought_days"],
        ENROLLED_AT_ONCE_MAX,
    )
    await _share_out(tx, one, [row["buyer_id"] for row in rows])
    await tx.execute(
        """
        UPDATE experiments SET enrolled_at = CASE WHEN $3 THEN to_timestamp(0) ELSE now() END
        WHERE merchant_id = $1 AND experiment_id = $2
        """,
        one["merchant_id"],
        one["experiment_id"],
        len(rows) == ENROLLED_AT_ONCE_MAX,
    )
    return len(rows)


async def _share_out(tx: Tx, one: Row, buyer_ids: Sequence[UUID]) -> None:
    """Who is in one of the groups already would be tried twice, and takes no part."""
    merchant_id, groups = one["merchant_id"], one["groups"]
    there = await promotions.groups_of(tx, buyer_ids, [(merchant_id, each) for each in groups if each is not None])
    turns = [
        (buyer_id, None if buyer_id in there else variant_of(one["salt"], buyer_id, one["share"], one["weights"]))
        for buyer_id in buyer_ids
    ]
    await tx.execute(
        """
        INSERT INTO experiment_units (merchant_id, experiment_id, unit_id, variant)
        SELECT $1, $2, u.* FROM unnest($3::uuid[], $4::smallint[]) AS u ON CONFLICT DO NOTHING
        """,
        merchant_id,
        one["experiment_id"],
        [buyer_id for buyer_id, _ in turns],
        [variant for _, variant in turns],
    )
    joining = [
        Joining(merchant_id, groups[variant], buyer_id)
        for buyer_id, variant in turns
        if variant is not None and groups[variant] is not None
    ]
    await promotions.enter_by(tx, joining, MemberSource.EXPERIMENT)


async def let_go(tx: Tx) -> int:
    """Who came into a group by an experiment that is over leaves it; some at a time. Returns how many."""
    one = await tx.row(
        """
        SELECT merchant_id, experiment_id FROM experiments
        WHERE kind = 'groups' AND enrolled_at IS NOT NULL AND state IN ('stopped', 'archived')
        ORDER BY merchant_id, experiment_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
        """
    )
    if one is None:
        return 0
    rows = await tx.fetch(
        """
        SELECT v.group_id, u.unit_id FROM experiment_variants v
        JOIN experiment_units u USING (merchant_id, experiment_id, variant)
        JOIN customer_group_members m ON m.merchant_id = v.merchant_id AND m.group_id = v.group_id AND m.buyer_id = u.unit_id
        WHERE v.merchant_id = $1 AND v.experiment_id = $2 AND m.source = 'experiment'
        LIMIT $3
        """,
        one["merchant_id"],
        one["experiment_id"],
        ENROLLED_AT_ONCE_MAX,
    )
    leaving = [Joining(one["merchant_id"], row["group_id"], row["unit_id"]) for row in rows]
    await promotions.leave_by(tx, leaving, MemberSource.EXPERIMENT)
    if len(rows) < ENROLLED_AT_ONCE_MAX:
        await tx.execute(
            "UPDATE experiments SET enrolled_at = NULL WHERE merchant_id = $1 AND experiment_id = $2",
            one["merchant_id"],
            one["experiment_id"],
        )
    return len(rows)


async def forget(tx: Tx, people: Sequence[UUID]) -> None:
    """Who saw what is forgotten of these visitors and buyers; the sums of the days before name nobody, and stay."""
    await tx.execute("DELETE FROM experiment_units WHERE unit_id = ANY($1)", list(people))
