"""Commission and fees: what merchants are charged for, by which rules, and the tax on it. The past is never changed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.operator import fee_forms, frame
from steelyard.surfaces.web import fee_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import commission
from steelyard.trade.commission import RulesWanted, Wish
from steelyard.trade.commission.model import HOUSE_ZONE, Channel, Fee, KnownRule, RuleId, RuleState

NEEDS = {"permission": "fees.manage"}
RULES = f"{frame.FEES}/rules"


def tomorrow() -> date:
    return datetime.now(UTC).astimezone(HOUSE_ZONE).date() + timedelta(days=1)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    fees: Sequence[Fee]
    page: Page[KnownRule]
    named: fee_words.Named
    unknown_shop: bool


async def listed(read: Read, typed: Mapping[str, str], cursor: str | None) -> Listed:
    """The fees, and the rules that the filters let through."""
    slug = typed.get("shop", "")
    shop = await merchants.by_slug(read, slug) if slug else None
    state, channel = typed.get("state", ""), typed.get("channel", "")
    wanted = RulesWanted(
        fee_id=as_uuid(typed.get("fee", "")),
        merchant_id=shop.merchant_id if shop else None,
        everybodys=typed.get("whose") == "everybody",
        channel=Channel(channel) if channel in set(Channel) else None,
        state=RuleState(state) if state in set(RuleState) else None,
    )
    unknown = bool(slug) and shop is None
    page = (
        Page[KnownRule](items=[], next=None) if unknown else await commission.rules(read, wanted, cursor, ROWS_PER_PAGE)
    )
    return Listed(
        fees=await commission.fees(read),
        page=page,
        named=await fee_words.named(read, page.items),
        unknown_shop=unknown,
    )


@get("/fees", opt=NEEDS)
async def fee_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What is charged, and the rules of all times."""
    query = visit.connection.query_params
    typed = {
        name: value
        for name in ("fee", "shop", "whose", "channel", "state")
        if (value := (query.get(name) or "").strip())
    }
    found = await visit.db.ask(listed, typed, cursor)
    return await frame.show(
        visit,
        "fees.html",
        frame.FEES,
        found=found,
        typed=typed,
        now=datetime.now(UTC),
        channels=fee_words.CHANNELS,
        states=fee_words.STATES,
        next_href=address(frame.FEES, **typed, cursor=found.page.next) if found.page.next else "",
        start_href=address(frame.FEES, **typed) if cursor else "",
    )


class One(msgspec.Struct, frozen=True, kw_only=True):
    """A rule, and the rules that it was set instead of or that were set instead of it; `people` set and ended them."""

    rule: KnownRule
    line: Sequence[KnownRule]
    named: fee_words.Named
    shop: str
    people: Mapping[UUID, str]


async def one(read: Read, rule_id: UUID) -> One:
    """Raises `NotFound`."""
    found = await commission.rule(read, rule_id)
    if found is None:
        raise NotFound()
    line = await commission.line_of_rule(read, rule_id)
    cards = await merchants.cards(read, [MerchantId(found.merchant_id)]) if found.merchant_id else {}
    staff: dict[UUID, str] = {member.account_id: member.name for member in await access.staff(read, None)}
    return One(
        rule=found,
        line=line,
        named=await fee_words.named(read, line),
        shop=next((card.slug for card in cards.values()), ""),
        people=staff,
    )


@get("/fees/rules/{fee_rule_id:uuid}", opt=NEEDS)
async def rule_page(visit: NamedDependency[Visit], fee_rule_id: FromPath[UUID]) -> Response[Any]:
    return await _rule(visit, fee_rule_id, None, {})


async def _rule(visit: Visit, rule_id: UUID, form: Entries | None, errors: Mapping[str, str]) -> Response[Any]:
    found = await visit.db.ask(one, rule_id)
    now = datetime.now(UTC)
    return await frame.show(
        visit,
        "fee_rule.html",
        frame.FEES,
        crumbs=[(visit.say(N_("Commission and fees")), frame.FEES), (found.rule.name.in_language(visit.locale), None)],
        status=422 if errors else 200,
        found=found,
        rule=found.rule,
        state=found.rule.state(now),
        now=now,
        typed=form,
        errors=errors,
        tomorrow=tomorrow(),
        channels=fee_words.CHANNELS,
        states=fee_words.STATES,
    )


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule can be of, and the one that it is set instead of."""

    fees: Sequence[Fee]
    categories: Sequence[tuple[UUID, Text]]
    before: KnownRule | None
    shop: str


async def choices(read: Read, of: UUID | None) -> Choices:
    """Raises `NotFound`."""
    before = await commission.rule(read, of) if of else None
    if of and before is None:
        raise NotFound()
    owner = before.merchant_id if before else None
    cards = await merchants.cards(read, [MerchantId(owner)]) if owner else {}
    return Choices(
        fees=await commission.fees(read),
        categories=fee_forms.flat(await catalog.categories(read)),
        before=before,
        shop=next((card.slug for card in cards.values()), ""),
    )


@get("/fees/rules/new", opt=NEEDS)
async def new_rule(
    visit: NamedDependency[Visit], of: FromQuery[UUID | None] = None, shop: FromQuery[str | None] = None
) -> Response[Any]:
    """A new rule, or the one that follows `of`, filled in as that is."""
    return await _form(visit, of, None, {}, shop or "")


async def _form(
    visit: Visit, of: UUID | None, form: Entries | None, errors: Mapping[str, str], shop: str = ""
) -> Response[Any]:
    found = await visit.db.ask(choices, of)
    title = visit.say(N_("Change the rule")) if found.before else visit.say(N_("New rule"))
    return await frame.show(
        visit,
        "fee_rule_new.html",
        frame.FEES,
        crumbs=[(visit.say(N_("Commission and fees")), frame.FEES), (title, None)],
        status=422 if errors else 200,
        title=title,
        of=of,
        found=found,
        typed=fee_forms.typed(form, found.before, found.shop or shop),
        errors=errors,
        rule_id=(form.text("rule_id") if form else "") or ids.mint(),
        tomorrow=tomorrow(),
        channels=fee_words.CHANNELS,
        taxes=fee_words.TAXES,
    )


async def set_rule(tx: Tx, actor: Actor, wish: Wish) -> None:
    before = await commission.rule(tx, wish.replaces) if wish.replaces else None
    if await commission.set_rule(tx, wish, account_of(actor)):
        await access.audit(
            tx,
            actor,
            "fees.set_rule",
            str(wish.rule_id),
            merchant_id=wish.merchant_id,
            before=_facts(before) if before else {},
            after=_facts(await commission.rule(tx, wish.rule_id)),
        )


def account_of(actor: Actor) -> UUID | None:
    return actor.account.account_id if actor.account else None


def _facts(rule: KnownRule | None) -> dict[str, Any]:
    said = msgspec.to_builtins(rule) if rule else {}
    return {name: value for name, value in said.items() if name not in ("rule_id", "set_at", "set_by", "ended_at")}


@post("/fees/rules", opt=NEEDS)
async def save_rule(
    visit: NamedDependency[Visit], request: WebRequest, of: FromQuery[UUID | None] = None
) -> Response[Any] | Redirect:
    """Set a rule, from now or a day to come; with `of` instead of that one."""
    form = await entries_of(request)
    try:
        form.check()
        wish = await visit.db.ask(fee_forms.wish_of, form, RuleId(of) if of else None)
        await visit.db.transact(set_rule, visit.actor, wish)
    except Invalid as refusal:
        return await _form(visit, of, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{RULES}/{wish.rule_id}", (visit.say(SAVED), "good"))


async def end_rule(tx: Tx, actor: Actor, rule_id: RuleId, day: date | None) -> None:
    before = await commission.rule(tx, rule_id)
    await commission.end_rule(tx, rule_id, day, account_of(actor))
    after = await commission.rule(tx, rule_id)
    await access.audit(tx, actor, "fees.end_rule", str(rule_id), before=_facts(before), after=_facts(after))


@post("/fees/rules/{fee_rule_id:uuid}/end", opt=NEEDS)
async def ended(
    visit: NamedDependency[Visit], request: WebRequest, fee_rule_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """It ends now, or with the beginning of a day to come; orders placed before keep what they were charged."""
    form = await entries_of(request)
    try:
        day = fee_forms.day_typed(form, "until") if form.text("until") else None
        form.check()
        await visit.db.transact(end_rule, visit.actor, RuleId(fee_rule_id), day)
    except Invalid as refusal:
        return await _rule(visit, fee_rule_id, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{RULES}/{fee_rule_id}", (visit.say(N_("The end is set.")), "good"))


async def keep_rule(tx: Tx, actor: Actor, rule_id: RuleId) -> None:
    before = await commission.rule(tx, rule_id)
    if await commission.keep_rule(tx, rule_id):
        after = await commission.rule(tx, rule_id)
        await access.audit(tx, actor, "fees.keep_rule", str(rule_id), before=_facts(before), after=_facts(after))


@post("/fees/rules/{fee_rule_id:uuid}/keep", opt=NEEDS)
async def kept(visit: NamedDependency[Visit], fee_rule_id: FromPath[UUID]) -> Response[Any] | Redirect:
    """It goes on: the end that was planned does not come."""
    try:
        await visit.db.transact(keep_rule, visit.actor, RuleId(fee_rule_id))
    except Invalid as refusal:
        return await _rule(visit, fee_rule_id, None, errors_of(visit, refusal.fields))
    return redirect(visit, f"{RULES}/{fee_rule_id}", (visit.say(N_("It goes on.")), "good"))


HANDLERS = [
    fee_list,
    new_rule,
    rule_page,
    save_rule,
    ended,
    kept,
]
