"""Alipay's bills by its interface `alipay.data.dataservice.bill.downloadurl.query`: for a day an address, good for 30 seconds,
of a ZIP of CSV files in GBK.

opendocs.alipay.com/apis/api_15/alipay.data.dataservice.bill.downloadurl.query. `trade` has the trades that were asked for by
interface, `signcustomer` what moved on the account. A day's are written by 9 in the morning of the next, Beijing time, and best
asked for after 10. Of a day without bill the answer is `isp.bill_not_exist`, which is also what it is while the bill is not
written: it is certain of nothing.
"""

from datetime import date, timedelta
from urllib.parse import urlsplit

from steelyard.kernel import outside
from steelyard.money.payments.bill_model import Bills, NoBill, NotYet
from steelyard.money.payments.gateways.alipay_wire import Outcome, Wire
from steelyard.money.payments.gateways.downloading import downloaded
from steelyard.money.payments.model import Unknown

METHOD = "alipay.data.dataservice.bill.downloadurl.query"
TYPES = ("trade", "signcustomer")
NONE_THERE = {"isp.bill_not_exist", "BILL_NOT_EXIST"}
AFTER = timedelta(hours=10)
DOMAIN = ".alipay.com"


class _Address(Outcome, frozen=True, kw_only=True):
    bill_download_url: str


async def bills(wire: Wire, day: date) -> Bills | NoBill | NotYet | Unknown:
    """The day's bills, of which one may be missing."""
    parts: list[bytes] = []
    for kind in TYPES:
        found = await _bill(wire, kind, day)
        if isinstance(found, Unknown):
            return found
        if found is not None:
            parts.append(found)
    return Bills(parts=parts) if parts else NoBill(certain=False)


async def _bill(wire: Wire, kind: str, day: date) -> bytes | Unknown | None:
    answer = await wire.ask(METHOD, {"bill_type": kind, "bill_date": day.isoformat()}, _Address)
    match answer:
        case _Address():
            address = trusted(answer.bill_download_url, wire.url)
            if address is None:
                return Unknown(why="the address of the bill is not Alipay's")
            content = await downloaded(wire.client, address)
            if isinstance(content, bytes) and not content.startswith(b"PK"):
                # An address whose 30 seconds are over answers with a page that says so.
                return Unknown(why="download is no archive")
            return content
        case Outcome(sub_code=sub_code) if sub_code in NONE_THERE:
            return None
        case Outcome():
            return Unknown(why=answer.failure, refused=True)
        case Unknown():
            return answer


def trusted(address: str, gateway: str) -> str | None:
    """The address, if it is one of Alipay's or of the simulator that plays it; what it writes without TLS is fetched with it."""
    parts = urlsplit(address)
    if outside.origin(address) == outside.origin(gateway):
        return address
    host = parts.hostname or ""
    # (Nothing but a name and the usual port: no user, no other port.)
    if parts.scheme not in ("http", "https") or not host.endswith(DOMAIN) or parts.netloc.lower() not in _usual(host):
        return None
    return parts._replace(scheme="https", netloc=host).geturl()


def _usual(host: str) -> tuple[str, ...]:
    """How an address may write a host."""
    return host, f"{host}:80", f"{host}:443"
