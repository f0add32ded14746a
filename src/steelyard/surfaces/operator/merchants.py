"""The merchants: who sells here, and what commission they pay."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.parties import access, merchants, policies
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import Merchant, MerchantId, MerchantState, ShopCard, Wanted
from steelyard.parties.policies import Document, Version
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.waiting import LICENCE_DAYS_AHEAD
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import commission
from steelyard.trade.commission.model import SALES_COMMISSION, RuleId, Scope
from steelyard.trade.settlement import settlement_day

PERCENT_DIGITS = 4


@get("/merchants", opt={"permission": "merchants.read"})
async def merchant_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    query = visit.connection.query_params
    typed = {
        name: value for name in ("q", "state", "licence", "rules", "sort") if (value := (query.get(name) or "").strip())
    }
    state = typed.get("state", "")
    rules = (await visit.db.ask(policies.in_force))[Document.RULES]
    wanted = Wanted(
        words=typed.get("q", ""),
        state=MerchantState(state) if state in set(MerchantState) else None,
        sort=typed.get("sort", "oldest"),
        licence_before=_licence_before(typed.get("licence", "")),
        renewed=typed.get("licence") == "renewed",
        verify_before=_tomorrow_in(LICENCE_DAYS_AHEAD) if typed.get("licence") == "anew" else None,
        without_rules=rules.name if rules.from_day and typed.get("rules") == "outstanding" else None,
    )
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(_every, wanted))
    found, licences, owing = await visit.db.ask(listed, wanted, cursor, rules)
    return await frame.show(
        visit,
        "merchants.html",
        frame.MERCHANTS,
        found=found,
        licences=licences,
        rules=rules,
        owing=owing,
        today=settlement_day(datetime.now(UTC)),
        typed=typed,
        states=list(MerchantState),
        base=frame.MERCHANTS,
        next_href=address(frame.MERCHANTS, **typed, cursor=found.next) if found.next else "",
        start_href=address(frame.MERCHANTS, **typed) if cursor else "",
    )


def _licence_before(wanted: str) -> date | None:
    today = settlement_day(datetime.now(UTC))
    return {"ended": today, "ending": today + timedelta(days=LICENCE_DAYS_AHEAD)}.get(wanted)


def _tomorrow_in(days: int) -> date:
    return settlement_day(datetime.now(UTC)) + timedelta(days=days + 1)


async def listed(
    read: Read, wanted: Wanted, cursor: str | None, rules: Version
) -> tuple[Page[ShopCard], dict[MerchantId, date], set[MerchantId]]:
    """The shops, the last days of their licences, and which of them have not agreed to the rules that were published."""
    page = await merchants.found(read, wanted, cursor, ROWS_PER_PAGE)
    shown = [card.merchant_id for card in page.items]
    owing = await merchants.not_agreed(read, shown, rules.name) if rules.from_day else set[MerchantId]()
    return page, await merchants.licences_of(read, shown), owing


async def _every(read: Read, wanted: Wanted) -> list[ShopCard]:
    return await exports.everything(lambda cursor: merchants.found(read, wanted, cursor, ITEMS_PER_PAGE_MAX))


def _as_file(visit: Visit, found: list[ShopCard]) -> Response[bytes]:
    words = (
        N_("Shop"),
        N_("Web address"),
        N_("Country"),
        N_("Currency"),
        N_("State"),
        N_("Self-operated"),
        N_("Number"),
    )
    rows = [
        (
            card.name,
            f"/shops/{card.slug}",
            card.country,
            card.currency,
            card.state,
            card.self_operated,
            card.merchant_id,
        )
        for card in found
    ]
    return exports.csv_answer(visit, visit.say(N_("Merchants")), [visit.say(word) for word in words], rows)


async def known(visit: Visit, merchant_id: UUID) -> Merchant:
    """Raises `NotFound`."""
    merchant = await visit.db.ask(merchants.get, MerchantId(merchant_id))
    if merchant is None:
        raise NotFound()
    return merchant


async def set_rate(
    tx: Tx, actor: Actor, rate_id: RuleId, millionths: int, merchant_id: MerchantId, category_id: UUID | None
) -> None:
    scope = Scope(merchant_id=merchant_id, category_id=category_id)
    rules = await commission.rules_of_merchant(tx, merchant_id)
    was = next((rule for rule in rules if rule.fee_id == SALES_COMMISSION and rule.scope == scope), None)
    by = actor.account.account_id if actor.account else None
    await commission.set_rate(tx, rate_id, millionths, merchant_id=merchant_id, category_id=category_id, by=by)
    facts = {"category_id": str(category_id) if category_id else None}
    await access.audit(
        tx,
        actor,
        "commission.set_rate",
        str(merchant_id),
        facts,
        merchant_id=merchant_id,
        before={"millionths": was.millionths if was else None},
        after={"millionths": millionths},
    )


@post("/merchants/{merchant_id:uuid}/commission", opt={"permission": "merchants.manage"})
async def change_commission(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]
) -> Redirect:
    """What this merchant pays from now on; orders placed before keep theirs."""
    merchant = await known(visit, merchant_id)
    form = await entries_of(request)
    back = f"{frame.MERCHANTS}/{merchant_id}/money"
    millionths = millionths_of(form)
    if millionths is None:
        return redirect(visit, back, (visit.say(N_("Please enter a rate between 0 and 100 %.")), "bad"))
    return await done(
        visit,
        back,
        SAVED,
        lambda: visit.db.transact(
            set_rate,
            visit.actor,
            RuleId(form.uuid("rate_id")),
            millionths,
            merchant.merchant_id,
            as_uuid(form.text("category")),
        ),
    )


def millionths_of(form: Entries) -> int | None:
    """The percentage of the field `rate` in parts per million; none for what is none."""
    try:
        percent = Decimal(form.text("rate").removesuffix("%").strip())
    except InvalidOperation:
        return None
    if not percent.is_finite() or not 0 <= percent <= 100 or percent != round(percent, PERCENT_DIGITS):
        return None
    return int(percent * (PARTS_PER_MILLION // 100))


HANDLERS = [merchant_list, change_commission]
