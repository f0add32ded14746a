"""What is wrong with a journey, each fault at its box: what the graph alone tells (`check`), and what it names (`faults_of`).

A graph without faults always comes to an end or waits: every way leads on, every circle has a wait in it, and from every box an
exit can be reached. So a sweep that takes somebody as far as they can go takes at most as many steps as there are boxes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import time
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.operations import segments
from steelyard.operations.journeys.catalogue import kind_of
from steelyard.operations.journeys.graph import (
    CANVAS_MAX,
    CAP_DAYS_MAX,
    CAP_MESSAGES_MAX,
    DAYS_MAX,
    FAILED,
    KEY_CHARACTERS_MAX,
    MINUTES_MAX,
    NODES_MAX,
    NOTE_CHARACTERS_MAX,
    POINTS_MAX,
    SPLIT_OUTS,
    TITLE_CHARACTERS_MAX,
    WAITING,
    WEIGHT_MAX,
    Await,
    Branch,
    Coupon,
    Exit,
    Graph,
    GroupMove,
    How,
    Message,
    Node,
    On,
    Points,
    Reentry,
    Settings,
    Setup,
    Split,
    Task,
    Trigger,
    Wait,
)
from steelyard.operations.segments.model import TreeRefused

_KEY = re.compile(rf"[a-z0-9]{{1,{KEY_CHARACTERS_MAX}}}")
PRODUCTS_MAX = 100


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with the box `key` (none: with the journey as a whole): `field` is of its setup, or `next.<out>`; `why` a
    msgid."""

    key: str = ""
    field: str = ""
    why: str


NO_TRIGGER = N_("A journey has one beginning. Please add it.")
TWO_TRIGGERS = N_("A journey has one beginning only")
TOO_MANY = N_("A journey has at most two hundred boxes")
WRONG_KEY = N_("A box is named by at most twenty small letters and digits")
SAME_KEY = N_("Two boxes have the same name")
OFF_CANVAS = N_("This place is not on the canvas")
TOO_LONG = N_("This is too long")
NOT_JOINED = N_("Please join this way to a box")
NO_SUCH_BOX = N_("The box that follows here is gone")
NO_SUCH_OUT = N_("There is no such way out of this box")
TO_THE_BEGINNING = N_("Nobody goes back to the beginning: who comes in again is said in the settings")
UNREACHABLE = N_("No way leads to this box")
NO_END = N_("From here no way leads to an end")
ROUND_WITHOUT_WAIT = N_("This goes round without a wait")
CHOOSE_EVENT = N_("Please choose what happens")
CHOOSE_SEGMENT = N_("Please choose a segment")
CHOOSE_MOMENT = N_("Please choose a day and a time")
CHOOSE_TEMPLATE = N_("Please choose a message of this channel")
CHOOSE_COUPON = N_("Please choose a coupon that can be given")
CHOOSE_GROUP = N_("Please choose a customer group")
CHOOSE_TITLE = N_("Please say what is to be done")
CHOOSE_CONDITION = N_("Please say the condition")
WRONG_CONDITION = N_("The condition is not right yet")
WRONG_MINUTES = N_("Please enter between a minute and a year")
WRONG_TIME = N_("Please enter a time such as 09:00")
WRONG_DAYS = N_("Please enter between 1 and 365 days")
WRONG_POINTS = N_("Please enter between 1 and 100,000 points")
WRONG_WEIGHTS = N_("Please enter two to four weights between 0 and 1,000, not all of them 0")
WRONG_CAP = N_("Please enter between 1 and 100 messages in 1 to 30 days")
WRONG_QUIET = N_("Please enter both times, or neither")
NOT_TRANSACTIONAL = N_("Only what belongs to an order that waits for its payment is no advertising")
POINTS_OF_THE_HOUSE = N_("Points are the platform’s: only its own shops give them")
TOO_MANY_GOODS = N_("Please choose fewer")


def check(graph: Graph) -> list[Fault]:
    """What is wrong as far as the graph alone tells."""
    found = list(_names(graph))
    if found:  # what follows goes by the names
        return found
    for node in graph.nodes:
        found += [Fault(key=node.key, field=field, why=why) for field, why in _setup(node, graph)]
        found += _joins(node, graph)
    found += [Fault(field=f"settings.{field}", why=why) for field, why in _settings(graph.settings)]
    found += _ways(graph)
    return found


def _names(graph: Graph) -> Iterator[Fault]:
    if len(graph.nodes) > NODES_MAX:
        yield Fault(why=TOO_MANY)
    seen: set[str] = set()
    for node in graph.nodes:
        if not _KEY.fullmatch(node.key):
            yield Fault(key=node.key, why=WRONG_KEY)
        if node.key in seen:
            yield Fault(key=node.key, why=SAME_KEY)
        seen.add(node.key)
        if not (-CANVAS_MAX <= node.x <= CANVAS_MAX and -CANVAS_MAX <= node.y <= CANVAS_MAX):
            yield Fault(key=node.key, why=OFF_CANVAS)
        if len(node.note) > NOTE_CHARACTERS_MAX:
            yield Fault(key=node.key, field="note", why=TOO_LONG)


def _joins(node: Node, graph: Graph) -> Iterator[Fault]:
    known = graph.by_key()
    for out, following in node.next.items():
        if out not in node.outs:
            if following is not None:
                yield Fault(key=node.key, field=f"next.{out}", why=NO_SUCH_OUT)
        elif following is not None and following not in known:
            yield Fault(key=node.key, field=f"next.{out}", why=NO_SUCH_BOX)
        elif following is not None and isinstance(known[following].setup, Trigger):
            yield Fault(key=node.key, field=f"next.{out}", why=TO_THE_BEGINNING)
    for out in node.outs:
        if out != FAILED and node.next.get(out) is None:
            yield Fault(key=node.key, field=f"next.{out}", why=NOT_JOINED)


def _ways(graph: Graph) -> Iterator[Fault]:
    beginnings = [each for each in graph.nodes if isinstance(each.setup, Trigger)]
    if not beginnings:
        yield Fault(why=NO_TRIGGER)
    for each in beginnings[1:]:
        yield Fault(key=each.key, why=TWO_TRIGGERS)
    known = graph.by_key()
    forth: dict[str, set[str]] = {key: set() for key in known}
    back: dict[str, set[str]] = {key: set() for key in known}
    for key, _, following in graph.edges():
        if following in known:
            forth[key].add(following)
            back[following].add(key)
    reached = _reach((each.key for each in beginnings[:1]), forth)
    ending = _reach((each.key for each in graph.nodes if isinstance(each.setup, Exit)), back)
    for node in graph.nodes:
        if beginnings and node.key not in reached and node not in beginnings:
            yield Fault(key=node.key, why=UNREACHABLE)
        whole = all(node.after(out) is not None for out in node.outs)
        if node.key not in ending and whole:
            yield Fault(key=node.key, why=NO_END)
    for key in _round(graph, forth):
        yield Fault(key=key, why=ROUND_WITHOUT_WAIT)


def _reach(begin: Iterable[str], ways: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(begin)
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += ways[here]
    return found


def _round(graph: Graph, forth: dict[str, set[str]]) -> list[str]:
    """Boxes on a circle that has no wait in it."""
    hasty = {each.key for each in graph.nodes if not isinstance(each.setup, WAITING)}
    quick = {key: {following for following in forth[key] if following in hasty} for key in hasty}
    return [each.key for each in graph.nodes if each.key in hasty and each.key in _reach(quick[each.key], quick)]


def _setup(node: Node, graph: Graph) -> Iterator[tuple[str, str]]:
    match node.setup:
        case Trigger():
            return _trigger(node.setup)
        case Wait():
            return _wait(node.setup)
        case Await():
            return _await(node.setup)
        case Message():
            return _message(node.setup, graph)
        case _:
            return _act(node.setup)


def _act(setup: Setup) -> Iterator[tuple[str, str]]:
    match setup:
        case Split(weights=weights):
            known = all(0 <= each <= WEIGHT_MAX for each in weights) and any(weights)
            if not 2 <= len(weights) <= len(SPLIT_OUTS) or not known:
                yield "weights", WRONG_WEIGHTS
        case Coupon(promotion_id=None):
            yield "promotion_id", CHOOSE_COUPON
        case Points(points=points):
            if not 1 <= points <= POINTS_MAX:
                yield "points", WRONG_POINTS
        case GroupMove(group_id=None):
            yield "group_id", CHOOSE_GROUP
        case Branch():
            yield from _condition(setup)
        case Task():
            yield from _task(setup)
        case _:
            return


def _trigger(setup: Trigger) -> Iterator[tuple[str, str]]:
    if setup.on is On.EVENT:
        kind = kind_of(setup.event)
        if kind is None or not kind.begins:
            yield "event", CHOOSE_EVENT
        if not 0 <= setup.delay_minutes <= MINUTES_MAX:
            yield "delay_minutes", WRONG_MINUTES
        yield from _goods(setup.products, setup.categories)
        return
    if setup.segment_id is None:
        yield "segment_id", CHOOSE_SEGMENT
    if setup.on is On.DATE and (setup.at is None or setup.at.tzinfo is None):
        yield "at", CHOOSE_MOMENT


def _goods(products: Sequence[UUID], categories: Sequence[UUID]) -> Iterator[tuple[str, str]]:
    for field, chosen in (("products", products), ("categories", categories)):
        if len(chosen) > PRODUCTS_MAX:
            yield field, TOO_MANY_GOODS


def _wait(setup: Wait) -> Iterator[tuple[str, str]]:
    if setup.how is How.DURATION and not 1 <= setup.minutes <= MINUTES_MAX:
        yield "minutes", WRONG_MINUTES
    if setup.how is How.TIME and clock(setup.time) is None:
        yield "time", WRONG_TIME


def _await(setup: Await) -> Iterator[tuple[str, str]]:
    kind = kind_of(setup.event)
    if kind is None or not kind.follows:
        yield "event", CHOOSE_EVENT
    if not 1 <= setup.minutes <= MINUTES_MAX:
        yield "minutes", WRONG_MINUTES
    yield from _goods(setup.products, setup.categories)


def _condition(setup: Branch) -> Iterator[tuple[str, str]]:
    if setup.tree is None:
        yield "tree", CHOOSE_CONDITION
        return
    try:
        segments.check_tree(setup.tree)
    except TreeRefused:
        yield "tree", WRONG_CONDITION


def _message(setup: Message, graph: Graph) -> Iterator[tuple[str, str]]:
    if setup.template_id is None:
        yield "template_id", CHOOSE_TEMPLATE
    if not setup.marketing:
        begins = graph.trigger
        kind = kind_of(begins.setup.event) if begins and isinstance(begins.setup, Trigger) else None
        by_event = begins is not None and isinstance(begins.setup, Trigger) and begins.setup.on is On.EVENT
        if not by_event or kind is None or not kind.transactional:
            yield "marketing", NOT_TRANSACTIONAL


def _task(setup: Task) -> Iterator[tuple[str, str]]:
    if not setup.title.strip():
        yield "title", CHOOSE_TITLE
    if len(setup.title) > TITLE_CHARACTERS_MAX:
        yield "title", TOO_LONG
    if not 1 <= setup.days <= DAYS_MAX:
        yield "days", WRONG_DAYS


def _settings(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.goal is not None:
        kind = kind_of(settings.goal.event)
        if kind is None or not kind.follows:
            yield "goal.event", CHOOSE_EVENT
        if not 1 <= settings.goal.days <= DAYS_MAX:
            yield "goal.days", WRONG_DAYS
    for event in settings.exits:
        kind = kind_of(event)
        if kind is None or not kind.follows:
            yield "exits", CHOOSE_EVENT
    if settings.reentry is Reentry.DAYS and not 1 <= settings.reentry_days <= DAYS_MAX:
        yield "reentry_days", WRONG_DAYS
    if not (1 <= settings.cap_messages <= CAP_MESSAGES_MAX and 1 <= settings.cap_days <= CAP_DAYS_MAX):
        yield "cap_messages", WRONG_CAP
    if (settings.quiet_from is None) != (settings.quiet_to is None):
        yield "quiet_from", WRONG_QUIET
    for field, said in (("quiet_from", settings.quiet_from), ("quiet_to", settings.quiet_to)):
        if said is not None and clock(said) is None:
            yield field, WRONG_TIME


def clock(said: str) -> time | None:
    """A time of day as it is written; none for what is no such time."""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", said)
    return time(int(found[1]), int(found[2])) if found else None


async def faults_of(read: Read, merchant_id: UUID, graph: Graph) -> list[Fault]:
    """All that is wrong with it for this shop, what it names and is not there included."""
    found = check(graph)
    leaving = graph.settings.leaving
    wanted = {named for node in graph.nodes for _, named, _ in _named(node)}
    there = await _there(read, merchant_id, wanted | ({("segment", leaving)} if leaving is not None else set()))
    for node in graph.nodes:
        found += [Fault(key=node.key, field=field, why=why) for field, named, why in _named(node) if named not in there]
    if leaving is not None and ("segment", leaving) not in there:
        found.append(Fault(field="settings.leaving", why=CHOOSE_SEGMENT))
    if any(isinstance(each.setup, Points) for each in graph.nodes) and not await _self_operated(read, merchant_id):
        found += [
            Fault(key=each.key, field="points", why=POINTS_OF_THE_HOUSE)
            for each in graph.nodes
            if isinstance(each.setup, Points)
        ]
    return found


async def lost(read: Read, merchant_id: UUID, node: Node) -> bool:
    """Whether what a box gives or says, or the right to give it, is not there any more since the journey was started."""
    if isinstance(node.setup, Points):
        return not await _self_operated(read, merchant_id)
    named = {thing for _, thing, _ in _named(node)}
    return await _there(read, merchant_id, named) != named


_Thing = tuple[str, UUID]


def _named(node: Node) -> Iterator[tuple[str, _Thing, str]]:
    """What a box names: the field, the thing, and what is said where it is not there."""
    match node.setup:
        case Trigger(on=On.SEGMENT | On.DATE, segment_id=UUID() as segment_id):
            yield "segment_id", ("segment", segment_id), CHOOSE_SEGMENT
        case Branch(tree=condition) if condition is not None:
            for segment_id in sorted(segments.asked(condition)):
                yield "tree", ("segment", segment_id), CHOOSE_SEGMENT
        case Message(channel=channel, template_id=UUID() as template_id):
            yield "template_id", (f"template:{channel}", template_id), CHOOSE_TEMPLATE
        case Coupon(promotion_id=UUID() as promotion_id):
            yield "promotion_id", ("coupon", promotion_id), CHOOSE_COUPON
        case GroupMove(group_id=UUID() as group_id):
            yield "group_id", ("group", group_id), CHOOSE_GROUP
        case _:
            return


async def _there(read: Read, merchant_id: UUID, wanted: Set[_Thing]) -> set[_Thing]:
    if not wanted:
        return set()
    rows = await read.fetch(
        """
        SELECT w.what, w.id FROM unnest($2::text[], $3::uuid[]) AS w (what, id)
        WHERE CASE w.what
              WHEN 'segment' THEN EXISTS (SELECT FROM segments s WHERE s.merchant_id = $1 AND s.segment_id = w.id
                                                                   AND s.archived_at IS NULL)
              WHEN 'group' THEN EXISTS (SELECT FROM customer_groups g WHERE g.merchant_id = $1 AND g.group_id = w.id
                                                                        AND g.closed_at IS NULL)
              WHEN 'coupon' THEN EXISTS (SELECT FROM promotions p WHERE p.merchant_id = $1 AND p.promotion_id = w.id AND p.given
                                                      AND p.stopped_at IS NULL AND p.ends_at > now())
              ELSE EXISTS (SELECT FROM message_templates m WHERE m.merchant_id = $1 AND m.template_id = w.id
                              AND w.what = 'template:' || m.channel AND m.archived_at IS NULL) END
        """,
        merchant_id,
        [what for what, _ in wanted],
        [each for _, each in wanted],
    )
    return {(row["what"], row["id"]) for row in rows}


async def _self_operated(read: Read, merchant_id: UUID) -> bool:
    return bool(await read.value("SELECT self_operated FROM merchants WHERE merchant_id = $1", merchant_id))
