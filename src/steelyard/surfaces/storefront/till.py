"""The checkout on one page: whom, where to, how it is sent, what it costs; and on to the cashier."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.types import HTTPScope

from steelyard.goods import promotions
from steelyard.goods.promotions.model import LimitReached, OfferGone
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.money.wallets import TenderMoved
from steelyard.operations.analytics import Step
from steelyard.operations.behaviour import Kind
from steelyard.parties import customers
from steelyard.parties.access.model import AccountKind
from steelyard.parties.customers.model import Address, AddressId, BuyerId
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront import unreturnable
from steelyard.surfaces.storefront.addresses import (
    AddressForm,
    form_of,
    known_places,
    missing,
    recognised,
    shown_with,
    wrong_email,
)
from steelyard.surfaces.storefront.filling_in import DELIVERY, NOTE, PURSE, QUANTITY, as_shown, draft_of
from steelyard.surfaces.storefront.invoice_wishes import wrong_invoice
from steelyard.surfaces.storefront.owning import look_up_cookie
from steelyard.surfaces.storefront.paying import pay, purchase_path
from steelyard.surfaces.storefront.shell import shell, show
from steelyard.surfaces.storefront.till_pages import Look, TillPage, look
from steelyard.surfaces.storefront.typed import amount, said
from steelyard.surfaces.storefront.wallet import purses_of
from steelyard.surfaces.storefront.ways import Way, none_left, ways
from steelyard.surfaces.storefront.words import problem_words
from steelyard.surfaces.web import asking, footfall, offers, placing
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.turnstile import CROWDED, GONE, Crowd
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import checkout
from steelyard.trade.checkout.model import (
    FIELD_CHARACTERS_MAX,
    Checkout,
    CheckoutClosed,
    CheckoutId,
    CheckoutNotReady,
    CheckoutState,
    ProblemCode,
    SoldOut,
    TotalMoved,
)
from steelyard.trade.groups.model import GroupLimit, GroupOver, InsideAlready, TeamClosed

# These are said beside the fields of the form.
_OF_THE_FORM = {ProblemCode.CONTACT_MISSING, ProblemCode.ADDRESS_MISSING, ProblemCode.ADDRESS_INCOMPLETE}
# What moved while the buyer looked at the page, and is seen when it is shown again.
_MOVED = (
    SoldOut, TotalMoved, TenderMoved, CheckoutNotReady, OfferGone, LimitReached, GroupLimit, GroupOver, InsideAlready, TeamClosed,
)  # fmt: skip
OWN_PLACED = N_("This purchase is placed already. You can pay it here.")


@get("/checkout/{checkout_id:uuid}")
async def till(visit: NamedDependency[Visit], checkout_id: FromPath[UUID]) -> Response[str] | Redirect:
    """Everything about the purchase on one page; a checkout that was placed goes on to its purchase."""
    view = await _look(visit, checkout_id)
    onward = await _onward(visit, view)
    if onward is None:
        footfall.note(visit, Step.CHECKOUT, [group.shop.merchant_id for group in view.checkout.quote.groups])
    return onward or await _shown(visit, view, {})


@post("/checkout/{checkout_id:uuid}")
async def submit(
    visit: NamedDependency[Visit], checkout_id: FromPath[UUID], data: URLEncodedBody[dict[str, Any]]
) -> Response[str] | Redirect:
    """Keep what was filled in; with `then=place`, place the purchase and go to the cashier."""
    # Who places it goes on to its purchase: what stands around this page is asked for where it is shown again.
    around = said(data, "then") != "place"
    view = await _look(visit, checkout_id, around=around)
    onward = await _onward(visit, view)
    if onward is not None and around:
        return onward
    await known_places()
    form = recognised(data) if said(data, "then") == "parse" else None
    pasted = form.address if form else None
    found = view.checkout.checkout
    # Who buys what they were shown has changed nothing: it is neither written nor asked for again.
    changed = not as_shown(draft_of(found, visit.buyer_id, view.book, data, pasted), view.checkout)
    try:
        if changed:
            await visit.db.transact(_keep, CheckoutId(checkout_id), visit.buyer_id, data, pasted)
    except Refusal as refusal:
        return await _shown(visit, view, {}, status=refusal.status, refusal=refusal)
    if said(data, "then") == "place":
        return await _place(visit, await _look(visit, checkout_id, around=False) if changed else view, data)
    if said(data, "then") == "code":
        return await _enter(visit, checkout_id, said(data, "code"))
    if form is not None or visit.connection.headers.get("hx-request") == "true":
        return await _shown(visit, await _look(visit, checkout_id), {}, form=form)
    return redirect(visit, f"/checkout/{checkout_id}")


async def _enter(visit: Visit, checkout_id: UUID, code: str) -> Response[str] | Redirect:
    """The coupon that has this code belongs to whose checkout it is, and counts if it can."""
    view = await _look(visit, checkout_id)
    shops = [group.shop.merchant_id for group in view.checkout.quote.groups]
    try:
        await visit.db.transact(
            promotions.claim_code, view.checkout.checkout.buyer_id, code[:FIELD_CHARACTERS_MAX], shops
        )
    except Refusal as refusal:
        return await _shown(visit, view, {"code": visit.refused(refusal)}, status=refusal.status, code=code)
    return redirect(visit, f"/checkout/{checkout_id}", (visit.say(N_("The coupon is yours.")), "good"))


@post("/checkout/{checkout_id:uuid}/cancel")
async def give_up(visit: NamedDependency[Visit], checkout_id: FromPath[UUID]) -> Redirect:
    """Back to the cart; nothing is kept."""
    view = await _look(visit, checkout_id)
    if view.checkout.checkout.state is CheckoutState.OPEN:
        await visit.db.transact(checkout.cancel, CheckoutId(checkout_id), visit.by)
    return redirect(visit, "/cart")


async def _look(visit: Visit, checkout_id: UUID, *, around: bool = True) -> TillPage:
    owners = (*visit.buyer_ids, visit.buyer_id)
    wanted = Look(checkout_id=CheckoutId(checkout_id), buyer_id=visit.buyer_id, owners=owners, around=around)
    return await look(visit.db, wanted)


async def _onward(visit: Visit, view: TillPage) -> Redirect | None:
    """Where a checkout goes that is not open any more."""
    found = view.checkout.checkout
    if found.state is CheckoutState.COMPLETED and not _owned(visit, found):
        return redirect(visit, "/find-order", (visit.say(N_("This purchase is complete.")), "info"))
    if found.state in (CheckoutState.PLACED, CheckoutState.COMPLETED):
        path, cookies = await purchase_path(visit, found.purchase_id), _key(visit, found)
        return redirect(visit, path, (visit.say(OWN_PLACED), "info"), cookies=cookies)
    if found.state is CheckoutState.CANCELLED:
        return redirect(visit, "/cart", (visit.say(N_("This checkout is closed. Please start again.")), "info"))
    return None


def _owned(visit: Visit, found: Checkout) -> bool:
    return found.buyer_id in visit.buyer_ids or found.buyer_id == visit.buyer_id


def _key(visit: Visit, found: Checkout) -> list[Cookie]:
    """What lets the one who goes on with an agent's checkout see the purchase, too."""
    return [] if _owned(visit, found) else [look_up_cookie(visit, found.purchase_id)]


async def use_address(tx: Tx, checkout_id: CheckoutId, owners: Sequence[BuyerId], address: Address) -> None:
    """An open checkout goes to this address, which was put into the book on the way; any other stays as it is."""
    found = await checkout.lock(tx, checkout_id)
    if found.state is CheckoutState.OPEN and found.buyer_id in owners:
        contact = msgspec.structs.replace(found.contact, name=address.name, phone=address.phone)
        draft = msgspec.structs.replace(found.draft, address=address, contact=contact)
        await checkout.change(tx, checkout_id, draft)


async def _keep(
    tx: Tx, checkout_id: CheckoutId, buyer_id: BuyerId, data: Mapping[str, Any], pasted: Address | None
) -> None:
    """Write what was filled in into an open checkout. A second click on one that was placed changes nothing."""
    found = await checkout.lock(tx, checkout_id)
    if found.state is CheckoutState.OPEN:
        book = await customers.addresses(tx, buyer_id)
        await checkout.change(tx, checkout_id, draft_of(found, buyer_id, book, data, pasted))


async def _place(visit: Visit, view: TillPage, data: Mapping[str, Any]) -> Response[str] | Redirect:
    channel, checkout_id = said(data, "channel"), view.checkout.checkout.checkout_id
    wrong, agreed = _wrong(view, channel, [way.name for way in _ways(visit, view)]), said(data, "agreed")
    news = await asking.of_buyer(visit)
    if len(asking.agreed(news, agreed)) < len(news):
        wrong["agreed"] = N_("Please read what has changed, and agree to it.")
    if view.checkout.checkout.state is CheckoutState.OPEN and (wrong or view.checkout.quote.blocking):
        return await _shown(visit, view, wrong, status=422, agreed=agreed)
    expected = amount(data, "expected_total")
    try:
        purchase_id = await placing.place(visit.db, _wish(view, expected, amount(data, "expected_rest"), visit.by))
    except _MOVED as refusal:
        if (over := await _over(visit)) is not None:
            return over
        return await _shown(visit, await _look(visit, checkout_id), {}, status=409, refusal=refusal, agreed=agreed)
    except CheckoutClosed:
        return redirect(visit, "/cart", (visit.say(N_("This checkout is closed. Please start again.")), "info"))
    await _remember_address(visit, view, data)
    for group in view.checkout.quote.groups:
        footfall.tell(visit, Kind.CHECKOUT, merchant_id=group.shop.merchant_id, step="placed")
    if CROWDED in visit.connection.scope and view.checkout.rest and not view.checkout.quote.booking:
        # No channel is asked while others wait for an answer: it is theirs, and paid from its own page in its own time.
        path, theirs = await purchase_path(visit, purchase_id), N_("It is yours. Now pay it in time.")
        return redirect(visit, path, (visit.say(theirs), "good"), cookies=_key(visit, view.checkout.checkout))
    return await pay(visit, purchase_id, channel, _key(visit, view.checkout.checkout))


async def _over(visit: Visit) -> Response[str] | None:
    """To whoever was let in among many, and comes too late all the same, is said what others hear; none where pieces are left,
    or nobody else is here."""
    scope = visit.connection.scope
    crowd = cast("Crowd | None", cast("dict[str, object]", scope).get(CROWDED))
    if crowd is None or not await crowd.gone():
        return None
    headers, page = crowd.over.whole(cast("HTTPScope", scope), GONE)
    told = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    return Response(page.decode(), status_code=GONE, headers=told, media_type=told.pop("content-type"))


def _ways(visit: Visit, view: TillPage) -> list[Way]:
    """How what a channel has to collect of it can be paid."""
    return ways(visit, view.standing, view.wanted, plans=True)


def _wish(view: TillPage, expected: int | None, rest: int | None, by: str) -> placing.Wish:
    """Who places an order agrees to the terms that are in force."""
    found = view.checkout.checkout
    return placing.Wish(
        placement=checkout.Placement(checkout_id=found.checkout_id, expected_total=expected, expected_rest=rest, by=by),
        agreeing=found.buyer_id,
    )


def _wrong(view: TillPage, channel: str, offered: Sequence[str]) -> dict[str, str]:
    """What is missing in the form, field by field."""
    found = view.checkout.checkout
    wrong = missing(found.address)
    if trouble := wrong_email(found.contact.email):
        wrong = {"email": trouble, **wrong}
    wrong |= wrong_invoice(found.invoice) | unreturnable.unconfirmed(view.checkout, view.rule)
    if channel not in offered and view.checkout.rest:
        wrong["channel"] = N_("Please choose how to pay.")
    return wrong


async def _remember_address(visit: Visit, view: TillPage, data: Mapping[str, Any]) -> None:
    account = visit.account
    if account is None or account.kind is not AccountKind.BUYER or said(data, "remember") != "yes":
        return
    address = view.checkout.checkout.address
    if any(each.address == address for each in view.book):
        return
    try:
        # The checkout's id: a second click saves the same address again, not another.
        own = AddressId(view.checkout.checkout.checkout_id)
        await visit.db.transact(customers.save_address, visit.buyer_id, own, address)
    except Refusal:
        # The book is full: the purchase stands all the same.
        return


async def _shown(
    visit: Visit,
    view: TillPage,
    wrong: Mapping[str, str],
    *,
    status: int = 200,
    refusal: Refusal | None = None,
    form: AddressForm | None = None,
    agreed: str = "",
    code: str = "",
) -> Response[str]:
    await known_places()
    news = await asking.of_buyer(visit)
    problems = view.checkout.quote.problems
    lines = {problem.line_id: problem for problem in problems if problem.line_id is not None}
    undeliverable = {problem.merchant_id for problem in problems if problem.code is ProblemCode.UNDELIVERABLE}
    errors = {field: visit.say(message) for field, message in wrong.items()}
    return await show(
        visit,
        "checkout.html",
        view.shell or await visit.db.ask(shell, visit.buyer_id),
        crumbs=[Crumb(visit.say(N_("Cart")), "/cart"), Crumb(visit.say(N_("Checkout")))],
        status=status,
        view=view,
        errors=errors,
        refusal=visit.refused(refusal) if refusal and not isinstance(refusal, TotalMoved) else "",
        moved=isinstance(refusal, TotalMoved),
        line_problems=lines,
        undeliverable=undeliverable,
        problem_words={key: visit.say(problem_words(each), **each.facts) for key, each in lines.items()},
        form_only={problem.code for problem in view.checkout.quote.blocking} <= _OF_THE_FORM,
        channels=_ways(visit, view),
        none_left=none_left(visit, view.standing, view.wanted),
        delivery=DELIVERY,
        pieces=QUANTITY,
        note=NOTE,
        no_return=unreturnable.told(view.checkout, view.rule),
        to_confirm=unreturnable.to_confirm(view.checkout, view.rule),
        confirmed={line.line_id for line in view.checkout.checkout.lines if line.confirmed},
        confirm=unreturnable.CONFIRM,
        asks=False,
        news=[(visit.say(asking.TITLES[each.document]), f"/legal/{each.document}", each.summary) for each in news],
        agreeing=asking.value_of(news),
        code=code,
        purse=PURSE,
        purses=purses_of(visit, view.checkout),
        why=offers.why(visit, view.checkout.quote.reckoning),
        agreed=bool(agreed) and agreed == asking.value_of(news),
        inline=not view.book
        or form is not None
        or not any(each.address == view.checkout.checkout.address for each in view.book),
        **shown_with(form or form_of(view.checkout.checkout.address), visit.locale),
    )
