"""Applications of those who want to sell here: the queue, one with all its facts and what the machine found, decided."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_, babel_locale
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.money import currencies
from steelyard.parties import access, applications, policies
from steelyard.parties.access.model import Account
from steelyard.parties.applications.model import (
    STEPS,
    Application,
    ApplicationFile,
    ApplicationId,
    ApplicationState,
    ApplicationStep,
    LookedAt,
)
from steelyard.parties.policies.model import APPLICATION_DAYS, RECEIPT_DAYS, SETTLEMENT_DAYS
from steelyard.surfaces.components.page import NavItem
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.application_words import CANNED, STEP_NAMES
from steelyard.surfaces.web.category_names import names_of
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address, done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.papers import paper
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "merchants.review"}
HERE = frame.APPLICATIONS
SHOWN = (ApplicationState.SUBMITTED, ApplicationState.SENT_BACK, ApplicationState.APPROVED, ApplicationState.REFUSED)
_WORDS = {
    ApplicationState.SUBMITTED: N_("To decide"),
    ApplicationState.SENT_BACK: N_("Sent back"),
    ApplicationState.APPROVED: N_("Approved"),
    ApplicationState.REFUSED: N_("Refused"),
}


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Application]
    counts: dict[ApplicationState, int]
    long: int


async def queue(read: Read, state: ApplicationState, cursor: str | None) -> Queue:
    return Queue(
        page=await applications.listed(read, state, cursor, ROWS_PER_PAGE),
        counts=await applications.counts(read),
        long=await policies.number(read, APPLICATION_DAYS),
    )


async def _all(read: Read, state: ApplicationState) -> Sequence[Application]:
    return await exports.everything(lambda cursor: applications.listed(read, state, cursor, ITEMS_PER_PAGE_MAX))


@get("/applications", opt=NEEDS)
async def application_list(
    visit: NamedDependency[Visit], state_name: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """Who waits, the longest first."""
    state = ApplicationState(state_name) if state_name in SHOWN else ApplicationState.SUBMITTED
    if exports.wanted(visit):
        return _file(visit, await visit.db.ask(_all, state))
    found = await visit.db.ask(queue, state, cursor)
    here = address(HERE, state=state)
    return await frame.show(
        visit,
        "applications.html",
        HERE,
        found=found,
        shown=state,
        tabs=[
            NavItem(
                visit.say(_WORDS[each]),
                address(HERE, state=each),
                current=each is state,
                count=found.counts.get(each, 0),
            )
            for each in SHOWN
        ],
        now=datetime.now(UTC),
        long=found.long,
        next_href=address(HERE, state=state, cursor=found.page.next) if found.page.next else "",
        start_href=here if cursor else "",
    )


def _file(visit: Visit, found: Sequence[Application]) -> Response[bytes]:
    words = (
        N_("Registered name"), N_("Name of the shop"), N_("Country"), N_("Kind of seller"),
        N_("Licence or registration number"), N_("State"), N_("Handed in"),
    )  # fmt: skip
    rows = [
        (
            each.facts.legal_name,
            each.facts.shop_name,
            each.facts.country,
            each.facts.kind,
            each.facts.licence_number,
            visit.say(_WORDS[each.state]),
            each.submitted_at,
        )
        for each in found
    ]
    return exports.csv_answer(visit, visit.say(N_("Applications")), [visit.say(word) for word in words], rows)


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    application: Application
    account: Account
    files: dict[str, ApplicationFile]
    history: list[ApplicationStep]
    looked: LookedAt
    category_names: dict[str, Any]
    currencies: Sequence[str]
    settlement_days: int
    receipt_days: int


async def whole(read: Read, application_id: ApplicationId) -> Whole:
    """Raises `NotFound`: a draft is nobody's but the applicant's."""
    application = await applications.get(read, application_id)
    if application is None or application.state is ApplicationState.DRAFT:
        raise NotFound()
    account = await access.account(read, application.account_id)
    assert account is not None, "accounts are disabled, never deleted"
    return Whole(
        application=application,
        account=account,
        files=await applications.files_of(read, application_id),
        history=await applications.history(read, application_id),
        looked=await applications.looked_at(read, application),
        category_names={str(key): name for key, name in names_of(await catalog.categories(read)).items()},
        currencies=[each.currency for each in await currencies.all(read)],
        settlement_days=await policies.number(read, SETTLEMENT_DAYS),
        receipt_days=await policies.number(read, RECEIPT_DAYS),
    )


@get("/applications/{application_id:uuid}", opt=NEEDS)
async def application_page(visit: NamedDependency[Visit], application_id: FromPath[UUID]) -> Response[Any]:
    found = await visit.db.ask(whole, ApplicationId(application_id))
    facts = found.application.facts
    return await frame.show(
        visit,
        "application.html",
        HERE,
        crumbs=[(visit.say(N_("Applications")), HERE), (facts.legal_name or str(application_id), None)],
        found=found,
        application=found.application,
        facts=facts,
        steps=STEPS,
        names=STEP_NAMES,
        canned=CANNED,
        own=f"{HERE}/{application_id}",
        country_names=dict(babel_locale(visit.locale).territories),
        merchants_href=frame.MERCHANTS,
    )


@get("/applications/{application_id:uuid}/papers/{kind:str}", opt=NEEDS)
async def application_paper(
    visit: NamedDependency[Visit], application_id: FromPath[UUID], kind: FromPath[str]
) -> Response[bytes]:
    """A scan that belongs to an application."""
    found = await visit.db.ask(applications.file, ApplicationId(application_id), kind)
    if found is None:
        raise NotFound()
    return await paper(visit, found)


@post("/applications/{application_id:uuid}/send-back", opt=NEEDS)
async def send_back(visit: NamedDependency[Visit], request: WebRequest, application_id: FromPath[UUID]) -> Redirect:
    """Ask for corrections: `reason:<field>` are the words, `canned:<field>` the number of a ready-made reason."""
    form = await entries_of(request)
    reasons: dict[str, str] = {}
    for name in (field for fields in STEPS.values() for field in fields):
        said = [form.text(f"reason:{name}", most=500)]
        ready = CANNED.get(name, ())
        said += [visit.say(ready[int(each)]) for each in form.all(f"canned:{name}") if each in _numbers(len(ready))]
        words = " ".join(part for part in said if part)
        if words:
            reasons[name] = words
    return await done(
        visit,
        f"{HERE}/{application_id}",
        N_("The applicant is asked to correct it."),
        lambda: visit.db.transact(
            applications.send_back,
            visit.actor,
            ApplicationId(application_id),
            reasons,
            form.text("note", most=500),
        ),
    )


def _numbers(count: int) -> set[str]:
    return {str(number) for number in range(count)}


@post("/applications/{application_id:uuid}/refuse", opt=NEEDS)
async def refuse(visit: NamedDependency[Visit], request: WebRequest, application_id: FromPath[UUID]) -> Redirect:
    note = (await entries_of(request)).text("note", most=500)
    return await done(
        visit,
        f"{HERE}/{application_id}",
        N_("The application is refused, and the applicant is told why."),
        lambda: visit.db.transact(applications.refuse, visit.actor, ApplicationId(application_id), note),
    )


@post("/applications/{application_id:uuid}/approve", opt=NEEDS)
async def approve(visit: NamedDependency[Visit], request: WebRequest, application_id: FromPath[UUID]) -> Redirect:
    """Let the applicant in, with these terms."""
    form = await entries_of(request)
    settlement_days = form.number("settlement_days", otherwise=1, most=90)
    receipt_days = form.number("receipt_days", otherwise=7, most=60)
    known = await visit.db.ask(currencies.all)
    currency = form.text("currency")
    if currency not in {each.currency for each in known}:
        form.refuse("currency", N_("Please choose one."))

    async def command() -> None:
        form.check()
        await visit.db.transact(
            applications.approve,
            visit.actor,
            ApplicationId(application_id),
            currency=currency,
            settlement_days=settlement_days,
            receipt_days=receipt_days,
            note=form.text("note", most=500),
        )

    return await done(
        visit, f"{HERE}/{application_id}", N_("The shop is open, and its owner is told by mail."), command
    )


HANDLERS = [application_list, application_page, application_paper, send_back, refuse, approve]
