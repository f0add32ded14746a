"""Bank transfer: the buyer transfers the amount with a reference, and staff say what has come. Nobody outside is called."""

from collections.abc import Mapping
from uuid import UUID

from steelyard.kernel.codes import ALPHABET, CODE_SYMBOLS
from steelyard.kernel.i18n import N_
from steelyard.money.payments.model import (
    BY_TRANSFER,
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
from steelyard.money.payments.terms import Handover, Terms

BITS_PER_SYMBOL = 5


def reference_of(payment_id: UUID) -> str:
    """What the buyer writes on the transfer: the random end of the payment's id, readable: `T-7K3M9-X2Q4T`."""
    places = range(CODE_SYMBOLS - 1, -1, -1)
    body = "".join(ALPHABET[payment_id.int >> BITS_PER_SYMBOL * place & (len(ALPHABET) - 1)] for place in places)
    return f"T-{body[: CODE_SYMBOLS // 2]}-{body[CODE_SYMBOLS // 2 :]}"


class BankTransfer:
    """One account of the operator's. A payment waits until its transfers add up to it, or its time is over."""

    name = BY_TRANSFER

    def __init__(self, *, bank: str, holder: str, account: str, currency: str, hours: int) -> None:
        self.terms = Terms(
            name=N_("Bank transfer"),
            note=N_("Transfer the amount with the reference that you get; the shops pack when it has come"),
            icon="landmark",
            currencies=frozenset({currency}),
            statement="bank",
            by_hand=True,
            wait_hours=hours,
        )
        self._told = {"bank": bank, "holder": holder, "account": account}

    async def collect(self, instruction: Instruction, webhook_url: str) -> ChannelAnswer | Unknown:
        if instruction.token is not None:
            return ChannelAnswer(reference=None, state=PaymentState.DECLINED, failure="no_tokens")
        reference = reference_of(instruction.payment_id)
        handed = Handover(device=instruction.device, told={**self._told, "reference": reference})
        return ChannelAnswer(reference=reference, state=PaymentState.PENDING, handed=handed)

    async def query(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        """What has come is known here, and written down when it is said: until then it waits."""
        return ChannelAnswer(reference=reference_of(sought.payment_id), state=PaymentState.PENDING)

    async def cancel(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        """It is not waited for any more. Money that comes all the same is given back."""
        return ChannelAnswer(reference=reference_of(sought.payment_id), state=PaymentState.CANCELLED)

    async def refund(self, due: DueRefund, webhook_url: str) -> RefundAnswer | Unknown:
        """Staff transfer it; it is on its way until they say that they have."""
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
