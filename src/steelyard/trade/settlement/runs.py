"""The settlement run: what is due becomes statements, and the money to pay them is set aside."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.kernel import codes, events, ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.trade.settlement.events import StatementIssued
from steelyard.trade.settlement.model import Statement, StatementId, Way
from steelyard.trade.settlement.terms import Cycle, agreed

# So that no run writes for longer than some seconds, whatever the number of merchants and of their entries.
STATEMENTS_PER_RUN_MAX = 100
ENTRIES_PER_RUN_MAX = 20_000
CODE_PREFIX = "ST"


_ISSUE = """
WITH due AS (
    SELECT * FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::uuid[], $7::integer[], $8::integer[]
                       , $9::integer[], $10::text[])
        AS d (merchant_id, currency, statement_id, code, entry_id, rate, reserve_days, check_days, way)
), held AS MATERIALIZED (
    SELECT e.merchant_id, e.entry_id, e.currency, e.kind, e.amount
    FROM settlement_entries e JOIN due d USING (merchant_id, currency)
    WHERE e.statement_id IS NULL AND e.due_on <= $1
    ORDER BY e.merchant_id, e.entry_id
    FOR UPDATE OF e
), summed AS (
    SELECT merchant_id, currency
         , coalesce(sum(amount) FILTER (WHERE kind = 'sale'), 0) AS sales
         , -coalesce(sum(amount) FILTER (WHERE kind = 'commission'), 0) AS commission
         , -coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) AS refunds
         , coalesce(sum(amount) FILTER (WHERE kind = 'commission_returned'), 0) AS commission_returned
         , coalesce(sum(amount) FILTER (WHERE kind = 'subsidy'), 0) AS subsidy
         , -coalesce(sum(amount) FILTER (WHERE kind = 'subsidy_returned'), 0) AS subsidy_returned
         , sum(amount) AS amount
    FROM held GROUP BY merchant_id, currency HAVING sum(amount) > 0
), reckoned AS (
    SELECT s.*, d.statement_id, d.code, d.entry_id, d.reserve_days, d.check_days, d.way
         , s.sales - s.commission - s.refunds + s.commission_returned + s.subsidy - s.subsidy_returned AS traded
         , trunc(greatest(0, least(s.amount, s.sales - s.commission - s.refunds + s.commission_returned + s.subsidy
                                             - s.subsidy_returned)) * d.rate / 1000000)::bigint AS reserved
    FROM summed s JOIN due d USING (merchant_id, currency)
), made AS (
    INSERT INTO statements (merchant_id, statement_id, code, day, currency, sales, commission, refunds
      , commission_returned, subsidy, subsidy_returned, adjustments, payout, state, way, check_by, attempt_at)
    SELECT merchant_id, statement_id, code, $1, currency, sales, commission, refunds, commission_returned, subsidy
         , subsidy_returned, amount - traded - reserved, amount - reserved, 'issued', way
         , CASE WHEN check_days > 0 THEN now() + check_days * interval '1 day' END
         , CASE WHEN check_days = 0 AND way <> 'file' THEN now() END
    FROM reckoned
    ON CONFLICT (merchant_id, currency, day) DO NOTHING
    RETURNING merchant_id, statement_id, code, day, currency, sales, commission, refunds, commission_returned
            , adjustments, payout, state, issued_at, paid_at, failure, bank_reference, subsidy, subsidy_returned, way, check_by
            , held_for
), told AS (
    INSERT INTO statement_history (merchant_id, statement_id, step, from_state, to_state, by)
    SELECT merchant_id, statement_id, 1, 'nowhere', 'issued', 'system' FROM made
), taken AS (
    UPDATE settlement_entries e SET statement_id = m.statement_id
    FROM held h JOIN made m USING (merchant_id, currency)
    WHERE (e.merchant_id, e.entry_id) = (h.merchant_id, h.entry_id)
), kept AS (
    INSERT INTO reserves (merchant_id, statement_id, amount, currency, release_on)
    SELECT r.merchant_id, r.statement_id, r.reserved, r.currency, $1 + r.reserve_days
    FROM reckoned r JOIN made USING (merchant_id, statement_id) WHERE r.reserved > 0
), entered AS (
    INSERT INTO settlement_entries (merchant_id, entry_id, document, kind, amount, currency, due_on, statement_id)
    SELECT r.merchant_id, r.entry_id, r.statement_id, 'reserve', -r.reserved, r.currency, $1, r.statement_id
    FROM reckoned r JOIN made USING (merchant_id, statement_id) WHERE r.reserved > 0
)
SELECT made.*, r.reserved FROM made JOIN reckoned r USING (merchant_id, statement_id)
ORDER BY made.merchant_id, made.currency
"""


class _Due(msgspec.Struct, frozen=True):
    """A shop that is to be paid in a currency, with what was agreed for the day."""

    merchant_id: UUID
    currency: str
    reserve_rate: int
    reserve_days: int
    check_days: int
    way: Way


class _Issued(msgspec.Struct, frozen=True):
    """A statement, and what it kept in reserve."""

    statement: Statement
    reserved: int


async def run(tx: Tx, day: date, limit: int = STATEMENTS_PER_RUN_MAX) -> list[Statement]:
    """Issue statements for `day`, one per merchant and currency; returns those issued, at most `limit` of them.

    A statement takes all entries due on or before `day` whose sum is more than nothing. Where refunds weigh more
    than sales, or all comes to less than the shop's minimum, nothing is issued and the entries wait, to be set off against
    or added to what comes next; a shop that is paid on request waits for `withdraw`. What was agreed of a reserve is kept
    back. Said again for the same day it issues what was left, and never a second statement to the same merchant in the same
    currency. Two runs at the same time share the work or wait for each other; no entry is on two statements.
    """
    return await _settle(tx, day, await _due(tx, day, limit))


async def withdraw(tx: Tx, merchant_id: UUID, currency: str, day: date) -> Statement:
    """A shop that is paid on request asks for all that is due to it. Raises `Invalid`: it is paid by itself, there is less
    than its minimum, or it was paid today already."""
    terms = (await agreed(tx, [merchant_id])).on(merchant_id, day)
    if terms.cycle is not Cycle.ON_REQUEST:
        raise Invalid({"currency": N_("Your shop is paid by itself; there is nothing to ask for.")})
    row = await tx.row(
        """
        SELECT coalesce(sum(amount), 0)::bigint AS amount
             , EXISTS (SELECT FROM statements WHERE merchant_id = $1 AND currency = $2 AND day = $3) AS paid
        FROM settlement_entries WHERE merchant_id = $1 AND currency = $2 AND statement_id IS NULL AND due_on <= $3
        """,
        merchant_id,
        currency,
        day,
    )
    assert row is not None
    if row["paid"]:
        raise Invalid({"currency": N_("There is a statement of today already. Please ask again tomorrow.")})
    if row["amount"] <= 0 or (currency == terms.currency and row["amount"] < terms.minimum):
        raise Invalid({"currency": N_("That is less than your shop is paid at least.")})
    due = _Due(merchant_id, currency, terms.reserve_rate, terms.reserve_days, terms.check_days, terms.way)
    issued = await _settle(tx, day, [due])
    if not issued:
        raise Invalid({"currency": N_("There is a statement of today already. Please ask again tomorrow.")})
    return issued[0]


async def _settle(tx: Tx, day: date, due: Sequence[_Due]) -> list[Statement]:
    issued = await _issue(tx, day, due)
    statements = [each.statement for each in issued]
    aside = [set_aside(s.merchant_id, s.statement_id, s.payout, s.currency) for s in statements]
    kept = [
        kept_back(each.statement.merchant_id, each.statement.statement_id, each.reserved, each.statement.currency)
        for each in issued
        if each.reserved
    ]
    await ledger.post(tx, [*kept, *aside])
    await events.publish(
        tx,
        *(
            StatementIssued(
                merchant_id=s.merchant_id,
                statement_id=s.statement_id,
                day=s.day,
                payout=s.payout,
                currency=s.currency,
            )
            for s in statements
        ),
    )
    return statements


async def _due(tx: Tx, day: date, limit: int) -> list[_Due]:
    """Merchants and currencies with more to be paid than to be given back and no statement for the day yet, as many as
    have `ENTRIES_PER_RUN_MAX` entries together, at least one.
    A shop that is not open any more is paid whatever was agreed of a minimum."""
    return await tx.all(
        _Due,
        """
        WITH waiting AS (
            SELECT e.merchant_id, e.currency, sum(e.amount) AS amount, count(*) AS entries
            FROM settlement_entries e
            WHERE e.statement_id IS NULL AND e.due_on <= $1
            GROUP BY e.merchant_id, e.currency
            HAVING sum(e.amount) > 0
        ), due AS (
            SELECT w.merchant_id, w.currency, coalesce(t.reserve_rate, 0) AS reserve_rate
                 , coalesce(t.reserve_days, 0) AS reserve_days, coalesce(t.check_days, 0) AS check_days
                 , coalesce(t.way, 'direct') AS way
                 , sum(w.entries) OVER (ORDER BY w.merchant_id, w.currency) - w.entries AS before
            FROM waiting w
            LEFT JOIN merchants m ON m.merchant_id = w.merchant_id
            LEFT JOIN LATERAL (
                SELECT * FROM settlement_terms a WHERE a.merchant_id = w.merchant_id AND a.from_day <= $1
                ORDER BY a.from_day DESC LIMIT 1
            ) AS t ON true
            WHERE (m.state <> 'open' OR t.cycle IS NULL
                   OR (t.cycle <> 'on_request' AND (w.currency <> t.currency OR w.amount >= t.minimum)))
              AND NOT EXISTS (SELECT FROM statements s
                              WHERE (s.merchant_id, s.currency, s.day) = (w.merchant_id, w.currency, $1))
        )
        SELECT merchant_id, currency, reserve_rate, reserve_days, check_days, way
        FROM due WHERE before < $3 ORDER BY merchant_id, currency LIMIT $2
        """,
        day,
        limit,
        ENTRIES_PER_RUN_MAX,
    )


async def _issue(tx: Tx, day: date, due: Sequence[_Due]) -> list[_Issued]:
    """Hold the due entries in the order of their keys, claim the statements with what they come to, and put them on these.

    What another run put on a statement since is left out; should the rest come to nothing, no statement is written. The
    reserve is a share of what trade brought (never of more than is paid), rounded down, so that something is always left.
    """
    if not due:
        return []
    rows = await tx.fetch(
        _ISSUE,
        day,
        [d.merchant_id for d in due],
        [d.currency for d in due],
        [StatementId(ids.mint()) for _ in due],
        [codes.mint(CODE_PREFIX) for _ in due],
        [ids.mint() for _ in due],
        [d.reserve_rate for d in due],
        [d.reserve_days for d in due],
        [d.check_days for d in due],
        [d.way for d in due],
    )
    return [
        _Issued(msgspec.convert({name: row[name] for name in Statement.__struct_fields__}, Statement), row["reserved"])
        for row in rows
    ]


def kept_back(merchant_id: UUID, statement_id: UUID, amount: int, currency: str) -> Transfer:
    """What the statement keeps in reserve."""
    return Transfer(
        owner_id=merchant_id,
        debit=AccountKind.PAYABLE,
        credit=AccountKind.RESERVE,
        amount=amount,
        currency=currency,
        reason="reserve",
        document=statement_id,
    )


def set_aside(merchant_id: UUID, statement_id: UUID, amount: int, currency: str) -> Transfer:
    """The statement's payout is not the merchant's to earn any more; it is on its way."""
    return Transfer(
        owner_id=merchant_id,
        debit=AccountKind.PAYABLE,
        credit=AccountKind.PAYOUT_IN_TRANSIT,
        amount=amount,
        currency=currency,
        reason="payout",
        document=statement_id,
    )


def paid_out(
    merchant_id: UUID, document: UUID, amount: int, currency: str, cash: AccountKind = AccountKind.BANK_CASH
) -> Transfer:
    """The bank has paid it, or Stripe has sent it on. `document` is the statement, what came back of it before, or a transfer."""
    return Transfer(
        owner_id=merchant_id,
        debit=AccountKind.PAYOUT_IN_TRANSIT,
        credit=cash,
        amount=amount,
        currency=currency,
        reason="paid_out" if cash is AccountKind.BANK_CASH else "transferred",
        document=document,
    )


def came_back(
    merchant_id: UUID, document: UUID, amount: int, currency: str, cash: AccountKind = AccountKind.BANK_CASH
) -> Transfer:
    """The bank has sent a payout back, or it was taken back at Stripe: it is on its way again."""
    return Transfer(
        owner_id=merchant_id,
        debit=cash,
        credit=AccountKind.PAYOUT_IN_TRANSIT,
        amount=amount,
        currency=currency,
        reason="payout_returned" if cash is AccountKind.BANK_CASH else "transfer_reversed",
        document=document,
    )
