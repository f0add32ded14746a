"""The formats of statements: files of the shape that each sender gives out, whole and damaged."""

import io
import zipfile
from datetime import UTC, date, datetime

import pytest

from steelyard.kernel import ids
from steelyard.kernel.text import Text
from steelyard.money.reconciliation.formats import FORMATS
from steelyard.money.reconciliation.model import (
    PROBLEMS,
    PROBLEMS_MAX,
    Line,
    LineKind,
    Problem,
    Source,
    document_of,
    swept_document,
)
from steelyard.money.reconciliation.taking import read_statement

OURS = "019e0000-0000-7000-8000-000000000001"
REFUND = "019e0000-0000-7000-8000-000000000002"

STRIPE = f"""\
balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,description,charge_id,\
payment_intent_id,payment_metadata[payment_id],refund_metadata[refund_id]
txn_1,2026-03-05 10:02:11,eur,600.00,8.70,591.30,charge,ch_1,"Order, 1041",ch_1,pi_1,{OURS},
txn_2,2026-03-05 11:02:11,jpy,1500,54,1446,charge,ch_2,,ch_2,pi_2,,
txn_3,2026-03-05 12:02:11,eur,-20.00,0.00,-20.00,refund,re_3,,ch_1,pi_1,{OURS},{REFUND}
txn_4,2026-03-05 13:02:11,eur,-2.00,0.00,-2.00,fee,,Billing,,,,
txn_5,2026-03-05 14:02:11,eur,-591.30,0.00,-591.30,payout,po_1,STRIPE PAYOUT,,,,
txn_6,2026-03-05 15:02:11,eur,-50.00,15.00,-65.00,dispute,dp_1,,ch_1,pi_1,{OURS},
"""

WECHAT_TRADE = f"""\
\ufeff交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,\
微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注
`2026-03-05 17:07:11,`wx0,`160,`0,`,`4200001,`{OURS.replace("-", "")},`o,`NATIVE,`SUCCESS,`OTHERS,`CNY,`12.50,`0.00,\
`0,`0,`0.00,`0.00,`,`,`茶,`,`0.08000,`0.60%,`12.50,`0.00,`
`2026-03-05 18:07:11,`wx0,`160,`0,`,`4200001,`{OURS.replace("-", "")},`o,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,\
`5030001,`{REFUND},`2.50,`0.00,`ORIGINAL,`SUCCESS,`茶,`,`-0.02000,`0.60%,`0.00,`2.50,`
`2026-03-05 19:07:11,`wx0,`160,`0,`,`4200001,`{OURS.replace("-", "")},`o,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,\
`5030002,`x,`1.50,`0.00,`ORIGINAL,`PROCESSING,`茶,`,`0.00000,`0.60%,`0.00,`1.50,`
总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额
`3,`12.50,`4.00,`0.00,`0.06000,`12.50,`4.00
"""

WECHAT_FLOW = f"""\
记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号
`2026-03-05 13:54:01,`4200001,`F1,`交易,`交易,`收入,`12.50,`112.50,`system,`,`{OURS}
`2026-03-05 13:54:01,`4200001,`F2,`扣除交易手续费,`扣除交易手续费,`支出,`0.08,`112.42,`system,`,`{OURS}
`2026-03-05 15:54:01,`5030001,`F3,`退款,`退款,`支出,`2.50,`109.92,`1601API,`退款总金额2.50元;含手续费0.00元,`{REFUND}
`2026-03-05 23:54:01,`W1,`F4,`提现,`提现,`支出,`100.00,`9.92,`1601,`,`W1
资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额
`4,`1,`12.50,`3,`102.58
"""

ALIPAY_TRADE = f"""\
#支付宝业务明细查询
#账号：[20880000000000000156]
#起始日期：[2026年03月05日 00:00:00]   终止日期：[2026年03月06日 00:00:00]
#-----------------------------------------业务明细列表----------------------------------------
支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,\
支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,\
退款批次号/请求号,服务费（元）,分润（元）,备注
20260305220014\t,{OURS}\t,交易,茶\t,2026-03-05 10:00:00,2026-03-05 10:00:30,,,,,a**(1**),12.50,12.50,0.00,0.00,0.00,0.00,0.00,\
,0.00,0.00,\t,-0.08,0.00,
20260305220014\t,{OURS}\t,退款,茶\t,2026-03-05 11:00:00,2026-03-05 11:00:30,,,,,a**(1**),-2.50,-2.50,0.00,0.00,0.00,0.00,0.00,\
,0.00,0.00,{REFUND}\t,0.02,0.00,
#-----------------------------------------业务明细列表结束------------------------------------
#导出时间：[2026年03月06日 09:00:00]
"""

ALIPAY_FLOW = f"""\
#支付宝账务明细查询
#账号：[20880000000000000156]
#-----------------------------------------账务明细列表----------------------------------------
账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注
5463\t,2026030522\t,{OURS}\t,茶\t,2026-03-05 21:02:06,李 (a@x.test)\t,12.50,0.00,112.50,支付宝,在线支付,
5464\t,2026030522\t,{OURS}\t,茶\t,2026-03-05 21:02:06,\t,0.00,-0.08,112.42,支付宝,收费,
5465\t,2026030522\t,{OURS}\t,茶\t,2026-03-05 22:02:06,\t,0.00,-2.50,109.92,支付宝,交易退款,
5466\t,2026030599\t,\t,提现\t,2026-03-05 23:02:06,\t,0.00,-100.00,9.92,支付宝,提现,
#-----------------------------------------账务明细列表结束------------------------------------
#支出合计：3笔，共-102.58元
#收入合计：1笔，共12.50元
#导出时间：[2026年03月06日 09:00:00]
"""


def zipped(text: str, name: str = "20880000000000000156_业务明细.csv") -> bytes:
    """As Alipay packs it: names and text in GBK, and sums beside the movements."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name.replace(".csv", "(汇总).csv"), "#汇总\n".encode("gbk"))
        archive.writestr(name, text.encode("gbk"))
    return packed.getvalue()


def packed(content: bytes, way: int = zipfile.ZIP_DEFLATED) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", way) as written:
        written.writestr("2088_账务明细.csv", content)
    return archive.getvalue()


def simpay(line: str) -> bytes:
    return f"time,kind,id,payment,reference,currency,amount,fee,net\n{line}\n".encode()


def lines(name: str, content: bytes) -> list[Line]:
    found = list(FORMATS[name](content))
    assert not [each for each in found if isinstance(each, Problem)], found
    return [each for each in found if isinstance(each, Line)]


def problems(name: str, content: bytes) -> list[tuple[int, str]]:
    found = [(each.number, each.problem) for each in FORMATS[name](content) if isinstance(each, Problem)]
    assert {problem for _, problem in found} <= set(PROBLEMS)
    return found


def told(found: list[Line]) -> list[tuple[LineKind, str, int, int]]:
    return [(each.kind, each.currency, each.amount, each.fee) for each in found]


def test_stripes_balance_changes_are_read() -> None:
    found = lines("stripe", STRIPE.encode())

    assert told(found) == [
        (LineKind.CAPTURE, "EUR", 60_000, 870),
        (LineKind.CAPTURE, "JPY", 1_500, 54),
        (LineKind.REFUND, "EUR", -2_000, 0),
        (LineKind.FEE, "EUR", 0, 200),
        (LineKind.PAYOUT, "EUR", -59_130, 0),
        (LineKind.DISPUTE, "EUR", -5_000, 1_500),
    ]
    charge, other, refund, _, payout, _ = found
    assert (str(charge.document), charge.their_document) == (OURS, "pi_1")
    assert (other.document, other.their_document) == (None, "pi_2")
    assert (str(refund.document), refund.their_document) == (REFUND, "re_3")
    assert payout.reference == "po_1"
    assert charge.at == datetime(2026, 3, 5, 10, 2, 11, tzinfo=UTC)


def test_wechats_trade_bill_is_read_and_refunds_on_their_way_have_moved_nothing() -> None:
    found = lines("wechatpay", WECHAT_TRADE.encode())

    assert told(found) == [(LineKind.CAPTURE, "CNY", 1_250, 8), (LineKind.REFUND, "CNY", -250, -2)]
    assert [str(each.document) for each in found] == [OURS, REFUND]
    assert found[0].at == datetime(2026, 3, 5, 9, 7, 11, tzinfo=UTC)


def test_wechats_fund_flow_bill_is_read() -> None:
    assert told(lines("wechatpay", WECHAT_FLOW.encode())) == [
        (LineKind.CAPTURE, "CNY", 1_250, 0),
        (LineKind.FEE, "CNY", 0, 8),
        (LineKind.REFUND, "CNY", -250, 0),
        (LineKind.PAYOUT, "CNY", -10_000, 0),
    ]


def test_alipays_trades_are_read_out_of_their_archive() -> None:
    found = lines("alipay", zipped(ALIPAY_TRADE))

    assert told(found) == [(LineKind.CAPTURE, "CNY", 1_250, 8), (LineKind.REFUND, "CNY", -250, -2)]
    assert [str(each.document) for each in found] == [OURS, REFUND]
    assert len({each.their_id for each in found}) == 2


def test_alipays_movements_are_read_also_when_they_were_unpacked_before() -> None:
    unpacked = lines("alipay", ALIPAY_FLOW.encode("gbk"))

    assert told(unpacked) == [
        (LineKind.CAPTURE, "CNY", 1_250, 0),
        (LineKind.FEE, "CNY", 0, 8),
        (LineKind.REFUND, "CNY", -250, 0),
        (LineKind.PAYOUT, "CNY", -10_000, 0),
    ]
    assert lines("alipay", zipped(ALIPAY_FLOW, "2088_账务明细.csv")) == unpacked
    # The account's bill names the payment, never the refund: a refund is found by its amount.
    assert [each.document is None for each in unpacked] == [False, True, True, True]


def test_the_banks_statement_names_payouts_and_what_channels_paid_in() -> None:
    payout = ids.mint()
    found = lines(
        "simbank",
        "time,direction,id,reference,party,currency,amount\n"
        f"2026-03-05T10:00:00Z,out,out_1,{payout}.2,Tea,CNY,5000\n"
        "2026-03-05T11:00:00Z,in,in_1,po_1,simpay,CNY,9940\n".encode(),
    )

    assert told(found) == [(LineKind.PAID_OUT, "CNY", -5_000, 0), (LineKind.RECEIVED, "CNY", 9_940, 0)]
    assert [each.document for each in found] == [payout, swept_document("po_1")]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("simpay", b"", [(1, "not_this_format")]),
        ("simpay", b"a,b\n1,2\n", [(2, "not_this_format")]),
        ("simpay", b"\xff\xfe\x00", [(1, "not_text")]),
        ("stripe", STRIPE.replace("591.30,charge", "591.31,charge").encode(), [(2, "net")]),
        ("stripe", STRIPE.replace("1500,54,1446", "1500.5,54,1446.5").encode(), [(3, "amount")]),
        ("stripe", STRIPE.replace("2026-03-05 12:02:11", "yesterday").encode(), [(4, "time")]),
        ("stripe", STRIPE.replace("txn_2", "").encode(), [(3, "no_id")]),
        ("stripe", STRIPE.replace("eur,600.00,8.70,591.30", "eur,-600.00,8.70,-608.70").encode(), [(2, "sign")]),
        ("stripe", STRIPE.replace('"Order, 1041"', '"Order, 1041').encode(), [(2, "cut_off")]),
        ("wechatpay", WECHAT_TRADE.replace("`3,`12.50", "`4,`12.50").encode(), [(7, "count")]),
        ("wechatpay", WECHAT_TRADE.split("总交易", maxsplit=1)[0].encode(), [(5, "cut_off")]),
        ("wechatpay", WECHAT_TRADE.replace("`SUCCESS,`OTHERS", "`PAID,`OTHERS").encode(), [(2, "kind")]),
        ("simpay", simpay("2026-03-05T10:00:00Z,capture,a\x00,a,r,CNY,100,1,99"), [(1, "not_text")]),
        ("simpay", simpay("0001-01-01T00:00:00+10:00,capture,a,a,r,CNY,100,1,99"), [(2, "time")]),
        ("simpay", simpay("9999-12-31T23:00:00-10:00,capture,a,a,r,CNY,100,1,99"), [(2, "time")]),
        ("simpay", simpay(f"2026-03-05T10:00:00Z,capture,a,a,r,CNY,{10**17},0,{10**17}"), [(2, "amount")]),
        ("simpay", simpay(f"2026-03-05T10:00:00Z,capture,a,a,r,CNY,1,{-(10**17)},{10**17 + 1}"), [(2, "amount")]),
        ("alipay", b"PK\x03\x04 damaged", [(1, "not_a_zip")]),
        ("alipay", packed(ALIPAY_FLOW.encode("gbk"), zipfile.ZIP_LZMA), [(1, "not_a_zip")]),
        ("alipay", packed(b"#" + b" " * 40_000_000), [(1, "too_large")]),
        ("alipay", ALIPAY_FLOW.replace("支出合计：3笔", f"支出合计：{'3' * 5_000}笔").encode("gbk"), [(11, "count")]),
        ("alipay", ALIPAY_FLOW.replace("共-102.58元", "共-102.59元").encode("gbk"), [(11, "sum")]),
        ("alipay", ALIPAY_FLOW.replace("支出合计：3笔", "支出合计：4笔").encode("gbk"), [(11, "count")]),
        ("alipay", ALIPAY_FLOW[: ALIPAY_FLOW.index("#支出") - 80].encode("gbk"), [(10, "cut_off")]),
        ("alipay", ALIPAY_TRADE.encode("utf-8")[:-9] + b"\x81", [(1, "not_text")]),
    ],
)  # fmt: skip
def test_what_is_damaged_is_said_with_its_line(name: str, content: bytes, expected: list[tuple[int, str]]) -> None:
    assert problems(name, content) == expected


@pytest.mark.parametrize("told", [OURS, OURS.replace("-", ""), f"{OURS}.2", f"{OURS.replace('-', '')}_3", f" {OURS} "])
def test_a_name_of_ours_is_known_however_a_channel_writes_it(told: str) -> None:
    assert str(document_of(told)) == OURS


@pytest.mark.parametrize("told", ["", None, "refund-r1", "20260305220014", f"{OURS}x"])
def test_what_is_no_name_of_ours_is_none(told: str | None) -> None:
    assert document_of(told) is None


def test_a_file_of_nothing_but_problems_is_not_read_to_its_end() -> None:
    source = Source(source="simpay", side="channel", format="simpay", utc_minutes=0, name=Text({"en": "X"}))

    read = read_statement(source, date(2026, 3, 5), "x.csv", simpay("x\n" * (2 * PROBLEMS_MAX)), ["CNY"])

    assert len(read.problems) == PROBLEMS_MAX
