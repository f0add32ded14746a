"""What a payment channel can be asked. One file beside this one per channel."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from steelyard.money.payments.capture_model import CaptureAnswer, DueCapture, DueVoid
from steelyard.money.payments.model import (
    ChannelAnswer,
    DueRefund,
    Instruction,
    News,
    RefundAnswer,
    Sought,
    Unknown,
)
from steelyard.money.payments.terms import Terms


class Channel(Protocol):
    """A channel answers, or we do not know: `Unknown`. Nothing here tries twice, and nothing is called while a
    transaction is open. Every instruction may be repeated under its id without being done twice."""

    name: str
    terms: Terms

    async def collect(self, instruction: Instruction, webhook_url: str) -> ChannelAnswer | Unknown:
        """Ask for a payment."""
        ...

    async def query(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        """How far a payment is; None when the channel has never heard of it."""
        ...

    async def cancel(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        """See to it that a payment is not captured any more; the answer says whether that came too late.

        None: the channel has never heard of it, and will not take it should it be asked for later. A channel that cannot
        promise so much answers `Unknown`.
        """
        ...

    async def refund(self, due: DueRefund, webhook_url: str) -> RefundAnswer | Unknown:
        """Ask for money to be given back."""
        ...

    async def query_refund(self, due: DueRefund) -> RefundAnswer | Unknown | None:
        """How far a refund is; None when the channel has never heard of it."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> News:
        """What a message says, once its signature is verified. Raises `BadWebhook`. `now`: seconds since 1970."""
        ...

    def unpack(self, body: bytes) -> Mapping[str, object]:
        """A verified message as it is stored: what `read_stored` reads again."""
        ...

    def read_stored(self, event_id: str, body: Mapping[str, object]) -> News:
        """The same as `read_webhook` for a message that was verified and stored before. Raises `BadWebhook`."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...


@runtime_checkable
class Authoriser(Channel, Protocol):
    """A channel that keeps money back first and takes it later (`Terms.authorises`): `collect` of an instruction that says
    `later` is `authorised`, and not `captured`, once the payer has paid."""

    async def capture(self, due: DueCapture) -> CaptureAnswer | Unknown:
        """Take a part of what is authorised, under the capture's id: said again it is the same. A channel that captures once lets
        the rest go."""
        ...

    async def void(self, due: DueVoid) -> ChannelAnswer | Unknown | None:
        """Let go what was not taken. `cancelled`: nothing was taken at all; `captured`: so much was, and the rest is let go."""
        ...


@runtime_checkable
class Verifier(Channel, Protocol):
    """A channel whose tokens are worth their money by themselves, as a signed one is: whoever holds the key needs to ask
    nobody."""

    def verify(self, instruction: Instruction) -> ChannelAnswer:
        """Captured or declined. It has no effect, so it may be asked inside a transaction, and again when that is said
        again."""
        ...
