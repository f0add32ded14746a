"""Tasks: what a buyer may do once for growth, how far they are, and having it.

How far somebody is follows from what they did, and is kept nowhere of its own: what was had is a line of growth under the task's
own key, so it is had once however often it is asked for. docs/algorithms/membership.md.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import msgspec

from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.operations.growth.counting import Earned, write
from steelyard.operations.growth.model import (
    GROWTH_PER_THING_MAX,
    PROFILE_PARTS,
    WATCHED_MINUTES_MAX,
    Cause,
    NoProgramme,
    Task,
    TaskNotDone,
    TaskProgress,
    TaskTerms,
)
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId


def wrong_tasks(tasks: Sequence[TaskTerms]) -> dict[str, str]:
    """What makes no sense, by field."""
    wrong: dict[str, str] = {}
    for each in tasks:
        if not 0 < each.amount <= GROWTH_PER_THING_MAX:
            wrong[f"task_{each.task}"] = N_("Please enter a whole number in its range")
        if each.task == Task.WATCH and not 0 < each.target <= WATCHED_MINUTES_MAX:
            wrong["watch_minutes"] = N_("Please enter 1 to 600 minutes")
        elif each.task != Task.WATCH:
            assert each.target == (PROFILE_PARTS if each.task == Task.PROFILE else 1)
    assert len({each.task for each in tasks}) == len(tasks)
    return wrong


async def set_tasks(tx: Tx, merchant_id: UUID, tasks: Sequence[TaskTerms]) -> None:
    """Have these tasks, and no others, from now on. What somebody had stays."""
    await tx.execute(
        "DELETE FROM growth_tasks WHERE merchant_id = $1 AND task <> ALL($2)",
        merchant_id,
        [str(each.task) for each in tasks],
    )
    await tx.execute(
        """
        INSERT INTO growth_tasks (merchant_id, task, amount, target)
        SELECT $1, task, amount, target FROM unnest($2::text[], $3::integer[], $4::integer[]) AS n (task, amount, target)
        ON CONFLICT (merchant_id, task) DO UPDATE
        SET amount = excluded.amount, target = excluded.target, changed_at = now()
        """,
        merchant_id,
        [str(each.task) for each in tasks],
        [each.amount for each in tasks],
        [each.target for each in tasks],
    )


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    task: Task
    amount: int
    target: int
    done: int
    had: bool
    window_days: int


async def tasks_of(read: Read, merchant_id: UUID, buyer_id: BuyerId, today: date) -> list[TaskProgress]:
    """The tasks of an open membership and how far a buyer is with each, in their order; none where there are none.

    What they did as visitors counts. Of a profile its parts count as they are, and whether a shop is followed now; reviews,
    sharing and watching since the membership began. Whoever watches in two windows at once watches one time.
    """
    people = [buyer_id, *await customers.visitors_of(read, buyer_id)]
    rows = await read.all(
        _Asked,
        """
        SELECT t.task, t.amount, t.target, r.window_days, l.document IS NOT NULL AS had
             , coalesce(CASE t.task
                 WHEN 'profile' THEN (SELECT (name <> '')::integer + (phone <> '')::integer + (email IS NOT NULL)::integer
                                      FROM buyers WHERE buyer_id = $2)
                 WHEN 'review' THEN (SELECT count(*) FROM reviews w WHERE w.buyer_id = ANY($3) AND NOT w.automatic
                                       AND ($1::uuid = $4::uuid OR w.merchant_id = $1) AND w.written_at >= d.began)
                 WHEN 'follow' THEN (SELECT count(*) FROM favourite_shops f
                                     WHERE f.buyer_id = ANY($3) AND ($1::uuid = $4::uuid OR f.merchant_id = $1))
                 WHEN 'share' THEN (SELECT count(*) FROM behaviour_events e WHERE e.kind = 'share' AND e.at >= d.began
                                      AND (e.buyer_id = ANY($3) OR (e.buyer_id IS NULL AND e.visitor_id = ANY($3)))
                                      AND ($1::uuid = $4::uuid OR e.merchant_id = $1))
                 WHEN 'watch' THEN (SELECT floor(sum(extract(epoch FROM upper(watched) - lower(watched))) / 60)
                                    FROM (SELECT unnest(range_agg(tstzrange(e.at - make_interval(secs =>
                                                   greatest(coalesce((e.properties ->> 'seconds')::float8, 0), 0)), e.at)))
                                                 AS watched
                                          FROM behaviour_events e WHERE e.kind = 'live_leave' AND e.at >= d.began
                                            AND (e.buyer_id = ANY($3) OR (e.buyer_id IS NULL AND e.visitor_id = ANY($3)))
                                            AND ($1::uuid = $4::uuid OR e.merchant_id = $1)) AS times)
               END, 0)::integer AS done
        FROM growth_programmes p JOIN growth_tasks t USING (merchant_id)
        JOIN unnest($5::text[], $6::uuid[]) WITH ORDINALITY AS k (task, document, place) USING (task)
        CROSS JOIN LATERAL (SELECT p.since::timestamp AT TIME ZONE 'Asia/Shanghai' AS began) d
        CROSS JOIN LATERAL (SELECT window_days FROM growth_rules g
                            WHERE g.merchant_id = p.merchant_id AND g.from_day <= $7 ORDER BY g.from_day DESC LIMIT 1) r
        LEFT JOIN growth_lines l ON l.merchant_id = p.merchant_id AND l.buyer_id = $2 AND l.cause = 'task'
                                AND l.document = k.document
        WHERE p.merchant_id = $1 AND p.closed_at IS NULL
        ORDER BY k.place
        """,
        merchant_id,
        buyer_id,
        people,
        PLATFORM,
        [str(task) for task in Task],
        [_document(buyer_id, task) for task in Task],
        today,
    )
    return [
        TaskProgress(
            task=each.task,
            amount=each.amount,
            target=each.target,
            done=min(each.done, each.target),
            had=each.had,
            window_days=each.window_days,
        )
        for each in rows
    ]


def _document(buyer_id: BuyerId, task: Task) -> UUID:
    return ids.derived(buyer_id, "growth task", str(task))


async def have_task(tx: Tx, merchant_id: UUID, buyer_id: BuyerId, task: Task, today: date) -> int:
    """Have the growth of a task that is done; returns how much, none when it was had before. Raises `NoProgramme` where there is
    no such task, and `TaskNotDone`."""
    known = next((each for each in await tasks_of(tx, merchant_id, buyer_id, today) if each.task == task), None)
    if known is None:
        raise NoProgramme()
    if known.had:
        return 0
    if known.done < known.target:
        raise TaskNotDone()
    earned = Earned(
        merchant_id=merchant_id,
        buyer_id=buyer_id,
        cause=Cause.TASK,
        document=_document(buyer_id, task),
        about=None,
        amount=known.amount,
        day=today,
        until=today + timedelta(days=known.window_days),
    )
    return known.amount if await write(tx, [earned], today) else 0
