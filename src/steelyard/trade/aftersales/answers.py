"""What a shop and the platform do with an after-sales case: agree, refuse, look at what came back, decide."""

from collections.abc import Sequence
from datetime import UTC, datetime

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders, rights
from steelyard.trade.aftersales.appeal_model import FOLLOWS
from steelyard.trade.aftersales.appeals import appeals_of, end, heard
from steelyard.trade.aftersales.case_model import (
    SWAPS,
    Case,
    CaseId,
    Inspected,
    Kind,
    NoReturnAddress,
    RightStands,
    Verdict,
)
from steelyard.trade.aftersales.case_steps import Held, give_back, hold, move, return_address, said
from steelyard.trade.aftersales.exchanges import accept, let_come, taken_in
from steelyard.trade.aftersales.model import CASE_MACHINE, CaseState
from steelyard.trade.aftersales.wording import answered
from steelyard.trade.rights.model import OF_FAMILY, Family

SAY_WHY = N_("Please say why: the buyer reads it.")


async def agree(tx: Tx, merchant_id: MerchantId, case_id: CaseId, by: str, *, keep: bool = False) -> Case:
    """The shop agrees: the money goes back, or for a return, the buyer is told where to send the goods. With `keep` the
    buyer keeps them and has the money at once. Returns the case as it was; said twice, nothing changes.

    Raises `NotFound`, `TransitionRefused`, `NoReturnAddress`.
    """
    held = await hold(tx, merchant_id, case_id)
    case = held.case
    at_once = keep or case.kind is Kind.REFUND_ONLY
    if case.state is (CaseState.REFUNDED if at_once else CaseState.AGREED):
        return case
    if at_once:
        CASE_MACHINE.check(case.state, CaseState.REFUNDED)
        await give_back(tx, held, by)
    else:
        CASE_MACHINE.check(case.state, CaseState.AGREED)
        await let_come(tx, held, await _address(tx, merchant_id), by)
    return case


async def _address(tx: Tx, merchant_id: MerchantId) -> Address:
    found = await return_address(tx, merchant_id)
    if found is None:
        raise NoReturnAddress()
    return found


async def refuse(tx: Tx, merchant_id: MerchantId, case_id: CaseId, answer: str, by: str) -> Case:
    """The shop does not agree, or does not accept what came back, and says why. Returns the case as it was; said twice,
    nothing changes. Raises `NotFound`, `TransitionRefused`, `RightStands`, `Invalid` without a reason."""
    held = await hold(tx, merchant_id, case_id)
    if held.case.state is CaseState.REFUSED:
        return held.case
    CASE_MACHINE.check(held.case.state, CaseState.REFUSED)
    answer = await answered(tx, "answer", said("answer", answer, SAY_WHY))
    await _check_right(tx, held)
    await _keep_answer(tx, held.case, answer)
    await move(tx, held, CaseState.REFUSED, by, answer)
    return held.case


async def _check_right(tx: Tx, held: Held) -> None:
    """A return without a reason that a rule admits is not refused before the goods were seen; of what comes back closed only,
    the shop may say at once that it was opened."""
    case = held.case
    if case.state is not CaseState.ASKED or case.rule_id is None or case.kind is not Kind.RETURN_REFUND:
        return
    rule = await rights.rule(tx, case.rule_id)
    assert rule is not None, "rules that were switched on are kept"
    lines = {each.line: each for each in (await orders.lines_of(tx, [case.order_id]))[case.order_id]}
    if rule.kind in OF_FAMILY[Family.NO_REASON] and all(rule.covers(lines[each.line].no_return) for each in held.lines):
        raise RightStands(rule=rule.name)


async def receive(
    tx: Tx, merchant_id: MerchantId, case_id: CaseId, inspected: Sequence[Inspected], answer: str, by: str
) -> Case:
    """The shop has looked at what came back: for the pieces that it accepts the money goes back, and those that can be
    sold again lie on the shelf; of an exchange others are sent instead. Accepting less than was sent wants a reason. Returns
    the case as it was.

    Said twice, the second changes nothing. Raises `NotFound`, `TransitionRefused`, `Invalid`.
    """
    held = await hold(tx, merchant_id, case_id)
    if held.case.state is (CaseState.ACCEPTED if held.case.kind in SWAPS else CaseState.REFUNDED):
        return held.case
    if held.case.state is not CaseState.SENT_BACK:
        CASE_MACHINE.check(CaseState.REFUNDED, held.case.state)
    found = {each.line: each for each in inspected}
    asked = {each.line: each.quantity for each in held.lines}
    if set(found) != set(asked) or len(found) != len(inspected):
        raise Invalid({"lines": N_("Please say for each article how many pieces you accept.")})
    for line, each in found.items():
        if not 0 <= each.accepted <= asked[line]:
            raise Invalid({f"accepted-{line}": N_("That is more than was sent back.")})
        if not 0 <= each.restocked <= each.accepted:
            raise Invalid({f"restocked-{line}": N_("At most what you accept can go back on the shelf.")})
    if not any(each.accepted for each in inspected):
        raise Invalid({"lines": N_("Who accepts nothing refuses, with a reason.")})
    partial = any(found[line].accepted < quantity for line, quantity in asked.items())
    answer = await answered(tx, "answer", said("answer", answer, SAY_WHY if partial else ""))
    await _keep_answer(tx, held.case, answer)
    accepted = {line: (each.accepted, each.restocked) for line, each in found.items()}
    if held.case.kind in SWAPS:
        await accept(tx, held, accepted, by, answer)
    else:
        await give_back(tx, held, by, answer, accepted=accepted)
    return held.case


async def decide(
    tx: Tx,
    merchant_id: MerchantId,
    case_id: CaseId,
    verdict: Verdict,
    reason: str,
    by: str,
    now: datetime | None = None,
) -> Case:
    """The platform decides a dispute, or an appeal, with a reason that both sides read: money back, goods back first (as long
    as they were not sent back), or nothing. An appeal is decided by somebody else than the decision it is against, and once
    the other side has been heard. Returns the case as it was; said twice, nothing changes.

    Raises `NotFound`, `TransitionRefused`, `NoReturnAddress`, `SameDecider`, `AnswerOutstanding`, `Invalid`.
    """
    held = await hold(tx, merchant_id, case_id)
    case = held.case
    appealed = await heard(tx, held, by, now)
    refunded = case.state is CaseState.REFUNDED
    if appealed is None and case.state is FOLLOWS[verdict] and case.verdict is verdict:
        return case
    if case.state is not CaseState.DISPUTED and not (refunded and appealed):
        found = (await appeals_of(tx, [case_id])).get(case_id)
        if refunded and found is not None and found.decision and case.verdict is verdict:
            return case
        CASE_MACHINE.check(case.state, CaseState.REJECTED)
        raise TransitionRefused(machine=CASE_MACHINE.name, state=str(case.state), wanted=str(FOLLOWS[verdict]))
    reason = said("decision", reason, N_("Please give the reason: both sides read it."))
    if verdict is Verdict.RETURN and (refunded or case.kind is Kind.REFUND_ONLY or case.number is not None):
        raise Invalid({"verdict": N_("There is nothing to send back in this case.")})
    if appealed is not None:
        await end(tx, held, appealed, verdict, reason, by)
    await tx.execute(
        """
        UPDATE aftersales_cases SET decision = $3, verdict = $4, decided_at = $5, decided_by = $6
        WHERE merchant_id = $1 AND case_id = $2
        """,
        merchant_id,
        case_id,
        reason,
        verdict,
        now or datetime.now(UTC),
        by,
    )
    if not refunded:
        await _carry_out(tx, held, verdict, reason, by)
    return case


async def _carry_out(tx: Tx, held: Held, verdict: Verdict, reason: str, by: str) -> None:
    match verdict:
        case Verdict.REFUND:
            await give_back(tx, held, by, reason, accepted=await taken_in(tx, held.case))
        case Verdict.RETURN:
            await let_come(tx, held, await _address(tx, held.case.merchant_id), by, reason)
        case Verdict.REJECT:
            await move(tx, held, CaseState.REJECTED, by, reason)


async def _keep_answer(tx: Tx, case: Case, answer: str) -> None:
    await tx.execute(
        "UPDATE aftersales_cases SET answer = $3 WHERE merchant_id = $1 AND case_id = $2",
        case.merchant_id,
        case.case_id,
        answer,
    )
