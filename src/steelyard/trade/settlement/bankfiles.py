"""Files that banks read and write: ISO 20022 pain.001.001.09 and a form for corporate internet banking out, pain.002 in.

Structure, lengths and character rules are those of the message definitions of ISO 20022 (pain.001.001.09, CustomerCreditTransfer-
InitiationV09; pain.002.001.10, CustomerPaymentStatusReportV10; also read: .03). Chinese names go as they are, in UTF-8.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Literal
from xml.etree import ElementTree

import msgspec

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.trade.settlement.batches import Batch, PayoutOrder
from steelyard.trade.settlement.model import BankAnswer

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
NAME_CHARACTERS_MAX = 140
REMITTANCE_CHARACTERS_MAX = 140
ACCOUNT_CHARACTERS_MAX = 34
REPORT_BYTES_MAX = 4_000_000
REASON_CHARACTERS_MAX = 200
# A report is small and flat; what declares a DOCTYPE or entities is none.
_DOCTYPE = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_REPORT = re.compile(r"^\{urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.\d\d\}Document$")
_IBAN = re.compile(r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$")
# ExternalPaymentTransactionStatus1Code: settled; refused; everything else is on its way.
_PAID, _REFUSED = frozenset({"ACSC", "ACCC"}), frozenset({"RJCT", "CANC"})
# The columns of a usual form for paying many at once by corporate internet banking (企业网银批量付款).
COLUMNS = (
    "序号", "付款方账号", "付款方户名", "收款方户名", "收款方账号", "收款方开户行", "收款方联行号", "币种", "金额",
    "用途", "备注", "客户业务编号",
)  # fmt: skip
PURPOSE = "货款结算"
# What spreadsheets take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Report(msgspec.Struct, frozen=True):
    """What a bank's report says: of which file (`message`), of `all` its payments, and of single ones by reference."""

    message: str
    all: BankAnswer | None
    answers: Mapping[str, BankAnswer]


def pain001(batch: Batch, orders: Sequence[PayoutOrder]) -> bytes:
    """The batch as pain.001.001.09; the same bytes each time it is asked for."""
    root = ElementTree.Element("Document", xmlns=NAMESPACE)
    initiation = _add(root, "CstmrCdtTrfInitn")
    at = batch.approved_at or batch.made_at
    count, total = str(len(orders)), _amount(sum(order.amount for order in orders), batch.currency)
    header = _add(initiation, "GrpHdr")
    _add(header, "MsgId", batch.code)
    _add(header, "CreDtTm", at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _add(header, "NbOfTxs", count)
    _add(header, "CtrlSum", total)
    _add(_add(header, "InitgPty"), "Nm", _words(batch.payer.holder, NAME_CHARACTERS_MAX))
    payment = _add(initiation, "PmtInf")
    _add(payment, "PmtInfId", f"{batch.code}-1")
    _add(payment, "PmtMtd", "TRF")
    _add(payment, "BtchBookg", "false")
    _add(payment, "NbOfTxs", count)
    _add(payment, "CtrlSum", total)
    _add(_add(payment, "ReqdExctnDt"), "Dt", batch.pay_on.isoformat())
    _add(_add(payment, "Dbtr"), "Nm", _words(batch.payer.holder, NAME_CHARACTERS_MAX))
    _account(_add(payment, "DbtrAcct"), batch.payer.account, batch.currency)
    _agent(_add(payment, "DbtrAgt"), batch.payer.bank, batch.payer.bic)
    _add(payment, "ChrgBr", "SHAR" if batch.currency != "EUR" else "SLEV")
    for order in orders:
        _transfer(_add(payment, "CdtTrfTxInf"), order)
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def _transfer(parent: ElementTree.Element, order: PayoutOrder) -> None:
    identified = _add(parent, "PmtId")
    _add(identified, "InstrId", order.reference)
    _add(identified, "EndToEndId", order.reference)
    _add(_add(parent, "Amt"), "InstdAmt", _amount(order.amount, order.currency)).set("Ccy", order.currency)
    _agent(_add(parent, "CdtrAgt"), order.payee.bank, "")
    _add(_add(parent, "Cdtr"), "Nm", _words(order.payee.name, NAME_CHARACTERS_MAX))
    _account(_add(parent, "CdtrAcct"), order.payee.account)
    _add(_add(parent, "RmtInf"), "Ustrd", _words(order.code, REMITTANCE_CHARACTERS_MAX))


def _account(parent: ElementTree.Element, account: str, currency: str | None = None) -> None:
    """An IBAN where it is one, else the bank's own number."""
    number = "".join(account.split()).upper()
    identified = _add(parent, "Id")
    if is_iban(number):
        _add(identified, "IBAN", number)
    else:
        _add(_add(identified, "Othr"), "Id", _words(number, ACCOUNT_CHARACTERS_MAX))
    if currency is not None:
        _add(parent, "Ccy", currency)


def is_iban(number: str) -> bool:
    """By its form and its check digits (ISO 13616, ISO 7064 MOD 97-10)."""
    if not _IBAN.fullmatch(number):
        return False
    return int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97 == 1


def _agent(parent: ElementTree.Element, bank: str, bic: str) -> None:
    institution = _add(parent, "FinInstnId")
    if bic:
        _add(institution, "BICFI", bic)
    _add(institution, "Nm", _words(bank, NAME_CHARACTERS_MAX))


def _add(parent: ElementTree.Element, name: str, words: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name)
    child.text = words
    return child


def _amount(amount: int, currency: str) -> str:
    return str(Money(amount, currency).decimal())


def _words(words: str, most: int) -> str:
    """On one line, without what XML cannot carry."""
    line = " ".join(words.split())
    return "".join(letter for letter in line if letter.isprintable())[:most] or "-"


def bank_csv(batch: Batch, orders: Sequence[PayoutOrder], encoding: Literal["gb18030", "utf-8-sig"]) -> bytes:
    """The batch as a form for corporate internet banking, in GB18030 as those read it, or in UTF-8."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for number, order in enumerate(orders, start=1):
        rows.writerow(
            [
                number,
                _cell(batch.payer.account),
                _cell(batch.payer.holder),
                _cell(order.payee.name),
                _cell("".join(order.payee.account.split())),
                _cell(order.payee.bank),
                "",
                order.currency,
                _amount(order.amount, order.currency),
                PURPOSE,
                order.code,
                order.reference,
            ]
        )
    return out.getvalue().encode(encoding)


def _cell(words: str) -> str:
    words = _words(words, NAME_CHARACTERS_MAX)
    return f"'{words}" if words.startswith(_FORMULA) else words


def read_report(content: bytes) -> Report:
    """A pain.002 as what it says. Raises `Invalid`: it is none, or contradicts itself."""
    if len(content) > REPORT_BYTES_MAX:
        raise Invalid({"file": N_("This file is too large.")})
    try:
        text = content.decode("utf-8-sig")
        if _DOCTYPE.search(text):
            raise Invalid({"file": N_("This is no payment status report (pain.002).")})
        root = ElementTree.fromstring(text)  # noqa: S314  # no DOCTYPE: no entities that could grow or reach out
    except (ElementTree.ParseError, ValueError) as error:
        raise Invalid({"file": N_("This is no payment status report (pain.002).")}) from error
    message = _text(root, "{*}CstmrPmtStsRpt/{*}OrgnlGrpInfAndSts/{*}OrgnlMsgId")
    if not _REPORT.fullmatch(root.tag) or not message:
        raise Invalid({"file": N_("This is no payment status report (pain.002).")})
    group = root.find("{*}CstmrPmtStsRpt/{*}OrgnlGrpInfAndSts")
    whole = _answer(group, "GrpSts") if group is not None else None
    for payment in root.findall("{*}CstmrPmtStsRpt/{*}OrgnlPmtInfAndSts"):
        whole = _answer(payment, "PmtInfSts") or whole
    answers: dict[str, BankAnswer] = {}
    for each in root.iterfind("{*}CstmrPmtStsRpt/{*}OrgnlPmtInfAndSts/{*}TxInfAndSts"):
        reference = _text(each, "{*}OrgnlEndToEndId") or _text(each, "{*}OrgnlInstrId")
        answer = _answer(each, "TxSts")
        if not reference or answer is None:
            raise Invalid({"file": N_("A payment in this report has no reference or no status.")})
        if answers.setdefault(reference, answer) != answer:
            raise Invalid({"file": N_("This report says two things of one payment.")})
    return Report(message, whole, answers)


def _answer(element: ElementTree.Element, status: str) -> BankAnswer | None:
    code = _text(element, f"{{*}}{status}")
    if not code:
        return None
    if code in _PAID:
        return BankAnswer(state="paid")
    if code not in _REFUSED:
        return BankAnswer(state="accepted")
    reasons = [_reason(info) for info in element.findall("{*}StsRsnInf")]
    return BankAnswer(state="rejected", failure=("; ".join(filter(None, reasons)) or code)[:REASON_CHARACTERS_MAX])


def _reason(info: ElementTree.Element) -> str:
    """The code of a refusal, and what the bank adds to it in words."""
    code = _text(info, "{*}Rsn/{*}Cd") or _text(info, "{*}Rsn/{*}Prtry")
    return " ".join(filter(None, (code, *_all(info, "{*}AddtlInf"))))


def _text(element: ElementTree.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _all(element: ElementTree.Element, path: str) -> list[str]:
    return [(each.text or "").strip() for each in element.findall(path)]
