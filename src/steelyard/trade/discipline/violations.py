"""Violations: recorded by staff, appealed against once by the shop, decided by somebody else."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from steelyard.kernel import events, ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.money.ledger.model import AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.discipline.deposits import (
    demand_after_fine,
    deposit_of,
    enter,
    lock,
    post,
    settle_demand,
    shift,
)
from steelyard.trade.discipline.events import ViolationDecided, ViolationRecorded
from steelyard.trade.discipline.measures import measure, year_of
from steelyard.trade.discipline.model import (
    AppealTooLate,
    MovementKind,
    NewViolation,
    NothingToDecide,
    NotTheRecorder,
    Outcome,
    Rule,
    Violation,
    ViolationId,
)
from steelyard.trade.discipline.queries import violation
from steelyard.trade.settlement import EntryKind

APPEAL_WITHIN = timedelta(days=7)
WORDS_CHARACTERS_MAX = 1_000
PICTURES_MAX = 6
TOO_LONG = N_("Please be brief: 1,000 characters at most")


def appealable(found: Violation, now: datetime) -> bool:
    """Whether the shop may appeal against it now."""
    return found.appealed_at is None and now < found.recorded_at + APPEAL_WITHIN


def _said(field: str, words: str, missing: str) -> str:
    words = words.strip()
    if not words:
        raise Invalid({field: missing})
    if len(words) > WORDS_CHARACTERS_MAX:
        raise Invalid({field: TOO_LONG})
    return words


async def record(tx: Tx, new: NewViolation, by: str, now: datetime) -> None:
    """Record a violation: its points count from now on, and its fine is taken, from the deposit as far as that reaches, and
    for the rest out of what the shop is owed, now or by its next sales. Said twice with the same id, nothing changes.

    Raises `NotFound`, `Invalid`.
    """
    await lock(tx, new.merchant_id)
    if await violation(tx, new.merchant_id, new.violation_id) is not None:
        return
    facts = _said("facts", new.facts, N_("Please say what happened: the shop reads it."))
    rule = await tx.one(
        Rule,
        "SELECT code, name, category, points, fine, currency, active FROM violation_rules WHERE code = $1 AND active",
        new.code,
    )
    if rule is None:
        raise Invalid({"code": N_("Please choose a rule")})
    await _check_subject(tx, new)
    deposit = await deposit_of(tx, new.merchant_id)
    fine = rule.fine if new.fine is None else new.fine
    if new.fine is None and rule.fine and rule.currency != deposit.currency:
        raise Invalid({"fine": N_("This shop has another currency than the rule: please enter the fine.")})
    if fine < 0:
        raise Invalid({"fine": N_("A fine is not negative")})
    from_deposit = max(0, min(fine, deposit.balance))
    year = year_of(now)
    await tx.execute(
        """
        INSERT INTO violations (merchant_id, violation_id, code, category, year, points, fine, currency, from_deposit
                              , from_payable, facts, subject, subject_id, recorded_at, recorded_by, pictures)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        """,
        new.merchant_id,
        new.violation_id,
        rule.code,
        rule.category,
        year,
        rule.points,
        fine,
        deposit.currency,
        from_deposit,
        fine - from_deposit,
        facts,
        new.subject,
        new.subject_id,
        now,
        by,
        new.pictures[:PICTURES_MAX],
    )
    await _take(tx, new.merchant_id, new.violation_id, from_deposit, fine - from_deposit, deposit.currency, by)
    await demand_after_fine(tx, new.merchant_id, now)
    await measure(tx, new.merchant_id, year, now)
    await events.publish(tx, ViolationRecorded(merchant_id=new.merchant_id, violation_id=new.violation_id))


async def _check_subject(tx: Tx, new: NewViolation) -> None:
    """What it is about is this shop's."""
    if new.subject_id is None:
        return
    there = await tx.value(
        """
        SELECT CASE $2 WHEN 'order' THEN EXISTS (SELECT FROM orders WHERE merchant_id = $1 AND order_id = $3)
                       WHEN 'product' THEN EXISTS (SELECT FROM products WHERE merchant_id = $1 AND product_id = $3)
                       WHEN 'case' THEN EXISTS (SELECT FROM aftersales_cases WHERE merchant_id = $1 AND case_id = $3)
                       ELSE false END
        """,
        new.merchant_id,
        str(new.subject),
        new.subject_id,
    )
    if not there:
        raise Invalid({"subject_id": N_("This shop has nothing by this number")})


async def _take(
    tx: Tx, merchant_id: MerchantId, violation_id: UUID, from_deposit: int, rest: int, currency: str, by: str
) -> None:
    document = ids.derived(violation_id, "fine")
    if from_deposit:
        await shift(tx, merchant_id, document, MovementKind.FINE, from_deposit, currency, by)
    if rest:
        await post(tx, merchant_id, document, AccountKind.PAYABLE, AccountKind.FINES, rest, currency, "fine")
        await enter(tx, merchant_id, document, EntryKind.FINE, -rest, currency)


async def appeal(
    tx: Tx,
    merchant_id: MerchantId,
    violation_id: UUID,
    words: str,
    by: str,
    now: datetime,
    pictures: Sequence[str] = (),
) -> bool:
    """A shop appeals against a violation, once and in time; false is told when it had done so already.
    Raises `NotFound`, `AppealTooLate`, `Invalid`."""
    await lock(tx, merchant_id)
    found = await violation(tx, merchant_id, violation_id)
    if found is None:
        raise NotFound()
    if found.appealed_at is not None:
        return False
    if not appealable(found, now):
        raise AppealTooLate()
    words = _said("appeal", words, N_("Please say why: the platform decides by it."))
    await tx.execute(
        """
        UPDATE violations SET appeal = $3, appealed_at = $4, appealed_by = $5, appeal_pictures = $6
        WHERE merchant_id = $1 AND violation_id = $2 AND appealed_at IS NULL
        """,
        merchant_id,
        violation_id,
        words,
        now,
        by,
        list(pictures)[:PICTURES_MAX],
    )
    return True


async def decide(
    tx: Tx, merchant_id: MerchantId, violation_id: UUID, outcome: Outcome, reason: str, by: str, now: datetime
) -> bool:
    """Somebody else than who recorded it decides about an appeal. What is revoked is undone exactly: points, what the deposit
    paid, what came out of the balance, and what followed from the points. False is told when it was decided so already.

    Raises `NotFound`, `NothingToDecide`, `NotTheRecorder`, `Invalid`.
    """
    await lock(tx, merchant_id)
    found = await violation(tx, merchant_id, violation_id)
    if found is None:
        raise NotFound()
    if found.outcome is outcome:
        return False
    if not found.waits:
        raise NothingToDecide()
    if found.recorded_by == by:
        raise NotTheRecorder()
    reason = _said("decision", reason, N_("Please give the reason: the shop reads it."))
    await tx.execute(
        """
        UPDATE violations SET outcome = $3, decision = $4, decided_at = $5, decided_by = $6
        WHERE merchant_id = $1 AND violation_id = $2
        """,
        merchant_id,
        violation_id,
        outcome,
        reason,
        now,
        by,
    )
    if outcome is Outcome.REVOKED:
        await _undo(tx, found, by)
        await measure(tx, merchant_id, found.year, now)
    await events.publish(
        tx, ViolationDecided(merchant_id=merchant_id, violation_id=ViolationId(violation_id), outcome=outcome)
    )
    return True


async def _undo(tx: Tx, found: Violation, by: str) -> None:
    document = ids.derived(found.violation_id, "fine undone")
    merchant_id, currency = found.merchant_id, found.currency
    if found.from_deposit:
        await shift(tx, merchant_id, document, MovementKind.FINE_RETURNED, found.from_deposit, currency, by)
        await settle_demand(tx, merchant_id)
    if found.from_payable:
        back = found.from_payable
        await post(tx, merchant_id, document, AccountKind.FINES, AccountKind.PAYABLE, back, currency, "fine_returned")
        await enter(tx, merchant_id, document, EntryKind.FINE_RETURNED, back, currency)
