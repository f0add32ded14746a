"""What is agreed with a shop about its payouts, from which day on, and what is kept of it in reserve."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import Merchant, MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import settlement_words
from steelyard.surfaces.web.console import SAVED, done
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import settlement
from steelyard.trade.settlement import Cycle, Reserve, Terms, Way, settlement_day

NEEDS = {"permission": "merchants.manage"}
RELEASES = {"permission": "settlement.run"}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`terms` are all that were agreed, the latest first; `now` is what counts today."""

    merchant: Merchant
    shop: ShopCard
    terms: Sequence[Terms]
    now: Terms
    reserves: list[Reserve]


async def found(read: Read, merchant_id: MerchantId, today: date) -> Found:
    """Raises `NotFound`."""
    merchant = await merchants.get(read, merchant_id)
    if merchant is None:
        raise NotFound()
    agreed = await settlement.agreed(read, [merchant_id])
    return Found(
        merchant=merchant,
        shop=(await merchants.cards(read, [merchant_id]))[merchant_id],
        terms=agreed.of[merchant_id],
        now=agreed.on(merchant_id, today),
        reserves=await settlement.reserves_of(read, merchant_id),
    )


def _home(merchant_id: UUID) -> str:
    return f"{frame.MERCHANTS}/{merchant_id}/settlement"


@get("/merchants/{merchant_id:uuid}/settlement", opt=NEEDS)
async def terms_page(visit: NamedDependency[Visit], merchant_id: FromPath[UUID]) -> Response[Any]:
    """What counts now, what was agreed before and for later, and the form for the next."""
    return await _page(visit, MerchantId(merchant_id))


async def _page(
    visit: Visit, merchant_id: MerchantId, form: Entries | None = None, refusal: Refusal | None = None
) -> Response[Any]:
    today = settlement_day(datetime.now(UTC))
    known = await visit.db.ask(found, merchant_id, today)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    name = known.shop.name.in_language(visit.locale)
    return await frame.show(
        visit,
        "settlement_terms.html",
        frame.MERCHANTS,
        crumbs=[
            (visit.say(N_("Merchants")), frame.MERCHANTS),
            (name, f"{frame.MERCHANTS}/{merchant_id}"),
            (visit.say(N_("Settlement")), None),
        ],
        status=refusal.status if refusal else 200,
        found=known,
        today=today,
        words=settlement_words,
        form=form,
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        base=_home(merchant_id),
    )


async def _agree(tx: Tx, actor: Actor, merchant_id: MerchantId, terms: Terms, by: str) -> None:
    await settlement.agree(tx, merchant_id, terms, by)
    facts = msgspec.to_builtins(terms)
    for name in ("agreed_by", "agreed_at", "currency"):
        facts.pop(name)
    await access.audit(tx, actor, "settlement.agree", str(merchant_id), facts, merchant_id=merchant_id)


@post("/merchants/{merchant_id:uuid}/settlement", opt=NEEDS)
async def agree(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]
) -> Redirect | Response[Any]:
    """Agree terms from a day on."""
    form = await entries_of(request)
    known = await visit.db.ask(found, MerchantId(merchant_id), settlement_day(datetime.now(UTC)))
    try:
        terms = _read(form, known.merchant.currency)
        form.check()
        await visit.db.transact(_agree, visit.actor, MerchantId(merchant_id), terms, visit.by)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, MerchantId(merchant_id), form, refusal)
    return redirect(visit, _home(merchant_id), (visit.say(SAVED), "good"))


def _read(form: Entries, currency: str) -> Terms:
    cycle = form.text("cycle")
    way = form.text("way")
    return Terms(
        from_day=day_of(form.text("from_day")),
        cycle=Cycle(cycle) if cycle in set(Cycle) else Cycle.DAILY,
        days=form.number("days", otherwise=1),
        weekday=form.number("weekday", otherwise=0) or None,
        month_day=form.number("month_day", otherwise=0) or None,
        minimum=form.money("minimum", currency, required=False) or 0,
        currency=currency,
        reserve_rate=_rate(form),
        reserve_days=form.number("reserve_days", otherwise=0),
        check_days=form.number("check_days", otherwise=0),
        way=Way(way) if way in set(Way) else Way.DIRECT,
    )


def _rate(form: Entries) -> int:
    """A share in percent, such as 2.5, in millionths."""
    typed = form.text("reserve_rate").removesuffix("%").strip()
    try:
        millionths = Decimal(typed or 0) * PARTS_PER_MILLION / 100
        return int(millionths) if millionths == millionths.to_integral_value() else -1
    except (InvalidOperation, ValueError, OverflowError):
        return -1


async def _call_off(tx: Tx, actor: Actor, merchant_id: MerchantId, from_day: date) -> None:
    await settlement.call_off(tx, merchant_id, from_day)
    facts = {"from_day": from_day.isoformat()}
    await access.audit(tx, actor, "settlement.call_off", str(merchant_id), facts, merchant_id=merchant_id)


@post("/merchants/{merchant_id:uuid}/settlement/call-off", opt=NEEDS)
async def call_off(visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]) -> Redirect:
    """Take back terms that have not begun."""
    day = day_of((await entries_of(request)).text("from_day"))
    if day is None:
        raise NotFound()
    return await done(
        visit,
        _home(merchant_id),
        N_("These terms are called off."),
        lambda: visit.db.transact(_call_off, visit.actor, MerchantId(merchant_id), day),
    )


async def _release(tx: Tx, actor: Actor, merchant_id: MerchantId, statement_id: UUID, by: str) -> None:
    await settlement.release_reserve(tx, merchant_id, statement_id, by)
    await access.audit(tx, actor, "settlement.release", str(statement_id), merchant_id=merchant_id)


@post("/merchants/{merchant_id:uuid}/settlement/release/{statement_id:uuid}", opt=RELEASES)
async def release(visit: NamedDependency[Visit], merchant_id: FromPath[UUID], statement_id: FromPath[UUID]) -> Redirect:
    """Give back what a statement has kept in reserve before its time."""
    return await done(
        visit,
        _home(merchant_id),
        N_("It is released, and on the next statement."),
        lambda: visit.db.transact(_release, visit.actor, MerchantId(merchant_id), statement_id, visit.by),
    )


HANDLERS = [terms_page, agree, call_off, release]
