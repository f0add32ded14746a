"""What becomes of invitations: a first order is paid and received, its time to go back passes, both are rewarded or somebody
looks at it; and when the money goes back after all, so does the reward."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import wallets
from steelyard.money.wallets import Cause, Move, Purse
from steelyard.operations.growth.invite_checks import facts_of
from steelyard.operations.growth.invite_model import (
    ACCEPTED_DAYS,
    INVITATIONS_PER_SWEEP,
    MACHINE,
    NOTE_CHARACTERS_MAX,
    REFUSES,
    Against,
    AllGiven,
    Invitation,
    InviteProgramme,
    InviteState,
    Reward,
    against,
)
from steelyard.operations.growth.inviting import invite_programme, note
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import rewards


class _Ordered(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    invitation_id: UUID
    order_shop: UUID
    order_id: UUID


class _Judged(Invitation, frozen=True, kw_only=True):
    """`kept`: what of the order was paid with money and has not gone back; `least` of it has to be, as it was promised."""

    order_shop: UUID | None
    kept: int = 0
    least: int = 0
    inviter_coupon: UUID | None = None
    inviter_points: int = 0
    friend_coupon: UUID | None = None
    friend_points: int = 0

    @property
    def too_little(self) -> bool:
        """Whether less of the order is kept than was asked for when the invitation was taken."""
        return self.kept < max(self.least, 1)


async def on_paid(tx: Tx, purchase_ids: Sequence[UUID]) -> None:
    """Friends have paid: the first order that an invitation is judged by is the first paid after it was taken. One that was taken
    too long ago counts no more."""
    rows = await tx.all(
        _Ordered,
        """
        WITH bought AS (
            SELECT o.merchant_id, o.order_id, o.paid_at, coalesce(v.buyer_id, o.buyer_id) AS buyer_id
            FROM orders o LEFT JOIN visitor_merges v ON v.visitor_id = o.buyer_id WHERE o.purchase_id = ANY($1)
        )
        SELECT DISTINCT ON (i.merchant_id, i.invitation_id) i.merchant_id, i.invitation_id
             , b.merchant_id AS order_shop, b.order_id
        FROM bought b
        CROSS JOIN LATERAL (SELECT b.buyer_id AS friend_id
                            UNION ALL SELECT m.visitor_id FROM visitor_merges m WHERE m.buyer_id = b.buyer_id) k
        JOIN invitations i ON i.friend_id = k.friend_id AND i.state = 'accepted' AND i.merchant_id IN (b.merchant_id, $2)
        WHERE b.paid_at >= i.accepted_at AND b.paid_at < i.accepted_at + $3 * interval '1 day'
        ORDER BY i.merchant_id, i.invitation_id, b.paid_at, b.order_id
        """,
        list(purchase_ids),
        PLATFORM,
        ACCEPTED_DAYS,
    )
    await tx.execute(
        """
        WITH ordered AS (
            UPDATE invitations i SET state = 'ordered', order_shop = k.order_shop, order_id = k.order_id, changed_at = now()
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) AS k (merchant_id, invitation_id, order_shop, order_id)
            WHERE i.merchant_id = k.merchant_id AND i.invitation_id = k.invitation_id AND i.state = 'accepted'
            RETURNING i.merchant_id, i.invitation_id
        )
        INSERT INTO invitation_history (merchant_id, invitation_id, step, from_state, to_state, by)
        SELECT o.merchant_id, o.invitation_id
             , (SELECT count(*) + 1 FROM invitation_history h
                WHERE h.merchant_id = o.merchant_id AND h.invitation_id = o.invitation_id)
             , 'accepted', 'ordered', 'system'
        FROM ordered o
        """,
        [each.merchant_id for each in rows],
        [each.invitation_id for each in rows],
        [each.order_shop for each in rows],
        [each.order_id for each in rows],
    )


async def on_received(tx: Tx, received: Sequence[tuple[UUID, UUID]]) -> None:
    """First orders are received: from now on the time runs in which they may go back."""
    await tx.execute(
        """
        UPDATE invitations i SET due_at = o.completed_at + i.wait_days * interval '1 day', changed_at = now()
        FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, order_id) JOIN orders o USING (merchant_id, order_id)
        WHERE i.order_shop = k.merchant_id AND i.order_id = k.order_id AND i.state = 'ordered' AND i.due_at IS NULL
        """,
        [merchant_id for merchant_id, _ in received],
        [order_id for _, order_id in received],
    )


async def on_refunded(tx: Tx, refunded: Sequence[tuple[UUID, UUID]]) -> None:
    """Money of these orders went back: an invitation that is not rewarded yet lapses with too little left, and a reward is
    taken back, as far as it is still there."""
    for each in await _judged(tx, refunded):
        programme = await invite_programme(tx, each.merchant_id)
        if programme is None or not each.too_little:
            continue
        if each.state in (InviteState.ORDERED, InviteState.REVIEW):
            await _move(tx, each, InviteState.LAPSED, "system")
        elif each.state is InviteState.REWARDED:
            await _undo(tx, each, programme)
            await _move(tx, each, InviteState.UNDONE, "system")


async def _judged(tx: Tx, orders: Sequence[tuple[UUID, UUID]]) -> list[_Judged]:
    return await tx.all(
        _Judged,
        """
        SELECT i.merchant_id, i.invitation_id, i.inviter_id, i.friend_id, i.state, i.accepted_at, i.order_shop, i.order_id
             , i.due_at, i.against, i.note, i.changed_at, i.inviter_coupon, i.inviter_points, i.friend_coupon, i.friend_points
             , i.least, (o.total - o.refunded - coalesce((
                    SELECT sum(s.captured - s.refunding - s.refunded) FROM payment_splits s
                    WHERE s.merchant_id = o.merchant_id AND s.order_id = o.order_id AND s.channel = 'points'), 0))::bigint
               AS kept
        FROM invitations i
        JOIN (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[]) AS k (order_shop, order_id)) k USING (order_shop, order_id)
        JOIN orders o ON o.merchant_id = i.order_shop AND o.order_id = i.order_id
        ORDER BY i.merchant_id, i.invitation_id FOR UPDATE OF i
        """,
        [merchant_id for merchant_id, _ in orders],
        [order_id for _, order_id in orders],
    )


async def reward_due(tx: Tx, now: datetime) -> int:
    """Invitations whose first order can go back no more are judged; returns how many."""
    rows = await tx.fetch(
        """
        SELECT order_shop, order_id FROM invitations WHERE state = 'ordered' AND due_at <= $1
        ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        now,
        INVITATIONS_PER_SWEEP,
    )
    done = 0
    for each in await _judged(tx, [(row["order_shop"], row["order_id"]) for row in rows]):
        if each.state is InviteState.ORDERED and each.due_at is not None and each.due_at <= now:
            await _judge(tx, each, now)
            done += 1
    return done


async def _one_after_the_other(tx: Tx, merchant_id: UUID) -> None:
    """What is rewarded counts for the limits of what is judged next."""
    await tx.value("SELECT pg_advisory_xact_lock(hashtextextended('invited:' || $1::text, 0))", str(merchant_id))


async def _judge(tx: Tx, each: _Judged, now: datetime) -> None:
    await _one_after_the_other(tx, each.merchant_id)
    programme = await invite_programme(tx, each.merchant_id)
    assert programme is not None, "an invitation is of a programme"
    if each.too_little:
        await _move(tx, each, InviteState.LAPSED, "system")
        return
    assert each.order_id is not None and each.order_shop is not None
    found = against(await facts_of(tx, each, each.order_shop, each.order_id, now), programme)
    if REFUSES & set(found):
        await _move(tx, each, InviteState.REFUSED, "system", found)
    elif found:
        await _move(tx, each, InviteState.REVIEW, "system", found)
    else:
        await _reward(tx, each, programme, "system")


async def decide(tx: Tx, merchant_id: UUID, invitation_id: UUID, by: str, words: str, *, grant: bool) -> InviteState:
    """Somebody has looked at an invitation: it is rewarded, or not, and why. Said twice, the first counts; returns what holds.
    Raises `NotFound`, `AllGiven`."""
    order = await tx.row(
        "SELECT order_shop, order_id FROM invitations WHERE merchant_id = $1 AND invitation_id = $2 AND order_id IS NOT NULL",
        merchant_id,
        invitation_id,
    )
    rows = await _judged(tx, [(order["order_shop"], order["order_id"])]) if order else []
    each = next((one for one in rows if (one.merchant_id, one.invitation_id) == (merchant_id, invitation_id)), None)
    if each is None:
        raise NotFound()
    if each.state is not InviteState.REVIEW:
        return each.state
    await _one_after_the_other(tx, merchant_id)
    programme = await invite_programme(tx, merchant_id)
    assert programme is not None, "an invitation is of a programme"
    if grant and programme.rewarded >= programme.friends:
        raise AllGiven()
    await tx.execute(
        "UPDATE invitations SET note = $3 WHERE merchant_id = $1 AND invitation_id = $2",
        merchant_id,
        invitation_id,
        words[:NOTE_CHARACTERS_MAX],
    )
    if grant:
        await _reward(tx, each, programme, by)
        return InviteState.REWARDED
    await _move(tx, each, InviteState.REFUSED, by, list(each.against))
    return InviteState.REFUSED


async def _reward(tx: Tx, each: _Judged, programme: InviteProgramme, by: str) -> None:
    friend = await customers.resolve(tx, BuyerId(each.friend_id))
    mine = await _give(
        tx, each, programme, BuyerId(each.inviter_id), _promised(each.inviter_coupon, each.inviter_points)
    )
    theirs = await _give(tx, each, programme, friend, _promised(each.friend_coupon, each.friend_points))
    await tx.execute(
        """
        UPDATE invitations SET inviter_coupon = $3, inviter_points = $4, friend_coupon = $5, friend_points = $6
        WHERE merchant_id = $1 AND invitation_id = $2
        """,
        each.merchant_id,
        each.invitation_id,
        mine.coupon,
        mine.points,
        theirs.coupon,
        theirs.points,
    )
    await _move(tx, each, InviteState.REWARDED, by, list(each.against))


def _promised(coupon: UUID | None, points: int) -> Reward:
    return Reward(coupon=coupon, points=points)


async def _give(tx: Tx, each: _Judged, programme: InviteProgramme, who: BuyerId, promised: Reward) -> Reward:
    """Give what was promised; returns what was given: of a coupon of which there is none left, nothing."""
    if promised.coupon is not None:
        given = await promotions.hand_out(tx, each.merchant_id, promised.coupon, [who], again=True)
        return promised if given else Reward()
    if not promised.points:
        return Reward()
    move = _points(each, programme, who, promised.points, Cause.INVITED)
    move = msgspec.structs.replace(move, expires_at=await rewards.good_until(tx))
    return promised if all(await wallets.move(tx, [move])) else Reward()


def _points(each: _Judged, programme: InviteProgramme, who: BuyerId, amount: int, cause: Cause) -> Move:
    return Move(
        buyer_id=who,
        purse=Purse.POINTS,
        currency=programme.currency,
        amount=amount,
        cause=cause,
        document=ids.derived(each.invitation_id, str(who)),
    )


async def _undo(tx: Tx, each: _Judged, programme: InviteProgramme) -> None:
    """Take back what was given, as far as it is there: an unused coupon, points that are not spent."""
    friend = await customers.resolve(tx, BuyerId(each.friend_id))
    sides = (
        (BuyerId(each.inviter_id), each.inviter_coupon, each.inviter_points),
        (friend, each.friend_coupon, each.friend_points),
    )
    for who, coupon, points in sides:
        if coupon is not None:
            await promotions.take_away(tx, coupon, who)
        if points:
            left = await wallets.lock(tx, [(who, Purse.POINTS, programme.currency)])
            amount = min(points, left.get((who, Purse.POINTS, programme.currency), 0))
            if amount:
                await wallets.move(tx, [_points(each, programme, who, -amount, Cause.UNDONE)])


async def lapse_due(tx: Tx, now: datetime) -> int:
    """Invitations that were taken too long ago, and by which nothing was bought, lapse; returns how many."""
    rows = await tx.all(
        Invitation,
        """
        SELECT merchant_id, invitation_id, inviter_id, friend_id, state, accepted_at, changed_at FROM invitations
        WHERE state = 'accepted' AND accepted_at <= $1 ORDER BY accepted_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        now - timedelta(days=ACCEPTED_DAYS),
        INVITATIONS_PER_SWEEP,
    )
    for each in rows:
        await _move(tx, each, InviteState.LAPSED, "system")
    return len(rows)


async def forget(tx: Tx, buyer_ids: Sequence[UUID]) -> None:
    """Of buyers who leave the house nothing more is rewarded, and nothing is kept that was remarked of them. What was given
    stays, as the books do."""
    rows = await tx.all(
        Invitation,
        """
        SELECT merchant_id, invitation_id, inviter_id, friend_id, state, accepted_at, changed_at FROM invitations
        WHERE (inviter_id = ANY($1) OR friend_id = ANY($1)) AND state IN ('accepted', 'ordered', 'review')
        ORDER BY merchant_id, invitation_id FOR UPDATE
        """,
        list(buyer_ids),
    )
    for each in rows:
        await _move(tx, each, InviteState.LAPSED, "system")
    await tx.execute(
        "UPDATE invitations SET note = '' WHERE (inviter_id = ANY($1) OR friend_id = ANY($1)) AND note <> ''",
        list(buyer_ids),
    )
    await tx.execute("DELETE FROM invite_codes WHERE buyer_id = ANY($1)", list(buyer_ids))


async def _move(tx: Tx, each: Invitation, following: InviteState, by: str, found: Sequence[Against] = ()) -> None:
    MACHINE.check(each.state, following)
    await tx.execute(
        """
        UPDATE invitations SET state = $3, against = $4, changed_at = now() WHERE merchant_id = $1 AND invitation_id = $2
        """,
        each.merchant_id,
        each.invitation_id,
        following,
        [str(one) for one in found],
    )
    await note(tx, each.merchant_id, each.invitation_id, each.state, following, by)
