"""The form of a box: which fields its kind has, filled in from what it says. `journey_reading` reads it again."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.operations.journeys.model import (
    EVENTS,
    FAILED,
    Await,
    Branch,
    Channel,
    Coupon,
    Exit,
    Graph,
    GroupMove,
    How,
    Message,
    Node,
    On,
    Points,
    Setup,
    Split,
    Task,
    Trigger,
    Wait,
)
from steelyard.surfaces.merchant import journey_words as words
from steelyard.surfaces.merchant.journey_drawing import ordered
from steelyard.surfaces.merchant.journey_words import DAY, HOUR, Things
from steelyard.surfaces.web.moments import local_time
from steelyard.surfaces.web.visit import Visit

ARMS = ("a", "b", "c", "d")
UNITS = {"minutes": 1, "hours": HOUR, "days": DAY}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A field: `how` it is filled in (`choice`, `number`, `text`, `words`, `time`, `datetime-local`, `flag`, `goods`; `says` and
    `link` are to read and to follow)."""

    name: str
    label: str
    how: str
    value: str = ""
    options: Sequence[tuple[str, str]] = ()
    empty: str = ""
    hint: str = ""
    suffix: str = ""
    required: bool = True


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Fields in a line; `when` (`name=value other`) while that is chosen."""

    parts: Sequence[Part]
    when: str = ""


class WayField(msgspec.Struct, frozen=True, kw_only=True):
    """Where a way out of the box leads."""

    name: str
    label: str
    to: str
    options: Sequence[tuple[str, str]]
    nowhere: str


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A box as its form shows it."""

    key: str
    kind: str
    icon: str
    word: str
    text: str
    title: str
    note: str
    rows: Sequence[Row]
    ways: Sequence[WayField]


def box_of(visit: Visit, graph: Graph, node: Node, things: Things, here: str) -> Box:
    """What the form of this box shows."""
    about = words.KINDS[node.kind]
    return Box(
        key=node.key,
        kind=str(node.kind),
        icon=about.icon,
        word=visit.say(about.label),
        text=visit.say(about.text),
        title=words.said(visit, node, things)[0],
        note=node.note,
        rows=_Rows(visit, things, f"{here}/boxes/{node.key}", node.key).of(node.setup),
        ways=_ways(visit, graph, node, things),
    )


def _ways(visit: Visit, graph: Graph, node: Node, things: Things) -> list[WayField]:
    numbered = list(enumerate(ordered(graph), 1))
    options = [
        (each.key, f"{number}. {words.said(visit, each, things)[0]}")
        for number, each in numbered
        if each.key != node.key and not isinstance(each.setup, Trigger)
    ]
    return [
        WayField(
            name=out,
            label=words.out_label(visit, node, out),
            to=node.next.get(out) or "",
            options=options,
            nowhere=visit.say(N_("On all the same") if out == FAILED else N_("Nowhere yet")),
        )
        for out in node.outs
    ]


class _Rows:
    """The fields of each kind of box."""

    def __init__(self, visit: Visit, things: Things, here: str, key: str) -> None:
        self.say, self.visit, self.things, self.here, self.key = visit.say, visit, things, here, key

    def of(self, setup: Setup) -> list[Row]:
        match setup:
            case Trigger():
                rows = self.trigger(setup)
            case Wait():
                rows = self.wait(setup)
            case Await():
                most = self.lasting("minutes", N_("Waits at most"), setup.minutes)
                rows = [self.row(self.events(setup.event, begins=False)), most, *self.goods(setup.products)]
            case Branch():
                rows = self.branch()
            case Split():
                rows = self.split(setup)
            case Message():
                rows = self.message(setup)
            case Coupon(promotion_id=chosen):
                rows = self.choose("promotion_id", N_("Coupon"), self.things.coupons, chosen, *_COUPONS)
            case Points(points=points):
                rows = [self.row(self.part("points", N_("Points"), "number", str(points or "")))]
            case GroupMove(group_id=chosen, enter=enter):
                ways = [("yes", self.say(N_("Into the group"))), ("no", self.say(N_("Out of the group")))]
                way = self.row(self.part("enter", N_("What is done"), "choice", "yes" if enter else "no", ways))
                rows = [way, *self.choose("group_id", N_("Customer group"), self.things.groups, chosen, *_GROUPS)]
            case Task(title=title, days=days):
                title_part = self.part("title", N_("What is to be done"), "words", title)
                rows = [self.row(title_part), self.row(self.part("days", N_("Within days"), "number", str(days)))]
            case Exit():
                rows = []
        return rows

    def row(self, *parts: Part, when: str = "") -> Row:
        return Row(parts=parts, when=when)

    def part(
        self, name: str, label: str, how: str, value: str = "", options: Sequence[tuple[str, str]] = (), hint: str = ""
    ) -> Part:
        return Part(
            name=name,
            label=self.say(label),
            how=how,
            value=value,
            options=options,
            hint=self.say(hint) if hint else "",
            required=how not in ("flag", "goods"),
        )

    def choose(
        self, name: str, label: str, names: Mapping[UUID, str], chosen: UUID | None, none: str, make: str, href: str
    ) -> list[Row]:
        """One of the shop's things; where there is none, the way to make one."""
        options = [(str(each), word) for each, word in names.items()]
        part = msgspec.structs.replace(
            self.part(name, label, "choice", str(chosen or ""), options),
            empty=self.say(N_("Please choose")),
            hint="" if options else self.say(none),
        )
        return [self.row(part), self.row(self.part("", make, "link", href))]

    def events(self, chosen: str, *, begins: bool) -> Part:
        known = [each for each in EVENTS.values() if (each.begins if begins else each.follows)]
        options = [(str(each.event), self.say(each.title)) for each in known]
        part = self.part("event", N_("What is to happen"), "choice", chosen, options)
        return msgspec.structs.replace(part, empty=self.say(N_("Please choose")))

    def lasting(self, name: str, label: str, minutes: int, when: str = "") -> Row:
        """A time in the largest unit that fits whole."""
        unit = next((each for each in ("days", "hours") if minutes and minutes % UNITS[each] == 0), "minutes")
        options = [
            ("minutes", self.say(N_("minutes"))),
            ("hours", self.say(N_("hours"))),
            ("days", self.say(N_("days"))),
        ]
        return self.row(
            self.part(name, label, "number", str(minutes // UNITS[unit])),
            self.part(f"{name}_unit", N_("Unit"), "choice", unit, options),
            when=when,
        )

    def goods(self, chosen: Sequence[UUID], when: str = "") -> list[Row]:
        return [
            self.row(self.part("products", N_("Of these products"), "goods", "\n".join(map(str, chosen))), when=when)
        ]

    def trigger(self, setup: Trigger) -> list[Row]:
        ways = [
            (On.EVENT, self.say(N_("when something happens"))),
            (On.SEGMENT, self.say(N_("when they come into a segment"))),
            (On.DATE, self.say(N_("all of a segment, at one moment"))),
        ]
        segment = self.part("segment_id", N_("Segment"), "choice", str(setup.segment_id or ""), self.segments())
        present = self.part(
            "present", N_("Who is in it at the start comes in, too"), "flag", "yes" if setup.present else ""
        )
        return [
            self.row(self.part("on", N_("Customers come in"), "choice", setup.on, ways)),
            self.row(self.events(setup.event, begins=True), when="on=event"),
            self.lasting("delay_minutes", N_("So long after"), setup.delay_minutes, when="on=event"),
            *self.goods(setup.products, when="on=event"),
            self.row(msgspec.structs.replace(segment, empty=self.say(N_("Please choose"))), when="on=segment date"),
            self.row(present, when="on=segment"),
            self.row(self.part("at", N_("When"), "datetime-local", local_time(setup.at)), when="on=date"),
            self.row(self.part("", N_("Make a segment"), "link", "/merchant/segments"), when="on=segment date"),
        ]

    def segments(self) -> list[tuple[str, str]]:
        return [(str(each), name) for each, name in self.things.segments.items()]

    def wait(self, setup: Wait) -> list[Row]:
        ways = [
            (How.DURATION, self.say(N_("for a while"))),
            (How.TIME, self.say(N_("until a time of day"))),
            (How.INTERVAL, self.say(N_("until the product is usually bought again"))),
        ]
        where = N_("Where the customer is: a mail at nine comes at nine everywhere.")
        return [
            self.row(self.part("how", N_("Wait"), "choice", setup.how, ways)),
            self.lasting("minutes", N_("How long"), setup.minutes, when="how=duration"),
            self.row(self.part("time", N_("Until what time"), "time", setup.time, hint=where), when="how=time"),
        ]

    def branch(self) -> list[Row]:
        condition = self.things.conditions.get(self.key)
        lines = "\n".join(words.lines(condition)) if condition is not None else self.say(N_("No condition yet"))
        return [
            self.row(self.part("", N_("Who goes the way of Yes"), "says", lines)),
            self.row(self.part("", N_("Say the condition"), "link", f"{self.here}/condition")),
        ]

    def split(self, setup: Split) -> list[Row]:
        hint = N_("Parts of the whole, such as 50 and 50, or 80, 10 and 10. Leave empty what is not needed.")
        judging = N_("By what people pay afterwards, once the journey runs.")
        parts = [
            Part(
                name=f"weight_{arm}",
                label=arm.upper(),
                how="number",
                value=str(setup.weights[at]) if at < len(setup.weights) else "",
                required=at < 2,
            )
            for at, arm in enumerate(ARMS)
        ]
        return [
            self.row(*parts[:2]),
            self.row(*parts[2:]),
            self.row(self.part("", N_("How it is shared out"), "says", self.say(hint))),
            self.row(self.part("", N_("Judge it as an experiment"), "link", f"{self.here}/experiment", hint=judging)),
        ]

    def message(self, setup: Message) -> list[Row]:
        channels = [(str(each), self.say(word)) for each, word in words.CHANNELS.items()]
        kinds = [
            ("yes", self.say(N_("advertising"))),
            ("no", self.say(N_("about an order that waits for its payment"))),
        ]
        hint = N_("Advertising goes to who has agreed to it, within the shop’s limits, not in quiet hours.")
        rows = [self.row(self.part("channel", N_("Channel"), "choice", setup.channel, channels))]
        for channel in Channel:
            options = [(str(each), name) for each, (of, name) in self.things.templates.items() if of is channel]
            chosen = str(setup.template_id or "") if setup.channel is channel else ""
            part = self.part(f"template_{channel}", N_("Template"), "choice", chosen, options)
            nothing = "" if options else self.say(N_("There is no message for this channel yet."))
            part = msgspec.structs.replace(part, empty=self.say(N_("Please choose")), hint=nothing)
            rows.append(self.row(part, when=f"channel={channel}"))
        rows.append(self.row(self.part("", N_("Write a message"), "link", "/merchant/messages")))
        rows.append(
            self.row(self.part("marketing", N_("It is"), "choice", "yes" if setup.marketing else "no", kinds, hint))
        )
        return rows


_COUPONS = (N_("There is no coupon that can be given."), N_("Make a coupon"), "/merchant/promotions/new")
_GROUPS = (N_("There is no customer group yet."), N_("Make a customer group"), "/merchant/groups")
