"""What the clock and the money bring about: a team is opened, is whole, or comes to nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.trade.groups.events import MemberTooLate, TeamEnded
from steelyard.trade.groups.joining import changed, lock_teams
from steelyard.trade.groups.model import Team

TEAMS_PER_SWEEP = 50


async def pay(tx: Tx, purchase_ids: Sequence[UUID]) -> None:
    """The money of these purchases is there, and their orders are held: whoever began a team opens it by that, and whoever
    is the last makes it whole. An order whose team has ended meanwhile is too late, and is called off."""
    rows = await tx.fetch(
        """
        SELECT m.merchant_id, m.order_id, m.team_id, o.product_id, now() AS at FROM group_members m
        JOIN group_offers o USING (merchant_id, offer_id)
        WHERE m.purchase_id = ANY($1) AND m.paid_at IS NULL ORDER BY m.order_id
        """,
        list(purchase_ids),
    )
    teams = await lock_teams(tx, [(row["merchant_id"], row["team_id"]) for row in rows])
    late: list[MemberTooLate] = []
    paid: list[UUID] = []
    for row in rows:
        team = _with_one_more(teams[row["team_id"]], row["at"])
        if team is None:
            late.append(MemberTooLate(merchant_id=row["merchant_id"], team_id=row["team_id"], order_id=row["order_id"]))
        else:
            teams[team.team_id] = team
            paid.append(row["order_id"])
    moved = [teams[team_id] for team_id in sorted({row["team_id"] for row in rows if row["order_id"] in set(paid)})]
    if moved:
        await _write(tx, moved, paid)
    await changed(tx, {(row["merchant_id"], row["product_id"]) for row in rows})
    await events.publish(tx, *(_ended(team) for team in moved if team.full_at is not None), *late)


def _ended(team: Team) -> TeamEnded:
    return TeamEnded(merchant_id=team.merchant_id, team_id=team.team_id, succeeded=team.full_at is not None)


def _with_one_more(team: Team, now: datetime) -> Team | None:
    """The team once another of its members has paid; none when it has ended, or its time is over."""
    if team.full_at is not None or team.failed_at is not None or (team.ends_at is not None and team.ends_at <= now):
        return None
    paid = team.paid + 1
    return msgspec.structs.replace(
        team,
        paid=paid,
        opened_at=team.opened_at or now,
        ends_at=team.ends_at or now + team.closes_within,
        full_at=now if paid == team.size else None,
    )


async def _write(tx: Tx, teams: Sequence[Team], order_ids: Sequence[UUID]) -> None:
    await tx.execute(
        """
        WITH paid AS (
            UPDATE group_members SET paid_at = now() WHERE merchant_id = ANY($1) AND order_id = ANY($7)
        )
        UPDATE group_teams t
        SET paid = w.paid, opened_at = w.opened_at, ends_at = w.ends_at, full_at = w.full_at
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
            AS w (merchant_id, team_id, paid, opened_at, ends_at, full_at)
        WHERE t.merchant_id = w.merchant_id AND t.team_id = w.team_id
        """,
        [team.merchant_id for team in teams],
        [team.team_id for team in teams],
        [team.paid for team in teams],
        [team.opened_at for team in teams],
        [team.ends_at for team in teams],
        [team.full_at for team in teams],
        list(order_ids),
    )


async def end_due(tx: Tx) -> int:
    """Of the teams whose time is over, those with as many paid members as were said to be enough succeed, the others come to
    nothing; returns how many."""
    rows = await tx.fetch(
        """
        WITH due AS (
            SELECT merchant_id, team_id FROM group_teams
            WHERE full_at IS NULL AND failed_at IS NULL AND ends_at <= now()
            ORDER BY ends_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
        ), ended AS (
            UPDATE group_teams t
            SET full_at = CASE WHEN t.paid >= t.enough THEN now() END
              , failed_at = CASE WHEN t.paid >= t.enough THEN NULL ELSE now() END
            FROM due d WHERE t.merchant_id = d.merchant_id AND t.team_id = d.team_id
            RETURNING t.merchant_id, t.team_id, t.offer_id, t.full_at IS NOT NULL AS succeeded
        )
        SELECT e.merchant_id, e.team_id, e.succeeded, o.product_id
        FROM ended e JOIN group_offers o USING (merchant_id, offer_id) ORDER BY e.merchant_id, e.team_id
        """,
        TEAMS_PER_SWEEP,
    )
    await changed(tx, {(row["merchant_id"], row["product_id"]) for row in rows})
    await events.publish(
        tx,
        *(
            TeamEnded(merchant_id=row["merchant_id"], team_id=row["team_id"], succeeded=row["succeeded"])
            for row in rows
        ),
    )
    return len(rows)


async def fail_all(tx: Tx, merchant_id: UUID, offer_id: UUID) -> int:
    """Every team of a held offer that has not ended comes to nothing, those too whose opener has not paid yet."""
    rows = await tx.fetch(
        """
        UPDATE group_teams SET failed_at = now()
        WHERE merchant_id = $1 AND offer_id = $2 AND full_at IS NULL AND failed_at IS NULL RETURNING team_id
        """,
        merchant_id,
        offer_id,
    )
    await events.publish(
        tx, *(TeamEnded(merchant_id=merchant_id, team_id=row["team_id"], succeeded=False) for row in rows)
    )
    return len(rows)
