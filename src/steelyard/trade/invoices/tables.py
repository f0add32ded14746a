"""The files for a shop's tax software, and from it.

Out: a workbook in the layout that the electronic tax bureau takes in for issuing many digital invoices (数电发票): a sheet of
invoices and one of their lines, told apart by a serial number (发票流水号); and a third of red letters, which are made there one
by one. Amounts contain the tax (是否含税: 是). In: a table of serial numbers, or order codes, with numbers and days; and files
that have the invoice's number in their name.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.trade.aftersales.model import paid_for
from steelyard.trade.invoices.model import ROWS_PER_TABLE_MAX, Invoice, InvoiceId, Terms
from steelyard.trade.orders.model import Order, OrderId, OrderLine

BASICS = (
    "发票流水号", "发票类型", "特定业务类型", "是否含税", "受票方自然人标识", "购买方名称", "购买方纳税人识别号", "购买方地址",
    "购买方电话", "购买方开户银行", "购买方银行账号", "备注",
)  # fmt: skip
DETAILS = (
    "发票流水号", "项目名称", "商品和服务税收编码", "规格型号", "单位", "数量", "单价", "金额", "税率", "折扣金额",
    "是否使用优惠政策", "优惠政策类型",
)  # fmt: skip
REDS = ("发票流水号", "原数电票号码", "购买方名称", "红冲金额（含税）", "订单号", "红冲原因")
SPECIAL, PLAIN = "增值税专用发票", "普通发票"
# A cell that begins with one of these would be taken for a formula.
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
# A digital invoice has 20 digits; older electronic ones 8, after a code of 10 or 12.
NUMBER_IN_NAME = re.compile(r"\d{8,20}")

SERIAL_COLUMNS = frozenset({"发票流水号", "流水号", "订单号", "serial", "order"})
NUMBER_COLUMNS = frozenset({"数电票号码", "数电发票号码", "发票号码", "number"})
DAY_COLUMNS = frozenset({"开票日期", "开票时间", "day", "date"})

NO_COLUMNS = N_("The first row names no columns for serial number, invoice number and day.")
NOT_KNOWN = N_("No invoice with this serial number or order code is to be issued.")
NOT_ONE = N_("Several invoices of this order are to be issued: name the serial number.")
NO_NUMBER = N_("There is no invoice number.")
NO_DAY = N_("The day is none such as 2026-01-31.")
TOO_MANY = N_("At most 1,000 rows at once.")
NO_FILE = N_("This is neither CSV nor XLSX.")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of what the tax software gave back; `wrong` (a msgid) says why nothing can be done with it."""

    line: int
    invoice_id: InvoiceId | None = None
    number: str = ""
    day: date | None = None
    wrong: str = ""


class Line(msgspec.Struct, frozen=True):
    """A line of an invoice: what was kept of it, tax included."""

    name: str
    details: str
    quantity: int
    amount: int
    millionths: int
    freight: bool = False
    exempt: bool = False


def kept_lines(order: Order, lines: Sequence[OrderLine]) -> list[Line]:
    """What an invoice of an order is made of now: what was paid for each line and not given back, and the freight. Together they
    come to what was kept of the order."""
    found = [
        Line(
            line.title.in_language("zh-Hans"),
            " ".join(value.in_language("zh-Hans") for _, value in line.options),
            max(1, line.quantity - line.refunded_quantity),
            paid_for(line) - line.refunded,
            line.tax_millionths,
            exempt=line.tax_class == "exempt",
        )
        for line in lines
        if paid_for(line) > line.refunded
    ]
    left = order.kept - sum(line.amount for line in found)
    if left:
        found.append(Line("运费", "", 1, left, order.freight_tax_millionths, freight=True))
    return found


def workbook(
    invoices: Sequence[Invoice],
    orders: Mapping[OrderId, Order],
    lines: Mapping[OrderId, Sequence[OrderLine]],
    terms: Terms,
) -> bytes:
    """The invoices that are to be issued, for the tax software (XLSX)."""
    from openpyxl import Workbook  # noqa: PLC0415  # large, and seldom needed

    book = Workbook(write_only=True)
    basics, details, reds = (book.create_sheet(name) for name in ("1-发票基本信息", "2-发票明细信息", "3-红字"))
    for sheet, columns in ((basics, BASICS), (details, DETAILS), (reds, REDS)):
        sheet.append(columns)
    for invoice in invoices:
        if invoice.reverses is not None:
            amount = Money(invoice.amount, invoice.currency).decimal()
            reds.append(
                _plain(
                    invoice.serial, invoice.original or "", invoice.name, amount, invoice.order_code, "销货退回或重开"
                )
            )
            continue
        basics.append(
            _plain(
                invoice.serial, SPECIAL if invoice.special else PLAIN, "", "是", "否" if invoice.company else "是", invoice.name,
                invoice.tax_number, invoice.address, invoice.phone, invoice.bank, invoice.account, invoice.order_code,
            )
        )  # fmt: skip
        for line in kept_lines(orders[invoice.order_id], lines[invoice.order_id]):
            details.append(_detail(invoice, line, terms))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _detail(invoice: Invoice, line: Line, terms: Terms) -> list[object]:
    amount = Money(line.amount, invoice.currency).decimal()
    rate = f"{Decimal(line.millionths).scaleb(-6).normalize():f}"  # 0.13
    return _plain(
        invoice.serial, line.name, terms.freight_code if line.freight else terms.goods_code, line.details, "件", line.quantity,
        None, amount, rate, None, "是" if line.exempt else "否", "免税" if line.exempt else "",
    )  # fmt: skip


def _plain(*cells: object) -> list[object]:
    """Nothing that a spreadsheet would take for a formula."""
    return [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_BEGINS) else cell for cell in cells]


def read_numbers(content: bytes, waiting: Sequence[Invoice]) -> list[Row]:
    """What the tax software gave back, CSV or XLSX, held against the invoices that wait."""
    try:
        rows = _rows(content)
    except (UnicodeDecodeError, csv.Error, BadZipFile, ParseError, LookupError, ValueError, TypeError, OSError):
        return [Row(line=1, wrong=NO_FILE)]
    if not rows:
        return [Row(line=1, wrong=NO_COLUMNS)]
    if len(rows) > ROWS_PER_TABLE_MAX + 1:
        return [Row(line=ROWS_PER_TABLE_MAX + 2, wrong=TOO_MANY)]
    head = [str(cell or "").strip().lower() for cell in rows[0]]
    places = [next((n for n, cell in enumerate(head) if cell in names), None)
              for names in (SERIAL_COLUMNS, NUMBER_COLUMNS, DAY_COLUMNS)]  # fmt: skip
    if None in places:
        return [Row(line=1, wrong=NO_COLUMNS)]
    found: list[Row] = []
    for number, row in enumerate(rows[1:], start=2):
        told = [row[place] if place is not None and place < len(row) else None for place in places]
        if any(cell not in (None, "") for cell in told):
            found.append(_row(number, told, waiting))
    return found


def _row(line: int, told: Sequence[object], waiting: Sequence[Invoice]) -> Row:
    called, number = str(told[0] or "").strip(), str(told[1] or "").strip()
    fitting = [each for each in waiting if called in (each.serial, each.order_code)]
    if not fitting:
        return Row(line=line, wrong=NOT_KNOWN)
    if len(fitting) > 1:
        return Row(line=line, wrong=NOT_ONE)
    if not number:
        return Row(line=line, wrong=NO_NUMBER)
    try:
        day = date.fromisoformat(str(told[2] or "").strip()[:10].replace("/", "-"))
    except ValueError:
        return Row(line=line, wrong=NO_DAY)
    return Row(line=line, invoice_id=fitting[0].invoice_id, number=number, day=day)


def _rows(content: bytes) -> list[list[object]]:
    if content.startswith(b"PK\x03\x04"):
        from openpyxl import load_workbook  # noqa: PLC0415  # large, and seldom needed

        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        return [list(row) for row in sheet.iter_rows(max_row=ROWS_PER_TABLE_MAX + 2, max_col=60, values_only=True)]
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            said = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ValueError
    return [list[object](row) for row in csv.reader(io.StringIO(said, newline=""))]


def numbers_in(names: Sequence[str]) -> dict[str, list[str]]:
    """The numbers that may be meant by each file's name, the longest first."""
    return {name: sorted(set(NUMBER_IN_NAME.findall(name)), key=lambda each: (-len(each), each)) for name in names}
