"""What goods cost less, for whom, when, and why: promotions as data, and pure functions from a cart to an explained result.

`reckoning` adds up, `choice` finds the best combination, `effects` knows what each kind takes off. docs/algorithms/pricing.md
tells the rules with worked examples.
"""

from steelyard.goods.promotions.reckoning import covers, for_buyer, in_scope, reckon

__all__ = ["covers", "for_buyer", "in_scope", "reckon"]
