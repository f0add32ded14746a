"""The category tree: branches added, renamed, moved by dragging or by buttons, merged; and the attributes of each."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog import Binding, CategoryAttribute, CategoryChange, CategoryUse, Definition
from steelyard.goods.catalog.model import Category, CategoryId, NewCategory
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.files import Files
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import PaperKind
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.deposits_asked import FIELD, Asked, asked_of
from steelyard.surfaces.web import exports, seen
from steelyard.surfaces.web.category_names import names_of
from steelyard.surfaces.web.console import SAVED, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.pictures import keep_picture
from steelyard.surfaces.web.rights_words import NO_RETURNS
from steelyard.surfaces.web.visit import Visit, WebRequest

RETURNED = "none"
NEEDS = {"permission": "catalog.manage"}
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ICONS = (
    "package", "shirt", "footprints", "glasses", "watch", "backpack", "cup-soda", "coffee", "leaf", "utensils", "house",
    "lamp", "sofa", "wrench", "toy-brick", "book", "notebook-pen", "pen-tool", "gift", "gem", "flower-2", "flame", "baby",
    "circle-dot", "dumbbell", "laptop",
)  # fmt: skip


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    roots: list[Category]
    use: dict[CategoryId, CategoryUse]


async def tree_of(read: Read) -> Tree:
    return Tree(roots=await catalog.categories(read), use=await catalog.category_use(read))


async def page(visit: Visit, typed: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    tree = await visit.db.ask(tree_of)
    return await frame.show(
        visit,
        "categories.html",
        frame.CATEGORIES,
        status=422 if errors else 200,
        tree=tree.roots,
        use=tree.use,
        names=names_of(tree.roots),
        icons=ICONS,
        typed=typed or Entries({}, {}),
        errors=errors or {},
        category_id=ids.mint(),
    )


@get("/categories", opt=NEEDS)
async def category_list(visit: NamedDependency[Visit]) -> Response[Any]:
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(tree_of))
    return await page(visit)


def _as_file(visit: Visit, tree: Tree) -> Response[bytes]:
    """The tree from the top, each branch under its own category; the first column says where it stands."""
    words = (N_("Where"), N_("Category"), N_("Web address"), N_("Products in it"), N_("And below"))
    return exports.sheet(visit, N_("Goods categories"), words, _branch(visit, tree, tree.roots, ()))


def _branch(
    visit: Visit, tree: Tree, categories: list[Category], above: tuple[str, ...]
) -> Iterator[tuple[object, ...]]:
    for category in categories:
        use = tree.use.get(category.category_id)
        own, whole = (use.own, use.whole) if use else (0, 0)
        yield " / ".join(above), category.name, f"/c/{category.slug}", own, whole
        yield from _branch(visit, tree, category.children, (*above, category.name.in_language(visit.locale)))


async def create(tx: Tx, actor: Actor, new: NewCategory) -> None:
    await catalog.create_category(tx, new)
    await access.audit(tx, actor, "categories.create", new.slug, after={"name": new.name})


@post("/categories", opt=NEEDS)
async def make_category(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    try:
        new = category_of(form)
        await visit.db.transact(create, visit.actor, new)
    except Invalid as refusal:
        return await page(visit, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await page(visit, form, {"slug": told(visit, refusal)})
    return redirect(visit, frame.CATEGORIES, (visit.say(SAVED), "good"))


def category_of(form: Entries) -> NewCategory:
    """Raises `Invalid`."""
    slug, parent = _slug(form), as_uuid(form.text("parent"))
    new = NewCategory(
        category_id=CategoryId(form.uuid("category_id")),
        slug=slug,
        name=form.words("name", required=True, most=60),
        parent_id=CategoryId(parent) if parent else None,
        place=form.number("place", otherwise=10_000, most=10_000),
        icon=_icon(form),
    )
    form.check()
    return new


def _slug(form: Entries) -> str:
    slug = form.text("slug", required=True, most=60).lower()
    if slug and not SLUG.fullmatch(slug):
        form.refuse("slug", N_("Please use small letters, digits and hyphens"))
    return slug


def _no_return(form: Entries) -> str:
    """What is said about returns here; nothing: as above."""
    said = form.text("no_return")
    if said not in ("", RETURNED, *NO_RETURNS):
        form.refuse("no_return", N_("Please choose one of these"))
    return said


def _icon(form: Entries) -> str:
    icon = form.text("icon")
    return icon if icon in ICONS else ICONS[0]


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One category: `attributes` with those it inherits, `lacking` how many of its products do not state which."""

    category: Category
    roots: list[Category]
    use: CategoryUse
    attributes: list[CategoryAttribute]
    definitions: dict[str, Definition]
    lacking: dict[str, int]
    paper_kinds: list[PaperKind]
    papers: set[str]
    deposits: Asked


def flat(tree: Sequence[Category]) -> list[Category]:
    return [each for root in tree for each in (root, *flat(root.children))]


async def branch_of(read: Read, category_id: UUID) -> Branch:
    roots = await catalog.categories(read)
    category = next((each for each in flat(roots) if each.category_id == category_id), None)
    if category is None:
        raise NotFound()
    definitions = await catalog.definitions(read)
    return Branch(
        category=category,
        roots=roots,
        use=(await catalog.category_use(read))[category.category_id],
        attributes=(await catalog.attributes_of(read, [category_id]))[category.category_id],
        definitions={code: each for code, each in definitions.items() if not each.retired},
        lacking=await catalog.lacking(read, category_id, list(definitions)),
        paper_kinds=await merchants.paper_kinds(read),
        papers=await merchants.papers_needed(read, [category_id]),
        deposits=await asked_of(read, category_id),
    )


async def branch_page(
    visit: Visit,
    category_id: UUID,
    typed: Entries | None = None,
    errors: dict[str, str] | None = None,
    ticked: Entries | None = None,
    asked: Entries | None = None,
) -> Response[Any]:
    """`typed` came from the form of its words, `ticked` from that of its attributes, `asked` from that of its deposits."""
    found = await visit.db.ask(branch_of, category_id)
    inside = {each.category_id for each in (found.category, *flat(found.category.children))}
    names = names_of(found.roots)
    return await frame.show(
        visit,
        "category.html",
        frame.CATEGORIES,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(N_("Goods categories")), frame.CATEGORIES),
            (found.category.name.in_language(visit.locale), None),
        ],
        found=found,
        paper_kinds=found.paper_kinds,
        papers=found.papers,
        deposit=FIELD,
        asked=asked,
        category=found.category,
        here=f"{frame.CATEGORIES}/{category_id}",
        elsewhere=[(other, words.in_language(visit.locale)) for other, words in names.items() if other not in inside],
        own={each.definition.code: each for each in found.attributes if each.category_id == category_id},
        inherited=[each for each in found.attributes if each.category_id != category_id],
        icons=ICONS,
        no_returns=[(RETURNED, visit.say(N_("Returned without a reason like other goods")))]
        + [
            (name, visit.say(N_("Not returned without a reason: %(why)s")) % {"why": visit.say(words)})
            for name, words in NO_RETURNS.items()
        ],
        inherited_no_return=_inherited(found),
        seen=_mark(found.category),
        bound_seen=_bound(found.attributes, category_id),
        ticked=ticked,
        typed=typed,
        errors=errors or {},
    )


@get("/categories/{category_id:uuid}", opt=NEEDS)
async def category_page(visit: NamedDependency[Visit], category_id: FromPath[UUID]) -> Response[Any]:
    return await branch_page(visit, category_id)


def _inherited(found: Branch) -> str:
    """What the categories above say about returns without a reason, in words; empty: nothing."""
    above = next((each for each in flat(found.roots) if each.category_id == found.category.parent_id), None)
    return NO_RETURNS[above.no_return] if above and above.no_return else ""


def _mark(category: Category) -> str:
    return seen.mark(category.name, category.slug, category.icon, category.picture, category.own_no_return or "")


def _bound(attributes: Sequence[CategoryAttribute], category_id: UUID) -> str:
    """The mark of what a category itself adds."""
    own = [each for each in attributes if each.category_id == category_id]
    return seen.mark([(each.definition.code, each.required) for each in own])


async def change(tx: Tx, actor: Actor, form: Entries, category_id: UUID, wanted: CategoryChange) -> None:
    await seen.hold(tx, f"category {category_id}")
    before = (await branch_of(tx, category_id)).category
    picture = before.picture if wanted.picture is None else wanted.picture or None
    seen.compare(form, _mark(before), seen.mark(wanted.name, wanted.slug, wanted.icon, picture, wanted.no_return or ""))
    await catalog.change_category(tx, category_id, wanted)
    fields = {name: what for name in wanted.__struct_fields__ if (what := getattr(wanted, name)) is not None}
    was = {name: getattr(before, name) for name in fields}
    await access.audit(tx, actor, "categories.change", before.slug, before=was, after=fields)


@post("/categories/{category_id:uuid}", opt=NEEDS)
async def change_category(
    visit: NamedDependency[Visit], request: WebRequest, category_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Its names, address, icon and picture."""
    form = await entries_of(request)
    try:
        wanted = CategoryChange(
            name=form.words("name", required=True, most=60),
            slug=_slug(form),
            icon=_icon(form),
            picture=await _picture(visit, form),
            no_return=_no_return(form),
        )
        form.check()
        await visit.db.transact(change, visit.actor, form, category_id, wanted)
    except Invalid as refusal:
        return await branch_page(visit, category_id, form, errors_of(visit, refusal.fields))
    except NotFound:
        raise
    except Refusal as refusal:
        field = "picture" if refusal.status == 422 else "slug"
        return await branch_page(visit, category_id, form, {field: told(visit, refusal)})
    return redirect(visit, f"{frame.CATEGORIES}/{category_id}", (visit.say(SAVED), "good"))


async def _picture(visit: Visit, form: Entries) -> str | None:
    if form.flag("no_picture"):
        return ""
    files = form.files("picture")
    if not files:
        return None
    content, kind = await files[0].read(), files[0].content_type or ""
    store = Files(visit.settings.home)
    return await keep_picture(store, content, kind)


async def move(tx: Tx, actor: Actor, category_id: UUID, parent_id: UUID | None, before_id: UUID | None) -> None:
    was = (await branch_of(tx, category_id)).category
    await catalog.move_category(tx, category_id, parent_id, before_id)
    before, after = {"parent": was.parent_id}, {"parent": parent_id}
    await access.audit(tx, actor, "categories.move", was.slug, {"in_front_of": before_id}, before=before, after=after)


@post("/categories/{category_id:uuid}/move", opt=NEEDS)
async def move_category(
    visit: NamedDependency[Visit], request: WebRequest, category_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Below `parent` (none: at the top), in front of `before`; or one step `up` or `down` among its siblings."""
    form = await entries_of(request)
    back = f"{frame.CATEGORIES}/{category_id}" if form.flag("stay") else frame.CATEGORIES
    step = form.text("step")
    parent, before = as_uuid(form.text("parent")), as_uuid(form.text("before"))
    if step in ("up", "down"):
        parent, before = await visit.db.ask(neighbours, category_id, step)
    return await done(visit, back, SAVED, lambda: visit.db.transact(move, visit.actor, category_id, parent, before))


async def neighbours(read: Read, category_id: UUID, step: str) -> tuple[UUID | None, UUID | None]:
    """The parent, and the sibling in front of which a category stands after one step up or down."""
    roots = await catalog.categories(read)
    every = {each.category_id: each for each in flat(roots)}
    if category_id not in every:
        raise NotFound()
    parent = every[CategoryId(category_id)].parent_id
    siblings = [each.category_id for each in (every[parent].children if parent else roots)]
    at = siblings.index(CategoryId(category_id))
    siblings.remove(CategoryId(category_id))
    place = max(0, at - 1) if step == "up" else at + 1
    return parent, siblings[place] if place < len(siblings) else None


async def merge(tx: Tx, actor: Actor, category_id: UUID, into_id: UUID) -> None:
    was = (await branch_of(tx, category_id)).category
    went = await catalog.merge_category(tx, category_id, into_id)
    before = {"slug": was.slug, "name": was.name}
    await access.audit(
        tx, actor, "categories.merge", was.slug, {"products": went}, before=before, after={"merged_into": into_id}
    )


@post("/categories/{category_id:uuid}/merge", opt=NEEDS)
async def merge_category(
    visit: NamedDependency[Visit], request: WebRequest, category_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Take it out of use; its products go into another."""
    form = await entries_of(request)
    into = as_uuid(form.text("into"))
    if into is None:
        return await branch_page(visit, category_id, form, {"into": visit.say(N_("Please choose a category"))})
    return await done(
        visit,
        f"{frame.CATEGORIES}/{into}",
        N_("Merged. Its products and its address lead here now."),
        lambda: visit.db.transact(merge, visit.actor, category_id, into),
    )


async def bind(tx: Tx, actor: Actor, form: Entries, category_id: UUID, bindings: Sequence[Binding]) -> None:
    await seen.hold(tx, f"attributes of {category_id}")
    found = await branch_of(tx, category_id)
    wanted = seen.mark([(each.code, each.required) for each in bindings])
    seen.compare(form, _bound(found.attributes, category_id), wanted)
    before = {each.definition.code: each.required for each in found.attributes if each.category_id == category_id}
    await catalog.bind_attributes(tx, category_id, bindings)
    after = {each.code: each.required for each in bindings}
    await access.audit(tx, actor, "categories.attributes", found.category.slug, before=before, after=after)


@post("/categories/{category_id:uuid}/attributes", opt=NEEDS)
async def bind_attributes(
    visit: NamedDependency[Visit], request: WebRequest, category_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Which attributes it adds: `bound:<code>`, `required:<code>`, `place:<code>`."""
    form = await entries_of(request)
    chosen = [code for code in form.names("bound:") if form.flag(f"bound:{code}")]
    chosen.sort(key=lambda code: (form.number(f"place:{code}", otherwise=99, most=999), code))
    bindings = [
        Binding(code=code, required=form.flag(f"required:{code}"), place=place) for place, code in enumerate(chosen)
    ]
    try:
        await visit.db.transact(bind, visit.actor, form, category_id, bindings)
    except Invalid as refusal:
        return await branch_page(visit, category_id, errors=errors_of(visit, refusal.fields), ticked=form)
    return redirect(visit, f"{frame.CATEGORIES}/{category_id}", (visit.say(SAVED), "good"))


HANDLERS = [
    category_list,
    make_category,
    category_page,
    change_category,
    move_category,
    merge_category,
    bind_attributes,
]
