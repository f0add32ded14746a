"""A journey played with people of the past, in the order of time: pure, so that the worked example can be counted by hand."""

import heapq
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.kernel.days import HOUSE_ZONE, day_of
from steelyard.operations.experiments import variant_of
from steelyard.operations.journeys.catalogue import Event, kind_of
from steelyard.operations.journeys.enrolling import reenters
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
    Exit,
    Graph,
    How,
    Message,
    Node,
    On,
    Split,
    Task,
    Trigger,
    Wait,
)
from steelyard.operations.journeys.happening import Happened
from steelyard.operations.journeys.hearing import about_these
from steelyard.operations.journeys.intervals import DAYS_WITHOUT
from steelyard.operations.journeys.model import NodeCount
from steelyard.operations.journeys.outcomes import CAPPED, CERTAIN, NO_CONSENT, salt_of
from steelyard.operations.journeys.validating import clock
from steelyard.parties import customers


class CouponsGiven(msgspec.Struct, frozen=True, kw_only=True):
    """`most` is what they cost if each is used in full, in minor units of `currency`; none: a share of what is bought, without a
    bound."""

    promotion_id: UUID
    people: int
    currency: str
    most: int | None


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """What would have been. `all_of_it`: false where more came in than are played: then these are the first. `stayed` are still
    inside at the end."""

    since: datetime
    until: datetime
    all_of_it: bool = True
    entered: int = 0
    finished: int = 0
    reached: int = 0
    exited: int = 0
    stayed: int = 0
    capped: int = 0
    no_consent: int = 0
    quiet: int = 0
    tasks: int = 0
    messages: int = 0
    by_day: Mapping[str, int] = {}
    nodes: Mapping[str, NodeCount] = {}
    coupons: Sequence[CouponsGiven] = ()


class Known(msgspec.Struct, kw_only=True):
    """What is looked up once for everybody."""

    happened: dict[UUID, list[Happened]]
    holds: dict[str, set[UUID]]
    reachable: dict[tuple[str, bool], frozenset[UUID]]
    zones: Mapping[UUID, ZoneInfo]
    sent: dict[UUID, list[datetime]]
    categories: dict[UUID, frozenset[UUID]]
    intervals: dict[UUID, int]


class _Walker(msgspec.Struct, kw_only=True):
    buyer_id: UUID
    node: str
    entered: datetime
    since: datetime
    products: tuple[UUID, ...]
    passed: datetime | None = None
    signal: bool = False
    turn: int = 0


class Play:
    """One playing of a journey. `run` takes who would have come in, in the order of time."""

    def __init__(self, graph: Graph, journey_id: UUID, until: datetime, known: Known) -> None:
        self.graph, self.journey_id, self.until, self.known = graph, journey_id, until, known
        self.boxes = graph.by_key()
        self.counts: dict[str, int] = {}
        self.arrived: dict[str, int] = {}
        self.outs: dict[str, dict[str, int]] = {}
        self.reasons: dict[str, dict[str, int]] = {}
        self.here: dict[str, int] = {}
        self.days: dict[str, int] = {}
        self.coupons: dict[UUID, int] = {}
        self.queue: list[tuple[datetime, int, _Walker]] = []
        self.inside: dict[UUID, _Walker] = {}
        self.last: dict[UUID, datetime] = {}
        self.number = 0

    def run(self, came: Sequence[Happened]) -> None:
        for each in came:
            self._until(each.at)
            self._enter(each)
        self._until(self.until)
        for walker in list(self.inside.values()):
            if not self._led_out(walker, self.until):
                self.here[walker.node] = self.here.get(walker.node, 0) + 1

    def _enter(self, each: Happened) -> None:
        begins = self.graph.trigger
        assert begins is not None and isinstance(begins.setup, Trigger)
        setup, settings = begins.setup, self.graph.settings
        if not about_these(each.products, setup.products, setup.categories, self.known.categories):
            return
        inside = self.inside.get(each.buyer_id)
        if inside is not None and self._led_out(inside, each.at):
            inside = None
        if inside is not None:
            if inside.node == begins.key and each.event == Event.CART_LEFT:
                inside.since = each.at  # the cart is not left while somebody goes on putting things into it
                self._wait(inside, each.at + timedelta(minutes=setup.delay_minutes))
            return
        if not reenters(settings.reentry, settings.reentry_days, self.last.get(each.buyer_id), each.at):
            return
        walker = _Walker(
            buyer_id=each.buyer_id,
            node=begins.key,
            entered=each.at,
            since=each.at,
            products=each.products,
            passed=each.until,
        )
        self.inside[each.buyer_id], self.last[each.buyer_id] = walker, each.at
        self._add("entered")
        self.arrived[begins.key] = self.arrived.get(begins.key, 0) + 1
        self._wait(walker, each.at + timedelta(minutes=setup.delay_minutes))

    def _wait(self, walker: _Walker, until: datetime) -> None:
        self.number += 1
        walker.turn = self.number
        heapq.heappush(self.queue, (until, self.number, walker))

    def _until(self, moment: datetime) -> None:
        """Everybody whose time comes before this moment goes on."""
        while self.queue and self.queue[0][0] < moment:
            at, turn, walker = heapq.heappop(self.queue)
            if walker.turn == turn and self.inside.get(walker.buyer_id) is walker and not self._led_out(walker, at):
                self._go(walker, at)

    def _led_out(self, walker: _Walker, by: datetime) -> bool:
        """Whether the goal was reached or the way ended before this moment."""
        for each in self.known.happened.get(walker.buyer_id, ()):
            if not walker.entered < each.at <= by:
                continue
            if self._is_goal(walker, each):
                return self._end(walker, "reached")
            if each.event in self.graph.settings.exits:
                return self._end(walker, "exited")
        return False

    def _is_goal(self, walker: _Walker, each: Happened) -> bool:
        goal = self.graph.settings.goal
        if goal is None or each.event != goal.event:
            return False
        return walker.entered < each.at <= walker.entered + timedelta(days=goal.days)

    def _end(self, walker: _Walker, how: str) -> bool:
        self._add(how)
        self.inside.pop(walker.buyer_id, None)
        return True

    def _go(self, walker: _Walker, at: datetime) -> None:
        """Out of where they waited, as far as they can."""
        while True:
            node = self.boxes[walker.node]
            out = self._out(walker, node, at)
            if out is None:
                return
            self.outs.setdefault(node.key, {})[out] = self.outs.get(node.key, {}).get(out, 0) + 1
            following = node.after(out)
            assert following is not None, "every way leads on"
            walker.node, walker.since = following, at
            self.arrived[following] = self.arrived.get(following, 0) + 1
            setup = self.boxes[following].setup
            if isinstance(setup, Exit):
                # Who buys within the time after the end has reached the goal all the same; an exit leads nobody out any more.
                happened = self.known.happened.get(walker.buyer_id, ())
                reached = any(each.at <= self.until and self._is_goal(walker, each) for each in happened)
                self._end(walker, "reached" if reached else "finished")
                return
            if isinstance(setup, Wait | Await):
                self._wait(walker, self._resumes(walker, setup, at))
                return

    def _resumes(self, walker: _Walker, setup: Wait | Await, at: datetime) -> datetime:
        if isinstance(setup, Await):
            late = at + timedelta(minutes=setup.minutes)
            met = next(
                (
                    each.at
                    for each in self.known.happened.get(walker.buyer_id, ())
                    if each.event == setup.event
                    and at <= each.at <= late
                    and about_these(each.products, setup.products, setup.categories, self.known.categories)
                ),
                None,
            )
            walker.signal = met is not None
            return met or late
        if setup.how is How.DURATION:
            return at + timedelta(minutes=setup.minutes)
        if setup.how is How.TIME:
            hour = clock(setup.time)
            assert hour is not None, "the time can be read"
            return customers.next_at(at, self._zone(walker), hour)
        first = walker.products[0] if walker.products else None
        days = self.known.intervals.get(first, DAYS_WITHOUT) if first is not None else DAYS_WITHOUT
        return at + timedelta(days=days)

    def _out(self, walker: _Walker, node: Node, at: datetime) -> str | None:
        """By which out they leave a box; none: they stay, or their way has ended."""
        setup = node.setup
        match setup:
            case Trigger():
                return THEN if self._still(walker, setup, at) else self._drop(walker)
            case Await():
                return HAPPENED if walker.signal else LATE
            case Branch():
                return YES if walker.buyer_id in self.known.holds.get(node.key, ()) else NO
            case Split():
                arm = variant_of(salt_of(self.journey_id, node.key), walker.buyer_id, CERTAIN, setup.weights)
                assert arm is not None, "everybody takes part"
                return node.outs[arm]
            case Message():
                return self._send(walker, node, setup, at)
            case _:
                return self._act(setup)

    def _act(self, setup: object) -> str:
        if isinstance(setup, Coupon) and setup.promotion_id is not None:
            self.coupons[setup.promotion_id] = self.coupons.get(setup.promotion_id, 0) + 1
        if isinstance(setup, Task):
            self._add("tasks")
        return THEN

    def _still(self, walker: _Walker, setup: Trigger, at: datetime) -> bool:
        kind = kind_of(setup.event) if setup.on is On.EVENT else None
        if kind is None or not kind.still:
            return True
        if kind.event is Event.ORDER_UNPAID:
            return walker.passed is None or walker.passed > at
        ordered = {Event.ORDER_UNPAID, Event.ORDER_PAID}
        return not any(
            each.event in ordered and walker.entered <= each.at <= at
            for each in self.known.happened.get(walker.buyer_id, ())
        )

    def _drop(self, walker: _Walker) -> None:
        self._end(walker, "exited")

    def _send(self, walker: _Walker, node: Node, setup: Message, at: datetime) -> str | None:
        settings = self.graph.settings
        if setup.marketing and settings.quiet_from is not None and settings.quiet_to is not None:
            begins, ends = clock(settings.quiet_from), clock(settings.quiet_to)
            assert begins is not None and ends is not None, "the quiet hours can be read"
            later = customers.quiet_until(at, self._zone(walker), begins, ends)
            if later is not None:
                self._add("quiet")
                self._wait(walker, later)
                return None
        if walker.buyer_id not in self.known.reachable.get((setup.channel, setup.marketing), ()):
            return self._refuse(node, NO_CONSENT)
        sent = self.known.sent.setdefault(walker.buyer_id, [])
        lately = sum(1 for each in sent if at - timedelta(days=settings.cap_days) < each <= at)
        if setup.marketing and lately >= settings.cap_messages:
            return self._refuse(node, CAPPED)
        if setup.marketing:
            sent.append(at)
        self._add("messages")
        day = day_of(at).isoformat()
        self.days[day] = self.days.get(day, 0) + 1
        return THEN

    def _refuse(self, node: Node, reason: str) -> str:
        self._add(reason)
        self.reasons.setdefault(node.key, {})[reason] = self.reasons.get(node.key, {}).get(reason, 0) + 1
        return FAILED

    def _zone(self, walker: _Walker) -> ZoneInfo:
        return self.known.zones.get(walker.buyer_id, HOUSE_ZONE)

    def _add(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def _of(self, what: str) -> int:
        return self.counts.get(what, 0)

    def told(self, since: datetime, *, all_of_it: bool, coupons: Sequence[CouponsGiven]) -> Simulation:
        """What has come of it."""
        nodes = {
            key: NodeCount(
                arrived=self.arrived.get(key, 0),
                here=self.here.get(key, 0),
                outs=self.outs.get(key, {}),
                reasons=self.reasons.get(key, {}),
            )
            for key in self.boxes
        }
        return Simulation(
            since=since,
            until=self.until,
            all_of_it=all_of_it,
            stayed=sum(self.here.values()),
            by_day=dict(sorted(self.days.items())),
            nodes=nodes,
            coupons=coupons,
            entered=self._of("entered"),
            finished=self._of("finished"),
            reached=self._of("reached"),
            exited=self._of("exited"),
            capped=self._of(CAPPED),
            no_consent=self._of(NO_CONSENT),
            quiet=self._of("quiet"),
            tasks=self._of("tasks"),
            messages=self._of("messages"),
        )
