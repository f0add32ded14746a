"""The books as a bookkeeper reads them: chart, statements, months, entries by hand, files, the money position."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from litestar import Litestar

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.money import ledger
from steelyard.money.ledger import DatedTransfer
from steelyard.money.ledger.model import BOOKS_ZONE, AccountKind, Period, Transfer, month_of
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import World, account

BANK, OWN, COSTS = AccountKind.BANK_CASH, AccountKind.OWN_FUNDS, AccountKind.OTHER_COSTS


def last_month() -> Period:
    return Period.of(month_of(datetime.now(UTC)) - timedelta(days=1))


async def put_in(db: Database, amount: int = 500_000) -> tuple[UUID, UUID]:
    """The owners put money in last month; returns whose account it is, and the document."""
    bank, document = await db.transact(ledger.counterparty, "bank"), ids.mint()
    given = Transfer(
        owner_id=bank, debit=BANK, credit=OWN, amount=amount, currency="CNY", reason="by_hand_before", document=document
    )
    await db.transact(ledger.bulk_post, [DatedTransfer.of(given, last_month().begins + timedelta(days=2))])
    return bank, document


async def another(app: Litestar, db: Database, role: str = "operator_finance") -> Browser:
    person = await db.transact(account, "operator", "second", "Second", roles=[role])
    return await signed_in(app, person)


async def test_the_chart_says_what_every_account_is_for(db: Database, world: World, chief: Browser) -> None:
    await put_in(db)
    page = words(await chief.get("/operator/books/chart"))

    assert "Cash at bank" in page and "bank accounts." in page and "5,000.00" in page
    file = await chief.get("/operator/books/chart", format="csv")
    assert file.text.count("\r\n") == len(AccountKind) + 1


async def test_a_statement_opens_with_what_stood_there_and_closes_with_what_stands(
    db: Database, world: World, chief: Browser
) -> None:
    bank, _ = await put_in(db)
    asked = {"kind": "bank_cash", "currency": "CNY"}
    today = datetime.now(BOOKS_ZONE).date().isoformat()

    of_all = words(await chief.get("/operator/books/statement", **asked))
    before = await chief.get(
        "/operator/books/statement",
        **asked,
        **{"from": last_month().period.isoformat(), "to": today, "owner": str(bank)},
    )
    file = await chief.get(
        "/operator/books/statement", **asked, **{"from": last_month().period.isoformat(), "to": today, "format": "csv"}
    )

    assert "Nothing has moved" in of_all and of_all.count("5,000.00") == 2, "opening and closing of this month"
    assert "own funds" in words(before).lower()
    rows = file.text.strip("\r\n").split("\r\n")
    assert len(rows) == 4 and ",0.00," in rows[1] and ",5000.00," in rows[3]


async def test_a_month_is_closed_by_two_and_opened_again_for_a_reason(
    db: Database, app: Litestar, world: World, chief: Browser
) -> None:
    await put_in(db)
    base = f"/operator/books/months/{last_month().period:%Y-%m}"
    second = await another(app, db)

    await chief.post(f"{base}/propose")
    refused = await chief.post(f"{base}/confirm")
    assert refused.status_code == 403 and "Another person" in words(refused)
    await second.post(f"{base}/confirm")
    assert "Books closed" in words(await chief.get(base)) and "5,000.00" in words(await chief.get(base))
    assert f"{last_month().period:%Y-%m}" in words(await chief.get("/operator/books/months"))
    missing = await chief.post(f"{base}/reopen", {"words": " "})
    assert missing.status_code == 422 and "Please say why." in words(missing)
    await chief.post(f"{base}/reopen", {"words": "an invoice came late"})
    alone = await chief.post(f"{base}/reopen", {"do": "agree"})
    assert alone.status_code == 403 and "an invoice came late" in words(await second.get(base))
    await second.post(f"{base}/reopen", {"do": "leave"})
    assert "To be opened again" not in words(await chief.get(base))
    await chief.post(f"{base}/reopen", {"words": "an invoice came late"})
    await second.post(f"{base}/reopen", {"do": "agree"})

    page = words(await chief.get(base))
    assert "an invoice came late" in page
    states = {each.period: each.state for each in await db.ask(ledger.periods)}
    assert states[last_month().period] is ledger.PeriodState.OPEN
    assert (await chief.get("/operator/books/months/nothing")).status_code == 404


async def test_a_correction_begins_at_the_document_and_is_posted_by_another(
    db: Database, app: Litestar, world: World, chief: Browser
) -> None:
    _, document = await put_in(db)
    page = await chief.get(f"/operator/books/documents/{document}")
    href = re.search(r'href="(/operator/books/vouchers/new[^"]+)"', page.text)
    assert href is not None
    form = await chief.get(href[1].replace("&amp;", "&"))
    hidden = dict(re.findall(r'type="hidden" name="(owner|reverses|voucher_id)" value="([^"]+)"', form.text))

    wrong = await chief.post("/operator/books/vouchers/new", {**hidden, "amount": "12.345", "words": ""})
    assert wrong.status_code == 422 and "12.345" in wrong.text
    made = await chief.post(
        "/operator/books/vouchers/new",
        {**hidden, "amount": "4000", "debit": "bank_cash", "credit": "own_funds", "words": "the slip says 4,000"},
    )
    again = await chief.post(
        "/operator/books/vouchers/new",
        {**hidden, "amount": "4000", "debit": "bank_cash", "credit": "own_funds", "words": "the slip says 4,000"},
    )
    assert made.status_code == again.status_code == 303
    assert len((await db.ask(ledger.vouchers)).items) == 1, "the second click is the first"
    where = made.headers["location"]
    second = await another(app, db)
    await second.post(f"{where}/agree")

    lines = {line.kind: line.balance for line in await db.ask(ledger.trial_balance)}
    assert lines == {BANK: 400_000, OWN: 400_000}
    assert "Posted" in words(await chief.get(where)) and "4,000.00" in words(
        await chief.get("/operator/books/vouchers")
    )


async def test_what_is_typed_by_hand_is_kept_when_it_cannot_be_read(db: Database, world: World, chief: Browser) -> None:
    typed = {"owner": "", "currency": "CNY", "amount": "x", "debit": "bank_cash", "words": "rent"}
    refused = await chief.post("/operator/books/vouchers/new", typed)

    assert refused.status_code == 422 and "rent" in refused.text
    assert (await chief.post("/operator/books/vouchers/new", {"currency": "XXX"})).status_code == 422


async def test_the_journal_is_sent_as_csv_and_as_text_that_checks_itself(
    db: Database, world: World, chief: Browser
) -> None:
    await put_in(db)
    await deal.paid(db, [(world.items["green"].sku_id, 2)])
    query = {"from": last_month().period.isoformat(), "to": datetime.now(BOOKS_ZONE).date().isoformat()}

    csv = await chief.get("/operator/books/journal.csv", **query)
    text = await chief.get("/operator/books/journal.txt", **query)

    count = await db.ask(_count)
    assert csv.text.count("\r\n") == count + 1
    assert text.text.count(' * "') == count
    assert "Assets:BankCash  5000.00 CNY" in text.text
    page = words(await chief.get("/operator/books/export", **query))
    assert "not all closed" in page


async def _count(read: Read) -> int:
    return await read.value("SELECT count(*) FROM ledger_transfers")


async def test_the_money_position_explains_the_gap(db: Database, world: World, chief: Browser) -> None:
    await put_in(db)
    await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await db.transact(ledger.sum_days, datetime.now(BOOKS_ZONE).date())

    page = words(await chief.get("/operator/money"))

    assert "Cash less what is held" in page and "5,000.00" in page and "covered" in page
    assert "not covered" not in page and "Cash and money held" in page
    [held] = [each for each in await db.ask(_held) if each.currency == "CNY"]
    assert held.gap == sum(held.why.values()) == 500_000
    assert (await chief.get("/operator/money", format="csv")).text.count("\r\n") > 3
    assert "5,000.00" in words(await chief.get("/operator/money", at=datetime.now(BOOKS_ZONE).date().isoformat()))


async def _held(read: Read) -> list[ledger.Held]:
    return ledger.held_against_cash(await ledger.trial_balance(read), await ledger.chart(read))


async def test_who_may_only_read_the_books_changes_nothing(db: Database, app: Litestar, world: World) -> None:
    await put_in(db)
    reader = await another(app, db, "operator_service")
    base = f"/operator/books/months/{last_month().period:%Y-%m}"

    answers: list[httpx.Response] = [
        await reader.post(f"{base}/propose"),
        await reader.post("/operator/books/vouchers/new", {"words": "no"}),
        await reader.get("/operator/books/journal.csv"),
        await reader.get("/operator/money"),
    ]

    assert {each.status_code for each in answers} == {403}
