"""Journeys in words: what each kind of box is called, what one of them says, and in what state a journey is."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.kernel import i18n
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.operations import outreach, segments
from steelyard.operations.journeys.model import (
    FAILED,
    HAPPENED,
    LATE,
    NO,
    THEN,
    YES,
    Await,
    Branch,
    Channel,
    Coupon,
    Exit,
    Graph,
    GroupMove,
    How,
    Kind,
    Message,
    Node,
    On,
    Points,
    Reentry,
    Settings,
    Split,
    State,
    Task,
    Trigger,
    Wait,
    kind_of,
)
from steelyard.operations.segments.model import Currencies
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.moments import local_time
from steelyard.surfaces.web.segment_told import Told, told
from steelyard.surfaces.web.visit import Visit

HOUR, DAY = 60, 24 * 60


class KindWords(msgspec.Struct, frozen=True):
    icon: str
    label: str
    text: str


KINDS: dict[Kind, KindWords] = {
    Kind.TRIGGER: KindWords("zap", N_("Beginning"), N_("By what a customer comes in")),
    Kind.MESSAGE: KindWords("send", N_("Send a message"), N_("By e-mail, in the inbox, by SMS or WeChat")),
    Kind.WAIT: KindWords("hourglass", N_("Wait"), N_("For a while, or until a time of day")),
    Kind.AWAIT: KindWords("radar", N_("Wait for something"), N_("Until it happens, or it is too late")),
    Kind.BRANCH: KindWords("split", N_("Condition"), N_("Who fulfils it goes one way, the others another")),
    Kind.SPLIT: KindWords("flask-conical", N_("Split test"), N_("By chance, two to four ways")),
    Kind.COUPON: KindWords("ticket-percent", N_("Coupon"), N_("Into the customer’s purse")),
    Kind.POINTS: KindWords("coins", N_("Points"), N_("To spend at the next order")),
    Kind.GROUP: KindWords("users-round", N_("Customer group"), N_("Into a price list, or out of it")),
    Kind.TASK: KindWords("clipboard-list", N_("Task"), N_("For somebody of your shop")),
    Kind.EXIT: KindWords("log-out", N_("End"), N_("The journey ends here")),
}
OUTS = {
    THEN: "",
    FAILED: N_("Not sent"),
    HAPPENED: N_("Happened"),
    LATE: N_("Too late"),
    YES: N_("Yes"),
    NO: N_("No"),
}
CHANNELS = {
    Channel.EMAIL: N_("Mail"),
    Channel.INBOX: N_("Inbox"),
    Channel.SMS: N_("SMS"),
    Channel.WECHAT: N_("WeChat"),
}
STATES: dict[State, tuple[str, str]] = {
    State.DRAFT: (N_("Draft"), "quiet"),
    State.LIVE: (N_("Running"), "good"),
    State.PAUSED: (N_("Paused"), "warn"),
    State.ENDED: (N_("Ended"), "quiet"),
}


class Things(msgspec.Struct, frozen=True, kw_only=True):
    """What boxes of a shop name, by their ids: what there is to choose, and what conditions say in words."""

    segments: Mapping[UUID, str] = {}
    templates: Mapping[UUID, tuple[Channel, str]] = {}
    coupons: Mapping[UUID, str] = {}
    groups: Mapping[UUID, str] = {}
    conditions: Mapping[str, Told] = {}
    currency: str = ""


async def things_of(read: Read, visit: Visit, graph: Graph) -> Things:
    """For the boxes of this journey and their forms."""
    shop = visit.merchant_id
    currency = await frame.currency(read, shop)
    conditions = {
        each.key: await told(read, visit, shop, Currencies.one(currency), each.setup.tree)
        for each in graph.nodes
        if isinstance(each.setup, Branch) and each.setup.tree is not None
    }
    return Things(
        segments={each.segment_id: each.name.in_language(visit.locale) for each in await segments.segments(read, shop)},
        templates={
            each.template_id: (Channel(each.channel), each.name) for each in await outreach.templates(read, shop)
        },
        coupons={
            each.promotion_id: each.name.in_language(visit.locale)
            for each in await promotions.coupons_to_give(read, shop)
        },
        groups={
            each.group_id: each.name.in_language(visit.locale)
            for each in await promotions.customer_groups(read, MerchantId(shop))
        },
        conditions=conditions,
        currency=currency,
    )


def event_words(visit: Visit, event: str) -> str:
    """What happens, in the reader's language."""
    found = kind_of(event)
    return visit.say(found.title) if found is not None else visit.say(N_("Something that is not chosen yet"))


def lasting(visit: Visit, minutes: int) -> str:
    """So long, in the largest unit that fits whole."""
    words = i18n.translations(visit.locale)
    if minutes and minutes % DAY == 0:
        count = minutes // DAY
        said = words.ngettext("{count} day", "{count} days", count)
    elif minutes and minutes % HOUR == 0:
        count = minutes // HOUR
        said = words.ngettext("{count} hour", "{count} hours", count)
    else:
        count = minutes
        said = words.ngettext("{count} minute", "{count} minutes", count)
    return said.format(count=count)


def out_label(visit: Visit, node: Node, out: str) -> str:
    """What a way out of a box is called; a box with one way has no word for it."""
    if out == FAILED and not isinstance(node.setup, Message):
        return visit.say(N_("Not given"))
    if not isinstance(node.setup, Split):
        return visit.say(OUTS[out]) if OUTS.get(out) else ""
    at = node.outs.index(out)
    weights = node.setup.weights
    share = round(100 * weights[at] / sum(weights)) if at < len(weights) and sum(weights) else 0
    return f"{out.upper()} {share} %"


def said(visit: Visit, node: Node, things: Things) -> tuple[str, str]:
    """A box's title and what stands below it."""
    below = ""
    match node.setup:
        case Trigger():
            title, below = _trigger(visit, node.setup, things)
        case Wait():
            title = _wait(visit, node.setup)
        case Await(event=event, minutes=minutes):
            title = visit.say(N_("Until: {event}"), event=event_words(visit, event))
            below = visit.say(N_("at most {time}"), time=lasting(visit, minutes))
        case Branch():
            title, below = _branch(visit, node, things)
        case Split():
            title = visit.say(N_("Shared out by chance"))
        case Message():
            title, below = _message(visit, node.setup, things)
        case Coupon(promotion_id=promotion_id):
            title = _named(visit, things.coupons, promotion_id, N_("No coupon chosen yet"))
            below = visit.say(N_("is given"))
        case Points(points=points):
            title, below = visit.say(N_("{count} points"), count=points), visit.say(N_("are given"))
        case GroupMove(group_id=group_id, enter=enter):
            title = _named(visit, things.groups, group_id, N_("No group chosen yet"))
            below = visit.say(N_("comes into the group") if enter else N_("goes out of the group"))
        case Task(title=to_do, days=days):
            title = to_do or visit.say(N_("Nothing to do said yet"))
            below = visit.say(N_("within {time}"), time=lasting(visit, days * DAY))
        case Exit():
            title = visit.say(N_("The journey ends"))
    return title, below


def _named(visit: Visit, names: Mapping[UUID, str], which: UUID | None, nothing: str) -> str:
    return (names.get(which) if which is not None else None) or visit.say(nothing)


def _trigger(visit: Visit, setup: Trigger, things: Things) -> tuple[str, str]:
    if setup.on is On.EVENT:
        title = event_words(visit, setup.event)
        notes: list[str] = []
        if setup.delay_minutes:
            notes.append(visit.say(N_("{time} later"), time=lasting(visit, setup.delay_minutes)))
        if setup.products or setup.categories:
            notes.append(visit.say(N_("certain goods only")))
        return title, " · ".join(notes)
    name = _named(visit, things.segments, setup.segment_id, N_("No segment chosen yet"))
    if setup.on is On.SEGMENT:
        present = visit.say(N_("also who is in it at the start")) if setup.present else ""
        return visit.say(N_("Comes into: {segment}"), segment=name), present
    moment = local_time(setup.at).replace("T", " ") if setup.at else visit.say(N_("no day yet"))
    return visit.say(N_("All of: {segment}"), segment=name), moment


def _wait(visit: Visit, setup: Wait) -> str:
    match setup.how:
        case How.DURATION:
            return visit.say(N_("Wait {time}"), time=lasting(visit, setup.minutes))
        case How.TIME:
            return visit.say(N_("Until {time} where the customer is"), time=setup.time)
        case How.INTERVAL:
            return visit.say(N_("Until the product is usually bought again"))


def _branch(visit: Visit, node: Node, things: Things) -> tuple[str, str]:
    condition = things.conditions.get(node.key)
    if condition is None:
        return visit.say(N_("No condition yet")), ""
    leaves = list(lines(condition))
    return leaves[0] if leaves else condition.says, " / ".join(leaves[1:])


def lines(condition: Told) -> Sequence[str]:
    """The conditions one after the other."""
    if not condition.group:
        return [condition.says]
    return [line for each in condition.of for line in lines(each)]


def _message(visit: Visit, setup: Message, things: Things) -> tuple[str, str]:
    found = things.templates.get(setup.template_id) if setup.template_id is not None else None
    kind = visit.say(N_("advertising") if setup.marketing else N_("about the order"))
    return found[1] if found else visit.say(
        N_("No message chosen yet")
    ), f"{visit.say(CHANNELS[setup.channel])} · {kind}"


# What reaches people or is given to them.
ACTS = frozenset({Kind.MESSAGE, Kind.COUPON, Kind.POINTS, Kind.GROUP, Kind.TASK})
# Why something was not sent or given.
REASONS = {
    "capped": N_("had enough messages"),
    "no_consent": N_("have not agreed, or cannot be reached"),
    "no_template": N_("the message is put away"),
    "no_coupon": N_("got no coupon"),
    "no_account": N_("have no account"),
    "no_group": N_("the group is closed"),
    "no_points": N_("got no points"),
}


def rules(visit: Visit, settings: Settings) -> list[str]:
    """The rules of a journey, one sentence each."""
    found: list[str] = []
    if settings.goal is not None:
        facts = {"event": event_words(visit, settings.goal.event), "time": lasting(visit, settings.goal.days * DAY)}
        found.append(visit.say(N_("Goal: {event}, within {time}. Who reaches it goes no further."), **facts))
    else:
        found.append(visit.say(N_("No goal: nobody is counted as won.")))
    if settings.exits:
        events = ", ".join(event_words(visit, each) for each in settings.exits)
        found.append(visit.say(N_("It ends for who: {events}"), events=events))
    match settings.reentry:
        case Reentry.NEVER:
            found.append(visit.say(N_("Everybody comes in once.")))
        case Reentry.ENDED:
            found.append(visit.say(N_("The same customer comes in again when the last time has ended.")))
        case Reentry.DAYS:
            again = lasting(visit, settings.reentry_days * DAY)
            found.append(visit.say(N_("The same customer comes in again after {time}."), time=again))
    caps = {"most": settings.cap_messages, "time": lasting(visit, settings.cap_days * DAY)}
    found.append(
        visit.say(N_("At most {most} advertising messages to one customer in {time}, of all journeys."), **caps)
    )
    if settings.quiet_from and settings.quiet_to:
        times = {"begins": settings.quiet_from, "ends": settings.quiet_to}
        found.append(visit.say(N_("No advertising between {begins} and {ends} where the customer is."), **times))
    return found
