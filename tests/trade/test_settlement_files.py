"""Payouts in bank files: two people, one batch each, answered by the bank, paid anew when they failed or came back."""

import asyncio
import csv
import io
from datetime import timedelta
from uuid import UUID
from xml.etree import ElementTree

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, Payout
from steelyard.trade import settlement
from steelyard.trade.settlement import (
    BankAnswer,
    Batch,
    BatchState,
    NoPayerAccount,
    NoPayoutAccount,
    SamePerson,
    Statement,
    StatementState,
    Terms,
    Way,
)
from tests.money.deals import balance
from tests.trade.merchants import day_after, open_shop
from tests.trade.settling import APPROVER, MAKER, PAYER, agreed_shop, fetched, filed, sold, state_of, today

FILE = Terms(way=Way.FILE)
PAIN = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"


async def issued(db: Database, *amounts: int, account: str = "6222 01") -> list[Statement]:
    """A statement for each amount, each of a shop of its own that is paid by file."""
    shops = [await agreed_shop(db, FILE, account=account) for _ in amounts]
    for shop, amount in zip(shops, amounts, strict=True):
        await sold(db, shop, amount)
    found = {s.merchant_id: s for s in await db.transact(settlement.run, day_after(1))}
    return [found[shop] for shop in shops]


async def orders(db: Database, batch: Batch) -> dict[str, str]:
    return {o.reference: o.state for o in await db.ask(settlement.orders_of_batch, batch.batch_id)}


async def by_hand(db: Database, batch: Batch, statement: Statement, *, paid: bool = True, failure: str = "") -> None:
    await db.transact(
        lambda tx: settlement.answer_by_hand(
            tx, batch.batch_id, statement.merchant_id, statement.statement_id, paid=paid, failure=failure, by=MAKER
        )
    )


async def test_one_makes_a_batch_another_approves_it_and_its_file_is_sent(db: Database) -> None:
    statements = await issued(db, 1_000, 2_500)

    batch = await filed(db, statements)
    assert (batch.state, batch.payments, batch.total) == (BatchState.MADE, 2, 3_500)
    with pytest.raises(SamePerson):
        await db.transact(settlement.approve_batch, batch.batch_id, MAKER)
    with pytest.raises(TransitionRefused):
        await db.transact(settlement.fetch_batch, batch.batch_id, MAKER)
    await db.transact(settlement.approve_batch, batch.batch_id, APPROVER)
    assert {(await state_of(db, s)).state for s in statements} == {StatementState.BATCHED}
    first, again = [await db.transact(settlement.fetch_batch, batch.batch_id, MAKER) for _ in range(2)]
    assert {(await state_of(db, s)).state for s in statements} == {StatementState.PAYING}
    await db.transact(settlement.mark_sent, batch.batch_id, MAKER)
    with pytest.raises(TransitionRefused):
        await db.transact(settlement.drop_batch, batch.batch_id, MAKER)

    assert settlement.pain001(*first) == settlement.pain001(*again)
    assert await db.transact(settlement.to_pay, 9) == []  # the connected bank is not asked of it
    for statement in statements:
        await by_hand(db, batch, statement)
    assert await balance(db, statements[0].merchant_id, AccountKind.BANK_CASH) == -1_000
    assert set((await orders(db, batch)).values()) == {"paid"}


async def test_a_payout_is_in_one_batch_whoever_makes_it(db: Database) -> None:
    statements = await issued(db, 1_000, 2_000)
    await db.transact(settlement.set_payer, "CNY", PAYER)
    chosen = [s.statement_id for s in statements]

    made = await asyncio.gather(
        *(db.transact(settlement.make_batch, ids.mint(), "CNY", today(), chosen, MAKER) for _ in range(4)),
        return_exceptions=True,
    )

    assert sorted(type(each).__name__ for each in made) == ["Batch", "Invalid", "Invalid", "Invalid"]


async def test_said_twice_it_is_one_batch(db: Database) -> None:
    statements = await issued(db, 1_000)
    await db.transact(settlement.set_payer, "CNY", PAYER)
    batch_id = ids.mint()

    first, second = [
        await db.transact(settlement.make_batch, batch_id, "CNY", today(), [statements[0].statement_id], MAKER)
        for _ in range(2)
    ]

    assert first == second


async def test_what_cannot_be_paid_by_file_stays_out(db: Database) -> None:
    (good,), (without,) = await issued(db, 1_000), await issued(db, 1_000, account="")
    with pytest.raises(NoPayerAccount):
        await db.transact(settlement.make_batch, ids.mint(), "CNY", today(), [good.statement_id], MAKER)
    batch = await filed(db, [good, without])
    assert batch.payments == 1

    for chosen, day in (([without.statement_id], today()), ([good.statement_id], today() + timedelta(days=31))):
        with pytest.raises(Invalid):
            await db.transact(settlement.make_batch, ids.mint(), "CNY", day, chosen, MAKER)


async def test_what_waits_for_its_merchants_word_is_not_batched(db: Database) -> None:
    shop = await agreed_shop(db, Terms(way=Way.FILE, check_days=5))
    await sold(db, shop, 1_000)
    statements = await db.transact(settlement.run, day_after(1))

    assert await db.ask(settlement.to_batch, "CNY") == []
    with pytest.raises(Invalid):
        await filed(db, statements)


async def test_a_batch_that_nobody_fetched_is_dropped_and_its_payouts_go_elsewhere(db: Database) -> None:
    statements = await issued(db, 1_000)
    batch = await filed(db, statements)

    for _ in range(2):
        await db.transact(settlement.drop_batch, batch.batch_id, MAKER)

    assert (await state_of(db, statements[0])).state is StatementState.CHECKED
    assert (await filed(db, statements)).batch_id != batch.batch_id
    with pytest.raises(TransitionRefused):
        await db.transact(settlement.approve_batch, batch.batch_id, APPROVER)


async def test_a_failed_payment_goes_out_anew_to_the_corrected_account(db: Database) -> None:
    (statement,) = await issued(db, 1_000)
    batch = await fetched(db, [statement])
    await by_hand(db, batch, statement, paid=False, failure="account closed")
    assert ((await state_of(db, statement)).state, (await state_of(db, statement)).failure) == (
        StatementState.FAILED,
        "account closed",
    )
    with pytest.raises(TransitionRefused):  # it is answered
        await by_hand(db, batch, statement)
    with pytest.raises(TransitionRefused):  # it goes in a file, not through the connected bank
        await db.transact(settlement.pay_again, statement.merchant_id, statement.statement_id, MAKER)
    await db.transact(merchants.set_payout, statement.merchant_id, Payout(name="New", bank="Bank", account="777"))

    second = await fetched(db, [statement])
    await by_hand(db, second, statement)

    (order,) = await db.ask(settlement.orders_of_batch, second.batch_id)
    assert (order.reference, order.payee.account) == (f"{statement.code}-2", "777")
    assert (await state_of(db, statement)).bank_reference == f"{statement.code}-2"
    assert await balance(db, statement.merchant_id, AccountKind.PAYOUT_IN_TRANSIT) == 0


async def test_a_payment_that_came_back_is_on_its_way_again_and_leaves_once_more(db: Database) -> None:
    (statement,) = await issued(db, 1_000)
    shop = statement.merchant_id
    batch = await fetched(db, [statement])
    await by_hand(db, batch, statement)
    return_id = ids.mint()

    for expected in (True, False):
        assert (
            await db.transact(settlement.take_back, shop, statement.statement_id, return_id, "wrong name", MAKER)
            is expected
        )

    assert await balance(db, shop, AccountKind.PAYOUT_IN_TRANSIT) == 1_000
    assert await balance(db, shop, AccountKind.BANK_CASH) == 0
    assert await orders(db, batch) == {f"{statement.code}-1": "returned"}
    # that the first was paid is no news any more
    late = BankAnswer(state="paid")
    assert await db.transact(settlement.record_payout, statement.statement_id, 1, late, "bank") is StatementState.FAILED
    await by_hand(db, await fetched(db, [statement]), statement)
    assert (await state_of(db, statement)).state is StatementState.PAID
    assert await balance(db, shop, AccountKind.BANK_CASH) == -1_000
    with pytest.raises(Invalid):
        await db.transact(settlement.take_back, shop, statement.statement_id, ids.mint(), " ", MAKER)


async def test_only_what_we_paid_comes_back(db: Database) -> None:
    (statement,) = await issued(db, 1_000)

    with pytest.raises(TransitionRefused):
        await db.transact(settlement.take_back, statement.merchant_id, statement.statement_id, ids.mint(), "no", MAKER)


async def test_what_turns_out_to_be_paid_takes_the_batch_back_that_it_lies_in(db: Database) -> None:
    shop, other = await open_shop(db), await agreed_shop(db, FILE)
    for each in (shop, other):
        await sold(db, each, 1_000)
    statements = await db.transact(settlement.run, day_after(1))
    (due,) = await db.transact(settlement.to_pay, 9)
    no, yes = BankAnswer(state="rejected", failure="down"), BankAnswer(state="paid")
    await db.transact(settlement.record_payout, due.statement_id, 1, no, "bank")
    batch = await filed(db, statements)

    assert await db.transact(settlement.record_payout, due.statement_id, 1, yes, "bank") is StatementState.PAID

    assert (await db.ask(settlement.batch, batch.batch_id)).state is BatchState.DROPPED
    states = {s.merchant_id: (await state_of(db, s)).state for s in statements}
    assert states == {shop: StatementState.PAID, other: StatementState.CHECKED}


async def test_the_file_is_pain_001_with_every_payout_once(db: Database) -> None:
    (plain,), (iban,) = await issued(db, 1_000), await issued(db, 2_550, account="DE89 3704 0044 0532 0130 00")
    batch = await fetched(db, [plain, iban])

    root = ElementTree.fromstring(settlement.pain001(*await db.transact(settlement.fetch_batch, batch.batch_id, MAKER)))

    def texts(path: str) -> list[str | None]:
        return [each.text for each in root.iterfind("/".join(PAIN + name for name in path.split("/")))]

    assert texts("CstmrCdtTrfInitn/GrpHdr/MsgId") == [batch.code]
    assert texts("CstmrCdtTrfInitn/GrpHdr/NbOfTxs") == texts("CstmrCdtTrfInitn/PmtInf/NbOfTxs") == ["2"]
    assert texts("CstmrCdtTrfInitn/GrpHdr/CtrlSum") == texts("CstmrCdtTrfInitn/PmtInf/CtrlSum") == ["35.50"]
    transfer = "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf"
    assert sorted(filter(None, texts(f"{transfer}/PmtId/EndToEndId"))) == sorted(f"{s.code}-1" for s in (plain, iban))
    assert sorted(filter(None, texts(f"{transfer}/Amt/InstdAmt"))) == ["10.00", "25.50"]
    assert texts(f"{transfer}/CdtrAcct/Id/IBAN") == ["DE89370400440532013000"]
    assert texts(f"{transfer}/CdtrAcct/Id/Othr/Id") == ["622201"]
    assert wrong_order(root) == []


# The children that we write, in the order of the message definition (xs:sequence) of each parent.
SEQUENCES = {
    "Document": ["CstmrCdtTrfInitn"],
    "CstmrCdtTrfInitn": ["GrpHdr", "PmtInf"],
    "GrpHdr": ["MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", "InitgPty"],
    "PmtInf": [
        "PmtInfId", "PmtMtd", "BtchBookg", "NbOfTxs", "CtrlSum", "PmtTpInf", "ReqdExctnDt", "Dbtr", "DbtrAcct", "DbtrAgt",
        "ChrgBr", "CdtTrfTxInf",
    ],
    "CdtTrfTxInf": ["PmtId", "PmtTpInf", "Amt", "ChrgBr", "CdtrAgt", "CdtrAgtAcct", "Cdtr", "CdtrAcct", "Purp", "RmtInf"],
    "PmtId": ["InstrId", "EndToEndId", "UETR"],
    "FinInstnId": ["BICFI", "ClrSysMmbId", "LEI", "Nm"],
    "DbtrAcct": ["Id", "Tp", "Ccy"],
}  # fmt: skip
LONGEST = {"MsgId": 35, "PmtInfId": 35, "InstrId": 35, "EndToEndId": 35, "Nm": 140, "Ustrd": 140, "NbOfTxs": 15}


def wrong_order(root: ElementTree.Element) -> list[str]:
    """What the definition of the message would refuse: children out of order, texts that are too long."""
    found: list[str] = []
    for element in root.iter():
        name = element.tag.removeprefix(PAIN)
        children = [child.tag.removeprefix(PAIN) for child in element]
        if name in SEQUENCES:
            places = [SEQUENCES[name].index(child) for child in children]
            if places != sorted(places):
                found.append(f"{name}: {children}")
        if name in LONGEST and not 1 <= len(element.text or "") <= LONGEST[name]:
            found.append(f"{name}: {element.text}")
    return found


def test_a_file_out_of_order_is_seen() -> None:
    root = ElementTree.fromstring(f'<GrpHdr xmlns="{PAIN[1:-1]}"><CreDtTm/><MsgId>{"x" * 36}</MsgId></GrpHdr>')

    assert len(wrong_order(root)) == 2


async def test_the_form_for_internet_banking_is_read_in_gb18030(db: Database) -> None:
    (statement,) = await issued(db, 1_000)
    await db.transact(
        merchants.set_payout, statement.merchant_id, Payout(name="=海港商行", bank="测试银行", account="6222 02")
    )
    batch = await fetched(db, [statement])
    answer = await db.transact(settlement.fetch_batch, batch.batch_id, MAKER)

    (row,) = csv.DictReader(io.StringIO(settlement.bank_csv(*answer, "gb18030").decode("gb18030")))

    assert (row["收款方户名"], row["收款方账号"], row["金额"]) == ("'=海港商行", "622202", "10.00")
    assert row["客户业务编号"] == f"{statement.code}-1"
    assert settlement.bank_csv(*answer, "utf-8-sig").startswith(b"\xef\xbb\xbf")


def report(message: str, *payments: tuple[str, str, str], group: str = "") -> bytes:
    lines = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        + (f"<StsRsnInf><Rsn><Cd>{why}</Cd></Rsn><AddtlInf>no such account</AddtlInf></StsRsnInf>" if why else "")
        + "</TxInfAndSts>"
        for reference, status, why in payments
    )
    status = f"<GrpSts>{group}</GrpSts>" if group else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>B1</MsgId></GrpHdr>'
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId>{status}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts>{lines}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


async def test_the_banks_report_says_what_became_of_each_payment(db: Database) -> None:
    statements = await issued(db, 1_000, 2_000, 3_000)
    batch = await fetched(db, statements)
    names = [f"{s.code}-1" for s in statements]
    content = report(batch.code, (names[0], "ACSC", ""), (names[1], "RJCT", "AC01"), (names[2], "ACSP", ""))

    for expected in ((1, 1, 1), (0, 0, 1)):  # read twice, the second books nothing
        heard = await db.transact(settlement.hear, batch.batch_id, settlement.read_report(content), MAKER)
        assert (heard.paid, heard.failed, heard.waiting) == expected

    assert [(await state_of(db, s)).state for s in statements] == ["paid", "failed", "paying"]
    assert (await state_of(db, statements[1])).failure == "AC01 no such account"
    all_paid = settlement.read_report(report(batch.code, group="ACSC"))
    assert (await db.transact(settlement.hear, batch.batch_id, all_paid, MAKER)).paid == 1


async def test_a_report_of_another_file_or_payment_books_nothing(db: Database) -> None:
    statements = await issued(db, 1_000)
    batch = await fetched(db, statements)
    name = f"{statements[0].code}-1"

    for content in (
        report("PB-OTHER", (name, "ACSC", "")),
        report(batch.code, (name, "ACSC", ""), ("who", "ACSC", "")),
    ):
        with pytest.raises(Invalid):
            await db.transact(settlement.hear, batch.batch_id, settlement.read_report(content), MAKER)

    assert (await state_of(db, statements[0])).state is StatementState.PAYING
    with pytest.raises(NotFound):
        await db.transact(settlement.hear, ids.mint(), settlement.read_report(report("x", group="ACSC")), MAKER)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no xml",
        b"<Document/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + report("x", group="ACSC").split(b"?>", 1)[1],
        report("x", group="ACSC").decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        report("x", ("a", "", "")),
        report("x", ("a", "ACSC", ""), ("a", "RJCT", "")),
    ],
)
def test_what_is_no_report_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        settlement.read_report(content)


@pytest.mark.parametrize(
    ("number", "is_one"),
    [("DE89370400440532013000", True), ("DE89370400440532013001", False), ("6222020200000000000", False)],
)
def test_an_iban_is_known_by_its_check_digits(number: str, is_one: bool) -> None:
    assert settlement.is_iban(number) is is_one


async def test_a_merchant_sees_its_own_payments_only(db: Database) -> None:
    statements = await issued(db, 1_000, 2_000)
    batch = await fetched(db, statements)

    merchant = db.as_merchant(MerchantId(statements[0].merchant_id))
    assert await merchant.ask(_mine, batch.batch_id) == [statements[0].statement_id]


async def _mine(read: Read, batch_id: UUID) -> list[UUID]:
    rows = await read.fetch("SELECT statement_id FROM payout_orders WHERE batch_id = $1", batch_id)
    return [row["statement_id"] for row in rows]


async def test_a_shop_without_an_account_is_told_so_before_its_payout_is_sent_again(db: Database) -> None:
    shop = await open_shop(db, account="")
    await sold(db, shop, 1_000)
    (statement,) = await db.transact(settlement.run, day_after(1))
    await db.transact(settlement.to_pay, 9)
    refused = BankAnswer(state="rejected", failure="no account")
    await db.transact(settlement.record_payout, statement.statement_id, 1, refused, "bank")

    with pytest.raises(NoPayoutAccount):
        await db.transact(settlement.pay_again, shop, statement.statement_id, MAKER)
    assert [each.complete for each in await db.ask(settlement.to_batch, "CNY")] == [False]
