"""Taking a place in a team while a purchase is placed.

As with flash prices, what is needed is held first (`hold`), before any stock is, and written down with the order (`join`).
Offers are locked before teams, each in the order of their keys, and both before coupons, purses and stock.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import codes, events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Refusal
from steelyard.trade.groups.events import GroupChanged
from steelyard.trade.groups.model import REFUSALS, Gathered, GroupLimit, GroupOver, Joined, Joining, Offer, Team, Why

_Whose = tuple[UUID, UUID]
CODE_PREFIX = "G"


async def hold(tx: Tx, wanted: Sequence[Joining]) -> tuple[list[Joined], dict[UUID, Refusal]]:
    """Keep a place in its team and its pieces for each of these, in their order; also returns the purchases for which there
    is none any more, each with what is to be said of it."""
    offers = await lock_offers(tx, [(each.wish.merchant_id, each.wish.offer_id) for each in wanted])
    teams = await lock_teams(tx, [(each.wish.merchant_id, each.team_id) for each in wanted if each.wish.team_id])
    had, inside = await _had(tx, wanted)
    now: datetime = await tx.value("SELECT now()")
    joined: list[Joined] = []
    refused: dict[UUID, Refusal] = {}
    for each in wanted:
        offer, team = offers.get(each.wish.offer_id), teams.get(each.team_id)
        if team is not None and team.offer_id != each.wish.offer_id:
            team = None
        whose = (each.buyer_id, each.wish.offer_id)
        refusal = _refusal(each, offer, team, had.get(whose, 0), (each.team_id, each.buyer_id) in inside, now)
        if refusal is not None or offer is None:
            refused[each.purchase_id] = refusal or GroupOver()
            continue
        offers[each.wish.offer_id] = msgspec.structs.replace(offer, taken=offer.taken + each.pieces)
        if team is not None:
            teams[each.team_id] = msgspec.structs.replace(team, members=team.members + 1)
        had[whose] = had.get(whose, 0) + each.pieces
        inside.add((each.team_id, each.buyer_id))
        joined.append(Joined(joining=each, offer=offer))
    return joined, refused


def _refusal(
    each: Joining, offer: Offer | None, team: Team | None, had: int, inside: bool, now: datetime
) -> Refusal | None:
    if offer is None:
        return GroupOver()
    now_there = Gathered(offer=offer, team=team, had=had, inside=inside)
    why = now_there.trouble(each.wish, each.sku_id, each.pieces, now)
    if why is Why.LIMIT:
        return GroupLimit(free=offer.most(had))
    return None if why is None else REFUSALS[why]()


async def _had(tx: Tx, wanted: Sequence[Joining]) -> tuple[dict[_Whose, int], set[_Whose]]:
    """How many pieces these buyers have of these offers, which are held; and who is in which of the teams."""
    rows = await tx.fetch(
        """
        SELECT buyer_id, offer_id, team_id, pieces FROM group_members
        WHERE merchant_id = ANY($1) AND offer_id = ANY($2) AND buyer_id = ANY($3) AND gone_at IS NULL
        """,
        list({each.wish.merchant_id for each in wanted}),
        list({each.wish.offer_id for each in wanted}),
        list({each.buyer_id for each in wanted}),
    )
    had: dict[_Whose, int] = {}
    for row in rows:
        whose = (row["buyer_id"], row["offer_id"])
        had[whose] = had.get(whose, 0) + row["pieces"]
    return had, {(row["team_id"], row["buyer_id"]) for row in rows}


async def lock_offers(tx: Tx, which: Collection[tuple[UUID, UUID]]) -> dict[UUID, Offer]:
    """These `(merchant_id, offer_id)`, held, by their ids."""
    found = await tx.all(
        Offer,
        """
        SELECT merchant_id, offer_id, product_id, prices, currency, size, hours, pieces, taken, per_buyer, enough
             , starts_at, ends_at, stopped_at, stopped_by, reason
        FROM group_offers WHERE (merchant_id, offer_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
        ORDER BY merchant_id, offer_id FOR NO KEY UPDATE
        """,
        [merchant_id for merchant_id, _ in which],
        [offer_id for _, offer_id in which],
    )
    return {offer.offer_id: offer for offer in found}


async def lock_teams(tx: Tx, which: Collection[tuple[UUID, UUID]]) -> dict[UUID, Team]:
    """These `(merchant_id, team_id)`, held, by their ids; their offers are held before, where both are."""
    if not which:
        return {}
    found = await tx.all(
        Team,
        """
        SELECT merchant_id, team_id, offer_id, code, opened_by, size, hours, enough, members, paid, created_at, opened_at
             , ends_at, full_at, failed_at
        FROM group_teams WHERE (merchant_id, team_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
        ORDER BY merchant_id, team_id FOR NO KEY UPDATE
        """,
        [merchant_id for merchant_id, _ in which],
        [team_id for _, team_id in which],
    )
    return {team.team_id: team for team in found}


async def join(tx: Tx, joined: Sequence[Joined]) -> None:
    """Write down what was held for orders that are written down: who begins a team begins it now.

    The constraints on members, pieces and who is inside stand behind what `hold` has looked at.
    """
    begun = [each for each in joined if each.joining.wish.team_id is None]
    minted = {each.joining.team_id: codes.mint(CODE_PREFIX) for each in begun}
    await tx.execute(
        """
        WITH begun AS (
            INSERT INTO group_teams (merchant_id, team_id, offer_id, code, opened_by, size, hours, enough, members)
            SELECT n.merchant_id, n.team_id, n.offer_id, n.code, n.buyer_id, o.size, o.hours, o.enough, 1
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[])
                AS n (merchant_id, team_id, offer_id, code, buyer_id)
            JOIN group_offers o USING (merchant_id, offer_id)
        )
        INSERT INTO group_codes (code, merchant_id, team_id) SELECT * FROM unnest($4::text[], $1::uuid[], $2::uuid[])
        """,
        [each.joining.wish.merchant_id for each in begun],
        [each.joining.team_id for each in begun],
        [each.joining.wish.offer_id for each in begun],
        [minted[each.joining.team_id] for each in begun],
        [each.joining.buyer_id for each in begun],
    )
    await tx.execute(
        """
        WITH joined AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[]
                               , $8::integer[], $9::boolean[])
                AS j (merchant_id, order_id, team_id, offer_id, purchase_id, buyer_id, sku_id, pieces, joins)
        ), taken AS (
            UPDATE group_offers o SET taken = o.taken + j.pieces
            FROM (SELECT merchant_id, offer_id, sum(pieces)::integer AS pieces FROM joined GROUP BY 1, 2) AS j
            WHERE o.merchant_id = j.merchant_id AND o.offer_id = j.offer_id
        ), filled AS (
            UPDATE group_teams t SET members = t.members + j.members
            FROM (SELECT merchant_id, team_id, count(*)::integer AS members FROM joined WHERE joins GROUP BY 1, 2) AS j
            WHERE t.merchant_id = j.merchant_id AND t.team_id = j.team_id
        )
        INSERT INTO group_members (merchant_id, order_id, team_id, offer_id, purchase_id, buyer_id, sku_id, pieces)
        SELECT merchant_id, order_id, team_id, offer_id, purchase_id, buyer_id, sku_id, pieces FROM joined
        """,
        [each.joining.wish.merchant_id for each in joined],
        [each.joining.order_id for each in joined],
        [each.joining.team_id for each in joined],
        [each.joining.wish.offer_id for each in joined],
        [each.joining.purchase_id for each in joined],
        [each.joining.buyer_id for each in joined],
        [each.joining.sku_id for each in joined],
        [each.joining.pieces for each in joined],
        [each.joining.wish.team_id is not None for each in joined],
    )
    await changed(tx, {(each.offer.merchant_id, each.offer.product_id) for each in joined})


async def changed(tx: Tx, products: Collection[tuple[UUID, UUID]]) -> None:
    """What is to be seen of these `(merchant_id, product_id)` is something else now."""
    await events.publish(
        tx,
        *(GroupChanged(merchant_id=merchant_id, product_id=product_id) for merchant_id, product_id in sorted(products)),
    )
