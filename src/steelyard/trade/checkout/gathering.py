"""Group buying in a quote, and while it is placed: a line that is bought in a team costs the group price, and takes a place.

Nothing is asked, and nothing held, where nobody buys in a team.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions.model import Offer, PromotionId, Scope, SpecialPrice
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.text import text
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import groups
from steelyard.trade.checkout.model import Checkout, Draft, Problem, ProblemCode, Quote
from steelyard.trade.groups.model import Gathered, Gathering, Joined, Joining, TeamId, Why, team_of
from steelyard.trade.orders.model import order_id_of

NAME = text("拼团价", "Group price")
# Whether the price counts is decided by the team and the offer, not by the clock of a promotion.
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_CODES = {
    Why.OFFER: ProblemCode.GROUP_OVER,
    Why.TEAM: ProblemCode.TEAM_CLOSED,
    Why.INSIDE: ProblemCode.IN_TEAM_ALREADY,
    Why.LIMIT: ProblemCode.GROUP_LIMIT,
}


def wish_of(draft: Draft) -> Gathering | None:
    """In which team its buyer wants to buy, if in one."""
    return next((line.group for line in draft.lines if line.group is not None), None)


async def known(read: Read, asked: Sequence[tuple[Draft, UUID | None]]) -> list[Gathered | None]:
    """What the wishes of these drafts, each with its buyer, come to now; none for one without, or whose offer is not there."""
    wishes = [(number, wish, buyer_id) for number, (draft, buyer_id) in enumerate(asked) if (wish := wish_of(draft))]
    found: list[Gathered | None] = [None] * len(asked)
    if wishes:
        answers = await groups.gathered(read, [(wish, buyer_id) for _, wish, buyer_id in wishes])
        for (number, _, _), answer in zip(wishes, answers, strict=True):
            found[number] = answer
    return found


def offer_of(found: Gathered, sku_ids: Collection[UUID]) -> Offer | None:
    """The group price of these goods as promotions know prices: of all prices for a piece the lowest counts."""
    offer = found.offer
    prices = {SkuId(sku_id): price for sku_id, price in offer.prices.items() if sku_id in sku_ids}
    if not prices:
        return None
    return Offer(
        merchant_id=MerchantId(offer.merchant_id),
        promotion_id=PromotionId(offer.offer_id),
        name=NAME,
        rule=SpecialPrice(prices=prices),
        scope=Scope(products=frozenset([offer.product_id])),
        currency=offer.currency,
        starts_at=_EVER,
        ends_at=_NEVER,
    )


def problems(draft: Draft, found: Gathered | None) -> Iterator[Problem]:
    """What stands in the way of buying in a team: it is bought alone, while there is time, a place and a piece."""
    wish = wish_of(draft)
    if wish is None:
        return
    now = datetime.now(UTC)
    for line in draft.lines:
        if len(draft.lines) > 1:
            yield Problem(code=ProblemCode.GROUP_ALONE, line_id=line.line_id)
        elif found is None:
            yield Problem(code=ProblemCode.GROUP_OVER, line_id=line.line_id)
        elif (why := found.trouble(wish, line.sku_id, line.quantity, now)) is not None:
            facts: dict[str, int | str] = {}
            if why is Why.LIMIT:
                facts = {"free": found.offer.most(found.had), "bought": found.had}
            yield Problem(code=_CODES[why], line_id=line.line_id, facts=facts)


def team_id_of(checkout: Checkout) -> TeamId | None:
    """The team that what becomes of this checkout is in."""
    wish = wish_of(checkout.draft)
    if wish is None:
        return None
    return TeamId(wish.team_id) if wish.team_id else team_of(checkout.purchase_id)


def until(costs: Quote, pay_by: datetime) -> datetime:
    """When it has to be paid: who joins a team pays before its time is over."""
    team = costs.gathered.team if costs.gathered else None
    return pay_by if team is None or team.ends_at is None else min(pay_by, team.ends_at)


async def hold(tx: Tx, wanted: Sequence[tuple[Checkout, Quote]]) -> tuple[list[Joined], dict[UUID, Refusal]]:
    """Keep places in teams for what is being placed; also what is said to the purchases for which there is none."""
    joining = [
        Joining(
            wish=wish,
            purchase_id=checkout.purchase_id,
            order_id=order_id_of(checkout.purchase_id, MerchantId(wish.merchant_id)),
            buyer_id=checkout.buyer_id,
            sku_id=line.card.sku_id,
            pieces=line.quantity,
        )
        for checkout, costs in wanted
        if (wish := wish_of(checkout.draft)) is not None
        for group in costs.groups
        for line in group.lines
    ]
    return await groups.hold(tx, joining) if joining else ([], {})
