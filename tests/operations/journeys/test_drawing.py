"""A journey is drawn, changed, put into force: what is wrong is told at its box, and nothing half finished runs."""

import msgspec
import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Group, GroupId
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import NotFound, TransitionRefused
from steelyard.kernel.text import text
from steelyard.operations import journeys
from steelyard.operations.journeys.model import (
    Await,
    Exit,
    Graph,
    GroupMove,
    JourneyChanged,
    JourneyId,
    JourneyOver,
    JourneyRefused,
    Node,
    Points,
    State,
    Trigger,
    Wait,
    check,
)
from tests.support.world import World, seeded


def told(graph: Graph) -> set[tuple[str, str]]:
    return {(each.key, each.field) for each in check(graph)}


def test_what_is_wrong_is_told_at_its_box() -> None:
    begin = Node(key="begin", setup=Trigger(event="order_paid"), next={"then": "a"})
    graph = Graph(
        nodes=(
            begin,
            Node(key="a", setup=Points(points=0), next={"then": "b"}),
            Node(key="b", setup=Await(event="cart_left"), next={"happened": "a", "late": "gone"}),
            Node(key="c", setup=Wait(minutes=0)),
            Node(key="end", setup=Exit()),
        )
    )

    faults = told(graph)

    assert ("a", "points") in faults
    assert ("b", "event") in faults  # a cart that is left is not waited for
    assert ("b", "next.late") in faults  # what follows is not there
    assert {("c", "minutes"), ("c", "next.then"), ("c", "")} <= faults  # not joined, and no way leads to it
    assert ("end", "") in faults
    assert ("begin", "") in faults  # from the beginning no way leads to an end
    assert told(Graph(nodes=(begin, begin))) == {("begin", "")}  # two of one name


def test_a_circle_has_a_wait_in_it() -> None:
    def circle(middle: Node) -> Graph:
        return Graph(
            nodes=(
                Node(key="begin", setup=Trigger(event="order_paid"), next={"then": "ask"}),
                Node(key="ask", setup=Await(event="order_paid"), next={"happened": "out", "late": "middle"}),
                middle,
                Node(key="again", setup=GroupMove(group_id=ids.mint()), next={"then": "middle"}),
                Node(key="out", setup=Exit()),
            )
        )

    waits = circle(Node(key="middle", setup=Wait(), next={"then": "ask"}))
    hasty = circle(Node(key="middle", setup=Points(points=1), next={"then": "again"}))

    assert told(waits) == {("again", "")}
    assert {("middle", ""), ("again", "")} <= told(hasty)


def test_playbooks_lack_nothing_but_what_a_shop_chooses() -> None:
    for playbook in journeys.PLAYBOOKS:
        assert {field for _, field in told(playbook.graph)} <= {"template_id", "promotion_id"}, playbook.key
        assert msgspec.json.decode(msgspec.json.encode(playbook.graph), type=Graph) == playbook.graph


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


async def test_a_playbook_begins_with_words_that_are_ready(db: Database, world: World) -> None:
    """What is left to choose is the shop's: a template of another shop is none."""
    console, shop = db.as_merchant(world.tea.merchant_id), world.tea.merchant_id
    journey_id, other = JourneyId(ids.mint()), JourneyId(ids.mint())
    for _ in range(2):
        await console.transact(journeys.copy_playbook, shop, journey_id, "unpaid_order", "li")
    assert await console.transact(journeys.start, shop, journey_id, 1, "li") == 1
    known = await console.ask(journeys.journey, shop, journey_id)
    await db.transact(journeys.make, world.tools.merchant_id, other, known.name, "wang", graph=known.graph)
    with pytest.raises(JourneyRefused) as refused:
        await db.transact(journeys.start, world.tools.merchant_id, other, 1, "wang")
    assert [(each.key, each.field) for each in refused.value.facts["faults"]] == [("remind", "template_id")]


async def test_a_journey_is_drawn_started_changed_and_ended(db: Database, world: World) -> None:
    shop, journey_id, name = world.tea.merchant_id, JourneyId(ids.mint()), text("会员", "Members")
    group = Group(merchant_id=shop, group_id=GroupId(ids.mint()), name=name)
    await db.transact(promotions.set_group, group)
    for _ in range(2):
        await db.transact(journeys.make, shop, journey_id, name, "li")
    with pytest.raises(JourneyRefused) as refused:
        await db.transact(journeys.start, shop, journey_id, 1, "li")
    assert ("begin", "next.then") in {(each.key, each.field) for each in refused.value.facts["faults"]}

    graph = Graph(
        nodes=(
            Node(key="begin", setup=Trigger(event="order_paid"), next={"then": "join"}),
            Node(key="join", setup=GroupMove(group_id=group.group_id), next={"then": "end"}),
            Node(key="end", setup=Exit()),
        )
    )
    console = db.as_merchant(shop)
    assert await console.transact(journeys.change, shop, journey_id, name, graph, 1, "li") == 2
    assert await console.transact(journeys.change, shop, journey_id, name, graph, 1, "li") == 2  # a second click
    with pytest.raises(JourneyChanged):
        await console.transact(journeys.change, shop, journey_id, name, Graph(nodes=graph.nodes[-1:]), 1, "wang")
    assert await console.transact(journeys.start, shop, journey_id, 2, "li") == 1
    assert await console.transact(journeys.start, shop, journey_id, 2, "li") == 1

    missing = msgspec.structs.replace(graph, nodes=(*graph.nodes[:1], _other_group(graph.nodes[1]), *graph.nodes[2:]))
    assert await console.transact(journeys.change, shop, journey_id, name, missing, 2, "li") == 3
    with pytest.raises(JourneyRefused) as refused:
        await console.transact(journeys.start, shop, journey_id, 3, "li")
    assert [(each.key, each.field) for each in refused.value.facts["faults"]] == [("join", "group_id")]
    (row,) = await console.ask(journeys.listed, shop)
    assert (row.state, row.live_version, row.changed) == (State.LIVE, 1, True)

    await console.transact(journeys.pause, shop, journey_id, "li")
    await console.transact(journeys.resume, shop, journey_id, "li")
    await console.transact(journeys.end, shop, journey_id, "li")
    with pytest.raises(JourneyOver):
        await console.transact(journeys.start, shop, journey_id, 3, "li")
    with pytest.raises(TransitionRefused):
        await console.transact(journeys.resume, shop, journey_id, "li")
    again = JourneyId(ids.mint())
    await console.transact(journeys.copy, shop, journey_id, again, name, "li")
    assert (await console.ask(journeys.journey, shop, again)).graph == missing
    with pytest.raises(NotFound):
        await db.as_merchant(world.tools.merchant_id).ask(journeys.journey, shop, again)


def _other_group(node: Node) -> Node:
    return msgspec.structs.replace(node, setup=GroupMove(group_id=ids.mint()))
