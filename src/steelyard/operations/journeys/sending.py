"""Messages: to whom, when, and how many. What is advertising goes to who agreed to it on that channel, not in quiet hours where
they are, and not more than the cap allows over all journeys of the shop together. Who sends to somebody holds their row, so that
two journeys at once cannot both send the last message that is allowed.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.operations import outreach
from steelyard.operations.journeys.graph import CAP_DAYS_MAX, FAILED, THEN, Graph, Message, Node, Settings
from steelyard.operations.journeys.outcomes import CAPPED, NO_CONSENT, Outcome
from steelyard.operations.journeys.telling import tell
from steelyard.operations.journeys.travellers import Steps, Traveller
from steelyard.operations.journeys.validating import clock
from steelyard.operations.outreach.model import Outgoing
from steelyard.parties import customers


async def hold_sends(tx: Tx, merchant_id: UUID, buyer_ids: Sequence[UUID]) -> None:
    """Nobody else sends to these until we are done."""
    if not buyer_ids:
        return
    ordered = sorted(set(buyer_ids))
    await tx.execute(
        """
        INSERT INTO journey_sends (merchant_id, buyer_id) SELECT $1, b FROM unnest($2::uuid[]) AS b ORDER BY b
        ON CONFLICT (merchant_id, buyer_id) DO NOTHING
        """,
        merchant_id,
        ordered,
    )
    await tx.execute(
        """
        SELECT FROM journey_sends WHERE merchant_id = $1 AND buyer_id = ANY($2) ORDER BY merchant_id, buyer_id
        FOR NO KEY UPDATE
        """,
        merchant_id,
        ordered,
    )


async def send(  # a message box with its people and rules
    tx: Tx, node: Node, setup: Message, some: Sequence[Traveller], graph: Graph, steps: Steps
) -> list[Outcome]:
    """Hand these messages over to be sent; who stays until the quiet hours end stays at the box."""
    settings = graph.settings
    outcomes: list[Outcome] = []
    now_or_later = await _quiet(tx, some, settings, steps.now) if setup.marketing else {}
    outcomes += [Outcome(each, until=until) for each in some if (until := now_or_later.get(each.buyer_id))]
    awake = [each for each in some if each.buyer_id not in now_or_later]
    merchant_id = some[0].merchant_id
    reachable = await _reachable(tx, merchant_id, setup, awake)
    counts = await _sent_lately(tx, merchant_id, awake, settings, steps.now) if setup.marketing else {}
    going: list[Traveller] = []
    for each in awake:
        if each.buyer_id not in reachable:
            outcomes.append(Outcome(each, FAILED, NO_CONSENT))
        elif counts.get(each.buyer_id, 0) >= settings.cap_messages:
            outcomes.append(Outcome(each, FAILED, CAPPED))
        else:
            going.append(each)
            outcomes.append(Outcome(each, THEN))
    await _hand_over(tx, node, setup, going, graph)
    if setup.marketing:
        await _note(tx, merchant_id, [each.buyer_id for each in going], steps.now)
    return outcomes


async def _quiet(tx: Tx, some: Sequence[Traveller], settings: Settings, now: datetime) -> dict[UUID, datetime]:
    """For whom it is quiet now, and until when."""
    begins, ends = _hours(settings)
    if begins is None or ends is None:
        return {}
    zones = await customers.zones_of(tx, [each.buyer_id for each in some])
    found = {each.buyer_id: customers.quiet_until(now, zones[each.buyer_id], begins, ends) for each in some}
    return {buyer_id: until for buyer_id, until in found.items() if until is not None}


def _hours(settings: Settings) -> tuple[time | None, time | None]:
    """When it begins and ends to be quiet; none: never."""
    begins = clock(settings.quiet_from) if settings.quiet_from is not None else None
    ends = clock(settings.quiet_to) if settings.quiet_to is not None else None
    return (begins, ends) if begins is not None and ends is not None else (None, None)


async def _reachable(tx: Tx, merchant_id: UUID, setup: Message, some: Sequence[Traveller]) -> frozenset[UUID]:
    """Who has agreed to advertising on this channel and can be reached there; what is none needs no consent."""
    buyer_ids = [each.buyer_id for each in some]
    return await outreach.may_reach(tx, merchant_id, buyer_ids, setup.channel, marketing=setup.marketing)


async def _sent_lately(
    tx: Tx, merchant_id: UUID, some: Sequence[Traveller], settings: Settings, now: datetime
) -> dict[UUID, int]:
    """How many messages each was sent within the days that the cap looks at, by all journeys of the shop."""
    rows = await tx.fetch(
        """
        SELECT s.buyer_id, (SELECT count(*) FROM unnest(s.sent) AS at WHERE at > $3)::integer AS sent
        FROM journey_sends s WHERE s.merchant_id = $1 AND s.buyer_id = ANY($2)
        """,
        merchant_id,
        [each.buyer_id for each in some],
        now - timedelta(days=settings.cap_days),
    )
    return {row["buyer_id"]: row["sent"] for row in rows}


async def _hand_over(tx: Tx, node: Node, setup: Message, going: Sequence[Traveller], graph: Graph) -> None:
    """The id of a message follows from the step that sends it: whoever says it, it is one. It keeps the quiet hours with it, for
    whenever it leaves."""
    assert setup.template_id is not None, "validation asks for a template"
    quiet_from, quiet_to = _hours(graph.settings) if setup.marketing else (None, None)
    told = await tell(tx, graph, node, going)
    await outreach.send_many(
        tx,
        [
            Outgoing(
                merchant_id=each.merchant_id,
                message_id=ids.derived(each.journey_id, str(each.buyer_id), str(each.entry), str(each.steps)),
                buyer_id=each.buyer_id,
                channel=setup.channel,
                template_id=setup.template_id,
                variables=variables,
                marketing=setup.marketing,
                quiet_from=quiet_from,
                quiet_to=quiet_to,
                origin=f"journey:{each.journey_id}",
            )
            for each, variables in zip(going, told, strict=True)
        ],
    )


async def _note(tx: Tx, merchant_id: UUID, buyer_ids: Sequence[UUID], now: datetime) -> None:
    await tx.execute(
        """
        UPDATE journey_sends s SET sent = array_append(ARRAY(SELECT at FROM unnest(s.sent) AS at WHERE at > $4), $3)
        WHERE s.merchant_id = $1 AND s.buyer_id = ANY($2)
        """,
        merchant_id,
        list(buyer_ids),
        now,
        now - timedelta(days=CAP_DAYS_MAX),
    )
