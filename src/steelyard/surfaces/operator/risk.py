"""Suspicious orders: what is held and why, released or called off; the rules, how they did and would have done; lists."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants, policies
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.parties.policies.model import RISK_HOLDS, RISK_SCORE
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import chargeback_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import entered_day
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import risk
from steelyard.trade.risk import Check, DryRun, Entry, EntryKind, Listing, Rule, RuleFigures, RuleName

NEEDS = {"permission": "orders.manage"}
HERE = frame.RISK
TABS = (
    ("", N_("Held")),
    ("all", N_("All that tripped a rule")),
    ("rules", N_("Rules")),
    *((each, chargeback_words.LISTS[each]) for each in Listing),
)


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[Check]
    next: str | None
    shops: Mapping[MerchantId, ShopCard]
    on: bool


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    rules: Sequence[Rule]
    figures: Mapping[RuleName, RuleFigures]
    on: bool
    score: int
    run: DryRun | None


def tabs(visit: Visit, current: str) -> list[dict[str, Any]]:
    def href(key: str) -> str:
        return {"": HERE, "all": f"{HERE}?kind=all", "rules": f"{HERE}/rules"}.get(key, f"{HERE}/lists/{key}")

    return [{"label": visit.say(word), "href": href(key), "current": key == current} for key, word in TABS]


async def queue(read: Read, everything: bool, cursor: str | None) -> Queue:
    found = await (
        risk.checks_page(read, (), cursor, ROWS_PER_PAGE) if everything else risk.held_page(read, cursor, ROWS_PER_PAGE)
    )
    return Queue(
        items=found.items,
        next=found.next,
        shops=await merchants.cards(read, {each.merchant_id for each in found.items}),
        on=bool(await policies.number(read, RISK_HOLDS)),
    )


@get("/risk", opt=NEEDS)
async def risk_queue(
    visit: NamedDependency[Visit], kind: FromQuery[str] = "", cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """What is held, the first due first; or all that tripped a rule."""
    return await _queue(visit, kind == "all", cursor)


async def _queue(visit: Visit, everything: bool, cursor: str | None, refusal: str = "") -> Response[Any]:
    found = await visit.db.ask(queue, everything, cursor)
    here = {"kind": "all"} if everything else {}
    return await frame.show(
        visit,
        "risk.html",
        HERE,
        status=422 if refusal else 200,
        found=found,
        refusal=refusal,
        words=chargeback_words,
        now=datetime.now(UTC),
        tabs=tabs(visit, "all" if everything else ""),
        next_href=address(HERE, **here, cursor=found.next) if found.next else "",
        start_href=address(HERE, **here) if cursor else "",
    )


async def decide(tx: Tx, actor: Actor, order_id: UUID, do: str, why: str) -> None:
    check = await (risk.release if do == "release" else risk.call_off)(tx, order_id, why, actor.by)
    await access.audit(tx, actor, f"risk.{do}", check.code, {"score": check.score, "why": why})


@post("/risk/{order_id:uuid}", opt=NEEDS)
async def risk_decided(
    visit: NamedDependency[Visit], request: WebRequest, order_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Release it, or call it off and give the money back."""
    form = await entries_of(request)
    do = form.text("do")
    if do not in ("release", "call_off"):
        raise NotFound()
    try:
        await visit.db.transact(decide, visit.actor, order_id, do, form.text("why"))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _queue(visit, False, None, sentence_of(refusal, visit.locale))
    words = N_("It is sent now.") if do == "release" else N_("It is called off, and the money goes back.")
    return redirect(visit, HERE, (visit.say(words), "good"))


async def ruled(read: Read, tried: bool) -> Rules:
    score = await policies.number(read, RISK_SCORE)
    return Rules(
        rules=await risk.rules(read),
        figures={each.rule: each for each in await risk.figures(read)},
        on=bool(await policies.number(read, RISK_HOLDS)),
        score=score,
        run=await risk.dry_run(read, score) if tried else None,
    )


@get("/risk/rules", opt=NEEDS)
async def risk_rules(visit: NamedDependency[Visit], tried: FromQuery[bool] = False) -> Response[Any]:
    """The rules, how they did, and with `?tried=true` what they would have done in the last 30 days."""
    return await _rules(visit, tried, "", {}, Entries({}, {}))


async def _rules(visit: Visit, tried: bool, wrong: str, errors: Mapping[str, str], form: Entries) -> Response[Any]:
    return await frame.show(
        visit,
        "risk_rules.html",
        HERE,
        crumbs=[(visit.say(N_("Suspicious orders")), HERE), (visit.say(N_("Rules")), None)],
        status=422 if errors else 200,
        found=await visit.db.ask(ruled, tried),
        words=chargeback_words,
        counting=risk.COUNTING,
        tabs=tabs(visit, "rules"),
        wrong=wrong,
        errors=errors,
        form=form,
    )


async def change_rule(tx: Tx, actor: Actor, rule: Rule) -> None:
    before = next(each for each in await risk.rules(tx) if each.rule is rule.rule)
    await risk.set_rule(tx, rule, actor.by)
    facts = {
        name: {key: getattr(each, key) for key in ("active", "points", "least", "minutes")}
        for name, each in (("before", before), ("after", rule))
    }
    await access.audit(tx, actor, "risk.rule", rule.rule, facts)


@post("/risk/rules/{name:str}", opt=NEEDS)
async def risk_rule_changed(
    visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]
) -> Response[Any] | Redirect:
    """What a rule counts, and how much."""
    if name not in set(RuleName):
        raise NotFound()
    form = await entries_of(request)
    rule = Rule(
        rule=RuleName(name),
        active=form.text("active") == "yes",
        points=_number(form, "points"),
        least=_number(form, "least", 1),
        minutes=_number(form, "minutes", 1),
    )
    try:
        await visit.db.transact(change_rule, visit.actor, rule)
    except Invalid as refusal:
        return await _rules(visit, False, name, {key: visit.say(word) for key, word in refusal.fields.items()}, form)
    return redirect(visit, f"{HERE}/rules", (visit.say(N_("Saved")), "good"))


def _number(form: Entries, name: str, missing: int = 0) -> int:
    """What is no number is refused as being too small."""
    typed = form.text(name).strip()
    if not typed:
        return missing
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


class Named(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[Entry]
    next: str | None


async def named(read: Read, listing: Listing, cursor: str | None) -> Named:
    found = await risk.entries_page(read, listing, cursor, ROWS_PER_PAGE)
    return Named(items=found.items, next=found.next)


@get("/risk/lists/{name:str}", opt=NEEDS)
async def risk_list(
    visit: NamedDependency[Visit], name: FromPath[str], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """Who stands on a list, until when and why."""
    return await _list(visit, name, cursor, Entries({}, {}), {})


async def _list(visit: Visit, name: str, cursor: str | None, form: Entries, errors: Mapping[str, str]) -> Response[Any]:
    if name not in set(Listing):
        raise NotFound()
    found = await visit.db.ask(named, Listing(name), cursor)
    here = f"{HERE}/lists/{name}"
    kinds = [EntryKind.ADDRESS] if name == Listing.FORWARDER else [*EntryKind]
    return await frame.show(
        visit,
        "risk_list.html",
        HERE,
        crumbs=[(visit.say(N_("Suspicious orders")), HERE), (visit.say(chargeback_words.LISTS[Listing(name)]), None)],
        status=422 if errors else 200,
        found=found,
        here=here,
        words=chargeback_words,
        tabs=tabs(visit, name),
        kinds=[(key, visit.say(chargeback_words.KINDS[key])) for key in kinds],
        form=form,
        errors=errors,
        entry_id=form.text("entry_id") or ids.mint(),
        next_href=address(here, cursor=found.next) if found.next else "",
        start_href=here if cursor else "",
    )


async def enter(tx: Tx, actor: Actor, listing: Listing, form: Entries) -> None:
    until, kind = entered_day(form, "until"), form.text("kind")
    if until is None or kind not in set(EntryKind):
        raise Invalid({"until": N_("Please enter a day within the next two years.")})
    await risk.enter(
        tx, form.uuid("entry_id"), listing, EntryKind(kind), form.text("value"), form.text("why"), until, actor.by
    )
    # Not who: the audit log is kept longer than the list.
    await access.audit(tx, actor, "risk.enter", listing, {"kind": kind, "until": until.isoformat()})


async def strike(tx: Tx, actor: Actor, listing: Listing, entry_id: UUID) -> None:
    await risk.strike(tx, entry_id)
    await access.audit(tx, actor, "risk.strike", listing, {"entry": str(entry_id)})


@post("/risk/lists/{name:str}", opt=NEEDS)
async def risk_listed(
    visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Put somebody on a list, or take them off it."""
    if name not in set(Listing):
        raise NotFound()
    form = await entries_of(request)
    try:
        if form.text("do") == "strike":
            await visit.db.transact(strike, visit.actor, Listing(name), form.uuid("entry_id"))
        else:
            await visit.db.transact(enter, visit.actor, Listing(name), form)
        form.check()
    except Invalid as refusal:
        return await _list(visit, name, None, form, {key: visit.say(word) for key, word in refusal.fields.items()})
    return redirect(visit, f"{HERE}/lists/{name}", (visit.say(N_("Saved")), "good"))


HANDLERS = [risk_queue, risk_rules, risk_rule_changed, risk_list, risk_listed, risk_decided]
