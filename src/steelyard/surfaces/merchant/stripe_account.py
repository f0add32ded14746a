"""Being paid through Stripe: the shop's account there, what Stripe still wants of it, and the choice."""

from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_, babel_locale
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor, WrongLogin
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import settlement_words
from steelyard.surfaces.web.console import done
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of
from steelyard.surfaces.web.settlement_words import fields_wanted
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import settlement
from steelyard.trade.settlement import COUNTRIES, Account, StripeConnect, Way, settlement_day

NEEDS = {"permission": "shop.edit"}
HERE = f"{frame.MONEY}/stripe"
NO_ANSWER = N_("Stripe does not answer. Please try again in a moment; nothing is opened twice.")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`held` is how many payouts wait for Stripe."""

    shop: ShopCard
    country: str
    account: Account | None
    way: Way
    held: int


async def found(read: Read, merchant_id: MerchantId) -> Found:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    today = settlement_day(datetime.now(UTC))
    held = await settlement.statements_page(
        read, merchant_id=merchant_id, state=settlement.StatementState.HELD, limit=100
    )
    return Found(
        shop=(await merchants.cards(read, [merchant_id]))[merchant_id],
        country=merchant.country,
        account=await settlement.account_of(read, merchant_id),
        way=(await settlement.agreed(read, [merchant_id])).on(merchant_id, today).way,
        held=len(held.items),
    )


def _stripe(visit: Visit) -> StripeConnect:
    """Raises `NotFound` where nobody is paid through Stripe."""
    stripe = settlement.stripe_connect(visit.settings)
    if stripe is None:
        raise NotFound()
    return stripe


@get("/money/stripe", opt=NEEDS)
async def stripe_page(visit: NamedDependency[Visit], back: FromQuery[str | None] = None) -> Response[Any] | Redirect:
    """How the account stands. Who comes back from Stripe sees what Stripe says now."""
    stripe = _stripe(visit)
    known = await visit.merchant_db.ask(found, visit.merchant_id)
    if back and known.account is not None and known.account.account_id is not None:
        await settlement.look_at(visit.db, stripe, known.account)
        return redirect(visit, HERE)
    return await _page(visit, known)


async def _page(
    visit: Visit, known: Found, form: Entries | None = None, errors: dict[str, str] | None = None
) -> Response[Any]:
    names = babel_locale(visit.locale).territories
    return await frame.show(
        visit,
        "stripe_account.html",
        frame.MONEY,
        crumbs=[(visit.say(N_("Money")), frame.MONEY), (visit.say(N_("Payouts through Stripe")), None)],
        status=422 if errors else 200,
        found=known,
        words=settlement_words,
        wanted=fields_wanted(known.account.wanted) if known.account else [],
        countries=sorted([(code, str(names.get(code, code))) for code in COUNTRIES], key=itemgetter(1)),
        country=form.text("country") if form else known.country,
        errors=errors or {},
        here=HERE,
    )


async def _begin(tx: Tx, actor: Actor, merchant_id: MerchantId, country: str, by: str) -> Account:
    known = await settlement.account_of(tx, merchant_id)
    account = await settlement.begin_account(tx, merchant_id, country, by)
    if known is None:
        await access.audit(tx, actor, "stripe_account.begin", str(merchant_id), {"country": country})
    return account


@post("/money/stripe", opt=NEEDS)
async def begin(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Go to Stripe's page: the account is opened the first time."""
    stripe = _stripe(visit)
    form = await entries_of(request)
    known = await visit.merchant_db.ask(found, visit.merchant_id)
    country = known.account.country if known.account else form.text("country")
    try:
        account = await visit.merchant_db.transact(_begin, visit.actor, visit.merchant_id, country, visit.by)
    except Invalid as refusal:
        return await _page(visit, known, form, fields_of(refusal, visit.locale))
    name = known.shop.name.in_language(visit.locale)
    link = await settlement.onboard(visit.db, stripe, account, name, f"{visit.settings.base_url}{HERE}")
    if link is None:
        return redirect(visit, HERE, (visit.say(NO_ANSWER), "bad"))
    return redirect(visit, link)


async def _choose(tx: Tx, actor: Actor, merchant_id: MerchantId, stripe: bool, by: str) -> None:
    way = await settlement.choose_way(tx, merchant_id, stripe=stripe, by=by)
    await access.audit(tx, actor, "stripe_account.choose", str(merchant_id), {"way": str(way)})


@post("/money/stripe/choose", opt=NEEDS)
async def choose(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Be paid through Stripe from today on, or as before. It needs the password, as whatever leads the money elsewhere."""
    _stripe(visit)
    form = await entries_of(request)
    wanted = form.text("way") == Way.STRIPE
    known = await visit.merchant_db.ask(found, visit.merchant_id)
    try:
        password = form.text("password", required=True, most=256)
        form.check()
        assert visit.account is not None
        await access.confirm_password(visit.db, visit.account, password)
    except Invalid as refusal:
        return await _page(visit, known, errors=fields_of(refusal, visit.locale))
    except WrongLogin:
        return await _page(visit, known, errors={"password": visit.say(N_("This is not your password."))})
    return await done(
        visit,
        HERE,
        N_("From now on you are paid through Stripe.") if wanted else N_("From now on you are paid to your bank."),
        lambda: visit.merchant_db.transact(_choose, visit.actor, visit.merchant_id, wanted, visit.by),
    )


HANDLERS = [stripe_page, begin, choose]
