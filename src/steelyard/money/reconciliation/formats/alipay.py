"""Alipay's bills as they are downloaded: a ZIP of CSV files in GBK, yuan, Shanghai time. 业务明细 (trades) and 账务明细
(movements of the account) are read; the files with sums (汇总) are passed over.

Lines that begin with # are words about the file; the last of them say what the movements come to, and are held against
them. opendocs.alipay.com/open/204/106262
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator

from steelyard.money.reconciliation.formats import cells
from steelyard.money.reconciliation.formats.cells import Row, Unreadable
from steelyard.money.reconciliation.model import (
    UNPACKED_BYTES_MAX,
    UNPACKED_BYTES_MIN,
    UNPACKED_TIMES_MAX,
    Line,
    LineKind,
    Problem,
)

TRADE = ("支付宝交易号", "商户订单号", "业务类型", "完成时间", "订单金额(元)", "退款批次号/请求号", "服务费(元)")
FLOW = ("账务流水号", "业务流水号", "商户订单号", "发生时间", "收入金额(+元)", "支出金额(-元)", "业务类型")
TRADES = {"交易": LineKind.CAPTURE, "退款": LineKind.REFUND}
CNY = "CNY"
_ENDS = re.compile(r"#-+(?:业务|账务)明细列表结束-+")
_INCOME = re.compile(r"#收入合计[:：](\d+)笔[,，]共([\d.]+)元")
_OUTGO = re.compile(r"#支出合计[:：](\d+)笔[,，]共(-?[\d.]+)元")


def read(content: bytes) -> Iterator[Line | Problem]:
    try:
        text = cells.decoded(_details(content), "gb18030")
    except Unreadable as wrong:
        yield cells.problem(1, wrong)
        return
    yield from _lines(text)


def _details(content: bytes) -> bytes:
    """The file with the movements in the archive, or the file itself when it was unpacked before."""
    if not content.startswith(b"PK"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = [each for each in archive.infolist() if _is_details(_name(each))]
            if len(inside) != 1:
                raise Unreadable("not_this_format", ", ".join(_name(each) for each in archive.infolist()))
            if inside[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Unreadable("not_a_zip", str(inside[0].compress_type))
            # (No more is unpacked than the archive says.)
            if inside[0].file_size > min(
                UNPACKED_BYTES_MAX, max(UNPACKED_BYTES_MIN, UNPACKED_TIMES_MAX * len(content))
            ):
                raise Unreadable("too_large", str(inside[0].file_size))
            return archive.read(inside[0])
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, zlib.error) as error:
        raise Unreadable("not_a_zip", str(error)) from error


def _is_details(name: str) -> bool:
    return name.endswith(".csv") and "汇总" not in name


def _name(inside: zipfile.ZipInfo) -> str:
    """Names in these archives are GBK, which an archive without the flag of UTF-8 tells as code page 437."""
    if inside.flag_bits & 0x800:
        return inside.filename
    return inside.filename.encode("cp437", "replace").decode("gb18030", "replace")


def _lines(text: Iterable[str]) -> Iterator[Line | Problem]:
    header: dict[str, int] | None = None
    flow, ended, number = False, False, 0
    came, went = _Sum(), _Sum()
    try:
        for number, found in cells.rows(text):
            if found[0].startswith("#"):
                ended = ended or bool(_ENDS.fullmatch(found[0]))
                _compare(",".join(found).rstrip(","), came, went, exact=flow)
            elif header is None:
                names = [name.replace("（", "(").replace("）", ")") for name in found]
                flow = FLOW[0] in names
                header = cells.places(names, FLOW if flow else TRADE)
            else:
                try:
                    line = (_flow if flow else _trade)(cells.row(number, header, found))
                    (came if line.amount - line.fee > 0 else went).add(line.amount - line.fee)
                    yield line
                except Unreadable as wrong:
                    yield cells.problem(number, wrong)
        if header is None:
            raise Unreadable("not_this_format")
        if not ended:
            raise Unreadable("cut_off")
    except Unreadable as wrong:
        yield cells.problem(number + 1, wrong)


class _Sum:
    def __init__(self) -> None:
        self.count = 0
        self.amount = 0

    def add(self, amount: int) -> None:
        self.count += 1
        self.amount += amount


def _compare(told: str, came: _Sum, went: _Sum, *, exact: bool) -> None:
    """What a bill of movements says at its end about itself. Raises `Unreadable`."""
    if not exact:
        return
    for pattern, reality in ((_INCOME, came), (_OUTGO, went)):
        found = pattern.search(told)
        if found is None:
            continue
        if found[1] != str(reality.count):
            raise Unreadable("count", f"{found[1]} ≠ {reality.count}")
        if abs(cells.major(found[2], CNY)) != abs(reality.amount):
            raise Unreadable("sum", f"{found[2]} ≠ {reality.amount}")


def _trade(row: Row) -> Line:
    kind = TRADES.get(row["业务类型"])
    if kind is None:
        raise Unreadable("kind", row["业务类型"])
    refund = kind is LineKind.REFUND
    number = row["退款批次号/请求号"]
    # A refund stands there under the number of its payment, with its amount and the fee that came back below zero.
    amount = abs(cells.major(row["订单金额(元)"], CNY))
    return cells.checked(
        Line(
            number=row.number,
            at=cells.moment(row["完成时间"], cells.SHANGHAI),
            kind=kind,
            their_id=f"{row['支付宝交易号']}/{number}" if refund else row["支付宝交易号"],
            currency=CNY,
            amount=-amount if refund else amount,
            fee=_fee(row["服务费(元)"], refund=refund),
            reference=(number if refund else row["商户订单号"]) or None,
            their_document=None if refund else row["支付宝交易号"],
        )
    )


def _fee(told: str, *, refund: bool) -> int:
    """The fee as a cost: Alipay writes what it took below zero, and what it gave back above."""
    fee = cells.major(told or "0", CNY)
    return -abs(fee) if refund else abs(fee)


def _flow(row: Row) -> Line:
    came, went = cells.major(row["收入金额(+元)"] or "0", CNY), cells.major(row["支出金额(-元)"] or "0", CNY)
    amount = came - abs(went)
    kind = _flow_kind(row["业务类型"], amount)
    return cells.checked(
        Line(
            number=row.number,
            at=cells.moment(row["发生时间"], cells.SHANGHAI),
            kind=kind,
            their_id=row["账务流水号"],
            currency=CNY,
            amount=0 if kind is LineKind.FEE else amount,
            fee=-amount if kind is LineKind.FEE else 0,
            # The account's bill names the payment, not the refund of it.
            reference=(row["业务流水号"] if kind is LineKind.PAYOUT else row["商户订单号"] or None)
            if kind in (LineKind.CAPTURE, LineKind.PAYOUT)
            else None,
            their_document=row["业务流水号"] or None,
        )
    )


def _flow_kind(what: str, amount: int) -> LineKind:
    if what in ("收费", "退费", "服务费"):
        return LineKind.FEE
    if "退款" in what and amount < 0:
        return LineKind.REFUND
    if what == "提现" and amount < 0:
        return LineKind.PAYOUT
    if what in ("在线支付", "交易付款", "交易") and amount > 0:
        return LineKind.CAPTURE
    return LineKind.OTHER
