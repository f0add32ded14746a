"""Wallets in the demo: switched on, gift cards out, two bought in the shop, and something in the purses of the demo's buyer."""

from datetime import UTC, datetime, timedelta

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Tx
from steelyard.money import gifts, wallets
from steelyard.money.gifts import NewSale, SaleId, collecting
from steelyard.money.gifts.model import HOUSE_ZONE
from steelyard.money.payments.model import ChannelAnswer, Instruction, PaymentState, Recording
from steelyard.money.wallets import Cause, IssueId, Move, NewIssue, Purse
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import GIFTS_SOLD, POINTS_CHECK_IN, POINTS_EARNED, WALLETS

POINTS_PER_HUNDRED = 1
CARD = 10_000
CREDIT = 1_500
POINTS = 860
CARDS = 20
CHECK_IN = 5
MONTHS = 12
DAYS = 360
BOUGHT = 100
WAITS_DAYS = 20


async def fill(db: Database, buyer_id: BuyerId) -> None:
    """The operator has switched wallets on, issued cards, made up for a late parcel; the buyer has redeemed a card."""
    await db.transact(_fill, buyer_id)


async def _fill(tx: Tx, buyer_id: BuyerId) -> None:
    await policies.settle(tx, WALLETS, 1, None)
    await policies.settle(tx, POINTS_EARNED, POINTS_PER_HUNDRED, None)
    await policies.settle(tx, POINTS_CHECK_IN, CHECK_IN, None)
    minted = await wallets.issue(tx, _issue("年会礼品卡 Annual party", sold=True))
    await wallets.issue(tx, _issue("春季回馈 Spring", sold=False))
    if minted:  # none when they were issued before
        await wallets.redeem(tx, buyer_id, minted[0].code)
    credit_id = made("credit", "late parcel")
    await wallets.credit(tx, credit_id, buyer_id, CREDIT, "CNY", "快递延误补偿 Your parcel was late", "system")
    points = Move(
        buyer_id=buyer_id,
        purse=Purse.POINTS,
        currency="CNY",
        amount=POINTS,
        cause=Cause.EARNED,
        document=made("points", "welcome"),
        expires_at=datetime.now(UTC) + timedelta(days=DAYS),
    )
    await wallets.move(tx, [points])
    await policies.settle(tx, GIFTS_SOLD, 1, None)
    await _bought(tx, buyer_id, "生日快乐 Happy birthday", "friend@steelyard.test", None)
    await _bought(tx, buyer_id, "新年快乐 A happy new year", "grandma@steelyard.test", WAITS_DAYS)
    await gifts.send_due(tx)


async def _bought(tx: Tx, buyer_id: BuyerId, name: str, recipient: str, days: int | None) -> None:
    """A card that the buyer bought, and that was paid; with days: it goes out then."""
    today = datetime.now(HOUSE_ZONE).date()
    wanted = NewSale(
        sale_id=SaleId(made("gift card", name)),
        buyer_id=buyer_id,
        amount=BOUGHT,
        recipient=recipient,
        sender="李娜",
        message=name,
        locale="zh-Hans",
        send_on=None if days is None else today + timedelta(days=days),
    )
    sale = await gifts.order(tx, wanted)
    if sale.paid_at is not None:
        return
    begun = await collecting.begin(tx, sale.sale_id, "archive", "")
    assert isinstance(begun, Instruction)
    answer = ChannelAnswer(reference=None, state=PaymentState.CAPTURED)
    await collecting.apply_answer(tx, Recording(payment_id=begun.payment_id, answer=answer, by="system"))


def _issue(name: str, *, sold: bool) -> NewIssue:
    return NewIssue(
        issue_id=IssueId(made("gift cards", name)),
        name=name,
        amount=CARD,
        currency="CNY",
        cards=CARDS,
        sold=sold,
        months=None if sold else MONTHS,
        by="system",
    )
