"""Placing, for every surface: wishes of one process that come at the same moment are placed in one transaction.

See `kernel/batching` and docs/algorithms/placement.md. A handler asks here with no transaction open.
"""

from collections.abc import Sequence
from functools import partial

import msgspec
from litestar.datastructures import State

from steelyard.kernel.batching import Batcher
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.operations import privacy
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId
from steelyard.trade.orders.model import PurchaseId

PLACING = "placing"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """`agreeing` is who agrees, by placing it, to the terms that are in force."""

    placement: checkout.Placement
    agreeing: BuyerId | None = None


async def place(state: State, wish: Wish) -> PurchaseId:
    """Place a checkout, together with whoever places one at this moment. Raises what `checkout.place` raises, and `Busy`."""
    return await _batcher(state).ask(wish)


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


def _batcher(state: State) -> Batcher[Wish, PurchaseId]:
    """The one of this process, begun with the first wish."""
    if state.get(PLACING) is None:
        db: Database = state.db
        state[PLACING] = Batcher[Wish, PurchaseId]("placing", partial(db.transact, place_all), _checkout)
    return state[PLACING]


def _checkout(wish: Wish) -> CheckoutId:
    return wish.placement.checkout_id


async def drain(state: State) -> None:
    """Finish what is waiting, and take nothing more: the process ends."""
    if state.get(PLACING) is not None:
        await _batcher(state).drain()
