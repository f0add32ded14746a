"""The numbers of docs/algorithms/wallets.md, run."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.money import Money
from steelyard.money import gifts, ledger, payments, wallets
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments.model import (
    ChannelAnswer,
    Instruction,
    PaymentId,
    PaymentState,
    Recording,
    RefundAnswer,
    RefundState,
    Split,
)
from steelyard.money.wallets import PURSES, Cause, Move, Purse, expiring, tenders
from steelyard.parties.customers.model import BuyerId
from tests.support.gifts import bought, code_of, sold, wanted
from tests.support.purses import filled, left
from tests.trade.examples import PAGES, numbers


def test_the_page_says_what_several_means_pay() -> None:
    for each in numbers("wallets.md")["tenders"]:
        totals = [int(total) for total in each["orders"]]
        free = {purse: int(each[purse]) for purse in PURSES}
        found = {tender.purse: tender for tender in tenders(totals, free, PURSES, int(each["share"]))}

        assert {purse: list(tender.parts) for purse, tender in found.items()} == {
            Purse(name): [int(part) for part in parts] for name, parts in each["pays"].items()
        }, each
        rest = [total - sum(tender.parts[at] for tender in found.values()) for at, total in enumerate(totals)]
        assert rest == [int(part) for part in each["channel"]], each


async def test_the_page_says_what_goes_back_where(db: Database) -> None:
    told = numbers("wallets.md")
    buyer_id, merchant_id, order_id, purchase_id = BuyerId(ids.mint()), ids.mint(), ids.mint(), ids.mint()
    for channel, amount in told["means"].items():
        if channel != "simpay":
            await filled(db, int(amount), Purse(channel), buyer_id)
        await db.transact(_pays, buyer_id, (merchant_id, order_id), purchase_id, channel, int(amount))
    before: dict[str, int] = {}
    for step in told["refunds"]:
        await db.transact(
            payments.refund, refund_id=ids.mint(), merchant_id=merchant_id, order_id=order_id, amount=int(step["amount"]),
            reason="returned", out_of=AccountKind.HELD, by="test",
        )  # fmt: skip
        splits = await db.ask(payments.splits_of_order, merchant_id, order_id)
        now = {split.channel: split.refunding + split.refunded for split in splits}
        for channel in told["means"]:
            assert now[channel] - before.get(channel, 0) == int(step[channel]), (channel, step)
        before = now
    assert before == {channel: int(amount) for channel, amount in told["means"].items()}


async def _pays(
    tx: Tx, buyer_id: BuyerId, order: tuple[UUID, UUID], purchase_id: UUID, channel: str, amount: int
) -> None:
    payment_id = PaymentId(ids.mint())
    merchant_id, order_id = order
    await payments.instruct(
        tx,
        Instruction(
            payment_id=payment_id, purchase_id=purchase_id, buyer_id=buyer_id, channel=channel, amount=amount, currency="CNY",
            splits=[Split(merchant_id=merchant_id, order_id=order_id, amount=amount)],
            expires_at=datetime.now(UTC) + timedelta(hours=1), return_url="",
        ),
    )  # fmt: skip
    if channel != "simpay":
        held = Move(
            buyer_id=buyer_id,
            purse=Purse(channel),
            currency="CNY",
            amount=-amount,
            cause=Cause.HELD,
            document=payment_id,
        )
        await wallets.move(tx, [held])
    answer = ChannelAnswer(reference=None, state=PaymentState.CAPTURED)
    await payments.record_all(tx, [Recording(payment_id=payment_id, answer=answer, by="test")])


async def test_the_page_says_which_points_expire(db: Database) -> None:
    for each in numbers("wallets.md")["expiry"]:
        for day, amount in each["left"].items():
            buyer_id = BuyerId(ids.mint())
            for earned in each["earned"]:
                good_until = datetime.now(UTC) + timedelta(days=int(earned["on_day"]) - int(day))
                await db.transact(_points, buyer_id, int(earned["amount"]), Cause.EARNED, good_until)
            await db.transact(_points, buyer_id, -int(each["spent"]), Cause.TAKEN_BACK, None)
            await db.transact(expiring.expire)
            assert await left(db, buyer_id, Purse.POINTS) == int(amount), (each, day)


async def _points(tx: Tx, buyer_id: BuyerId, amount: int, cause: Cause, good_until: datetime | None) -> None:
    moved = Move(
        buyer_id=buyer_id, purse=Purse.POINTS, currency="CNY", amount=amount, cause=cause, document=ids.mint(),
        expires_at=good_until,
    )  # fmt: skip
    assert await wallets.move(tx, [moved]) == [True]


async def test_the_page_says_how_a_card_is_booked(db: Database) -> None:
    await sold(db)
    buyer_id, friend = BuyerId(ids.mint()), BuyerId(ids.mint())
    first = await bought(db, wanted(buyer_id))
    await db.transact(gifts.send_due)
    await db.transact(wallets.redeem, friend, await code_of(db))
    second = await bought(db, wanted(buyer_id))
    await db.transact(gifts.refund, buyer_id, second.sale_id, "buyer")
    for due in await db.transact(payments.to_refund, 10):
        back = RefundAnswer(reference="r", state=RefundState.SUCCEEDED)
        await db.transact(payments.record_refund, due.refund_id, due.attempt, back, "channel")

    documents = {"paid": first, "redeemed": first, "given back": second}
    owners = {"buyer": buyer_id, "friend": friend}
    for step, owner, debit, credit, amount, reason in rows():
        whose = owners.get(owner, documents[step].sale_id)
        entries = await db.transact(_transfers, whose)
        assert (debit, credit, Money.of(amount, "CNY").amount, reason) in entries, (step, owner)
    assert len(await db.transact(_transfers, first.sale_id)) == 3
    assert len(await db.transact(_transfers, second.sale_id)) == 4
    assert {each.balance for each in await db.ask(ledger.balances, second.sale_id)} == {0}


async def _transfers(tx: Tx, owner_id: UUID) -> list[tuple[str, str, int, str]]:
    rows = await tx.fetch("SELECT debit, credit, amount, reason FROM ledger_transfers WHERE owner_id = $1", owner_id)
    return [(row["debit"], row["credit"], row["amount"], row["reason"]) for row in rows]


def rows() -> list[tuple[str, str, str, str, str, str]]:
    """The table of the last section."""
    told = (PAGES / "wallets.md").read_text("utf-8").partition("## A gift card in the books")[2]
    found = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in re.findall(r"^\|.*\|$", told, re.M)]
    assert len(found) > 2
    return found[2:]  # pyright: ignore[reportReturnType] - six cells a row
