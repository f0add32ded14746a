"""Platforms as they are reached over the network: their profiles are read, their webhooks called."""

from steelyard.channels.agents.gateways.profiles import fetch, is_allowed
from steelyard.channels.agents.gateways.webhooks import Answer, post

__all__ = ["Answer", "fetch", "is_allowed", "post"]
