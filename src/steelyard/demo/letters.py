"""What the demo's first shop writes to its customers: templates that were ready and are its own now, and messages that leave when
the demo runs, by mail, in the account and by text message; and who agreed to that."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from steelyard.operations import outreach
from steelyard.operations.outreach.model import Channel, Outgoing
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId

BY = "system"
PEOPLE_MAX = 24
# Which playbook says what to every third of them.
TOLD = (("welcome", Channel.EMAIL), ("win_back", Channel.INBOX), ("abandoned_cart", Channel.EMAIL))
KEPT = (("unpaid_order", Channel.EMAIL), ("review_request", Channel.INBOX), ("welcome", Channel.SMS))
TEXTED = 4


async def write(db: Database, merchant_id: UUID, buyer_id: BuyerId) -> None:
    """Said twice, nothing is there twice."""
    await db.transact(_written, merchant_id, buyer_id)


async def _written(tx: Tx, merchant_id: UUID, buyer_id: BuyerId) -> None:
    templates = {
        (key, channel): await outreach.use_ready(tx, merchant_id, key, channel, BY) for key, channel in (*TOLD, *KEPT)
    }
    people = await _people(tx, merchant_id, buyer_id)
    agreed_at = datetime.now(UTC) - timedelta(days=30)
    await customers.bulk_want(tx, people[: PEOPLE_MAX * 3 // 4], customers.Channel.EMAIL, agreed_at)
    await customers.bulk_want(tx, people[:TEXTED], customers.Channel.SMS, agreed_at)
    messages = [
        _message(merchant_id, person, templates[said], said, number)
        for number, person in enumerate(people)
        for said in (TOLD[number % len(TOLD)],)
    ]
    said = ("welcome", Channel.SMS)
    messages += [
        _message(merchant_id, person, templates[said], said, PEOPLE_MAX + number)
        for number, person in enumerate(people[:TEXTED])
    ]
    await outreach.send_many(tx, messages)


async def _people(tx: Tx, merchant_id: UUID, buyer_id: BuyerId) -> Sequence[UUID]:
    """The demo's buyer, and those of the shop's customers who bought last."""
    rows = await tx.fetch(
        """
        SELECT f.buyer_id FROM customer_facts f JOIN buyers b USING (buyer_id)
        WHERE f.merchant_id = $1 AND f.orders > 0 AND f.buyer_id <> $2 AND b.email IS NOT NULL
        ORDER BY f.last_paid_at DESC, f.buyer_id DESC LIMIT $3
        """,
        merchant_id,
        buyer_id,
        PEOPLE_MAX,
    )
    return [buyer_id, *(row["buyer_id"] for row in rows)]


def _message(
    merchant_id: UUID, person: UUID, template_id: UUID, said: tuple[str, Channel], number: int
) -> Outgoing:  # fmt: skip
    return Outgoing(
        merchant_id=merchant_id,
        message_id=made("message", said[0], str(said[1]), str(number)),
        buyer_id=person,
        channel=said[1],
        template_id=template_id,
        variables={"cart.items": text("轻便跑鞋 ×1", "Light running shoes ×1"), "cart.url": "/cart"},
        origin="demo",
    )
