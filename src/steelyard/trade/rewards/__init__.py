"""Rewards: points for what buyers have paid and received, and taken back when goods go back. See decision 0074.

The points themselves lie in a purse (`money/wallets`); here stands what an order has earned, and at which rate.
"""

from steelyard.trade.rewards.service import reward, take_back

__all__ = ["reward", "take_back"]
