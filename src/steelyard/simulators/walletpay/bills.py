"""A wallet's bills: what was paid and given back on a day, and what that moved on the merchant's account.

A day is one of Beijing. Bills are there from 9 o'clock of the next, of days on which something happened; an address of one is
good for 30 seconds. Alipay packs CSV in GBK into a ZIP with the sums beside it, WeChat Pay gives CSV in UTF-8 with a backtick
before each value, in gzip where it is asked for. Amounts are yuan. Both keep 6 per mille of what is paid; WeChat Pay gives it
back with a refund, Alipay does not. Nothing is paid on to a bank here.
"""

import gzip
import hashlib
import hmac
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Literal

import msgspec

from steelyard.simulators.store import Read

BEIJING = timezone(timedelta(hours=8))
READY_HOUR = 9
ADDRESS_SECONDS = 30
FEE_PER_MILLE = 6
NO_TIME = (1980, 1, 1, 0, 0, 0)

Kind = Literal["trades", "account"]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A payment or a refund of a day; `number` and `id` are the refund's where there is one."""

    at: datetime
    trade: str
    trade_id: str
    subject: str
    amount: int
    number: str | None = None
    id: str | None = None

    def fee(self, *, returned: bool) -> int:
        """What the wallet keeps of it in fen, half a fen upwards; below zero what it gives back."""
        if self.number is None:
            return (self.amount * FEE_PER_MILLE + 500) // 1000
        return -((self.amount * FEE_PER_MILLE + 500) // 1000) if returned else 0


def ready(day: date, now: float) -> bool:
    return datetime.fromtimestamp(now, UTC) >= _begins(day + timedelta(days=1)) + timedelta(hours=READY_HOUR)


def over(day: date, now: float) -> bool:
    return datetime.fromtimestamp(now, UTC) >= _begins(day + timedelta(days=1))


def moved(read: Read, day: date) -> list[Moved]:
    """What was paid and given back on a day, in order of time."""
    return read.rows(
        Moved,
        """SELECT paid_at AS at, number AS trade, id AS trade_id, subject, total AS amount, NULL AS number, NULL AS id
           FROM trades WHERE paid_at >= :start AND paid_at < :stop
           UNION ALL
           SELECT r.settled_at, t.number, t.id, t.subject, r.amount, r.number, r.id
           FROM refunds r JOIN trades t ON t.number = r.trade
           WHERE r.status = 'succeeded' AND r.settled_at >= :start AND r.settled_at < :stop
           ORDER BY 1, 2, 6""",
        {"start": _begins(day).timestamp(), "stop": _begins(day + timedelta(days=1)).timestamp()},
    )


def token(key: bytes, kind: Kind, day: date, now: float) -> str:
    """What stands in an address: which bill, since when, and that the wallet has said so."""
    words = f"{kind}.{day.isoformat()}.{int(now)}"
    return f"{words}.{hmac.new(key, words.encode(), hashlib.sha256).hexdigest()[:32]}"


def behind(key: bytes, told: str, now: float) -> tuple[str, date] | None:
    """The bill behind an address; none when nobody gave it, or its time is over."""
    words, _, signature = told.rpartition(".")
    expected = hmac.new(key, words.encode(), hashlib.sha256).hexdigest()[:32]
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        return None
    kind, day, at = words.split(".")
    return (kind, date.fromisoformat(day)) if now - int(at) <= ADDRESS_SECONDS else None


def damaged(content: bytes) -> bytes:
    """The same with bytes in the middle that are others."""
    half = len(content) // 2
    return content[:half] + bytes(255 - each for each in content[half : half + 8]) + content[half + 8 :]


# Alipay


class _InGbk(zipfile.ZipInfo):
    """A file in an archive whose name is GBK without saying so, as in those that Alipay packs."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - as `zipfile` calls it when it writes a name
        return self.filename.encode("gbk"), self.flag_bits


def alipay_zip(kind: Kind, day: date, rows: Sequence[Moved], seller: str) -> bytes:
    what = "业务明细" if kind == "trades" else "账务明细"
    text = _alipay_trades(day, rows) if kind == "trades" else _alipay_account(day, rows)
    name = f"{seller}0156_{day:%Y%m%d}_{what}"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in ((f"{name}.csv", text), (f"{name}(汇总).csv", f"#支付宝{what}汇总\r\n")):
            inside = _InGbk(file, NO_TIME)
            inside.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(inside, content.encode("gbk"))
    return packed.getvalue()


def _alipay_head(what: str, day: date) -> list[str]:
    return [
        f"#支付宝{what}查询",
        f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{day + timedelta(days=1):%Y年%m月%d日} 00:00:00]",
        f"#{'-' * 41}{what}列表{'-' * 40}",
    ]


def _alipay_trades(day: date, rows: Sequence[Moved]) -> str:
    lines = [
        *_alipay_head("业务明细", day),
        "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
        "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
        "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注",
    ]
    for row in rows:
        back = row.number is not None
        amount, at = _yuan(-row.amount if back else row.amount), _clock(row.at)
        lines.append(
            f"{row.trade_id}\t,{row.trade}\t,{'退款' if back else '交易'},{_plain(row.subject)}\t,{at},{at},,,,,sim***,{amount},"
            f"{amount},0.00,0.00,0.00,0.00,0.00,,0.00,0.00,{row.number or ''}\t,{_yuan(-row.fee(returned=False))},0.00,"
        )
    return "\r\n".join([*lines, f"#{'-' * 41}业务明细列表结束{'-' * 36}", ""])


def _alipay_account(day: date, rows: Sequence[Moved]) -> str:
    lines = [
        *_alipay_head("账务明细", day),
        "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注",
    ]
    balance, sums = 0, {1: [0, 0], -1: [0, 0]}
    for row in rows:
        steps = [(row.amount, "在线支付"), (-row.fee(returned=False), "收费")] if row.number is None else []
        for amount, what in steps or [(-row.amount, "交易退款")]:
            if not amount:
                continue
            side = 1 if amount > 0 else -1
            balance += amount
            sums[side] = [sums[side][0] + 1, sums[side][1] + amount]
            came, went = (_yuan(amount), "0.00") if amount > 0 else ("0.00", _yuan(amount))
            lines.append(
                f"{_flow_id(row, what)}\t,{row.trade_id}\t,{row.trade}\t,{_plain(row.subject)}\t,{_clock(row.at)},sim***,"
                f"{came},{went},{_yuan(balance)},支付宝,{what},"
            )
    return "\r\n".join(
        [
            *lines,
            f"#{'-' * 41}账务明细列表结束{'-' * 36}",
            f"#支出合计：{sums[-1][0]}笔，共{_yuan(sums[-1][1])}元",
            f"#收入合计：{sums[1][0]}笔，共{_yuan(sums[1][1])}元",
            "",
        ]
    )


# WeChat Pay


def wechat_csv(kind: Kind, rows: Sequence[Moved], appid: str, mchid: str) -> bytes:
    text = _wechat_trades(rows, appid, mchid) if kind == "trades" else _wechat_account(rows)
    return ("\ufeff" + text).encode()


def _wechat_trades(rows: Sequence[Moved], appid: str, mchid: str) -> str:
    lines = [
        "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
        "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
        "申请退款金额,费率备注"
    ]
    for row in rows:
        back = row.number is not None
        paid, given = _yuan(0 if back else row.amount), _yuan(row.amount if back else 0)
        lines.append(
            _ticked(
                _clock(row.at), appid, mchid, "0", "", row.trade_id, row.trade, "simulated-openid", "NATIVE",
                "REFUND" if back else "SUCCESS", "OTHERS", "CNY", paid, "0.00", row.id or "0", row.number or "0", given, "0.00",
                "ORIGINAL" if back else "", "SUCCESS" if back else "", _plain(row.subject), "",
                f"{_yuan(row.fee(returned=True))}000", "0.60%", paid, given, "",
            )
        )  # fmt: skip
    came, went = (sum(row.amount for row in rows if (row.number is None) is paid) for paid in (True, False))
    fees = sum(row.fee(returned=True) for row in rows)
    lines += [
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
        _ticked(str(len(rows)), _yuan(came), _yuan(went), "0.00", f"{_yuan(fees)}000", _yuan(came), _yuan(went)),
    ]
    return "\r\n".join([*lines, ""])


def _wechat_account(rows: Sequence[Moved]) -> str:
    lines = [
        "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号"
    ]
    balance, sums = 0, {1: [0, 0], -1: [0, 0]}
    for row in rows:
        back, fee = row.number is not None, row.fee(returned=True)
        charged = "退还交易手续费" if back else "扣除交易手续费"
        for amount, what in ((-row.amount if back else row.amount, "退款" if back else "交易"), (-fee, charged)):
            if not amount:
                continue
            side = 1 if amount > 0 else -1
            balance += amount
            sums[side] = [sums[side][0] + 1, sums[side][1] + abs(amount)]
            lines.append(
                _ticked(
                    _clock(row.at), row.id or row.trade_id, _flow_id(row, what), what, what,
                    "收入" if amount > 0 else "支出", _yuan(abs(amount)), _yuan(balance), "system", "", row.number or row.trade,
                )
            )  # fmt: skip
    (many_in, came), (many_out, went) = sums[1], sums[-1]
    lines += [
        "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额",
        _ticked(str(many_in + many_out), str(many_in), _yuan(came), str(many_out), _yuan(went)),
    ]
    return "\r\n".join([*lines, ""])


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _ticked(*values: str) -> str:
    return ",".join(f"`{value}" for value in values)


def _flow_id(row: Moved, what: str) -> str:
    return str(int(hashlib.sha256(f"{row.trade_id}{row.id or ''}{what}".encode()).hexdigest()[:16], 16))


def _plain(words: str) -> str:
    """As the wallets write what a merchant has said: nothing that would end a value or a line."""
    return "".join(each if each.isprintable() and each not in ',`"' else " " for each in words)


def _yuan(fen: int) -> str:
    return str(Decimal(fen).scaleb(-2).quantize(Decimal("0.01")))


def _clock(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _begins(day: date) -> datetime:
    return datetime.combine(day, time.min, BEIJING)
