"""What goods cost less, for whom, when, and why: promotions as data, and pure functions from a cart to an explained result.

`reckoning` adds up, `choice` finds the best combination, `effects` knows what each kind
takes off, `rules` what there is, and `refusals` what is refused. docs/algorithms/pricing.md
tells the rules with worked examples. Shops' commands are in `service`, buyers' coupons in `claiming`, and what orders take of
a budget or of coupons in `using`.
"""

from steelyard.goods.promotions.claiming import claim, claim_code, forget
from steelyard.goods.promotions.queries import (
    claimed_by,
    coupons_of,
    get,
    held_by,
    offering,
    offers,
    running,
    to_claim,
    used,
)
from steelyard.goods.promotions.reckoning import covers, for_buyer, in_scope, reckon, reckon_offers
from steelyard.goods.promotions.service import save, stop
from steelyard.goods.promotions.using import give_back, hold, use

__all__ = [
    "claim",
    "claim_code",
    "claimed_by",
    "coupons_of",
    "covers",
    "for_buyer",
    "forget",
    "get",
    "give_back",
    "held_by",
    "hold",
    "in_scope",
    "offering",
    "offers",
    "reckon",
    "reckon_offers",
    "running",
    "save",
    "stop",
    "to_claim",
    "use",
    "used",
]
