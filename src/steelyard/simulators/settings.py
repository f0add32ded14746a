"""What a user may set about the simulators: where they live, where they listen, how fast their world turns."""

from pathlib import Path

import msgspec

from steelyard.simulators.faults import Faults

API_KEY_DEMO = "simulated-api-key"
WEBHOOK_SECRET_DEMO = "whsec_c3RlZWx5YXJkLXNpbXVsYXRlZC13ZWJob29rLXNlY3JldA=="  # noqa: S105 - public, of simulated webhooks

STRIPE_WEBHOOK_SECRET_DEMO = "whsec_simulated_stripe"  # noqa: S105 - public, of simulated messages
STRIPE_CONNECT_WEBHOOK_SECRET_DEMO = "whsec_simulated_connect"  # noqa: S105 - public, of simulated messages


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of all simulators. The keys are for simulated money on loopback: they protect nothing.

    `faults` given here replaces the fault modes remembered from the last run; None keeps those.
    A duration of 0 seconds means "at once", but for `stage_seconds`, where 0 means that parcels stand still until
    they are moved by hand.
    """

    home: Path
    host: str = "127.0.0.1"
    payments_port: int = 8101
    carriers_port: int = 8102
    bank_port: int = 8103
    mail_port: int = 8104
    stripe_port: int = 8109
    alipay_port: int = 8107
    wechatpay_port: int = 8108
    smtp_port: int = 8125
    api_key: str = API_KEY_DEMO
    webhook_secret: str = WEBHOOK_SECRET_DEMO
    """`whsec_` and the base64 of at least 24 bytes, as the Standard Webhooks specification writes it."""
    stripe_webhook_secret: str = STRIPE_WEBHOOK_SECRET_DEMO
    stripe_webhook_url: str | None = None
    """Where the simulated Stripe sends its messages: the real one has that in its account, and not in requests."""
    stripe_connect_webhook_secret: str = STRIPE_CONNECT_WEBHOOK_SECRET_DEMO
    stripe_connect_webhook_url: str | None = None
    """Where it tells of connected accounts: an endpoint of its own, with a secret of its own."""
    messages_webhook_url: str | None = None
    """Where the message service tells of mails: text messages say themselves where."""
    faults: Faults | None = None
    refund_seconds: float = 3
    """How long a refund is pending."""
    timeout_seconds: float = 30
    """How long the answer to a charge with `tok_timeout` hangs."""
    stage_seconds: float = 6
    """How long a parcel stays in one stage."""
    transfer_seconds: float = 5
    """How long the bank thinks about a transfer."""
    retry_seconds: float = 1
    """The pause before the first retry of a webhook; it doubles with each."""

    pays_out: bool = False
    """Whether the channel pays on what it has collected, every day, to the simulated bank."""

    @property
    def payments_url(self) -> str:
        return f"http://{self.host}:{self.payments_port}"

    @property
    def carriers_url(self) -> str:
        return f"http://{self.host}:{self.carriers_port}"

    @property
    def stripe_url(self) -> str:
        return f"http://{self.host}:{self.stripe_port}"

    @property
    def bank_url(self) -> str:
        return f"http://{self.host}:{self.bank_port}"

    @property
    def alipay_url(self) -> str:
        return f"http://{self.host}:{self.alipay_port}"

    @property
    def wechatpay_url(self) -> str:
        return f"http://{self.host}:{self.wechatpay_port}"

    @property
    def mail_url(self) -> str:
        return f"http://{self.host}:{self.mail_port}"
