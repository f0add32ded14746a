"""A journey played over the last weeks, without sending anything: who would have come in, how they would have gone through it,
how many messages that is a day, who would have been capped or has not agreed, what the coupons could have cost.

What happened is taken as it was: what lets people in, the goal, the exits, what is waited for, the messages that journeys of the
shop really sent. What was so and is not kept is taken as it is now: whether a condition holds, who has agreed to messages, where
people are, who is in the segment, who keeps what in mind. Nobody bought because of a message that was not sent: the goal says
what would have happened anyway.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from steelyard.goods import promotions
from steelyard.goods.promotions.model import AmountOff, RateOff
from steelyard.kernel.db import Read
from steelyard.operations import outreach, segments
from steelyard.operations.journeys.catalogue import Event
from steelyard.operations.journeys.graph import Await, Branch, Graph, Message, On, Trigger
from steelyard.operations.journeys.happening import Happened, happened, members_now, members_since
from steelyard.operations.journeys.intervals import intervals_of
from steelyard.operations.journeys.model import JourneyId
from steelyard.operations.journeys.playing import CouponsGiven, Known, Play, Simulation
from steelyard.operations.outreach.model import Channel
from steelyard.parties import customers

DAYS_PLAYED = 30
ENTRIES_MAX = 5_000


async def simulate(
    read: Read, merchant_id: UUID, journey_id: JourneyId, graph: Graph, now: datetime | None = None
) -> Simulation:
    """Play it over the last `DAYS_PLAYED` days. Nothing is written. The graph has no faults but in what it names. Ask as the
    application: who people are is not for the merchants' role to see."""
    until: datetime = now or await read.value("SELECT clock_timestamp()")
    since = until - timedelta(days=DAYS_PLAYED)
    begins = graph.trigger
    assert begins is not None and isinstance(begins.setup, Trigger), "what is played has a beginning"
    came = await _came(read, merchant_id, begins.setup, since, until)
    play = Play(graph, journey_id, until, await _look_up(read, merchant_id, graph, came[:ENTRIES_MAX], since, until))
    play.run(came[:ENTRIES_MAX])
    coupons = [
        await _cost(read, merchant_id, promotion_id, people) for promotion_id, people in sorted(play.coupons.items())
    ]
    return play.told(since, all_of_it=len(came) <= ENTRIES_MAX, coupons=coupons)


async def _came(read: Read, merchant_id: UUID, begins: Trigger, since: datetime, until: datetime) -> list[Happened]:
    most = ENTRIES_MAX + 1
    if begins.on is On.EVENT:
        return await happened(read, merchant_id, [begins.event], since, until, most=most)
    assert begins.segment_id is not None, "a segment is chosen before it is played"
    if begins.on is On.DATE or begins.present:
        return await members_now(read, merchant_id, begins.segment_id, since, most)
    return await members_since(read, merchant_id, begins.segment_id, since, most)


async def _look_up(
    read: Read, merchant_id: UUID, graph: Graph, came: Sequence[Happened], since: datetime, until: datetime
) -> Known:
    people = sorted({each.buyer_id for each in came})
    wanted = {str(each.setup.event) for each in graph.nodes if isinstance(each.setup, Await)} | set(
        graph.settings.exits
    )
    wanted |= {graph.settings.goal.event} if graph.settings.goal else set()
    # Whether a cart was left: nothing was ordered meanwhile.
    wanted |= {str(Event.ORDER_UNPAID), str(Event.ORDER_PAID)}
    of: dict[UUID, list[Happened]] = {}
    for each in await happened(read, merchant_id, wanted, since, until, people):
        of.setdefault(each.buyer_id, []).append(each)
    pairs = [(merchant_id, each) for each in people]
    holds: dict[str, set[UUID]] = {}
    reachable: dict[tuple[str, bool], frozenset[UUID]] = {}
    for node in graph.nodes:
        match node.setup:
            case Branch(tree=condition) if condition is not None:
                holds[node.key] = {people[n] for n in await segments.holding(read, pairs, condition, until)}
            case Message(channel=channel, marketing=marketing):
                reachable[channel, marketing] = await outreach.may_reach(
                    read, merchant_id, people, Channel(channel), marketing=marketing
                )
            case _:
                continue
    products = sorted(
        {product_id for each in (*came, *(e for some in of.values() for e in some)) for product_id in each.products}
    )
    rows = await read.fetch(
        """
        SELECT p.product_id, c.path FROM products p JOIN categories c USING (category_id)
        WHERE p.merchant_id = $1 AND p.product_id = ANY($2)
        """,
        merchant_id,
        products,
    )
    sends = await read.fetch(
        "SELECT buyer_id, sent FROM journey_sends WHERE merchant_id = $1 AND buyer_id = ANY($2)", merchant_id, people
    )
    return Known(
        happened=of,
        holds=holds,
        reachable=reachable,
        zones=await customers.zones_of(read, people),
        sent={row["buyer_id"]: list(row["sent"]) for row in sends},
        categories={row["product_id"]: frozenset[UUID](row["path"]) for row in rows},
        intervals=await intervals_of(read, merchant_id, products),
    )


async def _cost(read: Read, merchant_id: UUID, promotion_id: UUID, people: int) -> CouponsGiven:
    """What this many of a coupon cost at most: an amount for each, or a rate up to its bound; no more than is left of the
    budget."""
    offer = await promotions.get(read, merchant_id, promotion_id)
    if offer is None:
        return CouponsGiven(promotion_id=promotion_id, people=people, currency="", most=None)
    match offer.rule:
        case AmountOff(steps=steps, again=again, at_most=at_most):
            each = at_most if again else max(step.off for step in steps)
        case RateOff(at_most=at_most):
            each = at_most
        case _:
            each = None
    left = None if offer.budget is None else max(0, offer.budget - offer.spent)
    bounds = [bound for bound in (None if each is None else each * people, left) if bound is not None]
    return CouponsGiven(
        promotion_id=promotion_id, people=people, currency=offer.currency, most=min(bounds) if bounds else None
    )
