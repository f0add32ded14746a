"""What came of a box for somebody: by which out they leave it, and why; that they stay until then; or that their way ends
there."""

from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.operations.journeys.graph import THEN
from steelyard.operations.journeys.model import Stand
from steelyard.operations.journeys.travellers import Traveller


class Outcome(msgspec.Struct, frozen=True):
    traveller: Traveller
    out: str = THEN
    reason: str = ""
    until: datetime | None = None
    stand: Stand | None = None


# Why a message is not sent.
CAPPED, NO_CONSENT, NO_TEMPLATE = "capped", "no_consent", "no_template"
# Why something is not given.
NO_COUPON, NO_ACCOUNT, NO_GROUP, NO_POINTS = "no_coupon", "no_account", "no_group", "no_points"
# Of a million: everybody takes part in a split.
CERTAIN = 1_000_000


def salt_of(journey_id: UUID, node: str) -> UUID:
    """What shuffles people at a split: another box, another order."""
    return ids.derived(journey_id, "split", node)
