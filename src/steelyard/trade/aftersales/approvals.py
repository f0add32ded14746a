"""Giving back within limits: what is above somebody's limit waits for a second person of the same side.

A command is tried as it is said; when what it gave back turns out to be above the limit, it is undone and kept as data, and done
by whoever approves it. So the amount that counts is the one that would have gone back, to the last cent, whatever the command.
What the house does by itself (late and double payments, silence, price protection that a buyer claims) has no limit: it is owed
by rule, and nobody decides it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

import msgspec

from steelyard.kernel import events, ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.money.gifts.model import HOUSE_ZONE
from steelyard.money.payments.model import RefundId
from steelyard.parties.access.model import AccountId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.answers import agree, decide, receive
from steelyard.trade.aftersales.approval_queries import request_in
from steelyard.trade.aftersales.case_queries import case as case_of
from steelyard.trade.aftersales.events import RefundAnswered, RefundAwaits
from steelyard.trade.aftersales.exchanges import difference_id, send_again
from steelyard.trade.aftersales.limit_model import (
    ANSWER_CHARACTERS_MAX,
    REQUEST_MACHINE,
    WAITS,
    AgreeToCase,
    Allowed,
    AmountChanged,
    BeyondApprover,
    BeyondLimit,
    CallOff,
    DecideCase,
    GiveBack,
    Giver,
    GivingCommand,
    GrantCallOff,
    ReceiveOfCase,
    RequestId,
    RequestState,
    SamePerson,
    SendAgain,
    WaitingRefund,
)
from steelyard.trade.aftersales.limits import allowed
from steelyard.trade.aftersales.requests import grant_cancellation, request_of
from steelyard.trade.aftersales.service import cancel, refund
from steelyard.trade.orders.model import OrderId

EXPIRED_PER_SWEEP = 200


class _Given(msgspec.Struct, frozen=True):
    """What a command has just given back."""

    refund_id: RefundId
    order_id: OrderId
    amount: int
    currency: str


class _Above(Exception):
    """Undoes a command that gave back more than its giver may alone."""

    def __init__(self, given: _Given, why: str) -> None:
        self.given, self.why = given, why


class _NothingLeft(Exception):
    """The money went back otherwise while it waited."""


async def give(tx: Tx, giver: Giver, command: GivingCommand, by: str) -> WaitingRefund | None:
    """Carry a command out if its giver may give back so much alone; else it waits for a second person, and is returned.

    Said twice, the second changes nothing, and neither does another try while it waits. Raises what the command raises.
    """
    await _one_at_a_time(tx, giver)
    try:
        async with tx.savepoint():
            given = await _carried_out(tx, command, by)
            why = await _above(tx, giver, given, by) if given is not None else ""
            if given is not None and why:
                raise _Above(given, why)
    except _Above as above:
        return await _wait(tx, giver, command, above.given, above.why, by)
    return None


async def check_alone(tx: Tx, giver: Giver, amount: int, currency: str) -> None:
    """For what cannot wait for a second person: raises `BeyondLimit` above what the giver may give back alone at once."""
    own = await allowed(tx, giver, currency)
    if own.per_refund is not None and amount > own.per_refund:
        raise BeyondLimit(amount=amount, currency=currency)
    if own.per_day is not None and amount > own.per_day:
        raise BeyondLimit(amount=amount, currency=currency)


async def _one_at_a_time(tx: Tx, giver: Giver) -> None:
    """Two refunds of one person are counted one after the other: else each would be within the day without the other."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"refunds of {giver.account_id}")


async def _carried_out(tx: Tx, command: GivingCommand, by: str) -> _Given | None:
    """Do it; what it gave back in this transaction, if anything."""
    merchant_id, refund_ids = await _refunds_of(tx, command)
    await _carry_out(tx, command, by)
    return await tx.one(
        _Given,
        """
        SELECT (array_agg(refund_id ORDER BY refund_id))[1] AS refund_id, order_id
             , sum(goods + freight)::bigint AS amount, currency
        FROM order_refunds WHERE merchant_id = $1 AND refund_id = ANY($2::uuid[]) AND at = now()
        GROUP BY order_id, currency
        """,
        merchant_id,
        refund_ids,
    )


async def _refunds_of(tx: Tx, command: GivingCommand) -> tuple[MerchantId, list[UUID]]:
    """Under which ids a command gives back what it does."""
    match command:
        case GiveBack(request=request):
            return request.merchant_id, [request.refund_id]
        case CallOff(merchant_id=merchant_id, refund_id=refund_id):
            return merchant_id, [refund_id]
        case GrantCallOff(merchant_id=merchant_id, order_id=order_id):
            asked = await request_of(tx, merchant_id, order_id)
            return merchant_id, [asked.refund_id] if asked else []
        case _:
            case = await case_of(tx, command.case_id)
            if case is None or case.merchant_id != command.merchant_id:
                raise NotFound()
            return case.merchant_id, [case.refund_id, difference_id(case.case_id)]


async def _carry_out(tx: Tx, command: GivingCommand, by: str) -> None:
    match command:
        case GiveBack():
            await refund(tx, command.request, by)
        case CallOff():
            await cancel(tx, command.merchant_id, command.order_id, command.refund_id, command.reason, by)
        case GrantCallOff():
            await grant_cancellation(tx, command.merchant_id, command.order_id, by)
        case AgreeToCase():
            await agree(tx, command.merchant_id, command.case_id, by, keep=command.keep)
        case ReceiveOfCase():
            await receive(tx, command.merchant_id, command.case_id, command.inspected, command.answer, by)
        case SendAgain():
            await send_again(tx, command.merchant_id, command.case_id, command.carrier, command.number, by)
        case DecideCase():
            await decide(tx, command.merchant_id, command.case_id, command.verdict, command.reason, by)


async def _above(tx: Tx, giver: Giver, given: _Given, by: str) -> str:
    """Which limit what was given is above: `per_refund`, `per_day`, or none."""
    own = await allowed(tx, giver, given.currency)
    if own.unlimited:
        return ""
    if own.per_refund is not None and given.amount > own.per_refund:
        return "per_refund"
    if own.per_day is not None and await _today(tx, given.currency, by) > own.per_day:
        return "per_day"
    return ""


async def _today(tx: Tx, currency: str, by: str) -> int:
    """What somebody has given back alone in this day of the house; what a second person approved is not in it."""
    midnight = datetime.combine(datetime.now(HOUSE_ZONE).date(), time.min, HOUSE_ZONE)
    return await tx.value(
        """
        SELECT coalesce(sum(r.goods + r.freight), 0)::bigint FROM order_refunds r
        WHERE r.by = $1 AND r.by LIKE 'staff:%' AND r.at >= $2 AND r.currency = $3
          AND NOT EXISTS (SELECT FROM refund_requests q
                          WHERE q.merchant_id = r.merchant_id AND q.refund_id = r.refund_id AND q.state = 'approved')
        """,
        by,
        midnight.astimezone(UTC),
        currency,
    )


async def _wait(tx: Tx, giver: Giver, command: GivingCommand, given: _Given, why: str, by: str) -> WaitingRefund:
    merchant_id, _ = await _refunds_of(tx, command)
    request_id = ids.mint()
    fresh = await tx.execute(
        """
        WITH made AS (
            INSERT INTO refund_requests (merchant_id, request_id, refund_id, order_id, case_id, side, command, amount, currency
                                       , why, state, asked_by, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9, $10, 'waiting', $11, now() + $12::interval)
            ON CONFLICT (merchant_id, refund_id) WHERE state = 'waiting' DO NOTHING
            RETURNING merchant_id, request_id
        )
        INSERT INTO refund_request_history (merchant_id, request_id, step, from_state, to_state, by)
        SELECT merchant_id, request_id, 1, 'nowhere', 'waiting', $13 FROM made
        """,
        merchant_id,
        request_id,
        given.refund_id,
        given.order_id,
        getattr(command, "case_id", None),
        giver.side,
        msgspec.json.encode(command).decode(),
        given.amount,
        given.currency,
        why,
        giver.account_id,
        WAITS,
        by,
    )
    if not fresh:
        request_id = await tx.value(
            "SELECT request_id FROM refund_requests WHERE merchant_id = $1 AND refund_id = $2 AND state = 'waiting'",
            merchant_id,
            given.refund_id,
        )
    found = await request_in(tx, merchant_id, request_id)
    assert found is not None
    if fresh:
        await events.publish(
            tx,
            RefundAwaits(
                merchant_id=merchant_id,
                request_id=found.request_id,
                order_id=found.order_id,
                side=str(found.side),
                amount=found.amount,
                currency=found.currency,
                asked_by=found.asked_by,
            ),
        )
    return found


async def approve_refund(tx: Tx, giver: Giver, merchant_id: MerchantId, request_id: RequestId, by: str) -> RequestState:
    """A second person approves, and it is done as it was asked for. Said twice, the second changes nothing.

    Where the money went back otherwise meanwhile, nothing goes back again and the request counts as overtaken. Raises `NotFound`,
    `SamePerson`, `BeyondApprover`, `AmountChanged`, `TransitionRefused`, and what the command raises.
    """
    found = await _held(tx, giver, merchant_id, request_id)
    if found.state is RequestState.APPROVED and found.answered_by == giver.account_id:
        return found.state
    REQUEST_MACHINE.check(found.state, RequestState.APPROVED)
    if giver.account_id == found.asked_by:
        raise SamePerson()
    if not giver.chief and not reaches(await allowed(tx, giver, found.currency), found.amount):
        raise BeyondApprover(amount=found.amount, currency=found.currency)
    try:
        async with tx.savepoint():
            # Before it is done: what ends by it must not find it waiting.
            await write_answers(tx, [found], RequestState.APPROVED, giver.account_id, "", by)
            given = await _carried_out(tx, found.command, f"staff:{found.asked_by}")
            if given is None:
                raise _NothingLeft()
            if given.amount > found.amount:
                raise AmountChanged(asked=found.amount, now=given.amount, currency=found.currency)
    except _NothingLeft:
        await write_answers(tx, [found], RequestState.OVERTAKEN, None, "", "system")
        return RequestState.OVERTAKEN
    return RequestState.APPROVED


def reaches(own: Allowed, amount: int) -> bool:
    return (own.per_refund is None or amount <= own.per_refund) and (own.per_day is None or amount <= own.per_day)


async def decline_refund(
    tx: Tx, giver: Giver, merchant_id: MerchantId, request_id: RequestId, answer: str, by: str
) -> RequestState:
    """A second person says no, and why; nothing goes back. Said twice, the second changes nothing.

    Raises `NotFound`, `SamePerson`, `TransitionRefused`, `Invalid` without a reason.
    """
    found = await _held(tx, giver, merchant_id, request_id)
    answer = answer.strip()
    if found.state is RequestState.DECLINED and found.answered_by == giver.account_id:
        return found.state
    REQUEST_MACHINE.check(found.state, RequestState.DECLINED)
    if giver.account_id == found.asked_by:
        raise SamePerson()
    check_answer(answer)
    await write_answers(tx, [found], RequestState.DECLINED, giver.account_id, answer, by)
    return RequestState.DECLINED


def check_answer(answer: str) -> None:
    """Raises `Invalid` without a reason for a no."""
    if not answer:
        raise Invalid({"answer": N_("Please say why: your colleague reads it.")})
    if len(answer) > ANSWER_CHARACTERS_MAX:
        raise Invalid({"answer": N_("Please be brief: 500 characters at most")})


async def withdraw_refund(
    tx: Tx, giver: Giver, merchant_id: MerchantId, request_id: RequestId, by: str
) -> RequestState:
    """Who asked takes it back. Said twice, the second changes nothing. Raises `NotFound`, `TransitionRefused`."""
    found = await _held(tx, giver, merchant_id, request_id)
    if found.asked_by != giver.account_id:
        raise NotFound(request_id=request_id)
    if found.state is RequestState.WITHDRAWN:
        return found.state
    REQUEST_MACHINE.check(found.state, RequestState.WITHDRAWN)
    await write_answers(tx, [found], RequestState.WITHDRAWN, giver.account_id, "", by)
    return RequestState.WITHDRAWN


async def _held(tx: Tx, giver: Giver, merchant_id: MerchantId, request_id: RequestId) -> WaitingRefund:
    """The request, locked: of the giver's own side, and for a shop's staff of their own shop."""
    await tx.execute(
        "SELECT FROM refund_requests WHERE merchant_id = $1 AND request_id = $2 FOR UPDATE", merchant_id, request_id
    )
    found = await request_in(tx, merchant_id, request_id)
    if found is None or found.side is not giver.side or giver.merchant_id not in (None, merchant_id):
        raise NotFound(request_id=request_id)
    return found


async def write_answers(
    tx: Tx, found: Sequence[WaitingRefund], to: RequestState, account_id: AccountId | None, answer: str, by: str
) -> None:
    """These requests, which are locked and wait, are answered; who asked is told."""
    await tx.execute(
        """
        WITH moved AS (
            UPDATE refund_requests r SET state = $3, answered_by = $4, answered_at = now(), answer = $5
            FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, request_id)
            WHERE (r.merchant_id, r.request_id) = (w.merchant_id, w.request_id) AND r.state = 'waiting'
            RETURNING r.merchant_id, r.request_id
        )
        INSERT INTO refund_request_history (merchant_id, request_id, step, from_state, to_state, by)
        SELECT merchant_id, request_id, 2, 'waiting', $3, $6 FROM moved
        """,
        [each.merchant_id for each in found],
        [each.request_id for each in found],
        to,
        account_id,
        answer,
        by,
    )
    await events.publish(
        tx,
        *(
            RefundAnswered(
                merchant_id=each.merchant_id,
                request_id=each.request_id,
                order_id=each.order_id,
                side=str(each.side),
                state=str(to),
                asked_by=each.asked_by,
            )
            for each in found
        ),
    )


async def expire(tx: Tx, now: datetime | None = None) -> int:
    """What nobody answered in its time is over; returns how many."""
    due: list[Any] = await tx.fetch(
        """
        SELECT merchant_id, request_id FROM refund_requests
        WHERE state = 'waiting' AND side IN ('merchant', 'operator') AND expires_at <= $1
        ORDER BY merchant_id, request_id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        now or datetime.now(UTC),
        EXPIRED_PER_SWEEP,
    )
    for row in due:
        found = await request_in(tx, MerchantId(row["merchant_id"]), RequestId(row["request_id"]))
        assert found is not None
        await write_answers(tx, [found], RequestState.EXPIRED, None, "", "system")
    return len(due)
