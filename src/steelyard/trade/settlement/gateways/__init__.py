"""The bank that this installation pays out through, and Stripe."""

from steelyard.kernel.settings import Settings
from steelyard.trade.settlement.gateways.interface import Bank
from steelyard.trade.settlement.gateways.simbank import Simbank
from steelyard.trade.settlement.gateways.stripe import StripeConnect

__all__ = ["Bank", "StripeConnect", "bank", "stripe_connect"]

_connected: dict[Settings, StripeConnect] = {}
_known: dict[Settings, Bank] = {}


def bank(settings: Settings) -> Bank | None:
    """The bank, or none when none is set up: then statements wait. The same object each time: it keeps connections."""
    if settings.bank_url is None:
        return None
    if settings not in _known:
        _known[settings] = Simbank(settings.bank_url, settings.bank_key, settings.bank_webhook_secret)
    return _known[settings]


def stripe_connect(settings: Settings) -> StripeConnect | None:
    """Stripe, as far as it pays shops, or none when that is not set up. The same object each time."""
    if not settings.stripe_key or not settings.stripe_connect_webhook_secret:
        return None
    if settings not in _connected:
        _connected[settings] = StripeConnect(
            settings.stripe_url, settings.stripe_key, settings.stripe_connect_webhook_secret
        )
    return _connected[settings]
