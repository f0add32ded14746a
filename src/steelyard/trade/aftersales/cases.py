"""What a buyer does with an after-sales case: ask, put it better, send the goods back, ask the platform, take it back."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from steelyard.kernel import events, ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import ParcelId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders, rights
from steelyard.trade.aftersales.case_model import (
    CASES_PER_ORDER_MAX,
    PHOTOGRAPHS_PER_CASE_MAX,
    REASONS,
    RECEIPTS_PER_CASE_MAX,
    SWAPS,
    Case,
    CaseId,
    Excepted,
    ImprovedAlready,
    InCaseAlready,
    Kind,
    NewCase,
    NotAskable,
    NotSentYet,
    OwnParcel,
    Stage,
    TooLateToAsk,
    Why,
)
from steelyard.trade.aftersales.case_queries import free_of_lines, in_time, received_at, rule_of, stages
from steelyard.trade.aftersales.case_steps import Held, count_open, hold, move, said
from steelyard.trade.aftersales.deadlines import time_for
from steelyard.trade.aftersales.events import AfterSalesAsked
from steelyard.trade.aftersales.exchanges import want
from steelyard.trade.aftersales.gifts import with_gifts
from steelyard.trade.aftersales.model import (
    CASE_MACHINE,
    LINES_PER_REFUND_MAX,
    CaseState,
    FreightTooHigh,
    share_of,
)
from steelyard.trade.aftersales.pickups import fetched, fetching, free_returns
from steelyard.trade.aftersales.service import freight_left
from steelyard.trade.aftersales.wording import claimed
from steelyard.trade.orders.model import Order, OrderLine, OrderState, UseCancel
from steelyard.trade.rights.model import Family, Rule, RuleId, excepted

MAY_ASK = frozenset({OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.COMPLETED})
CHOOSE_REASON = N_("Please choose a reason.")
TOO_MANY_PICTURES = N_("There can be at most six pictures")


async def ask(tx: Tx, new: NewCase, by: str, now: datetime | None = None) -> None:
    """Ask for money back for some pieces of an order. Said twice with the same id, the second changes nothing.

    What nobody packs yet is called off instead when all of it is asked for. Raises `NotFound`, `NotAskable`, `NotSentYet`,
    `TooLateToAsk`, `Excepted`, `InCaseAlready`, `FreightTooHigh`, `UseCancel`,
    `DearerVariant`, `NoneLeft`, `Invalid`.
    """
    order = await orders.lock_order(tx, new.merchant_id, new.order_id)
    if await _asked(tx, new):
        return
    why = _check(new, order)
    new = msgspec.structs.replace(new, note=await claimed(tx, "note", new.note.strip()))
    known = await rights.rules(tx)
    rule = rule_of(order, why, known)
    if not in_time(order, why, known, now or datetime.now(UTC)):
        raise TooLateToAsk(days=rule.days if rule else 0, rule=rule.name if rule else "")
    await _check_pieces(tx, new, order, rule if why.family is Family.NO_REASON else None)
    looked_at = why.family is Family.NO_REASON or received_at(order) is not None
    await _write(tx, new, order, rule.rule_id if rule and looked_at else None)
    await _write_lines(tx, new)
    if new.kind in SWAPS:
        await want(
            tx, new, order, {line.line: line for line in (await orders.lines_of(tx, [order.order_id]))[order.order_id]}
        )
    await tx.execute(
        """
        INSERT INTO aftersales_case_history (merchant_id, case_id, step, from_state, to_state, words, by)
        VALUES ($1, $2, 1, 'nowhere', 'asked', $3, $4)
        """,
        new.merchant_id,
        new.case_id,
        new.note,
        by,
    )
    await count_open(tx, order)
    await events.publish(
        tx,
        AfterSalesAsked(
            merchant_id=new.merchant_id, case_id=new.case_id, order_id=new.order_id, buyer_id=order.buyer_id
        ),
    )


async def _asked(tx: Tx, new: NewCase) -> bool:
    order_id = await tx.value(
        "SELECT order_id FROM aftersales_cases WHERE merchant_id = $1 AND case_id = $2", new.merchant_id, new.case_id
    )
    if order_id not in (None, new.order_id):
        raise NotFound()
    return order_id is not None


def _check(new: NewCase, order: Order) -> Why:
    """What is asked for makes sense for an order that is so far; returns the reason."""
    if order.state not in MAY_ASK or (order.source or "").startswith("import:"):
        raise NotAskable()
    if new.kind is not Kind.REFUND_ONLY and Stage.UNSENT in stages(order):
        raise NotSentYet()
    why = REASONS.get(new.reason)
    if why is None or new.kind not in why.kinds or not why.when & stages(order):
        raise Invalid({"reason": CHOOSE_REASON})
    _check_words(new.note, new.photographs, new.freight, why)
    lines = [each.line for each in new.lines]
    if not lines or len(lines) > LINES_PER_REFUND_MAX or len(set(lines)) != len(lines):
        raise Invalid({"lines": N_("Please say how many pieces of which article.")})
    if any(each.quantity < 1 for each in new.lines):
        raise Invalid({"lines": N_("Please enter a positive number")})
    return why


def _check_words(note: str, photographs: Sequence[str], freight: int, why: Why) -> None:
    said("note", note)
    if len(photographs) > PHOTOGRAPHS_PER_CASE_MAX:
        raise Invalid({"photos": TOO_MANY_PICTURES})
    if freight < 0 or (freight and not why.shops_fault):
        raise Invalid({"freight": N_("For this reason delivery is not given back.")})


async def _check_pieces(tx: Tx, new: NewCase, order: Order, no_reason: Rule | None) -> None:
    lines = {line.line: line for line in (await orders.lines_of(tx, [order.order_id]))[order.order_id]}
    free = await free_of_lines(tx, order.order_id)
    for each in new.lines:
        if each.quantity > free.get(each.line, 0):
            raise InCaseAlready(line=each.line, left=free.get(each.line, 0), wanted=each.quantity)
        if excepted(no_reason, [lines[each.line].no_return]):
            raise Excepted(line=each.line, why=lines[each.line].no_return)
    asked = {each.line: each.quantity for each in new.lines}
    if order.state is OrderState.PAID and _all_of_it(lines, with_gifts([*lines.values()], asked)):
        raise UseCancel()
    left = await freight_left(tx, order, [*lines.values()])
    if new.freight > left:
        raise FreightTooHigh(left=left, wanted=new.freight, currency=order.currency)
    if not new.freight and not sum(share_of(lines[line], quantity).amount for line, quantity in asked.items()):
        raise Invalid({"lines": N_("These goods cost nothing: there is nothing to refund")})
    count = await tx.value(
        "SELECT count(*) FROM aftersales_cases WHERE merchant_id = $1 AND order_id = $2",
        order.merchant_id,
        order.order_id,
    )
    if count >= CASES_PER_ORDER_MAX:
        raise NotAskable()


def _all_of_it(lines: dict[int, OrderLine], asked: dict[int, int]) -> bool:
    return all(each.quantity - each.refunded_quantity == asked.get(number, 0) for number, each in lines.items())


async def _write(tx: Tx, new: NewCase, order: Order, rule_id: RuleId | None) -> None:
    await tx.execute(
        """
        INSERT INTO aftersales_cases (merchant_id, case_id, order_id, buyer_id, refund_id, kind, reason, state, note
                                    , photographs, freight, currency, rule_id, due_at, code)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'asked', $8, $9, $10, $11, $12, now() + $13, $14)
        """,
        new.merchant_id,
        new.case_id,
        new.order_id,
        order.buyer_id,
        new.refund_id,
        new.kind,
        new.reason,
        new.note,
        list(new.photographs),
        new.freight,
        order.currency,
        rule_id,
        await time_for(tx, CaseState.ASKED),
        new.code,
    )


async def _write_lines(tx: Tx, new: NewCase) -> None:
    await tx.execute(
        """
        INSERT INTO aftersales_case_lines (merchant_id, case_id, order_id, line, quantity)
        SELECT $1, $2, $3, * FROM unnest($4::integer[], $5::integer[])
        """,
        new.merchant_id,
        new.case_id,
        new.order_id,
        [each.line for each in new.lines],
        [each.quantity for each in new.lines],
    )


async def improve(
    tx: Tx,
    merchant_id: MerchantId,
    case_id: CaseId,
    reason: str,
    note: str,
    photographs: Sequence[str],
    by: str,
) -> None:
    """Put a refused request better, once: another reason, other words, more photographs; the shop answers again.

    Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`, `ImprovedAlready`, `Invalid`.
    """
    held = await hold(tx, merchant_id, case_id)
    case = held.case
    if case.state is CaseState.ASKED and case.improved_at is not None:
        return
    CASE_MACHINE.check(case.state, CaseState.ASKED)
    if not case.improvable:
        raise ImprovedAlready()
    why = REASONS.get(reason)
    if why is None or case.kind not in why.kinds or why.family is not REASONS[case.reason].family:
        raise Invalid({"reason": CHOOSE_REASON})
    _check_words(note, photographs, 0, why)
    note = await claimed(tx, "note", note.strip())
    await tx.execute(
        """
        UPDATE aftersales_cases SET reason = $3, note = $4, photographs = $5, improved_at = now()
             , freight = CASE WHEN $6 THEN freight ELSE 0 END
        WHERE merchant_id = $1 AND case_id = $2
        """,
        merchant_id,
        case_id,
        reason,
        note,
        list(photographs),
        why.shops_fault,
    )
    await move(tx, held, CaseState.ASKED, by, note)


async def send_back(
    tx: Tx,
    merchant_id: MerchantId,
    case_id: CaseId,
    carrier: str,
    number: str,
    by: str,
    *,
    return_freight: int = 0,
    receipts: Sequence[str] = (),
) -> None:
    """The buyer has sent the goods back under this number, which cost so much by these receipts. Said twice with the same number,
    nothing changes.

    Raises `NotFound`, `TransitionRefused`, `OwnParcel` for the number of a parcel that the shop sent, `Invalid`.
    """
    held = await hold(tx, merchant_id, case_id)
    number = parcels.clean_number(number)
    case = held.case
    if case.state is CaseState.SENT_BACK and (case.carrier, case.number) == (carrier, number):
        return
    CASE_MACHINE.check(case.state, CaseState.SENT_BACK)
    if carrier not in {each.carrier for each in await parcels.carriers(tx)}:
        raise Invalid({"carrier": N_("Please choose a carrier")})
    _check_freight(case, return_freight, receipts, promised=await _free_returns(tx, held))
    coming = await fetching(tx, case_id)
    if coming is not None and (coming.carrier, coming.number) == (carrier, number):
        if return_freight:
            raise Invalid({"return_freight": N_("The carrier that was asked settles this with the shop.")})
        await fetched(tx, held, carrier, number, by)
        return
    if await parcels.taken(tx, merchant_id, [(carrier, number)]):
        raise OwnParcel()
    # Followed like the parcels of orders, and known by its case.
    await parcels.hand_over(
        tx,
        parcel_id=ParcelId(ids.derived(case_id, "back", number)),
        merchant_id=merchant_id,
        order_id=case_id,
        carrier=carrier,
        number=number,
        by=by,
    )
    await tx.execute(
        """
        UPDATE aftersales_cases SET carrier = $3, number = $4, return_freight = $5, photographs = photographs || $6::text[]
        WHERE merchant_id = $1 AND case_id = $2
        """,
        merchant_id,
        case_id,
        carrier,
        number,
        return_freight,
        list(receipts),
    )
    await move(tx, held, CaseState.SENT_BACK, by)


async def _free_returns(tx: Tx, held: Held) -> bool:
    lines = (await orders.lines_of(tx, [held.order.order_id]))[held.order.order_id]
    going = {each.line for each in held.lines}
    return await free_returns(tx, held.order, [line for line in lines if line.line in going])


def _check_freight(case: Case, return_freight: int, receipts: Sequence[str], *, promised: bool) -> None:
    """Who is not to blame, or was promised free returns, may ask for what sending back cost, with a receipt."""
    if return_freight < 0:
        raise Invalid({"return_freight": N_("Please enter a positive number")})
    if return_freight and not case.shops_fault and not promised:
        raise Invalid({"return_freight": N_("Who returns something without a reason bears what sending it costs.")})
    if return_freight and not receipts:
        raise Invalid({"receipt": N_("Please add a picture of the receipt.")})
    if len(receipts) > RECEIPTS_PER_CASE_MAX:
        raise Invalid({"receipt": N_("Two pictures are enough.")})


async def ask_platform(tx: Tx, merchant_id: MerchantId, case_id: CaseId, complaint: str, by: str) -> None:
    """The buyer does not accept the shop's no: the platform decides. Said twice, nothing changes.

    Raises `NotFound`, `TransitionRefused`, `Invalid` without a word of why.
    """
    held = await hold(tx, merchant_id, case_id)
    if held.case.state is CaseState.DISPUTED:
        return
    CASE_MACHINE.check(held.case.state, CaseState.DISPUTED)
    complaint = said("complaint", complaint, N_("Please say why: the platform decides by it."))
    complaint = await claimed(tx, "complaint", complaint)
    await tx.execute(
        "UPDATE aftersales_cases SET complaint = $3 WHERE merchant_id = $1 AND case_id = $2",
        merchant_id,
        case_id,
        complaint,
    )
    await move(tx, held, CaseState.DISPUTED, by, complaint)


async def withdraw(tx: Tx, merchant_id: MerchantId, case_id: CaseId, by: str) -> Case:
    """The buyer asks for nothing any more, in whatever open state it is; returns the case as it was. Said twice, nothing
    changes. Raises `NotFound`, `TransitionRefused` when it has ended otherwise."""
    held = await hold(tx, merchant_id, case_id)
    if held.case.state is CaseState.WITHDRAWN:
        return held.case
    if not held.case.open:
        raise TransitionRefused(machine=CASE_MACHINE.name, state=str(held.case.state), wanted=str(CaseState.WITHDRAWN))
    await move(tx, held, CaseState.WITHDRAWN, by)
    return held.case
