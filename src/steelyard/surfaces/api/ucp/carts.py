"""Carts: goods and what they come to, before anybody has decided. A checkout is made of one by `cart_id`."""

from uuid import UUID

from litestar import get, post, put
from litestar.params import FromPath

from steelyard.channels import agents
from steelyard.channels.agents.model import CART as CART_CAPABILITY
from steelyard.channels.agents.model import Session, SessionId
from steelyard.goods import catalog
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.surfaces.api.ucp.checkouts import CART, look, refuse_what_is_not_for_sale
from steelyard.surfaces.api.ucp.discovery import ENDPOINT
from steelyard.surfaces.api.ucp.envelope import Answer, ApiRequest, Ask, Document, serve
from steelyard.surfaces.api.ucp.intent import UnknownItems, draft_of, items_of
from steelyard.surfaces.api.ucp.opening import Opening, open_session
from steelyard.surfaces.api.ucp.rendering import cart_document, shown
from steelyard.surfaces.api.ucp.shapes import CartRequest
from steelyard.surfaces.api.ucp.together import id_of, unknown_items
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId, CheckoutState


async def _shown_cart(ask: Ask, cart_id: UUID) -> Document:
    """The cart as a document. One that was given up is not there. Raises `NotFound`."""
    looked = await look(ask, cart_id, CART)
    if looked.sheet.checkout.state is CheckoutState.CANCELLED:
        raise NotFound()
    document = cart_document(ask, looked.sheet, looked.session, looked.session.shown_prices)
    seen = shown(looked.sheet)
    if looked.session.shown != seen:
        await ask.db.transact(agents.note_shown, SessionId(cart_id), seen)
    return document


@post(f"{ENDPOINT}/carts", status_code=201)
async def create_cart(request: ApiRequest) -> Answer:
    """Begin a cart."""

    async def work(ask: Ask, operation_id: UUID) -> tuple[int, Document]:
        wanted = ask.read(CartRequest)
        opening = Opening(
            session_id=SessionId(operation_id), kind=CART, client=ask.platform.client, locale=ask.locale,
            completeness=ask.completeness, line_items=wanted.line_items, buyer=wanted.buyer, context=wanted.context,
            discounts=wanted.discounts,
        )  # fmt: skip
        try:
            looked = await open_session(ask.db, opening)
        except UnknownItems as refusal:
            return 200, unknown_items(ask, refusal)
        if looked is None:
            return 201, await _shown_cart(ask, operation_id)
        return 201, cart_document(ask, looked.sheet, looked.session, looked.session.shown_prices)

    return await serve(request, work, capability=CART_CAPABILITY, once=True)


@get(f"{ENDPOINT}/carts/{{cart_id:str}}")
async def get_cart(request: ApiRequest, cart_id: FromPath[str]) -> Answer:
    """The cart as it is now."""

    async def work(ask: Ask, _: UUID) -> tuple[int, Document]:
        return 200, await _shown_cart(ask, id_of(cart_id))

    return await serve(request, work, capability=CART_CAPABILITY)


@put(f"{ENDPOINT}/carts/{{cart_id:str}}")
async def update_cart(request: ApiRequest, cart_id: FromPath[str]) -> Answer:
    """Replace everything in it."""

    async def work(ask: Ask, _: UUID) -> tuple[int, Document]:
        wanted = ask.read(CartRequest)
        looked = await look(ask, id_of(cart_id), CART)
        if looked.sheet.checkout.state is CheckoutState.CANCELLED:
            raise NotFound()
        try:
            await ask.db.transact(_change, ask, looked.session, wanted)
        except UnknownItems as refusal:
            return 200, unknown_items(ask, refusal)
        return 200, await _shown_cart(ask, looked.session.session_id)

    return await serve(request, work, capability=CART_CAPABILITY, once=True)


async def _change(tx: Tx, ask: Ask, session: Session, wanted: CartRequest) -> None:
    cards = await catalog.cards(tx, items_of(wanted.line_items))
    draft, said = draft_of(
        cards, wanted.line_items, wanted.buyer, None, wanted.context, locale=ask.locale, discounts=wanted.discounts
    )
    await refuse_what_is_not_for_sale(tx, ask, draft)
    await checkout.change(tx, CheckoutId(session.session_id), draft)
    await agents.change_session(tx, session.session_id, said.kept)


@post(f"{ENDPOINT}/carts/{{cart_id:str}}/cancel", status_code=200)
async def cancel_cart(request: ApiRequest, cart_id: FromPath[str]) -> Answer:
    """Give a cart up: its last look is the answer, and then it is not there any more."""

    async def work(ask: Ask, _: UUID) -> tuple[int, Document]:
        document = await _shown_cart(ask, id_of(cart_id))
        await ask.db.transact(checkout.cancel, CheckoutId(id_of(cart_id)), ask.platform.client)
        return 200, document

    return await serve(request, work, capability=CART_CAPABILITY, once=True)
