"""WeChat Pay's bills as merchants' programs meet them: an address with a hash, and the file behind it, which is not signed."""

import hashlib
from datetime import date
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.simulators.walletpay import bills
from steelyard.simulators.walletpay.book import TradeBook
from steelyard.simulators.walletpay.keys import Keys
from steelyard.simulators.walletpay.wechatpay import APPID, MCHID, AnyRequest, Refusing, answer, check
from steelyard.simulators.web import Foundation

MONTHS_DAYS = 92


@get("/v3/bill/tradebill")
async def trade_bill(
    request: AnyRequest,
    trades: NamedDependency[TradeBook],
    keys: NamedDependency[Keys],
    ground: NamedDependency[Foundation],
    bill_date: FromQuery[str] = "",
    bill_type: FromQuery[str] = "ALL",
    tar_type: FromQuery[str] = "",
) -> Response[bytes]:
    """What was paid and given back on a day."""
    return answer(
        request, b"", keys, ground, lambda: _address(ground, keys, trades, "trades", bill_date, bill_type, tar_type)
    )


@get("/v3/bill/fundflowbill")
async def account_bill(
    request: AnyRequest,
    trades: NamedDependency[TradeBook],
    keys: NamedDependency[Keys],
    ground: NamedDependency[Foundation],
    bill_date: FromQuery[str] = "",
    account_type: FromQuery[str] = "BASIC",
    tar_type: FromQuery[str] = "",
) -> Response[bytes]:
    """What moved on the account on a day."""
    return answer(
        request, b"", keys, ground, lambda: _address(ground, keys, trades, "account", bill_date, account_type, tar_type)
    )


def _address(
    ground: Foundation, keys: Keys, trades: TradeBook, kind: bills.Kind, day_told: str, what: str, packed: str
) -> dict[str, Any]:
    now = ground.clock.now()
    try:
        day = date.fromisoformat(day_told)
    except ValueError as error:
        raise Refusing(400, "PARAM_ERROR", "参数错误") from error
    if what not in ("ALL", "BASIC") or packed not in ("", "GZIP") or not bills.over(day, now):
        raise Refusing(400, "PARAM_ERROR", "参数错误")
    if ground.faults.bills() == "late" or not bills.ready(day, now):
        raise Refusing(400, "STATEMENT_CREATING", "账单生成中")
    rows = bills.moved(trades.store, day)
    if not rows:
        raise Refusing(400, "NO_STATEMENT_EXIST", "请求的账单文件不存在")
    token = bills.token(keys.api_v3_key, kind, day, now)
    query = urlencode({"token": token} | ({"tartype": "gzip"} if packed else {}))
    return {
        "hash_type": "SHA1",
        "hash_value": hashlib.sha1(bills.wechat_csv(kind, rows, APPID, MCHID), usedforsecurity=False).hexdigest(),
        "download_url": f"{ground.settings.wechatpay_url}/v3/billdownload/file?{query}",
    }


@get("/v3/billdownload/file")
async def download(
    request: AnyRequest,
    token: FromQuery[str],
    trades: NamedDependency[TradeBook],
    keys: NamedDependency[Keys],
    ground: NamedDependency[Foundation],
    tartype: FromQuery[str] = "",
) -> Response[bytes]:
    """The bill behind an address: the request is signed, the answer is not."""
    try:
        check(request, b"", keys, ground.clock.now())
        found = bills.behind(keys.api_v3_key, token, ground.clock.now())
        if found is None:
            raise Refusing(400, "INVALID_REQUEST", "下载地址已失效")
    except Refusing as no:
        words = msgspec.json.encode({"code": no.code, "message": no.message})
        return Response(words, status_code=no.status, media_type="application/json")
    kind: bills.Kind = "trades" if found[0] == "trades" else "account"
    content = bills.wechat_csv(kind, bills.moved(trades.store, found[1]), APPID, MCHID)
    if ground.faults.bills() == "damaged":
        content = bills.damaged(content)
    return Response(bills.gzipped(content) if tartype else content, media_type="application/octet-stream")


API = [trade_bill, account_bill, download]
