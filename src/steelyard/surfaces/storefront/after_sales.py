"""Asking for money back by line, with the goods sent back or without: the form of an order, a case's page, the list."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import Carrier
from steelyard.parties import merchants, policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.parties.policies.model import CASE_SHOP_ANSWERS
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront import exchanging
from steelyard.surfaces.storefront.addresses import lines_of
from steelyard.surfaces.storefront.owning import own_case, own_order
from steelyard.surfaces.storefront.returning import freight_of, send_back
from steelyard.surfaces.storefront.reviewing import REVIEW_BYTES_MAX
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.web import case_words, promise_words, refusals
from steelyard.surfaces.web.case_words import CaseView, case_view
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.photographs import photographs
from steelyard.surfaces.web.rights_words import NO_RETURNS
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import REASONS, SWAPS, Case, CaseId, Choice, Kind, NewCase, Side, Why
from steelyard.trade.aftersales.model import NOTE_CHARACTERS_MAX, Returned
from steelyard.trade.orders.model import Order, OrderLine
from steelyard.trade.rights import Family, Rule, Rules

MINE = "/account/after-sales"
AppealCommand = Callable[[Tx, MerchantId, CaseId, Side, str, Sequence[str], str], Awaitable[None]]


class AskPage(msgspec.Struct, frozen=True, kw_only=True):
    """What can be asked for about an order: `free` pieces by line, `reasons` by kind, `freight` in minor units."""

    shell: Shell
    order: Order
    shop: ShopCard
    lines: Sequence[OrderLine]
    free: Mapping[int, int]
    reasons: Mapping[Kind, Mapping[str, Why]]
    freight: int
    rules: Rules
    choices: Mapping[int, Sequence[Choice]]

    @property
    def kinds(self) -> list[Kind]:
        return [kind for kind, reasons in self.reasons.items() if reasons and self.lines_for(kind)]

    def lines_for(self, kind: Kind | None) -> list[OrderLine]:
        return exchanging.lines_for(kind, self.open_lines, self.choices)

    @property
    def open_lines(self) -> list[OrderLine]:
        return [line for line in self.lines if self.free.get(line.line)]


class CasePage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    view: CaseView
    carriers: Sequence[Carrier]


class MyCasesPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    page: Page[Case]
    shops: Mapping[MerchantId, ShopCard]
    codes: Mapping[UUID, str]


async def ask_page(read: Read, buyer_id: BuyerId, order: Order) -> AskPage:
    lines = (await orders.lines_of(read, [order.order_id]))[order.order_id]
    standing = (await aftersales.standing(read, [order]))[order.order_id]
    return AskPage(
        shell=await shell(read, buyer_id),
        order=order,
        shop=(await merchants.cards(read, [order.merchant_id]))[order.merchant_id],
        lines=lines,
        free=await aftersales.free_of_lines(read, order.order_id),
        reasons={}
        if standing.imported
        else {kind: aftersales.reasons_for(order, kind, standing.rules, standing.pieces.goods) for kind in Kind},
        rules=standing.rules,
        choices={} if standing.imported else await aftersales.choices(read, order, lines),
        freight=await aftersales.freight_left(read, order, lines),
    )


async def case_page(read: Read, buyer_id: BuyerId, found: Case) -> CasePage:
    return CasePage(
        shell=await shell(read, buyer_id), view=await case_view(read, found), carriers=await parcels.carriers(read)
    )


async def my_cases_page(read: Read, buyer_id: BuyerId, buyers: Sequence[BuyerId], after: str | None) -> MyCasesPage:
    page = await aftersales.cases_of_buyer(read, buyers, after)
    return MyCasesPage(
        shell=await shell(read, buyer_id),
        page=page,
        shops=await merchants.cards(read, {each.merchant_id for each in page.items}),
        codes=await orders.codes_of_all(read, [each.order_id for each in page.items]),
    )


def rights_of(order: Order, reasons: Mapping[str, Why], rules: Rules) -> list[tuple[Rule, datetime]]:
    """The rules that these reasons fall under, with the last moment of each; none before receipt."""
    told: list[tuple[Rule, datetime]] = []
    for family in Family:
        why = next((why for why in reasons.values() if why.family is family), None)
        rule = aftersales.rule_of(order, why, rules) if why else None
        last = aftersales.until(order, why, rules) if why else None
        if rule is not None and last is not None:
            told.append((rule, last))
    return told


@get("/orders/{code:str}/after-sales")
async def ask_shown(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str]:
    """What to ask for; when both are possible, which of the two first."""
    order = await own_order(visit, code)
    wanted = visit.connection.query_params.get("kind", "")
    return await _form(visit, order, Kind(wanted) if wanted in set(Kind) else None)


async def _form(
    visit: Visit, order: Order, kind: Kind | None, form: Entries | None = None, refusal: Refusal | None = None
) -> Response[str]:
    view = await visit.db.ask(ask_page, visit.buyer_id, order)
    if kind not in view.kinds:
        kind = view.kinds[0] if len(view.kinds) == 1 else None
    errors = refusals.fields_of(refusal, visit.locale) if refusal else {}
    reasons = view.reasons[kind] if kind else {}
    return await show(
        visit,
        "after_sales_ask.html",
        view.shell,
        answer_hours=await visit.db.ask(policies.number, CASE_SHOP_ANSWERS),
        crumbs=[
            Crumb(visit.say(N_("My orders")), "/orders"),
            Crumb(order.code, f"/orders/{order.code}"),
            Crumb(visit.say(N_("Refund or return"))),
        ],
        status=refusal.status if refusal else 200,
        view=view,
        kind=kind,
        reasons=[(name, visit.say(why.words)) for name, why in reasons.items()],
        rights=rights_of(order, reasons, view.rules),
        no_returns=NO_RETURNS,
        wanted=exchanging.offered(visit, kind, view.choices, order.currency),
        swaps=kind in SWAPS,
        blames_shop=any(why.shops_fault for why in reasons.values()),
        form=form or Entries({}, {}),
        errors=errors,
        refusal=visit.refused(refusal) if refusal and not errors else "",
        case_id=(form.text("case_id") if form else "") or ids.mint(),
        words=case_words,
        note_max=NOTE_CHARACTERS_MAX,
    )


@post("/orders/{code:str}/after-sales", request_max_body_size=REVIEW_BYTES_MAX)
async def asked(visit: NamedDependency[Visit], request: WebRequest, code: FromPath[str]) -> Response[str] | Redirect:
    """Ask. Photographs that were sent are kept when something else has to be mended."""
    order = await own_order(visit, code)
    form = await entries_of(request)
    kind = Kind(form.text("kind")) if form.text("kind") in set(Kind) else Kind.REFUND_ONLY
    try:
        new = await _said(visit, order, kind, form)
        await visit.db.transact(aftersales.ask, new, visit.by)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _form(visit, order, kind, form, refusal)
    said = visit.say(N_("The shop has been asked. You read here what it answers, and until when."))
    return redirect(visit, f"/after-sales/{new.case_id}", (said, "good"))


async def _said(visit: Visit, order: Order, kind: Kind, form: Entries) -> NewCase:
    kept, trouble = await photographs(visit, form, "photos")
    if trouble:
        form.refuse("photos", trouble)
    lines = [
        Returned(int(name), pieces)
        for name in form.names("quantity-")
        if name.isdecimal() and (pieces := form.number(f"quantity-{name}", otherwise=0, most=9_999))
    ]
    freight = form.money("freight", order.currency, required=False) or 0
    note = form.text("note", most=NOTE_CHARACTERS_MAX)
    if form.errors:
        raise Invalid(form.errors)
    return NewCase(
        case_id=CaseId(form.uuid("case_id")),
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        kind=kind,
        reason=form.text("reason"),
        lines=lines,
        note=note,
        photographs=kept,
        freight=freight,
        sku_id=exchanging.chosen(form, lines),
    )


@get("/after-sales/{case_id:uuid}")
async def case_shown(visit: NamedDependency[Visit], case_id: FromPath[UUID]) -> Response[str]:
    """How far it is, what is next and until when, and what can be done."""
    return await shown_case(visit, await own_case(visit, case_id))


async def shown_case(
    visit: Visit, found: Case, form: Entries | None = None, refusal: Refusal | None = None
) -> Response[str]:
    page = await visit.db.ask(case_page, visit.buyer_id, found)
    freight_rule, paid = await visit.db.ask(freight_of, page.view)
    errors = refusals.fields_of(refusal, visit.locale) if refusal else {}
    return await show(
        visit,
        "after_sales_case.html",
        page.shell,
        crumbs=[
            Crumb(visit.say(N_("My after-sales requests")), MINE),
            Crumb(visit.say(case_words.KINDS[found.kind])),
        ],
        status=refusal.status if refusal else 200,
        view=page.view,
        case=page.view.case,
        carriers=[(each.carrier, each.name.in_language(visit.locale)) for each in page.carriers],
        reasons=[
            (name, visit.say(why.words))
            for name, why in REASONS.items()
            if found.kind in why.kinds and why.family is REASONS[found.reason].family
        ],
        lines_of=lines_of,
        form=form or Entries({}, {}),
        errors=errors,
        refusal=visit.refused(refusal) if refusal and not errors else "",
        words=case_words,
        note_max=NOTE_CHARACTERS_MAX,
        freight_rule=freight_rule,
        paid=paid,
        promise_words=promise_words,
    )


async def _do(
    visit: Visit, found: Case, form: Entries, done: str, command: Awaitable[object]
) -> Response[str] | Redirect:
    """Do it and say so; what is wrong is told beside the field, on the same page."""
    try:
        await command
    except NotFound:
        raise
    except Refusal as refusal:
        return await shown_case(visit, await own_case(visit, found.case_id), form, refusal)
    return redirect(visit, f"/after-sales/{found.case_id}", (visit.say(done), "good"))


@post("/after-sales/{case_id:uuid}/send-back", request_max_body_size=REVIEW_BYTES_MAX)
async def sent_back(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """The goods are on their way back, under this number."""
    found, form = await own_case(visit, case_id), await entries_of(request)
    done = N_("Thank you. The shop is told that it is on its way.")
    kept, trouble = await photographs(visit, form, "receipt")
    return await _do(visit, found, form, done, visit.db.transact(send_back, found, form, kept, trouble, visit.by))


@post("/after-sales/{case_id:uuid}/platform")
async def platform_asked(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """The platform is to decide."""
    found, form = await own_case(visit, case_id), await entries_of(request)
    return await _do(
        visit,
        found,
        form,
        N_("The platform has been asked. You read its decision here."),
        visit.db.transact(aftersales.ask_platform, found.merchant_id, found.case_id, form.text("complaint"), visit.by),
    )


@post("/after-sales/{case_id:uuid}/improve", request_max_body_size=REVIEW_BYTES_MAX)
async def improved(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Put it better, once."""
    found, form = await own_case(visit, case_id), await entries_of(request)
    kept, trouble = await photographs(visit, form, "photos")
    return await _do(
        visit,
        found,
        form,
        N_("The shop has been asked again."),
        visit.db.transact(
            _improve, found, form.text("reason"), form.text("note"), [*found.photographs, *kept], trouble, visit.by
        ),
    )


async def _improve(tx: Tx, found: Case, reason: str, note: str, pictures: Sequence[str], trouble: str, by: str) -> None:
    if trouble:
        raise Invalid({"photos": trouble})
    await aftersales.improve(tx, found.merchant_id, found.case_id, reason, note, pictures, by)


@post("/after-sales/{case_id:uuid}/appeal", request_max_body_size=REVIEW_BYTES_MAX)
async def appealed(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Appeal against the platform's decision, once."""
    done = N_("Your appeal is made. The shop is asked, then somebody else decides; you read it here.")
    return await _appeal(visit, request, case_id, aftersales.appeal, done)


@post("/after-sales/{case_id:uuid}/answer-appeal", request_max_body_size=REVIEW_BYTES_MAX)
async def appeal_answered(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Say what the shop's appeal leaves out."""
    return await _appeal(visit, request, case_id, aftersales.answer_appeal, N_("The platform reads your answer."))


async def _appeal(
    visit: Visit, request: WebRequest, case_id: UUID, command: AppealCommand, done: str
) -> Response[str] | Redirect:
    found, form = await own_case(visit, case_id), await entries_of(request)
    kept, trouble = await photographs(visit, form, "appeal-photos")

    async def say(tx: Tx) -> None:
        if trouble:
            raise Invalid({"appeal-photos": trouble})
        await command(tx, found.merchant_id, found.case_id, Side.BUYER, form.text("appeal"), kept, visit.by)

    return await _do(visit, found, form, done, visit.db.transact(say))


@post("/after-sales/{case_id:uuid}/withdraw")
async def withdrawn(visit: NamedDependency[Visit], case_id: FromPath[UUID]) -> Response[str] | Redirect:
    """Ask for nothing any more."""
    found = await own_case(visit, case_id)
    return await _do(
        visit,
        found,
        Entries({}, {}),
        N_("It is withdrawn. As long as there is time you can ask again."),
        visit.db.transact(aftersales.withdraw, found.merchant_id, found.case_id, visit.by),
    )


@get(MINE)
async def my_cases(visit: NamedDependency[Visit]) -> Response[str]:
    """What was asked for, the newest first."""
    after = visit.connection.query_params.get("after")
    page = await visit.db.ask(my_cases_page, visit.buyer_id, visit.buyer_ids, after)
    return await show(
        visit,
        "after_sales.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My account")), "/account"), Crumb(visit.say(N_("My after-sales requests")))],
        view=page,
        after=after,
        words=case_words,
    )


HANDLERS = [
    ask_shown,
    asked,
    case_shown,
    sent_back,
    platform_asked,
    improved,
    appealed,
    appeal_answered,
    withdrawn,
    my_cases,
]
