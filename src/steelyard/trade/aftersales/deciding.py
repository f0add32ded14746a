"""Many refunds that wait are decided at once by a second person, each with an answer of its own.

What only gives sums back goes together, in the same statements for two or for a hundred; where one of those is refused or would
give back more by now, all of it is undone and done again without that one, which is then tried alone. What touches cases or calls
orders off is done one by one.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, Refusal, TransitionRefused
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.approvals import approve_refund, check_answer, reaches, write_answers
from steelyard.trade.aftersales.limit_model import (
    REQUEST_MACHINE,
    Allowed,
    BeyondApprover,
    GiveBack,
    Giver,
    RequestId,
    RequestState,
    SamePerson,
    WaitingRefund,
)
from steelyard.trade.aftersales.limits import allowed
from steelyard.trade.aftersales.many import Wanted, refund_each

DECIDED_MAX = 100

Asked = tuple[MerchantId, RequestId]
Said = RequestState | Refusal


class _Undo(Exception):
    """Some of what was done together cannot be done so."""

    def __init__(self, wrong: set[UUID]) -> None:
        self.wrong = wrong


async def approve_each(tx: Tx, giver: Giver, asked: Sequence[Asked], by: str) -> dict[RequestId, Said]:
    """`approve_refund` for each; of each, the state that it is in now, or why it is refused. What is refused leaves nothing
    behind. Said twice, the second changes nothing."""
    assert len(asked) <= DECIDED_MAX
    held = await _held(tx, giver, asked)
    reach = {
        currency: await allowed(tx, giver, currency) for currency in sorted({each.currency for each in held.values()})
    }
    said: dict[RequestId, Said] = {}
    ready: list[WaitingRefund] = []
    for _, request_id in asked:
        found = held.get(request_id)
        answer = _answered(giver, found, RequestState.APPROVED) or _beyond(giver, found, reach)
        if answer is not None:
            said[request_id] = answer
        elif found is not None:
            ready.append(found)
    together = await _together(tx, giver, [each for each in ready if isinstance(each.command, GiveBack)], by)
    said |= {each.request_id: RequestState.APPROVED for each in together}
    for each in ready:
        if each.request_id not in said:
            said[each.request_id] = await _alone(tx, giver, each, by)
    return said


async def decline_each(tx: Tx, giver: Giver, asked: Sequence[Asked], answer: str, by: str) -> dict[RequestId, Said]:
    """`decline_refund` for each, for one reason. Said twice, the second changes nothing. Raises `Invalid` without a reason."""
    assert len(asked) <= DECIDED_MAX
    answer = answer.strip()
    check_answer(answer)
    held = await _held(tx, giver, asked)
    said: dict[RequestId, Said] = {}
    for _, request_id in asked:
        found = held.get(request_id)
        known = _answered(giver, found, RequestState.DECLINED)
        said[request_id] = RequestState.DECLINED if known is None else known
    to_say = [
        each for each in held.values() if each.state is RequestState.WAITING and each.asked_by != giver.account_id
    ]
    if to_say:
        await write_answers(tx, to_say, RequestState.DECLINED, giver.account_id, answer, by)
    return said


async def _held(tx: Tx, giver: Giver, asked: Sequence[Asked]) -> Mapping[RequestId, WaitingRefund]:
    """Those of the giver's own side, and for a shop's staff of their own shop, locked in the order of their keys."""
    found = await tx.all(
        WaitingRefund,
        """
        SELECT r.merchant_id, r.request_id, r.refund_id, r.order_id, r.case_id, r.side, r.command, r.amount, r.currency, r.why
             , r.state, r.asked_by, r.asked_at, r.expires_at, r.answered_by, r.answered_at, r.answer
        FROM refund_requests r JOIN (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, request_id)) w
            USING (merchant_id, request_id)
        WHERE r.side = $3 AND r.merchant_id = coalesce($4, r.merchant_id)
        ORDER BY r.merchant_id, r.request_id FOR UPDATE OF r
        """,
        [merchant_id for merchant_id, _ in asked],
        [request_id for _, request_id in asked],
        giver.side,
        giver.merchant_id,
    )
    return {each.request_id: each for each in found}


def _answered(giver: Giver, found: WaitingRefund | None, wanted: RequestState) -> Said | None:
    """What is said of a request that this giver cannot answer so (any more)."""
    if found is None:
        return NotFound()
    if found.state is wanted and found.answered_by == giver.account_id:
        return wanted
    if found.state is not RequestState.WAITING:
        return TransitionRefused(machine=REQUEST_MACHINE.name, state=str(found.state), wanted=str(wanted))
    return SamePerson() if found.asked_by == giver.account_id else None


def _beyond(giver: Giver, found: WaitingRefund | None, reach: Mapping[str, Allowed]) -> Refusal | None:
    if found is None or giver.chief or reaches(reach[found.currency], found.amount):
        return None
    return BeyondApprover(amount=found.amount, currency=found.currency)


async def _together(tx: Tx, giver: Giver, ready: Sequence[WaitingRefund], by: str) -> Sequence[WaitingRefund]:
    """Give back what can be given back in the same statements; returns what that was."""
    rest = list(ready)
    while len(rest) > 1:
        try:
            async with tx.savepoint():
                await _give_back(tx, giver, rest, by)
            return rest
        except _Undo as undo:
            rest = [each for each in rest if each.refund_id not in undo.wrong]
    return []


async def _give_back(tx: Tx, giver: Giver, ready: Sequence[WaitingRefund], by: str) -> None:
    # Before it is done: what ends by it must not find it waiting.
    await write_answers(tx, ready, RequestState.APPROVED, giver.account_id, "", by)
    wanted = [
        Wanted(each.command.request, f"staff:{each.asked_by}") for each in ready if isinstance(each.command, GiveBack)
    ]
    refused = await refund_each(tx, wanted)
    rows = await tx.fetch(
        """
        SELECT r.refund_id, r.goods + r.freight AS amount
        FROM order_refunds r JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, refund_id) USING (merchant_id, refund_id)
        WHERE r.at = now()
        """,
        [each.merchant_id for each in ready],
        [each.refund_id for each in ready],
    )
    given: dict[UUID, int] = {row["refund_id"]: row["amount"] for row in rows}
    wrong: set[UUID] = {each.refund_id for each, why in zip(ready, refused, strict=True) if why is not None}
    wrong |= {each.refund_id for each in ready if not 0 < given.get(each.refund_id, 0) <= each.amount}
    if wrong:
        raise _Undo(wrong)


async def _alone(tx: Tx, giver: Giver, found: WaitingRefund, by: str) -> Said:
    try:
        async with tx.savepoint():
            return await approve_refund(tx, giver, found.merchant_id, found.request_id, by)
    except Refusal as refusal:
        return refusal
