"""Purchases as payments see them, for tests: who buys of whom, for how much."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments import (
    ChannelAnswer,
    Instruction,
    Outcome,
    PaymentId,
    PaymentState,
    RefundAnswer,
    RefundState,
    Sought,
    Split,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Deal:
    """One purchase: `amounts` has one order per merchant."""

    amounts: tuple[int, ...] = (7_000, 3_000)
    currency: str = "CNY"
    purchase_id: UUID = field(default_factory=ids.mint)
    buyer_id: UUID = field(default_factory=ids.mint)
    payment_id: PaymentId = field(default_factory=lambda: PaymentId(ids.mint()))
    merchants: list[UUID] = field(default_factory=list)
    orders: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.merchants = self.merchants or [ids.mint() for _ in self.amounts]
        self.orders = self.orders or [ids.mint() for _ in self.amounts]

    @property
    def splits(self) -> list[Split]:
        parts = zip(self.merchants, self.orders, self.amounts, strict=True)
        return [Split(merchant_id=m, order_id=o, amount=a) for m, o, a in parts]

    def again(self) -> "Deal":
        """Another payment of the same purchase."""
        return Deal(
            self.amounts,
            self.currency,
            self.purchase_id,
            self.buyer_id,
            PaymentId(ids.mint()),
            self.merchants,
            self.orders,
        )

    def sought(self, reference: str | None = None) -> Sought:
        """What a channel is asked about it."""
        return Sought(
            payment_id=self.payment_id,
            channel="simpay",
            reference=reference,
            amount=sum(self.amounts),
            currency=self.currency,
            created_at=datetime.now(UTC),
            expires_at=datetime.now(UTC) + timedelta(minutes=30),
        )

    def instruction(self, **changes: object) -> Instruction:
        given = {
            "payment_id": self.payment_id,
            "purchase_id": self.purchase_id,
            "buyer_id": self.buyer_id,
            "channel": "simpay",
            "amount": sum(self.amounts),
            "currency": self.currency,
            "splits": self.splits,
            "expires_at": datetime.now(UTC) + timedelta(hours=1),
            "return_url": "http://shop.test/return",
        }
        return Instruction(**{**given, **changes})


def said(state: PaymentState, reference: str = "pay_1") -> ChannelAnswer:
    return ChannelAnswer(reference=reference, state=state)


CAPTURED = said(PaymentState.CAPTURED)
SENT = RefundAnswer(reference="ref_1", state=RefundState.SENT)
SUCCEEDED = RefundAnswer(reference="ref_1", state=RefundState.SUCCEEDED)
FAILED = RefundAnswer(reference="ref_1", state=RefundState.FAILED, failure="account_closed")


async def record(db: Database, deal: Deal, answer: ChannelAnswer = CAPTURED) -> Outcome:
    return await db.transact(payments.record, deal.payment_id, answer, "channel")


async def paid(db: Database, deal: Deal | None = None) -> Deal:
    """A deal whose payment is captured."""
    deal = deal or Deal()
    await db.transact(payments.instruct, deal.instruction())
    await record(db, deal)
    return deal


async def refund(db: Database, deal: Deal, amount: int, order: int = 0, **changes: object) -> payments.Refund:
    given = {
        "refund_id": ids.mint(),
        "merchant_id": deal.merchants[order],
        "order_id": deal.orders[order],
        "amount": amount,
        "reason": "goodwill",
        "out_of": AccountKind.HELD,
        "by": "buyer",
    }
    return await db.transact(payments.refund, **{**given, **changes})


async def release(db: Database, deal: Deal, order: int = 0, commission: int = 0) -> None:
    """The buyer has received an order: what is left of its money is the merchant's, less the commission."""
    split = next(s for s in await db.ask(payments.splits_of, deal.payment_id) if s.order_id == deal.orders[order])

    def moved(debit: AccountKind, credit: AccountKind, amount: int, reason: str) -> Transfer:
        return Transfer(
            owner_id=split.merchant_id,
            debit=debit,
            credit=credit,
            amount=amount,
            currency=split.currency,
            reason=reason,
            document=split.order_id,
        )

    transfers = [
        moved(AccountKind.HELD, AccountKind.PAYABLE, split.refundable, "released"),
        moved(AccountKind.PAYABLE, AccountKind.COMMISSION, commission, "commission"),
    ]
    await db.transact(ledger.post, [transfer for transfer in transfers if transfer.amount])


async def balance(db: Database, owner: UUID, kind: AccountKind) -> int:
    return next((b.balance for b in await db.ask(ledger.balances, owner) if b.kind is kind), 0)


async def history(db: Database, payment_id: UUID) -> list[str]:
    return [step.to_state for step in await db.ask(payments.timeline, payment_id)]


async def make_due(db: Database) -> None:
    """Let the time of every next attempt come."""

    async def hurry(tx: Tx) -> None:
        await tx.execute("UPDATE payments SET query_at = now() WHERE query_at IS NOT NULL")
        await tx.execute("UPDATE refunds SET attempt_at = now() WHERE attempt_at IS NOT NULL")
        await tx.execute("UPDATE statements SET attempt_at = now() WHERE attempt_at IS NOT NULL")

    await db.transact(hurry)
