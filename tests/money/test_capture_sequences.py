"""Any order of sending, calling off, capturing, refunding, lapsing and dying in between leaves splits, captures and books that
fit:
`checks.sql` is run after each step."""

import random
from contextlib import suppress
from uuid import UUID

import pytest

from steelyard.kernel import checks, ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.money import payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import CaptureAnswer, CaptureState, ChannelAnswer, PaymentState
from steelyard.money.payments.model import RefundAnswer, RefundState
from tests.money.deals import Deal, make_due

STEPS = 18
WANTED = [check for check in checks.collect() if check.module in ("money.payments", "money.ledger")]


class Channel:
    """What the channel has of one payment: the truth that our books have to reach. It captures in parts, or once."""

    def __init__(self, amount: int, parts: bool) -> None:
        self.amount, self.parts, self.taken, self.open = amount, parts, {}, True

    def capture(self, due: payments.DueCapture) -> CaptureAnswer:
        if due.capture_id in self.taken:
            return CaptureAnswer(state=CaptureState.SUCCEEDED)
        if not self.open or sum(self.taken.values()) + due.take > self.amount:
            return CaptureAnswer(state=CaptureState.FAILED, failure="not_authorised")
        self.taken[due.capture_id] = due.take
        self.open = self.parts and not due.final
        return CaptureAnswer(state=CaptureState.SUCCEEDED)

    def void(self) -> ChannelAnswer:
        self.open = False
        state = PaymentState.CAPTURED if self.taken else PaymentState.CANCELLED
        return ChannelAnswer(reference="pay_1", state=state, amount=sum(self.taken.values()) or None)


async def hurry(db: Database) -> None:
    async def now(tx: Tx) -> None:
        await tx.execute("UPDATE payment_captures SET attempt_at = now() WHERE attempt_at IS NOT NULL")
        await tx.execute("UPDATE payments SET void_at = NULL")

    await make_due(db)
    await db.transact(now)


@pytest.mark.parametrize("parts", [True, False])
@pytest.mark.parametrize("seed", range(4))
async def test_any_interleaving_leaves_books_that_fit(db: Database, seed: int, parts: bool):
    chance = random.Random(seed)
    deal = Deal(tuple(chance.randint(1, 9_999) for _ in range(chance.randint(1, 4))))
    channel = Channel(sum(deal.amounts), parts)
    await db.transact(payments.instruct, deal.instruction(later=True))
    paid = ChannelAnswer(reference="pay_1", state=PaymentState.AUTHORISED, amount=channel.amount, currency="CNY")
    await db.transact(payments.record, deal.payment_id, paid, "channel")
    await db.transact(_nothing_wanted_yet)
    heard: list[tuple[payments.DueCapture, CaptureAnswer]] = []

    async def want() -> None:
        at = chance.randrange(len(deal.orders))

        async def mark(tx: Tx) -> None:  # the shops of this test are no merchants: `want` would find none
            await tx.execute("UPDATE payment_splits SET wanted_at = now() WHERE order_id = $1", deal.orders[at])

        await db.transact(mark)

    async def call_off() -> None:
        at = chance.randrange(len(deal.orders))
        split = next(s for s in await db.ask(payments.splits_of, deal.payment_id) if s.order_id == deal.orders[at])
        left = split.refundable + split.uncaptured
        if left:
            await db.transact(
                payments.give_back, refund_id=ids.mint(), merchant_id=deal.merchants[at], order_id=deal.orders[at],
                amount=chance.randint(1, left), reason="goodwill", out_of=AccountKind.HELD, by="buyer",
            )  # fmt: skip

    async def ask() -> None:
        """The channel is called; what it answers is heard, or lost: whoever called has died."""
        await hurry(db)
        once = [] if parts else ["simpay"]
        for due in await db.transact(payments.to_capture, once, 10):
            answer = channel.capture(due)
            if chance.random() < 0.6:
                heard.append((due, answer))

    async def hear() -> None:
        """What was heard is written down, once or twice, in any order."""
        chance.shuffle(heard)
        for due, answer in heard[: chance.randint(0, 2)] * chance.randint(1, 2):
            await db.transact(payments.record_capture, due.capture_id, answer, "channel")

    async def void() -> None:
        await hurry(db)
        for due in await db.transact(payments.to_void, 10):
            answer = channel.void()
            if chance.random() < 0.7:
                await db.transact(payments.record_void, due.payment_id, answer, "channel")

    async def lapse() -> None:
        if chance.random() < 0.2:
            channel.open = False
            gone = ChannelAnswer(reference="pay_1", state=PaymentState.CANCELLED)
            await db.transact(payments.record, deal.payment_id, gone, "channel")

    async def stale() -> None:
        """Messages of before come once more."""
        taken = ChannelAnswer(
            reference="pay_1", state=PaymentState.CAPTURED, amount=sum(channel.taken.values()) or None
        )
        await db.transact(payments.record, deal.payment_id, chance.choice([paid, taken]), "channel")

    for _ in range(STEPS):
        with suppress(Refusal):
            await chance.choice([want, want, call_off, ask, hear, void, lapse, stale])()
        await fits(db)
    await end(db, deal, channel, parts)


async def _nothing_wanted_yet(tx: Tx) -> None:
    """Who is no merchant has no say in when it is taken: as if they wanted it when it is sent."""
    await tx.execute("UPDATE payment_splits SET wanted_at = NULL")


async def end(db: Database, deal: Deal, channel: Channel, parts: bool) -> None:
    """Everything is asked for until it is known, what is not captured is called off, and the channel is told."""

    async def want_all(tx: Tx) -> None:
        await tx.execute("UPDATE payment_splits SET wanted_at = coalesce(wanted_at, now())")

    await db.transact(want_all)
    for _ in range(3):
        await hurry(db)
        for due in await db.transact(payments.to_capture, [] if parts else ["simpay"], 10):
            await db.transact(payments.record_capture, due.capture_id, channel.capture(due), "channel")
    for split in await db.ask(payments.splits_of, deal.payment_id):
        if split.uncaptured:
            await db.transact(
                payments.give_back, refund_id=ids.mint(), merchant_id=split.merchant_id, order_id=split.order_id,
                amount=split.uncaptured, reason="goodwill", out_of=AccountKind.HELD, by="system",
            )  # fmt: skip
    await hurry(db)
    for due in await db.transact(payments.to_void, 10):
        await db.transact(payments.record_void, due.payment_id, channel.void(), "channel")
    done = RefundAnswer(reference="ref_1", state=RefundState.SUCCEEDED)
    for due in await db.transact(payments.to_refund, 50):
        await db.transact(payments.record_refund, due.refund_id, due.attempt, done, "channel")
    await fits(db)

    payment = await db.ask(payments.get, deal.payment_id)
    splits = await db.ask(payments.splits_of, deal.payment_id)
    assert payment is not None
    assert sum(split.captured for split in splits) == sum(channel.taken.values()), "the books have what the channel has"
    assert payment.state is (PaymentState.CAPTURED if channel.taken else PaymentState.CANCELLED)
    assert not any(split.capturing or split.uncaptured for split in splits)


async def fits(db: Database) -> None:
    found = await db.ask(checks.run, WANTED)
    assert not found, found


async def test_what_is_given_back_twice_under_one_id_is_given_once_also_when_all_was_taken(db: Database):
    deal = Deal((1_000,))
    await db.transact(payments.instruct, deal.instruction(later=True))
    paid = ChannelAnswer(reference="pay_1", state=PaymentState.AUTHORISED, amount=1_000, currency="CNY")
    await db.transact(payments.record, deal.payment_id, paid, "channel")
    letting_go, giving_back = ids.mint(), ids.mint()

    async def give(refund_id: UUID, amount: int) -> None:
        await db.transact(
            payments.give_back, refund_id=refund_id, merchant_id=deal.merchants[0], order_id=deal.orders[0],
            amount=amount, reason="goodwill", out_of=AccountKind.HELD, by="system",
        )  # fmt: skip

    for _ in range(2):
        await give(letting_go, 300)
    await hurry(db)
    [due] = await db.transact(payments.to_capture, [], 10)
    await db.transact(payments.record_capture, due.capture_id, CaptureAnswer(state=CaptureState.SUCCEEDED), "channel")
    for _ in range(2):
        await give(giving_back, 700)

    [split] = await db.ask(payments.splits_of, deal.payment_id)
    assert (split.captured, split.released, split.refunding) == (700, 300, 700)
    await fits(db)
