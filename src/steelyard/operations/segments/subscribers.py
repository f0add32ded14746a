"""What becomes known of customers moves them between segments."""

from collections.abc import Sequence

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.operations.lifecycle import CustomerMoved, FactsChanged, ValuesCounted
from steelyard.operations.segments.following import on_facts, on_merged, on_moved, on_profiles, on_values
from steelyard.parties import customers


async def on_profile(tx: Tx, news: Sequence[customers.ProfileChanged]) -> None:
    await on_profiles(tx, {each.buyer_id for each in news})


async def on_sign_in(tx: Tx, news: Sequence[customers.VisitorMerged]) -> None:
    await on_merged(tx, {each.buyer_id for each in news})


SUBSCRIBER = Subscriber(
    "segments",
    {
        FactsChanged: on_facts,
        CustomerMoved: on_moved,
        ValuesCounted: on_values,
        customers.ProfileChanged: on_profile,
        customers.VisitorMerged: on_sign_in,
    },
)
