"""Operator: the registered entity behind this marketplace, shown with its licence on every storefront page."""

from steelyard.parties.operator.queries import PROFILE_KEPT, profile
from steelyard.parties.operator.service import set_profile

__all__ = ["PROFILE_KEPT", "profile", "set_profile"]
