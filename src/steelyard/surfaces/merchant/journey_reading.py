"""What was typed into the form of a box: the box as it says then. What cannot be read is noted in the form."""

from enum import StrEnum
from typing import TypeVar
from uuid import UUID

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.operations.journeys.model import (
    DAYS_MAX,
    MINUTES_MAX,
    NOTE_CHARACTERS_MAX,
    POINTS_MAX,
    PRODUCTS_MAX,
    TITLE_CHARACTERS_MAX,
    WEIGHT_MAX,
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
    outs,
)
from steelyard.surfaces.merchant.journey_boxes import ARMS, UNITS
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.moments import moment_of

E = TypeVar("E", bound=StrEnum)

IDS_CHARACTERS_MAX = 5_000


def read(form: Entries, node: Node, graph: Graph) -> Node:
    """The box as its form says it; what cannot be read is noted in the form, and stays as it was."""
    setup = _setup(form, node.setup)
    known = graph.by_key()
    ways = {out: node.next.get(out) for out in outs(setup)}
    for out in ways:
        # A form that has no such field says nothing about it.
        if form.all(f"way.{out}"):
            to = form.text(f"way.{out}")
            ways[out] = to if to in known and to != node.key else None
    return msgspec.structs.replace(
        node,
        setup=setup,
        next=ways,
        note=form.text("note", most=NOTE_CHARACTERS_MAX) if "note" in form.names("") else node.note,
    )


def _setup(form: Entries, was: Setup) -> Setup:
    said = was
    match was:
        case Trigger():
            said = _trigger(form, was)
        case Wait():
            how = _one(How, form.text("how"), was.how)
            minutes = _minutes(form, "minutes") if how is How.DURATION else was.minutes
            said = Wait(how=how, minutes=minutes, time=form.text("time", most=5) or was.time)
        case Await():
            goods, minutes = _goods(form, "products"), _minutes(form, "minutes")
            said = Await(event=form.text("event"), products=goods, categories=was.categories, minutes=minutes)
        case Split():
            said = Split(weights=_weights(form, was))
        case Message():
            channel = _one(Channel, form.text("channel"), was.channel)
            chosen = _chosen(form, f"template_{channel}")
            said = Message(channel=channel, template_id=chosen, marketing=form.text("marketing") != "no")
        case Coupon():
            said = Coupon(promotion_id=_chosen(form, "promotion_id"))
        case Points():
            said = Points(points=form.number("points", otherwise=0, most=POINTS_MAX))
        case GroupMove():
            said = GroupMove(group_id=_chosen(form, "group_id"), enter=form.text("enter") != "no")
        case Task():
            title = form.text("title", most=TITLE_CHARACTERS_MAX)
            said = Task(title=title, days=form.number("days", otherwise=1, least=1, most=DAYS_MAX))
        case Branch() | Exit():
            pass  # a condition has a page of its own, and an end says nothing
    return said


def _chosen(form: Entries, name: str) -> UUID | None:
    return next(iter(form.uuids(name)), None)


def _trigger(form: Entries, was: Trigger) -> Trigger:
    on = _one(On, form.text("on"), was.on)
    at = moment_of(form.text("at", most=30)) if form.text("at") else None
    if form.text("at") and at is None:
        form.refuse("at", N_("Please enter a day and an hour"))
    return Trigger(
        on=on,
        event=form.text("event"),
        products=_goods(form, "products"),
        categories=was.categories,
        delay_minutes=_minutes(form, "delay_minutes", least=0) if on is On.EVENT else was.delay_minutes,
        segment_id=_chosen(form, "segment_id"),
        present=form.flag("present"),
        at=at,
    )


def _one(kind: type[E], said: str, otherwise: E) -> E:
    try:
        return kind(said)
    except ValueError:
        return otherwise


def _minutes(form: Entries, name: str, least: int = 1) -> int:
    unit = UNITS.get(form.text(f"{name}_unit"), 1)
    return form.number(name, otherwise=least, least=least, most=MINUTES_MAX // unit) * unit


def _weights(form: Entries, was: Split) -> tuple[int, ...]:
    said = [form.number(f"weight_{arm}", otherwise=0, most=WEIGHT_MAX) for arm in ARMS if form.text(f"weight_{arm}")]
    found = tuple(said)
    if len(found) < 2 or not any(found):
        form.refuse("weight_a", N_("Please enter at least two parts"))
    return found if len(found) >= 2 and any(found) else was.weights


def _goods(form: Entries, name: str) -> tuple[UUID, ...]:
    typed = form.text(name, most=IDS_CHARACTERS_MAX).replace(",", " ").split()
    found: list[UUID] = []
    for word in typed:
        try:
            found.append(UUID(word.rsplit("/", 1)[-1]))
        except ValueError:
            form.refuse(name, N_("Please choose goods from the list"))
    if len(found) > PRODUCTS_MAX:
        form.refuse(name, N_("Please choose fewer"))
    return tuple(dict.fromkeys(found[:PRODUCTS_MAX]))
