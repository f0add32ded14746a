"""Groups of a shop's customers: who is in one, by hand, by what they have bought, or as somebody above says; since when and until
when. What is offered to a group counts for who is in it at that moment."""

from collections.abc import Collection, Sequence
from uuid import UUID

from steelyard.goods.promotions.events import CustomerGroupSet
from steelyard.goods.promotions.grouping import FOLLOWED, Group, Joining, Member, MemberSource
from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_

GROUPS_PER_SHOP_MAX = 20
MEMBERS_SHOWN_MAX = 200
MEMBERS_PER_COMMAND_MAX = 10_000
ORDERS_MAX = 1_000
DAYS_MAX = 3_650


async def set_group(tx: Tx, group: Group) -> None:
    """Have this group, or have it so from now on; nobody leaves it for that. Said twice, nothing changes. Raises `Invalid`,
    `NotFound` for one that is closed."""
    wrong: dict[str, str] = {}
    if group.orders is not None and not 0 < group.orders <= ORDERS_MAX:
        wrong["orders"] = N_("Please enter a number above zero")
    if group.days is not None and not 0 < group.days <= DAYS_MAX:
        wrong["days"] = N_("Please enter a number of days")
    if wrong:
        raise Invalid(wrong)
    others = await tx.value(
        "SELECT count(*) FROM customer_groups WHERE merchant_id = $1 AND group_id <> $2 AND closed_at IS NULL",
        group.merchant_id,
        group.group_id,
    )
    if others >= GROUPS_PER_SHOP_MAX:
        raise Invalid({"name_zh": N_("There are too many groups. Please close some of them.")})
    written = await tx.execute(
        """
        INSERT INTO customer_groups AS g (merchant_id, group_id, name, orders, days) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (merchant_id, group_id) DO UPDATE
        SET name = excluded.name, orders = excluded.orders, days = excluded.days WHERE g.closed_at IS NULL
        """,
        group.merchant_id,
        group.group_id,
        group.name,
        group.orders,
        group.days,
    )
    if not written:
        raise NotFound()
    await events.publish(tx, CustomerGroupSet(merchant_id=group.merchant_id, group_id=group.group_id))


async def close(tx: Tx, merchant_id: UUID, group_id: UUID) -> None:
    """Nobody is in it any more, and nobody comes in. Said twice, nothing changes. Raises `NotFound`."""
    known = await tx.value(
        """
        UPDATE customer_groups SET closed_at = coalesce(closed_at, now()) WHERE merchant_id = $1 AND group_id = $2
        RETURNING true
        """,
        merchant_id,
        group_id,
    )
    if not known:
        raise NotFound()


async def join(tx: Tx, joining: Sequence[Joining], source: MemberSource) -> int:
    """These come in for this reason, each for as long as the group says from now on; who is there for good or for longer stays
    so, and who has another reason keeps it. Returns how many came in or stay longer."""
    assert len(joining) <= MEMBERS_PER_COMMAND_MAX
    assert source not in FOLLOWED, "whom a segment, an experiment or a level has comes in by `enter_by`"
    if not joining:
        return 0
    return await tx.execute(
        """
        INSERT INTO customer_group_members AS m (merchant_id, group_id, buyer_id, until, source)
        SELECT g.merchant_id, g.group_id, j.buyer_id, now() + g.days * interval '1 day', $4
        FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS j (merchant_id, group_id, buyer_id)) AS j
        JOIN customer_groups g USING (merchant_id, group_id)
        WHERE g.closed_at IS NULL
          AND NOT EXISTS (SELECT FROM customer_group_members o
                          WHERE o.merchant_id = g.merchant_id AND o.group_id = g.group_id AND o.buyer_id = j.buyer_id
                            AND o.source NOT IN ($4, 'segment', 'experiment', 'level')
                            AND (o.until IS NULL OR o.until >= now() + g.days * interval '1 day'))
        ORDER BY g.merchant_id, g.group_id, j.buyer_id
        ON CONFLICT (merchant_id, group_id, buyer_id, source) DO UPDATE
        SET until = excluded.until
          , since = CASE WHEN m.until <= now() THEN now() ELSE m.since END
        WHERE m.until < excluded.until OR (m.until IS NOT NULL AND excluded.until IS NULL)
        """,
        [each.merchant_id for each in joining],
        [each.group_id for each in joining],
        [each.buyer_id for each in joining],
        source,
    )


async def leave(tx: Tx, merchant_id: UUID, group_id: UUID, buyer_ids: Collection[UUID]) -> None:
    """These are in it no more; by what they buy from now on they may come in again. Whom a segment or an experiment has
    stays as long as it has them."""
    await tx.execute(
        """
        DELETE FROM customer_group_members
        WHERE merchant_id = $1 AND group_id = $2 AND buyer_id = ANY($3) AND source NOT IN ('segment', 'experiment', 'level')
        """,
        merchant_id,
        group_id,
        list(buyer_ids),
    )


async def enter_by(tx: Tx, joining: Sequence[Joining], source: MemberSource) -> None:
    """A segment that a group follows, an experiment or a level has these: they are in the group until it has them no more.
    Said twice, nothing changes."""
    assert source in FOLLOWED
    for n in range(0, len(joining), MEMBERS_PER_COMMAND_MAX):
        some = joining[n : n + MEMBERS_PER_COMMAND_MAX]
        await tx.execute(
            """
            INSERT INTO customer_group_members (merchant_id, group_id, buyer_id, source)
            SELECT j.merchant_id, j.group_id, j.buyer_id, $4
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS j (merchant_id, group_id, buyer_id)
            JOIN customer_groups g USING (merchant_id, group_id)
            WHERE g.closed_at IS NULL ORDER BY j.merchant_id, j.group_id, j.buyer_id
            ON CONFLICT (merchant_id, group_id, buyer_id, source) DO NOTHING
            """,
            [each.merchant_id for each in some],
            [each.group_id for each in some],
            [each.buyer_id for each in some],
            source,
        )


async def leave_by(tx: Tx, leaving: Sequence[Joining], source: MemberSource) -> None:
    """A segment that a group follows, an experiment or a level has these no more. Who is in the group for another reason
    stays in it."""
    if not leaving:
        return
    await tx.execute(
        """
        DELETE FROM customer_group_members m
        USING unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS j (merchant_id, group_id, buyer_id)
        WHERE m.merchant_id = j.merchant_id AND m.group_id = j.group_id AND m.buyer_id = j.buyer_id AND m.source = $4
        """,
        [each.merchant_id for each in leaving],
        [each.group_id for each in leaving],
        [each.buyer_id for each in leaving],
        source,
    )


async def follow_no_more(tx: Tx, merchant_id: UUID, group_id: UUID) -> int:
    """A group follows no segment any more: whom only the segment has brought leave it. Returns how many rows that were."""
    return await tx.execute(
        "DELETE FROM customer_group_members WHERE merchant_id = $1 AND group_id = $2 AND source = 'segment'",
        merchant_id,
        group_id,
    )


async def forget_members(tx: Tx, buyer_ids: Collection[UUID]) -> None:
    """Buyers who leave the house leave all groups."""
    await tx.execute("DELETE FROM customer_group_members WHERE buyer_id = ANY($1)", list(buyer_ids))


async def groups_of(
    read: Read, buyer_ids: Collection[UUID], groups: Collection[tuple[UUID, UUID]]
) -> dict[UUID, frozenset[UUID]]:
    """Which of these `(merchant_id, group_id)` each buyer is in now. Where there is nothing to ask for, nothing is asked."""
    if not buyer_ids or not groups:
        return {}
    rows = await read.fetch(
        """
        SELECT m.buyer_id, m.group_id
        FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, group_id)
        JOIN customer_groups g USING (merchant_id, group_id) JOIN customer_group_members m USING (merchant_id, group_id)
        WHERE g.closed_at IS NULL AND m.buyer_id = ANY($3) AND (m.until IS NULL OR m.until > now())
        """,
        [merchant_id for merchant_id, _ in groups],
        [group_id for _, group_id in groups],
        list(set(buyer_ids)),
    )
    found: dict[UUID, frozenset[UUID]] = {}
    for row in rows:
        found[row["buyer_id"]] = found.get(row["buyer_id"], frozenset()) | {row["group_id"]}
    return found


async def customer_groups(read: Read, merchant_id: UUID) -> list[Group]:
    """A shop's groups that are not closed, with how many are in each."""
    return await read.all(
        Group,
        """
        SELECT g.merchant_id, g.group_id, g.name, g.orders, g.days, g.closed_at
             , (SELECT count(DISTINCT m.buyer_id)::integer FROM customer_group_members m
                WHERE m.merchant_id = g.merchant_id AND m.group_id = g.group_id
                  AND (m.until IS NULL OR m.until > now())) AS members
        FROM customer_groups g WHERE g.merchant_id = $1 AND g.closed_at IS NULL ORDER BY g.created_at, g.group_id LIMIT $2
        """,
        merchant_id,
        GROUPS_PER_SHOP_MAX,
    )


async def members(read: Read, merchant_id: UUID, group_id: UUID) -> list[Member]:
    """Who is in a group now, who came last first."""
    return await read.all(
        Member,
        """
        SELECT merchant_id, group_id, buyer_id, since, until, source FROM customer_group_members
        WHERE merchant_id = $1 AND group_id = $2 AND (until IS NULL OR until > now())
        ORDER BY since DESC, buyer_id LIMIT $3
        """,
        merchant_id,
        group_id,
        MEMBERS_SHOWN_MAX,
    )
