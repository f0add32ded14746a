"""Who tells this installation where its parcels are."""

from steelyard.kernel.settings import Settings
from steelyard.logistics.parcels.gateways.interface import Carriers
from steelyard.logistics.parcels.gateways.simcarriers import Simcarriers

__all__ = ["Carriers", "carriers"]

_known: dict[Settings, Carriers] = {}


def carriers(settings: Settings) -> Carriers | None:
    """The carriers, or none when none are set up: then parcels wait to be asked about. The same object each time: it
    keeps connections."""
    if settings.carriers_url is None:
        return None
    if settings not in _known:
        _known[settings] = Simcarriers(settings.carriers_url, settings.carriers_key, settings.carriers_webhook_secret)
    return _known[settings]
