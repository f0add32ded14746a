"""The example of docs/algorithms/journeys.md, played by hand; a month of a shop played from what it keeps; and graphs that nobody
drew, gone through as the sweep does."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.goods import pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.operations import behaviour, journeys
from steelyard.operations.behaviour import Behaviour
from steelyard.operations.journeys.graph import WAITING, Setup
from steelyard.operations.journeys.happening import Happened
from steelyard.operations.journeys.model import (
    Await,
    Exit,
    Goal,
    Graph,
    JourneyId,
    Message,
    Node,
    Points,
    Reentry,
    Settings,
    Split,
    Task,
    Trigger,
    Wait,
    check,
)
from steelyard.operations.journeys.playing import Known, Play
from steelyard.parties import customers
from tests.operations.journeys.conftest import PLAIN, go, happens, line, people, stands, started, steps, template
from tests.support import deal
from tests.support.world import Item, World

SHANGHAI, YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
MAIL = Message(template_id=UUID(int=9))


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI)


def test_the_example_of_the_documentation() -> None:
    graph = line(
        Trigger(event="cart_left", delay_minutes=60),
        MAIL,
        Await(event="order_paid", minutes=24 * 60),
        MAIL,
        settings=Settings(goal=Goal(event="order_paid", days=3), cap_messages=1, cap_days=7),
    )
    an, bo, chen, di, eva, fu = (UUID(int=n) for n in range(1, 7))
    carts = [
        (an, at(10)),
        (bo, at(10)),
        (chen, at(10)),
        (fu, at(10)),
        (bo, at(10, 30)),
        (di, at(21, 30)),
        (eva, at(21, 30)),
    ]
    paid = {bo: at(9, 0, 3), chen: at(10, 40)}
    known = Known(
        happened={who: [Happened(event="order_paid", buyer_id=who, at=when)] for who, when in paid.items()},
        holds={},
        reachable={("email", True): frozenset({an, bo, chen, di, eva})},
        zones={eva: YORK},
        sent={},
        categories={},
        intervals={},
    )
    play = Play(graph, ids.mint(), at(0, 0, 20), known)

    play.run([Happened(event="cart_left", buyer_id=who, at=when) for who, when in carts])
    told = play.told(at(0, 0, 1), all_of_it=True, coupons=())

    assert (told.entered, told.reached, told.finished, told.stayed) == (6, 2, 4, 0)
    assert (told.messages, told.capped, told.no_consent, told.quiet) == (4, 3, 2, 1)
    assert told.by_day == {"2026-03-02": 3, "2026-03-03": 1}
    assert told.nodes["b4"].reasons == {"capped": 3, "no_consent": 1}


def test_what_ends_a_way_leads_nobody_out_after_its_end() -> None:
    """As in the engine: who is through is finished, though they cancel next day; who buys within the days has reached it."""
    graph = line(Wait(minutes=60), settings=Settings(goal=Goal(event="order_paid", days=3), exits=("order_cancelled",)))
    cancels, buys = UUID(int=1), UUID(int=2)
    known = msgspec.structs.replace(
        _nothing(),
        happened={
            cancels: [Happened(event="order_cancelled", buyer_id=cancels, at=at(10, 0, 3))],
            buys: [
                Happened(event="order_cancelled", buyer_id=buys, at=at(10, 0, 3)),
                Happened(event="order_paid", buyer_id=buys, at=at(10, 0, 4)),
            ],
        },
    )
    play = Play(graph, ids.mint(), at(0, 0, 20), known)
    play.run([Happened(event="order_paid", buyer_id=who, at=at(10)) for who in (cancels, buys)])

    told = play.told(at(0, 0, 1), all_of_it=True, coupons=())
    assert (told.entered, told.finished, told.reached, told.exited) == (2, 1, 1, 0)


async def test_a_month_of_a_shop_is_played(db: Database, world: World) -> None:
    """Two left carts lately; one of them paid. Nothing is sent and nobody comes in."""
    shop, nuts = world.tea.merchant_id, world.items["nuts"]
    buyer, other = world.buyer.buyer_id, world.other_buyer.buyer_id
    assert buyer is not None and other is not None
    now = datetime.now(UTC)
    deeds = [
        Behaviour(
            kind=behaviour.Kind.CART,
            visitor_id=who,
            buyer_id=who,
            merchant_id=shop,
            product_id=nuts.product_id,
            at=now - timedelta(hours=2),
        )
        for who in (buyer, other)
    ]
    await db.transact(behaviour.record, deeds)
    await deal.paid(db, [(nuts.sku_id, 1)], other)
    await db.transact(customers.want_mails, buyer, agreed=True)
    graph = line(
        Trigger(event="cart_left", delay_minutes=60, products=(nuts.product_id,)),
        Message(template_id=await template(db, shop)),
        settings=msgspec.structs.replace(PLAIN, goal=Goal(event="order_paid", days=3), reentry=Reentry.ENDED),
    )
    later = now + timedelta(hours=1)

    told = await db.ask(journeys.simulate, shop, JourneyId(ids.mint()), graph, later)

    assert (told.entered, told.reached) == (2, 1)
    assert told.messages + told.no_consent == 2


async def test_favourites_that_became_cheaper_or_came_back_are_played(db: Database, world: World) -> None:
    """By what is kept of prices and stock. Nuts went from 39.90 to 20.00 and then to 30.00; a delivery came in."""
    shop, nuts = world.tea.merchant_id, world.items["nuts"]
    gladly, late, cheaply, gone, there = await people(db, shop, 5)
    before, now = timedelta(days=3), datetime.now(UTC)
    for who, price, in_stock, ago in (
        (gladly, 3990, True, before), (late, 3990, True, -timedelta(minutes=1)), (cheaply, 2500, True, before),
        (gone, 1500, False, before), (there, 1500, True, before),
    ):  # fmt: skip
        await db.transact(_keep, who, nuts, price, in_stock, now - ago)
    for amount in (2_000, 3_000):
        await db.transact(pricing.set_prices, shop, [NewPrice(sku_id=nuts.sku_id, currency="CNY", amount=amount)])

    async def came(event: str, later: timedelta) -> int:
        rules = msgspec.structs.replace(PLAIN, reentry=Reentry.ENDED)
        graph = line(Trigger(event=event), Wait(), settings=rules)
        return (await db.ask(journeys.simulate, shop, JourneyId(ids.mint()), graph, now + later)).entered

    # At 20.00 below both prices, and at 30.00 below the one; each comes in once, since they are inside still.
    assert await came("price_dropped", timedelta(hours=1)) == 2
    assert await came("back_in_stock", timedelta(hours=1)) == 1
    for event in ("price_dropped", "back_in_stock"):
        assert await came(event, timedelta(days=40)) == 0


async def _keep(tx: Tx, buyer_id: UUID, item: Item, price: int, in_stock: bool, at: datetime) -> None:
    await tx.execute(
        """
        INSERT INTO favourite_products (buyer_id, product_id, merchant_id, kept_price, currency, kept_in_stock, kept_at)
        VALUES ($1, $2, $3, $4, 'CNY', $5, $6)
        """,
        buyer_id,
        item.product_id,
        item.merchant_id,
        price,
        in_stock,
        at,
    )


KEYS = [f"n{n}" for n in range(6)]
SETUPS: list[Setup] = [
    Wait(minutes=5),
    Await(event="review_written", minutes=10),
    Split(weights=(1, 2)),
    Task(title="Do it"),
    Points(points=5),
    Exit(),
]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any graph at all of a few boxes, most of them with faults."""
    nodes = [Node(key="begin", setup=Trigger(event="order_paid"), next={"then": draw(st.sampled_from(KEYS))})]
    for key in KEYS:
        setup = draw(st.sampled_from(SETUPS))
        outs = Node(key=key, setup=setup).outs
        nodes.append(Node(key=key, setup=setup, next={out: draw(st.sampled_from(KEYS)) for out in outs}))
    reached, todo = {"begin"}, ["begin"]
    of = {node.key: node for node in nodes}
    while todo:
        for following in of[todo.pop()].next.values():
            if following is not None and following not in reached:
                reached.add(following)
                todo.append(following)
    return Graph(nodes=tuple(node for node in nodes if node.key in reached), settings=PLAIN)


@given(graphs(), st.lists(st.integers(0, 40), min_size=1, max_size=6))
@settings(max_examples=300)
def test_a_graph_without_faults_comes_to_an_end_or_waits(graph: Graph, minutes: list[int]) -> None:
    """Whoever goes on makes at most as many steps as there are boxes, and everybody who came in is at one box or has ended."""
    if check(graph):
        return
    known = Known(happened={}, holds={}, reachable={}, zones={}, sent={}, categories={}, intervals={})
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    play = Play(graph, UUID(int=1), begin + timedelta(hours=2), known)
    came = enumerate(sorted(minutes))
    play.run([Happened(event="order_paid", buyer_id=UUID(int=n), at=begin + timedelta(minutes=m)) for n, m in came])
    told = play.told(begin, all_of_it=True, coupons=())

    assert told.entered == told.finished + told.stayed == len(minutes)
    waiting = {node.key for node in graph.nodes if isinstance(node.setup, WAITING)}
    assert {key for key, each in told.nodes.items() if each.here} <= waiting
    for key, each in told.nodes.items():
        ended = each.arrived if isinstance(graph.by_key()[key].setup, Exit) else sum(each.outs.values())
        assert each.arrived == ended + each.here


async def test_random_graphs_in_the_database(db: Database, world: World) -> None:
    """The same people through the same graphs, by the sweep and by the play: at the same boxes, by the same steps."""
    shop = world.tea.merchant_id
    some = await people(db, shop, 12)
    found: list[Graph] = []
    for graph in _drawn(400):
        if not check(graph) and not any(isinstance(node.setup, Points | Task) for node in graph.nodes):
            found.append(graph)
    assert len(found) >= 6
    for graph in found[:6]:
        journey = await started(db, shop, graph)
        entered = await happens(db, shop, "order_paid", some)
        for minutes in range(0, 31, 5):
            await go(db, shop, journey, timedelta(minutes=minutes, seconds=minutes))
        play = Play(graph, journey, entered + timedelta(minutes=29), _nothing())
        play.run([Happened(event="order_paid", buyer_id=each, at=entered) for each in some])
        stood = await stands(db, journey)
        assert len(stood) == len(some)
        ended = sum(1 for stand, _ in stood.values() if stand == "finished")
        assert ended >= play.counts.get("finished", 0)
        made = await steps(db, journey)
        for key, outs in play.outs.items():
            for out, people_out in outs.items():
                assert sum(1 for node, by, _ in made if (node, by) == (key, out)) >= people_out


def _nothing() -> Known:
    return Known(happened={}, holds={}, reachable={}, zones={}, sent={}, categories={}, intervals={})


def _drawn(many: int) -> list[Graph]:
    found: list[Graph] = []

    @given(graphs())
    @settings(max_examples=many, database=None, derandomize=True)
    def draw(graph: Graph) -> None:
        found.append(graph)

    draw()
    return found
