"""Questions about group offers, teams and who is in them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.keeping import kept
from steelyard.kernel.paging import Page
from steelyard.trade.groups.model import Gathered, Gathering, Membership, Offer, Team

KEPT = "trade.groups"
OFFERS_SHOWN_MAX = 200
OFFERS_BETWEEN_MAX = 500
TEAMS_SHOWN_MAX = 10
PRODUCTS_KNOWN_MAX = 10_000


async def offered(read: Read) -> frozenset[UUID]:
    """The products that can be bought in teams now, or of which a team is open. Known for two seconds, so that a page of
    any other product asks nothing more. Never asked as one merchant."""

    async def ask() -> frozenset[UUID]:
        rows = await read.fetch(
            """
            SELECT product_id FROM group_offers
            WHERE stopped_at IS NULL AND starts_at <= now() AND ends_at > now()
            UNION
            SELECT o.product_id FROM group_teams t JOIN group_offers o USING (merchant_id, offer_id)
            WHERE t.full_at IS NULL AND t.failed_at IS NULL AND t.ends_at > now()
            LIMIT $1
            """,
            PRODUCTS_KNOWN_MAX,
        )
        return frozenset(row["product_id"] for row in rows)

    return await kept(read, KEPT, ask)


async def of_product(read: Read, merchant_id: UUID, product_id: UUID) -> list[tuple[Offer, list[Team]]]:
    """What is offered of this product now, with the teams that wait, the one that ends first first; nothing is asked of a
    product that is not `offered`."""
    if product_id not in await offered(read):
        return []
    offers = await read.all(
        Offer,
        """
        SELECT merchant_id, offer_id, product_id, prices, currency, size, hours, pieces, taken, per_buyer, enough
             , starts_at, ends_at, stopped_at, stopped_by, reason
        FROM group_offers
        WHERE merchant_id = $1 AND product_id = $2 AND stopped_at IS NULL AND starts_at <= now() AND ends_at > now()
        ORDER BY offer_id LIMIT $3
        """,
        merchant_id,
        product_id,
        OFFERS_SHOWN_MAX,
    )
    teams = await read.all(
        Team,
        """
        SELECT t.merchant_id, t.team_id, t.offer_id, t.code, t.opened_by, t.size, t.hours, t.enough, t.members, t.paid
             , t.created_at, t.opened_at, t.ends_at, t.full_at, t.failed_at
        FROM group_teams t
        WHERE t.merchant_id = $1 AND t.offer_id = ANY($2) AND t.opened_at IS NOT NULL AND t.full_at IS NULL
          AND t.failed_at IS NULL AND t.ends_at > now() AND t.members < t.size
        ORDER BY t.ends_at, t.team_id LIMIT $3
        """,
        merchant_id,
        [offer.offer_id for offer in offers],
        TEAMS_SHOWN_MAX,
    )
    return [(offer, [team for team in teams if team.offer_id == offer.offer_id]) for offer in offers]


async def gathered(read: Read, wishes: Sequence[tuple[Gathering, UUID | None]]) -> list[Gathered | None]:
    """What each of these wishes of a buyer (none: nobody in particular) comes to now; none where there is no such offer."""
    rows = await read.fetch(
        """
        SELECT w.place
             , coalesce((SELECT sum(m.pieces) FROM group_members m
                         WHERE m.merchant_id = w.merchant_id AND m.offer_id = w.offer_id AND m.buyer_id = w.buyer_id
                           AND m.gone_at IS NULL), 0)::integer AS had
             , EXISTS (SELECT FROM group_members m
                       WHERE m.merchant_id = w.merchant_id AND m.team_id = w.team_id AND m.buyer_id = w.buyer_id
                         AND m.gone_at IS NULL) AS inside
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) WITH ORDINALITY
            AS w (merchant_id, offer_id, team_id, buyer_id, place)
        ORDER BY w.place
        """,
        [wish.merchant_id for wish, _ in wishes],
        [wish.offer_id for wish, _ in wishes],
        [wish.team_id for wish, _ in wishes],
        [buyer_id for _, buyer_id in wishes],
    )
    offers = await _offers(read, [(wish.merchant_id, wish.offer_id) for wish, _ in wishes])
    teams = await _teams(read, [(wish.merchant_id, wish.team_id) for wish, _ in wishes if wish.team_id is not None])
    found: list[Gathered | None] = []
    for (wish, _), row in zip(wishes, rows, strict=True):
        offer = offers.get((wish.merchant_id, wish.offer_id))
        team = teams.get((wish.merchant_id, wish.team_id)) if wish.team_id is not None else None
        if team is not None and team.offer_id != wish.offer_id:
            team = None
        found.append(None if offer is None else Gathered(offer=offer, team=team, had=row["had"], inside=row["inside"]))
    return found


async def _offers(read: Read, which: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Offer]:
    found = await read.all(
        Offer,
        """
        SELECT merchant_id, offer_id, product_id, prices, currency, size, hours, pieces, taken, per_buyer, enough
             , starts_at, ends_at, stopped_at, stopped_by, reason
        FROM group_offers WHERE (merchant_id, offer_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
        """,
        [merchant_id for merchant_id, _ in which],
        [offer_id for _, offer_id in which],
    )
    return {(offer.merchant_id, offer.offer_id): offer for offer in found}


async def _teams(read: Read, which: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Team]:
    if not which:
        return {}
    found = await read.all(
        Team,
        """
        SELECT merchant_id, team_id, offer_id, code, opened_by, size, hours, enough, members, paid, created_at, opened_at
             , ends_at, full_at, failed_at
        FROM group_teams WHERE (merchant_id, team_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
        """,
        [merchant_id for merchant_id, _ in which],
        [team_id for _, team_id in which],
    )
    return {(team.merchant_id, team.team_id): team for team in found}


async def offer(read: Read, merchant_id: UUID, offer_id: UUID) -> Offer | None:
    return (await _offers(read, [(merchant_id, offer_id)])).get((merchant_id, offer_id))


async def offers(read: Read, merchant_id: UUID, before: UUID | None, limit: int) -> list[Offer]:
    """All that a shop has ever offered to teams, what was made last first; `before` is the last of the page before."""
    return await read.all(
        Offer,
        """
        SELECT merchant_id, offer_id, product_id, prices, currency, size, hours, pieces, taken, per_buyer, enough
             , starts_at, ends_at, stopped_at, stopped_by, reason
        FROM group_offers WHERE merchant_id = $1 AND ($2::uuid IS NULL OR offer_id < $2)
        ORDER BY offer_id DESC LIMIT $3
        """,
        merchant_id,
        before,
        limit,
    )


async def running(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Offer]:
    """The offers of all shops that run or are to come, what ends first first."""
    most = paging.limit(limit)
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    found = await read.all(
        Offer,
        """
        SELECT merchant_id, offer_id, product_id, prices, currency, size, hours, pieces, taken, per_buyer, enough
             , starts_at, ends_at, stopped_at, stopped_by, reason
        FROM group_offers
        WHERE stopped_at IS NULL AND ends_at > now()
          AND ($1::timestamptz IS NULL OR (ends_at, offer_id) > ($1, $2::uuid))
        ORDER BY ends_at, offer_id LIMIT $3
        """,
        *key,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.ends_at, last.offer_id))


async def between(read: Read, merchant_ids: Collection[UUID] | None, since: datetime, until: datetime) -> list[Offer]:
    """What these shops, or (none) all of them, offer to teams at some moment between these and did not stop; what begins
    first first."""
    return await read.all(
        Offer,
        """
        SELECT merchant_id, offer_id, product_id, prices, currency, size, hours, pieces, taken, per_buyer, enough
             , starts_at, ends_at, stopped_at, stopped_by, reason
        FROM group_offers
        WHERE stopped_at IS NULL AND ends_at > $2 AND starts_at < $3 AND ($1::uuid[] IS NULL OR merchant_id = ANY($1))
        ORDER BY starts_at, merchant_id, offer_id LIMIT $4
        """,
        None if merchant_ids is None else list(merchant_ids),
        since,
        until,
        OFFERS_BETWEEN_MAX,
    )


async def teams(read: Read, merchant_id: UUID, offer_id: UUID, before: UUID | None, limit: int) -> list[Team]:
    """The teams of an offer, what was begun last first, without those whose opener never paid."""
    return await read.all(
        Team,
        """
        SELECT merchant_id, team_id, offer_id, code, opened_by, size, hours, enough, members, paid, created_at, opened_at
             , ends_at, full_at, failed_at
        FROM group_teams
        WHERE merchant_id = $1 AND offer_id = $2 AND opened_at IS NOT NULL AND ($3::uuid IS NULL OR team_id < $3)
        ORDER BY team_id DESC LIMIT $4
        """,
        merchant_id,
        offer_id,
        before,
        limit,
    )


async def counts(read: Read, offers: Sequence[tuple[UUID, UUID]]) -> dict[UUID, dict[str, int]]:
    """Of each of these `(merchant_id, offer_id)` how many teams are `open`, are `full` and `failed`."""
    rows = await read.fetch(
        """
        SELECT offer_id, count(*) FILTER (WHERE full_at IS NULL AND failed_at IS NULL) AS open
             , count(full_at) AS full, count(failed_at) AS failed
        FROM group_teams JOIN unnest($1::uuid[], $2::uuid[]) AS o (merchant_id, offer_id) USING (merchant_id, offer_id)
        WHERE opened_at IS NOT NULL GROUP BY offer_id
        """,
        [merchant_id for merchant_id, _ in offers],
        [offer_id for _, offer_id in offers],
    )
    return {row["offer_id"]: {name: row[name] for name in ("open", "full", "failed")} for row in rows}


async def by_code(read: Read, code: str) -> tuple[Offer, Team] | None:
    """The team that this code stands for, and what it buys; none before whoever began it has paid."""
    row = await read.row("SELECT merchant_id, team_id FROM group_codes WHERE code = $1", code)
    if row is None:
        return None
    key = (row["merchant_id"], row["team_id"])
    team = (await _teams(read, [key])).get(key)
    if team is None or team.opened_at is None:
        return None
    found = await offer(read, team.merchant_id, team.offer_id)
    assert found is not None, "a team is of an offer"
    return found, team


async def of_orders(read: Read, order_ids: Sequence[UUID]) -> dict[UUID, Membership]:
    """The teams that these orders are in."""
    found = await read.all(
        Membership,
        """
        SELECT t.merchant_id, t.team_id, t.offer_id, t.code, t.opened_by, t.size, t.hours, t.enough, t.members, t.paid
             , t.created_at, t.opened_at, t.ends_at, t.full_at, t.failed_at, m.order_id, m.gone_at
        FROM orders o
        JOIN group_members m ON m.merchant_id = o.merchant_id AND m.order_id = o.order_id
        JOIN group_teams t ON t.merchant_id = m.merchant_id AND t.team_id = m.team_id
        WHERE o.order_id = ANY($1)
        """,
        list(order_ids),
    )
    return {each.order_id: each for each in found}


async def inside(read: Read, merchant_id: UUID, team_id: UUID, buyer_ids: Sequence[UUID]) -> UUID | None:
    """With which purchase one of these buyers is in the team, if one is."""
    return await read.value(
        """
        SELECT purchase_id FROM group_members
        WHERE merchant_id = $1 AND team_id = $2 AND buyer_id = ANY($3) AND gone_at IS NULL LIMIT 1
        """,
        merchant_id,
        team_id,
        list(buyer_ids),
    )


async def paid_orders(read: Read, merchant_id: UUID, team_id: UUID) -> list[UUID]:
    """The orders of a team's members who have paid and are not gone, in the order of their ids."""
    rows = await read.fetch(
        """
        SELECT order_id FROM group_members
        WHERE merchant_id = $1 AND team_id = $2 AND paid_at IS NOT NULL AND gone_at IS NULL ORDER BY order_id
        """,
        merchant_id,
        team_id,
    )
    return [row["order_id"] for row in rows]


async def unpaid_purchases(read: Read, merchant_id: UUID, team_id: UUID) -> list[UUID]:
    """The purchases of a team's members who have placed an order, and not paid."""
    rows = await read.fetch(
        """
        SELECT purchase_id FROM group_members
        WHERE merchant_id = $1 AND team_id = $2 AND paid_at IS NULL AND gone_at IS NULL ORDER BY purchase_id
        """,
        merchant_id,
        team_id,
    )
    return [row["purchase_id"] for row in rows]
