"""The clock that the house under attack lives by: see `steelyard.demo.month.clock`."""

from steelyard.demo.month.clock import inject, jump

__all__ = ["inject", "jump"]
