"""A journey as the canvas and the list draw it: boxes with their words, faults and figures, and what the editor needs to know."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from steelyard.kernel import i18n
from steelyard.kernel.i18n import N_
from steelyard.operations.journeys.model import (
    FAILED,
    Await,
    Branch,
    Coupon,
    Exit,
    Fault,
    Graph,
    GroupMove,
    Kind,
    Message,
    Node,
    Points,
    Setup,
    Split,
    Task,
    Trigger,
    Wait,
    outs,
)
from steelyard.surfaces.merchant import journey_words as words
from steelyard.surfaces.merchant.journey_words import Things
from steelyard.surfaces.web.visit import Visit

# What a box shows beside its words: (label, value, tone).
Figures = Sequence[tuple[str, str, str]]
# What a new box of each kind says.
BLANKS: dict[Kind, Setup] = {
    Kind(str(each.__struct_config__.tag)): each()
    for each in (
        Message,
        Wait,
        Await,
        Branch,
        Split,
        Coupon,
        Points,
        GroupMove,
        Task,
        Exit,
    )
}


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A way out of a box: `to` the box that follows, by its title."""

    name: str
    label: str
    to: str = ""
    title: str = ""
    figure: str = ""
    tone: str = ""
    quiet: bool = False


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a box shows."""

    kind: str
    title: str
    says: str = ""
    faults: Sequence[str] = ()
    outs: Sequence[Way] = ()
    figures: Figures = ()
    href: str = ""
    tone: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A box in the list."""

    key: str
    kind: str
    icon: str
    note: str
    view: View
    ways: Sequence[Way]


class KindShown(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of box in the palette, with the box that it makes."""

    kind: str
    icon: str
    label: str
    text: str
    node: Node
    view: View


class FaultShown(msgspec.Struct, frozen=True, kw_only=True):
    """A fault by the key of its box; `said` names the box too."""

    key: str
    words: str
    said: str


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """`told` is what the script reads; the rest is for the page."""

    told: Mapping[str, Any]
    kinds: Sequence[KindShown]
    steps: Sequence[Step]
    faults: Sequence[FaultShown]
    fault_words: str
    palette: Sequence[tuple[str, str]]
    open_ways: Sequence[tuple[str, str]]
    last_way: str


def whole(graph: Graph) -> Graph:
    """With every way out of every box named, joined or not."""
    nodes = [msgspec.structs.replace(each, next={out: each.next.get(out) for out in each.outs}) for each in graph.nodes]
    return msgspec.structs.replace(graph, nodes=tuple(nodes))


def ordered(graph: Graph) -> list[Node]:
    """From the beginning on, way by way; then what no way leads to."""
    known = graph.by_key()
    found: dict[str, Node] = {}
    begins = graph.trigger
    for first in ([begins] if begins else []) + list(graph.nodes):
        waiting = [first.key]
        while waiting:
            node = known.get(waiting.pop())
            if node is not None and node.key not in found:
                found[node.key] = node
                waiting += [to for out in reversed(node.outs) if (to := node.next.get(out)) is not None]
    return list(found.values())


def views_of(
    visit: Visit,
    graph: Graph,
    things: Things,
    faults: Sequence[Fault] = (),
    figures: Mapping[str, Figures] | None = None,
    counts: Mapping[tuple[str, str], str] | None = None,
    href: Callable[[str], str] | None = None,
) -> dict[str, View]:
    """Every box by its key."""
    found: dict[str, View] = {}
    for node in graph.nodes:
        title, says = words.said(visit, node, things)
        found[node.key] = View(
            kind=visit.say(words.KINDS[node.kind].label),
            title=title,
            says=says,
            faults=[fault_words(visit, node, each) for each in faults if each.key == node.key],
            outs=[
                Way(
                    name=out,
                    label=words.out_label(visit, node, out),
                    figure="" if counts is None else counts.get((node.key, out), "0"),
                    quiet=out == FAILED,
                )
                for out in node.outs
            ],
            figures=(figures or {}).get(node.key, ()),
            href=href(node.key) if href else "",
        )
    return found


def fault_words(visit: Visit, node: Node | None, fault: Fault) -> str:
    """A fault in the reader's language; of a way out of a box, with the way's name."""
    why = visit.say(fault.why)
    if node is None or not fault.field.startswith("next."):
        return why
    out = fault.field.removeprefix("next.")
    label = words.out_label(visit, node, out) if out in node.outs else ""
    return f"{label}: {why}" if label else why


def faults_shown(visit: Visit, graph: Graph, views: Mapping[str, View], faults: Sequence[Fault]) -> list[FaultShown]:
    found: list[FaultShown] = []
    for each in faults:
        said = fault_words(visit, graph.node(each.key), each)
        title = views[each.key].title if each.key in views else ""
        found.append(FaultShown(key=each.key, words=said, said=f"{title}: {said}" if title else said))
    return found


def drawn(
    visit: Visit, graph: Graph, views: Mapping[str, View], faults: Sequence[Fault] = (), **editor: object
) -> Drawn:
    """`editor` holds what only the editor is told: `seen` and the addresses it saves to."""
    graph = whole(graph)
    steps = [_step(node, views) for node in ordered(graph)]
    kinds = kinds_of(visit)
    shown = faults_shown(visit, graph, views, faults)
    count = i18n.translations(visit.locale).ngettext("{count} thing to mend", "{count} things to mend", len(shown))
    open_ways = _ways(visit, steps)
    free = [value for value, _, to in open_ways if not to]
    return Drawn(
        told={
            "graph": msgspec.to_builtins(graph),
            "boxes": msgspec.to_builtins(dict(views)),
            "words": script_words(visit),
            "editable": bool(editor),
            "kinds": msgspec.to_builtins(kinds) if editor else [],
            "faults": msgspec.to_builtins(shown),
            **editor,
        },
        kinds=kinds,
        steps=steps,
        faults=shown,
        fault_words=count.format(count=len(shown)) if shown else visit.say(N_("Nothing to mend")),
        palette=[(each.kind, each.label) for each in kinds if each.kind != Kind.TRIGGER],
        open_ways=[(value, label) for value, label, _ in open_ways],
        last_way=free[-1] if free else (open_ways[-1][0] if open_ways else ""),
    )


def _step(node: Node, views: Mapping[str, View]) -> Step:
    ways = [
        msgspec.structs.replace(each, to=to, title=views[to].title if to in views else to)
        for each in views[node.key].outs
        if (to := node.next.get(each.name) or "") or not each.quiet
    ]
    return Step(
        key=node.key,
        kind=node.kind,
        icon=words.KINDS[node.kind].icon,
        note=node.note,
        view=views[node.key],
        ways=ways,
    )


def _ways(visit: Visit, steps: Sequence[Step]) -> list[tuple[str, str, str]]:
    """Where a further box can come: `key:out`, in words, and where it leads now."""
    found: list[tuple[str, str, str]] = []
    for number, step in enumerate(steps, 1):
        for way in step.view.outs:
            at = next((each for each in step.ways if each.name == way.name), None)
            label = f"{number}. {step.view.title}" + (f" · {way.label}" if way.label else "")
            found.append((f"{step.key}:{way.name}", visit.say(N_("after {box}"), box=label), at.to if at else ""))
    return found


def kinds_of(visit: Visit) -> list[KindShown]:
    """The palette, and the words and icon of every kind."""
    found: list[KindShown] = []
    for kind, each in words.KINDS.items():
        setup = BLANKS.get(kind, Trigger())
        node = Node(key=str(kind), setup=setup, next=dict.fromkeys(outs(setup)))
        title, says = words.said(visit, node, Things())
        ways = [Way(name=out, label=words.out_label(visit, node, out), quiet=out == FAILED) for out in outs(setup)]
        found.append(
            KindShown(
                kind=str(kind),
                icon=each.icon,
                label=visit.say(each.label),
                text=visit.say(each.text),
                node=node,
                view=View(kind=visit.say(each.label), title=title, says=says, outs=ways),
            )
        )
    return found


_SCRIPT_WORDS = {
    "boxes": N_("Boxes of the journey"),
    "leads": N_("leads to {to}"),
    "open": N_("leads nowhere yet"),
    "addHere": N_("Put in here"),
    "leadTo": N_("Lead to"),
    "connection": N_("Connection"),
    "cut": N_("Take the connection away"),
    "saved": N_("Saved at {time}"),
    "saving": N_("Saving…"),
    "failed": N_("That did not work. Please try again."),
    "offline": N_("Not saved: the connection is lost. It is tried again."),
    "oneFault": N_("1 thing to mend"),
    "faults": N_("{count} things to mend"),
    "noFaults": N_("Nothing to mend"),
    "added": N_("{box} is put in"),
    "removed": N_("{box} is taken out"),
    "staysTrigger": N_("The beginning stays: every journey has one"),
}


def script_words(visit: Visit) -> dict[str, str]:
    """What the script says."""
    return {name: visit.say(word) for name, word in _SCRIPT_WORDS.items()}
