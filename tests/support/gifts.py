"""Gift cards that buyers buy in the shop, as tests say it."""

from datetime import date
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.money import gifts
from steelyard.money.gifts import NewSale, Sale, SaleId, collecting
from steelyard.money.payments.model import ChannelAnswer, Instruction, PaymentId, PaymentState, Recording
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import GIFTS_SOLD, WALLETS

RECIPIENT = "friend@example.test"


async def sold(db: Database) -> None:
    """The operator has switched it on."""
    await db.transact(policies.settle, WALLETS, 1, None)
    await db.transact(policies.settle, GIFTS_SOLD, 1, None)


def wanted(buyer_id: BuyerId | None = None, amount: int = 100, send_on: date | None = None, **other: str) -> NewSale:
    facts = {"recipient": RECIPIENT, "sender": "Li Na", "message": "Happy birthday", "locale": "en"} | other
    return NewSale(
        sale_id=SaleId(ids.mint()), buyer_id=buyer_id or BuyerId(ids.mint()), amount=amount, send_on=send_on, **facts
    )


async def ordered(db: Database, new: NewSale | None = None) -> Sale:
    return await db.transact(gifts.order, new or wanted())


async def begun(db: Database, sale_id: UUID, channel: str = "simpay") -> PaymentId:
    """A payment that the channel was asked for."""
    instruction = await db.transact(collecting.begin, sale_id, channel, "http://shop.test/back")
    assert isinstance(instruction, Instruction)
    return instruction.payment_id


async def says(db: Database, payment_id: PaymentId, state: str = "captured") -> None:
    """What the channel answered."""
    answer = ChannelAnswer(reference=str(payment_id), state=PaymentState(state))  # pyright: ignore[reportArgumentType] - one that channels answer
    await db.transact(collecting.apply_answer, Recording(payment_id=payment_id, answer=answer, by="channel"))


async def bought(db: Database, new: NewSale | None = None) -> Sale:
    """A card that is paid."""
    sale = await ordered(db, new)
    await says(db, await begun(db, sale.sale_id))
    return await now(db, sale)


async def now(db: Database, sale: Sale) -> Sale:
    found = await db.ask(gifts.get, sale.buyer_id, sale.sale_id)
    assert found is not None
    return found


async def code_of(db: Database, recipient: str = RECIPIENT) -> str:
    """The code in the last mail to somebody, which is not out yet."""
    return await db.transact(_code_of, recipient)


async def _code_of(tx: Tx, recipient: str) -> str:
    link = await tx.value(
        "SELECT facts ->> 'secret_link' FROM mails WHERE recipient = $1 ORDER BY created_at DESC, mail_id DESC LIMIT 1",
        recipient,
    )
    return link.rpartition("=")[2]


async def days_pass(tx: Tx, sale_id: UUID, days: int) -> None:
    """For this sale, so many days have gone by."""
    await tx.execute(
        """
        UPDATE gift_sales SET pay_by = pay_by - $2 * interval '1 day', send_at = send_at - $2 * interval '1 day'
             , refund_by = refund_by - $2 * interval '1 day'
        WHERE sale_id = $1
        """,
        sale_id,
        days,
    )
