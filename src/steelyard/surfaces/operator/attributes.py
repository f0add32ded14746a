"""The definitions of attributes: their names, values and whether buyers filter by them."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog import AttributeKind, AttributeValue, Definition
from steelyard.goods.catalog.model import Category
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import exports, seen
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "catalog.manage"}
KINDS = (
    ("choice", N_("One of several values")),
    ("choices", N_("Any of several values")),
    ("number", N_("A number")),
    ("text", N_("Words")),
    ("yes_no", N_("Yes or no")),
)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """`where`: the names of the categories that add an attribute."""

    definitions: list[Definition]
    where: dict[str, list[Text]]


async def known(read: Read) -> Known:
    where: dict[str, list[Text]] = {}
    roots = await catalog.categories(read)
    names = _names(roots)
    for category_id, bound in (await catalog.attributes_of(read)).items():
        for each in bound:
            if each.category_id == category_id and category_id in names:
                where.setdefault(each.definition.code, []).append(names[category_id])
    return Known(definitions=list((await catalog.definitions(read)).values()), where=where)


def _names(tree: list[Category]) -> dict[Any, Text]:
    found: dict[Any, Text] = {}
    for category in tree:
        found[category.category_id] = category.name
        found |= _names(category.children)
    return found


@get("/attributes", opt=NEEDS)
async def attribute_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """What products may be asked for, and in which categories."""
    found = await visit.db.ask(known)
    if exports.wanted(visit):
        return _as_file(visit, found)
    return await frame.show(
        visit,
        "attributes.html",
        frame.CATEGORIES,
        crumbs=[(visit.say(N_("Goods categories")), frame.CATEGORIES), (visit.say(N_("Attributes")), None)],
        found=found,
        kinds={kind: visit.say(word) for kind, word in KINDS},
    )


def _as_file(visit: Visit, found: Known) -> Response[bytes]:
    kinds, apart = dict(KINDS), visit.say(N_(", "))

    def words(texts: Iterable[Text]) -> str:
        return apart.join(text.in_language(visit.locale) for text in texts)

    rows = [
        (
            each.name,
            each.code,
            visit.say(kinds[each.kind]),
            each.unit,
            words(value.name for value in each.values),
            each.filterable,
            each.retired,
            words(found.where.get(each.code, [])),
        )
        for each in found.definitions
    ]
    columns = (
        N_("Attribute"),
        N_("Code"),
        N_("Kind"),
        N_("Unit"),
        N_("Values"),
        N_("Filter"),
        N_("Out of use"),
        N_("Goods categories"),
    )
    return exports.sheet(visit, N_("Attributes"), columns, rows)


class One(msgspec.Struct, frozen=True, kw_only=True):
    definition: Definition
    use: Mapping[str, int]


async def one(read: Read, code: str) -> One:
    definition = (await catalog.definitions(read)).get(code)
    if definition is None:
        raise NotFound()
    return One(definition=definition, use=await catalog.attribute_use(read, code))


async def form_page(
    visit: Visit, code: str | None, typed: Entries | None = None, errors: dict[str, str] | None = None
) -> Response[Any]:
    found = await visit.db.ask(one, code) if code else None
    title = found.definition.name.in_language(visit.locale) if found else visit.say(N_("New attribute"))
    return await frame.show(
        visit,
        "attribute.html",
        frame.CATEGORIES,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(N_("Goods categories")), frame.CATEGORIES),
            (visit.say(N_("Attributes")), f"{frame.HOME}/attributes"),
            (title, None),
        ],
        title=title,
        definition=found.definition if found else None,
        seen=seen.mark(found.definition) if found else "",
        use=found.use if found else {},
        kinds=[(kind, visit.say(word)) for kind, word in KINDS],
        here=f"{frame.HOME}/attributes/{code or 'new'}",
        typed=typed,
        errors=errors or {},
    )


@get("/attributes/new", opt=NEEDS)
async def new_attribute(visit: NamedDependency[Visit]) -> Response[Any]:
    return await form_page(visit, None)


@get("/attributes/{code:str}", opt=NEEDS)
async def attribute_page(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[Any]:
    """One attribute, with how many products state each of its values."""
    return await form_page(visit, code)


def definition_of(form: Entries, code: str, kind: AttributeKind) -> Definition:
    """`value_code`, `value_zh`, `value_en` of each value. Raises `Invalid`."""
    columns = (form.all("value_code"), form.all("value_zh"), form.all("value_en"))
    values: list[AttributeValue] = []
    for value, zh, en in zip(*columns, strict=False):
        name = Text({tongue: words for tongue, words in (("zh-Hans", zh), ("en", en)) if words})
        if name or value:
            values.append(AttributeValue(code=value or _code(en), name=name))
    name = form.words("name", required=True, most=60)
    form.check()
    return Definition(
        code=code,
        name=name,
        kind=kind,
        unit=form.text("unit", most=20) if kind is AttributeKind.NUMBER else "",
        values=values if kind in (AttributeKind.CHOICE, AttributeKind.CHOICES) else [],
        filterable=form.flag("filterable"),
        retired=form.flag("retired"),
    )


def _code(words: str) -> str:
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in words.lower()).split())


async def define(tx: Tx, actor: Actor, form: Entries, definition: Definition, *, new: bool) -> None:
    """Raises `Invalid`: a value that products state is not taken away, and a new code is new."""
    await seen.hold(tx, f"attribute {definition.code}")
    before = (await catalog.definitions(tx)).get(definition.code)
    if new and before is not None:
        raise Invalid({"code": N_("There is an attribute of this code already")})
    if before is not None:
        seen.compare(form, seen.mark(before), seen.mark(definition))
        use = await catalog.attribute_use(tx, definition.code)
        gone = {value.code for value in before.values} - {value.code for value in definition.values}
        if any(use.get(code) for code in gone):
            raise Invalid({"values": N_("A value that products state cannot be taken away")})
    await catalog.define_attribute(tx, definition)
    facts = {"before": before and msgspec.to_builtins(before), "after": msgspec.to_builtins(definition)}
    await access.audit(tx, actor, "attributes.define", definition.code, facts)


@post("/attributes/new", opt=NEEDS)
async def make_attribute(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    code, kind = form.text("code", required=True, most=40).lower(), form.text("kind")
    try:
        form.check()
        definition = definition_of(form, code, AttributeKind(kind if kind in dict(KINDS) else "choice"))
        await visit.db.transact(define, visit.actor, form, definition, new=True)
    except Invalid as refusal:
        return await form_page(visit, None, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{frame.HOME}/attributes/{code}", (visit.say(SAVED), "good"))


@post("/attributes/{code:str}", opt=NEEDS)
async def change_attribute(
    visit: NamedDependency[Visit], request: WebRequest, code: FromPath[str]
) -> Response[Any] | Redirect:
    form = await entries_of(request)
    found = await visit.db.ask(one, code)
    try:
        definition = definition_of(form, code, found.definition.kind)
        await visit.db.transact(define, visit.actor, form, definition, new=False)
    except Invalid as refusal:
        return await form_page(visit, code, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{frame.HOME}/attributes/{code}", (visit.say(SAVED), "good"))


HANDLERS = [attribute_list, new_attribute, make_attribute, attribute_page, change_attribute]
