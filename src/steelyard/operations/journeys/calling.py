"""Many who come into a journey at once: whoever is in a segment at a moment, keeps a product in mind that became cheaper or came
back, follows a shop whose live session begins, has a birthday. A call is written down once and done some at a time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.operations.journeys.graph import Graph, On, Trigger


class Whom(StrEnum):
    SEGMENT = "segment"
    CHEAPER = "cheaper"
    BACK = "back"
    FOLLOWERS = "followers"
    BIRTHDAY = "birthday"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """These are to come in, from a moment on. `what` makes it one: called twice for the same, they come once."""

    merchant_id: UUID
    journey_id: UUID
    whom: Whom
    thing_id: UUID | None = None
    what: str
    begins_at: datetime
    about: Mapping[str, str] = {}


async def call_all(tx: Tx, calls: Sequence[Call]) -> None:
    """Write these down; what is written down already stays."""
    await tx.execute(
        """
        INSERT INTO journey_calls (merchant_id, journey_id, call_id, whom, thing_id, about, begins_at)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::jsonb[], $7::timestamptz[])
            AS w (merchant_id, journey_id, call_id, whom, thing_id, about, begins_at)
        ORDER BY merchant_id, journey_id, call_id ON CONFLICT (merchant_id, journey_id, call_id) DO NOTHING
        """,
        [each.merchant_id for each in calls],
        [each.journey_id for each in calls],
        [ids.derived(each.journey_id, each.whom, str(each.thing_id), each.what) for each in calls],
        [str(each.whom) for each in calls],
        [each.thing_id for each in calls],
        [dict(each.about) for each in calls],
        [each.begins_at for each in calls],
    )


async def call_present(tx: Tx, merchant_id: UUID, journey_id: UUID, graph: Graph) -> None:
    """Whom a journey takes in by itself when it is put into force: all of a segment at a moment, or who is in it now."""
    begins = graph.trigger
    if begins is None or not isinstance(begins.setup, Trigger):
        return
    setup = begins.setup
    if setup.on is On.DATE and setup.at is not None:
        what, begins_at = setup.at.astimezone(UTC).isoformat(), setup.at
    elif setup.on is On.SEGMENT and setup.present:
        what, begins_at = "present", datetime.now(UTC)
    else:
        return
    present = Call(
        merchant_id=merchant_id,
        journey_id=journey_id,
        whom=Whom.SEGMENT,
        thing_id=setup.segment_id,
        what=what,
        begins_at=begins_at,
    )
    await call_all(tx, [present])
