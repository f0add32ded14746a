"""Checkout sessions: two requests buy, create and complete."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post, put
from litestar.params import FromPath

from steelyard.channels import agents
from steelyard.channels.agents.model import CHECKOUT, Session, SessionId
from steelyard.goods import catalog
from steelyard.goods.promotions.model import OfferGone
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.lookups import look_up
from steelyard.money import payments
from steelyard.money.payments import UnknownChannel
from steelyard.surfaces.api.ucp.discovery import ENDPOINT
from steelyard.surfaces.api.ucp.envelope import Answer, ApiRequest, Ask, AtOnce, Document, message, serve
from steelyard.surfaces.api.ucp.intent import UnknownItems, draft_of, items_of, said_of
from steelyard.surfaces.api.ucp.opening import Opening, lost, open_session
from steelyard.surfaces.api.ucp.rendering import checkout_document, shown, status_of
from steelyard.surfaces.api.ucp.shapes import (
    CheckoutRequest,
    CompleteRequest,
    ConversionRequest,
    Discounts,
    Instrument,
    LineItem,
)
from steelyard.surfaces.api.ucp.sheet import Looked, begun, looks
from steelyard.surfaces.api.ucp.together import (
    KIND,
    completing,
    creating,
    id_of,
    instrument_of,
    looking_of,
    opening_of,
    paid_with,
    payment_id_of,
    placement_of,
    return_url_of,
    unknown_items,
    updating,
)
from steelyard.surfaces.web import placing
from steelyard.trade import checkout
from steelyard.trade.checkout.model import (
    CheckoutClosed,
    CheckoutId,
    CheckoutNotReady,
    CheckoutState,
    Draft,
    SoldOut,
    TotalMoved,
)

CART = "cart"


async def look(ask: Ask, checkout_id: UUID, kind: str = KIND) -> Looked:
    """A session of this platform with what it is now. Raises `NotFound`."""
    found = await look_up(ask.db, looks, looking_of(ask, checkout_id, kind))
    if found is None:
        raise NotFound()
    return found


async def shown_checkout(ask: Ask, checkout_id: UUID, extra: Sequence[Document] = ()) -> Document:
    """The checkout as a document; what the agent sees in it is noted."""
    return await _document(ask, await look(ask, checkout_id), extra)


async def _document(ask: Ask, looked: Looked, extra: Sequence[Document] = ()) -> Document:
    document = checkout_document(ask, looked.sheet, looked.session, looked.session.shown_prices, extra)
    seen = shown(looked.sheet)
    if looked.session.shown != seen and looked.sheet.checkout.state is CheckoutState.OPEN:
        await ask.db.transact(agents.note_shown, looked.session.session_id, seen)
    return document


@post(f"{ENDPOINT}/checkout-sessions", status_code=201)
async def create_checkout(request: ApiRequest) -> Answer:
    """Open a checkout; with buyer, address and a way of delivery it is ready to be completed."""

    async def work(ask: Ask, operation_id: UUID) -> tuple[int, Document]:
        opening = await _opening(ask, operation_id)
        try:
            looked = await open_session(ask.db, opening)
        except UnknownItems as refusal:
            return 200, unknown_items(ask, refusal)
        return 201, await (_document(ask, looked) if looked else shown_checkout(ask, opening.session_id))

    return await serve(request, work, capability=CHECKOUT, once=True, together=creating)


async def _opening(ask: Ask, operation_id: UUID) -> Opening:
    """What is to be opened; of a cart, its lines and its buyer count, and its checkout always has the same id."""
    said = msgspec.json.decode(ask.body or b"{}", type=dict[str, Any]) if b'"cart_id"' in ask.body else {}
    if isinstance(said.get("cart_id"), str):
        return await _of_cart(ask, ask.read(ConversionRequest))
    return opening_of(ask, ask.read(CheckoutRequest), operation_id)


async def _of_cart(ask: Ask, conversion: ConversionRequest) -> Opening:
    cart_id = id_of(conversion.cart_id)
    looked = await look(ask, cart_id, CART)
    if looked.sheet.checkout.state is CheckoutState.CANCELLED:
        raise NotFound()
    of_cart = said_of(looked.session)
    lines = msgspec.convert(
        [
            {"id": line.line_id, "item": {"id": str(line.sku_id)}, "quantity": line.quantity}
            for line in looked.sheet.checkout.lines
        ],
        list[LineItem],
    )
    return Opening(
        session_id=SessionId(ids.derived(cart_id, "checkout")), kind=KIND, client=ask.platform.client,
        locale=ask.locale, completeness=ask.completeness, line_items=lines, buyer=of_cart.buyer or conversion.buyer,
        fulfillment=conversion.fulfillment, context=of_cart.context or conversion.context,
        discounts=conversion.discounts or Discounts(codes=of_cart.codes),
    )  # fmt: skip


async def refuse_what_is_not_for_sale(read: Read, ask: Ask, draft: Draft) -> None:
    """Nothing is opened for goods that nobody sells any more."""
    costs = await checkout.quote(read, draft, await checkout.currency_of(read, draft), ask.completeness)
    if places := lost(draft, costs):
        raise UnknownItems(items=places)


@get(f"{ENDPOINT}/checkout-sessions/{{checkout_id:str}}")
async def get_checkout(request: ApiRequest, checkout_id: FromPath[str]) -> Answer:
    """The checkout as it is now."""

    async def work(ask: Ask, _: UUID) -> tuple[int, Document]:
        return 200, await shown_checkout(ask, id_of(checkout_id))

    return await serve(request, work, capability=CHECKOUT)


@put(f"{ENDPOINT}/checkout-sessions/{{checkout_id:str}}")
async def update_checkout(request: ApiRequest, checkout_id: FromPath[str]) -> Answer:
    """Replace everything that was said. While a payment is under way nothing is changed."""

    async def work(ask: Ask, _: UUID) -> tuple[int, Document]:
        session_id = id_of(checkout_id)
        wanted = ask.read(CheckoutRequest)
        looked = await look(ask, session_id)
        if status_of(looked.sheet, looked.session) == "complete_in_progress":
            return 200, await shown_checkout(ask, session_id, [_in_progress(ask)])
        try:
            await ask.db.transact(_change, ask, looked.session, wanted)
        except UnknownItems as refusal:
            notes = unknown_items(ask, refusal)["messages"]
            return 200, await shown_checkout(ask, session_id, [{**note, "severity": "recoverable"} for note in notes])
        return 200, await shown_checkout(ask, session_id)

    def together(ask: Ask) -> AtOnce | None:
        return updating(ask, checkout_id)

    return await serve(request, work, capability=CHECKOUT, once=True, together=together)


def _in_progress(ask: Ask) -> Document:
    return message("complete_in_progress", ask.say(N_("The payment is under way. Please wait for its outcome.")))


async def _change(tx: Tx, ask: Ask, session: Session, wanted: CheckoutRequest) -> None:
    draft, said = draft_of(
        await catalog.cards(tx, items_of(wanted.line_items)),
        wanted.line_items,
        wanted.buyer,
        wanted.fulfillment,
        wanted.context,
        locale=ask.locale,
        discounts=wanted.discounts,
        before=said_of(session),
    )
    await checkout.change(tx, CheckoutId(session.session_id), draft)
    await agents.change_session(tx, session.session_id, said.kept)


@post(f"{ENDPOINT}/checkout-sessions/{{checkout_id:str}}/complete", status_code=200)
async def complete_checkout(request: ApiRequest, checkout_id: FromPath[str]) -> Answer:
    """Place the purchase and pay it with the token: completed, to be confirmed by the buyer, under way, or declined."""

    async def work(ask: Ask, operation_id: UUID) -> tuple[int, Document]:
        wanted = ask.read(CompleteRequest)
        looking = looking_of(ask, id_of(checkout_id))
        found = await look_up(ask.db, begun, looking)
        if found is None:
            raise NotFound()
        if found.checkout.state is CheckoutState.CANCELLED:
            raise CheckoutClosed(state="canceled")
        if found.checkout.state is not CheckoutState.OPEN:
            looked = await look(ask, looking.session_id)
            if status_of(looked.sheet, looked.session) in ("completed", "complete_in_progress", "requires_escalation"):
                return 200, await _document(ask, looked)
        return 200, await _complete(ask, found.session, instrument_of(wanted), operation_id)

    def together(ask: Ask) -> AtOnce | None:
        return completing(ask, checkout_id)

    return await serve(request, work, capability=CHECKOUT, once=True, together=together)


async def _complete(ask: Ask, session: Session, instrument: Instrument, operation_id: UUID) -> Document:
    session_id = session.session_id
    verifier = payments.verifier(ask.settings, instrument.handler_id)
    placement = placement_of(ask, session, instrument, verifier, operation_id)
    try:
        purchase_id = await placing.place(ask.db, placing.Wish(placement=placement))
    except (TotalMoved, OfferGone):
        moved = ask.say(N_("The total has changed. Please look at it again before you pay."))
        return await shown_checkout(ask, session_id, [message("total_changed", moved, path="$.totals")])
    except (CheckoutNotReady, SoldOut):
        return await shown_checkout(ask, session_id)
    if placement.paying:
        looked = await look(ask, session_id)
        if paid_with(looked, placement.paying):
            return await _document(ask, looked)
    try:
        collected = await checkout.collect(
            ask.db,
            ask.settings,
            purchase_id,
            channel=instrument.handler_id,
            return_url=return_url_of(ask, session_id),
            token=instrument.credential.token,
            payment_id=payment_id_of(operation_id),
        )
    except UnknownChannel:  # the operator does not offer it for this, or it rests: the buyer can pay another way
        other = ask.say(N_("This way to pay is not offered for this purchase now. The buyer can choose another one."))
        return await shown_checkout(ask, session_id, [message("payment_failed", other, path="$.payment")])
    if collected.action_url != session.action_url:
        await ask.db.transact(agents.note_action, session_id, collected.action_url)
    return await shown_checkout(ask, session_id)


@post(f"{ENDPOINT}/checkout-sessions/{{checkout_id:str}}/cancel", status_code=200)
async def cancel_checkout(request: ApiRequest, checkout_id: FromPath[str]) -> Answer:
    """Give a checkout up. One that is completed or given up already stays as it is: 409."""

    async def work(ask: Ask, _: UUID) -> tuple[int, Document]:
        session_id = id_of(checkout_id)
        await look(ask, session_id)
        await ask.db.transact(checkout.cancel, CheckoutId(session_id), ask.platform.client)
        return 200, await shown_checkout(ask, session_id)

    return await serve(request, work, capability=CHECKOUT, once=True)
