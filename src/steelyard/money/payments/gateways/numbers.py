"""Our ids, sums and times as the wallets of China write them.

A merchant's order number (商户订单号) may have 32 letters and digits at WeChat Pay and 64 at Alipay, a refund's 64 with
underscores at both: a UUID without its hyphens, and for the second and further instructions of a refund their number behind it.
"""

from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode
from uuid import UUID

from steelyard.kernel import outside
from steelyard.money.payments.model import PaymentId, RefundId

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
CURRENCY = "CNY"


def order_number(payment_id: UUID) -> str:
    """The merchant's order number of a payment."""
    return payment_id.hex


def payment_of(number: str) -> PaymentId | None:
    """The payment of an order number; none when we never gave it."""
    found = _uuid(number)
    return None if found is None else PaymentId(found)


def refund_number(refund_id: UUID, attempt: int) -> str:
    """The merchant's number of a refund's instruction."""
    return refund_id.hex if attempt == 1 else f"{refund_id.hex}_{attempt}"


def refund_of(number: str) -> tuple[RefundId, int] | None:
    """The refund and which of its instructions it is; none when we never gave this number."""
    plain, underscore, attempt = number.partition("_")
    found = _uuid(plain)
    if found is None or (underscore and not (attempt.isascii() and attempt.isdigit())):
        return None
    return RefundId(found), int(attempt) if underscore else 1


def _uuid(text: str) -> UUID | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if found.hex == text else None


def beijing(at: datetime) -> datetime:
    """The same moment on a clock in Beijing, to the second."""
    return at.astimezone(BEIJING).replace(microsecond=0)


def scanned(url: str, code: str) -> dict[str, str]:
    """Where a simulator shows what a phone would show that scans this code; no channel of the real world has such a page."""
    return {"simulated_phone": f"{outside.origin(url)}/scan?{urlencode({'code': code})}"}
