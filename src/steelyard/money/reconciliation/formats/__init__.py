"""Reading statements: one file per format. A reader takes the bytes as they came and gives lines, and problems for what it
cannot read; it guesses nothing."""

from collections.abc import Callable, Iterator, Mapping

from steelyard.money.reconciliation.formats import (
    alipay,
    bank_csv,
    bundled,
    remittance,
    simbank,
    simpay,
    stripe,
    wechatpay,
)
from steelyard.money.reconciliation.model import Line, Problem

__all__ = ["FORMATS", "Reader"]

Reader = Callable[[bytes], Iterator[Line | Problem]]

FORMATS: Mapping[str, Reader] = {
    "simpay": simpay.read,
    "simbank": simbank.read,
    "bank_csv": bank_csv.read,
    "remittance": remittance.read,
    "stripe": stripe.read,
    "alipay": bundled.reader(alipay.read),
    "wechatpay": bundled.reader(wechatpay.read),
}
