"""News: who is inside hears it first (a goal is reached, a way ends, what was waited for has happened), then it lets people in.

What is heard has its effect in the transaction in which the reader's cursor moves, so each piece of news counts once.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.operations.journeys.catalogue import Event, kind_of
from steelyard.operations.journeys.enrolling import Entry, Live, enrol
from steelyard.operations.journeys.graph import HAPPENED, Await, Graph, Trigger
from steelyard.operations.journeys.model import Stand
from steelyard.operations.journeys.travellers import Steps, Traveller, count_arms, graphs_of, write

LEFT = "left:"
ENTERED_SEGMENT = "segment:"


class News(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to a customer of a shop: `event` by its name in the catalogue, or `segment:<id>` entered, `left:<id>`.
    `products` are those it is about, `about` goes into messages."""

    event: str
    merchant_id: UUID
    buyer_id: UUID
    at: datetime
    products: tuple[UUID, ...] = ()
    about: Mapping[str, str] = {}


async def hear(tx: Tx, news: Sequence[News]) -> None:
    """Take these in, in their order."""
    if not news:
        return
    now: datetime = await tx.value("SELECT clock_timestamp()")
    shops = {each.merchant_id for each in news}
    if not await tx.value("SELECT EXISTS (SELECT FROM journeys WHERE merchant_id = ANY($1))", list(shops)):
        return
    categories = await _categories(tx, news)
    await _tell_inside(tx, news, categories, now)
    entered = await _let_in(tx, news, categories, now)
    # Who has come in by one of these hears of those that happened to them after it.
    after = [each for each in news if each.at > entered.get((each.merchant_id, each.buyer_id), each.at)]
    if after:
        await _tell_inside(tx, after, categories, now)


async def _tell_inside(tx: Tx, news: Sequence[News], categories: Mapping[UUID, frozenset[UUID]], now: datetime) -> None:
    people = await tx.all(
        Traveller,
        """
        SELECT e.merchant_id, e.journey_id, e.buyer_id, e.entry, e.version, e.stand, e.node, e.steps, e.entered_at, e.since
             , e.due_at, e.signal, e.goal_until, e.ended_at, e.about
        FROM journey_enrolments e
        JOIN (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, buyer_id)) AS w
          ON w.merchant_id = e.merchant_id AND w.buyer_id = e.buyer_id
        WHERE e.stand = 'inside' OR (e.stand = 'finished' AND e.goal_until >= $3)
        ORDER BY e.merchant_id, e.journey_id, e.buyer_id, e.entry FOR NO KEY UPDATE OF e
        """,
        [each.merchant_id for each in news],
        [each.buyer_id for each in news],
        min(each.at for each in news),
    )
    if not people:
        return
    graphs = await graphs_of(tx, [(each.merchant_id, each.journey_id, each.version) for each in people])
    of: dict[tuple[UUID, UUID], list[Traveller]] = {}
    for each in people:
        of.setdefault((each.merchant_id, each.buyer_id), []).append(each)
    steps = Steps(now)
    reached: list[Traveller] = []
    for each in news:
        for who in of.get((each.merchant_id, each.buyer_id), ()):
            if _told(who, each, graphs[who.merchant_id, who.journey_id, who.version], categories, steps):
                reached.append(who)
    await count_arms(tx, steps, reached, graphs)
    await write(tx, steps)


def _told(who: Traveller, news: News, graph: Graph, categories: Mapping[UUID, frozenset[UUID]], steps: Steps) -> bool:
    """What this news does to somebody; True: they have reached the goal by it."""
    if news.at < who.entered_at or who.stand not in (Stand.INSIDE, Stand.FINISHED):
        return False
    goal = graph.settings.goal
    if goal is not None and news.event == goal.event and who.goal_until is not None and news.at <= who.goal_until:
        steps.end(who, Stand.REACHED, news.event, news.at)
        return True
    if who.stand is not Stand.INSIDE:
        return False
    if news.event in graph.settings.exits or news.event == f"{LEFT}{graph.settings.leaving}":
        steps.end(who, Stand.EXITED, news.event.partition(":")[0], news.at)
        return False
    node = graph.node(who.node)
    setup = node.setup if node is not None else None
    if isinstance(setup, Await) and news.at >= who.since and setup.event == news.event:
        if about_these(news.products, setup.products, setup.categories, categories):
            who.signal, who.due_at = HAPPENED, min(steps.now, who.due_at or steps.now)
            steps.touch(who)
    elif isinstance(setup, Trigger) and setup.event == news.event and news.event == Event.CART_LEFT:
        # The cart is not left while somebody goes on putting things into it.
        later = news.at + timedelta(minutes=setup.delay_minutes)
        if who.due_at is not None and later > who.due_at:
            who.due_at = later
            steps.touch(who)
    return False


def about_these(
    products: Collection[UUID],
    wanted: Collection[UUID],
    within: Collection[UUID],
    categories: Mapping[UUID, frozenset[UUID]],
) -> bool:
    """Whether something is about goods that are wanted: one of these products, or in one of these categories; none named, any."""
    if not wanted and not within:
        return True
    return any(each in wanted or not categories.get(each, frozenset()).isdisjoint(within) for each in products)


async def _let_in(
    tx: Tx, news: Sequence[News], categories: Mapping[UUID, frozenset[UUID]], now: datetime
) -> dict[tuple[UUID, UUID], datetime]:
    """Returns by shop and customer when the first of these happened that let them in, where they could come in."""
    live = await listening(tx, {each.merchant_id for each in news}, {each.event for each in news})
    entries: list[Entry] = []
    for each in news:
        for journey in live.get((each.merchant_id, each.event), ()):
            begins = journey.begins
            wanted = about_these(each.products, begins.products, begins.categories, categories)
            if wanted and each.at >= journey.started_at:
                entries.append(Entry(live=journey, buyer_id=each.buyer_id, at=each.at, about=each.about))
    await enrol(tx, entries, now)
    entered: dict[tuple[UUID, UUID], datetime] = {}
    for each in entries:
        key = (each.live.merchant_id, each.buyer_id)
        entered[key] = min(each.at, entered.get(key, each.at))
    return entered


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    journey_id: UUID
    version: int
    graph: Graph
    started_at: datetime
    listens: list[str]


async def listening(read: Read, shops: Collection[UUID], events: Collection[str]) -> dict[tuple[UUID, str], list[Live]]:
    """The journeys of these shops that let people in by these events."""
    rows = await read.all(
        _Row,
        """
        SELECT j.merchant_id, j.journey_id, v.version, v.graph, j.started_at, j.listens FROM journeys j
        JOIN journey_versions v ON v.merchant_id = j.merchant_id AND v.journey_id = j.journey_id AND v.version = j.live_version
        WHERE j.state = 'live' AND j.merchant_id = ANY($1) AND j.listens && $2::text[] ORDER BY j.merchant_id, j.journey_id
        """,
        list(shops),
        list(events),
    )
    found: dict[tuple[UUID, str], list[Live]] = {}
    for row in rows:
        live = Live(
            merchant_id=row.merchant_id,
            journey_id=row.journey_id,
            version=row.version,
            graph=row.graph,
            started_at=row.started_at,
        )
        for event in row.listens:
            found.setdefault((row.merchant_id, event), []).append(live)
    return found


async def _categories(read: Read, news: Sequence[News]) -> dict[UUID, frozenset[UUID]]:
    """In which categories these products are, those above included."""
    wanted = {product_id for each in news if _has_goods(each.event) for product_id in each.products}
    if not wanted:
        return {}
    rows = await read.fetch(
        """
        SELECT p.product_id, c.path FROM products p JOIN categories c USING (category_id)
        WHERE p.merchant_id = ANY($1) AND p.product_id = ANY($2)
        """,
        list({each.merchant_id for each in news}),
        sorted(wanted),
    )
    return {row["product_id"]: frozenset(row["path"]) for row in rows}


def _has_goods(event: str) -> bool:
    kind = kind_of(event)
    return kind is not None and kind.goods
