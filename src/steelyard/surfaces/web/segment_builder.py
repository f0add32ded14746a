"""The page of both consoles on which a segment is put together: one form with all conditions in it. Each button sends the whole
form, so that nothing typed is lost; without scripts a page comes back, with them the count beside it is kept up to date."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import minor_digits
from steelyard.kernel.text import Text
from steelyard.operations import segments
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.segments.model import (
    DESCRIPTION_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    All,
    Currencies,
    Estimate,
    Kind,
    Node,
    Rfm,
    Segment,
    SegmentId,
    Sketch,
    TreeRefused,
)
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web import goods_picking, seen
from steelyard.surfaces.web import segment_words as words
from steelyard.surfaces.web.console import errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.lifecycle_words import SEGMENTS
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.segment_people import Face, faces
from steelyard.surfaces.web.visit import Visit, WebRequest

Show = Callable[..., Awaitable[Response[Any]]]
READS = {"permission": "users.read"}
MANAGES = {"permission": "users.manage"}
TITLE = N_("Segments")
SKETCH_CHARACTERS_MAX = 100_000
_KEY = re.compile(r"[0-9a-z-]{1,40}")


class Desk(msgspec.Struct, frozen=True):
    """A console: how it shows a page, where segments are in it, whose they are, and in what their amounts are."""

    show: Show
    home: str
    shop: Callable[[Visit], UUID]
    currencies: Callable[[Read, Visit], Awaitable[Currencies]]


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A definition as it stands on the page; `seen`: the mark of what it was filled in from."""

    segment_id: SegmentId
    name: Text
    description: str
    sketch: Sketch
    known: Segment | None
    currencies: Currencies
    seen: str


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many it would hold, and who some of them are."""

    estimate: Estimate
    faces: Sequence[Face]


async def begun(read: Read, visit: Visit, desk: Desk, segment_id: UUID) -> Begun:
    """The draft; where there is none, what the segment says. Raises `NotFound`."""
    shop = desk.shop(visit)
    currencies = await desk.currencies(read, visit)
    draft = await segments.draft(read, shop, segment_id)
    try:
        known = await segments.segment(read, shop, segment_id)
    except NotFound:
        known = None
    if known is not None and (known.archived_at is not None or known.kind is not Kind.RULES):
        raise NotFound()
    if draft is not None:
        name, description, sketch = draft.name, draft.description, draft.sketch
    elif known is not None and known.tree is not None:
        name, description, sketch = known.name, known.description, segments.sketching.written(known.tree, currencies)
    else:
        raise NotFound()
    return Begun(
        segment_id=SegmentId(segment_id),
        name=name,
        description=description,
        sketch=sketch,
        known=known,
        currencies=currencies,
        seen=_mark(name, description, sketch, currencies),
    )


def _mark(name: Text, description: str, sketch: Sketch, currencies: Currencies) -> str:
    """Stands for what a definition says: a draft and the segment that was saved from it have the same, so that a second click
    on saving is nobody else's change."""
    try:
        return seen.mark(name, description, segments.sketching.read(sketch, currencies))
    except TreeRefused:
        return seen.mark(name, description, sketch)


def filled(form: Entries, begun: Begun) -> Begun:
    """With what the form says, and filled in from what the form was."""
    return msgspec.structs.replace(
        begun,
        name=form.words("name", most=NAME_CHARACTERS_MAX),
        description=form.text("description", most=DESCRIPTION_CHARACTERS_MAX),
        sketch=typed_into(form, carried(form, begun.sketch)),
        seen=form.text(seen.FIELD) or begun.seen,
    )


def carried(form: Entries, otherwise: Sketch) -> Sketch:
    """The groups and conditions as the page had them, whatever another window has made of them."""
    said = form.text("sketch", most=SKETCH_CHARACTERS_MAX)
    try:
        sketch = msgspec.json.decode(said, type=Sketch)
    except (msgspec.DecodeError, RecursionError):
        return otherwise
    found = list(segments.sketching.parts(sketch))
    known = {*words.KIND_WORDS, *segments.sketching.GROUPS}
    fits = len(found) <= segments.sketching.PARTS_MAX and all(
        each.kind in known and _KEY.fullmatch(each.key) for each in found
    )
    return sketch if fits else otherwise


def changed(form: Entries, sketch: Sketch) -> tuple[Sketch, str]:
    """After the button that was pressed, and which part to show then."""
    what, _, key = form.text("do").partition(":")
    if what == "remove" and key != segments.sketching.ROOT:
        return segments.sketching.removed(sketch, key), ""
    if what == "add":
        kind, part = form.text(f"kind.{key}"), form.text(f"new.{key}")
        if (kind in words.KIND_WORDS or kind in segments.sketching.GROUPS) and _KEY.fullmatch(part):
            return segments.sketching.added(sketch, key, Sketch(key=part, kind=kind)), part
    return sketch, ""


def builder_pages(desk: Desk) -> list[HTTPRouteHandler]:
    """Begin, change, count and save a definition."""
    return [_begin(desk), _edit(desk), _change(desk), _drop(desk), _goods(desk)]


def _begin(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/new", opt=MANAGES)
    async def begin_segment(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
        """A new one: empty, from a template, or of a class of RFM; pressed twice, the same."""
        form = await entries_of(request)
        segment_id = SegmentId(form.uuid("segment_id"))
        ready = next((each for each in segments.READY if each.key == form.text("ready")), None)
        rfm = next((each for each in SEGMENTS if each == form.text("rfm")), None)
        await visit.db.transact(_began, visit, desk, segment_id, ready, rfm)
        return redirect(visit, f"{desk.home}/{segment_id}/edit")

    return begin_segment


async def _began(
    tx: Tx, visit: Visit, desk: Desk, segment_id: SegmentId, ready: segments.Ready | None, rfm: str | None
) -> None:
    shop, currencies = desk.shop(visit), await desk.currencies(tx, visit)
    if await segments.draft(tx, shop, segment_id) is not None:
        return
    node = None if ready is None else ready.tree(segments.WORTH_MAJOR * 10 ** minor_digits(currencies.spent))
    sketch = Sketch() if node is None else segments.sketching.written(node, currencies)
    name, description = (Text(), "") if ready is None else (ready.name, ready.text.in_language(visit.locale))
    if rfm is not None:
        sketch = segments.sketching.written(All(of=(Rfm(classes=(rfm,)),)), currencies)
        name = Text({visit.locale: visit.say(SEGMENTS[rfm])})
    await segments.sketch(tx, shop, segment_id, name, description, sketch, visit.actor.by)


def _edit(desk: Desk) -> HTTPRouteHandler:
    @get("/segments/{segment_id:uuid}/edit", opt=MANAGES)
    async def edit_segment(visit: NamedDependency[Visit], segment_id: FromPath[UUID]) -> Response[Any]:
        found = await visit.db.ask(begun, visit, desk, segment_id)
        return await page(desk, visit, found)

    return edit_segment


def _change(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/{segment_id:uuid}/edit", opt=MANAGES, status_code=200)
    async def change_segment(
        visit: NamedDependency[Visit], segment_id: FromPath[UUID], request: WebRequest
    ) -> Response[Any] | Redirect:
        form = await entries_of(request)
        now = await visit.db.ask(begun, visit, desk, segment_id)
        typed = filled(form, now)
        if form.text("do") == "count":
            return await page(desk, visit, typed)
        sketch, part = changed(form, typed.sketch)
        typed = msgspec.structs.replace(typed, sketch=sketch)
        try:
            mark = await visit.db.transact(_kept, visit, desk, typed, form)
        except Invalid as refusal:
            typed = msgspec.structs.replace(typed, seen=now.seen)
            return await page(desk, visit, typed, errors=errors_of(visit, refusal.fields))
        typed = msgspec.structs.replace(typed, seen=mark)
        if form.text("do") != "save":
            return redirect(visit, f"{desk.home}/{segment_id}/edit" + (f"#part-{part}" if part else ""))
        return await _saved(desk, visit, typed)

    return change_segment


async def _saved(desk: Desk, visit: Visit, typed: Begun) -> Response[Any] | Redirect:
    try:
        node = segments.sketching.read(typed.sketch, typed.currencies)
        await visit.db.transact(save, visit.actor, segment_of(desk, visit, typed, node))
    except TreeRefused as refusal:
        return await page(desk, visit, typed, wrong=refusal)
    except Invalid as refusal:
        return await page(desk, visit, typed, errors=errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await page(desk, visit, typed, errors={"part-root": told(visit, refusal)})
    said = visit.say(N_("Saved. Who is in it is being counted."))
    return redirect(visit, f"{desk.home}/{typed.segment_id}", (said, "good"))


def segment_of(desk: Desk, visit: Visit, typed: Begun, node: Node) -> Segment:
    account = visit.account
    return Segment(
        merchant_id=desk.shop(visit),
        segment_id=typed.segment_id,
        kind=Kind.RULES,
        name=typed.name,
        description=typed.description,
        owner=typed.known.owner if typed.known else (account.name if account else ""),
        tree=node,
    )


async def _kept(tx: Tx, visit: Visit, desk: Desk, typed: Begun, form: Entries) -> str:
    """Returns the mark of what the draft is now. Raises `Invalid` when it is another's than the page was filled in from."""
    await hold_draft(tx, typed.segment_id)
    now = await begun(tx, visit, desk, typed.segment_id)
    wanted = _mark(typed.name, typed.description, typed.sketch, typed.currencies)
    seen.compare(form, now.seen, wanted)
    await segments.sketch(
        tx, desk.shop(visit), typed.segment_id, typed.name, typed.description, typed.sketch, visit.actor.by
    )
    return wanted


async def hold_draft(tx: Tx, segment_id: SegmentId) -> None:
    """Whoever else changes this draft waits until this transaction has ended."""
    await seen.hold(tx, f"segment {segment_id}")


async def save(tx: Tx, actor: Actor, segment: Segment) -> None:
    version = await segments.define(tx, segment, actor.by)
    facts = {"name": str(segment.name), "version": version}
    await access.audit(tx, actor, "segments.save", str(segment.segment_id), facts)


def _drop(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/{segment_id:uuid}/drop", opt=MANAGES)
    async def drop_draft(visit: NamedDependency[Visit], segment_id: FromPath[UUID]) -> Redirect:
        """What the segment says stays as it is. Another shop's is not there."""
        await visit.db.ask(begun, visit, desk, segment_id)
        await visit.db.transact(segments.drop_draft, desk.shop(visit), SegmentId(segment_id))
        return redirect(visit, desk.home, (visit.say(N_("The draft is gone.")), "good"))

    return drop_draft


def _goods(desk: Desk) -> HTTPRouteHandler:
    @get("/segments/goods.json", opt=MANAGES)
    async def pick_goods(visit: NamedDependency[Visit]) -> Response[bytes]:
        """What the picker of goods asks: a shop's own, the platform's all."""
        shop = desk.shop(visit)
        return await goods_picking.answer(visit, visit.db, None if shop == MARKETPLACE else MerchantId(shop))

    return pick_goods


async def page(
    desk: Desk, visit: Visit, begun: Begun, *, wrong: TreeRefused | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    """The builder, with the count beside it as soon as all conditions can be read."""
    at = dict(segments.sketching.places(begun.sketch))
    told_at: dict[str, dict[str, str]] = {}
    summary: dict[str, str] = dict(errors or {})
    if wrong is not None:
        told_at, at_fields = placed(visit, begun.sketch, wrong)
        summary |= at_fields
    options, counted = await visit.db.ask(_beside, visit, desk, begun)
    return await desk.show(
        visit,
        "web/segment_builder.html",
        desk.home,
        status=422 if summary else 200,
        crumbs=[
            (visit.say(TITLE), desk.home),
            (begun.name.in_language(visit.locale) or visit.say(N_("New segment")), None),
        ],
        begun=begun,
        carried=msgspec.json.encode(begun.sketch).decode(),
        home=desk.home,
        here=f"{desk.home}/{begun.segment_id}",
        at=at,
        told=told_at,
        errors=summary,
        options=options,
        counted=counted,
        **in_words(visit, desk.shop(visit), begun.currencies),
        goods_at=f"{desk.home}/goods.json",
    )


def in_words(visit: Visit, shop: UUID, currencies: Currencies) -> dict[str, Any]:
    """What `web/segment_parts.html` wants to know of conditions of any kind."""
    return {
        "parts": {kind: words.parts_of(kind, shop) for kind in words.KIND_WORDS},
        "kind_words": {kind: visit.say(word) for kind, word in words.KIND_WORDS.items()},
        "group_words": {kind: visit.say(word) for kind, word in words.GROUP_WORDS.items()},
        "currencies": currencies,
        "say": visit.say,
        "new_key": lambda: ids.mint().hex[-12:],
    }


def typed_into(form: Entries, sketch: Sketch) -> Sketch:
    """With what the form says of each part."""

    def typed(key: str) -> Mapping[str, list[str]] | None:
        before = f"f.{key}."
        fields = {name: form.all(before + name) for name in form.names(before)}
        return fields or None

    return segments.sketching.filled(sketch, typed)


def placed(visit: Visit, sketch: Sketch, wrong: TreeRefused) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """What is wrong by part and field, and all of it by the ids of the fields."""
    keys = {place: key for key, place in segments.sketching.places(sketch)}
    told_at: dict[str, dict[str, str]] = {}
    summary: dict[str, str] = {}
    for each in wrong.wrong:
        key, why = keys.get(each.place, segments.sketching.ROOT), visit.say(each.why)
        told_at.setdefault(key, {})[each.field] = why
        here = f"part-{key}" if not each.field else f"f-{key}-{each.field}"
        summary[here] = visit.say(N_("Condition {place}: {why}"), place=each.place, why=why) if each.place else why
    return told_at, summary


async def _beside(
    read: Read, visit: Visit, desk: Desk, begun: Begun
) -> tuple[dict[str, words.Options], Counted | None]:
    shop = desk.shop(visit)
    options = await words.options(read, visit, shop, begun.sketch, begun.segment_id)
    try:
        node = segments.sketching.read(begun.sketch, begun.currencies)
    except TreeRefused:
        return options, None
    estimate = await segments.estimate(read, shop, node)
    return options, Counted(estimate=estimate, faces=await faces(read, visit, shop, estimate.sample))
