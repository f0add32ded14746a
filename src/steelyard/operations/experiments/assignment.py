"""Who sees which variant: a pure function of the experiment and the unit, so that nothing has to be read to know it.

A unit (a visitor or a buyer) falls into one of `BUCKETS` by SHA-256 of "salt:unit". The experiment takes the first `share` of
them in; those are shared out among its variants in proportion to their weights. Another salt shuffles everybody anew, so two
experiments at once meet each other's variants evenly.
"""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from steelyard.kernel.money import PARTS_PER_MILLION

BUCKETS = PARTS_PER_MILLION


def bucket(salt: UUID, unit: UUID) -> int:
    """0 to `BUCKETS` - 1, the same for ever."""
    return int.from_bytes(sha256(f"{salt}:{unit}".encode()).digest()[:8]) % BUCKETS


def variant_of(salt: UUID, unit: UUID, share: int, weights: Sequence[int]) -> int | None:
    """Which variant's turn it is, counted from 0; None: the unit takes no part.

    `share` of the units take part, in parts per million. Making it larger later brings new units in and moves nobody who is
    in already from one variant to another: the variant is drawn from a second hash.
    """
    assert weights, "an experiment has variants"
    if bucket(salt, unit) >= share:
        return None
    place = int.from_bytes(sha256(f"{unit}:{salt}".encode()).digest()[:8]) % sum(weights)
    for variant, weight in enumerate(weights):
        place -= weight
        if place < 0:
            return variant
    raise AssertionError("the place is below the sum of the weights")
