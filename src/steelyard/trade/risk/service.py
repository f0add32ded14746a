"""Commands: look at paid purchases, hold what is suspicious, release it or call it off."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel import days, events, ids
from steelyard.kernel.db import Row, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.money.payments.model import RefundId
from steelyard.parties import policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import RISK_HOLDS, RISK_HOURS, RISK_RELEASES, RISK_SCORE
from steelyard.trade import aftersales, orders
from steelyard.trade.orders.model import OrderId, OrderState
from steelyard.trade.risk.events import OrderCleared, OrderQuestioned
from steelyard.trade.risk.model import (
    CHECKS_DAYS,
    ENTRY_DAYS_MAX,
    LEAST_MAX,
    MINUTES_MAX,
    SEEN_DAYS,
    VALUE_CHARACTERS_MAX,
    VALUE_CHARACTERS_MIN,
    WHY_CHARACTERS_MAX,
    Check,
    CheckState,
    EntryKind,
    Listing,
    NotHeld,
    Rule,
    Tripped,
    judged,
    normal,
)
from steelyard.trade.risk.scoring import features, listed, rules, see

DECIDED_PER_SWEEP = 20
FORGOTTEN_PER_SWEEP = 1_000
BY = "system"
REASON = "risk"


async def look_at(tx: Tx, purchase_ids: Sequence[UUID], now: datetime | None = None) -> int:
    """Judge paid purchases by the rules, and hold the orders of those that have enough points; returns how many orders are held
    now. What was looked at before is not looked at again, nor is what still waits for its team: that is when it is let go."""
    if not purchase_ids or not await policies.number(tx, RISK_HOLDS):
        return 0
    await see(tx, purchase_ids)
    known, entries = await rules(tx), await listed(tx)
    tripped = {each.purchase_id: judged(known, entries, each) for each in await features(tx, purchase_ids, known)}
    rows = await tx.fetch(
        """
        SELECT o.merchant_id, o.order_id, o.purchase_id, o.buyer_id, o.code, o.total, o.currency FROM orders o
        WHERE o.purchase_id = ANY($1) AND o.state = 'paid'
          AND NOT EXISTS (SELECT FROM risk_checks c WHERE (c.merchant_id, c.order_id) = (o.merchant_id, o.order_id))
        ORDER BY o.merchant_id, o.order_id
        """,
        [purchase_id for purchase_id, found in tripped.items() if found],
    )
    if not rows:
        return 0
    enough = await policies.number(tx, RISK_SCORE)
    score = {purchase_id: sum(each.points for each in found) for purchase_id, found in tripped.items()}
    wanted = [row["order_id"] for row in rows if score[row["purchase_id"]] >= enough]
    held = set(await orders.hold_back(tx, wanted, BY))
    until = (now or datetime.now(UTC)) + timedelta(hours=await policies.number(tx, RISK_HOURS))
    await _write(tx, rows, score, tripped, held, until)
    await events.publish(
        tx,
        *(
            OrderQuestioned(
                merchant_id=row["merchant_id"],
                order_id=row["order_id"],
                purchase_id=row["purchase_id"],
                buyer_id=row["buyer_id"],
            )
            for row in rows
            if row["order_id"] in held
        ),
    )
    return len(held)


async def _write(
    tx: Tx,
    rows: Sequence[Row],
    score: dict[UUID, int],
    tripped: dict[UUID, list[Tripped]],
    held: set[UUID],
    until: datetime,
) -> None:
    states = [CheckState.HELD if row["order_id"] in held else CheckState.PASSED for row in rows]
    await tx.execute(
        """
        WITH checked AS (
            INSERT INTO risk_checks (merchant_id, order_id, purchase_id, buyer_id, code, amount, currency, score, tripped, state
              , decide_by)
            SELECT c.merchant_id, c.order_id, c.purchase_id, c.buyer_id, c.code, c.amount, c.currency, c.score, c.tripped::jsonb
                 , c.state, CASE c.state WHEN 'held' THEN $11::timestamptz END
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::text[], $8::integer[]
                      , $9::text[], $10::text[])
                 AS c (merchant_id, order_id, purchase_id, buyer_id, code, amount, currency, score, tripped, state)
            RETURNING merchant_id, order_id, state
        )
        INSERT INTO risk_check_history (merchant_id, order_id, step, from_state, to_state, by)
        SELECT merchant_id, order_id, 1, 'nowhere', state, $12 FROM checked
        """,
        [row["merchant_id"] for row in rows],
        [row["order_id"] for row in rows],
        [row["purchase_id"] for row in rows],
        [row["buyer_id"] for row in rows],
        [row["code"] for row in rows],
        [row["total"] for row in rows],
        [row["currency"] for row in rows],
        [score[row["purchase_id"]] for row in rows],
        [msgspec.json.encode(tripped[row["purchase_id"]]).decode() for row in rows],
        states,
        until,
        BY,
    )


async def _lock(tx: Tx, order_id: UUID) -> Check:
    """Raises `NotFound`."""
    found = await tx.one(
        Check,
        """
        SELECT merchant_id, order_id, purchase_id, buyer_id, code, amount, currency, score, tripped, state, checked_at, decide_by
             , decided_at, decided_by, why, charged_back_at
        FROM risk_checks WHERE order_id = $1 FOR UPDATE
        """,
        order_id,
    )
    if found is None:
        raise NotFound()
    return found


async def release(tx: Tx, order_id: UUID, why: str, by: str) -> Check:
    """A held order is sent after all. Said twice, the second changes nothing. Raises `NotFound`, `NotHeld`, `Invalid`."""
    check = await _held(tx, order_id, CheckState.RELEASED)
    if check.state is CheckState.RELEASED:
        return check
    await orders.let_go(tx, [order_id], by)
    await _decide(tx, check, CheckState.RELEASED, why, by)
    await events.publish(
        tx,
        OrderCleared(
            merchant_id=check.merchant_id,
            order_id=check.order_id,
            purchase_id=check.purchase_id,
            buyer_id=check.buyer_id,
        ),
    )
    return check


async def call_off(tx: Tx, order_id: UUID, why: str, by: str) -> Check:
    """A held order is called off, and all of its money goes back. Said twice, the second changes nothing.

    Raises `NotFound`, `NotHeld`, `Invalid`, and `RefundTooLarge` while some of the money is charged back.
    """
    check = await _held(tx, order_id, CheckState.CANCELLED)
    if check.state is CheckState.CANCELLED:
        return check
    refund_id = RefundId(ids.derived(order_id, REASON))
    await aftersales.cancel(tx, check.merchant_id, OrderId(order_id), refund_id, REASON, by)
    await _decide(tx, check, CheckState.CANCELLED, why, by)
    return check


async def _held(tx: Tx, order_id: UUID, wanted: CheckState) -> Check:
    """The order first, as everybody locks: it cannot be called off by others while it is decided here."""
    merchant_id = await tx.value("SELECT merchant_id FROM risk_checks WHERE order_id = $1", order_id)
    if merchant_id is None:
        raise NotFound()
    order = await orders.lock_order(tx, MerchantId(merchant_id), OrderId(order_id))
    check = await _lock(tx, order_id)
    if check.state is wanted:
        return check
    if check.state is not CheckState.HELD or order.state is not OrderState.HELD:
        raise NotHeld()
    return check


async def _decide(tx: Tx, check: Check, state: CheckState, why: str, by: str) -> None:
    if len(why) > WHY_CHARACTERS_MAX:
        raise Invalid({"why": N_("Please be brief: 300 characters at most")})
    await tx.execute(
        """
        WITH decided AS (
            UPDATE risk_checks SET state = $3, decided_at = now(), decided_by = $4, why = $5
            WHERE merchant_id = $1 AND order_id = $2 AND state = 'held' RETURNING merchant_id, order_id
        )
        INSERT INTO risk_check_history (merchant_id, order_id, step, from_state, to_state, by)
        SELECT merchant_id, order_id, 2, 'held', $3, $4 FROM decided
        """,
        check.merchant_id,
        check.order_id,
        state,
        by,
        why.strip(),
    )


async def overtaken(tx: Tx, order_ids: Sequence[UUID]) -> None:
    """Held orders that their buyer or shop has called off need nobody's look any more."""
    await tx.execute(
        """
        WITH decided AS (
            UPDATE risk_checks SET state = 'overtaken', decided_at = now(), decided_by = $2
            WHERE order_id = ANY($1) AND state = 'held' RETURNING merchant_id, order_id
        )
        INSERT INTO risk_check_history (merchant_id, order_id, step, from_state, to_state, by)
        SELECT merchant_id, order_id, 2, 'held', 'overtaken', $2 FROM decided
        """,
        list(order_ids),
        BY,
    )


async def decide_due(tx: Tx, now: datetime | None = None) -> int:
    """What nobody has decided in time is sent, or called off, as the operator has said; returns how many were due."""
    rows = await tx.fetch(
        """
        SELECT c.order_id FROM risk_checks c JOIN orders o USING (merchant_id, order_id)
        WHERE c.state = 'held' AND c.decide_by <= $1 AND o.state = 'held'
        ORDER BY c.decide_by LIMIT $2 FOR UPDATE OF o SKIP LOCKED
        """,
        now or datetime.now(UTC),
        DECIDED_PER_SWEEP,
    )
    if not rows:
        return 0
    sends = bool(await policies.number(tx, RISK_RELEASES))
    for row in rows:  # few: each moves money or goods of its own
        await (release if sends else call_off)(tx, row["order_id"], "", BY)
    return len(rows)


async def note_chargeback(tx: Tx, order_ids: Sequence[UUID]) -> None:
    """The money of these orders is charged back: what the rules said of them can be judged by it."""
    await tx.execute(
        "UPDATE risk_checks SET charged_back_at = now() WHERE order_id = ANY($1) AND charged_back_at IS NULL",
        list(order_ids),
    )


async def set_rule(tx: Tx, rule: Rule, by: str) -> None:
    """Change what a rule counts, and how much. Raises `Invalid`."""
    wrong = {}
    if not 1 <= rule.points <= 1_000:
        wrong["points"] = N_("Please enter 1 to 1,000 points")
    if not 1 <= rule.least <= LEAST_MAX:
        wrong["least"] = N_("Please enter a number of at least 1")
    if not 1 <= rule.minutes <= MINUTES_MAX:
        wrong["minutes"] = N_("Please enter at most 2,880 minutes: two days")
    if wrong:
        raise Invalid(wrong)
    await tx.execute(
        """
        UPDATE risk_rules SET active = $2, points = $3, least = $4, minutes = $5, changed_at = now(), changed_by = $6
        WHERE rule = $1
        """,
        rule.rule,
        rule.active,
        rule.points,
        rule.least,
        rule.minutes,
        by,
    )


async def enter(
    tx: Tx, entry_id: UUID, listing: Listing, kind: EntryKind, value: str, why: str, until: date, by: str
) -> None:
    """Put somebody on a list until a day; who stands there already stands there until the new day. Raises `Invalid`."""
    compared, today = normal(kind, value), days.today()
    wrong = {}
    if not VALUE_CHARACTERS_MIN <= len(compared) <= VALUE_CHARACTERS_MAX:
        wrong["value"] = N_("Please enter at least three characters: what is shorter would fit too many.")
    if listing is Listing.FORWARDER and kind is not EntryKind.ADDRESS:
        wrong["kind"] = N_("A freight forwarder is known by its address.")
    if not why.strip() or len(why) > WHY_CHARACTERS_MAX:
        wrong["why"] = N_("Please say why, in at most 300 characters.")
    if not today < until <= today + timedelta(days=ENTRY_DAYS_MAX):
        wrong["until"] = N_("Please enter a day within the next two years.")
    if wrong:
        raise Invalid(wrong)
    await tx.execute(
        """
        INSERT INTO risk_list (entry_id, list, kind, value, why, until, by) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (list, kind, value) DO UPDATE SET why = excluded.why, until = excluded.until, by = excluded.by, at = now()
        """,
        entry_id,
        listing,
        kind,
        compared,
        why.strip(),
        until,
        by,
    )


async def strike(tx: Tx, entry_id: UUID) -> None:
    """Take somebody off a list. Twice is fine."""
    await tx.execute("DELETE FROM risk_list WHERE entry_id = $1", entry_id)


async def forget(tx: Tx, now: datetime | None = None) -> int:
    """Forget what is kept no longer: who stood on a list until today, purchases that no rule looks back at, old checks."""
    now = now or datetime.now(UTC)
    gone = await tx.execute("DELETE FROM risk_list WHERE until <= $1", days.day_of(now))
    gone += await tx.execute(
        """
        DELETE FROM risk_seen WHERE purchase_id IN
            (SELECT purchase_id FROM risk_seen WHERE at < $1 ORDER BY at LIMIT $2)
        """,
        now - timedelta(days=SEEN_DAYS),
        FORGOTTEN_PER_SWEEP,
    )
    return gone + await _forget_checks(tx, now - timedelta(days=CHECKS_DAYS))


async def _forget_checks(tx: Tx, before: datetime) -> int:
    rows = await tx.fetch(
        """
        SELECT merchant_id, order_id FROM risk_checks WHERE checked_at < $1 AND state <> 'held'
        ORDER BY checked_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        before,
        FORGOTTEN_PER_SWEEP,
    )
    await tx.execute(
        """
        UPDATE risk_checks c SET tripped = '[]', why = ''
        FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id)
        WHERE (c.merchant_id, c.order_id) = (w.merchant_id, w.order_id) AND c.tripped <> '[]'
        """,
        [row["merchant_id"] for row in rows],
        [row["order_id"] for row in rows],
    )
    return 0
