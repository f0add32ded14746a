"""What every command on after-sales cases does: hold order and case, move the case with its history row, give money back."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods import inventory, warehouses
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders
from steelyard.trade.aftersales.case_model import ENDED, SWAPS, Case, CaseId, CaseLine, Kind
from steelyard.trade.aftersales.case_queries import case as case_of
from steelyard.trade.aftersales.case_queries import case_lines
from steelyard.trade.aftersales.deadlines import time_for
from steelyard.trade.aftersales.events import AfterSalesMoved
from steelyard.trade.aftersales.gifts import with_gifts
from steelyard.trade.aftersales.model import (
    CASE_MACHINE,
    NOTE_CHARACTERS_MAX,
    CaseState,
    Reason,
    RefundRequest,
    Returned,
    share_of,
)
from steelyard.trade.aftersales.service import cancel, freight_left, refund
from steelyard.trade.orders.model import Order, OrderLine, OrderState

GIVEN_UP = frozenset({CaseState.WITHDRAWN, CaseState.CLOSED})
TOO_LONG = N_("Please be brief: 500 characters at most")


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An order, locked, and a case of it: nobody else moves it until the transaction ends."""

    order: Order
    case: Case
    lines: list[CaseLine]


async def hold(tx: Tx, merchant_id: MerchantId, case_id: CaseId) -> Held:
    """Lock the order of a case, and with it its cases. Raises `NotFound` when this merchant has no such case."""
    order_id = await tx.value(
        "SELECT order_id FROM aftersales_cases WHERE merchant_id = $1 AND case_id = $2", merchant_id, case_id
    )
    if order_id is None:
        raise NotFound()
    order = await orders.lock_order(tx, merchant_id, order_id)
    case = await case_of(tx, case_id)
    assert case is not None and case.merchant_id == merchant_id, "cases are not deleted"
    return Held(order=order, case=case, lines=(await case_lines(tx, [case_id]))[case_id])


def said(field: str, words: str, missing: str = "") -> str:
    """What was said, without space around it. Raises `Invalid` when it is too long, or missing where it must not be."""
    words = words.strip()
    if missing and not words:
        raise Invalid({field: missing})
    if len(words) > NOTE_CHARACTERS_MAX:
        raise Invalid({field: TOO_LONG})
    return words


async def move(tx: Tx, held: Held, following: CaseState, by: str, words: str = "") -> None:
    """Change the state of a held case. Raises `TransitionRefused`."""
    case = held.case
    CASE_MACHINE.check(case.state, following)
    if following in ENDED and case.kind in SWAPS:
        await inventory.release(tx, case.merchant_id, [case.case_id])
    await tx.execute(
        """
        WITH moved AS (
            UPDATE aftersales_cases SET state = $4, moved_at = now(), due_at = now() + $5::interval
                 , ended_at = CASE WHEN $6 THEN now() END
            WHERE merchant_id = $1 AND case_id = $2 AND state = $3
            RETURNING merchant_id, case_id
        )
        INSERT INTO aftersales_case_history (merchant_id, case_id, step, from_state, to_state, words, by)
        SELECT m.merchant_id, m.case_id
             , (SELECT coalesce(max(h.step), 0) + 1 FROM aftersales_case_history h
                WHERE h.merchant_id = m.merchant_id AND h.case_id = m.case_id), $3, $4, $7, $8
        FROM moved m
        """,
        case.merchant_id,
        case.case_id,
        case.state,
        following,
        await time_for(tx, following),
        following in ENDED,
        words,
        by,
    )
    if following in ENDED or case.state in ENDED:
        await count_open(tx, held.order)
    if following in ENDED:
        await _overtake(tx, case)
    if case.state is CaseState.DISPUTED and following in GIVEN_UP:
        await _let_lapse(tx, case)
    await events.publish(
        tx,
        AfterSalesMoved(
            merchant_id=case.merchant_id,
            case_id=case.case_id,
            order_id=case.order_id,
            buyer_id=case.buyer_id,
            from_state=case.state,
            to_state=following,
        ),
    )


async def _overtake(tx: Tx, case: Case) -> None:
    """What waited for a second person to end this case otherwise is overtaken: it has ended."""
    await tx.execute(
        """
        WITH moved AS (
            UPDATE refund_requests SET state = 'overtaken', answered_at = now()
            WHERE merchant_id = $1 AND case_id = $2 AND state = 'waiting'
            RETURNING merchant_id, request_id
        )
        INSERT INTO refund_request_history (merchant_id, request_id, step, from_state, to_state, by)
        SELECT merchant_id, request_id, 2, 'waiting', 'overtaken', 'system' FROM moved
        """,
        case.merchant_id,
        case.case_id,
    )


async def _let_lapse(tx: Tx, case: Case) -> None:
    """A case that is withdrawn, or closed by itself, takes an open appeal with it."""
    await tx.execute(
        """
        UPDATE aftersales_appeals SET outcome = 'lapsed', decided_at = now()
        WHERE merchant_id = $1 AND case_id = $2 AND outcome IS NULL
        """,
        case.merchant_id,
        case.case_id,
    )


async def let_send_back(tx: Tx, held: Held, address: Address, by: str, words: str = "") -> None:
    """The goods may come back, to this address."""
    await tx.execute(
        "UPDATE aftersales_cases SET return_to = $3 WHERE merchant_id = $1 AND case_id = $2",
        held.case.merchant_id,
        held.case.case_id,
        address,
    )
    await move(tx, held, CaseState.AGREED, by, words)


async def count_open(tx: Tx, order: Order) -> None:
    """Tell the order how many of its cases are open."""
    open_cases = await tx.value(
        "SELECT count(*)::integer FROM aftersales_cases WHERE merchant_id = $1 AND order_id = $2 AND ended_at IS NULL",
        order.merchant_id,
        order.order_id,
    )
    await orders.count_cases(tx, order.merchant_id, order.order_id, open_cases)


async def return_address(tx: Tx, merchant_id: MerchantId) -> Address | None:
    """Where a shop takes goods back: its open warehouse for returns, else the first that has an address."""
    known = [each for each in await warehouses.of_merchant(tx, merchant_id) if each.open and each.address.complete]
    return next((each.address for each in sorted(known, key=lambda each: not each.takes_returns)), None)


async def give_back(
    tx: Tx, held: Held, by: str, words: str = "", *, accepted: Mapping[int, tuple[int, int]] | None = None
) -> None:
    """End a held case with money: for all its pieces, or for those `accepted` (line → pieces, of them back on the shelf).

    What was given back meanwhile is not given back twice: the case gives what is left, and when nothing is left, or the
    order was called off, it is closed. When nothing would be left to send of an unsent order, the order is called off.
    """
    order, case = held.order, held.case
    if case.kind in SWAPS:  # stock before payments
        await inventory.release(tx, case.merchant_id, [case.case_id])
    lines = {line.line: line for line in (await orders.lines_of(tx, [order.order_id]))[order.order_id]}
    wanted = accepted if accepted is not None else {each.line: (each.quantity, 0) for each in held.lines}
    left = {line: _left(lines[line], order, pieces) for line, (pieces, _) in wanted.items()}
    pieces = [Returned(line, quantity) for line, quantity in sorted(left.items()) if quantity]
    freight = min(case.freight, await freight_left(tx, order, [*lines.values()]))
    money = freight + sum(share_of(lines[each.line], each.quantity).amount for each in pieces)
    if order.state is OrderState.CANCELLED or money == 0:
        await move(tx, held, CaseState.CLOSED, by, words)
        return
    restocked = {each.line: min(wanted[each.line][1], each.quantity) for each in pieces}
    await _note_given(tx, case, {line: (left.get(line, 0), restocked.get(line, 0)) for line in _lines_of(held)})
    if order.state is OrderState.PAID and _nothing_left(lines, with_gifts([*lines.values()], left)):
        await move(tx, held, CaseState.REFUNDED, by, words)
        await cancel(tx, order.merchant_id, order.order_id, case.refund_id, "cancelled_by_buyer", by)
        return
    shelved = [(lines[line].sku_id, None, quantity) for line, quantity in restocked.items() if quantity]
    if shelved:
        await inventory.take_back(tx, order.merchant_id, shelved, document=case.refund_id, by=by)
    request = RefundRequest(
        refund_id=case.refund_id,
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        lines=pieces,
        freight=freight,
        reason=Reason.GOODWILL if case.kind is Kind.REFUND_ONLY else Reason.RETURNED,
        note=words,
        keeps_gifts=case.shops_fault,
    )
    await refund(tx, request, by)
    await move(tx, held, CaseState.REFUNDED, by, words)


def _lines_of(held: Held) -> list[int]:
    return [each.line for each in held.lines]


def _left(line: OrderLine, order: Order, wanted: int) -> int:
    return 0 if order.state is OrderState.CANCELLED else min(wanted, line.quantity - line.refunded_quantity)


def _nothing_left(lines: Mapping[int, OrderLine], taken: Mapping[int, int]) -> bool:
    return all(each.quantity - each.refunded_quantity == taken.get(number, 0) for number, each in lines.items())


async def _note_given(tx: Tx, case: Case, given: Mapping[int, tuple[int, int]]) -> None:
    await tx.execute(
        """
        UPDATE aftersales_case_lines l SET given = g.given, restocked = g.restocked
        FROM unnest($3::integer[], $4::integer[], $5::integer[]) AS g (line, given, restocked)
        WHERE l.merchant_id = $1 AND l.case_id = $2 AND l.line = g.line
        """,
        case.merchant_id,
        case.case_id,
        list(given),
        [pieces for pieces, _ in given.values()],
        [back for _, back in given.values()],
    )


async def close_of_orders(tx: Tx, refs: "list[tuple[MerchantId, UUID]]") -> None:
    """These orders were called off, with all their money given back: what was still asked for is closed by that."""
    due = await tx.fetch(
        """
        SELECT c.merchant_id, c.case_id FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id)
        JOIN aftersales_cases c USING (merchant_id, order_id)
        WHERE c.ended_at IS NULL ORDER BY c.merchant_id, c.order_id, c.case_id
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
    )
    for row in due:
        held = await hold(tx, MerchantId(row["merchant_id"]), CaseId(row["case_id"]))
        if held.case.open:
            await move(tx, held, CaseState.CLOSED, "system")


def overdue(case: Case, now: datetime) -> bool:
    """Whether the side whose turn it is has been silent for all of its time."""
    return case.due_at is not None and case.due_at <= now
