"""Red letters: what was issued is taken back when money goes back or another title is wanted; never is more on paper than was
kept. And the files for tax software."""

import io
from datetime import UTC, datetime

import msgspec
import pytest
from openpyxl import load_workbook

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.trade import invoices, orders
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.invoices import tables
from steelyard.trade.invoices.jobs import remind
from steelyard.trade.invoices.model import (
    Invoice,
    InvoiceId,
    InvoiceState,
    NumberTaken,
    RedFirst,
    RedLetterDue,
    Terms,
    Title,
)
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.world import World
from tests.trade.test_invoices import COMPANY, FILE, PERSON, TODAY, asked, found, issued, one_paid

SPECIAL = msgspec.structs.replace(
    COMPANY,
    special=True,
    address="某市某路 1 号",
    phone="021-00000000",
    bank="某银行某支行",
    account="6222000000000000",
)


async def on_paper(db: Database, world: World, pieces: int = 3) -> tuple[Order, InvoiceId]:
    """An order that was sent and invoiced."""
    order = await one_paid(db, world, pieces)
    invoice_id = await asked(db, order)
    await issued(db, order, invoice_id, f"24310000000{len(await all_of(db, order)):09d}"[:20])
    await deal.shipped(db, order)
    return order, invoice_id


async def all_of(db: Database, order: Order) -> list[Invoice]:
    """The first first."""
    return (await db.ask(invoices.invoices_of_orders, [(order.merchant_id, order.order_id)]))[order.order_id][::-1]


async def red_of(db: Database, order: Order) -> Invoice:
    [red] = [each for each in await all_of(db, order) if each.reverses and each.state is InvoiceState.REQUESTED]
    return red


def says(found_now: list[Invoice]) -> int:
    """What is on paper, in the end."""
    return sum(each.left for each in found_now if each.number and each.reverses is None)


async def test_a_refund_makes_a_red_letter_for_its_part(shop: Database, world: World):
    order, blue = await on_paper(shop, world)
    for _ in range(2):  # two refunds before the shop gets to it are one red letter
        await deal.refunded(shop, order, Returned(1, 1))
        await deal.at_rest(shop)
    kept = (await deal.again(shop, order)).kept
    red = await red_of(shop, order)
    assert (red.amount, red.reverses, red.original) == (
        order.total - kept,
        blue,
        (await found(shop, order, blue)).number,
    )
    assert (await found(shop, order, blue)).state is InvoiceState.OUTDATED

    await issued(shop, order, red.invoice_id, "24310000000000000099")

    after = await found(shop, order, blue)
    assert (after.state, after.left) == (InvoiceState.ISSUED, kept)
    await deal.refunded(shop, order, Returned(1, 1), freight=order.freight)
    await deal.at_rest(shop)
    await issued(shop, order, (await red_of(shop, order)).invoice_id, "24310000000000000100")
    assert (await found(shop, order, blue)).state is InvoiceState.REVERSED
    assert says(await all_of(shop, order)) == 0


async def test_another_title_takes_the_first_back_whole_and_comes_after_it(shop: Database, world: World):
    order, blue = await on_paper(shop, world)
    new = InvoiceId(ids.mint())
    for _ in range(2):
        await shop.transact(invoices.reissue, order.merchant_id, order.order_id, new, PERSON, "buyer")
    with pytest.raises(RedFirst):
        await issued(shop, order, new, "24310000000000000011")
    red = await red_of(shop, order)
    assert red.amount == order.total
    with pytest.raises(RedLetterDue):
        await shop.transact(invoices.withdraw, order.merchant_id, red.invoice_id, "buyer")
    with pytest.raises(RedLetterDue):
        await shop.transact(invoices.refuse, order.merchant_id, red.invoice_id, "No", "staff:1")

    await issued(shop, order, red.invoice_id, "24310000000000000012")
    with pytest.raises(NumberTaken):
        await issued(shop, order, new, "24310000000000000012")
    await issued(shop, order, new, "24310000000000000013")

    assert (await found(shop, order, blue)).state is InvoiceState.REVERSED
    assert (await found(shop, order, new)).name == PERSON.name
    assert says(await all_of(shop, order)) == order.total


@pytest.mark.parametrize("how", ["withdrawn", "refused"])
async def test_who_changes_their_mind_keeps_the_first(shop: Database, world: World, how: str):
    order, blue = await on_paper(shop, world)
    new = InvoiceId(ids.mint())
    await shop.transact(invoices.reissue, order.merchant_id, order.order_id, new, PERSON, "buyer")
    red = await red_of(shop, order)
    if how == "withdrawn":
        await shop.transact(invoices.withdraw, order.merchant_id, new, "buyer")
    else:
        await shop.transact(invoices.refuse, order.merchant_id, new, "No", "staff:1")
    assert (await found(shop, order, blue)).state is InvoiceState.ISSUED
    assert (await found(shop, order, red.invoice_id)).state is InvoiceState.WITHDRAWN


async def test_a_refund_while_another_title_waits_leaves_both_right(shop: Database, world: World):
    order, _ = await on_paper(shop, world)
    new = InvoiceId(ids.mint())
    await shop.transact(invoices.reissue, order.merchant_id, order.order_id, new, SPECIAL, "buyer")
    await deal.refunded(shop, order, Returned(1, 2))
    await deal.at_rest(shop)
    kept = (await deal.again(shop, order)).kept
    red = await red_of(shop, order)
    assert (red.amount, (await found(shop, order, new)).amount) == (order.total, kept)
    await issued(shop, order, red.invoice_id, "24310000000000000021")
    await issued(shop, order, new, "24310000000000000022")
    assert says(await all_of(shop, order)) == kept


@pytest.mark.parametrize(
    ("title", "fields"),
    [
        (Title(name="张三", special=True), {"special", "address", "phone", "bank", "account"}),
        (msgspec.structs.replace(SPECIAL, bank=" "), {"bank"}),
        (msgspec.structs.replace(SPECIAL, address="x" * 101), {"address"}),
    ],
)
async def test_a_special_invoice_needs_all_of_a_company(shop: Database, world: World, title: Title, fields: set[str]):
    order = await one_paid(shop, world)
    with pytest.raises(Invalid) as refused:
        await asked(shop, order, title)
    assert set(refused.value.fields) == fields
    kept = await found(shop, order, await asked(shop, order, SPECIAL))
    assert (kept.special, kept.bank, kept.account) == (True, SPECIAL.bank, SPECIAL.account)


async def test_a_number_may_come_before_the_file(shop: Database, world: World):
    order = await one_paid(shop, world)
    invoice_id = await asked(shop, order)
    with pytest.raises(NotFound):
        await shop.transact(invoices.attach, order.merchant_id, invoice_id, FILE)
    await shop.transact(invoices.issue, order.merchant_id, invoice_id, "24310000000000000031", TODAY, None, "staff:1")
    assert not (await found(shop, order, invoice_id)).filed
    desk = shop.as_merchant(order.merchant_id)
    assert await desk.ask(invoices.numbered, order.merchant_id, ["24310000000000000031", "1"]) == {
        "24310000000000000031": invoice_id
    }
    assert await shop.as_merchant(world.tools.merchant_id).ask(
        invoices.numbered, order.merchant_id, ["24310000000000000031"]
    ) == {}  # fmt: skip
    assert await desk.transact(invoices.attach, order.merchant_id, invoice_id, FILE) is True
    assert await desk.transact(invoices.attach, order.merchant_id, invoice_id, FILE + b" another") is False
    document = await shop.ask(invoices.document, order.merchant_id, invoice_id)
    assert document is not None and document.content == FILE


async def test_the_workbook_says_what_was_kept_to_the_cent(shop: Database, world: World):
    order, blue = await on_paper(shop, world)
    plain = await one_paid(shop, world, 2)
    await asked(shop, plain, SPECIAL)
    await deal.refunded(shop, plain, freight=plain.freight) if plain.freight else None
    await deal.refunded(shop, order, Returned(1, 1))
    await deal.at_rest(shop)
    waiting = (await shop.ask(invoices.invoices_of_merchant, order.merchant_id, InvoiceState.REQUESTED)).items
    known = {each.order_id: await deal.again(shop, each) for each in (order, plain)}
    lines = await shop.ask(orders.lines_of, list(known))
    await shop.transact(invoices.set_terms, order.merchant_id, Terms(goods_code="1030101000000000000"))
    with pytest.raises(Invalid):
        await shop.transact(invoices.set_terms, order.merchant_id, Terms(goods_code="1"))
    terms = await shop.ask(invoices.terms, order.merchant_id)

    book = load_workbook(io.BytesIO(invoices.workbook(waiting, known, lines, terms)))

    basics, details, reds = ([list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets)
    [of_plain] = [each for each in waiting if each.reverses is None]
    assert basics[0] == list(tables.BASICS) and basics[1][:3] == [of_plain.serial, "增值税专用发票", None]
    assert basics[1][5:11] == [
        SPECIAL.name, SPECIAL.tax_number, SPECIAL.address, SPECIAL.phone, SPECIAL.bank, SPECIAL.account,
    ]  # fmt: skip
    assert round(sum(row[7] for row in details[1:]) * 100) == of_plain.amount == known[plain.order_id].kept
    assert {(row[2], row[8]) for row in details[1:]} == {("1030101000000000000", "0.13")}
    assert [row[:2] for row in reds[1:]] == [
        [(await red_of(shop, order)).serial, (await found(shop, order, blue)).number]
    ]


async def test_numbers_come_back_line_by_line(shop: Database, world: World):
    order, twice = await one_paid(shop, world), await one_paid(shop, world)
    first, second = await asked(shop, order), await asked(shop, twice)
    waiting = [await found(shop, order, first), await found(shop, twice, second)]
    table = (
        "发票流水号,数电票号码,开票日期\n"
        f"{waiting[0].serial},24310000000000000041,2026-07-01 10:00:00\n"
        f"{twice.code},24310000000000000042,2026/07/02\n"
        "x,24310000000000000043,2026-07-01\n"
        f"{twice.code},,2026-07-01\n"
        f"{twice.code},24310000000000000044,soon\n"
        ",,\n"
    )
    for content in (table.encode(), table.encode("gb18030")):
        rows = invoices.read_numbers(content, waiting)
        assert [(row.line, row.invoice_id, row.wrong) for row in rows] == [
            (2, first, ""), (3, second, ""), (4, None, tables.NOT_KNOWN), (5, None, tables.NO_NUMBER), (6, None, tables.NO_DAY),
        ]  # fmt: skip
    assert [row.wrong for row in invoices.read_numbers(b"a,b\n1,2", waiting)] == [tables.NO_COLUMNS]
    assert [row.wrong for row in invoices.read_numbers(b"PK\x03\x04 no archive", waiting)] == [tables.NO_FILE]
    assert invoices.numbers_in(["dzfp_24310000000000000041_某公司_20260701.pdf", "a.pdf"]) == {
        "dzfp_24310000000000000041_某公司_20260701.pdf": ["24310000000000000041", "20260701"], "a.pdf": [],
    }  # fmt: skip


async def test_a_shop_is_reminded_once_a_day_of_what_is_due(shop: Database, world: World):
    order = await one_paid(shop, world)
    invoice_id = await asked(shop, order)
    assert (await found(shop, order, invoice_id)).due_by > datetime.now(UTC)
    assert await shop.transact(remind) == 0

    async def late(tx: Tx) -> None:
        await tx.execute("UPDATE invoices SET due_by = now() - interval '1 hour'")

    await shop.transact(late)
    assert [await shop.transact(remind), await shop.transact(remind)] == [1, 0]
    await deal.at_rest(shop)
    mails = await shop.ask(lambda read: read.fetch("SELECT facts FROM mails WHERE template = 'invoice_news'"))
    assert [(each["facts"]["what"], each["facts"]["number"]) for each in mails] == [("overdue", "1")]
