"""How buyers search: what found nothing, synonyms, searches that lead to a page, hot words, and in which sort lists are."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.goods import search
from steelyard.goods.search.model import GoodsList, Sort
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import sort_words
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.exports import csv_answer, wanted
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "catalog.manage"}
HOT_SHOWN = 30
LISTS = (GoodsList.SEARCH, GoodsList.CATEGORIES)
PLACES_MAX = 1_000


class Found(msgspec.Struct, frozen=True, kw_only=True):
    unfound: list[search.Unfound]
    rules: search.Rules
    hot: list[search.HotWord]
    default: dict[GoodsList, Sort]


async def found(read: Read) -> Found:
    return Found(
        unfound=await search.unfound(read),
        rules=await search.rules(read),
        hot=await search.hot_words(read, HOT_SHOWN),
        default={each: await search.default_sort(read, MARKETPLACE, each) for each in LISTS},
    )


async def page(visit: Visit, typed: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    known = await visit.db.ask(found)
    return await frame.show(
        visit,
        "searching.html",
        frame.SEARCH,
        status=422 if errors else 200,
        found=known,
        typed=typed or Entries({}, {}),
        errors=errors or {},
        chosen=visit.connection.query_params.get("words", ""),
        lists=[(each, visit.say(sort_words.LISTS[each]), sort_words.choices(visit, each)) for each in LISTS],
    )


@get("/search", opt=NEEDS)
async def search_rules(visit: NamedDependency[Visit]) -> Response[Any]:
    if wanted(visit):
        known = await visit.db.ask(search.unfound)
        head = [visit.say(N_("Search words")), visit.say(N_("Times")), visit.say(N_("Last"))]
        rows = [[each.words, each.searches, each.last] for each in known]
        return csv_answer(visit, visit.say(N_("Searches that found nothing")), head, rows)
    return await page(visit)


Command = Callable[[Tx, Entries], Awaitable[tuple[str, object]]]


async def _audited(tx: Tx, actor: Actor, action: str, form: Entries, command: Command) -> None:
    subject, facts = await command(tx, form)
    await access.audit(tx, actor, action, subject, {"after": facts})


async def _change(visit: Visit, request: WebRequest, action: str, command: Command) -> Response[Any] | Redirect:
    form = await entries_of(request)
    try:
        await visit.db.transact(_audited, visit.actor, action, form, command)
    except Invalid as refusal:
        return await page(visit, form, errors_of(visit, refusal.fields))
    return redirect(visit, frame.SEARCH, (visit.say(SAVED), "good"))


async def _synonym(tx: Tx, form: Entries) -> tuple[str, object]:
    words = form.text("words", most=500).replace("，", ",").replace("、", ",").split(",")
    kept = await search.save_synonym(tx, form.uuid("synonym_id"), words)
    return ", ".join(kept)[:200], kept


@post("/search/synonyms", opt=NEEDS)
async def add_synonym(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """These words mean the same."""
    return await _change(visit, request, "search.synonym", _synonym)


async def _no_synonym(tx: Tx, form: Entries) -> tuple[str, object]:
    synonym_id = form.uuid("synonym_id")
    await search.remove_synonym(tx, synonym_id)
    return form.text("words") or str(synonym_id), None


@post("/search/synonyms/remove", opt=NEEDS)
async def remove_synonym(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """They no longer do."""
    return await _change(visit, request, "search.synonym_removed", _no_synonym)


async def _redirect(tx: Tx, form: Entries) -> tuple[str, object]:
    words, target = form.text("redirect_words", most=60), form.text("target", most=300)
    await search.save_redirect(tx, words, target)
    return words, target


@post("/search/redirects", opt=NEEDS)
async def add_redirect(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Who searches this is led to that page."""
    return await _change(visit, request, "search.redirect", _redirect)


async def _no_redirect(tx: Tx, form: Entries) -> tuple[str, object]:
    words = form.text("redirect_words")
    await search.remove_redirect(tx, words)
    return words, None


@post("/search/redirects/remove", opt=NEEDS)
async def remove_redirect(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """They see a list again."""
    return await _change(visit, request, "search.redirect_removed", _no_redirect)


async def _hot(tx: Tx, form: Entries) -> tuple[str, object]:
    words, pinned = form.text("hot_words", most=60), form.text("show") != "never"
    place = form.number("hot_place", otherwise=0, most=PLACES_MAX)
    form.check()
    await search.save_hot_rule(tx, words, pinned=pinned, place=place)
    return words, "pinned" if pinned else "hidden"


@post("/search/hot", opt=NEEDS)
async def add_hot_rule(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Show a hot word first, or never."""
    return await _change(visit, request, "search.hot", _hot)


async def _not_hot(tx: Tx, form: Entries) -> tuple[str, object]:
    words = form.text("hot_words")
    await search.remove_hot_rule(tx, words)
    return words, None


@post("/search/hot/remove", opt=NEEDS)
async def remove_hot_rule(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """It is hot when it is."""
    return await _change(visit, request, "search.hot_removed", _not_hot)


@post("/search/sort", opt=NEEDS)
async def settle_sort(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """In which sort a list is for who chooses none."""
    form = await entries_of(request)
    try:
        await visit.db.transact(sort_words.settle, visit, MARKETPLACE, LISTS, form)
    except Invalid as refusal:
        return await page(visit, form, errors_of(visit, refusal.fields))
    return redirect(visit, frame.SEARCH, (visit.say(SAVED), "good"))


HANDLERS = [
    settle_sort,
    search_rules,
    add_synonym,
    remove_synonym,
    add_redirect,
    remove_redirect,
    add_hot_rule,
    remove_hot_rule,
]
