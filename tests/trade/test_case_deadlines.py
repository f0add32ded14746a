"""How long each side of a case may take is set by the operator, counts when a step begins, and ends at its second."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from steelyard.kernel.db import Database
from steelyard.parties import policies
from steelyard.parties.policies.model import Policy
from steelyard.trade.aftersales import Case, Kind, silence
from steelyard.trade.aftersales.deadlines import STEPS
from steelyard.trade.aftersales.model import CaseState
from tests.support.world import World
from tests.trade import test_exchanges as exchanges
from tests.trade.test_cases import SECOND, agreed, asked, now, refused, sent, sent_back


async def nothing(db: Database, case: Case) -> None:
    """The shop is asked."""


Steps = Callable[[Database, Case], Awaitable[None]]
RETURNS: dict[CaseState, tuple[Steps, CaseState]] = {
    CaseState.ASKED: (nothing, CaseState.AGREED),
    CaseState.AGREED: (agreed, CaseState.CLOSED),
    CaseState.SENT_BACK: (sent_back, CaseState.REFUNDED),
    CaseState.REFUSED: (refused, CaseState.CLOSED),
}
SWAPPED: dict[CaseState, tuple[Steps, CaseState]] = {
    CaseState.ACCEPTED: (exchanges.accepted, CaseState.REFUNDED),
    CaseState.RESENT: (exchanges.resent, CaseState.EXCHANGED),
}


async def settled(db: Database, policy: Policy, hours: int) -> None:
    await db.transact(policies.settle, policy, hours, None)


@pytest.mark.parametrize("state", [*RETURNS, *SWAPPED])
async def test_a_silent_side_has_as_long_as_is_set_when_its_step_begins(shop: Database, world: World, state: CaseState):
    policy = STEPS[state]
    hours = policy.least + 1
    await settled(shop, policy, hours)
    if state in RETURNS:
        lead, silent = RETURNS[state]
        case = await asked(shop, await sent(shop, world), 1, kind=Kind.RETURN_REFUND)
    else:
        lead, silent = SWAPPED[state]
        order = await exchanges.sent(shop, world)
        case = await exchanges.asked(shop, exchanges.wanted(order, world))
    await lead(shop, case)
    begun = await now(shop, case.case_id)
    assert (begun.state, begun.due_at) == (state, begun.moved_at + timedelta(hours=hours))
    assert begun.due_at is not None

    await settled(shop, policy, policy.most)
    await shop.transact(silence.act_on_silence, begun.due_at - SECOND)
    assert (await now(shop, case.case_id)).state is state, "there is a second left"
    await shop.transact(silence.act_on_silence, begun.due_at)
    assert (await now(shop, case.case_id)).state is silent
