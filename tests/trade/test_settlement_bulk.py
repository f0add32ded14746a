"""History that was paid elsewhere leaves nothing to pay out."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money import ledger, payments
from steelyard.money.ledger import DatedTransfer
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments import RecordedPayment, RecordedRefund, RefundId
from steelyard.trade import settlement
from steelyard.trade.settlement import EntryKind, NewEntry, StatementState
from tests.money.deals import Deal, at, balance, paid
from tests.trade.merchants import complete, open_shop

TODAY = date(2026, 11, 22)


def moved(deal: Deal, debit: AccountKind, credit: AccountKind, amount: int, reason: str, document: UUID) -> Transfer:
    return Transfer(
        owner_id=deal.merchants[0], debit=debit, credit=credit, amount=amount, currency=deal.currency,
        reason=reason, document=document,
    )  # fmt: skip


async def sold(db: Database, shop: UUID, amount: int, when: datetime, *, commission: int = 0, back: int = 0) -> None:
    """An order of the past, as an importer writes it: paid, released, entered; `back` of it refunded afterwards."""
    deal = Deal(amounts=(amount,), merchants=[shop])
    order = deal.orders[0]
    given = {
        "channel": "import",
        "currency": "CNY",
        "payment_id": deal.payment_id,
        "buyer_id": deal.buyer_id,
        "at": when,
    }
    payment = RecordedPayment(purchase_id=deal.purchase_id, amount=amount, splits=deal.splits, **given)
    refund = RecordedRefund(
        refund_id=RefundId(ids.mint()), merchant_id=shop, order_id=order, amount=back, reason="imported",
        out_of=AccountKind.PAYABLE, **given,
    )  # fmt: skip
    postings = [moved(deal, AccountKind.HELD, AccountKind.PAYABLE, amount, "released", order)]
    entries = [(EntryKind.SALE, amount, order), (EntryKind.COMMISSION, -commission, order)]
    if commission:
        postings.append(moved(deal, AccountKind.PAYABLE, AccountKind.COMMISSION, commission, "commission", order))
    if back:
        entries.append((EntryKind.REFUND, -back, refund.refund_id))
    await db.transact(payments.bulk_record, [payment], [refund] if back else [])
    await db.transact(ledger.bulk_post, [DatedTransfer.of(posting, when) for posting in postings])
    await db.transact(settlement.bulk_enter, [
        NewEntry(merchant_id=shop, order_id=order, document=document, kind=kind, amount=value, currency="CNY",
                 earned_at=when)
        for kind, value, document in entries
    ])  # fmt: skip


async def settle(db: Database, shop: UUID, months: int = 6) -> list[int]:
    written: list[int] = []
    while step := await db.transact(settlement.bulk_settled, shop, months):
        written.append(step)
    return written


async def of(db: Database, shop: UUID) -> list[settlement.Statement]:
    return (await db.ask(settlement.statements_page, merchant_id=shop)).items[::-1]


async def test_two_years_of_history_are_statements_paid_month_by_month(db: Database) -> None:
    shop = await open_shop(db)
    for month in range(1, 13):
        for year in (2010, 2011):
            await sold(db, shop, 1_000, datetime(year, month, 9, tzinfo=UTC), commission=100, back=50)

    assert await db.transact(settlement.run, TODAY) == []
    assert await settle(db, shop) == [6, 6, 6, 6]

    statements = await of(db, shop)
    assert [s.payout for s in [*statements, *(await db.ask(settlement.statements_page, merchant_id=shop)).items][:1]]
    assert {s.state for s in statements} == {StatementState.PAID}
    assert {(s.sales, s.commission, s.refunds, s.payout) for s in statements} == {(1_000, 100, 50, 850)}
    assert statements[-1].day == date(2011, 12, 31)
    assert await balance(db, shop, AccountKind.PAYABLE) == 0
    assert await balance(db, shop, AccountKind.BANK_CASH) == -24 * 850
    assert await db.transact(settlement.run, TODAY) == []
    assert await db.transact(settlement.to_pay, 10) == []
    assert await db.ask(settlement.waiting, shop) == []


async def test_a_month_of_returns_goes_with_the_next_that_makes_up_for_it(db: Database) -> None:
    shop = await open_shop(db)
    await sold(db, shop, 500, at("2011-01-31T15:59:59"))
    await sold(db, shop, 100, at("2011-02-10"), back=100)
    await sold(db, shop, 900, at("2011-03-10"))

    await settle(db, shop)

    assert [(s.day, s.payout) for s in await of(db, shop)] == [(date(2011, 1, 31), 500), (date(2011, 3, 31), 900)]


async def test_months_are_those_of_the_settlement_zone(db: Database) -> None:
    shop = await open_shop(db)
    await sold(db, shop, 500, at("2011-01-31T16:00:00"))

    await settle(db, shop)

    assert [s.day for s in await of(db, shop)] == [date(2011, 2, 28)]


async def test_nothing_was_paid_out_in_the_future(db: Database) -> None:
    shop = await open_shop(db)
    now = datetime.now(UTC)
    await sold(db, shop, 500, now - timedelta(minutes=1))

    await settle(db, shop)

    (statement,) = await of(db, shop)
    assert statement.paid_at is not None
    assert statement.paid_at <= datetime.now(UTC)


async def test_what_is_owed_at_the_end_is_set_off_against_new_sales(db: Database) -> None:
    shop = await open_shop(db)
    await sold(db, shop, 1_000, at("2011-01-10"))
    await settle(db, shop)
    await sold(db, shop, 300, at("2011-02-10"), commission=100, back=300)
    assert await settle(db, shop) == []

    await complete(db, await paid(db, Deal(amounts=(5_000,), merchants=[shop])))
    (issued,) = await db.transact(settlement.run, TODAY)

    assert issued.payout == 4_900


async def test_a_second_import_of_a_month_has_a_statement_of_its_own(db: Database) -> None:
    shop = await open_shop(db)
    for amount in (100, 200, 300):
        await sold(db, shop, amount, at("2011-01-10"))
        await settle(db, shop)

    assert sorted((s.day.day, s.payout) for s in await of(db, shop)) == [(29, 300), (30, 200), (31, 100)]
