"""The bank that this installation pays out through."""

from steelyard.kernel.settings import Settings
from steelyard.trade.settlement.gateways.interface import Bank
from steelyard.trade.settlement.gateways.simbank import Simbank

__all__ = ["Bank", "bank"]

_known: dict[Settings, Bank] = {}


def bank(settings: Settings) -> Bank | None:
    """The bank, or none when none is set up: then statements wait. The same object each time: it keeps connections."""
    if settings.bank_url is None:
        return None
    if settings not in _known:
        _known[settings] = Simbank(settings.bank_url, settings.bank_key, settings.bank_webhook_secret)
    return _known[settings]
