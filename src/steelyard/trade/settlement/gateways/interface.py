"""What a bank can be asked."""

from collections.abc import Mapping
from typing import Protocol

from steelyard.money.payments import Unknown
from steelyard.trade.settlement.model import BankAnswer, DuePayout, PayoutNews


class Bank(Protocol):
    """A bank answers, or we do not know: `Unknown`. Nothing here tries twice, and nothing is called while a
    transaction is open. An instruction may be repeated under its reference without being done twice."""

    name: str

    async def pay(self, due: DuePayout, webhook_url: str) -> BankAnswer | Unknown:
        """Instruct a payout."""
        ...

    async def query(self, due: DuePayout) -> BankAnswer | Unknown | None:
        """How far a payout is; None when the bank has never heard of it."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> PayoutNews:
        """What a message says, once its signature is verified. Raises `BadWebhook`. `now`: seconds since 1970."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...
