"""Recommendations: what people who bought one thing bought as well. The sum is docs/algorithms/bought-together.md."""

from steelyard.operations.recommendations.jobs import find_partners, learn
from steelyard.operations.recommendations.queries import partners

__all__ = ["find_partners", "learn", "partners"]
