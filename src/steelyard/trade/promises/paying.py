"""Paying what is owed: out of the shop's money, into the buyer's purse, once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx
from steelyard.money import ledger, wallets
from steelyard.money.ledger.model import AccountKind
from steelyard.money.wallets import FREE, Move, Purse
from steelyard.parties import policies
from steelyard.parties.policies.model import WALLETS
from steelyard.trade import discipline
from steelyard.trade.promises.events import Compensated
from steelyard.trade.promises.model import Owed


async def purse_now(read: Read) -> Purse:
    """Money where the operator keeps balances, points of the same worth where it does not (decision 0098)."""
    return Purse.BALANCE if await policies.number(read, WALLETS) else Purse.POINTS


async def pay(tx: Tx, owed: Sequence[Owed], by: str, now: datetime) -> None:
    """Write down what was decided of these lines of one shop, which is locked, and pay what is to be paid. What was decided
    before stays as it is."""
    new = await _new(tx, owed)
    due = [each for each in new if each.amount]
    purse = await purse_now(tx)
    await _lock(tx, due, purse)
    parts = [
        await discipline.charge(tx, each.merchant_id, each.order_id, each.document, each.amount, each.currency, by, now)
        for each in due
    ]
    done = await wallets.move(tx, [_move(each, purse, by) for each in due])
    assert all(done), "what was not decided before was not paid before"
    await _write(tx, new, purse, {each.document: part for each, part in zip(due, parts, strict=True)}, now)
    await events.publish(
        tx,
        *(
            Compensated(
                merchant_id=each.merchant_id,
                order_id=each.order_id,
                line=each.line,
                buyer_id=each.buyer_id,
                cause=each.cause,
                amount=each.amount,
                currency=each.currency,
                purse=purse,
                document=each.document,
            )
            for each in due
        ),
    )


async def _new(tx: Tx, owed: Sequence[Owed]) -> list[Owed]:
    """Those that nobody decided before; nobody else does while the shop is locked."""
    rows = await tx.fetch(
        """
        SELECT c.document FROM compensations c
        JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, document) USING (merchant_id, document)
        """,
        [each.merchant_id for each in owed],
        [each.document for each in owed],
    )
    known = {row["document"] for row in rows}
    return [each for each in owed if each.document not in known]


async def _lock(tx: Tx, due: Sequence[Owed], purse: Purse) -> None:
    """Purses before accounts, all of each in the order of their keys."""
    await wallets.lock(tx, sorted({(each.buyer_id, purse, each.currency) for each in due}))
    of_buyers = {(each.buyer_id, FREE[purse], each.currency) for each in due}
    of_shops = {(each.merchant_id, AccountKind.PAYABLE, each.currency) for each in due}
    if due:
        await ledger.lock_accounts(tx, sorted(of_buyers | of_shops))


def _move(each: Owed, purse: Purse, by: str) -> Move:
    return Move(
        buyer_id=each.buyer_id,
        purse=purse,
        currency=each.currency,
        amount=each.amount,
        cause=wallets.Cause.COMPENSATED,
        document=each.document,
        about=each.order_id,
        by=by,
    )


async def _write(tx: Tx, owed: Sequence[Owed], purse: Purse, from_deposit: dict[UUID, int], now: datetime) -> None:
    await tx.execute(
        """
        INSERT INTO compensations (merchant_id, order_id, line, cause, buyer_id, rule_id, case_id, basis, amount, currency
                                 , due_at, excuse, purse, from_deposit, document, at)
        SELECT *, $16::timestamptz
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], $8::bigint[]
                  , $9::bigint[], $10::text[], $11::timestamptz[], $12::text[], $13::text[], $14::bigint[], $15::uuid[])
        """,
        [each.merchant_id for each in owed],
        [each.order_id for each in owed],
        [each.line for each in owed],
        [each.cause for each in owed],
        [each.buyer_id for each in owed],
        [each.rule_id for each in owed],
        [each.case_id for each in owed],
        [each.basis for each in owed],
        [each.amount for each in owed],
        [each.currency for each in owed],
        [each.due_at for each in owed],
        [each.excuse for each in owed],
        [purse if each.amount else None for each in owed],
        [from_deposit.get(each.document, 0) for each in owed],
        [each.document for each in owed],
        now,
    )
