"""Steelyard 杆秤: an e-commerce marketplace platform with its operations built in."""

__version__ = "0.1.0"
