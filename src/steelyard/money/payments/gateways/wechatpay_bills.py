"""WeChat Pay's bills: what was paid and given back on a day (交易账单), and what moved on the account (资金账单).

pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter3_1_6.shtml (`/v3/bill/tradebill`; `/v3/bill/fundflowbill` is alike),
pay.weixin.qq.com/doc/v3/merchant/4013071254 (what refusals mean). Each is an address, good for 30 seconds, and the hash of the
bill unpacked: what is downloaded is not signed, and that hash says that it is whole. They are best asked for after 10 in the
morning, Beijing time, and for three months.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Protocol, TypeVar

import msgspec

from steelyard.money.payments.bill_model import Bills, NoBill, NotYet
from steelyard.money.payments.gateways.downloading import unpacked
from steelyard.money.payments.gateways.wechatpay_messages import Refused
from steelyard.money.payments.model import Unknown

BILLS = (
    ("/v3/bill/tradebill", {"bill_type": "ALL"}),
    ("/v3/bill/fundflowbill", {"account_type": "BASIC"}),
)
AFTER = timedelta(hours=10)
NONE_THERE = "NO_STATEMENT_EXIST"
BEING_WRITTEN = "STATEMENT_CREATING"

S = TypeVar("S")
Download = Callable[[str], Awaitable[bytes | Unknown]]


class Address(msgspec.Struct, frozen=True, kw_only=True):
    hash_type: str
    hash_value: str
    download_url: str


class Get(Protocol):
    async def __call__(self, path: str, shape: type[S], **query: str) -> S | Refused | Unknown: ...


async def bills(get: Get, download: Download, day: date) -> Bills | NoBill | NotYet | Unknown:
    """The day's bills, of which one may be missing: on a day without trades something may have moved all the same."""
    parts: list[bytes] = []
    for path, kind in BILLS:
        found = await get(path, Address, bill_date=day.isoformat(), tar_type="GZIP", **kind)
        match found:
            case Address():
                content = await _whole(download, found)
                if isinstance(content, Unknown):
                    return content
                parts.append(content)
            case Refused(code=code) if code == NONE_THERE:
                continue
            case Refused(code=code) if code == BEING_WRITTEN:
                return NotYet(why=code)
            case Refused():
                return Unknown(why=found.code, refused=True)
            case Unknown():
                return found
    return Bills(parts=parts) if parts else NoBill(certain=True)


async def _whole(download: Download, found: Address) -> bytes | Unknown:
    packed = await download(found.download_url)
    if isinstance(packed, Unknown):
        return packed
    content = unpacked(packed)
    if isinstance(content, Unknown):
        return content
    if found.hash_type != "SHA1":
        return Unknown(why=f"another hash: {found.hash_type}")
    # (SHA-1 is what they give: it tells a damaged file, and TLS keeps the others away.)
    if hashlib.sha1(content, usedforsecurity=False).hexdigest() != found.hash_value.lower():
        return Unknown(why="another hash than they said")
    return content
