"""How a shop leaves a campaign that runs: it asks, with a reason, and the platform lets it go or does not. Before the campaign
starts it withdraws by itself (see `service`)."""

from datetime import UTC, datetime
from uuid import UUID

from steelyard.goods import promotions
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.trade.campaigns import queries
from steelyard.trade.campaigns.events import LeaveAnswered
from steelyard.trade.campaigns.model import REASON_CHARACTERS_MAX, CampaignState, EntryState, SignUpClosed
from steelyard.trade.campaigns.service import decide, held


async def ask_leave(tx: Tx, merchant_id: UUID, entry_id: UUID, reason: str) -> bool:
    """The shop wants to end an article while the campaign runs; returns whether that was asked now. After a no it can ask again.
    Said twice, nothing changes. Raises `NotFound`, `Invalid` without a reason, and `SignUpClosed` for what does not run."""
    entry = await held(tx, merchant_id, entry_id)
    if entry.leaving:
        return False
    if not reason.strip():
        raise Invalid({"leave": N_("Please say why: the platform decides by it")})
    campaign = await queries.campaign(tx, entry.campaign_id)
    assert campaign is not None, "an entry is of a campaign"
    if entry.state is not EntryState.APPROVED or campaign.state(datetime.now(UTC)) is not CampaignState.RUNNING:
        raise SignUpClosed()
    await tx.execute(
        """
        UPDATE campaign_entries
        SET leave_asked_at = now(), leave_reason = $3, leave_answered_at = NULL, leave_answer = ''
        WHERE merchant_id = $1 AND entry_id = $2
        """,
        merchant_id,
        entry_id,
        reason.strip()[:REASON_CHARACTERS_MAX],
    )
    return True


async def answer_leave(tx: Tx, merchant_id: UUID, entry_id: UUID, by: str, *, let_go: bool, words: str = "") -> bool:
    """The platform lets the article go: nothing is sold at its price from now on, what was bought stays bought. Or it does not,
    and says why. Returns whether that was answered now. Raises `NotFound`, `Invalid` for a no without words."""
    entry = await held(tx, merchant_id, entry_id)
    if not entry.leaving:
        return False
    if not let_go and not words.strip():
        raise Invalid({"reason": N_("Please say why: the shop reads it")})
    await tx.execute(
        """
        UPDATE campaign_entries SET leave_answered_at = now(), leave_answer = $3
        WHERE merchant_id = $1 AND entry_id = $2
        """,
        merchant_id,
        entry_id,
        words.strip()[:REASON_CHARACTERS_MAX],
    )
    if let_go:
        await promotions.cancel(tx, merchant_id, entry_id, by=by, reason=entry.leave_reason)
        await decide(tx, merchant_id, entry_id, EntryState.WITHDRAWN, by)
    await events.publish(
        tx,
        LeaveAnswered(
            merchant_id=entry.merchant_id, campaign_id=entry.campaign_id, entry_id=entry.entry_id, let_go=let_go
        ),
    )
    return True
