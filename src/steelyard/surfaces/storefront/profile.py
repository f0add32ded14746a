"""A buyer's profile: name, telephone, the language of mails, and another e-mail address."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel import i18n
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access, customers
from steelyard.parties.access.model import Account, WrongLogin
from steelyard.parties.customers import WORDING, WORDS
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.me import ACCOUNT, buyer_of
from steelyard.surfaces.storefront.shell import shell, show
from steelyard.surfaces.storefront.typed import said
from steelyard.surfaces.web import refusals
from steelyard.surfaces.web.callers import address_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.postal import phone_is_possible
from steelyard.surfaces.web.visit import Visit

PROFILE = "/account/profile"
EMAIL = "/account/email"


@get(PROFILE)
async def profile(visit: NamedDependency[Visit]) -> Response[str]:
    """The forms."""
    return await _page(visit, {})


@post(PROFILE)
async def save_profile(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Response[str] | Redirect:
    """Change name, telephone, language and birthday."""
    account, buyer_id = buyer_of(visit)
    name, phone, locale = said(data, "name"), said(data, "phone"), said(data, "locale")
    if phone and not phone_is_possible(phone, "CN"):
        wrong = {"phone": visit.say(N_("This cannot be a phone number there: please count its digits."))}
        return await _page(visit, wrong, 422)
    if locale not in i18n.LOCALES:
        locale = account.locale
    try:
        await visit.db.transact(_change, account, buyer_id, name, phone, locale, _birthday(data))
    except Invalid as refusal:
        return await _page(visit, refusals.fields_of(refusal, visit.locale), refusal.status)
    return redirect(visit, PROFILE, (visit.say(N_("Your profile is saved.")), "good"))


def _birthday(data: dict[str, Any]) -> str | None:
    """Month and day as they were chosen, empty where nothing is said; none: the form did not ask."""
    if "birth_month" not in data:
        return None
    month, day = said(data, "birth_month"), said(data, "birth_day")
    return f"{month}-{day}" if month or day else ""


async def _change(  # what the form says
    tx: Tx, account: Account, buyer_id: BuyerId, name: str, phone: str, locale: str, birthday: str | None
) -> None:
    await access.change_account(tx, account.account_id, name=name, locale=locale)
    await customers.change_profile(tx, buyer_id, name=name, phone=phone, locale=locale, email=account.email)
    if birthday is not None:
        await customers.set_birthday(tx, buyer_id, birthday or None)


@post(EMAIL)
async def ask_for_email(
    visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]
) -> Response[str] | Redirect:
    """Have a link sent to the new address, by knowing the password."""
    account, _ = buyer_of(visit)
    email = said(data, "email")
    password = data.get("password", "")
    page = f"{visit.settings.base_url.rstrip('/')}{EMAIL}/"
    try:
        await access.prove(visit.db, account, password if isinstance(password, str) else "", address_of(visit))
        await visit.db.transact(access.ask_to_change_email, account, email, page)
    except WrongLogin:
        return await _page(visit, {"password": visit.say(N_("This is not your password."))}, 422, email)
    except Refusal as refusal:
        wrong = refusals.fields_of(refusal, visit.locale) or {"email": visit.refused(refusal)}
        return await _page(visit, wrong, refusal.status, email)
    told = visit.say(N_("Please open the link that we have sent to {email}."), email=email)
    return redirect(visit, PROFILE, (told, "good"))


@get(EMAIL + "/{token:str}")
async def confirm_email(visit: NamedDependency[Visit], token: FromPath[str]) -> Response[str]:
    """Where the link leads: one button, so that a mail programme that opens links changes nothing."""
    buyer_of(visit)
    around = await visit.db.ask(shell, visit.buyer_id)
    crumbs = [Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("E-mail address")))]
    return await show(visit, "email_change.html", around, crumbs=crumbs, token=token)


@post(EMAIL + "/{token:str}")
async def take_email(visit: NamedDependency[Visit], token: FromPath[str]) -> Redirect:
    """The new address is the account's."""
    buyer_of(visit)
    try:
        account = await visit.db.transact(_take, token)
    except Refusal as refusal:
        return redirect(visit, PROFILE, (visit.refused(refusal), "bad"))
    return redirect(visit, PROFILE, (visit.say(N_("Your e-mail address is {email} now."), email=account.email), "good"))


async def _take(tx: Tx, token: str) -> Account:
    account = await access.change_email(tx, token)
    if account.buyer_id is not None:
        buyer = await customers.get(tx, BuyerId(account.buyer_id))
        assert buyer is not None, "a buyer's login has a buyer"
        await customers.change_profile(
            tx, buyer.buyer_id, name=buyer.name, phone=buyer.phone, locale=buyer.locale, email=account.email
        )
    return account


async def _page(visit: Visit, errors: dict[str, str], status: int = 200, email: str = "") -> Response[str]:
    _, buyer_id = buyer_of(visit)
    buyer = await visit.db.ask(customers.get, buyer_id)
    if buyer is None:
        raise NotFound()
    around = await visit.db.ask(shell, visit.buyer_id)
    return await show(
        visit,
        "profile.html",
        around,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("Profile")))],
        status=status,
        profile=buyer,
        birth=(buyer.birthday or "-").split("-"),
        months=[(f"{month:02}", str(month)) for month in range(1, 13)],
        days=[(f"{day:02}", str(day)) for day in range(1, 32)],
        wants_mails=await visit.db.ask(customers.wants_mails, buyer_id),
        mail_words=visit.say(WORDS[WORDING, customers.Channel.EMAIL]),
        errors=errors,
        typed_email=email,
    )
