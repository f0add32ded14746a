"""Entries that people write by hand: four eyes, and a correction names what it reverses."""

import asyncio
from uuid import UUID

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.money import ledger
from steelyard.money.ledger.model import (
    AccountKind,
    AlreadyReversed,
    NotByHand,
    SecondPerson,
    Transfer,
    TransferId,
    VoucherId,
    VoucherState,
    WouldOverdraw,
)
from tests.money.deals import balance

ANN, BEN = "staff:ann", "staff:ben"
BANK, FEES, COSTS = AccountKind.BANK_CASH, AccountKind.CHANNEL_FEES, AccountKind.OTHER_COSTS
OWN = AccountKind.OWN_FUNDS


async def a_fee(db: Database, owner: UUID, amount: int = 900, reason: str = "bank_fee") -> TransferId:
    document = ids.mint()
    wrong = Transfer(
        owner_id=owner, debit=FEES, credit=BANK, amount=amount, currency="CNY", reason=reason, document=document
    )  # fmt: skip
    await db.transact(ledger.post, [wrong])
    return (await db.ask(ledger.transfers_of, [document]))[0].transfer_id


async def propose(
    db: Database, owner: UUID, *, reverses: TransferId | None = None, entry: ledger.VoucherEntry | None = None,
    words: str = "the bank's charge, not the channel's",
) -> VoucherId:  # fmt: skip
    voucher_id = VoucherId(ids.mint())
    await db.transact(
        ledger.propose_voucher, voucher_id, owner, "CNY", reverses=reverses, entry=entry, words=words, by=ANN
    )
    return voucher_id


async def test_a_correction_reverses_what_it_names_and_books_what_is_right(db: Database) -> None:
    owner = await db.transact(ledger.counterparty, "a bank")
    wrong = await a_fee(db, owner)
    right = ledger.VoucherEntry(debit=COSTS, credit=BANK, amount=890)

    voucher_id = await propose(db, owner, reverses=wrong, entry=right)
    assert await balance(db, owner, FEES) == 900, "nothing is booked before another agrees"
    with pytest.raises(SecondPerson):
        await db.transact(ledger.agree_voucher, owner, voucher_id, ANN)
    done = await db.transact(ledger.agree_voucher, owner, voucher_id, BEN)

    assert done.state is VoucherState.POSTED and done.reverses == wrong
    assert [await balance(db, owner, kind) for kind in (FEES, COSTS, BANK)] == [0, 890, -890]
    with pytest.raises(AlreadyReversed):
        await propose(db, owner, reverses=wrong)
    with pytest.raises(TransitionRefused):
        await db.transact(ledger.agree_voucher, owner, voucher_id, BEN)


async def test_what_others_count_on_is_not_corrected_by_hand(db: Database) -> None:
    owner, document = await db.transact(ledger.counterparty, "a bank"), ids.mint()
    held = Transfer(
        owner_id=owner, debit=AccountKind.ORDER_CLEARING, credit=AccountKind.HELD, amount=5, currency="CNY",
        reason="allotted", document=document,
    )  # fmt: skip

    async def tried(tx: Tx) -> None:
        await ledger.post(tx, [held])
        [moved] = await ledger.transfers_of(tx, [document])
        with pytest.raises(NotByHand):
            await ledger.propose_voucher(
                tx, VoucherId(ids.mint()), owner, "CNY", reverses=moved.transfer_id, entry=None, words="no", by=ANN
            )
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await db.transact(tried)
    with pytest.raises(NotByHand):
        await propose(db, owner, entry=ledger.VoucherEntry(debit=BANK, credit=AccountKind.PAYABLE, amount=5))
    with pytest.raises(NotFound):
        await propose(db, await db.transact(ledger.counterparty, "another"), reverses=await a_fee(db, owner))
    with pytest.raises(Invalid):
        await propose(db, owner, entry=ledger.VoucherEntry(debit=BANK, credit=BANK, amount=5))
    with pytest.raises(Invalid):
        await propose(db, owner, entry=ledger.VoucherEntry(debit=BANK, credit=OWN, amount=5), words=" ")
    with pytest.raises(Invalid):
        await propose(db, owner)
    with pytest.raises(NotByHand, match="entry_not_by_hand"):
        await propose(db, ids.mint(), entry=ledger.VoucherEntry(debit=BANK, credit=OWN, amount=5))


@pytest.mark.parametrize("reason", ["channel_fees", "difference_fee", "difference_fee_reversed"])
async def test_what_a_statement_has_booked_is_not_booked_back_twice(db: Database, reason: str) -> None:
    """It is when the statement is withdrawn, or the difference taken back."""
    owner = await db.transact(ledger.counterparty, "a bank")
    booked = await a_fee(db, owner, reason=reason)

    with pytest.raises(NotByHand):
        await propose(db, owner, reverses=booked)


async def test_one_that_is_declined_books_nothing_and_lets_another_be_proposed(db: Database) -> None:
    owner = await db.transact(ledger.counterparty, "a bank")
    wrong = await a_fee(db, owner)
    voucher_id = await propose(db, owner, reverses=wrong)
    assert await db.ask(ledger.vouchers_waiting) == 1

    await db.transact(ledger.decline_voucher, owner, voucher_id, "it is right", BEN)

    assert await db.ask(ledger.vouchers_waiting) == 0
    assert await balance(db, owner, FEES) == 900
    again = await propose(db, owner, reverses=wrong)
    assert (await db.ask(ledger.vouchers)).items[0].voucher_id == again
    assert len((await db.ask(ledger.vouchers, None, 1)).items) == 1


async def test_of_two_who_agree_at_once_one_does(db: Database) -> None:
    owner = await db.transact(ledger.counterparty, "a bank")
    voucher_id = await propose(db, owner, entry=ledger.VoucherEntry(debit=BANK, credit=OWN, amount=5_000))

    done = await asyncio.gather(
        *(db.transact(ledger.agree_voucher, owner, voucher_id, who) for who in (BEN, "staff:cy")),
        return_exceptions=True,
    )

    assert sorted(type(each).__name__ for each in done) == ["TransitionRefused", "Voucher"]
    assert await balance(db, owner, OWN) == 5_000


async def test_every_kind_says_in_both_languages_what_it_is_for(db: Database) -> None:
    chart = await db.ask(ledger.chart)

    missing = set(AccountKind) - {line.kind for line in chart}
    assert not missing, f"add {missing} to ledger_chart in money/ledger/schema.sql: what is it for?"
    assert all(line.purpose.get(locale) for line in chart for locale in ("zh-Hans", "en"))
    usual = {"asset": "debit", "expense": "debit", "liability": "credit", "income": "credit", "equity": "credit"}
    assert [line.kind for line in chart if line.normal != usual[line.class_]] == []


async def test_held_money_beside_cash_and_the_gap_is_explained(db: Database) -> None:
    moves = [
        (AccountKind.CHANNEL_CASH, AccountKind.TRANSFERS_RECEIVED, 10_000),
        (AccountKind.CHANNEL_FEES, AccountKind.CHANNEL_CASH, 60),
        (AccountKind.TRANSFERS_RECEIVED, AccountKind.COMMISSION, 700),
        (AccountKind.MARKETING_COST, AccountKind.POINTS, 30),
    ]
    found: list[ledger.Held] = []

    async def looked_at(tx: Tx) -> None:
        owner = ids.mint()
        await ledger.post(tx, [_moved(owner, *move) for move in moves])
        found.extend(ledger.held_against_cash(await ledger.trial_balance(tx), await ledger.chart(tx)))
        raise InterruptedError  # no payment is behind them, and the checks would say so

    with pytest.raises(InterruptedError):
        await db.transact(looked_at)

    [held] = found
    assert held.cash == {AccountKind.CHANNEL_CASH: 9_940}
    assert held.buyers == {AccountKind.TRANSFERS_RECEIVED: 9_300}
    assert held.gap == 640 == sum(held.why.values())
    assert held.why == {
        AccountKind.COMMISSION: 700,
        AccountKind.CHANNEL_FEES: -60,
        AccountKind.MARKETING_COST: -30,
        AccountKind.POINTS: 30,
    }


async def test_no_account_is_taken_below_zero_by_hand(db: Database) -> None:
    """Deposits cannot be written on by hand; were they, the database would refuse it."""
    owner = await db.transact(ledger.counterparty, "a bank")
    await db.transact(
        lambda tx: tx.execute("UPDATE ledger_chart SET by_hand = true WHERE kind IN ('deposit', 'bank_cash')")
    )
    voucher_id = await propose(db, owner, entry=ledger.VoucherEntry(debit=AccountKind.DEPOSIT, credit=BANK, amount=5))
    with pytest.raises(WouldOverdraw):
        await db.transact(ledger.agree_voucher, owner, voucher_id, BEN)


def _moved(owner: UUID, debit: AccountKind, credit: AccountKind, amount: int) -> Transfer:
    return Transfer(
        owner_id=owner, debit=debit, credit=credit, amount=amount, currency="CNY", reason="test", document=ids.mint()
    )  # fmt: skip
