"""The category tree, and new branches of it."""

import re
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import CategoryId, NewCategory
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.merchants import names_of
from steelyard.surfaces.web.console import SAVED, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "catalog.manage"}
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ICONS = (
    "package", "shirt", "footprints", "glasses", "cup-soda", "leaf", "utensils", "house", "lamp", "sofa", "wrench",
    "toy-brick", "book", "pen-tool", "gift", "gem", "flower-2", "baby", "dumbbell", "laptop",
)  # fmt: skip


async def page(visit: Visit, typed: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    tree = await visit.db.ask(catalog.categories)
    return await frame.show(
        visit,
        "categories.html",
        frame.CATEGORIES,
        status=422 if errors else 200,
        tree=tree,
        names=names_of(tree),
        icons=ICONS,
        typed=typed or Entries({}, {}),
        errors=errors or {},
        category_id=ids.mint(),
    )


@get("/categories", opt=NEEDS)
async def category_list(visit: NamedDependency[Visit]) -> Response[Any]:
    return await page(visit)


async def create(tx: Tx, actor: Actor, new: NewCategory) -> None:
    await catalog.create_category(tx, new)
    await access.audit(tx, actor, "categories.create", new.slug, {"name": new.name})


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
    slug, parent = form.text("slug", required=True, most=60).lower(), as_uuid(form.text("parent"))
    if slug and not SLUG.fullmatch(slug):
        form.refuse("slug", N_("Please use small letters, digits and hyphens"))
    icon = form.text("icon")
    new = NewCategory(
        category_id=CategoryId(form.uuid("category_id")),
        slug=slug,
        name=form.words("name", required=True, most=60),
        parent_id=CategoryId(parent) if parent else None,
        place=form.number("place", otherwise=0, most=10_000),
        icon=icon if icon in ICONS else ICONS[0],
    )
    form.check()
    return new


HANDLERS = [category_list, make_category]
