"""What has to be known of two people before an invitation is rewarded: by what they can be reached, on which devices they were,
where they live, who invited whom, how often. As far as it can be told, and no further than it takes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel import days
from steelyard.kernel.db import Read
from steelyard.operations.growth.invite_model import RING_STEPS_MAX, Invitation, InviteFacts
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId

DEVICES_DAYS = 90
ORDERS_LOOKED_AT = 20


async def facts_of(read: Read, each: Invitation, order_shop: UUID, order_id: UUID, now: datetime) -> InviteFacts:
    """What speaks for or against an invitation whose friend has paid this order."""
    friend = await customers.resolve(read, BuyerId(each.friend_id))
    inviter_all = [BuyerId(each.inviter_id), *await customers.visitors_of(read, BuyerId(each.inviter_id))]
    friend_all = list({friend, BuyerId(each.friend_id), *await customers.visitors_of(read, friend)})
    month = days.begins(days.day_of(now).replace(day=1))
    return InviteFacts(
        inviter_id=each.inviter_id,
        friend_id=friend,
        new=not await has_bought(read, each.merchant_id, friend_all, each.accepted_at)
        and not await _has_taken(read, each, friend_all),
        inviter_people=await _people(read, inviter_all),
        friend_people=await _people(read, friend_all) | await _contact(read, order_shop, order_id),
        inviter_devices=await _devices(read, inviter_all, now),
        friend_devices=await _devices(read, friend_all, now),
        inviter_addresses=await _addresses(read, inviter_all),
        friend_addresses=await _addresses(read, friend_all),
        ring=await _ring(read, each.merchant_id, each.inviter_id, friend),
        accepted_that_day=await read.value(
            """
            SELECT count(*)::integer FROM invitations
            WHERE inviter_id = $1 AND merchant_id = $2 AND accepted_at BETWEEN $3::timestamptz - interval '12 hours'
                                                                           AND $3::timestamptz + interval '12 hours'
            """,
            each.inviter_id,
            each.merchant_id,
            each.accepted_at,
        ),
        month=await read.value(
            """
            SELECT count(*)::integer FROM invitations
            WHERE inviter_id = $1 AND merchant_id = $2 AND state = 'rewarded' AND changed_at >= $3
            """,
            each.inviter_id,
            each.merchant_id,
            month,
        ),
    )


async def has_bought(read: Read, merchant_id: UUID, who: Sequence[BuyerId], before: datetime | None = None) -> bool:
    """Whether one of these has paid an order of this shop, or of any for the platform; with `before` by that moment."""
    return await read.value(
        """
        SELECT EXISTS (SELECT FROM orders WHERE buyer_id = ANY($1) AND ($2::uuid = $3::uuid OR merchant_id = $2)
                         AND paid_at IS NOT NULL AND ($4::timestamptz IS NULL OR paid_at < $4))
        """,
        list(who),
        merchant_id,
        PLATFORM,
        before,
    )


async def _has_taken(read: Read, each: Invitation, friend_all: Sequence[BuyerId]) -> bool:
    """Whether the friend took another invitation before, as a visitor whom nobody knew yet."""
    return await read.value(
        """
        SELECT EXISTS (SELECT FROM invitations WHERE merchant_id = $1 AND friend_id = ANY($2)
                         AND (accepted_at, invitation_id) < ($3, $4))
        """,
        each.merchant_id,
        list(friend_all),
        each.accepted_at,
        each.invitation_id,
    )


async def _people(read: Read, who: list[BuyerId]) -> frozenset[str]:
    """By which addresses and numbers of their account and of their last orders these can be reached."""
    rows = await read.fetch(
        """
        SELECT coalesce(email, '') AS email, phone FROM buyers WHERE buyer_id = ANY($1)
        UNION
        SELECT email, phone FROM (
            SELECT coalesce(contact_email, '') AS email, coalesce(contact_phone, '') AS phone FROM orders
            WHERE buyer_id = ANY($1) AND paid_at IS NOT NULL ORDER BY placed_at DESC LIMIT $2) AS o
        """,
        who,
        ORDERS_LOOKED_AT,
    )
    return frozenset(person for row in rows for person in promotions.people_of(row["email"], row["phone"]))


async def _contact(read: Read, order_shop: UUID, order_id: UUID) -> frozenset[str]:
    row = await read.row(
        "SELECT contact_email, contact_phone FROM orders WHERE merchant_id = $1 AND order_id = $2", order_shop, order_id
    )
    assert row is not None
    return frozenset(promotions.people_of(row["contact_email"] or "", row["contact_phone"] or ""))


async def _devices(read: Read, who: list[BuyerId], now: datetime) -> frozenset[UUID]:
    """The browsers in which they have signed in lately."""
    rows = await read.fetch(
        """
        SELECT DISTINCT browser_id FROM visitor_merges
        WHERE buyer_id = ANY($1) AND at >= $2 AND browser_id IS NOT NULL
        """,
        who,
        now - timedelta(days=DEVICES_DAYS),
    )
    return frozenset(row["browser_id"] for row in rows)


async def _addresses(read: Read, who: list[BuyerId]) -> frozenset[str]:
    """Where their goods went, and their address books: city and street without what people write differently."""
    rows = await read.fetch(
        """
        SELECT address FROM addresses WHERE buyer_id = ANY($1)
        UNION
        SELECT address FROM (SELECT address FROM orders WHERE buyer_id = ANY($1) AND paid_at IS NOT NULL
                             ORDER BY placed_at DESC LIMIT $2) AS o
        """,
        who,
        ORDERS_LOOKED_AT,
    )
    found: set[str] = set()
    for row in rows:
        address = row["address"]
        street = "".join(each for each in str(address.get("street") or "").lower() if each.isalnum())
        if street:
            found.add(f"{address.get('country') or ''}|{address.get('city') or ''}|{street}")
    return frozenset(found)


async def _ring(read: Read, merchant_id: UUID, inviter_id: UUID, friend: UUID) -> bool:
    """Whether the friend has invited the inviter, or somebody who did, some steps back; whoever took an invitation as a visitor
    is who they became."""
    return await read.value(
        """
        WITH RECURSIVE before (who, step) AS (
            SELECT $2::uuid, 0
            UNION
            SELECT i.inviter_id, b.step + 1
            FROM before b
            CROSS JOIN LATERAL (SELECT b.who AS friend_id
                                UNION ALL SELECT m.visitor_id FROM visitor_merges m WHERE m.buyer_id = b.who) k
            JOIN invitations i ON i.merchant_id = $1 AND i.friend_id = k.friend_id
            WHERE b.step < $4
        )
        SELECT EXISTS (SELECT FROM before WHERE who = $3 AND step > 0)
        """,
        merchant_id,
        inviter_id,
        friend,
        RING_STEPS_MAX,
    )
