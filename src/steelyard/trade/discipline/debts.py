"""What a shop owes that neither its sales nor its deposit pays: it is asked to pay it by transfer, reminded, and after its days
nothing new goes onto its shelf until it has paid. What is on sale stays, since sales pay, too.

What is owed is what waits for the next statement below zero, as far as the shop's payable is below zero as well; it is asked for
once the oldest of it has waited for the days of the setting (`netting` has asked the deposit by then).
"""

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import merchants, policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import DEBT_REMINDER, DEBT_RESTRICTS, OWED_DAYS
from steelyard.trade.discipline.deposits import balance_of, check_new, enter, lock, post, read_transfer
from steelyard.trade.discipline.events import DebtClaimed
from steelyard.trade.discipline.measures import ZONE
from steelyard.trade.settlement import EntryKind

SHOPS_PER_ROUND_MAX = 50
DEBTS_SHOWN_MAX = 100
PAYMENTS_SHOWN_MAX = 12


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` in minor units; after `holds_on` nothing new goes onto the shelf, and does not now where it `restricts`."""

    merchant_id: MerchantId
    currency: str
    amount: int
    claimed_on: date
    told_on: date | None
    restricts: bool
    holds_on: date


class _Owed(msgspec.Struct, frozen=True):
    merchant_id: UUID
    currency: str
    amount: int


async def debts(read: Read, merchant_id: MerchantId | None = None) -> list[Debt]:
    """What a shop was asked to pay and has not, by currency; without a shop, what all were, the oldest first."""
    return await read.all(
        Debt,
        """
        SELECT merchant_id, currency, amount, claimed_on, told_on, restricts, claimed_on + $2::integer AS holds_on
        FROM debts WHERE $1::uuid IS NULL OR merchant_id = $1
        ORDER BY claimed_on, merchant_id, currency LIMIT $3
        """,
        merchant_id,
        await policies.number(read, DEBT_RESTRICTS),
        DEBTS_SHOWN_MAX,
    )


class DebtPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer by which a shop paid what it owed."""

    amount: int
    currency: str
    reference: str
    at: datetime
    by: str


async def debt_payments(read: Read, merchant_id: MerchantId, currency: str) -> list[DebtPayment]:
    """What a shop has paid of its debts in a currency, the latest first."""
    return await read.all(
        DebtPayment,
        """
        SELECT amount, currency, reference, at, by FROM debt_payments
        WHERE merchant_id = $1 AND currency = $2 ORDER BY at DESC, payment_id LIMIT $3
        """,
        merchant_id,
        currency,
        PAYMENTS_SHOWN_MAX,
    )


async def pay_debt(
    tx: Tx, merchant_id: MerchantId, payment_id: UUID, currency: str, amount: int, reference: str, by: str
) -> bool:
    """Staff confirm that a shop's transfer for what it owes has arrived, each reference once; what it holds back goes on at once
    when all is paid. What is more than was owed goes out with the next statement. False: it was said already.

    Raises `NotFound`, `Invalid`.
    """
    reference = read_transfer(amount, reference)
    await lock(tx, merchant_id)
    if await tx.value(
        "SELECT true FROM debt_payments WHERE merchant_id = $1 AND payment_id = $2", merchant_id, payment_id
    ):
        return False
    await check_new(tx, merchant_id, reference)
    await ledger.lock_accounts(tx, [(merchant_id, AccountKind.PAYABLE, currency)])
    if await balance_of(tx, merchant_id, AccountKind.PAYABLE, currency) >= 0:
        raise Invalid({"amount": N_("This shop owes nothing.")})
    await tx.execute(
        """
        INSERT INTO debt_payments (merchant_id, payment_id, amount, currency, reference, by) VALUES ($1, $2, $3, $4, $5, $6)
        """,
        merchant_id,
        payment_id,
        amount,
        currency,
        reference,
        by,
    )
    bank, payable = AccountKind.BANK_CASH, AccountKind.PAYABLE
    await post(tx, merchant_id, payment_id, bank, payable, amount, currency, "debt_paid")
    await enter(tx, merchant_id, payment_id, EntryKind.DEBT_PAID, amount, currency)
    left = -await balance_of(tx, merchant_id, payable, currency)
    await _keep(tx, _Owed(merchant_id, currency, max(0, left)), None)
    return True


async def follow_debts(tx: Tx, now: datetime) -> int:
    """Bring what shops are asked to pay in line with what they owe, remind them, and hold new products back; returns of how
    many shops it changed something. Said twice on a day, the second changes nothing."""
    today = now.astimezone(ZONE).date()
    changed = await _changed(tx, now)
    for merchant_id in dict.fromkeys(each.merchant_id for each in changed):
        await lock(tx, MerchantId(merchant_id))
        for each in await _changed(tx, now, merchant_id):  # it may have paid before it was held
            await _keep(tx, each, today)
    return len(changed) + await _remind(tx, today)


async def _changed(tx: Tx, now: datetime, merchant_id: UUID | None = None) -> list[_Owed]:
    """What differs from what is written down, of all shops or of one: newly owed, more, less, or (0) nothing any more."""
    return await tx.all(
        _Owed,
        """
        WITH owed AS (
            SELECT e.merchant_id, e.currency
                 , least(-sum(e.amount), (SELECT a.debits - a.credits FROM ledger_accounts a
                     WHERE (a.owner_id, a.kind, a.currency) = (e.merchant_id, 'payable', e.currency)))::bigint AS amount
            FROM settlement_entries e WHERE e.statement_id IS NULL AND ($3::uuid IS NULL OR e.merchant_id = $3)
            GROUP BY e.merchant_id, e.currency
            HAVING sum(e.amount) < 0 AND (min(e.earned_at) FILTER (WHERE e.amount < 0) <= $1
                   OR EXISTS (SELECT FROM debts d WHERE (d.merchant_id, d.currency) = (e.merchant_id, e.currency)))
        )
        SELECT merchant_id, currency, greatest(0, coalesce(o.amount, 0)) AS amount
        FROM (SELECT * FROM owed WHERE amount > 0) o FULL JOIN debts d USING (merchant_id, currency)
        WHERE coalesce(o.amount, 0) <> coalesce(d.amount, 0) AND ($3::uuid IS NULL OR merchant_id = $3)
        ORDER BY merchant_id, currency LIMIT $2
        """,
        now - timedelta(days=await policies.number(tx, OWED_DAYS)),
        SHOPS_PER_ROUND_MAX,
        merchant_id,
    )


async def _keep(tx: Tx, owed: _Owed, today: date | None) -> None:
    """Write down what a locked shop owes; a debt is opened only on a day on which it is asked for."""
    if not owed.amount:
        await tx.execute("DELETE FROM debts WHERE merchant_id = $1 AND currency = $2", owed.merchant_id, owed.currency)
        await _let_go(tx, MerchantId(owed.merchant_id))
        return
    if today is None:
        await tx.execute(
            "UPDATE debts SET amount = $3 WHERE merchant_id = $1 AND currency = $2",
            owed.merchant_id,
            owed.currency,
            owed.amount,
        )
        return
    await tx.execute(
        """
        INSERT INTO debts (merchant_id, currency, amount, claimed_on) VALUES ($1, $2, $3, $4)
        ON CONFLICT (merchant_id, currency) DO UPDATE SET amount = excluded.amount
        """,
        owed.merchant_id,
        owed.currency,
        owed.amount,
        today,
    )


async def _let_go(tx: Tx, merchant_id: MerchantId) -> None:
    """New products are held back no more, unless by a debt in another currency."""
    if not await tx.value("SELECT EXISTS (SELECT FROM debts WHERE merchant_id = $1 AND restricts)", merchant_id):
        await merchants.mark_in_debt(tx, merchant_id, overdue=False)


async def _remind(tx: Tx, today: date) -> int:
    """Ask for what was not asked for yet, remind of the rest, and hold back new products of who was asked long ago."""
    after = await policies.number(tx, DEBT_RESTRICTS)
    due = await tx.all(
        Debt,
        """
        SELECT d.merchant_id, d.currency, d.amount, d.claimed_on, d.told_on, d.restricts, d.claimed_on + $2::integer AS holds_on
        FROM debts d JOIN merchants m USING (merchant_id)
        WHERE m.state <> 'closed'
          AND (d.told_on IS NULL OR d.told_on + $3::integer <= $1 OR (NOT d.restricts AND d.claimed_on + $2::integer < $1))
        ORDER BY d.merchant_id, d.currency LIMIT $4 FOR UPDATE OF m SKIP LOCKED
        """,
        today,
        after,
        await policies.number(tx, DEBT_REMINDER),
        SHOPS_PER_ROUND_MAX,
    )
    for each in due:
        overdue = each.holds_on < today
        await tx.execute(
            "UPDATE debts SET told_on = $3, restricts = $4 WHERE merchant_id = $1 AND currency = $2",
            each.merchant_id,
            each.currency,
            today,
            overdue,
        )
        if overdue:
            await merchants.mark_in_debt(tx, each.merchant_id, overdue=True)
        elif each.restricts:  # it has more days now than when it was held back
            await _let_go(tx, each.merchant_id)
        await events.publish(
            tx,
            DebtClaimed(
                merchant_id=each.merchant_id,
                amount=each.amount,
                currency=each.currency,
                holds_on=each.holds_on.isoformat(),
                overdue=overdue,
            ),
        )
    return len(due)
