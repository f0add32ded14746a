"""Purses and gift cards: each movement once, never below nothing, always in the books."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.money import ledger, wallets
from steelyard.money.ledger.model import AccountKind
from steelyard.money.wallets import CardSpent, Cause, Move, Purse, SwitchedOff, WrongCode, cards, expiring
from steelyard.money.wallets.model import CardState
from steelyard.parties.customers.model import BuyerId
from tests.support.purses import filled, issued, left, switched_on

pytestmark = pytest.mark.asyncio


async def test_a_card_fills_a_balance_once(db: Database):
    await switched_on(db)
    _, (code,) = await issued(db, 5_000)
    buyer_id, other = BuyerId(ids.mint()), BuyerId(ids.mint())

    card = await db.transact(wallets.redeem, buyer_id, f" {code.lower().replace('-', ' ')} ")
    assert (await db.transact(wallets.redeem, buyer_id, code)).card_id == card.card_id, "a second click is harmless"
    with pytest.raises(CardSpent):
        await db.transact(wallets.redeem, other, code)

    assert (await left(db, buyer_id), await left(db, other)) == (5_000, 0)


async def test_of_a_code_only_its_hash_and_its_last_four_symbols_are_kept(db: Database):
    await switched_on(db)
    _, (code,) = await issued(db)

    row = await db.ask(_only_card)

    assert row["last4"] == code[-4:]
    assert code.replace("-", "") not in str(dict(row))


@pytest.mark.parametrize(
    "typed", ["", "0000-0000-0000-0000", "7K3M", "’; DROP TABLE gift_cards", "0" * 5_000, "０" * 16]
)
async def test_a_wrong_code_is_refused(db: Database, typed: str):
    await switched_on(db)
    await issued(db)

    with pytest.raises(WrongCode):
        await db.transact(wallets.redeem, BuyerId(ids.mint()), typed)


async def test_without_the_operators_switch_nothing_comes_in(db: Database):
    with pytest.raises(SwitchedOff):
        await issued(db)
    with pytest.raises(SwitchedOff):
        await db.transact(wallets.redeem, BuyerId(ids.mint()), "0000-0000-0000-0000")
    with pytest.raises(SwitchedOff):
        await db.transact(wallets.credit, ids.mint(), BuyerId(ids.mint()), 100, "CNY", "sorry", "staff:test")


@pytest.mark.parametrize(("sold", "paid_from"), [(True, AccountKind.BANK_CASH), (False, AccountKind.MARKETING_COST)])
async def test_what_is_owed_for_cards_ends_with_them(db: Database, sold: bool, paid_from: AccountKind):
    await switched_on(db)
    issue_id, codes = await issued(db, 1_000, 3, sold=sold)
    buyer_id = BuyerId(ids.mint())
    await db.transact(wallets.redeem, buyer_id, codes[0])

    assert len(await db.transact(wallets.withdraw, issue_id, [])) == 2
    assert await db.transact(wallets.withdraw, issue_id, []) == [], "said twice"

    owed = {each.kind: each.balance for each in await db.ask(ledger.balances, issue_id)}
    assert owed[AccountKind.GIFT_CARDS] == 0
    assert abs(owed[paid_from]) == 1_000
    with pytest.raises(CardSpent):
        await db.transact(wallets.redeem, buyer_id, codes[1])


async def test_cards_given_away_expire_and_their_cost_with_them(db: Database):
    await switched_on(db)
    issue_id, (code,) = await issued(db, 1_000, months=1)
    await db.transact(_a_year_passes)
    with pytest.raises(CardSpent):
        await db.transact(wallets.redeem, BuyerId(ids.mint()), code)

    assert await db.transact(cards.expire) == 1
    assert await db.transact(cards.expire) == 0

    assert {each.balance for each in await db.ask(ledger.balances, issue_id)} == {0}
    (card,) = (await db.ask(wallets.cards_of, issue_id)).items
    assert card.state is CardState.EXPIRED


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 0}, "amount"), ({"amount": 100_001}, "amount"), ({"cards": 0}, "cards"), ({"cards": 501}, "cards"),
        ({"sold": True, "months": 36}, "months"), ({"months": 0}, "months"), ({"name": ""}, "name"),
    ],
)  # fmt: skip
async def test_an_issue_that_cannot_be_is_refused_beside_its_field(db: Database, change: dict[str, object], field: str):
    await switched_on(db)
    wanted = {"name": "x", "amount": 100, "cards": 1, "sold": False, "months": None} | change

    with pytest.raises(Invalid) as refused:
        new = wallets.NewIssue(issue_id=wallets.IssueId(ids.mint()), currency="CNY", by="staff:test", **wanted)  # pyright: ignore[reportArgumentType] - as parametrized
        await db.transact(wallets.issue, new)
    assert set(refused.value.fields) == {field}


async def test_an_issue_said_twice_is_issued_once(db: Database):
    await switched_on(db)
    new = wallets.NewIssue(
        issue_id=wallets.IssueId(ids.mint()), name="x", amount=100, currency="CNY", cards=2, sold=False, months=None,
        by="staff:test",
    )  # fmt: skip

    assert len(await db.transact(wallets.issue, new)) == 2
    assert await db.transact(wallets.issue, new) == []
    with pytest.raises(NotFound):
        await db.transact(wallets.withdraw, wallets.IssueId(ids.mint()), [])


async def test_a_credit_is_given_once_for_a_reason(db: Database):
    await switched_on(db)
    credit_id, buyer_id = ids.mint(), BuyerId(ids.mint())

    assert await db.transact(wallets.credit, credit_id, buyer_id, 2_500, "CNY", "It came late", "staff:test")
    assert not await db.transact(wallets.credit, credit_id, buyer_id, 2_500, "CNY", "It came late", "staff:test")
    with pytest.raises(Invalid):
        await db.transact(wallets.credit, ids.mint(), buyer_id, 2_500, "CNY", "", "staff:test")

    (line,) = (await db.ask(wallets.statement, buyer_id)).items
    assert (line.cause, line.amount, line.after, line.note) == (Cause.CREDITED, 2_500, 2_500, "It came late")


async def test_twenty_who_spend_one_balance_at_once_spend_no_more_than_is_there(db: Database):
    buyer_id = await filled(db, 1_000)

    done = await asyncio.gather(*(db.transact(wallets.move, [_spent(buyer_id, 150)]) for _ in range(20)))

    assert sum(made for (made,) in done) == 6
    assert await left(db, buyer_id) == 100


async def test_without_the_lock_and_the_condition_the_same_race_is_lost(db: Database):
    """The control: whoever reads, waits and then writes what they read spends the same money several times."""
    buyer_id = await filled(db, 1_000)
    all_have_read = asyncio.Barrier(2)

    async def careless(tx: Tx) -> None:
        seen = await tx.value("SELECT amount FROM purses WHERE buyer_id = $1", buyer_id)
        await all_have_read.wait()
        await tx.execute("UPDATE purses SET amount = $2 WHERE buyer_id = $1", buyer_id, seen - 150)

    await asyncio.gather(*(db.transact(careless) for _ in range(2)))

    assert await left(db, buyer_id) == 850, "two were paid, and one was taken"
    await db.transact(_put_right, buyer_id)


async def test_movements_of_one_purse_in_one_go_count_one_after_the_other(db: Database):
    buyer_id = await filled(db, 1_000)

    assert await db.transact(wallets.move, [_spent(buyer_id, 700), _spent(buyer_id, 400), _spent(buyer_id, 300)]) == [
        True, False, True,
    ]  # fmt: skip
    assert await left(db, buyer_id) == 0


async def test_the_oldest_points_are_spent_first_and_the_others_stay(db: Database):
    buyer_id = BuyerId(ids.mint())
    await db.transact(wallets.move, [_earned(buyer_id, 300, months=-1), _earned(buyer_id, 500, months=20)])
    await db.transact(wallets.move, [_spent(buyer_id, 120, Purse.POINTS)])

    assert await db.transact(expiring.expire) == 1
    assert await db.transact(expiring.expire) == 0

    assert await left(db, buyer_id, Purse.POINTS) == 500, "180 of the 300 were left, and are gone"
    (newest, *_) = (await db.ask(wallets.statement, buyer_id)).items
    assert (newest.cause, newest.amount) == (Cause.EXPIRED, -180)


async def test_a_statement_is_read_in_pages_and_is_nobody_elses(db: Database):
    mine, other = await filled(db, 1_000), await filled(db, 7)
    for _ in range(5):
        await db.transact(wallets.move, [_spent(mine, 10)])

    first = await db.ask(wallets.statement, mine, None, 4)
    rest = await db.ask(wallets.statement, mine, first.next, 4)

    assert [line.after for line in (*first.items, *rest.items)] == [950, 960, 970, 980, 990, 1_000]
    assert rest.next is None
    assert [line.amount for line in (await db.ask(wallets.statement, other)).items] == [7]
    assert {line.amount for line in await db.ask(wallets.lines_of, [other])} == {7}


async def test_who_leaves_gives_up_what_is_left_once(db: Database):
    buyer_id, other = await filled(db, 1_000), await filled(db, 7)
    await filled(db, 50, Purse.POINTS, buyer_id)
    erasure = ids.mint()

    for _ in range(2):
        await db.transact(wallets.forget, [buyer_id], erasure)

    assert {each.amount for each in await db.ask(wallets.amounts, buyer_id)} == {0}
    assert await left(db, other) == 7


def _spent(buyer_id: BuyerId, amount: int, purse: Purse = Purse.BALANCE) -> Move:
    """Something taken out for no purchase: what the platform takes back."""
    return Move(
        buyer_id=buyer_id, purse=purse, currency="CNY", amount=-amount, cause=Cause.TAKEN_BACK, document=ids.mint()
    )


def _earned(buyer_id: BuyerId, amount: int, months: int) -> Move:
    return Move(
        buyer_id=buyer_id, purse=Purse.POINTS, currency="CNY", amount=amount, cause=Cause.EARNED, document=ids.mint(),
        expires_at=datetime.now(UTC) + timedelta(days=30 * months),
    )  # fmt: skip


async def _only_card(read: Read):
    (row,) = await read.fetch("SELECT * FROM gift_cards")
    return row


async def _a_year_passes(tx: Tx) -> None:
    await tx.execute("UPDATE gift_cards SET expires_at = expires_at - interval '1 year'")


async def _put_right(tx: Tx, buyer_id: BuyerId) -> None:
    await tx.execute("UPDATE purses SET amount = 1000 WHERE buyer_id = $1", buyer_id)
