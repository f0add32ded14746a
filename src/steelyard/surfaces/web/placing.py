"""Placing, for every surface: wishes of one process that come at the same moment are placed in one transaction.

See `kernel/batching` and docs/algorithms/placement.md. A handler asks here with no transaction open.
"""

from collections.abc import Sequence

import msgspec

from steelyard.kernel.batching import join
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.operations import privacy
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout
from steelyard.trade.orders.model import PurchaseId


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """`agreeing` is who agrees, by placing it, to the terms that are in force."""

    placement: checkout.Placement
    agreeing: BuyerId | None = None


async def place(db: Database, wish: Wish) -> PurchaseId:
    """Place a checkout, together with whoever places one at this moment. Raises what `checkout.place` raises, and `Busy`."""
    return await join(db, place_all, wish, lambda wish: wish.placement.checkout_id)


async def place_all(tx: Tx, wishes: Sequence[Wish]) -> list[PurchaseId | Refusal]:
    """One batch: each wish has its own answer; whose purchase is placed has agreed to the terms."""
    answers = await checkout.place_all(tx, [wish.placement for wish in wishes])
    agreed = {
        wish.agreeing
        for wish, answer in zip(wishes, answers, strict=True)
        if wish.agreeing is not None and not isinstance(answer, Refusal)
    }
    if agreed:
        await privacy.record_consents_of(tx, agreed, "ordering")
    return answers
