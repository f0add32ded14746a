"""What happens to a side that says nothing until its time is over. The times are in `deadlines.py`.

A silent shop agrees: the money goes back, or the goods may come back (where it has no address to send them to, the money
goes back); what it does not look at it accepts. What it does not send instead of goods in time is paid back. A
silent buyer gives up: the case is closed; who was sent something instead has received it. The platform is never overtaken
by time: what waits for it stands on its list with its age.

A shop's own rule that a second person looks at a refund takes nothing from the buyer: where silence speaks for the buyer, it
speaks as before, and what waited is overtaken. Where it would speak against the buyer although the shop has said that the money
is to go back (the buyer may keep the goods), it waits until the second person has answered, or their time is over.
"""

from datetime import UTC, datetime

import structlog

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Refusal
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.case_model import CaseId, Kind
from steelyard.trade.aftersales.case_steps import Held, give_back, hold, move, overdue, return_address
from steelyard.trade.aftersales.exchanges import give_up_sending, let_come
from steelyard.trade.aftersales.model import CaseState
from steelyard.trade.aftersales.pickups import gone_by

log = structlog.get_logger()

CASES_PER_SWEEP = 20
BY = "system"


async def act_on_silence(tx: Tx, now: datetime | None = None) -> int:
    """Decide what a side has left undecided past its time; what another transaction holds is left to the next round, and
    so is, with a word in the log, what cannot be decided: it keeps no other waiting."""
    now = now or datetime.now(UTC)
    due = await tx.fetch(
        """
        SELECT c.merchant_id, c.case_id FROM aftersales_cases c JOIN orders o USING (merchant_id, order_id)
        WHERE c.due_at <= $1
          AND NOT (c.state = 'agreed'
                   AND EXISTS (SELECT FROM refund_requests q WHERE q.case_id = c.case_id AND q.state = 'waiting'))
        ORDER BY c.due_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED
        """,
        now,
        CASES_PER_SWEEP,
    )
    # A refund each: there are few, and each moves money of its own.
    for row in due:
        held = await hold(tx, MerchantId(row["merchant_id"]), CaseId(row["case_id"]))
        if not overdue(held.case, now):
            continue
        try:
            async with tx.savepoint():
                await _decide(tx, held)
        except Refusal as refusal:
            log.error("aftersales.undecided", case_id=str(held.case.case_id), refusal=refusal.code)
    return len(due)


async def _decide(tx: Tx, held: Held) -> None:
    match held.case.state:
        case CaseState.ASKED if held.case.kind is not Kind.REFUND_ONLY:
            address = await return_address(tx, held.case.merchant_id)
            if address is None:
                await give_back(tx, held, BY)
            else:
                await let_come(tx, held, address, BY)
        case CaseState.AGREED if await gone_by(tx, held, BY):
            return
        case CaseState.ASKED | CaseState.SENT_BACK:
            await give_back(tx, held, BY)
        case CaseState.ACCEPTED:
            await give_up_sending(tx, held, BY)
        case CaseState.RESENT:
            await move(tx, held, CaseState.EXCHANGED, BY)
        case _:
            await move(tx, held, CaseState.CLOSED, BY)
