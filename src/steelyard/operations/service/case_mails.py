"""Mails about after-sales cases: to whose turn it is, and to who waits for an answer. Of money that goes back to a buyer the
mail about the refund tells already."""

from collections.abc import Sequence

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.parties import access, merchants, notifications
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.notifications.model import AfterSales, MailId, Template
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import Case, CaseId, CaseStep, Side
from steelyard.trade.aftersales.model import CaseState

MAY_ANSWER = "orders.refund"
STAFF_TOLD_MAX = 5
# Who hears that a case has come into a state.
TO_BUYER = frozenset({CaseState.RESENT, CaseState.AGREED, CaseState.REFUSED, CaseState.REJECTED, CaseState.CLOSED})
TO_SHOP = frozenset(
    {
        CaseState.ASKED,
        CaseState.SENT_BACK,
        CaseState.DISPUTED,
        CaseState.REJECTED,
        CaseState.WITHDRAWN,
        CaseState.REFUNDED,
        CaseState.EXCHANGED,
    }
)


async def tell_case_asked(tx: Tx, events: Sequence[aftersales.AfterSalesAsked]) -> None:
    for event in events:
        await _tell(tx, CaseId(event.case_id), CaseState.ASKED, place=0)


async def tell_case_moved(tx: Tx, events: Sequence[aftersales.AfterSalesMoved]) -> None:
    for event in events:
        if event.to_state == CaseState.DISPUTED and event.from_state != CaseState.REFUSED:
            continue  # an appeal, of which `tell_appealed` tells
        steps = await aftersales.case_history(tx, MerchantId(event.merchant_id), CaseId(event.case_id))
        # A case may come into a state twice: the mail is about the step that the event tells of, or the last like it.
        places = [place for place, step in enumerate(steps) if step.to_state == event.to_state]
        await _tell(tx, CaseId(event.case_id), CaseState(event.to_state), place=places[-1] if places else 0)


async def _tell(tx: Tx, case_id: CaseId, state: CaseState, *, place: int) -> None:
    case = await aftersales.case(tx, case_id)
    assert case is not None, "cases are not deleted"
    step = (await aftersales.case_history(tx, case.merchant_id, case_id))[place]
    # The shop hears of its own answers from its own page.
    if state in TO_SHOP and not (state is CaseState.REFUNDED and step.by.startswith("staff:") and not case.decision):
        await _tell_shop(tx, case, state, step, place)
    if state in TO_BUYER:
        await _tell_buyer(tx, case, state, step, place)


async def _what(tx: Tx, case: Case, state: CaseState) -> str:
    """The state, or that what was wanted instead is not there any more."""
    exchange = await aftersales.exchange_of(tx, case.case_id) if state is CaseState.AGREED else None
    return "turned" if exchange and exchange.turned else state


async def _facts(tx: Tx, case: Case, state: CaseState, step: CaseStep, name: str, link: str) -> AfterSales:
    cards = await merchants.cards(tx, [case.merchant_id])
    codes = await orders.codes_of(tx, case.merchant_id, [case.order_id])
    return AfterSales(
        name=name,
        order=codes[case.order_id],
        shop=cards[case.merchant_id].name,
        what=await _what(tx, case, state),
        words=step.words,
        until=case.due_at if case.state is state else None,
        link=link,
    )


async def _tell_shop(tx: Tx, case: Case, state: CaseState, step: CaseStep, place: int) -> None:
    for person in (await access.staff_with(tx, case.merchant_id, MAY_ANSWER))[:STAFF_TOLD_MAX]:
        link = f"/merchant/after-sales/{case.case_id}"
        await notifications.send(
            tx,
            recipient=person.email,
            template=Template.AFTER_SALES,
            locale=person.locale,
            facts=await _facts(tx, case, state, step, person.name, link),
            mail_id=MailId(ids.derived(case.case_id, Template.AFTER_SALES, str(place), str(person.account_id))),
        )


async def _tell_buyer(tx: Tx, case: Case, state: CaseState, step: CaseStep, place: int) -> None:
    order = await orders.order(tx, case.merchant_id, case.order_id)
    assert order is not None, "a case is about an order"
    purchase = await orders.purchase(tx, order.purchase_id)
    if purchase is None or not purchase.contact.email:
        return
    # The purchase, which a guest opens by code and e-mail address; the case stands there.
    link = f"/purchases/{purchase.code}"
    await notifications.send(
        tx,
        recipient=purchase.contact.email,
        template=Template.AFTER_SALES,
        locale=purchase.locale,
        facts=await _facts(tx, case, state, step, purchase.contact.name, link),
        mail_id=MailId(ids.derived(case.case_id, Template.AFTER_SALES, str(place), "buyer")),
    )


async def tell_appealed(tx: Tx, events: Sequence[aftersales.AfterSalesAppealed]) -> None:
    """The other side is asked for its answer."""
    for event in events:
        await _tell_of_appeal(tx, CaseId(event.case_id), "appealed", Side(event.side).other)


async def tell_appeal_ended(tx: Tx, events: Sequence[aftersales.AppealEnded]) -> None:
    """Both sides read what came of an appeal."""
    for event in events:
        for side in Side:
            await _tell_of_appeal(tx, CaseId(event.case_id), f"appeal_{event.outcome}", side)


async def _tell_of_appeal(tx: Tx, case_id: CaseId, what: str, side: Side) -> None:
    case = await aftersales.case(tx, case_id)
    appeal = (await aftersales.appeals_of(tx, [case_id])).get(case_id)
    assert case is not None and appeal is not None, "neither is deleted"
    asked = what == "appealed"
    words, until = (appeal.words, appeal.answer_by) if asked else (appeal.decision, None)
    code = (await orders.codes_of(tx, case.merchant_id, [case.order_id]))[case.order_id]
    shop = (await merchants.cards(tx, [case.merchant_id]))[case.merchant_id].name
    for recipient, name, locale, link in await _people(tx, case, side):
        await notifications.send(
            tx,
            recipient=recipient,
            template=Template.AFTER_SALES,
            locale=locale,
            facts=AfterSales(name=name, order=code, shop=shop, what=what, words=words, until=until, link=link),
            mail_id=MailId(ids.derived(case_id, Template.AFTER_SALES, what, recipient)),
        )


async def _people(tx: Tx, case: Case, side: Side) -> list[tuple[str, str, str, str]]:
    """Who is told on this side: address, name, language and the page of the case."""
    if side is Side.SHOP:
        staff = (await access.staff_with(tx, case.merchant_id, MAY_ANSWER))[:STAFF_TOLD_MAX]
        link = f"/merchant/after-sales/{case.case_id}"
        return [(person.email, person.name, person.locale, link) for person in staff]
    order = await orders.order(tx, case.merchant_id, case.order_id)
    purchase = await orders.purchase(tx, order.purchase_id) if order else None
    if purchase is None or not purchase.contact.email:
        return []
    return [(purchase.contact.email, purchase.contact.name, purchase.locale, f"/purchases/{purchase.code}")]
