"""A wallet's book of trades and refunds: every rule about what may happen to them. Amounts are fen, times seconds since 1970."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from steelyard.simulators.clock import Clock
from steelyard.simulators.faults import FaultBoard
from steelyard.simulators.store import Store, Tx

PAGE_ROWS = 50
REFUND_DAYS_MAX = 365
REFUND_FAILS_ON_LAST_DIGITS = 13
REFUNDS_PER_ROUND_MAX = 500
DAY_SECONDS = 86_400

Way = Literal["code", "page", "phone", "inside"]
"""How the payer comes: by a code, a page on a desk, a page on a phone, or inside the app."""

Status = Literal["waiting", "paid", "closed"]
Why = Literal["different", "closed", "paid", "unknown", "not_paid", "too_much", "too_late"]


class WontDo(Exception):
    """The wallet understood and will not; each face says `why` in its own words."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant asks to be paid."""

    number: str
    way: Way
    total: int
    subject: str
    expires_at: float
    notify_url: str | None = None
    return_url: str | None = None
    payer: str | None = None


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    id: str
    code: str
    way: Way
    status: Status
    total: int
    refunded: int
    refunding: int
    subject: str
    notify_url: str | None
    return_url: str | None
    payer: str | None
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None
    paid_at: datetime | None


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    trade: str
    id: str
    amount: int
    status: Literal["pending", "succeeded", "failed"]
    notify_url: str | None
    created_at: datetime
    settled_at: datetime | None


Tell = Callable[[Tx, Trade, Refund | None], None]
"""Writes what the merchant is told: that a trade was paid, or with a refund that this was settled."""


class TradeBook:
    """Every command is one transaction; what is already so stays so."""

    def __init__(
        self, store: Store, clock: Clock, faults: FaultBoard, tell: Tell, *, refund_seconds: float, ids: str
    ) -> None:
        """`ids` is how the wallet's own numbers begin."""
        self.store = store
        self.clock = clock
        self._faults = faults
        self._tell = tell
        self._refund_seconds = refund_seconds
        self._ids = ids

    def open(self, order: Order) -> Trade:
        """Take an order in; the same again is the same trade. Raises `WontDo`: different, closed, paid."""
        with self.store.write() as tx:
            now = self.clock.now()
            tx.execute(
                """INSERT INTO trades (number, id, code, way, total, subject, notify_url, return_url, payer, created_at
                                     , expires_at)
                   VALUES (:number, :id, :code, :way, :total, :subject, :notify_url, :return_url, :payer, :now
                         , :expires_at)
                   ON CONFLICT (number) DO NOTHING""",
                {
                    **msgspec.to_builtins(order),
                    "id": self._id(),
                    "code": secrets.token_hex(12),
                    "now": now,
                },
            )
            trade = self._trade(tx, order.number)
            assert trade is not None
            if (trade.total, trade.way, trade.payer) != (order.total, order.way, order.payer):
                raise WontDo("different")
            if trade.status != "waiting":
                raise WontDo("paid" if trade.status == "paid" else "closed")
            return trade

    def find(self, number: str) -> Trade | None:
        return self._trade(self.store, number)

    def by_code(self, code: str) -> Trade | None:
        return self.store.row(Trade, "SELECT * FROM trades WHERE code = :code", {"code": code})

    def see(self, code: str) -> Trade | None:
        """The payer is there, by a code or a page."""
        with self.store.write() as tx:
            self._expire_late(tx)
            tx.execute(
                "UPDATE trades SET seen_at = coalesce(seen_at, :now) WHERE code = :code",
                {"code": code, "now": self.clock.now()},
            )
        return self.by_code(code)

    def latest(self) -> list[Trade]:
        return self.store.rows(
            Trade, "SELECT * FROM trades ORDER BY created_at DESC, number DESC LIMIT :most", {"most": PAGE_ROWS}
        )

    def refunds_of(self, number: str) -> list[Refund]:
        return self.store.rows(
            Refund, "SELECT * FROM refunds WHERE trade = :number ORDER BY created_at, number", {"number": number}
        )

    def pay(self, number: str) -> Trade:
        """The payer has confirmed; a second time changes nothing. Raises `WontDo`: unknown, closed."""
        with self.store.write() as tx:
            self._expire_late(tx)
            paid = tx.row(
                Trade,
                """UPDATE trades SET status = 'paid', paid_at = :now WHERE number = :number AND status = 'waiting'
                   RETURNING *""",
                {"number": number, "now": self.clock.now()},
            )
            if paid is not None:
                self._tell(tx, paid, None)
                return paid
            trade = self._trade(tx, number)
            if trade is None:
                raise WontDo("unknown")
            if trade.status == "closed":
                raise WontDo("closed")
            return trade

    def close(self, number: str) -> Trade:
        """Nobody will pay this any more; a second time changes nothing. Raises `WontDo`: unknown, paid."""
        with self.store.write() as tx:
            tx.execute(
                "UPDATE trades SET status = 'closed' WHERE number = :number AND status = 'waiting'", {"number": number}
            )
            trade = self._trade(tx, number)
        if trade is None:
            raise WontDo("unknown")
        if trade.status == "paid":
            raise WontDo("paid")
        return trade

    def refund(self, *, trade: str, number: str, amount: int, notify_url: str | None) -> tuple[Refund, bool]:
        """Promise money back; the same number again is the same refund. Returns it and whether it is new.

        Raises `WontDo`: unknown, not_paid, too_late, too_much, different.
        """
        with self.store.write() as tx:
            earlier = tx.row(Refund, "SELECT * FROM refunds WHERE number = :number", {"number": number})
            if earlier is not None:
                if (earlier.trade, earlier.amount) != (trade, amount):
                    raise WontDo("different")
                return earlier, False
            self._put_aside(tx, trade, amount)
            now = self.clock.now()
            made = tx.row(
                Refund,
                """INSERT INTO refunds (number, trade, id, amount, status, notify_url, created_at, due_at)
                   VALUES (:number, :trade, :id, :amount, 'pending', :notify_url, :now, :due) RETURNING *""",
                {
                    "number": number,
                    "trade": trade,
                    "id": self._id(),
                    "amount": amount,
                    "notify_url": notify_url,
                    "now": now,
                    "due": now + self._refund_seconds,
                },
            )
            assert made is not None
            return made, True

    def _put_aside(self, tx: Tx, number: str, amount: int) -> None:
        trade = self._trade(tx, number)
        if trade is None:
            raise WontDo("unknown")
        if trade.paid_at is None:
            raise WontDo("not_paid")
        if self.clock.now() - trade.paid_at.timestamp() > REFUND_DAYS_MAX * DAY_SECONDS:
            raise WontDo("too_late")
        if trade.refunded + trade.refunding + amount > trade.total:
            raise WontDo("too_much")
        tx.execute(
            "UPDATE trades SET refunding = refunding + :amount WHERE number = :number",
            {"number": number, "amount": amount},
        )

    def find_refund(self, number: str) -> Refund | None:
        return self.store.row(Refund, "SELECT * FROM refunds WHERE number = :number", {"number": number})

    async def settle_due(self) -> float | None:
        """Give back what is due, or fail as the fault says; returns when the next refund is due."""
        with self.store.write() as tx:
            due = tx.rows(
                Refund,
                "SELECT * FROM refunds WHERE status = 'pending' AND due_at <= :now ORDER BY due_at, number LIMIT :most",
                {"now": self.clock.now(), "most": REFUNDS_PER_ROUND_MAX},
            )
            for refund in due:
                self._settle(tx, refund)
        return self.store.number("SELECT min(due_at) FROM refunds WHERE status = 'pending'")

    def settle_now(self, number: str) -> Refund:
        """Give one refund back at once."""
        with self.store.write() as tx:
            refund = tx.row(Refund, "SELECT * FROM refunds WHERE number = :number", {"number": number})
            assert refund is not None
            return self._settle(tx, refund) if refund.status == "pending" else refund

    def _settle(self, tx: Tx, refund: Refund) -> Refund:
        fails = self._faults.refunds() == "fail" and refund.amount % 100 == REFUND_FAILS_ON_LAST_DIGITS
        tx.execute(
            """UPDATE trades SET refunding = refunding - :amount, refunded = refunded + :given_back
               WHERE number = :trade""",
            {"amount": refund.amount, "given_back": 0 if fails else refund.amount, "trade": refund.trade},
        )
        settled = tx.row(
            Refund,
            "UPDATE refunds SET status = :status, settled_at = :now WHERE number = :number RETURNING *",
            {"number": refund.number, "status": "failed" if fails else "succeeded", "now": self.clock.now()},
        )
        trade = self._trade(tx, refund.trade)
        assert settled is not None and trade is not None
        self._tell(tx, trade, settled)
        return settled

    async def expire_due(self) -> float | None:
        """Close what nobody has paid in time; returns when the next is."""
        with self.store.write() as tx:
            self._expire_late(tx)
        return self.store.number("SELECT min(expires_at) FROM trades WHERE status = 'waiting'")

    def _expire_late(self, tx: Tx) -> None:
        tx.execute(
            "UPDATE trades SET status = 'closed' WHERE status = 'waiting' AND expires_at <= :now",
            {"now": self.clock.now()},
        )

    def _trade(self, read: Store | Tx, number: str) -> Trade | None:
        return read.row(Trade, "SELECT * FROM trades WHERE number = :number", {"number": number})

    def _id(self) -> str:
        return self._ids + "".join(str(secrets.randbelow(10)) for _ in range(24))
