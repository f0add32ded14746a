"""The media origin as it is reached over the network."""

from steelyard.channels.live.gateways.origin import Origin, of_settings

__all__ = ["Origin", "of_settings"]
