"""How long each side may take for its step: settings of the operator, read when the step begins. A step that has begun keeps its
time, whatever is set later. What happens to who says nothing is in `silence.py`."""

from datetime import timedelta

from steelyard.kernel.db import Read
from steelyard.parties import policies
from steelyard.parties.policies.model import (
    CASE_BUYER_CONFIRMS,
    CASE_BUYER_OBJECTS,
    CASE_BUYER_SENDS,
    CASE_SHOP_ANSWERS,
    CASE_SHOP_INSPECTS,
    CASE_SHOP_RESENDS,
    Policy,
)
from steelyard.trade.aftersales.model import CaseState

STEPS: dict[CaseState, Policy] = {
    CaseState.ASKED: CASE_SHOP_ANSWERS,
    CaseState.AGREED: CASE_BUYER_SENDS,
    CaseState.SENT_BACK: CASE_SHOP_INSPECTS,
    CaseState.REFUSED: CASE_BUYER_OBJECTS,
    CaseState.ACCEPTED: CASE_SHOP_RESENDS,
    CaseState.RESENT: CASE_BUYER_CONFIRMS,
}


async def time_for(read: Read, state: CaseState) -> timedelta | None:
    """How long a step that begins now may take; none when it is nobody's turn, or the platform's."""
    step = STEPS.get(state)
    return timedelta(hours=await policies.number(read, step)) if step else None
