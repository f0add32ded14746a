"""Cash on delivery: nobody outside is asked for anything; the buyer promises to pay whoever hands the parcel over."""

from collections.abc import Mapping

from steelyard.kernel.i18n import N_
from steelyard.money.payments.door_model import AT_THE_DOOR
from steelyard.money.payments.model import (
    ChannelAnswer,
    DueRefund,
    Instruction,
    News,
    PaymentState,
    RefundAnswer,
    RefundState,
    Sought,
    Unknown,
)
from steelyard.money.payments.refusals import BadWebhook
from steelyard.money.payments.terms import Terms


class CashOnDelivery:
    """A promise counts at once; what becomes of it at each door is in `payments.door`."""

    name = AT_THE_DOOR

    def __init__(self, currencies: frozenset[str]) -> None:
        self.terms = Terms(
            name=N_("Cash on delivery"),
            note=N_("Pay when the parcel is handed to you"),
            icon="hand-coins",
            currencies=currencies,
            at_the_door=True,
        )

    async def collect(self, instruction: Instruction, webhook_url: str) -> ChannelAnswer | Unknown:
        if instruction.token is not None:
            return ChannelAnswer(reference=None, state=PaymentState.DECLINED, failure="no_tokens")
        return ChannelAnswer(reference=None, state=PaymentState.CAPTURED)

    async def query(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        """A promise that was not written down was not made."""
        return None

    async def cancel(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        return None

    async def refund(self, due: DueRefund, webhook_url: str) -> RefundAnswer | Unknown:
        """What is given back goes through `door.give_back`, which knows where the cash is."""
        return RefundAnswer(reference=None, state=RefundState.SENT)

    async def query_refund(self, due: DueRefund) -> RefundAnswer | Unknown | None:
        return RefundAnswer(reference=None, state=RefundState.SENT)

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> News:
        raise BadWebhook(why="nobody sends any")

    def unpack(self, body: bytes) -> Mapping[str, object]:
        raise BadWebhook(why="nobody sends any")

    def read_stored(self, event_id: str, body: Mapping[str, object]) -> News:
        raise BadWebhook(why="nobody sends any")

    async def close(self) -> None:
        return None
