"""Rewards: points for what buyers have paid and received, and taken back when goods go back. See decision 0074.

The points themselves lie in a purse (`money/wallets`); here stands what an order has earned, and at which rate. `habits.py` are
points for opening an account, checking in and reviewing.
"""

from steelyard.trade.rewards.habits import CheckIn, check_in, for_reviews, to_check_in, welcome
from steelyard.trade.rewards.service import good_until, reward, take_back

__all__ = ["CheckIn", "check_in", "for_reviews", "good_until", "reward", "take_back", "to_check_in", "welcome"]
