"""WeChat Pay's bills as its API gives them out: the trade bill (交易账单) and the fund-flow bill (资金账单). CSV in UTF-8
whose every value begins with a backtick, yuan, Shanghai time, with what it all comes to in the last two lines.

Columns are found by name: a bill of one kind of trade has fewer of them. pay.weixin.qq.com/doc/v3/merchant/4012791870
"""

from collections.abc import Iterator

from steelyard.money.reconciliation.formats import cells
from steelyard.money.reconciliation.formats.cells import Row, Unreadable
from steelyard.money.reconciliation.model import Line, LineKind, Problem

TRADE = ("交易时间", "微信订单号", "商户订单号", "交易状态", "货币种类", "手续费", "订单金额")
FLOW = ("记账时间", "微信支付业务单号", "资金流水单号", "业务类型", "收支类型", "收支金额(元)", "业务凭证号")
TRADE_TOTALS, FLOW_TOTALS = "总交易单数", "资金流水总笔数"
CNY = "CNY"
NOTHING = ("", "0")


def read(content: bytes) -> Iterator[Line | Problem]:
    header: dict[str, int] | None = None
    totals: dict[str, int] | None = None
    flow, count, number = False, 0, 0
    told: list[str] | None = None
    try:
        for number, found in cells.rows(cells.decoded(content, "utf-8")):
            if header is None:
                flow = FLOW[0] in found
                header = cells.places(found, FLOW if flow else TRADE)
            elif found[0] in (TRADE_TOTALS, FLOW_TOTALS):
                totals = {name: place for place, name in enumerate(found)}
            elif totals is not None:
                told = found
            else:
                count += 1
                try:
                    row = cells.row(number, header, found)
                    yield from _flow(row) if flow else _trade(row)
                except Unreadable as wrong:
                    yield cells.problem(number, wrong)
        if header is None:
            raise Unreadable("not_this_format")
        if told is None:
            raise Unreadable("cut_off")
        if told[0].removesuffix(".0") != str(count):
            raise Unreadable("count", f"{told[0]} ≠ {count}")
    except Unreadable as wrong:
        yield cells.problem(number + 1, wrong)


def _trade(row: Row) -> Iterator[Line]:
    state = row["交易状态"]
    if state not in ("SUCCESS", "REFUND", "REVOKED"):
        raise Unreadable("kind", state)
    currency = cells.currency(row["货币种类"])
    # Fees have five digits behind the point here: the whole fee of a line is booked in fen.
    fee = cells.major(row["手续费"], currency)
    at = cells.moment(row["交易时间"], cells.SHANGHAI)
    if state == "SUCCESS":
        yield cells.checked(
            Line(
                number=row.number,
                at=at,
                kind=LineKind.CAPTURE,
                their_id=row["微信订单号"],
                currency=currency,
                amount=cells.major(row["订单金额"], currency),
                fee=fee,
                reference=row["商户订单号"] or None,
                their_document=row["微信订单号"],
            )
        )
    elif row.get("退款状态") in ("SUCCESS", ""):
        refunded = row.get("申请退款金额") or row.get("退款金额")
        number = row.get("微信退款单号")
        yield cells.checked(
            Line(
                number=row.number,
                at=at,
                kind=LineKind.REFUND,
                their_id="" if number in NOTHING else number,
                currency=currency,
                amount=-cells.major(refunded, currency),
                fee=fee,
                reference=row.get("商户退款单号") or None,
                their_document=number,
            )
        )
    # A refund that is on its way, or failed, has moved nothing.


def _flow(row: Row) -> Iterator[Line]:
    direction, what = row["收支类型"], row["业务类型"]
    if direction not in ("收入", "支出"):
        raise Unreadable("kind", direction)
    amount = cells.major(row["收支金额(元)"], CNY) * (1 if direction == "收入" else -1)
    kind = _flow_kind(what, amount)
    yield cells.checked(
        Line(
            number=row.number,
            at=cells.moment(row["记账时间"], cells.SHANGHAI),
            kind=kind,
            their_id=row["资金流水单号"],
            currency=CNY,
            amount=0 if kind is LineKind.FEE else amount,
            fee=-amount if kind is LineKind.FEE else 0,
            reference=row["业务凭证号"] or None,
            their_document=row["微信支付业务单号"] or None,
        )
    )


def _flow_kind(what: str, amount: int) -> LineKind:
    if "手续费" in what:
        return LineKind.FEE
    if "退款" in what and amount < 0:
        return LineKind.REFUND
    if what == "提现" and amount < 0:
        return LineKind.PAYOUT
    if what in ("交易", "订单入账") and amount > 0:
        return LineKind.CAPTURE
    return LineKind.OTHER
