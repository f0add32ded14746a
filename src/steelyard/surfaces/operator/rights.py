"""The rights of buyers as rules with dates: drafted, tried on past orders, switched on from a day to come."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from babel.numbers import list_currencies
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category, NoReturn
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console import SAVED, address, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.rights_words import COUNTED, KINDS, NO_RETURNS
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, promises, rights
from steelyard.trade.aftersales import Trial
from steelyard.trade.promises import PromiseTrial
from steelyard.trade.rights import PROMISES, CountedFrom, NewRule, Rule, RuleId, RuleKind
from steelyard.trade.rights.model import HOUSE

NEEDS = {"permission": "settings.manage"}
TRIAL_DAYS = (7, 30, 90)


def today() -> date:
    return datetime.now(UTC).astimezone(HOUSE).date()


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Every right with its versions, the newest first; `now` is the version that counts for an order of today."""

    versions: Mapping[str, Sequence[Rule]]
    now: Mapping[str, RuleId]


async def listed(read: Read) -> Listed:
    by_code: dict[str, list[Rule]] = {}
    for each in await rights.versions(read):
        by_code.setdefault(each.code, []).append(each)
    day, now = today(), dict[str, RuleId]()
    for code, versions in by_code.items():
        begun = [each for each in versions if each.since is not None and each.since <= day]
        newest = max(begun, key=lambda each: (each.since or day, each.version), default=None)
        if newest is not None and (newest.until is None or day <= newest.until):
            now[code] = newest.rule_id
    return Listed(versions=by_code, now=now)


@get("/rights", opt=NEEDS)
async def rule_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """The rights there are, with their versions."""
    found = await visit.db.ask(listed)
    return await frame.show(visit, "rights.html", frame.RIGHTS, found=found, kinds=KINDS, today=today())


class One(msgspec.Struct, frozen=True, kw_only=True):
    """`slugs`: the addresses of the categories that it is for."""

    rule: Rule
    trial: Trial | None
    promise_trial: PromiseTrial | None
    slugs: Sequence[str]


async def one(read: Read, rule_id: UUID, days: int) -> One:
    """A version; of a draft also what it would have decided otherwise."""
    found = await rights.rule(read, rule_id)
    if found is None:
        raise NotFound()
    draft, promise = found.since is None, found.kind in PROMISES
    return One(
        rule=found,
        trial=await aftersales.trial(read, found, days) if draft and not promise else None,
        promise_trial=await promises.trial(read, found, days) if draft and promise else None,
        slugs=await slugs_of(read, found),
    )


def _flat(tree: Sequence[Category]) -> Iterator[Category]:
    for each in tree:
        yield each
        yield from _flat(each.children)


async def slugs_of(read: Read, rule: Rule) -> list[str]:
    """The addresses of the categories that a rule is for."""
    if not rule.categories:
        return []
    return [each.slug for each in _flat(await catalog.categories(read)) if each.category_id in rule.categories]


async def categories_named(read: Read, slugs: Sequence[str]) -> dict[str, UUID]:
    """The categories of these addresses, as far as they are known."""
    found = _flat(await catalog.categories(read)) if slugs else ()
    return {each.slug: each.category_id for each in found if each.slug in slugs}


@get("/rights/{rule_id:uuid}", opt=NEEDS)
async def rule_page(
    visit: NamedDependency[Visit], rule_id: FromPath[UUID], days: FromQuery[int | None] = None
) -> Response[Any]:
    """A version as it is; a draft can be changed, tried and switched on."""
    return await _page(visit, rule_id, days if days in TRIAL_DAYS else 30)


async def _page(
    visit: Visit, rule_id: UUID, days: int = 30, form: Entries | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    found = await visit.db.ask(one, rule_id, days)
    name = found.rule.name.in_language(visit.locale)
    return await frame.show(
        visit,
        "right.html",
        frame.RIGHTS,
        crumbs=[(visit.say(N_("Buyers’ rights")), frame.RIGHTS), (name, None)],
        status=422 if errors else 200,
        rule=found.rule,
        trial=found.trial,
        promise_trial=found.promise_trial,
        slugs=found.slugs,
        days=days,
        spans=[
            {"label": str(each), "href": address(f"{frame.RIGHTS}/{rule_id}", days=each), "current": each == days}
            for each in TRIAL_DAYS
        ],
        tomorrow=today() + timedelta(days=1),
        **_words(visit, form, errors),
    )


def _words(visit: Visit, form: Entries | None, errors: Mapping[str, str] | None) -> dict[str, Any]:
    return {
        "kinds": [(kind, visit.say(words)) for kind, words in KINDS.items()],
        "no_returns": [(name, visit.say(words)) for name, words in NO_RETURNS.items()],
        "counted": [(name, visit.say(words)) for name, words in COUNTED.items()],
        "promises": PROMISES,
        "typed": form,
        "errors": errors or {},
    }


@get("/rights/new", opt=NEEDS)
async def new_rule(visit: NamedDependency[Visit], of: FromQuery[UUID | None] = None) -> Response[Any]:
    """A new right, or the next version `of` one, filled in as that is."""
    return await _form(visit, of)


async def _form(
    visit: Visit, of: UUID | None, form: Entries | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    before = await visit.db.ask(rights.rule, of) if of else None
    slugs = await visit.db.ask(slugs_of, before) if before else []
    title = visit.say(N_("Next version")) if before else visit.say(N_("New right"))
    return await frame.show(
        visit,
        "right_new.html",
        frame.RIGHTS,
        crumbs=[(visit.say(N_("Buyers’ rights")), frame.RIGHTS), (title, None)],
        status=422 if errors else 200,
        title=title,
        rule=before,
        slugs=slugs,
        rule_id=(form.text("rule_id") if form else "") or ids.mint(),
        **_words(visit, form, errors),
    )


def rule_of(form: Entries, categories: Mapping[str, UUID] | None = None) -> NewRule:
    """Raises `Invalid`."""
    terms = _terms(form, categories or {})
    kind, until = form.text("kind"), form.text("until")
    if kind not in set(RuleKind):
        form.refuse("kind", N_("Please choose one of these"))
    countries = form.text("countries").upper().replace(",", " ").split()
    last = day_typed(form, "until") if until else None
    days = form.number("days", otherwise=0, most=365)
    form.check()
    return NewRule(
        rule_id=RuleId(form.uuid("rule_id")),
        code=form.text("code").lower(),
        kind=RuleKind(kind),
        name=form.words("name", required=True),
        days=days,
        source=form.words("source", required=True),
        link=form.text("link"),
        countries=list(dict.fromkeys(countries)),
        exceptions=[each for each in NoReturn if form.flag(f"except-{each}")],
        until=last,
        moves=form.flag("moves"),
        **terms,
    )


def _slugs(form: Entries) -> list[str]:
    return form.text("categories").replace(",", " ").split()


def _terms(form: Entries, categories: Mapping[str, UUID]) -> dict[str, Any]:
    """What a promise says of money, hours and times."""
    currency = form.text("currency").upper()
    if currency and currency not in list_currencies():
        form.refuse("currency", N_("Please enter a currency by its three letters"))
        currency = ""
    if any(each not in categories for each in _slugs(form)):
        form.refuse("categories", N_("There is no category with this address"))
    counted = form.text("counted_from")
    return {
        "percent": form.number("percent", otherwise=0),
        "amount_least": form.money("amount_least", currency or "CNY", required=False) or 0,
        "amount_most": form.money("amount_most", currency or "CNY", required=False),
        "currency": currency or None,
        "hours_least": form.number("hours_least", otherwise=0),
        "hours_most": form.number("hours_most", otherwise=0),
        "times_most": form.number("times_most", otherwise=0),
        "categories": [categories[each] for each in _slugs(form) if each in categories],
        "counted_from": CountedFrom(counted) if counted in set(CountedFrom) else CountedFrom.RECEIVED,
    }


def day_typed(form: Entries, name: str) -> date | None:
    try:
        return date.fromisoformat(form.text(name))
    except ValueError:
        form.refuse(name, N_("Please enter a day"))
        return None


async def draft(tx: Tx, actor: Actor, new: NewRule, by: str) -> Rule:
    before = await rights.rule(tx, new.rule_id)
    after = await rights.draft(tx, new, by)
    was, is_now = _facts(before) if before else {}, _facts(after)
    if was != is_now:
        await access.audit(tx, actor, "rights.draft", f"{after.code} {after.version}", before=was, after=is_now)
    return after


def _facts(rule: Rule) -> dict[str, Any]:
    said = msgspec.to_builtins(rule)
    return {
        name: said[name]
        for name in (
            *("kind", "name", "days", "countries", "exceptions", "source", "since", "until", "percent", "amount_least"),
            *(
                "amount_most",
                "currency",
                "hours_least",
                "hours_most",
                "times_most",
                "categories",
                "counted_from",
                "moves",
            ),
        )
    }


@post("/rights", opt=NEEDS)
async def save_draft(
    visit: NamedDependency[Visit], request: WebRequest, of: FromQuery[UUID | None] = None
) -> Response[Any] | Redirect:
    """Keep a draft; what it would decide otherwise is on its page."""
    form = await entries_of(request)
    try:
        form.check()
        categories = await visit.db.ask(categories_named, _slugs(form))
        saved = await visit.db.transact(draft, visit.actor, rule_of(form, categories), visit.by)
    except NotFound:
        raise
    except Refusal as refusal:
        errors = errors_of(visit, refusal.fields) if isinstance(refusal, Invalid) else {"code": told(visit, refusal)}
        return await _form(visit, of, form, errors)
    return redirect(visit, f"{frame.RIGHTS}/{saved.rule_id}", (visit.say(SAVED), "good"))


async def switch_on(tx: Tx, actor: Actor, rule_id: RuleId, since: date) -> None:
    before = await rights.rule(tx, rule_id)
    after = await rights.switch_on(tx, rule_id, since, today())
    if before is not None and before.since is None:
        await access.audit(
            tx, actor, "rights.switch_on", f"{after.code} {after.version}", before={}, after=_facts(after)
        )


@post("/rights/{rule_id:uuid}/on", opt=NEEDS)
async def switched_on(
    visit: NamedDependency[Visit], request: WebRequest, rule_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """From a day to come it counts for orders placed then."""
    form = await entries_of(request)
    try:
        since = day_typed(form, "since")
        form.check()
        assert since is not None
        await visit.db.transact(switch_on, visit.actor, RuleId(rule_id), since)
    except Invalid as refusal:
        return await _page(visit, rule_id, form=form, errors=errors_of(visit, refusal.fields))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, rule_id, form=form, errors={"since": told(visit, refusal)})
    return redirect(visit, frame.RIGHTS, (visit.say(N_("It is switched on from that day.")), "good"))


async def drop(tx: Tx, actor: Actor, rule_id: RuleId) -> None:
    gone = await rights.drop(tx, rule_id)
    if gone is not None:
        await access.audit(tx, actor, "rights.drop", f"{gone.code} {gone.version}", before=_facts(gone), after={})


@post("/rights/{rule_id:uuid}/drop", opt=NEEDS)
async def dropped(visit: NamedDependency[Visit], rule_id: FromPath[UUID]) -> Redirect:
    """Throw a draft away."""
    try:
        await visit.db.transact(drop, visit.actor, RuleId(rule_id))
    except Refusal as refusal:
        return redirect(visit, f"{frame.RIGHTS}/{rule_id}", (told(visit, refusal), "bad"))
    return redirect(visit, frame.RIGHTS, (visit.say(N_("The draft is gone.")), "good"))


HANDLERS = [rule_list, new_rule, rule_page, save_draft, switched_on, dropped]
