"""The carriers that this installation can ask."""

from steelyard.kernel.settings import Settings
from steelyard.logistics.parcels.gateways.interface import Carriers, Tracked, Unknown
from steelyard.logistics.parcels.gateways.simcarriers import Simcarriers

__all__ = ["Carriers", "Tracked", "Unknown", "carriers_of"]

_known: dict[Settings, Carriers] = {}


def carriers_of(settings: Settings) -> Carriers | None:
    """Whom to ask about parcels, or none when nobody is set up: then people say what has arrived, and time does. The same
    object each time: it keeps connections."""
    if settings.carriers_url is None:
        return None
    if settings not in _known:
        _known[settings] = Simcarriers(settings.carriers_url, settings.carriers_key, settings.carriers_webhook_secret)
    return _known[settings]
