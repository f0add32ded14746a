"""Putting pages together, in both consoles: the house's home and topics, a merchant's shop. One set of pages, in each
console's frame and for its own owner.

A block is a form; the order is changed by buttons, or by dragging where scripts run. Nothing that buyers see changes
before the draft is published.
"""

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.files import Files
from steelyard.kernel.i18n import N_
from steelyard.operations import merchandising
from steelyard.operations.merchandising.model import (
    DEFAULT_HOME,
    GOODS_MAX,
    HOME,
    KIND_WORDS,
    RULE_WORDS,
    SHOP,
    SLIDES_MAX,
    TEXT_CHARACTERS_MAX,
    TITLE_CHARACTERS_MAX,
    TOPIC,
    Block,
    Draft,
    Kind,
    Rule,
    ShopCategory,
    Slide,
    Version,
)
from steelyard.parties import access
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web import audiences, goods_picking, seen
from steelyard.surfaces.web.audiences import Audiences
from steelyard.surfaces.web.console import SAVED, errors_of, told
from steelyard.surfaces.web.console_staff import Show
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.moments import moment_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.pictures import keep_picture
from steelyard.surfaces.web.seals import seal
from steelyard.surfaces.web.visit import Visit, WebRequest

PREVIEW_SECONDS = 3_600
PRODUCTS_TYPED_MAX = 4_000
UP, DOWN = -1, 1
_ADDRESS = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

DRAFTED = N_("Saved in the draft. Buyers see it once you publish.")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Whose page is being put together: which console's page shows it, and where buyers see it."""

    owner_id: UUID
    page: str
    here: str
    shown_at: str


class Composing(msgspec.Struct, frozen=True, kw_only=True):
    draft: Draft
    versions: list[Version]
    shown: int
    categories: Sequence[Category]
    shop_categories: Sequence[ShopCategory]
    topics: Sequence[str]
    audiences: Audiences

    @property
    def marks(self) -> dict[UUID, str]:
        """What stands for each block in a form that is filled in from it."""
        return {block.block_id: _mark(block) for block in self.draft.blocks}


async def composing(read: Read, place: Place) -> Composing:
    now = await merchandising.shown(read, place.owner_id, place.page)
    draft = await merchandising.draft(read, place.owner_id, place.page)
    if not draft.blocks and place.page == HOME:
        draft = Draft(blocks=DEFAULT_HOME)
    return Composing(
        draft=draft,
        versions=await merchandising.versions(read, place.owner_id, place.page),
        shown=now.version if now else 0,
        categories=await catalog.categories(read),
        shop_categories=await merchandising.shop_categories(read, place.owner_id) if place.page == SHOP else (),
        topics=await merchandising.topics(read, place.owner_id) if place.page != SHOP else (),
        audiences=await audiences.audiences(read, place.owner_id, draft.blocks),
    )


PlaceOf = Callable[[Visit, str], Place]
DatabaseOf = Callable[[Visit], Database]
Change = Callable[[Tx, Place, Entries, str], Awaitable[object]]


def composer_pages(
    show: Show, permission: str, place_of: PlaceOf, database: DatabaseOf, path: str
) -> list[HTTPRouteHandler]:
    """The page and its commands. `place_of` finds whose page a name in the address means; raises `NotFound`."""
    needs = {"permission": permission}

    async def page(
        visit: Visit, place: Place, typed: Entries | None = None, errors: dict[str, str] | None = None
    ) -> Response[Any]:
        return await show(
            visit,
            "web/composer.html",
            place.here,
            status=422 if errors else 200,
            found=await database(visit).ask(composing, place),
            place=place,
            preview=_preview(visit, place),
            seen_by=_seen_by(visit),
            kinds=KIND_WORDS,
            rules=_rules(place),
            typed=typed or Entries({}, {}),
            errors=errors or {},
            open_block=visit.connection.query_params.get("block", ""),
            slides_max=SLIDES_MAX,
            new_id=ids.mint(),
            now=datetime.now(UTC),
        )

    async def change(visit: Visit, form: Entries, name: str, action: str, command: Change) -> Response[Any] | Redirect:
        place = place_of(visit, name)
        try:
            if action == "pages.block":
                command = _saving(await _uploaded(visit, form))
            await database(visit).transact(_audited, visit, place, form, action, command)
        except Invalid as refusal:
            return await page(visit, place, form, errors_of(visit, refusal.fields))
        except NotFound:
            raise
        except Refusal as refusal:
            return await page(visit, place, form, {"picture": told(visit, refusal)})
        block = form.text("block_id") if action == "pages.block" else ""
        said = SAVED if action in ("pages.publish", "pages.withdraw") else DRAFTED
        return redirect(visit, place.here + (f"?block={block}#b-{block}" if block else ""), (visit.say(said), "good"))

    @get(path, opt=needs)
    async def composer(visit: NamedDependency[Visit], name: FromPath[str]) -> Response[Any]:
        return await page(visit, place_of(visit, name))

    @post(path, opt=needs)
    async def compose(
        visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]
    ) -> Response[Any] | Redirect:
        """One command of the page: which, says the field `do`."""
        form = await entries_of(request)
        said = form.text("do")
        if said not in _COMMANDS:
            raise NotFound()
        return await change(visit, form, name, *_COMMANDS[said])

    return [composer, compose, *_beside(show, permission, place_of, database, path)]


def _beside(show: Show, permission: str, place_of: PlaceOf, database: DatabaseOf, path: str) -> list[HTTPRouteHandler]:
    """What the page opens beside itself."""
    return [_side_by_side(show, permission, place_of, path), _picker(permission, place_of, database, path)]


def _side_by_side(show: Show, permission: str, place_of: PlaceOf, path: str) -> HTTPRouteHandler:
    @get(path + "/preview", opt={"permission": permission})
    async def preview(visit: NamedDependency[Visit], name: FromPath[str]) -> Response[Any]:
        """The draft on a phone and on a desk, beside each other; `on` shows one of them alone."""
        place, wanted = place_of(visit, name), visit.connection.query_params.get("on", "")
        return await show(
            visit,
            "web/composer_preview.html",
            place.here,
            place=place,
            preview=_preview(visit, place),
            seen_by=_seen_by(visit),
            on=wanted if wanted in ("phone", "desk") else "",
        )

    return preview


def _picker(permission: str, place_of: PlaceOf, database: DatabaseOf, path: str) -> HTTPRouteHandler:
    @get(path + "/goods", opt={"permission": permission})
    async def goods(visit: NamedDependency[Visit], name: FromPath[str]) -> Response[bytes]:
        """What the picker of goods asks: a shop's own, the house's all."""
        place = place_of(visit, name)
        shop = MerchantId(place.owner_id) if place.page == SHOP else None
        return await goods_picking.answer(visit, database(visit), shop)

    return goods


async def _audited(tx: Tx, visit: Visit, place: Place, form: Entries, action: str, command: Change) -> None:
    if place.page == HOME:
        await merchandising.begin(tx, place.owner_id, place.page, DEFAULT_HOME, visit.by)
    facts = await command(tx, place, form, visit.by)
    if action != "pages.order":
        await access.audit(tx, visit.actor, action, place.page, {"after": facts})


def _rules(place: Place) -> dict[Rule, str]:
    left_out = {Rule.CATEGORY, Rule.FOR_YOU} if place.page == SHOP else {Rule.SHOP_CATEGORY}
    return {rule: words for rule, words in RULE_WORDS.items() if rule not in left_out}


def _preview(visit: Visit, place: Place) -> str:
    """Where the draft can be looked at for an hour, by whoever has the address; as the segment sees it that the page's own
    address names."""
    until = int(time.time()) + PREVIEW_SECONDS
    sealed = seal(visit.settings, "preview", f"{place.owner_id}|{place.page}|{until}")
    seen_by = _seen_by(visit)
    return f"{place.shown_at}?{urlencode({'draft': sealed} | ({'as': str(seen_by)} if seen_by else {}))}"


def _seen_by(visit: Visit) -> UUID | None:
    return as_uuid(visit.connection.query_params.get("as", ""))


async def _uploaded(visit: Visit, form: Entries) -> dict[str, str]:
    """The pictures that came with the form, kept, by the names of their fields. Raises `PictureRefused`."""
    names = ["picture", *(f"slide{at}_picture" for at in range(SLIDES_MAX))]
    files = Files(visit.settings.home)
    return {name: await keep_picture(files, await file.read()) for name in names for file in form.files(name)[:1]}


def _mark(block: Block) -> str:
    return seen.mark(merchandising.as_data(block))


def _saving(uploaded: dict[str, str]) -> Change:
    async def save(tx: Tx, place: Place, form: Entries, by: str) -> object:
        block = _block(form, uploaded)
        form.check()
        await seen.hold(tx, f"block {block.block_id}")
        draft = await merchandising.draft(tx, place.owner_id, place.page)
        now = next((each for each in draft.blocks if each.block_id == block.block_id), None)
        await audiences.check(tx, place.owner_id, form, now)
        if now is not None:
            seen.compare(form, _mark(now), _mark(block))
        before = await merchandising.save_block(tx, place.owner_id, place.page, block, by)
        return {"before": merchandising.as_data(before), "after": merchandising.as_data(block)}

    return save


def _block(form: Entries, uploaded: dict[str, str]) -> Block:
    kind, rule = form.text("kind"), form.text("rule")
    if kind not in set(Kind):
        form.refuse("kind", N_("Please choose a kind of block"))
    products = [found for word in form.text("products", most=PRODUCTS_TYPED_MAX).split() if (found := _id_in(word))]
    slides = [slide for at in range(SLIDES_MAX) if (slide := _slide(form, at, uploaded)) is not None]
    return Block(
        block_id=form.uuid("block_id"),
        kind=Kind(kind) if kind in set(Kind) else Kind.TEXT,
        title=form.words("title", most=TITLE_CHARACTERS_MAX),
        text=form.words("text", most=TEXT_CHARACTERS_MAX),
        href=_href(form, "href"),
        picture=uploaded.get("picture") or form.text("picture_kept") or None,
        rule=Rule(rule) if rule in set(Rule) else Rule.BESTSELLERS,
        of=form.text("of", most=100),
        products=list(dict.fromkeys(products))[:GOODS_MAX],
        shops=form.text("shops").replace(",", " ").split(),
        count=form.number("count", otherwise=10, least=1, most=GOODS_MAX),
        slides=slides,
        segment_id=audiences.chosen(form, "segment"),
    )


def _slide(form: Entries, at: int, uploaded: dict[str, str]) -> Slide | None:
    name = f"slide{at}"
    slide = Slide(
        title=form.words(f"{name}_title", most=TITLE_CHARACTERS_MAX),
        text=form.words(f"{name}_text", most=300),
        href=_href(form, f"{name}_href"),
        picture=uploaded.get(f"{name}_picture") or form.text(f"{name}_picture_kept") or None,
        segment_id=audiences.chosen(form, f"{name}_segment"),
    )
    return slide if slide.title or slide.text or slide.picture else None


def _href(form: Entries, name: str) -> str:
    path = form.text(name, most=300)
    if path and (
        not path.startswith("/") or path.startswith("//") or any(char <= " " or char == "\\" for char in path)
    ):
        form.refuse(name, N_("Please enter an address of this site, such as /c/shoes"))
    return path


def _id_in(word: str) -> UUID | None:
    """A product's id, or the one in its address."""
    return next((found for part in word.split("/") if (found := as_uuid(part.partition("?")[0])) is not None), None)


async def _remove(tx: Tx, place: Place, form: Entries, by: str) -> object:
    block = await merchandising.remove_block(tx, place.owner_id, place.page, form.uuid("block_id"), by)
    return {"removed": merchandising.as_data(block)}


async def _move(tx: Tx, place: Place, form: Entries, by: str) -> object:
    step = UP if form.text("step") == "up" else DOWN
    await merchandising.move_block(tx, place.owner_id, place.page, form.uuid("block_id"), step, by)
    return None


async def _order(tx: Tx, place: Place, form: Entries, by: str) -> object:
    wanted = [found for each in form.text("order").split(",") if (found := as_uuid(each)) is not None]
    await merchandising.order_blocks(tx, place.owner_id, place.page, wanted, by)
    return None


async def _publish(tx: Tx, place: Place, form: Entries, by: str) -> object:
    typed = form.text("shown_from")
    moment = moment_of(typed)
    if typed and moment is None:
        raise Invalid({"shown_from": N_("Please enter a day and an hour")})
    return {"version": await merchandising.publish(tx, place.owner_id, place.page, by, moment), "shown_from": typed}


async def _withdraw(tx: Tx, place: Place, form: Entries, by: str) -> object:
    version = form.number("version")
    await merchandising.withdraw(tx, place.owner_id, place.page, version)
    return {"version": version}


async def _bring_back(tx: Tx, place: Place, form: Entries, by: str) -> object:
    version = form.number("version")
    await merchandising.bring_back(tx, place.owner_id, place.page, version, by)
    return {"version": version}


async def _name(tx: Tx, place: Place, form: Entries, by: str) -> object:
    title = form.words("page_title", required=True, most=TITLE_CHARACTERS_MAX)
    form.check()
    await merchandising.name_page(tx, place.owner_id, place.page, title, by)
    return title


async def _never(tx: Tx, place: Place, form: Entries, by: str) -> object:
    raise NotImplementedError  # a block is saved with its uploads


_COMMANDS: dict[str, tuple[str, Change]] = {
    "block": ("pages.block", _never),
    "remove": ("pages.block_removed", _remove),
    "move": ("pages.order", _move),
    "order": ("pages.order", _order),
    "publish": ("pages.publish", _publish),
    "withdraw": ("pages.withdraw", _withdraw),
    "bring_back": ("pages.bring_back", _bring_back),
    "name": ("pages.name", _name),
}


def topic_page(name: str) -> str:
    """The page of a topic's address. Raises `NotFound` for what is no address."""
    if not _ADDRESS.fullmatch(name):
        raise NotFound()
    return TOPIC + name
