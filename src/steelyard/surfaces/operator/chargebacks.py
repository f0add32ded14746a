"""Chargebacks: what waits for an answer, the first due first; what shops and the house know; the answer, once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import codes, days
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money import payments
from steelyard.money.payments import DisputeReason, DisputeStanding, Disputing
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import chargeback_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import entered_day
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.papers import paper
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import chargebacks, orders
from steelyard.trade.chargebacks import (
    Answer,
    Bearer,
    Chargeback,
    ChargebackId,
    ChargebackState,
    EvidenceFile,
    Gathered,
    MonthRate,
    Part,
    Step,
)
from steelyard.trade.chargebacks.model import REFERENCE_CHARACTERS_MAX, WITHOUT_A_DAY, WORDS_CHARACTERS_MAX

NEEDS = {"permission": "orders.manage"}
HERE = frame.CHARGEBACKS
TABS = (("", N_("To answer")), ("decided", N_("The bank decides")), ("ended", N_("Concluded")))
STATES_OF: dict[str, Sequence[ChargebackState]] = {
    "decided": (ChargebackState.ANSWERING, ChargebackState.SUBMITTED),
    "ended": [state for state in ChargebackState if state not in chargebacks.OPEN],
}
ENDS = {
    "won": ChargebackState.WON,
    "lost": ChargebackState.LOST,
    "recovered": ChargebackState.RECOVERED,
    "closed": ChargebackState.CLOSED,
}
PROBLEMS_SHOWN = 20


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[Chargeback]
    next: str | None
    rates: Sequence[MonthRate]
    problems: Sequence[tuple[str, str, str]]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    chargeback: Chargeback
    parts: Sequence[Part]
    shops: Mapping[MerchantId, ShopCard]
    codes: Mapping[UUID, str]
    files: Sequence[EvidenceFile]
    steps: Sequence[Step]
    gathered: Sequence[Gathered]


async def listed(read: Read, state: str, cursor: str | None) -> Listed:
    page = (
        await chargebacks.page(read, STATES_OF[state], cursor, ROWS_PER_PAGE)
        if state in STATES_OF
        else await chargebacks.waiting_page(read, cursor, ROWS_PER_PAGE)
    )
    return Listed(
        items=page.items,
        next=page.next,
        rates=await chargebacks.rates(read),
        problems=await payments.dispute_problems(read, PROBLEMS_SHOWN),
    )


@get("/chargebacks", opt=NEEDS)
async def chargeback_list(
    visit: NamedDependency[Visit], kind: FromQuery[str] = "", cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """What waits for an answer, or what became of the others."""
    found = await visit.db.ask(listed, kind, cursor)
    known = kind if kind in STATES_OF else ""
    here = {"kind": known} if known else {}
    return await frame.show(
        visit,
        "chargebacks.html",
        HERE,
        found=found,
        words=chargeback_words,
        now=datetime.now(UTC),
        tabs=[
            {
                "label": visit.say(word),
                "href": address(HERE, **({"kind": key} if key else {})),
                "current": key == known,
            }
            for key, word in TABS
        ],
        next_href=address(HERE, **here, cursor=found.next) if found.next else "",
        start_href=address(HERE, **here) if cursor else "",
    )


async def one(read: Read, chargeback_id: ChargebackId) -> Shown:
    found = await chargebacks.chargeback(read, chargeback_id)
    if found is None:
        raise NotFound()
    parts = await chargebacks.parts_of(read, [chargeback_id])
    return Shown(
        chargeback=found,
        parts=parts,
        shops=await merchants.cards(read, {part.merchant_id for part in parts}),
        codes=await orders.codes_of_all(read, [part.order_id for part in parts]),
        files=await chargebacks.files_of(read, chargeback_id),
        steps=await chargebacks.timeline(read, chargeback_id),
        gathered=await chargebacks.gathered(read, [(part.merchant_id, part.order_id) for part in parts]),
    )


@get("/chargebacks/{chargeback_id:uuid}", opt=NEEDS)
async def chargeback_page(visit: NamedDependency[Visit], chargeback_id: FromPath[UUID]) -> Response[Any]:
    """What is known of it, and what can be done about it now."""
    return await _page(visit, ChargebackId(chargeback_id), Entries({}, {}))


def by_channel(visit: Visit, chargeback: Chargeback) -> bool:
    """Whether its channel can be told by us."""
    return isinstance(payments.channels(visit.settings).get(chargeback.channel), Disputing)


async def _page(
    visit: Visit, chargeback_id: ChargebackId, form: Entries, refusal: Refusal | None = None
) -> Response[Any]:
    shown = await visit.db.ask(one, chargeback_id)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    facts = shown.chargeback.facts or chargebacks.facts_of(shown.gathered, visit.locale)
    draft = shown.chargeback.words or chargebacks.words_of(shown.gathered, [part.words for part in shown.parts])
    return await frame.show(
        visit,
        "chargeback.html",
        HERE,
        crumbs=[(visit.say(N_("Chargebacks")), HERE), (shown.chargeback.code, None)],
        status=refusal.status if refusal else 200,
        shown=shown,
        it=shown.chargeback,
        words=chargeback_words,
        facts_given={name: form.text(name) or facts.get(name, "") for name in chargeback_words.FACTS},
        draft=form.text("words") or draft,
        form=form,
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        by_channel=by_channel(visit, shown.chargeback),
        states=ChargebackState,
        words_max=WORDS_CHARACTERS_MAX,
        bearers=[("", visit.say(N_("As the rule says")))]
        + [(key, visit.say(word)) for key, word in chargeback_words.BEARERS.items()],
    )


async def _audited(tx: Tx, actor: Actor, chargeback_id: ChargebackId, what: str, facts: dict[str, Any]) -> None:
    found = await chargebacks.chargeback(tx, chargeback_id)
    assert found is not None
    await access.audit(tx, actor, f"chargebacks.{what}", found.code, facts)


async def answer(tx: Tx, actor: Actor, chargeback_id: ChargebackId, what: Answer, form: Entries, told: bool) -> None:
    facts = {name: form.text(name) for name in chargeback_words.FACTS}
    await chargebacks.answer(tx, chargeback_id, what, facts, form.text("words"), actor.by, by_channel=told)
    await _audited(tx, actor, chargeback_id, "answer", {"answer": what})


async def decide(tx: Tx, actor: Actor, chargeback_id: ChargebackId, state: ChargebackState) -> None:
    await chargebacks.decide_by_hand(tx, chargeback_id, state, actor.by)
    await _audited(tx, actor, chargeback_id, "decide", {"state": state})


async def share_out(tx: Tx, actor: Actor, chargeback_id: ChargebackId, shares: Mapping[UUID, int]) -> None:
    await chargebacks.share_out(tx, chargeback_id, shares, actor.by)
    await _audited(
        tx, actor, chargeback_id, "share_out", {str(order_id): amount for order_id, amount in shares.items()}
    )


async def bear(
    tx: Tx, actor: Actor, chargeback_id: ChargebackId, order_id: UUID, bearer: Bearer | None, why: str
) -> None:
    await chargebacks.set_bearer(tx, chargeback_id, order_id, bearer, why)
    await _audited(tx, actor, chargeback_id, "bearer", {"order": str(order_id), "bearer": bearer, "why": why})


def _shares(form: Entries, shown: Shown) -> dict[UUID, int]:
    shares: dict[UUID, int] = {}
    for part in shown.parts:
        typed = form.text(f"share-{part.order_id}")
        try:
            shares[part.order_id] = Money.of(typed.replace(",", "") or "0", part.currency).amount
        except (ArithmeticError, ValueError, AssertionError):
            raise Invalid({f"share-{part.order_id}": N_("Please enter an amount such as 12.50")}) from None
    return shares


@post("/chargebacks/{chargeback_id:uuid}", opt=NEEDS)
async def chargeback_acted(
    visit: NamedDependency[Visit], request: WebRequest, chargeback_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Hand evidence in, accept it, share it out, say who bears it, or write down what the bank has decided."""
    form = await entries_of(request)
    it, do = ChargebackId(chargeback_id), form.text("do")
    shown = await visit.db.ask(one, it)
    try:
        if do in set(Answer):
            told = by_channel(visit, shown.chargeback)
            await visit.db.transact(answer, visit.actor, it, Answer(do), form, told)
        elif do == "share":
            await visit.db.transact(share_out, visit.actor, it, _shares(form, shown))
        elif do == "bear":
            wanted = form.text("bearer")
            bearer = Bearer(wanted) if wanted in set(Bearer) else None
            await visit.db.transact(bear, visit.actor, it, form.uuid("order_id"), bearer, form.text("bearer_why"))
        elif do in ENDS and not by_channel(visit, shown.chargeback):
            await visit.db.transact(decide, visit.actor, it, ENDS[do])
        else:
            raise NotFound()
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, it, form, refusal)
    return redirect(visit, f"{HERE}/{chargeback_id}", (visit.say(N_("Saved")), "good"))


@get("/chargebacks/{chargeback_id:uuid}/papers/{evidence_id:uuid}", opt=NEEDS)
async def chargeback_file(
    visit: NamedDependency[Visit], chargeback_id: FromPath[UUID], evidence_id: FromPath[UUID]
) -> Response[bytes]:
    """What a shop handed in."""
    files = await visit.db.ask(chargebacks.files_of, ChargebackId(chargeback_id))
    found = next((each for each in files if each.file_id == evidence_id), None)
    if found is None:
        raise NotFound()
    return await paper(visit, found)


@get("/chargebacks/new", opt=NEEDS)
async def chargeback_new(visit: NamedDependency[Visit], purchase: FromQuery[str] = "") -> Response[Any]:
    """Write down a bank's letter."""
    return await _new(visit, Entries({"purchase": [purchase]}, {}))


async def _new(visit: Visit, form: Entries, errors: Mapping[str, str] | None = None) -> Response[Any]:
    return await frame.show(
        visit,
        "chargeback_new.html",
        HERE,
        crumbs=[(visit.say(N_("Chargebacks")), HERE), (visit.say(N_("From a letter")), None)],
        status=422 if errors else 200,
        form=form,
        errors=errors or {},
        today=days.today(),
        reasons=[(key, visit.say(word)) for key, word in chargeback_words.REASONS.items()],
    )


async def payment_of(read: Read, code: str) -> payments.Payment:
    """The captured payment of a purchase or order of this number that a channel collected. Raises `Invalid`."""
    found = await orders.by_code(read, codes.read(code)) if code else None
    tried = [] if found is None else await payments.of_purchase(read, found.purchase_id)
    captured = [each for each in tried if each.captured_at is not None and not payments.is_purse(each.channel)]
    if not captured:
        raise Invalid({"purchase": N_("There is no payment under this number.")})
    return captured[0]


async def open_(tx: Tx, actor: Actor, news: chargebacks.News) -> ChargebackId:
    chargeback_id = await chargebacks.record(tx, news, actor.by)
    await _audited(tx, actor, chargeback_id, "open", {"reference": news.reference, "amount": news.amount})
    return chargeback_id


def _news(form: Entries, payment: payments.Payment) -> chargebacks.News:
    wrong: dict[str, str] = {}
    reference, reason = form.text("reference").strip(), form.text("reason")
    if not reference or len(reference) > REFERENCE_CHARACTERS_MAX:
        wrong["reference"] = N_("Please enter the number on the letter.")
    if reason not in set(DisputeReason):
        wrong["reason"] = N_("Please choose a reason.")
    amount = fee = 0
    for name in ("amount", "fee"):
        try:
            typed = Money.of(form.text(name).replace(",", "") or "0", payment.currency).amount
            amount, fee = (typed, fee) if name == "amount" else (amount, typed)
        except (ArithmeticError, ValueError, AssertionError):
            wrong[name] = N_("Please enter an amount such as 12.50")
    if fee < 0:
        wrong["fee"] = N_("Please enter an amount such as 12.50")
    if not 0 < amount <= payment.amount and "amount" not in wrong:
        wrong["amount"] = N_("At most what was paid can be taken back.")
    if wrong:
        raise Invalid(wrong)
    day = entered_day(form, "due")
    due = days.ends(day) if day else datetime.now(UTC) + WITHOUT_A_DAY
    return chargebacks.News(
        payment_id=payment.payment_id,
        channel=payment.channel,
        reference=reference,
        amount=amount,
        currency=payment.currency,
        fee=fee,
        standing=DisputeStanding.INQUIRY if form.text("kind") == "inquiry" else DisputeStanding.NEEDS_ANSWER,
        reason=DisputeReason(reason),
        due_at=due,
        note=form.text("note")[:WORDS_CHARACTERS_MAX],
    )


@post("/chargebacks/new", opt=NEEDS)
async def chargeback_opened(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Open what a letter says. Where the channel can be asked, it is: then its own word counts, not the letter's."""
    form = await entries_of(request)
    try:
        payment = await visit.db.ask(payment_of, form.text("purchase").strip())
        news = _news(form, payment)
        form.check()
        if isinstance(payments.channels(visit.settings).get(payment.channel), Disputing):
            await visit.db.transact(payments.tell_of_dispute, payment.channel, news.reference)
            words = N_("The channel is asked about it; it is listed here in a moment.")
            return redirect(visit, HERE, (visit.say(words), "good"))
        chargeback_id = await visit.db.transact(open_, visit.actor, news)
    except Invalid as refusal:
        return await _new(visit, form, {name: visit.say(word) for name, word in refusal.fields.items()})
    except Refusal as refusal:
        return await _new(visit, form, {"purchase": sentence_of(refusal, visit.locale)})
    return redirect(visit, f"{HERE}/{chargeback_id}", (visit.say(N_("Saved")), "good"))


HANDLERS = [
    chargeback_list,
    chargeback_new,
    chargeback_opened,
    chargeback_page,
    chargeback_acted,
    chargeback_file,
]
