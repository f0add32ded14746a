"""What a shop paid beside a refund that an appeal found wrong: a counterfeit that was none, freight that was not its to bear.

It stays with the buyer, as the refund does; the platform pays it back to the shop (decision 0110).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import discipline, settlement
from steelyard.trade.promises.model import Compensation
from steelyard.trade.promises.queries import compensations_of_case
from steelyard.trade.settlement import EntryKind, NewEntry

REASON = "compensation_returned"


def made_good_document(document: UUID) -> UUID:
    """What the books name as the cause of what is paid back of a compensation."""
    return ids.derived(document, "appeal")


async def make_good(tx: Tx, merchant_id: MerchantId, case_id: UUID, now: datetime) -> None:
    """Credit the shop with all that it paid in a case whose refund turned out to be wrong, its deposit's part too. A case that
    was not decided so costs the platform nothing. Said twice, it is credited once."""
    wrong = await tx.value(
        """
        SELECT c.state = 'refunded' AND c.verdict = 'reject' FROM aftersales_cases c
        WHERE c.merchant_id = $1 AND c.case_id = $2
        """,
        merchant_id,
        case_id,
    )
    if not wrong:
        return
    await discipline.lock(tx, merchant_id)
    owed = [each for each in await compensations_of_case(tx, case_id) if each.amount and each.made_good_at is None]
    await ledger.post(tx, [_transfer(each) for each in owed])
    await settlement.enter(tx, [_entry(each, now) for each in owed], waits=False)
    await _note(tx, owed, now)


def _transfer(each: Compensation) -> Transfer:
    return Transfer(
        owner_id=each.merchant_id,
        debit=AccountKind.GOODWILL,
        credit=AccountKind.PAYABLE,
        amount=each.amount,
        currency=each.currency,
        reason=REASON,
        document=made_good_document(each.document),
    )


def _entry(each: Compensation, now: datetime) -> NewEntry:
    return NewEntry(
        merchant_id=each.merchant_id,
        order_id=each.order_id,
        document=made_good_document(each.document),
        kind=EntryKind.COMPENSATION_RETURNED,
        amount=each.amount,
        currency=each.currency,
        earned_at=now,
    )


async def _note(tx: Tx, owed: Sequence[Compensation], now: datetime) -> None:
    await tx.execute(
        """
        UPDATE compensations c SET made_good_at = $3
        FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, document)
        WHERE (c.merchant_id, c.document) = (w.merchant_id, w.document) AND c.made_good_at IS NULL
        """,
        [each.merchant_id for each in owed],
        [each.document for each in owed],
        now,
    )
