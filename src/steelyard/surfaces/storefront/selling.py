"""The way to become a merchant: the page that wins them, the account, the steps, and what was sent while it is looked at."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel import ids, limits
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.keeping import kept_of
from steelyard.kernel.limits import Limit
from steelyard.parties import applications, policies
from steelyard.parties.access.model import Account, AccountId, AccountKind, EmailTaken
from steelyard.parties.applications.model import (
    OPEN,
    SCAN,
    STEPS,
    Application,
    ApplicationFile,
    ApplicationId,
    ApplicationState,
    ApplicationStep,
    Facts,
    step_of,
)
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies import Document
from steelyard.parties.policies.model import APPLICATION_DAYS
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.addresses import countries
from steelyard.surfaces.storefront.shell import CONSOLES, Shell, shell, show
from steelyard.surfaces.web import refusals
from steelyard.surfaces.web.application_words import STEP_NAMES
from steelyard.surfaces.web.callers import address_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.guards import SignInFirst
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.papers import keep, paper
from steelyard.surfaces.web.visit import Visit, WebRequest

SELL = "/sell"
OVERVIEW = f"{SELL}/application"
BEGUN_PER_ADDRESS = Limit("application_address", burst=10, per_seconds=3_600)


@get(SELL)
async def sell(visit: NamedDependency[Visit]) -> Response[str]:
    """What selling here is like, and the way to begin."""
    return await _sell(visit, {}, {})


async def _sell(
    visit: Visit, typed: Mapping[str, str], errors: dict[str, str], *, status: int = 200, sent: bool = False
) -> Response[str]:
    around = await visit.db.ask(shell, visit.buyer_id)
    days = await visit.db.ask(policies.number, APPLICATION_DAYS)
    return await show(
        visit,
        "sell.html",
        around,
        crumbs=[Crumb(visit.say(N_("Sell here")))],
        status=status,
        typed=typed,
        errors=errors,
        sent=sent,
        account=visit.account,
        applicant=_is_applicant(visit.account),
        overview=OVERVIEW,
        days=days,
        steps=[visit.say(STEP_NAMES[step]) for step in STEPS],
    )


@post(SELL)
async def begin(visit: NamedDependency[Visit], request: WebRequest) -> Response[str] | Redirect:
    """Open an account for an applicant. A mail brings the link that confirms the address; said again, another goes."""
    form = await entries_of(request)
    name, email = form.text("name", required=True, most=100), form.text("email", required=True, most=254)
    typed = {"name": name, "email": email}
    try:
        await limits.take(visit.db, BEGUN_PER_ADDRESS, address_of(visit))
        form.check()
        await visit.db.transact(
            applications.begin,
            account_id=AccountId(ids.mint()),
            application_id=ApplicationId(ids.mint()),
            name=name,
            email=email,
            locale=visit.locale,
        )
    except Refusal as refusal:
        errors = refusals.fields_of(refusal, visit.locale)
        if not errors:
            taken = N_("Somebody signs in with this address already. A shop needs an address of its own.")
            errors = {"email": visit.say(taken) if isinstance(refusal, EmailTaken) else visit.refused(refusal)}
        return await _sell(visit, typed, errors, status=refusal.status)
    return await _sell(visit, typed, {}, sent=True)


def _is_applicant(account: Account | None) -> bool:
    return account is not None and account.kind is AccountKind.APPLICANT


def _applicant(visit: Visit) -> Account:
    """Raises `SignInFirst`; who has another kind of account has no application, and finds none."""
    if visit.account is None:
        raise SignInFirst()
    if visit.account.kind is not AccountKind.APPLICANT:
        raise NotFound()
    return visit.account


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    application: Application
    files: dict[str, ApplicationFile]
    history: list[ApplicationStep]
    categories: Sequence[Category]


async def mine(read: Read, buyer_id: BuyerId, account_id: AccountId) -> Mine:
    """Raises `NotFound`."""
    application = await applications.newest_of(read, account_id)
    if application is None:
        raise NotFound()
    return Mine(
        shell=await shell(read, buyer_id),
        application=application,
        files=await applications.files_of(read, application.application_id),
        history=await applications.history(read, application.application_id),
        categories=await catalog.categories(read),
    )


async def _mine(visit: Visit) -> Mine:
    return await visit.db.ask(mine, visit.buyer_id, _applicant(visit).account_id)


@get(OVERVIEW)
async def overview(visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """How far the application is, all that was said in it, and what became of it."""
    if visit.account is not None and visit.account.kind is AccountKind.MERCHANT:
        return redirect(visit, CONSOLES[AccountKind.MERCHANT])
    return await _overview(visit, await _mine(visit))


async def _overview(visit: Visit, found: Mine, refusal: str = "") -> Response[str]:
    return await show(
        visit,
        "sell_application.html",
        found.shell,
        crumbs=[Crumb(visit.say(N_("Sell here")), SELL), Crumb(visit.say(N_("My application")))],
        status=409 if refusal else 200,
        found=found,
        application=found.application,
        open=found.application.state in OPEN,
        days=await visit.db.ask(policies.number, APPLICATION_DAYS),
        steps=STEPS,
        names=STEP_NAMES,
        refusal=refusal,
        base=OVERVIEW,
        step_of=step_of,
        category_names=_names(found.categories),
        country_names=dict(countries(visit.locale)),
    )


def _names(tree: Sequence[Category]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for category in tree:
        found[str(category.category_id)] = category.name
        found |= _names(category.children)
    return found


@get(OVERVIEW + "/{step:str}")
async def step_page(visit: NamedDependency[Visit], step: FromPath[str]) -> Response[str] | Redirect:
    """One step, as it was saved last."""
    if step not in STEPS:
        raise NotFound()
    found = await _mine(visit)
    if found.application.state not in OPEN:
        return redirect(visit, OVERVIEW)
    return await _step(visit, found, step, found.application.facts)


async def _step(
    visit: Visit, found: Mine, step: str, facts: Facts, errors: dict[str, str] | None = None
) -> Response[str]:
    order = list(STEPS)
    place = order.index(step)
    reasons = {name: words for name, words in found.application.reasons.items() if name in STEPS[step]}
    return await show(
        visit,
        "sell_step.html",
        found.shell,
        crumbs=[Crumb(visit.say(N_("My application")), OVERVIEW), Crumb(visit.say(STEP_NAMES[step]))],
        status=422 if errors else 200,
        step=step,
        place=place + 1,
        labels=[(visit.say(STEP_NAMES[each]), f"{OVERVIEW}/{each}") for each in order],
        title=visit.say(STEP_NAMES[step]),
        facts=facts,
        files=found.files,
        errors=errors or {},
        reasons=reasons,
        base=OVERVIEW,
        back=f"{OVERVIEW}/{order[place - 1]}" if place else OVERVIEW,
        categories=found.categories,
        countries=countries(visit.locale),
        rules=(await kept_of(visit.db, policies.DOCUMENTS_KEPT, policies.in_force))[Document.RULES],
    )


@post(OVERVIEW + "/{step:str}")
async def save_step(
    visit: NamedDependency[Visit], request: WebRequest, step: FromPath[str]
) -> Response[str] | Redirect:
    """Keep a step and go on to the next; nothing that was typed is lost when something is wrong with it."""
    account = _applicant(visit)
    if step not in STEPS:
        raise NotFound()
    form = await entries_of(request)
    said = _said(form, step)
    errors = await _keep_scan(visit, account, form) if step == "company" else {}
    try:
        if not errors:
            application = await visit.db.transact(applications.save_step, account.account_id, step, said)
            following = application.next_step
            saved = (visit.say(N_("Saved.")), "good")
            return redirect(visit, f"{OVERVIEW}/{following}" if following else OVERVIEW, saved)
    except Invalid as refusal:
        errors |= refusals.fields_of(refusal, visit.locale)
    except Refusal as refusal:
        return redirect(visit, OVERVIEW, (visit.refused(refusal), "bad"))
    found = await _mine(visit)
    facts = msgspec.structs.replace(found.application.facts, **said)
    return await _step(visit, found, step, facts, errors)


def _said(form: Entries, step: str) -> dict[str, Any]:
    """What a step's form says, as `Facts` has it."""
    said: dict[str, Any] = {}
    for name in STEPS[step]:
        match name:
            case "shop_name" | "shop_about":
                said[name] = form.words(name)
            case "category_ids":
                said[name] = [str(each) for each in form.uuids(name)]
            case "agreed_version":
                said[name] = form.text(name, most=20)
            case "licence_number" | "country":
                said[name] = form.text(name).upper().replace(" ", "")
            case "slug":
                said[name] = form.text(name).lower()
            case _ if name != SCAN:
                said[name] = form.text(name)
            case _:
                pass
    return said


async def _keep_scan(visit: Visit, account: Account, form: Entries) -> dict[str, str]:
    """Keep the scan that came with the form, if one did; what is wrong with it."""
    for upload in form.files(SCAN)[:1]:
        try:
            name, size = await keep(visit, upload, SCAN)
            await visit.db.transact(applications.keep_file, account.account_id, SCAN, name, upload.filename, size)
        except Invalid as refusal:
            return refusals.fields_of(refusal, visit.locale)
    return {}


@post(OVERVIEW + "/submit")
async def submit(visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """Hand it in. A second click does nothing."""
    account = _applicant(visit)
    try:
        await visit.db.transact(applications.submit, account)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _overview(visit, await _mine(visit), visit.refused(refusal))
    return redirect(
        visit, OVERVIEW, (visit.say(N_("Your application is on its way. We have sent you a mail.")), "good")
    )


@post(OVERVIEW + "/again")
async def again(visit: NamedDependency[Visit]) -> Redirect:
    """Begin a new application after one that was refused."""
    account = _applicant(visit)
    application = await visit.db.transact(applications.begin_again, account.account_id, ApplicationId(ids.mint()))
    assert application.state is not ApplicationState.REFUSED
    return redirect(visit, OVERVIEW)


@get(SELL + "/papers/{kind:str}")
async def own_paper(visit: NamedDependency[Visit], kind: FromPath[str]) -> Response[bytes]:
    """One's own scan, as it was uploaded."""
    found = await _mine(visit)
    if kind not in found.files:
        raise NotFound()
    return await paper(visit, found.files[kind])


HANDLERS = [sell, begin, overview, step_page, save_step, submit, again, own_paper]
