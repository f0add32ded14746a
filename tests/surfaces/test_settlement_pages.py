"""How shops are paid, on both consoles: terms, files, disputed lines, statements as PDF, what is expected when."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from litestar import Litestar

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import settlement
from steelyard.trade.settlement import Cycle, Statement, StatementState, Terms, Way, jobs
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.world import World
from tests.trade.settling import APPROVER, PAYER, state_of, today

__all__ = ["app", "chief", "database_url", "owner", "world"]

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def statement(db: Database, world: World) -> Statement:
    """A statement of the tea shop over one order, which is paid by file."""
    shop = MerchantId(world.tea.merchant_id)
    await db.transact(settlement.agree, shop, Terms(from_day=today(), way=Way.FILE, days=0), "staff:0")
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)
    [issued] = await db.transact(settlement.run, today() + timedelta(days=1))
    return issued


async def test_terms_are_agreed_from_a_day_on_and_called_off_before(db: Database, world: World, chief: Browser) -> None:
    shop = MerchantId(world.tea.merchant_id)
    here = f"/operator/merchants/{shop}/settlement"
    day = today() + timedelta(days=3)
    typed = {
        "from_day": day.isoformat(), "cycle": "weekly", "days": "2", "weekday": "5", "month_day": "", "minimum": "100",
        "reserve_rate": "2.5", "reserve_days": "30", "check_days": "3", "way": "file",
    }  # fmt: skip

    wrong = await chief.post(here, {**typed, "weekday": "", "reserve_rate": "51"})
    assert wrong.status_code == 422
    assert "Please choose a day of the week." in words(wrong)
    assert 'value="51"' in wrong.text, "what was typed is kept"
    await chief.post(here, typed)

    terms = (await db.ask(settlement.agreed, [shop])).on(shop, day)
    assert (terms.cycle, terms.weekday, terms.minimum, terms.reserve_rate) == (Cycle.WEEKLY, 5, 10_000, 25_000)
    page = words(await chief.get(here))
    assert "Every week, Friday" in page
    assert "planned" in page
    assert "Every day" in words(await chief.get(f"/operator/merchants/{shop}/money"))
    await chief.post(f"{here}/call-off", {"from_day": day.isoformat()})
    assert (await db.ask(settlement.agreed, [shop])).on(shop, day).from_day is None


async def test_a_payout_goes_out_in_a_file_that_two_people_make(
    db: Database, world: World, chief: Browser, statement: Statement
) -> None:
    await db.transact(settlement.set_payer, "CNY", PAYER)
    page = await chief.get("/operator/settlement/files/new", currency="CNY")
    assert statement.code in words(page)
    fields = {
        "batch_id": hidden(page, "batch_id"), "currency": "CNY", "pay_on": today().isoformat(),
        "statement": str(statement.statement_id),
    }  # fmt: skip
    nothing = await chief.post("/operator/settlement/files", {**fields, "batch_id": str(ids.mint()), "statement": ""})
    assert nothing.status_code == 422
    made = await chief.post("/operator/settlement/files", fields)
    here = made.headers["location"]

    alone = await chief.follow(await chief.post(f"{here}/approve", {}))
    assert "Please ask a colleague" in words(alone)
    batch_id = (await db.ask(settlement.batches)).items[0].batch_id
    await db.transact(settlement.approve_batch, batch_id, APPROVER)
    file = await chief.post(f"{here}/fetch", {"kind": "pain001"})
    form = await chief.post(f"{here}/fetch", {"kind": "gb18030"})

    assert file.headers["content-type"] == "application/xml"
    assert f"{statement.code}-1" in file.text
    assert statement.code in form.content.decode("gb18030")
    failed = await chief.follow(
        await chief.post(
            f"{here}/{statement.merchant_id}/{statement.statement_id}", {"verdict": "failed", "failure": "no account"}
        )
    )
    assert "no account" in words(failed)
    assert (await state_of(db, statement)).state is StatementState.FAILED
    assert statement.code in words(await chief.get("/operator/settlement/files/new", currency="CNY"))


async def test_the_banks_report_is_read_from_a_file(
    db: Database, world: World, chief: Browser, statement: Statement
) -> None:
    await db.transact(settlement.set_payer, "CNY", PAYER)
    batch = await db.transact(settlement.make_batch, ids.mint(), "CNY", today(), [statement.statement_id], "staff:1")
    await db.transact(settlement.approve_batch, batch.batch_id, APPROVER)
    await db.transact(settlement.fetch_batch, batch.batch_id, APPROVER)
    here = f"/operator/settlement/files/{batch.batch_id}"

    wrong = await chief.upload(f"{here}/report", {}, {"file": ("r.xml", b"<a/>")})
    assert wrong.status_code == 422
    assert "no payment status report" in words(wrong)
    report = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><OrgnlGrpInfAndSts>'
        f"<OrgnlMsgId>{batch.code}</OrgnlMsgId><GrpSts>ACSC</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
    )
    await chief.upload(f"{here}/report", {}, {"file": ("r.xml", report.encode())})

    assert (await state_of(db, statement)).state is StatementState.PAID
    page = await chief.get(f"/operator/settlement/{statement.merchant_id}/{statement.statement_id}")
    back = {"return_id": hidden(page, "return_id"), "reason": "account closed"}
    for _ in range(2):
        await chief.post(f"/operator/settlement/{statement.merchant_id}/{statement.statement_id}/sent-back", back)
    assert (await state_of(db, statement)).state is StatementState.FAILED


async def test_an_amount_is_traced_to_its_order_disputed_and_corrected(
    db: Database, world: World, app: Litestar, owner: Browser, chief: Browser, statement: Statement
) -> None:
    lines = (await db.ask(settlement.entries, statement.merchant_id, statement.statement_id)).items
    sale = next(line for line in lines if line.kind == "sale")
    here = f"/merchant/statements/{statement.statement_id}/entries/{sale.entry_id}"
    page = await owner.get(here)
    assert world.items["green"].title["en"] in words(page)
    for line in lines:
        answers = [
            await owner.get(f"/merchant/statements/{statement.statement_id}/entries/{line.entry_id}"),
            await chief.get(
                f"/operator/settlement/{statement.merchant_id}/{statement.statement_id}/entries/{line.entry_id}"
            ),
        ]
        assert [answer.status_code for answer in answers] == [200, 200], line.kind
    typed = {"dispute_id": hidden(page, "dispute_id"), "words": ""}
    assert (await owner.post(here, typed)).status_code == 422
    for _ in range(2):
        await owner.post(here, {**typed, "words": "It was more"})

    assert "It was more" in words(await chief.get("/operator/settlement/disputed"))
    there = f"/operator/settlement/{statement.merchant_id}/{statement.statement_id}/entries/{sale.entry_id}"
    answer = {"dispute_id": hidden(await chief.get(there), "dispute_id"), "direction": "more", "answer": "It was"}
    too_much = await chief.post(there, {**answer, "verdict": "corrected", "correction": "99999"})
    assert too_much.status_code == 422
    assert "It was" in too_much.text, "what was typed is kept"
    await chief.post(there, {**answer, "verdict": "corrected", "correction": "1.50"})

    assert "1.50" in words(await owner.get(here))
    assert [w.amount for w in await db.ask(settlement.waiting, statement.merchant_id)] == [150]
    stranger = await signed_in(app, world.tools.owner)
    assert (await stranger.get(here)).status_code == 404
    assert (await stranger.post(here, {**typed, "words": "Mine"})).status_code == 404
    await stranger.close()


async def test_a_statement_is_a_pdf_for_both(
    world: World, app: Litestar, owner: Browser, chief: Browser, statement: Statement
) -> None:
    own = f"/merchant/statements/{statement.statement_id}/statement.pdf"
    answers = [
        await owner.get(own),
        await chief.get(f"/operator/settlement/{statement.merchant_id}/{statement.statement_id}/statement.pdf"),
    ]

    for answer in answers:
        assert answer.headers["content-type"] == "application/pdf"
        assert f'filename="{statement.code}.pdf"' in answer.headers["content-disposition"]
        assert answer.content.startswith(b"%PDF-")
    stranger = await signed_in(app, world.tools.owner)
    assert (await stranger.get(own)).status_code == 404
    await stranger.close()


async def test_orders_say_when_they_are_paid_out(
    db: Database, world: World, owner: Browser, statement: Statement
) -> None:
    listed = words(await owner.get("/merchant/orders", state="all"))
    assert "on the statement of" in listed
    table = await owner.get("/merchant/orders", state="all", format="csv")
    [row] = csv.DictReader(io.StringIO(table.content.decode("utf-8-sig")))
    assert (row["Statement"], row["You get"]) == (statement.code, f"{statement.payout / 100:.2f}")


async def test_a_shop_asks_to_be_paid_where_that_is_agreed(db: Database, world: World, owner: Browser) -> None:
    shop = MerchantId(world.tea.merchant_id)
    await db.transact(
        settlement.agree, shop, Terms(from_day=today(), cycle=Cycle.ON_REQUEST, days=0, minimum=100), "staff:0"
    )
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])
    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)
    assert "Pay it out" in words(await owner.get("/merchant/money"))

    await owner.post("/merchant/money/withdraw", {"currency": "CNY"})

    [issued] = (await db.ask(settlement.statements_page, merchant_id=shop)).items
    assert issued.payout > 0
    told = words(await owner.get("/merchant/money"))
    assert "Pay it out" not in told
    assert "When the shop asks for it" in told


async def test_held_money_is_told_by_its_age(db: Database, world: World, chief: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])
    assert "was not counted yet" in words(await chief.get("/operator/settlement/held"))
    await db.transact(settlement.count_held, datetime.now(UTC) + timedelta(days=5))

    page = words(await chief.get("/operator/settlement/held"))

    assert f"4 to 7 days 1 CN¥{order.total / 100:.2f}" in page
    table = await chief.get("/operator/settlement/held", format="csv")
    assert f"{order.total / 100:.2f}" in table.content.decode("utf-8-sig")


async def test_a_sweep_counts_held_money_once(db: Database, world: World) -> None:
    await deal.paid(db, [(world.items["green"].sku_id, 1)])

    assert await jobs.count_held_today(db) == 0
    assert len(await db.ask(settlement.held_by_age)) == 1
