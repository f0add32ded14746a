"""An appeal against the platform's decision: one in a case, heard on both sides, decided by somebody else.

Against a refusal, or a return that the goods have not been sent back for, the case goes back to the platform and is decided
anew, by the paths that every decision takes. Against a refund the money is with the buyer, and stays there: where it turns
out to have been wrong, the platform makes it good to the shop.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import LiteralString
from uuid import UUID

from steelyard.kernel import events, ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.appeal_model import (
    APPEAL_ANSWERED_WITHIN,
    AnswerOutstanding,
    AnswerTooLate,
    Appeal,
    NotAppealable,
    Outcome,
    SameDecider,
    Side,
    appealable,
)
from steelyard.trade.aftersales.case_model import PHOTOGRAPHS_PER_CASE_MAX, CaseId, InCaseAlready, Verdict
from steelyard.trade.aftersales.case_queries import free_of_lines
from steelyard.trade.aftersales.case_steps import Held, hold, move, said
from steelyard.trade.aftersales.events import AfterSalesAppealed, AppealAnswered, AppealEnded
from steelyard.trade.aftersales.model import CaseState
from steelyard.trade.aftersales.wording import claimed
from steelyard.trade.orders.model import OrderState

TOO_MANY_PICTURES = N_("There can be at most six pictures")
_APPEAL: LiteralString = """
    SELECT merchant_id, case_id, side, verdict, first_by, first_reason, first_at, words, photographs, by, appealed_at, answer_by
         , answer, answer_photographs, answered_at, outcome, compensation, currency, decided_at, decided_by, decision
"""


async def appeals_of(read: Read, case_ids: Sequence[CaseId]) -> Mapping[CaseId, Appeal]:
    """The appeals of these cases: at most one each."""
    found = await read.all(
        Appeal,
        _APPEAL
        + """
        FROM aftersales_appeals WHERE case_id = ANY($1)
        """,
        list(case_ids),
    )
    return {each.case_id: each for each in found}


async def appeal(
    tx: Tx,
    merchant_id: MerchantId,
    case_id: CaseId,
    side: Side,
    words: str,
    photographs: Sequence[str],
    by: str,
    now: datetime | None = None,
) -> None:
    """Appeal against the platform's decision, with reasons and new evidence. Said twice by a side, nothing changes.

    Raises `NotFound`, `NotAppealable`, `InCaseAlready` when the pieces are asked for anew by now, `Invalid`.
    """
    now = now or datetime.now(UTC)
    held = await hold(tx, merchant_id, case_id)
    before = (await appeals_of(tx, [case_id])).get(case_id)
    if before is not None and before.side is side:
        return
    if not appealable(held.case, side, before, now):
        raise NotAppealable()
    words = await claimed(tx, "appeal", said("appeal", words, N_("Please say why: the platform decides by it.")))
    _check_pictures("appeal-photos", photographs)
    await _claim(tx, held, side, words, photographs, by, now)
    if held.case.state is not CaseState.REFUNDED:
        await _reopen(tx, held, by, words)
    await events.publish(
        tx,
        AfterSalesAppealed(
            merchant_id=merchant_id,
            case_id=case_id,
            order_id=held.order.order_id,
            buyer_id=held.case.buyer_id,
            side=side,
        ),
    )


def _check_pictures(field: str, photographs: Sequence[str]) -> None:
    if len(photographs) > PHOTOGRAPHS_PER_CASE_MAX:
        raise Invalid({field: TOO_MANY_PICTURES})


async def _claim(
    tx: Tx, held: Held, side: Side, words: str, photographs: Sequence[str], by: str, now: datetime
) -> None:
    await tx.execute(
        """
        INSERT INTO aftersales_appeals (merchant_id, case_id, order_id, buyer_id, side, verdict, first_by, first_reason, first_at
                                      , words, photographs, by, appealed_at, answer_by, currency)
        SELECT merchant_id, case_id, order_id, buyer_id, $3, verdict, decided_by, decision, decided_at, $4, $5, $6, $7, $8
             , currency
        FROM aftersales_cases WHERE merchant_id = $1 AND case_id = $2
        """,
        held.case.merchant_id,
        held.case.case_id,
        side,
        words,
        list(photographs),
        by,
        now,
        now + APPEAL_ANSWERED_WITHIN,
    )


async def _reopen(tx: Tx, held: Held, by: str, words: str) -> None:
    """The case is the platform's again, with its pieces, which are in no other open case."""
    if held.order.state is OrderState.CANCELLED:
        raise NotAppealable()
    if not held.case.open:
        free = await free_of_lines(tx, held.order.order_id)
        for each in held.lines:
            if each.quantity > free.get(each.line, 0):
                raise InCaseAlready(line=each.line, left=free.get(each.line, 0), wanted=each.quantity)
    await move(tx, held, CaseState.DISPUTED, by, words)


async def answer_appeal(
    tx: Tx,
    merchant_id: MerchantId,
    case_id: CaseId,
    side: Side,
    words: str,
    photographs: Sequence[str],
    by: str,
    now: datetime | None = None,
) -> None:
    """The other side says what it has to say, once, in its time. Said twice, the first stays.

    Raises `NotFound` when there is no appeal of the other side, `NotAppealable` when it is too late, `Invalid`.
    """
    now = now or datetime.now(UTC)
    await hold(tx, merchant_id, case_id)
    found = (await appeals_of(tx, [case_id])).get(case_id)
    if found is None or found.side is side:
        raise NotFound()
    if found.answered_at is not None:
        return
    if not found.open or now >= found.answer_by:
        raise AnswerTooLate()
    words = await claimed(tx, "appeal", said("appeal", words, N_("Please say why: the platform decides by it.")))
    _check_pictures("appeal-photos", photographs)
    await tx.execute(
        """
        UPDATE aftersales_appeals SET answer = $3, answer_photographs = $4, answered_at = $5
        WHERE merchant_id = $1 AND case_id = $2
        """,
        merchant_id,
        case_id,
        words,
        list(photographs),
        now,
    )
    await events.publish(tx, AppealAnswered(merchant_id=merchant_id, case_id=case_id, side=side))


async def heard(tx: Tx, held: Held, by: str, now: datetime | None) -> Appeal | None:
    """The open appeal of a held case, if there is one, ripe to be decided by this person. Raises `SameDecider`,
    `AnswerOutstanding`."""
    found = (await appeals_of(tx, [held.case.case_id])).get(held.case.case_id)
    if found is None or not found.open:
        return None
    if found.first_by == by:
        raise SameDecider()
    if not found.ripe(now or datetime.now(UTC)):
        raise AnswerOutstanding()
    return found


async def end(tx: Tx, held: Held, found: Appeal, verdict: Verdict, reason: str, by: str) -> None:
    """Write down what came of an appeal; a refund that was wrong is made good to the shop."""
    changed = verdict is not found.verdict
    compensation = 0
    if changed and held.case.state is CaseState.REFUNDED:
        compensation = await _make_good(tx, held)
    await tx.execute(
        """
        UPDATE aftersales_appeals SET outcome = $3, compensation = $4, decision = $5, decided_at = now(), decided_by = $6
        WHERE merchant_id = $1 AND case_id = $2 AND outcome IS NULL
        """,
        held.case.merchant_id,
        held.case.case_id,
        Outcome.CHANGED if changed else Outcome.UPHELD,
        compensation,
        reason,
        by,
    )
    await events.publish(
        tx,
        AppealEnded(
            merchant_id=held.case.merchant_id,
            case_id=held.case.case_id,
            order_id=held.order.order_id,
            buyer_id=held.case.buyer_id,
            outcome=Outcome.CHANGED if changed else Outcome.UPHELD,
            document=goodwill_document(held.case.case_id),
            compensation=compensation,
            currency=held.case.currency,
        ),
    )


def goodwill_document(case_id: CaseId) -> UUID:
    """What the books name as the cause of what is made good."""
    return ids.derived(case_id, "appeal")


async def _make_good(tx: Tx, held: Held) -> int:
    """The platform pays the shop what the refund took from it: goods and freight, and what the platform
    took back of promotions, less the commission that it got back."""
    taken = await tx.value(
        "SELECT goods + freight - commission + subsidy FROM order_refunds WHERE merchant_id = $1 AND refund_id = $2",
        held.case.merchant_id,
        held.case.refund_id,
    )
    assert taken is not None, "a refunded case has its refund"
    if taken > 0:
        transfer = Transfer(
            owner_id=held.case.merchant_id,
            debit=AccountKind.GOODWILL,
            credit=AccountKind.PAYABLE,
            amount=taken,
            currency=held.case.currency,
            reason="goodwill",
            document=goodwill_document(held.case.case_id),
        )
        await ledger.post(tx, [transfer])
    return max(taken, 0)
