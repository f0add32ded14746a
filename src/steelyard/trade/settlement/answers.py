"""What the bank answers about the payouts of a file: by hand, or from its report (pain.002)."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.trade.settlement.bankfiles import Report
from steelyard.trade.settlement.batches import PAYMENTS_PER_BATCH_MAX
from steelyard.trade.settlement.model import BankAnswer
from steelyard.trade.settlement.payouts import REASON_CHARACTERS_MAX, record_payout

# Where a bank refuses and says nothing more.
UNSAID = "refused"


class _Order(msgspec.Struct, frozen=True):
    merchant_id: UUID
    statement_id: UUID
    attempt: int
    reference: str
    state: str


class Heard(msgspec.Struct, frozen=True):
    """How many payments a report settled each way; `waiting` are still under way."""

    paid: int
    failed: int
    waiting: int


async def answer_by_hand(
    tx: Tx, batch_id: UUID, merchant_id: UUID, statement_id: UUID, *, paid: bool, failure: str, by: str
) -> None:
    """Staff saw at the bank what became of a payment. Raises `NotFound`, `Invalid`, `TransitionRefused` (it is answered, or
    the file was not fetched)."""
    failure = failure.strip()
    if not paid and not 0 < len(failure) <= REASON_CHARACTERS_MAX:
        raise Invalid({"failure": N_("Please say why, in 200 characters at most")})
    order = await tx.one(
        _Order,
        """
        SELECT merchant_id, statement_id, attempt, reference, state FROM payout_orders
        WHERE batch_id = $1 AND merchant_id = $2 AND statement_id = $3 FOR UPDATE
        """,
        batch_id,
        merchant_id,
        statement_id,
    )
    if order is None:
        raise NotFound(statement_id=statement_id)
    if order.state != "instructed":
        raise TransitionRefused(machine="payment", state=order.state, wanted="paid" if paid else "failed")
    await _answer(tx, batch_id, order, BankAnswer(state="paid" if paid else "rejected", failure=failure or None), by)


async def hear(tx: Tx, batch_id: UUID, report: Report, by: str) -> Heard:
    """Write down what the bank's report says of a batch; what is answered already is left as it is, so that it may be read
    twice. Raises `NotFound`, and `Invalid` without writing anything: it is of another file, or names payments that the
    batch does not have."""
    code = await tx.value(
        "SELECT code FROM payout_batches WHERE batch_id = $1 AND fetched_at IS NOT NULL FOR UPDATE", batch_id
    )
    if code is None:
        raise NotFound(batch_id=batch_id)
    if report.message != code:
        raise Invalid({"file": N_("This report is of another file.")})
    orders = await _orders(tx, batch_id)
    by_reference = {order.reference: order for order in orders}
    if unknown := sorted(set(report.answers) - set(by_reference)):
        raise Invalid({"file": N_("This report names payments that are not in this file.")}, unknown=unknown)
    answers = dict.fromkeys(by_reference, report.all) if report.all is not None else {}
    answers.update(report.answers)
    settled = {"paid": 0, "rejected": 0, "accepted": 0}
    for reference, answer in sorted(answers.items()):
        if by_reference[reference].state == "instructed":
            settled[answer.state] += 1
            await _answer(tx, batch_id, by_reference[reference], answer, by)
    return Heard(paid=settled["paid"], failed=settled["rejected"], waiting=settled["accepted"])


async def _orders(tx: Tx, batch_id: UUID) -> Sequence[_Order]:
    return await tx.all(
        _Order,
        """
        SELECT merchant_id, statement_id, attempt, reference, state FROM payout_orders
        WHERE batch_id = $1 ORDER BY merchant_id, statement_id LIMIT $2 FOR UPDATE
        """,
        batch_id,
        PAYMENTS_PER_BATCH_MAX,
    )


async def _answer(tx: Tx, batch_id: UUID, order: _Order, answer: BankAnswer, by: str) -> None:
    if answer.state == "accepted":
        return
    failure = "" if answer.state == "paid" else answer.failure or UNSAID
    await tx.execute(
        """
        UPDATE payout_orders SET state = $4, failure = $5, answered_by = $6, answered_at = now()
        WHERE batch_id = $1 AND merchant_id = $2 AND statement_id = $3
        """,
        batch_id,
        order.merchant_id,
        order.statement_id,
        "paid" if answer.state == "paid" else "failed",
        failure,
        by,
    )
    await record_payout(tx, order.statement_id, order.attempt, answer, by, order.reference)
