"""What shops did against the rules: the list, recording one, deciding appeals; the rules themselves."""

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
from steelyard.kernel.paging import Page
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import discipline_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, InState, address
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.photographs import PHOTOGRAPHS_BYTES_MAX, photographs
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import discipline
from steelyard.trade.discipline import (
    Category,
    Debt,
    NewViolation,
    Outcome,
    Proposed,
    Rule,
    Subject,
    Violation,
    ViolationId,
)

NEEDS = {"permission": "merchants.discipline"}
TABS = {
    "all": N_("All"),
    "waiting": N_("Appeals to decide"),
    "close": N_("Shops to close"),
    "owing": N_("Shops that owe"),
}
OUTCOMES: dict[Outcome, tuple[str, str]] = {
    Outcome.REVOKED: (N_("Revoke the penalty"), N_("Points and fine are undone, and so is what followed from them.")),
    Outcome.STANDS: (N_("It stands"), N_("The appeal is rejected. This is final.")),
}
RULES = f"{frame.VIOLATIONS}/rules"
CURRENCY = "CNY"


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Violation]
    shops: Mapping[MerchantId, ShopCard]
    waiting: int
    to_close: list[Proposed]
    owing: list[Debt]


async def listed(read: Read, tab: str, cursor: str | None) -> Listed:
    to_close = await discipline.to_close(read, datetime.now(UTC))
    page = Page[Violation]([], None)
    owing = await discipline.debts(read)
    if tab not in ("close", "owing"):
        page = await discipline.listed(read, waiting=tab == "waiting", cursor=cursor, limit=ROWS_PER_PAGE)
    return Listed(
        page=page,
        shops=await merchants.cards(read, {each.merchant_id for each in [*page.items, *to_close, *owing]}),
        to_close=to_close,
        owing=owing,
        waiting=await discipline.appealed_count(read),
    )


@get("/violations", opt=NEEDS)
async def violation_list(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """What was recorded, or only what a shop appeals against."""
    tab = wanted if wanted in TABS else "all"
    found = await visit.db.ask(listed, tab, cursor)
    return await frame.show(
        visit,
        "violations.html",
        frame.VIOLATIONS,
        found=found,
        tab=tab,
        words=discipline_words,
        tabs=[
            {
                "label": visit.say(label),
                "href": address(frame.VIOLATIONS, state=name),
                "current": name == tab,
                "count": {"waiting": found.waiting, "close": len(found.to_close), "owing": len(found.owing)}.get(
                    name, 0
                ),
            }
            for name, label in TABS.items()
        ],
        next_href=address(frame.VIOLATIONS, state=tab, cursor=found.page.next) if found.page.next else "",
        start_href=address(frame.VIOLATIONS, state=tab) if cursor else "",
    )


class One(msgspec.Struct, frozen=True, kw_only=True):
    violation: Violation
    shop: ShopCard
    points: int


async def one(read: Read, merchant_id: MerchantId, violation_id: UUID) -> One:
    violation = await discipline.violation(read, merchant_id, violation_id)
    if violation is None:
        raise NotFound()
    return One(
        violation=violation,
        shop=(await merchants.cards(read, [merchant_id]))[merchant_id],
        points=await discipline.points_of(read, merchant_id, violation.year),
    )


@get("/violations/{merchant_id:uuid}/{violation_id:uuid}", opt=NEEDS)
async def violation_page(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], violation_id: FromPath[UUID]
) -> Response[Any]:
    """What happened, what it cost, the appeal and the decision."""
    return await _page(visit, MerchantId(merchant_id), violation_id)


async def _page(
    visit: Visit,
    merchant_id: MerchantId,
    violation_id: UUID,
    form: Entries | None = None,
    refusal: Refusal | None = None,
) -> Response[Any]:
    known = await visit.db.ask(one, merchant_id, violation_id)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    return await frame.show(
        visit,
        "violation.html",
        frame.VIOLATIONS,
        crumbs=[
            (visit.say(N_("Violations of rules")), frame.VIOLATIONS),
            (known.shop.name.in_language(visit.locale), None),
        ],
        status=refusal.status if refusal else 200,
        found=known,
        violation=known.violation,
        mine_to_decide=known.violation.recorded_by != visit.by,
        outcomes=[
            {"value": outcome, "title": visit.say(title), "text": visit.say(text)}
            for outcome, (title, text) in OUTCOMES.items()
        ],
        words=discipline_words,
        form=form or Entries({}, {}),
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
    )


async def decide(
    tx: Tx, actor: Actor, merchant_id: MerchantId, violation_id: UUID, outcome: Outcome, reason: str
) -> None:
    if await discipline.decide(tx, merchant_id, violation_id, outcome, reason, actor.by, datetime.now(UTC)):
        facts = {"outcome": outcome, "reason": reason}
        await access.audit(tx, actor, "violations.decide", str(violation_id), facts, merchant_id=merchant_id)


@post("/violations/{merchant_id:uuid}/{violation_id:uuid}", opt=NEEDS)
async def decided(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], violation_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Decide an appeal, with a reason that the shop reads."""
    form = await entries_of(request)
    wanted = form.text("outcome")
    try:
        if wanted not in set(Outcome):
            raise Invalid({"outcome": N_("Please choose what is to happen.")})
        await visit.db.transact(
            decide, visit.actor, MerchantId(merchant_id), violation_id, Outcome(wanted), form.text("decision")
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, MerchantId(merchant_id), violation_id, form, refusal)
    said = visit.say(N_("It is decided. The shop is told."))
    return redirect(visit, f"{frame.VIOLATIONS}/{merchant_id}/{violation_id}", (said, "good"))


async def rules(read: Read) -> Sequence[Rule]:
    return await discipline.rules(read)


@get("/violations/rules", opt=NEEDS)
async def rule_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """The rules, each to be changed in place, and a new one."""
    return await _rules(visit)


async def _rules(visit: Visit, form: Entries | None = None, refusal: Refusal | None = None) -> Response[Any]:
    errors = fields_of(refusal, visit.locale) if refusal else {}
    known = await visit.db.ask(rules)
    code = visit.connection.query_params.get("code", "")
    return await frame.show(
        visit,
        "violation_rules.html",
        frame.VIOLATIONS,
        crumbs=[(visit.say(N_("Violations of rules")), frame.VIOLATIONS), (visit.say(N_("Rules")), None)],
        status=refusal.status if refusal else 200,
        rules=known,
        chosen=next((each for each in known if each.code == code), None),
        words=discipline_words,
        categories=[(each, visit.say(label)) for each, label in discipline_words.CATEGORIES.items()],
        form=form or Entries({}, {}),
        errors=errors,
        currency=CURRENCY,
    )


async def save_rule(tx: Tx, actor: Actor, rule: Rule) -> None:
    before = next((each for each in await discipline.rules(tx) if each.code == rule.code), None)
    await discipline.save_rule(tx, rule)
    await access.audit(
        tx,
        actor,
        "violations.rule",
        rule.code,
        before={"points": before.points, "fine": before.fine, "active": before.active} if before else None,
        after={"points": rule.points, "fine": rule.fine, "active": rule.active},
    )


@post("/violations/rules", opt=NEEDS)
async def rule_saved(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Make a rule, or change it for what is recorded from now on."""
    form = await entries_of(request)
    try:
        category = form.text("category")
        rule = Rule(
            code=form.text("code"),
            name=form.words("name", required=True),
            category=Category(category) if category in set(Category) else Category.A,
            points=form.number("points"),
            fine=form.money("fine", CURRENCY, required=False) or 0,
            currency=CURRENCY,
            active=form.flag("active"),
        )
        form.check()
        await visit.db.transact(save_rule, visit.actor, rule)
    except Refusal as refusal:
        return await _rules(visit, form, refusal)
    return redirect(visit, RULES, (visit.say(SAVED), "good"))


async def _recordable(read: Read, merchant_id: MerchantId) -> tuple[ShopCard, Sequence[Rule], str]:
    merchant = await merchants.get(read, merchant_id)
    if merchant is None:
        raise NotFound()
    shop = (await merchants.cards(read, [merchant_id]))[merchant_id]
    return shop, [each for each in await discipline.rules(read) if each.active], merchant.currency


@get("/violations/{merchant_id:uuid}/new", opt=NEEDS)
async def record_page(visit: NamedDependency[Visit], merchant_id: FromPath[UUID]) -> Response[Any]:
    """What is to be recorded of a shop. `?order=`, `?product=` or `?case=` is the evidence."""
    return await _record(visit, MerchantId(merchant_id))


async def _record(
    visit: Visit, merchant_id: MerchantId, form: Entries | None = None, refusal: Refusal | None = None
) -> Response[Any]:
    shop, known, currency = await visit.db.ask(_recordable, merchant_id)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    asked = visit.connection.query_params
    subject = next((each for each in Subject if each and asked.get(each)), Subject.NOTHING)
    return await frame.show(
        visit,
        "violation_new.html",
        frame.VIOLATIONS,
        crumbs=[(visit.say(N_("Violations of rules")), frame.VIOLATIONS), (shop.name.in_language(visit.locale), None)],
        status=refusal.status if refusal else 200,
        shop=shop,
        rules=[("", visit.say(N_("Please choose")))]
        + [(each.code, f"{each.name.in_language(visit.locale)} · {each.points}") for each in known],
        subjects=[(each.value, visit.say(label)) for each, label in discipline_words.SUBJECTS.items()],
        subject=form.text("subject") if form else subject,
        subject_id=form.text("subject_id") if form else asked.get(subject, "") if subject else "",
        currency=currency,
        form=form or Entries({}, {}),
        errors=errors,
        violation_id=(form.text("violation_id") if form else "") or ids.mint(),
    )


async def record(tx: Tx, actor: Actor, new: NewViolation) -> None:
    known = await discipline.violation(tx, new.merchant_id, new.violation_id)
    await discipline.record(tx, new, actor.by, datetime.now(UTC))
    if known is None:
        facts = {"rule": new.code, "facts": new.facts, "pictures": len(new.pictures)}
        await access.audit(tx, actor, "violations.record", str(new.violation_id), facts, merchant_id=new.merchant_id)


@post("/violations/{merchant_id:uuid}/new", opt=NEEDS, request_max_body_size=PHOTOGRAPHS_BYTES_MAX)
async def recorded(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Record a violation."""
    form = await entries_of(request)
    shop_id = MerchantId(merchant_id)
    _, _, currency = await visit.db.ask(_recordable, shop_id)
    subject = form.text("subject")
    pictures, trouble = await photographs(visit, form, "pictures")
    try:
        if trouble:
            raise Invalid({"pictures": trouble})
        new = NewViolation(
            violation_id=ViolationId(form.uuid("violation_id")),
            merchant_id=shop_id,
            code=form.text("code"),
            facts=form.text("facts"),
            subject=Subject(subject) if subject in set(Subject) else Subject.NOTHING,
            subject_id=form.uuid("subject_id") if subject else None,
            fine=form.money("fine", currency, required=False),
            pictures=pictures,
        )
        form.check()
        await visit.db.transact(record, visit.actor, new)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _record(visit, shop_id, form, refusal)
    said = visit.say(N_("It is recorded. The shop is told, and may appeal within 7 days."))
    return redirect(visit, f"{frame.VIOLATIONS}/{merchant_id}/{new.violation_id}", (said, "good"))


HANDLERS = [violation_list, rule_list, rule_saved, record_page, recorded, violation_page, decided]
