"""Opening, changing and completing checkouts, as one transaction for all who ask at the same moment: their keys are claimed,
what they want is done, and their answers are kept, or nothing of it.

This is for what the database can do alone: checkouts that are opened with goods, or changed while they are open, and those
that are paid with a token that we verify ourselves. Whoever wants more, and whoever finds something in the way that needs a
closer look, goes on under the claim, step by step, as in `checkouts.py`. docs/algorithms/placement.md argues why that is the
same.
"""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar
from uuid import UUID

import msgspec

from steelyard.channels import agents
from steelyard.channels.agents.model import Session, SessionId
from steelyard.kernel import idempotency, ids
from steelyard.kernel.batching import join
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.idempotency import Claim, Mine, Reply
from steelyard.money import payments
from steelyard.money.payments.model import PaymentId
from steelyard.surfaces.api.ucp.changing import Rewriting, change_all, rewritten
from steelyard.surfaces.api.ucp.discovery import HANDLER_ID
from steelyard.surfaces.api.ucp.envelope import Ask, AtOnce, Document, errors_document, message, refused
from steelyard.surfaces.api.ucp.intent import UnknownItems
from steelyard.surfaces.api.ucp.opening import Opening, drafts, goods_of, named_in, open_drafted
from steelyard.surfaces.api.ucp.rendering import WORDS, checkout_document, shown
from steelyard.surfaces.api.ucp.shapes import CheckoutRequest, CompleteRequest, Instrument
from steelyard.surfaces.api.ucp.sheet import Begun, Looked, Looking, looks_of, sheet_of_paid
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId, CheckoutNotReady, CheckoutState, ProblemCode, SoldOut

KIND = "checkout"

S = TypeVar("S", bound=msgspec.Struct)


class PaymentInvalid(Refusal):
    """A checkout is paid by one instrument of a handler that it advertises."""

    code = "invalid_payment"
    status = 422
    title = N_("This payment cannot be used")
    detail = N_("Send exactly one instrument with handler_id {handler} and a token.")


class Creating(msgspec.Struct, frozen=True, eq=False):
    """Somebody's wish to open a checkout."""

    held: Claim
    ask: Ask
    wanted: CheckoutRequest


class Completing(msgspec.Struct, frozen=True, eq=False):
    """Somebody's wish to complete one with a token of a channel that needs to ask nobody."""

    held: Claim
    ask: Ask
    session_id: SessionId
    instrument: Instrument
    verifier: payments.Verifier


class Updating(msgspec.Struct, frozen=True, eq=False):
    """Somebody's wish to replace everything that was said in one."""

    held: Claim
    ask: Ask
    session_id: SessionId
    wanted: CheckoutRequest


Wish: TypeAlias = Creating | Completing | Updating


def _name(wish: Wish) -> tuple[str, str]:
    return wish.held.name


def creating(ask: Ask) -> AtOnce | None:
    """How a checkout is opened together with others; none for what is made of a cart, and for what cannot be read."""
    wanted = None if b'"cart_id"' in ask.body else _read(ask, CheckoutRequest)
    if wanted is None:
        return None
    return lambda held: join(ask.db, serve_all, Creating(held, ask, wanted), _name)


def completing(ask: Ask, said: str) -> AtOnce | None:
    """How the checkout `said` is completed together with others; none where somebody else must be asked for the money, and
    for what cannot be read."""
    wanted = _read(ask, CompleteRequest)
    if wanted is None:
        return None
    try:
        instrument, session_id = instrument_of(wanted), SessionId(id_of(said))
    except Refusal:
        return None
    verifier = payments.verifier(ask.settings, instrument.handler_id)
    if verifier is None:
        return None
    return lambda held: join(ask.db, serve_all, Completing(held, ask, session_id, instrument, verifier), _name)


def updating(ask: Ask, said: str) -> AtOnce | None:
    """How the checkout `said` is changed together with others; none for what cannot be read."""
    wanted = _read(ask, CheckoutRequest)
    if wanted is None:
        return None
    try:
        session_id = SessionId(id_of(said))
    except Refusal:
        return None
    return lambda held: join(ask.db, serve_all, Updating(held, ask, session_id, wanted), _name)


def _read(ask: Ask, shape: type[S]) -> S | None:
    try:
        return ask.read(shape)
    except Refusal:
        return None


async def serve_all(tx: Tx, wishes: Sequence[Wish]) -> list[Reply | UUID | Refusal]:
    """Open, change and complete these checkouts: the answer of each, or the id under which it goes on.

    Those who complete come last, so that the goods they hold are held no longer than they must be.
    """

    async def answer(mine: Sequence[Mine]) -> list[Reply | None]:
        said = await _answer(tx, [(wishes[place], operation_id) for place, operation_id in mine])
        return [said.get(wishes[place].held.claim) for place, _ in mine]

    return await idempotency.answer_all(tx, [wish.held for wish in wishes], answer)


async def _answer(tx: Tx, wanted: Sequence[tuple[Wish, UUID]]) -> dict[UUID, Reply | None]:
    """The answers by their claims. What all of them cost is asked for once."""
    creating = [(wish, operation_id) for wish, operation_id in wanted if isinstance(wish, Creating)]
    openings = [opening_of(wish.ask, wish.wanted, operation_id) for wish, operation_id in creating]
    ready, changing = await _of_sessions(tx, wanted)
    held = await checkout.hold(
        tx, [one.placement for one in ready], [CheckoutId(wish.session_id) for wish, _ in changing]
    )
    goods = await goods_of(
        tx,
        named_in([*openings, *(wish.wanted for wish, _ in changing)])
        | {line.sku_id for each in held.asked for line in each.draft.lines},
    )
    drafted, changed = drafts(openings, goods), list(rewritten(_rewriting(changing, held), goods))
    costs = await checkout.quotes(
        tx, [*drafted.asked, *(each.asked for each in changed), *held.asked], goods.cards, goods.shops
    )
    to_open, to_change = len(drafted.drafts), len(drafted.drafts) + len(changed)
    opened = await open_drafted(tx, drafted, costs[:to_open])
    said = {wish.held.claim: _opened(wish.ask, found) for (wish, _), found in zip(creating, opened, strict=True)}
    looked = await change_all(tx, changed, costs[to_open:to_change])
    said |= {
        wish.held.claim: _said(200, _document(wish.ask, looked[wish.session_id]))
        for wish, _ in changing
        if wish.session_id in looked
    }
    outcomes = await checkout.place_held(tx, held, costs[to_change:])
    return said | await _completed(tx, ready, outcomes)


def opening_of(ask: Ask, wanted: CheckoutRequest, operation_id: UUID) -> Opening:
    return Opening(
        session_id=SessionId(operation_id), kind=KIND, client=ask.platform.client, locale=ask.locale,
        completeness=ask.completeness, line_items=wanted.line_items, buyer=wanted.buyer,
        fulfillment=wanted.fulfillment, context=wanted.context, discounts=wanted.discounts,
    )  # fmt: skip


def _opened(ask: Ask, found: Looked | Refusal | None) -> Reply | None:
    """None for what was open already."""
    if isinstance(found, UnknownItems):
        return _said(200, unknown_items(ask, found))
    if isinstance(found, Refusal):
        return refused(ask, found)
    return _said(201, _document(ask, found)) if found else None


def unknown_items(ask: Ask, refusal: UnknownItems) -> Document:
    """The outcome of wanting what there is not: no checkout, but why."""
    content = ask.say(WORDS[ProblemCode.ITEM_UNAVAILABLE])
    return errors_document(
        ask.platform.version,
        [
            message("item_unavailable", content, severity="unrecoverable", path=f"$.line_items[{place}]")
            for place in refusal.items
        ],
    )


class _Ready(msgspec.Struct, frozen=True):
    """A wish about a session of who wishes it, with what is to be placed."""

    wish: Completing
    session: Session
    placement: checkout.Placement


async def _of_sessions(
    tx: Tx, wanted: Sequence[tuple[Wish, UUID]]
) -> tuple[list[_Ready], list[tuple[Updating, Session]]]:
    """The wishes about sessions of who wishes them, which can be carried out now: to complete, and to change. Of several
    about one checkout only the first: the others come after it."""
    about = [(wish, one) for wish, one in wanted if isinstance(wish, Completing | Updating)]
    sessions = await agents.sessions(tx, [wish.session_id for wish, _ in about]) if about else {}
    ready: list[_Ready] = []
    changing: list[tuple[Updating, Session]] = []
    taken: set[SessionId] = set()
    for wish, operation_id in about:
        session = sessions.get(wish.session_id)
        if session is None or (session.kind, session.client) != (KIND, wish.ask.platform.client):
            continue
        if wish.session_id in taken:
            continue
        taken.add(wish.session_id)
        if isinstance(wish, Updating):
            changing.append((wish, session))
        else:
            placement = placement_of(wish.ask, session, wish.instrument, wish.verifier, operation_id)
            ready.append(_Ready(wish, session, placement))
    return ready, changing


def _rewriting(changing: Sequence[tuple[Updating, Session]], held: checkout.Held) -> list[Rewriting]:
    return [
        Rewriting(
            session=session, checkout=found, wanted=wish.wanted, locale=wish.ask.locale,
            completeness=wish.ask.completeness,
        )
        for wish, session in changing
        if (found := held.checkouts.get(CheckoutId(wish.session_id))) is not None
    ]  # fmt: skip


async def _completed(
    tx: Tx, ready: Sequence[_Ready], outcomes: Sequence[checkout.Placed | Refusal]
) -> dict[UUID, Reply | None]:
    """The answers by their claims. Who has just paid is told what was written down; the others are looked at."""
    said: dict[UUID, Reply | None] = {}
    unclear: list[_Ready] = []
    for one, outcome in zip(ready, outcomes, strict=True):
        if isinstance(outcome, checkout.Placed) and outcome.written and outcome.written.paid_at_once:
            sheet = sheet_of_paid(outcome.written, one.wish.ask.locale)
            said[one.wish.held.claim] = _said(200, _document(one.wish.ask, Looked(one.session, sheet)))
        elif isinstance(outcome, checkout.Placed | CheckoutNotReady | SoldOut):
            unclear.append(one)
    looked = await _looks(tx, unclear) if unclear else {}
    return said | {one.wish.held.claim: _looked(one, looked[one.session.session_id]) for one in unclear}


async def _looks(tx: Tx, ready: Sequence[_Ready]) -> dict[SessionId, Looked]:
    """What these sessions have become."""
    checkouts = await checkout.get_all(tx, [CheckoutId(one.session.session_id) for one in ready])
    found = {
        looking_of(one.wish.ask, one.session.session_id): Begun(
            one.session, checkouts[CheckoutId(one.session.session_id)]
        )
        for one in ready
    }
    return {looking.session_id: looked for looking, looked in (await looks_of(tx, found)).items()}


def _looked(one: _Ready, found: Looked) -> Reply | None:
    """The answer when it was paid with this token, or when it cannot be placed as it was shown; none for what needs a
    closer look."""
    paying = one.placement.paying
    if found.sheet.checkout.state is CheckoutState.OPEN:
        clear = found.session.shown == shown(found.sheet)
    else:
        clear = paying is not None and paid_with(found, paying)
    return _said(200, _document(one.wish.ask, found)) if clear else None


def placement_of(
    ask: Ask, session: Session, instrument: Instrument, verifier: payments.Verifier | None, operation_id: UUID
) -> checkout.Placement:
    """What is to be placed: for the total that the agent was shown, and paid at once where the token can be verified."""
    paying = None
    if verifier and instrument.credential.token:
        paying = checkout.Paying(
            payment_id=payment_id_of(operation_id), channel=verifier, token=instrument.credential.token,
            return_url=return_url_of(ask, session.session_id),
        )  # fmt: skip
    return checkout.Placement(
        checkout_id=CheckoutId(session.session_id),
        expected_total=session.shown_total,
        by=ask.platform.client,
        completeness=ask.completeness,
        paying=paying,
    )


def paid_with(looked: Looked, paying: checkout.Paying) -> bool:
    """Whether this very payment was tried, however it went."""
    payment = looked.sheet.payment
    return payment is not None and payment.payment_id == paying.payment_id


def payment_id_of(operation_id: UUID) -> PaymentId:
    return PaymentId(ids.derived(operation_id, "payment"))


def return_url_of(ask: Ask, session_id: SessionId) -> str:
    """Where a channel sends the buyer back to."""
    return f"{ask.settings.base_url}/checkout/{session_id}"


def instrument_of(wanted: CompleteRequest) -> Instrument:
    """The one instrument. Raises `PaymentInvalid`."""
    instruments = wanted.payment.instruments
    if len(instruments) != 1 or instruments[0].handler_id != HANDLER_ID or not instruments[0].credential.token:
        raise PaymentInvalid(handler=HANDLER_ID)
    return instruments[0]


def id_of(said: str) -> UUID:
    """Raises `NotFound` for what is no id of ours."""
    try:
        return UUID(said)
    except ValueError as error:
        raise NotFound() from error


def looking_of(ask: Ask, session_id: UUID, kind: str = KIND) -> Looking:
    """Who looks at a session, and how."""
    return Looking(
        session_id=SessionId(session_id),
        kind=kind,
        client=ask.platform.client,
        locale=ask.locale,
        completeness=ask.completeness,
    )


def _document(ask: Ask, looked: Looked) -> Document:
    return checkout_document(ask, looked.sheet, looked.session, looked.session.shown_prices)


def _said(status: int, document: Document) -> Reply:
    return Reply(status, {}, msgspec.json.encode(document))
