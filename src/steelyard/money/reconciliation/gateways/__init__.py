"""Those who send their statements when they are asked. The others' are uploaded by staff."""

from collections.abc import Mapping

from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.payments import Biller
from steelyard.money.reconciliation.gateways.channel import FromChannel
from steelyard.money.reconciliation.gateways.interface import Sender
from steelyard.money.reconciliation.gateways.simulated import Simulated

__all__ = ["FromChannel", "Sender", "Simulated", "senders"]

_known: dict[Settings, dict[str, Sender]] = {}


def senders(settings: Settings) -> Mapping[str, Sender]:
    """Everybody who is set up and can be asked, by the name of the source. The same objects each time."""
    if settings not in _known:
        found: dict[str, Sender] = {
            name: FromChannel(channel)
            for name, channel in payments.channels(settings).items()
            if isinstance(channel, Biller)
        }
        if settings.simpay_url:
            found["simpay"] = Simulated("simpay", settings.simpay_url, settings.simpay_key)
        if settings.bank_url:
            found["simbank"] = Simulated("simbank", settings.bank_url, settings.bank_key)
        _known[settings] = found
    return _known[settings]
