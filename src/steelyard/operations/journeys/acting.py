"""What a box does with those who leave it: each kind in one way, for all of them together. What goes outside is an intent of a
module below, written in this transaction."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from steelyard.goods import promotions
from steelyard.goods.promotions.model import CouponGift, GiftAudience, Joining, MemberSource
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.text import text
from steelyard.money import wallets
from steelyard.money.wallets import Cause, Move, Purse
from steelyard.operations import behaviour, experiments, workboard
from steelyard.operations.behaviour import Behaviour, Property
from steelyard.operations.experiments import EXPOSURES_PER_BATCH_MAX, Exposure, variant_of
from steelyard.operations.journeys.catalogue import Event, kind_of
from steelyard.operations.journeys.graph import (
    FAILED,
    HAPPENED,
    LATE,
    NO,
    THEN,
    YES,
    Await,
    Branch,
    Coupon,
    Graph,
    GroupMove,
    Message,
    Node,
    On,
    Points,
    Setup,
    Split,
    Task,
    Trigger,
)
from steelyard.operations.journeys.model import Stand
from steelyard.operations.journeys.outcomes import (
    CERTAIN,
    NO_ACCOUNT,
    NO_COUPON,
    NO_GROUP,
    NO_POINTS,
    NO_TEMPLATE,
    Outcome,
    salt_of,
)
from steelyard.operations.journeys.sending import send
from steelyard.operations.journeys.travellers import Steps, Traveller
from steelyard.operations.journeys.validating import lost
from steelyard.operations.segments import holding
from steelyard.operations.workboard.model import TASKS_PER_CALL_MAX
from steelyard.parties import operator
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import rewards

BY = "journey"
# Where what a box gives or says has been stopped, closed or put away meanwhile, people go on without it, for this reason.
_LOST: dict[type[Setup], str] = {Message: NO_TEMPLATE, Coupon: NO_COUPON, GroupMove: NO_GROUP, Points: NO_POINTS}


async def act(tx: Tx, node: Node, some: Sequence[Traveller], graph: Graph, steps: Steps) -> Sequence[Outcome]:
    """Do what the box says with these, and say by which out each leaves."""
    reason = _LOST.get(type(node.setup))
    if reason is not None and await lost(tx, some[0].merchant_id, node):
        return [Outcome(each, _without(node), reason) for each in some]
    return await _do(tx, node, some, graph, steps)


async def _do(tx: Tx, node: Node, some: Sequence[Traveller], graph: Graph, steps: Steps) -> Sequence[Outcome]:
    setup = node.setup
    match setup:
        case Trigger():
            return await _begin(tx, setup, some)
        case Await():
            return [Outcome(each, HAPPENED if each.signal == HAPPENED else LATE) for each in some]
        case Branch():
            return await _branch(tx, setup, some, steps)
        case Split():
            return await _split(tx, node, setup, some, steps)
        case Message():
            return await send(tx, node, setup, some, graph, steps)
        case _:
            reasons = await _give(tx, node, some, steps)
            return [
                Outcome(each, _without(node), reasons[each.buyer_id])
                if each.buyer_id in reasons
                else Outcome(each, THEN)
                for each in some
            ]


def _without(node: Node) -> str:
    """By which out one leaves a box that could not do what it does."""
    return FAILED if FAILED in node.outs else THEN


async def _give(tx: Tx, node: Node, some: Sequence[Traveller], steps: Steps) -> dict[UUID, str]:
    """What is given or done; says who has not got it, and why."""
    setup = node.setup
    match setup:
        case Coupon():
            return await _coupon(tx, setup, some)
        case Points():
            return await _points(tx, setup, some)
        case GroupMove():
            await _group(tx, setup, some)
        case Task():
            await _task(tx, node, setup, some, steps)
        case _:
            pass
    return {}


async def _begin(tx: Tx, setup: Trigger, some: Sequence[Traveller]) -> list[Outcome]:
    """After the delay: where what began it has passed by itself, there is nothing to be said any more."""
    kind = kind_of(setup.event) if setup.on is On.EVENT else None
    if kind is None or not kind.still:
        return [Outcome(each, THEN) for each in some]
    ask = _cart_still if kind.event is Event.CART_LEFT else _order_still
    so = await ask(tx, some)
    return [
        Outcome(each, THEN) if place in so else Outcome(each, stand=Stand.EXITED, reason="passed")
        for place, each in enumerate(some)
    ]


async def _cart_still(tx: Tx, some: Sequence[Traveller]) -> set[int]:
    """Something of the shop lies in the cart, and nothing was ordered there since."""
    rows = await tx.fetch(
        """
        SELECT w.i FROM unnest($1::integer[], $2::uuid[], $3::uuid[], $4::timestamptz[]) AS w (i, merchant_id, buyer_id, at)
        WHERE EXISTS (SELECT FROM cart_lines c WHERE c.buyer_id = w.buyer_id AND c.merchant_id = w.merchant_id)
          AND NOT EXISTS (SELECT FROM orders o
                          WHERE o.buyer_id = w.buyer_id AND o.merchant_id = w.merchant_id AND o.placed_at >= w.at)
        """,
        list(range(len(some))),
        [each.merchant_id for each in some],
        [each.buyer_id for each in some],
        [each.entered_at for each in some],
    )
    return {row["i"] for row in rows}


async def _order_still(tx: Tx, some: Sequence[Traveller]) -> set[int]:
    """The order waits for its payment."""
    rows = await tx.fetch(
        """
        SELECT w.i FROM unnest($1::integer[], $2::uuid[], $3::uuid[]) AS w (i, merchant_id, order_id)
        JOIN orders o USING (merchant_id, order_id)
        WHERE o.paid_at IS NULL AND o.state = 'placed'
        """,
        list(range(len(some))),
        [each.merchant_id for each in some],
        [UUID(each.about["order_id"]) if "order_id" in each.about else None for each in some],
    )
    return {row["i"] for row in rows}


async def _branch(tx: Tx, setup: Branch, some: Sequence[Traveller], steps: Steps) -> list[Outcome]:
    assert setup.tree is not None, "validation asks for a condition"
    people = [(each.merchant_id, each.buyer_id) for each in some]
    yes = await holding(tx, people, setup.tree, steps.now)
    return [Outcome(each, YES if place in yes else NO) for place, each in enumerate(some)]


async def _split(tx: Tx, node: Node, setup: Split, some: Sequence[Traveller], steps: Steps) -> list[Outcome]:
    """By a hash of the person: whoever comes here again goes the same way. That they were shared out is written down as what they
    were exposed to, so that analyses can compare them; where an experiment judges the split, it shares them out and counts
    them. Who came in by an earlier version goes as they would without it."""
    first = some[0]
    judge = await experiments.on_split(tx, first.merchant_id, first.journey_id, node.key)
    if judge is not None and first.version < judge.version:
        judge = None
    salt = judge.salt if judge is not None else salt_of(first.journey_id, node.key)
    seen: dict[str, Property] = {"journey": str(first.journey_id), "box": node.key}
    if judge is not None and judge.running:
        seen["experiment"] = str(judge.experiment_id)
    gone: list[tuple[Traveller, int]] = []
    exposed: list[Behaviour] = []
    for who in some:
        arm = variant_of(salt, who.buyer_id, CERTAIN, setup.weights)
        assert arm is not None, "everybody takes part"
        gone.append((who, arm))
        exposed.append(
            Behaviour(
                event_id=ids.derived(who.journey_id, node.key, str(who.buyer_id), str(who.entry), str(who.steps)),
                kind=behaviour.Kind.EXPOSURE,
                at=steps.now,
                merchant_id=who.merchant_id,
                visitor_id=who.buyer_id,
                buyer_id=who.buyer_id,
                surface=behaviour.Surface.HOUSE,
                properties={**seen, "variant": node.outs[arm]},
            )
        )
    for n in range(0, len(exposed), behaviour.BEHAVIOURS_PER_BATCH_MAX):
        await behaviour.record(tx, exposed[n : n + behaviour.BEHAVIOURS_PER_BATCH_MAX])
    if judge is not None and judge.running:
        await _expose(tx, judge.experiment_id, gone, steps)
    return [Outcome(who, node.outs[arm]) for who, arm in gone]


async def _expose(tx: Tx, experiment_id: UUID, gone: Sequence[tuple[Traveller, int]], steps: Steps) -> None:
    """Who went which way counts in the experiment; not who wants nothing of theirs analysed."""
    silent = await behaviour.quiet(tx, [who.buyer_id for who, _ in gone])
    counted = [
        Exposure(
            merchant_id=who.merchant_id,
            experiment_id=experiment_id,
            unit_id=who.buyer_id,
            variant=arm,
            at=steps.now,
        )
        for who, arm in gone
        if who.buyer_id not in silent
    ]
    for n in range(0, len(counted), EXPOSURES_PER_BATCH_MAX):
        await experiments.expose(tx, counted[n : n + EXPOSURES_PER_BATCH_MAX])


async def _coupon(tx: Tx, setup: Coupon, some: Sequence[Traveller]) -> dict[UUID, str]:
    """A copy for each, as far as there are some, and for nobody more than they may have."""
    merchant_id, promotion_id = some[0].merchant_id, setup.promotion_id
    assert promotion_id is not None, "validation asks for a coupon"
    gift = CouponGift(
        merchant_id=merchant_id, gift_id=ids.mint(), promotion_id=promotion_id, audience=GiftAudience.SEGMENT
    )
    # The journey's own messages speak of it, by its rules of quiet hours and caps.
    given = set(await promotions.give_to_segment(tx, gift, [each.buyer_id for each in some], BY, mailed=False) or [])
    return {each.buyer_id: NO_COUPON for each in some if each.buyer_id not in given}


async def _points(tx: Tx, setup: Points, some: Sequence[Traveller]) -> dict[UUID, str]:
    """Points of the platform, for customers of its own shops; who has no account has no purse."""
    house = await operator.profile(tx)
    assert house is not None, "a house that runs has an operator"
    expires_at = await rewards.good_until(tx)
    readers = set(await _with_accounts(tx, some))
    ordered = sorted((each for each in some if each.buyer_id in readers), key=lambda each: each.buyer_id)
    await wallets.move(
        tx,
        [
            Move(
                buyer_id=BuyerId(each.buyer_id),
                purse=Purse.POINTS,
                currency=house.currency,
                amount=setup.points,
                cause=Cause.GIVEN,
                document=ids.derived(each.journey_id, str(each.buyer_id), str(each.entry), str(each.steps)),
                expires_at=expires_at,
            )
            for each in ordered
        ],
    )
    return {each.buyer_id: NO_ACCOUNT for each in some if each.buyer_id not in readers}


async def _with_accounts(tx: Tx, some: Sequence[Traveller]) -> list[UUID]:
    rows = await tx.fetch(
        "SELECT buyer_id FROM buyers WHERE buyer_id = ANY($1) AND NOT guest", [each.buyer_id for each in some]
    )
    return [row["buyer_id"] for row in rows]


async def _group(tx: Tx, setup: GroupMove, some: Sequence[Traveller]) -> None:
    assert setup.group_id is not None, "validation asks for a group"
    merchant_id = some[0].merchant_id
    if setup.enter:
        joining = [Joining(merchant_id, setup.group_id, each.buyer_id) for each in some]
        await promotions.join(tx, sorted(joining, key=lambda each: each.buyer_id), MemberSource.HAND)
    else:
        await promotions.leave(tx, merchant_id, setup.group_id, [each.buyer_id for each in some])


async def _task(tx: Tx, node: Node, setup: Task, some: Sequence[Traveller], steps: Steps) -> None:
    """One task for each person, on the shop's board."""
    due = steps.now + timedelta(days=setup.days)
    tasks = [
        workboard.Task(
            merchant_id=each.merchant_id,
            task_id=ids.derived(each.journey_id, node.key, str(each.buyer_id), str(each.entry), str(each.steps)),
            title=text(setup.title, setup.title),
            due_at=due,
            source="journeys",
            source_id=each.journey_id,
            link=f"/merchant/customers/{each.buyer_id}",
        )
        for each in some
    ]
    for n in range(0, len(tasks), TASKS_PER_CALL_MAX):
        await workboard.open_tasks(tx, tasks[n : n + TASKS_PER_CALL_MAX], BY)
