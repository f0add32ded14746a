"""A shop's deposit: asked for, paid in out of its balance or by bank transfer, returned when it has left.

It is an account of the shop in the books, and never below zero: the database refuses it.
"""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from steelyard.kernel import events, paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties import merchants, policies
from steelyard.parties.merchants.model import MerchantId, MerchantState
from steelyard.parties.policies.model import DEPOSIT_DAYS
from steelyard.trade import settlement
from steelyard.trade.discipline.events import DepositDemanded
from steelyard.trade.discipline.measures import ZONE
from steelyard.trade.discipline.model import Deposit, DepositStays, Movement, MovementKind, NotSoMuch
from steelyard.trade.settlement import EntryKind, NewEntry

RETURN_AFTER_DAYS = 30
REFERENCE_CHARACTERS_MAX = 64
SHOPS_PER_ROUND_MAX = 50
# Which accounts a movement takes from and gives to.
_WAYS: dict[MovementKind, tuple[AccountKind, AccountKind, str]] = {
    MovementKind.FROM_BALANCE: (AccountKind.PAYABLE, AccountKind.DEPOSIT, "deposit"),
    MovementKind.TRANSFER: (AccountKind.BANK_CASH, AccountKind.DEPOSIT, "deposit"),
    MovementKind.FINE: (AccountKind.DEPOSIT, AccountKind.FINES, "fine"),
    MovementKind.FINE_RETURNED: (AccountKind.FINES, AccountKind.DEPOSIT, "fine_returned"),
    MovementKind.RETURNED: (AccountKind.DEPOSIT, AccountKind.PAYABLE, "deposit_returned"),
    MovementKind.NETTED: (AccountKind.DEPOSIT, AccountKind.PAYABLE, "deposit_returned"),
    MovementKind.COMPENSATION: (AccountKind.DEPOSIT, AccountKind.COMPENSATION_CLEARING, "compensation"),
}


async def balance_of(read: Read, merchant_id: MerchantId, kind: AccountKind, currency: str) -> int:
    """What stands on an account of a shop."""
    found = await ledger.balances(read, merchant_id)
    return next((each.balance for each in found if each.kind is kind and each.currency == currency), 0)


async def deposit_of(read: Read, merchant_id: MerchantId) -> Deposit:
    """What a shop is asked for and has paid in. Raises `NotFound`."""
    merchant = await merchants.get(read, merchant_id)
    if merchant is None:
        raise NotFound()
    row = await read.row("SELECT required, by_category, due_on FROM deposit_terms WHERE merchant_id = $1", merchant_id)
    return Deposit(
        required=max(row["required"], row["by_category"]) if row else 0,
        own=row["required"] if row else 0,
        by_category=row["by_category"] if row else 0,
        balance=await balance_of(read, merchant_id, AccountKind.DEPOSIT, merchant.currency),
        currency=merchant.currency,
        due_on=row["due_on"] if row else None,
    )


async def movements(
    read: Read, merchant_id: MerchantId, cursor: str | None = None, limit: int | None = None
) -> Page[Movement]:
    """What went into a deposit and left it, the newest first."""
    at, movement_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Movement,
        """
        SELECT movement_id, kind, amount, currency, reference, at, by FROM deposit_movements
        WHERE merchant_id = $1 AND ($2::timestamptz IS NULL OR (at, movement_id) < ($2, $3::uuid))
        ORDER BY at DESC, movement_id DESC LIMIT $4
        """,
        merchant_id,
        at,
        movement_id,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.at, last.movement_id))


async def set_terms(tx: Tx, merchant_id: MerchantId, required: int, due_on: date | None, today: date) -> None:
    """Say how much deposit a shop is asked for, and until when what is missing is due (none: after the days of the setting).
    Raises `NotFound`, `Invalid`."""
    if required < 0:
        raise Invalid({"required": N_("A deposit is not negative")})
    if due_on is not None and due_on < today:
        raise Invalid({"due_on": N_("This day is over")})
    await lock(tx, merchant_id)
    deposit = await deposit_of(tx, merchant_id)
    await tx.execute(
        """
        INSERT INTO deposit_terms (merchant_id, required, currency) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id) DO UPDATE SET required = excluded.required, currency = excluded.currency
        """,
        merchant_id,
        required,
        deposit.currency,
    )
    await demand(tx, merchant_id, due_on or await due_from(tx, today), anew=due_on is not None)


async def pay_from_balance(tx: Tx, merchant_id: MerchantId, movement_id: UUID, amount: int, by: str) -> None:
    """A shop pays into its deposit out of what it is owed. Said twice with the same id, the second changes nothing.
    Raises `NotFound`, `Invalid`, `NotSoMuch`."""
    if amount <= 0:
        raise Invalid({"amount": N_("Please enter a positive number")})
    await lock(tx, merchant_id)
    deposit = await deposit_of(tx, merchant_id)
    if await _moved(tx, merchant_id, movement_id):
        return
    await ledger.lock_accounts(
        tx,
        [(merchant_id, kind, deposit.currency) for kind in (AccountKind.DEPOSIT, AccountKind.PAYABLE)],
    )
    if amount > await balance_of(tx, merchant_id, AccountKind.PAYABLE, deposit.currency):
        raise NotSoMuch()
    await shift(tx, merchant_id, movement_id, MovementKind.FROM_BALANCE, amount, deposit.currency, by)
    await enter(tx, merchant_id, movement_id, EntryKind.DEPOSIT, -amount, deposit.currency)
    await demand(tx, merchant_id, None)


async def record_transfer(
    tx: Tx, merchant_id: MerchantId, movement_id: UUID, amount: int, reference: str, by: str
) -> None:
    """Staff confirm that a shop's transfer has arrived at the bank, each reference once. Said twice with the same id, the
    second changes nothing. Raises `NotFound`, `Invalid`."""
    reference = read_transfer(amount, reference)
    await lock(tx, merchant_id)
    deposit = await deposit_of(tx, merchant_id)
    if await _moved(tx, merchant_id, movement_id):
        return
    await check_new(tx, merchant_id, reference)
    await shift(tx, merchant_id, movement_id, MovementKind.TRANSFER, amount, deposit.currency, by, reference)
    await demand(tx, merchant_id, None)


def read_transfer(amount: int, reference: str) -> str:
    """The reference of a transfer as it is kept. Raises `Invalid`."""
    reference = reference.strip()
    wrong: dict[str, str] = {}
    if amount <= 0:
        wrong["amount"] = N_("Please enter a positive number")
    if not reference or len(reference) > REFERENCE_CHARACTERS_MAX:
        wrong["reference"] = N_("Please enter the reference of the transfer, at most 64 characters")
    if wrong:
        raise Invalid(wrong)
    return reference


async def check_new(read: Read, merchant_id: MerchantId, reference: str) -> None:
    """Each transfer of a shop counts once, for its deposit or for what it owes. Raises `Invalid`."""
    if await read.value(
        """
        SELECT EXISTS (SELECT FROM deposit_movements WHERE merchant_id = $1 AND reference = $2 AND kind = 'transfer')
            OR EXISTS (SELECT FROM debt_payments WHERE merchant_id = $1 AND reference = $2)
        """,
        merchant_id,
        reference,
    ):
        raise Invalid({"reference": N_("This transfer has been recorded already")})


async def return_deposit(tx: Tx, merchant_id: MerchantId, movement_id: UUID, by: str, now: datetime) -> int:
    """Give a shop that has left its whole deposit back, onto its balance, which the next statement pays out; returns how
    much. Said twice, the second changes nothing. Raises `NotFound`, `DepositStays`, `NotSoMuch` when there is none."""
    await lock(tx, merchant_id)
    deposit = await deposit_of(tx, merchant_id)
    if await _moved(tx, merchant_id, movement_id):
        return 0
    state, since = await _closed_since(tx, merchant_id)
    open_cases = await tx.value(
        """
        SELECT EXISTS (SELECT FROM aftersales_cases WHERE merchant_id = $1 AND ended_at IS NULL)
            OR EXISTS (SELECT FROM aftersales_appeals WHERE merchant_id = $1 AND outcome IS NULL)
            OR EXISTS (SELECT FROM violations WHERE merchant_id = $1 AND appealed_at IS NOT NULL AND outcome IS NULL)
        """,
        merchant_id,
    )
    if state != MerchantState.CLOSED or open_cases or now < since + timedelta(days=RETURN_AFTER_DAYS):
        raise DepositStays(days=RETURN_AFTER_DAYS)
    if deposit.balance <= 0:
        raise NotSoMuch()
    amount = deposit.balance
    await shift(tx, merchant_id, movement_id, MovementKind.RETURNED, amount, deposit.currency, by)
    await enter(tx, merchant_id, movement_id, EntryKind.DEPOSIT_RETURNED, amount, deposit.currency)
    return amount


async def _closed_since(tx: Tx, merchant_id: MerchantId) -> tuple[str, datetime]:
    row = await tx.row(
        "SELECT to_state, at FROM merchant_history WHERE merchant_id = $1 ORDER BY step DESC LIMIT 1", merchant_id
    )
    assert row is not None, "a merchant has a history"
    return row["to_state"], row["at"]


async def lock(tx: Tx, merchant_id: MerchantId) -> None:
    """Nobody else moves this shop's deposit, points or state until the transaction ends. Raises `NotFound`."""
    await merchants.hold(tx, merchant_id)


async def _moved(tx: Tx, merchant_id: MerchantId, movement_id: UUID) -> bool:
    return bool(
        await tx.value(
            "SELECT true FROM deposit_movements WHERE merchant_id = $1 AND movement_id = $2", merchant_id, movement_id
        )
    )


async def shift(
    tx: Tx,
    merchant_id: MerchantId,
    movement_id: UUID,
    kind: MovementKind,
    amount: int,
    currency: str,
    by: str,
    reference: str = "",
) -> None:
    """Move money into a deposit or out of it, in the books and in its list; `amount` is positive either way."""
    debit, credit, reason = _WAYS[kind]
    await tx.execute(
        """
        INSERT INTO deposit_movements (merchant_id, movement_id, kind, amount, currency, reference, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        merchant_id,
        movement_id,
        kind,
        -amount if debit is AccountKind.DEPOSIT else amount,
        currency,
        reference,
        by,
    )
    await post(tx, merchant_id, movement_id, debit, credit, amount, currency, reason)


async def post(
    tx: Tx,
    merchant_id: MerchantId,
    document: UUID,
    debit: AccountKind,
    credit: AccountKind,
    amount: int,
    currency: str,
    reason: str,
) -> None:
    transfer = Transfer(
        owner_id=merchant_id,
        debit=debit,
        credit=credit,
        amount=amount,
        currency=currency,
        reason=reason,
        document=document,
    )
    await ledger.post(tx, [transfer])


async def enter(tx: Tx, merchant_id: MerchantId, document: UUID, kind: EntryKind, amount: int, currency: str) -> None:
    """Put it on the shop's next statement."""
    entry = NewEntry(
        merchant_id=merchant_id,
        order_id=None,
        document=document,
        kind=kind,
        amount=amount,
        currency=currency,
        earned_at=datetime.now(UTC),
    )
    await settlement.enter(tx, [entry], waits=False)


async def demand(tx: Tx, merchant_id: MerchantId, due_on: date | None, *, anew: bool = False) -> None:
    """Ask for what is missing by a day, which stays when it has been said already unless it is said `anew`; when nothing is
    missing, nothing is asked for, and what was held back goes on."""
    deposit = await deposit_of(tx, merchant_id)
    if not deposit.missing:
        await tx.execute("UPDATE deposit_terms SET due_on = NULL, told_on = NULL WHERE merchant_id = $1", merchant_id)
        await merchants.mark_deposit_short(tx, merchant_id, short=False)
        return
    if due_on is None or (deposit.due_on is not None and not anew):
        return
    await tx.execute("UPDATE deposit_terms SET due_on = $2, told_on = NULL WHERE merchant_id = $1", merchant_id, due_on)
    await merchants.mark_deposit_short(tx, merchant_id, short=False)
    await events.publish(
        tx,
        DepositDemanded(
            merchant_id=merchant_id,
            missing=deposit.missing,
            currency=deposit.currency,
            due_on=due_on.isoformat(),
            overdue=False,
        ),
    )


async def due_from(read: Read, today: date) -> date:
    """The day by which what is missing as of today is due."""
    return today + timedelta(days=await policies.number(read, DEPOSIT_DAYS))


async def demand_after_fine(tx: Tx, merchant_id: MerchantId, now: datetime) -> None:
    """A fine, or what the shop owed, has taken from the deposit: what is missing now is due after the days of
    the setting."""
    await demand(tx, merchant_id, await due_from(tx, now.astimezone(ZONE).date()))


async def settle_demand(tx: Tx, merchant_id: MerchantId) -> None:
    """Something came back into the deposit: perhaps nothing is missing any more."""
    await demand(tx, merchant_id, None)


async def note_overdue(tx: Tx, today: date) -> int:
    """Hold back new products of shops whose deposit was not topped up by its day; each is told once."""
    rows = await tx.fetch(
        """
        SELECT t.merchant_id FROM deposit_terms t JOIN merchants m USING (merchant_id)
        WHERE t.due_on < $1 AND t.told_on IS DISTINCT FROM t.due_on AND m.state <> 'closed'
        ORDER BY t.due_on, t.merchant_id LIMIT $2 FOR UPDATE OF m SKIP LOCKED
        """,
        today,
        SHOPS_PER_ROUND_MAX,
    )
    for row in rows:
        merchant_id = MerchantId(row["merchant_id"])
        deposit = await deposit_of(tx, merchant_id)
        if deposit.due_on is None or not deposit.missing:
            continue
        await merchants.mark_deposit_short(tx, merchant_id, short=True)
        await tx.execute("UPDATE deposit_terms SET told_on = due_on WHERE merchant_id = $1", merchant_id)
        await events.publish(
            tx,
            DepositDemanded(
                merchant_id=merchant_id,
                missing=deposit.missing,
                currency=deposit.currency,
                due_on=deposit.due_on.isoformat(),
                overdue=True,
            ),
        )
    return len(rows)
