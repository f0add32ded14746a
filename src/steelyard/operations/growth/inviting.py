"""Inviting: a programme is set up, a buyer has a code, a friend takes an invitation."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel import ids, paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.operations.behaviour import mint_code
from steelyard.operations.growth.invite_checks import has_bought
from steelyard.operations.growth.invite_model import (
    FRIENDS_MAX,
    FRIENDS_PER_MONTH_MAX,
    INVITATIONS_SHOWN_MAX,
    POINTS_MAX,
    WAIT_DAYS_MAX,
    Invitation,
    InviteProgramme,
    InviteState,
    NotNew,
    OwnInvitation,
    Reward,
)
from steelyard.operations.growth.model import ChangedMeanwhile
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId


async def set_programme(tx: Tx, wanted: InviteProgramme) -> None:
    """Promise this for an invitation from now on; `version` is the one that was looked at, 0: there was none. What was
    promised to those who have taken one stays. Said twice, nothing changes. Raises `Invalid`, `ChangedMeanwhile`."""
    await _check(tx, wanted)
    await tx.value("SELECT pg_advisory_xact_lock(hashtextextended('invite:' || $1::text, 0))", str(wanted.merchant_id))
    known = await invite_programme(tx, wanted.merchant_id)
    if known is not None and known.version != wanted.version:
        if _bare(known) == _bare(wanted):
            return
        raise ChangedMeanwhile()
    await tx.execute(
        """
        INSERT INTO invite_programmes AS p (merchant_id, name, currency, inviter_coupon, inviter_points, friend_coupon
                                          , friend_points, least, wait_days, per_month, friends)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (merchant_id) DO UPDATE
        SET name = excluded.name, inviter_coupon = excluded.inviter_coupon, inviter_points = excluded.inviter_points
          , friend_coupon = excluded.friend_coupon, friend_points = excluded.friend_points, least = excluded.least
          , wait_days = excluded.wait_days, per_month = excluded.per_month, friends = excluded.friends
          , closed_at = NULL, version = p.version + 1, changed_at = now()
        """,
        wanted.merchant_id,
        wanted.name,
        wanted.currency,
        wanted.inviter.coupon,
        wanted.inviter.points,
        wanted.friend.coupon,
        wanted.friend.points,
        wanted.least,
        wanted.wait_days,
        wanted.per_month,
        wanted.friends,
    )


def _bare(programme: InviteProgramme) -> InviteProgramme:
    return msgspec.structs.replace(programme, version=0, rewarded=0, closed_at=None)


async def _check(read: Read, wanted: InviteProgramme) -> None:
    wrong: dict[str, str] = {}
    number = N_("Please enter a whole number in its range")
    if not any(wanted.name.values()):
        wrong["name_zh"] = N_("Please fill this in")
    if not 0 <= wanted.wait_days <= WAIT_DAYS_MAX:
        wrong["wait_days"] = number
    if not 0 < wanted.per_month <= FRIENDS_PER_MONTH_MAX:
        wrong["per_month"] = number
    if not 0 < wanted.friends <= FRIENDS_MAX:
        wrong["friends"] = number
    for side, reward in (("inviter", wanted.inviter), ("friend", wanted.friend)):
        if not 0 <= reward.points <= (POINTS_MAX if wanted.merchant_id == PLATFORM else 0):
            wrong[f"{side}_points"] = number
        if reward.points and reward.coupon:
            wrong[f"{side}_points"] = N_("Either a coupon or points")
        if reward.coupon is not None and not await read.value(
            "SELECT true FROM promotions WHERE merchant_id = $1 AND promotion_id = $2 AND given",
            wanted.merchant_id,
            reward.coupon,
        ):
            wrong[f"{side}_coupon"] = N_("Please choose one of the coupons that you give")
    if not (wanted.inviter.points or wanted.inviter.coupon or wanted.friend.points or wanted.friend.coupon):
        wrong["inviter_coupon"] = N_("Please promise something to one of the two")
    if wrong:
        raise Invalid(wrong)


async def close_programme(tx: Tx, merchant_id: UUID) -> None:
    """Nobody can take an invitation any more; who has ordered by one is rewarded. Said twice, nothing changes."""
    await tx.execute(
        """
        UPDATE invite_programmes SET closed_at = now(), version = version + 1 WHERE merchant_id = $1 AND closed_at IS NULL
        """,
        merchant_id,
    )


async def invite_programme(read: Read, merchant_id: UUID) -> InviteProgramme | None:
    """What a shop, or the platform, promises; closed or not."""
    row = await read.row(
        """
        SELECT p.merchant_id, p.name, p.currency, p.inviter_coupon, p.inviter_points, p.friend_coupon, p.friend_points
             , p.least, p.wait_days, p.per_month, p.friends, p.closed_at, p.version
             , (SELECT count(*)::integer FROM invitations i
                WHERE i.merchant_id = p.merchant_id AND i.state = 'rewarded') AS rewarded
        FROM invite_programmes p WHERE p.merchant_id = $1
        """,
        merchant_id,
    )
    if row is None:
        return None
    return InviteProgramme(
        merchant_id=row["merchant_id"],
        name=Text(row["name"]),
        currency=row["currency"],
        inviter=Reward(coupon=row["inviter_coupon"], points=row["inviter_points"]),
        friend=Reward(coupon=row["friend_coupon"], points=row["friend_points"]),
        least=row["least"],
        wait_days=row["wait_days"],
        per_month=row["per_month"],
        friends=row["friends"],
        closed_at=row["closed_at"],
        version=row["version"],
        rewarded=row["rewarded"],
    )


async def invite_code(tx: Tx, merchant_id: UUID, buyer_id: UUID) -> str:
    """The code by which a buyer invites there; made when it is asked for first. Raises `NotFound` where nothing is promised."""
    if not await invites(tx, merchant_id):
        raise NotFound()
    await tx.value(
        "SELECT pg_advisory_xact_lock(hashtextextended('invite code:' || $1::text || $2::text, 0))",
        str(merchant_id),
        str(buyer_id),
    )
    known = await tx.value(
        "SELECT code FROM invite_codes WHERE buyer_id = $1 AND merchant_id = $2 LIMIT 1", buyer_id, merchant_id
    )
    if known is not None:
        return known
    code = mint_code()
    await tx.execute(
        "INSERT INTO invite_codes (code, merchant_id, buyer_id) VALUES ($1, $2, $3)", code, merchant_id, buyer_id
    )
    return code


async def invited_by(read: Read, code: str) -> tuple[UUID, UUID] | None:
    """To what a code invites, and whose it is; none where nothing is promised any more."""
    row = await read.row(
        """
        SELECT c.merchant_id, c.buyer_id FROM invite_codes c JOIN invite_programmes p USING (merchant_id)
        WHERE c.code = $1 AND p.closed_at IS NULL
        """,
        code,
    )
    return (row["merchant_id"], row["buyer_id"]) if row else None


async def accept(tx: Tx, code: str, friend_id: BuyerId) -> UUID:
    """This visitor or buyer takes an invitation. Said twice, the first counts. Raises `NotFound`, `OwnInvitation`, `NotNew`."""
    found = await invited_by(tx, code)
    if found is None:
        raise NotFound()
    merchant_id, inviter_id = found
    person = await customers.resolve(tx, friend_id)
    known = [friend_id, person, *await customers.visitors_of(tx, person)]
    if inviter_id in known:
        raise OwnInvitation()
    taken = await tx.row(
        "SELECT invitation_id, inviter_id FROM invitations WHERE merchant_id = $1 AND friend_id = ANY($2) LIMIT 1",
        merchant_id,
        known,
    )
    if taken is not None:
        if taken["inviter_id"] == inviter_id:
            return taken["invitation_id"]
        raise NotNew()
    if await has_bought(tx, merchant_id, known):
        raise NotNew()
    invitation_id = ids.mint()
    new = await tx.execute(
        """
        INSERT INTO invitations (merchant_id, invitation_id, inviter_id, friend_id, state, inviter_coupon, inviter_points
                               , friend_coupon, friend_points, least, wait_days)
        SELECT merchant_id, $2, $3, $4, 'accepted', inviter_coupon, inviter_points, friend_coupon, friend_points, least
             , wait_days
        FROM invite_programmes WHERE merchant_id = $1
        ON CONFLICT (merchant_id, friend_id) DO NOTHING
        """,
        merchant_id,
        invitation_id,
        inviter_id,
        person,
    )
    if not new:
        raise NotNew()
    await note(tx, merchant_id, invitation_id, "nowhere", InviteState.ACCEPTED, "friend")
    return invitation_id


async def note(tx: Tx, merchant_id: UUID, invitation_id: UUID, before: str, following: str, by: str) -> None:
    await tx.execute(
        """
        INSERT INTO invitation_history (merchant_id, invitation_id, step, from_state, to_state, by)
        SELECT $1, $2, count(*) + 1, $3, $4, $5 FROM invitation_history WHERE merchant_id = $1 AND invitation_id = $2
        """,
        merchant_id,
        invitation_id,
        before,
        following,
        by,
    )


async def invites(read: Read, merchant_id: UUID) -> bool:
    """Whether a shop, or the platform, promises something now."""
    return await read.value(
        "SELECT EXISTS (SELECT FROM invite_programmes WHERE merchant_id = $1 AND closed_at IS NULL)", merchant_id
    )


async def of_buyers(read: Read, people: Sequence[UUID], most: int) -> list[dict[str, object]]:
    """The invitations that these sent or took, for who takes along all that is kept of them; who the other is, is not theirs."""
    rows = await read.fetch(
        """
        SELECT merchant_id, 'invited' AS side, state, accepted_at, changed_at, inviter_coupon AS coupon
             , inviter_points AS points
        FROM invitations WHERE inviter_id = ANY($1)
        UNION ALL
        SELECT merchant_id, 'was invited', state, accepted_at, changed_at, friend_coupon, friend_points
        FROM invitations WHERE friend_id = ANY($1)
        ORDER BY accepted_at LIMIT $2
        """,
        list(people),
        most,
    )
    return [dict(row) for row in rows]


async def invitations_of(read: Read, merchant_id: UUID, inviter_id: UUID) -> list[Invitation]:
    """Whom a buyer has invited there, the last first."""
    return await read.all(
        Invitation,
        """
        SELECT merchant_id, invitation_id, inviter_id, friend_id, state, accepted_at, order_id, due_at, against, note, changed_at
        FROM invitations WHERE inviter_id = $1 AND merchant_id = $2 ORDER BY accepted_at DESC, invitation_id LIMIT $3
        """,
        inviter_id,
        merchant_id,
        INVITATIONS_SHOWN_MAX,
    )


async def invitations(
    read: Read, merchant_id: UUID, state: InviteState, cursor: str | None = None, limit: int | None = None
) -> Page[Invitation]:
    """A shop's invitations in a state, or the platform's, the last changed first."""
    changed_at, last = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Invitation,
        """
        SELECT merchant_id, invitation_id, inviter_id, friend_id, state, accepted_at, order_id, due_at, against, note, changed_at
        FROM invitations
        WHERE merchant_id = $1 AND state = $2
          AND ($3::timestamptz IS NULL OR changed_at < $3 OR (changed_at = $3 AND invitation_id > $4))
        ORDER BY changed_at DESC, invitation_id LIMIT $5
        """,
        merchant_id,
        state,
        changed_at,
        last,
        most + 1,
    )
    return paging.cut(found, most, lambda each: (each.changed_at, each.invitation_id))


async def invite_points(read: Read, merchant_id: UUID) -> int:
    """How many points have been given for invitations, and not been taken back."""
    return await read.value(
        """
        SELECT coalesce(sum(inviter_points + friend_points), 0)::bigint FROM invitations
        WHERE merchant_id = $1 AND state = 'rewarded'
        """,
        merchant_id,
    )


async def invite_counts(read: Read, merchant_id: UUID) -> dict[InviteState, int]:
    """How many invitations are in each state."""
    rows = await read.fetch(
        "SELECT state, count(*)::integer AS count FROM invitations WHERE merchant_id = $1 GROUP BY state", merchant_id
    )
    return {InviteState(row["state"]): row["count"] for row in rows}
