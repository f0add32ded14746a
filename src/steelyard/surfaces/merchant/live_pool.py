"""The selection pool: what the shop offers its hosts, and what they take of it into their sessions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.channels import host_commission, live, rooms, selection
from steelyard.channels.host_commission.model import AgreementId, Payee
from steelyard.channels.live.model import TAKES_TIME, Session
from steelyard.channels.rooms.model import Host, HostState
from steelyard.channels.selection.model import (
    NewPoolOffer,
    NewSample,
    OfferState,
    Pick,
    PoolOffer,
    PoolOfferId,
    Sample,
    SampleId,
)
from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductId, ProductView
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.live_agreements import first_product
from steelyard.surfaces.merchant.live_tabs import POOL, SAMPLES, session_options, tabs
from steelyard.surfaces.web import live_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

READS = {"permission": "live.read"}
OFFERS = {"permission": "live.commission"}
SPEAKS = {"permission": "live.host"}
RUNS = {"permission": "live.run"}
EMPTY = Entries({}, {})


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[PoolOffer]
    products: dict[ProductId, ProductView]
    currency: str


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """An offer with what came of it, and for the forms: hosts, sessions that are not over, and who can be paid."""

    offer: PoolOffer
    product: ProductView | None
    samples: Sequence[Sample]
    picks: Sequence[Pick]
    hosts: Sequence[Host]
    sessions: Sequence[Session]
    payees: Sequence[Payee]


async def listed(read: Read, merchant_id: MerchantId, state: OfferState, cursor: str | None) -> Listed:
    page = await selection.offers(read, merchant_id, state, cursor, ROWS_PER_PAGE)
    return Listed(
        page=page,
        products=await catalog.products(read, [ProductId(each.product_id) for each in page.items]),
        currency=await frame.currency(read, merchant_id),
    )


async def whole(read: Read, merchant_id: MerchantId, offer_id: UUID) -> Whole:
    """Raises `NotFound`."""
    offer = await selection.offer_of(read, merchant_id, offer_id)
    if offer is None:
        raise NotFound()
    hosts = await rooms.hosts_of(read, merchant_id)
    return Whole(
        offer=offer,
        product=(await catalog.products(read, [ProductId(offer.product_id)])).get(ProductId(offer.product_id)),
        samples=(await selection.samples(read, merchant_id, offer_id)).items,
        picks=await selection.picks_of(read, merchant_id, offer_id),
        hosts=[each for each in hosts if each.state not in (HostState.GONE, HostState.BARRED)],
        sessions=[each for each in (await live.sessions(read, merchant_id, TAKES_TIME)).items if each.host_id],
        payees=await host_commission.payees(read, merchant_id),
    )


async def list_view(
    visit: Visit,
    state: OfferState = OfferState.OPEN,
    cursor: str | None = None,
    form: Entries | None = None,
    errors: dict[str, str] | None = None,
) -> Response[Any]:
    found = await visit.merchant_db.ask(listed, visit.merchant_id, state, cursor)
    asked = "closed" if state is OfferState.CLOSED else ""
    return await frame.show(
        visit,
        "live_pool.html",
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (visit.say(N_("Selection pool")), None)],
        sections=tabs(visit, POOL),
        found=found,
        closed=state is OfferState.CLOSED,
        form=form or EMPTY,
        errors=errors or {},
        offer_id=form.text("offer_id") if form else ids.mint(),
        next_href=address(POOL, state=asked, cursor=found.page.next) if found.page.next else "",
        start_href=address(POOL, state=asked) if cursor else "",
    )


@get("/live/pool", opt=READS)
async def pool(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What is offered, or (`?state=closed`) was."""
    closed = visit.connection.query_params.get("state") == OfferState.CLOSED
    return await list_view(visit, OfferState.CLOSED if closed else OfferState.OPEN, cursor)


async def offer(tx: Tx, actor: Actor, wanted: NewPoolOffer) -> None:
    await selection.offer(tx, wanted, actor.by)
    await access.audit(tx, actor, "live.offer", str(wanted.product_id), {"millionths": wanted.millionths})


@post("/live/pool", opt=OFFERS)
async def add_offer(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Offer a product. A second click offers nothing more."""
    form = await entries_of(request)
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    product_id = first_product(form)
    if product_id is None:
        form.refuse("products", N_("Please choose one."))
    slot_fee = form.money("slot_fee", currency, required=False)
    try:
        wanted = NewPoolOffer(
            merchant_id=visit.merchant_id,
            offer_id=PoolOfferId(form.uuid("offer_id")),
            product_id=product_id or ids.mint(),
            millionths=form.rate("rate") or 0,
            slot_fee=slot_fee,
            currency=currency if slot_fee is not None else None,
            terms=form.text("terms"),
            samples=form.number("samples", otherwise=0),
            sample_back=form.flag("sample_back"),
        )
        form.check()
        await visit.merchant_db.transact(offer, visit.actor, wanted)
    except Invalid as refusal:
        fields = {"products" if name == "product_id" else name: what for name, what in refusal.fields.items()}
        return await list_view(visit, form=form, errors=errors_of(visit, fields))
    except Refusal as refusal:
        return await list_view(visit, form=form, errors={"products": told(visit, refusal)})
    return redirect(visit, POOL, (visit.say(N_("It stands in the pool.")), "good"))


async def offer_view(
    visit: Visit, offer_id: UUID, form: Entries | None = None, errors: dict[str, str] | None = None
) -> Response[Any]:
    found = await visit.merchant_db.ask(whole, visit.merchant_id, offer_id)
    title = found.offer.title.in_language(visit.locale)
    account = visit.actor.account.account_id if visit.actor.account else None
    mine = [each.host_id for each in found.hosts if each.account_id and each.account_id == account]
    return await frame.show(
        visit,
        "live_pool_offer.html",
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (visit.say(N_("Selection pool")), POOL), (title, None)],
        title=title,
        found=found,
        offer=found.offer,
        here=f"{POOL}/{offer_id}",
        form=form or EMPTY,
        errors=errors or {},
        sample_id=(form.text("sample_id") if form else "") or ids.mint(),
        agreement_id=(form.text("agreement_id") if form else "") or ids.mint(),
        host=(form.text("host_id") if form else "") or (mine[0] if mine else ""),
        host_options=[(each.host_id, each.name) for each in found.hosts],
        payee_options=[(each.payee_id, each.name) for each in found.payees],
        session_options=session_options(visit, found.sessions),
        states=live_words.toned(visit, live_words.OFFER_STATES),
        sample_states=live_words.toned(visit, live_words.SAMPLE_STATES),
    )


@get("/live/pool/{pool_offer_id:uuid}", opt=READS)
async def offer_page(visit: NamedDependency[Visit], pool_offer_id: FromPath[UUID]) -> Response[Any]:
    return await offer_view(visit, pool_offer_id)


async def close(tx: Tx, actor: Actor, merchant_id: MerchantId, offer_id: UUID) -> None:
    await selection.close_offer(tx, merchant_id, offer_id, actor.by)
    await access.audit(tx, actor, "live.close_offer", str(offer_id))


@post("/live/pool/{pool_offer_id:uuid}/close", opt=OFFERS)
async def close_offer(visit: NamedDependency[Visit], pool_offer_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        f"{POOL}/{pool_offer_id}",
        N_("It is offered no more."),
        lambda: visit.merchant_db.transact(close, visit.actor, visit.merchant_id, pool_offer_id),
    )


async def ask(tx: Tx, actor: Actor, wanted: NewSample) -> None:
    await selection.ask(tx, wanted, actor.by)
    await access.audit(tx, actor, "live.ask_sample", str(wanted.sample_id), {"quantity": wanted.quantity})


@post("/live/pool/{pool_offer_id:uuid}/samples", opt=SPEAKS)
async def ask_for_sample(
    visit: NamedDependency[Visit], request: WebRequest, pool_offer_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """A host asks for a sample. A second click asks for nothing more."""
    form = await entries_of(request)
    host = form.uuids("host_id")
    if not host:
        form.refuse("host_id", N_("Please choose one."))
    try:
        wanted = NewSample(
            merchant_id=visit.merchant_id,
            sample_id=SampleId(form.uuid("sample_id")),
            offer_id=PoolOfferId(pool_offer_id),
            host_id=host[0] if host else ids.mint(),
            quantity=form.number("quantity", least=1),
            receiver={field: form.text(field) for field in ("name", "phone", "address")},
            words=form.text("words"),
        )
        form.check()
        await visit.merchant_db.transact(ask, visit.actor, wanted)
    except NotFound:
        raise
    except Invalid as refusal:
        return await offer_view(visit, pool_offer_id, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await offer_view(visit, pool_offer_id, form, {"quantity": told(visit, refusal)})
    return redirect(visit, f"{SAMPLES}/{wanted.sample_id}", (visit.say(N_("The shop looks at your request.")), "good"))


async def take(
    tx: Tx, actor: Actor, merchant_id: MerchantId, keys: tuple[UUID, UUID, UUID], agreement_id: AgreementId
) -> None:
    offer_id, live_id, payee_id = keys
    await selection.take(tx, merchant_id, offer_id, live_id, payee_id, agreement_id, actor.by)
    await access.audit(tx, actor, "live.take", str(offer_id), {"session": str(live_id)})


@post("/live/pool/{pool_offer_id:uuid}/take", opt=RUNS)
async def take_offer(
    visit: NamedDependency[Visit], request: WebRequest, pool_offer_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Into a session's bag, at the commission that is offered. A second click takes nothing more."""
    form = await entries_of(request)
    chosen = {name: (form.uuids(name) or [None])[0] for name in ("session_id", "payee_id")}
    for name, value in chosen.items():
        if value is None:
            form.refuse(name, N_("Please choose one."))
    session_id, payee_id = (value or ids.mint() for value in chosen.values())
    try:
        form.check()
        await visit.merchant_db.transact(
            take,
            visit.actor,
            visit.merchant_id,
            (pool_offer_id, session_id, payee_id),
            AgreementId(form.uuid("agreement_id")),
        )
    except NotFound:
        raise
    except Invalid as refusal:
        return await offer_view(visit, pool_offer_id, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await offer_view(visit, pool_offer_id, form, {"session_id": told(visit, refusal)})
    return redirect(
        visit,
        f"{frame.LIVE}/{session_id}#goods",
        (visit.say(N_("It is in the bag, and the commission is agreed.")), "good"),
    )


HANDLERS = [pool, add_offer, offer_page, close_offer, ask_for_sample, take_offer]
