"""The settlement run: what is due becomes statements, and the money to pay them is set aside.

It walks along the shops in the order of their ids, so many entries a step, each step a transaction of its own: what was walked
past is not read again. A shop with more entries than a step may write has them gathered first: see `gathering`.
"""

from collections.abc import Sequence
from datetime import date
from itertools import takewhile
from uuid import UUID

import msgspec

from steelyard.kernel import codes, events, ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.trade.settlement import gathering
from steelyard.trade.settlement.events import StatementIssued
from steelyard.trade.settlement.model import Due, Statement, StatementId
from steelyard.trade.settlement.terms import Cycle, agreed

# So that no step writes for longer than a second, whatever the number of merchants and of their entries.
STATEMENTS_PER_RUN_MAX = 100
ENTRIES_PER_STEP_MAX = 20_000
CODE_PREFIX = "ST"
# Before every shop.
BEGINNING = UUID(int=0)

# Runs and `withdraw` of a shop go one after the other: what a statement counts is what it takes. Locked in the order of
# their numbers, before anything is counted. The first of the two numbers of an advisory lock is `SHOP_LOCKS`.
SHOP_LOCKS = 0x5E771E
_LOCK = """
SELECT pg_advisory_xact_lock($2::integer, shop)
FROM (SELECT DISTINCT hashtext(m::text) AS shop FROM unnest($1::uuid[]) AS m ORDER BY 1) AS shops
"""

# What is counted and what is taken is of one instant: entries that come meanwhile wait for the next statement.
_ISSUE = """
WITH due AS (
    SELECT * FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::uuid[], $7::integer[], $8::integer[]
                       , $9::integer[], $10::text[])
        AS d (merchant_id, currency, statement_id, code, entry_id, rate, reserve_days, check_days, way)
), summed AS (
    SELECT d.merchant_id, d.currency, s.*
    FROM due d CROSS JOIN LATERAL (
        SELECT coalesce(sum(e.amount) FILTER (WHERE e.kind = 'sale'), 0) AS sales
             , -coalesce(sum(e.amount) FILTER (WHERE e.kind = 'commission'), 0) AS commission
             , -coalesce(sum(e.amount) FILTER (WHERE e.kind = 'refund'), 0) AS refunds
             , coalesce(sum(e.amount) FILTER (WHERE e.kind = 'commission_returned'), 0) AS commission_returned
             , coalesce(sum(e.amount) FILTER (WHERE e.kind = 'subsidy'), 0) AS subsidy
             , -coalesce(sum(e.amount) FILTER (WHERE e.kind = 'subsidy_returned'), 0) AS subsidy_returned
             , sum(e.amount) AS amount
        FROM (
            SELECT w.kind, w.amount FROM settlement_entries w
            WHERE w.merchant_id = d.merchant_id AND w.currency = d.currency AND w.statement_id IS NULL AND w.due_on <= $1
            UNION ALL
            SELECT g.kind, g.amount FROM settlement_entries g
            WHERE g.merchant_id = d.merchant_id AND g.statement_id = d.statement_id
        ) AS e
    ) AS s
    WHERE s.amount > 0
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
    FROM made m
    WHERE e.merchant_id = m.merchant_id AND e.currency = m.currency AND e.statement_id IS NULL AND e.due_on <= $1
), gathered AS (
    DELETE FROM settlement_drafts g USING made m WHERE (g.merchant_id, g.statement_id) = (m.merchant_id, m.statement_id)
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


class RunStep(msgspec.Struct, frozen=True):
    """What a step of the run has done: statements, or entries gathered for one. The next begins behind the shop `after`; without
    it the run has come to its end."""

    statements: list[Statement]
    after: UUID | None
    gathered: int = 0


class _Ahead(msgspec.Struct, frozen=True):
    """A shop with entries that are due, in the order of the walk. `large`: it has more of them than one step may write, or they
    are being gathered already. `last`: there is nobody behind it."""

    merchant_id: UUID
    large: bool
    last: bool


class _Issued(msgspec.Struct, frozen=True):
    """A statement, and what it kept in reserve."""

    statement: Statement
    reserved: int


async def run(tx: Tx, day: date, limit: int = STATEMENTS_PER_RUN_MAX) -> list[Statement]:
    """Issue statements for `day`, one per merchant and currency; returns those issued, of at most `limit` merchants.

    A statement takes all entries due on or before `day` whose sum is more than nothing. Where refunds weigh more
    than sales, or all comes to less than the shop's minimum, nothing is issued and the entries wait, to be set off against
    or added to what comes next; a shop that is paid on request waits for `withdraw`. What was agreed of a reserve is kept
    back. Said again for the same day it issues what was left, and never a second statement to the same merchant in the same
    currency. Two runs at the same time share the work or wait for each other; no entry is on two statements.
    """
    done = await step(tx, day, limit=limit)
    while not done.statements and done.after is not None:
        done = await step(tx, day, done.after, limit)
    return done.statements


async def step(tx: Tx, day: date, after: UUID = BEGINNING, limit: int = STATEMENTS_PER_RUN_MAX) -> RunStep:
    """What `run` does for the next shops behind `after`, with no more entries than `ENTRIES_PER_STEP_MAX`: as a transaction of
    its own it is over within a second. Killed between two steps, the run begins again and finds what is left."""
    while shops := await _ahead(tx, day, after, limit):
        small = [*takewhile(lambda shop: not shop.large, shops)]
        reached = small[-1] if small else shops[0]
        together = [shop.merchant_id for shop in small] or [reached.merchant_id]
        await _lock(tx, together)
        due = await _due(tx, day, together)
        if due and not small:
            due = await gathering.drafted(tx, due)
            taken = await gathering.gather(tx, reached.merchant_id, day, ENTRIES_PER_STEP_MAX)
            if taken == ENTRIES_PER_STEP_MAX:
                return RunStep([], after, taken)
        after = reached.merchant_id
        if due and (statements := await _settle(tx, day, due)):
            return RunStep(statements, None if reached.last else after)
        if reached.last:
            break
    return RunStep([], None)


async def withdraw(tx: Tx, merchant_id: UUID, currency: str, day: date) -> Statement:
    """A shop that is paid on request asks for all that is due to it. Raises `Invalid`: it is paid by itself, there is less
    than its minimum, or it was paid today already."""
    await _lock(tx, [merchant_id])
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
    if await gathering.under_way(tx, merchant_id, currency):
        raise Invalid({"currency": N_("Your statement is being made. Please look again in some minutes.")})
    if row["paid"]:
        raise Invalid({"currency": N_("There is a statement of today already. Please ask again tomorrow.")})
    if row["amount"] <= 0 or (currency == terms.currency and row["amount"] < terms.minimum):
        raise Invalid({"currency": N_("That is less than your shop is paid at least.")})
    due = Due(merchant_id, currency, terms.reserve_rate, terms.reserve_days, terms.check_days, terms.way)
    issued = await _settle(tx, day, [due])
    if not issued:
        raise Invalid({"currency": N_("There is a statement of today already. Please ask again tomorrow.")})
    return issued[0]


async def _settle(tx: Tx, day: date, due: Sequence[Due]) -> list[Statement]:
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


async def _lock(tx: Tx, merchant_ids: Sequence[UUID]) -> None:
    await tx.fetch(_LOCK, list(merchant_ids), SHOP_LOCKS)


async def _ahead(tx: Tx, day: date, after: UUID, limit: int) -> list[_Ahead]:
    """The next shops behind `after` with entries that are due or being gathered, as many as have so many entries together as a
    step may write; the first one always."""
    return await tx.all(
        _Ahead,
        """
        WITH entries AS (
            SELECT merchant_id FROM settlement_entries
            WHERE statement_id IS NULL AND due_on <= $1 AND merchant_id > $2
            ORDER BY merchant_id LIMIT $3 + 1
        ), shops AS (
            SELECT merchant_id, count(*) AS entries FROM entries GROUP BY merchant_id
            UNION ALL
            SELECT merchant_id, $3 + 1 FROM settlement_drafts WHERE merchant_id > $2
        ), walked AS (
            SELECT merchant_id, max(entries) > $3 AS large
                 , sum(sum(entries)) OVER (ORDER BY merchant_id) AS so_far
            FROM shops GROUP BY merchant_id
        )
        SELECT merchant_id, large
             , merchant_id = (SELECT max(merchant_id::text)::uuid FROM walked) AND (SELECT count(*) FROM entries) <= $3 AS last
        FROM walked WHERE so_far <= $3 OR large ORDER BY merchant_id LIMIT $4
        """,
        day,
        after,
        ENTRIES_PER_STEP_MAX,
        limit,
    )


async def _due(tx: Tx, day: date, merchant_ids: Sequence[UUID]) -> list[Due]:
    """Of these merchants, those with more to be paid than to be given back and no statement for the day yet, by currency. What
    is being gathered is to be paid, whatever has come meanwhile.
    A shop that is not open any more is paid whatever was agreed of a minimum."""
    return await tx.all(
        Due,
        """
        WITH waiting AS (
            SELECT e.merchant_id, e.currency, sum(e.amount) AS amount
            FROM settlement_entries e
            WHERE e.merchant_id = ANY($2) AND e.statement_id IS NULL AND e.due_on <= $1
            GROUP BY e.merchant_id, e.currency
        ), wanted AS (
            SELECT merchant_id, currency, w.amount, d.statement_id
            FROM waiting w FULL JOIN (SELECT * FROM settlement_drafts WHERE merchant_id = ANY($2)) AS d
                USING (merchant_id, currency)
        )
        SELECT w.merchant_id, w.currency, coalesce(t.reserve_rate, 0) AS reserve_rate
             , coalesce(t.reserve_days, 0) AS reserve_days, coalesce(t.check_days, 0) AS check_days
             , coalesce(t.way, 'direct') AS way, w.statement_id
        FROM wanted w
        LEFT JOIN merchants m ON m.merchant_id = w.merchant_id
        LEFT JOIN LATERAL (
            SELECT * FROM settlement_terms a WHERE a.merchant_id = w.merchant_id AND a.from_day <= $1
            ORDER BY a.from_day DESC LIMIT 1
        ) AS t ON true
        WHERE (w.statement_id IS NOT NULL OR (w.amount > 0
               AND (m.state <> 'open' OR t.cycle IS NULL
                    OR (t.cycle <> 'on_request' AND (w.currency <> t.currency OR w.amount >= t.minimum)))))
          AND NOT EXISTS (SELECT FROM statements s
                          WHERE (s.merchant_id, s.currency, s.day) = (w.merchant_id, w.currency, $1))
        ORDER BY w.merchant_id, w.currency
        """,
        day,
        list(merchant_ids),
    )


async def _issue(tx: Tx, day: date, due: Sequence[Due]) -> list[_Issued]:
    """Claim the statements with what the due entries come to, and put these on them; the shops are locked.

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
        [d.statement_id or StatementId(ids.mint()) for d in due],
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
