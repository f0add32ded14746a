"""The two applications that are measured: the house with a payment channel that needs nobody else, and the bare endpoint.

A payment token here is signed by us and verified where it is used, with one HMAC: so no other program's speed is measured, and
nothing is left out that the house itself does for a payment.
"""

import hmac
import os
from collections.abc import Mapping

import msgspec
from litestar import Litestar, get

from steelyard import app
from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.settings import Settings
from steelyard.money.payments import gateways
from steelyard.money.payments.model import (
    ChannelAnswer,
    DueRefund,
    Instruction,
    News,
    PaymentState,
    RefundAnswer,
    RefundState,
    Sought,
)
from steelyard.money.payments.refusals import BadWebhook
from steelyard.money.payments.terms import Terms

CHANNEL = "simpay"  # the one that agents are told of
SECRET_VARIABLE = "BENCH_TOKEN_SECRET"  # noqa: S105  # the variable's name


def token(secret: bytes, nonce: str) -> str:
    """What a buyer pays with: a nonce and our signature over it."""
    return f"{nonce}.{hmac.digest(secret, nonce.encode(), 'sha256').hex()}"


class Signed:
    """A channel of tokens that are verified here. It captures at once."""

    name = CHANNEL
    terms = Terms(name="Bench")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    async def collect(self, instruction: Instruction, webhook_url: str) -> ChannelAnswer:
        return self.verify(instruction)

    def verify(self, instruction: Instruction) -> ChannelAnswer:
        nonce, _, _ = (instruction.token or "").partition(".")
        if not hmac.compare_digest(token(self._secret, nonce), instruction.token or ""):
            return ChannelAnswer(reference=None, state=PaymentState.DECLINED, failure="bad_token")
        return ChannelAnswer(
            reference=str(instruction.payment_id),
            state=PaymentState.CAPTURED,
            amount=instruction.amount,
            currency=instruction.currency,
        )

    async def query(self, sought: Sought) -> None:
        return None

    async def cancel(self, sought: Sought) -> None:
        return None

    async def refund(self, due: DueRefund, webhook_url: str) -> RefundAnswer:
        return RefundAnswer(reference=str(due.refund_id), state=RefundState.SUCCEEDED)

    async def query_refund(self, due: DueRefund) -> None:
        return None

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> News:
        raise BadWebhook()

    def unpack(self, body: bytes) -> Mapping[str, object]:
        raise BadWebhook()

    def read_stored(self, event_id: str, body: Mapping[str, object]) -> News:
        raise BadWebhook()

    async def close(self) -> None:
        return None


def house() -> Litestar:
    """The application as it is, with that channel: `granian --factory bench.door:house`."""
    settings = kernel_settings.load()
    gateways._offered[settings] = {CHANNEL: Signed(os.environ[SECRET_VARIABLE].encode())}  # a measurement
    return _made(settings)


def simulated() -> Litestar:
    """The application as it is, with the channel that its settings name: `granian --factory bench.door:simulated`."""
    return _made(kernel_settings.load())


def _made(settings: Settings) -> Litestar:
    made = app.create_app(settings)
    app.settle()  # as the house's own workers do
    return made


class Said(msgspec.Struct, frozen=True):
    hello: str


@get("/")
async def hello() -> Said:
    """As little as this stack can do for a request."""
    return Said("world")


def bare() -> Litestar:
    """Litestar and msgspec with nothing behind them: `granian --factory bench.door:bare`."""
    return Litestar([hello], openapi_config=None, logging_config=None)
