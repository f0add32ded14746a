"""Experiments from their draft to what was learned, on people who buy."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Group, GroupId, Joining, MemberSource
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.sweeps import sweep_once
from steelyard.kernel.text import text
from steelyard.operations import experiments, merchandising
from steelyard.operations.experiments.jobs import SWEEPS
from steelyard.operations.experiments.measuring import COUNTED_AFTER_DAYS
from steelyard.operations.experiments.model import (
    Advice,
    Experiment,
    ExperimentId,
    Kind,
    NewExperiment,
    NothingToShip,
    PageIsTaken,
    Results,
    State,
    Variant,
    Verdict,
)
from steelyard.operations.merchandising.model import SHOP
from steelyard.parties.customers.model import BuyerId
from steelyard.trade.aftersales.model import Returned
from tests.channels.pooling import TEN, staged
from tests.support import deal
from tests.support.experiments import BY, drafted, started
from tests.support.world import World, seeded


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


async def seen_by(db: Database, new: NewExperiment, visitors: list[UUID], variant: int, days: int = 1) -> None:
    at = datetime.now(UTC) - timedelta(days=days)
    exposures = [
        experiments.Exposure(
            merchant_id=new.merchant_id, experiment_id=new.experiment_id, unit_id=each, variant=variant, at=at
        )
        for each in visitors
    ]
    await db.transact(experiments.expose, exposures)


async def swept(db: Database) -> None:
    await sweep_once(db, SWEEPS)


async def told(db: Database, new: NewExperiment) -> tuple[Experiment, Results]:
    found, _, results = await db.ask(experiments.results, new.merchant_id, new.experiment_id)
    return found, results


async def visitors_of(count: int) -> list[UUID]:
    return [ids.mint() for _ in range(count)]


async def test_who_came_in_and_paid_afterwards_is_counted_once_whichever_browser_it_was(
    db: Database, world: World
) -> None:
    new = await started(db, world.tea.merchant_id)
    one, two, three, both = await visitors_of(4)
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)], BuyerId(one))  # before they saw anything
    await seen_by(db, new, [one], 0, days=0)
    await seen_by(db, new, [two], 1)
    await seen_by(db, new, [three, both], 0)
    # The same person on a telephone saw the other variant.
    telephone = ids.mint()
    await seen_by(db, new, [telephone], 1)
    for each in (both, telephone):
        await db.transact(lambda tx, each=each: tx.execute("INSERT INTO visitor_merges VALUES ($1, $2)", each, both))
    for buyer in (two, both):
        await deal.paid(db, [(world.items["nuts"].sku_id, 1)], BuyerId(buyer))
    await deal.paid(db, [(world.items["nuts"].sku_id, 2)], BuyerId(two))

    await swept(db)
    found, results = await told(db, new)

    assert (found.mixed, list(results.units)) == (1, [2, 1])
    assert [arm.summed for arm in results.arms["conversion"]] == [0, 1]
    assert [arm.summed for arm in results.arms["repurchase"]] == [0, 1]
    assert [arm.summed for arm in results.arms["orders"]] == [0, 2]
    paid = results.arms["revenue"]
    assert paid[0].summed == 0
    assert paid[1].summed > 3 * world.items["nuts"].amount - 1
    assert paid[0].before > 0, "what was paid before is no outcome, and explains outcomes"
    assert results.advice is Advice.WAIT


async def test_a_variant_that_nobody_has_seen_yet_counts_nobody(db: Database, world: World) -> None:
    new = await started(db, world.tea.merchant_id)
    await seen_by(db, new, await visitors_of(2), 1)
    await swept(db)
    _, results = await told(db, new)
    assert list(results.units) == [0, 2]
    assert results.advice is Advice.WAIT


async def test_margin_is_what_settlement_has_taken_up_less_what_the_goods_cost(db: Database, world: World) -> None:
    new = await started(db, world.tea.merchant_id)
    settled, waiting = await visitors_of(2)
    await seen_by(db, new, [settled, waiting], 1)
    await seen_by(db, new, await visitors_of(2), 0)
    sku_id = world.items["nuts"].sku_id
    await db.transact(
        lambda tx: tx.execute("INSERT INTO unit_costs VALUES ($1, $2, 'CNY', 1000)", world.tea.merchant_id, sku_id)
    )
    (order,) = await deal.paid(db, [(sku_id, 2)], BuyerId(settled))
    await deal.paid(db, [(sku_id, 1)], BuyerId(waiting))
    await deal.shipped(db, order)
    await deal.received(db, order)
    order = await deal.again(db, order)
    await deal.at_rest(db)

    await swept(db)
    _, results = await told(db, new)

    assert results.arms["margin"][1].summed == order.total - order.commission - 2 * 1_000


async def test_what_a_host_gets_of_an_order_is_not_the_shops_margin(db: Database, world: World) -> None:
    stage = await staged(db, world)
    await stage.agree(millionths=TEN)
    new = await started(db, world.tea.merchant_id)
    order = await stage.bought(("nuts", 3))
    assert order.buyer_id is not None
    await seen_by(db, new, [order.buyer_id], 1)
    await seen_by(db, new, await visitors_of(1), 0)
    await stage.received(order)
    await stage.refunded(order, Returned(1, 1))
    order = await deal.again(db, order)

    await swept(db)
    _, results = await told(db, new)

    [(_, _, earned, given_back)] = await stage.amounts(order)
    assert given_back > 0
    kept = order.total - order.refunded - order.commission + order.commission_returned
    assert results.arms["margin"][1].summed == kept - (earned - given_back)


async def test_what_settlement_takes_up_after_the_stop_is_counted_by_itself(db: Database, world: World) -> None:
    new = await started(db, world.tea.merchant_id)
    [buyer] = await visitors_of(1)
    await seen_by(db, new, [buyer], 1)
    await seen_by(db, new, await visitors_of(1), 0)
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, 2)], BuyerId(buyer))
    await db.transact(experiments.stop, new.merchant_id, new.experiment_id, BY)
    await swept(db)
    assert (await told(db, new))[1].arms["margin"][1].summed == 0

    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)
    await days_pass(db, new, stopped=0, measured=1)
    await swept(db)
    assert (await told(db, new))[1].arms["margin"][1].summed > 0

    await days_pass(db, new, stopped=COUNTED_AFTER_DAYS + 1, measured=1)
    before, _ = await told(db, new)
    await swept(db)
    assert (await told(db, new))[0].measured_at == before.measured_at


async def days_pass(db: Database, new: NewExperiment, *, stopped: int, measured: int) -> None:
    """So many days have passed since it was stopped, and since it was counted."""

    async def passed(tx: Tx) -> None:
        await tx.execute(
            """
            UPDATE experiments SET stopped_at = stopped_at - $2 * interval '1 day'
                 , measured_at = measured_at - $3 * interval '1 day' WHERE experiment_id = $1
            """,
            new.experiment_id,
            stopped,
            measured,
        )

    await db.transact(passed)


async def test_one_experiment_runs_on_a_page_at_a_time_and_steps_are_taken_in_their_order(
    db: Database, world: World
) -> None:
    first, second = await started(db, world.tea.merchant_id), await drafted(db, world.tea.merchant_id)
    mine = first.merchant_id

    with pytest.raises(PageIsTaken):
        await db.transact(experiments.start, mine, second.experiment_id, BY)
    with pytest.raises(TransitionRefused):
        await db.transact(experiments.archive, mine, first.experiment_id, "Nothing", BY)
    with pytest.raises(NotFound):
        await db.transact(experiments.start, world.tools.merchant_id, second.experiment_id, BY)
    for _ in range(2):
        await db.transact(experiments.stop, mine, first.experiment_id, BY)
        await db.transact(experiments.start, mine, second.experiment_id, BY)
    with pytest.raises(Invalid):
        await db.transact(experiments.archive, mine, first.experiment_id, "", BY)
    for _ in range(2):
        await db.transact(experiments.archive, mine, first.experiment_id, "Larger pictures change nothing", BY)

    steps = await db.ask(experiments.history, mine, first.experiment_id)
    assert [each.to_state for each in steps] == [State.DRAFT, State.RUNNING, State.STOPPED, State.ARCHIVED]
    listed = await db.ask(experiments.experiments, mine)
    assert [each.state for each in listed] == [State.RUNNING, State.ARCHIVED]
    assert await db.ask(experiments.experiments, world.tools.merchant_id) == []


async def test_what_is_shipped_is_shown_to_everybody(db: Database, world: World) -> None:
    new = await started(db, world.tea.merchant_id)
    running = await db.ask(experiments.on_page, new.merchant_id, SHOP)
    assert running is not None
    assert {running.turn(each) for each in await visitors_of(50)} == {0, 1}

    for _ in range(2):
        await db.transact(experiments.ship, new.merchant_id, new.experiment_id, 1, BY)

    shown = await db.ask(merchandising.shown, new.merchant_id, SHOP)
    assert shown is not None
    assert shown.blocks[0].title["en"] == "Tried words"
    assert len(await db.ask(merchandising.versions, new.merchant_id, SHOP)) == 3
    found, _ = await told(db, new)
    assert (found.state, found.shipped) == (State.STOPPED, 1)
    await seen_by(db, new, [ids.mint()], 0)
    await swept(db)
    assert sum((await told(db, new))[1].units) == 0, "what has stopped takes nobody in"


async def test_customers_are_shared_out_to_groups_and_leave_them_when_it_is_over(db: Database, world: World) -> None:
    mine = world.tea.merchant_id
    group, regular = GroupId(ids.mint()), ids.mint()
    await db.transact(promotions.set_group, Group(merchant_id=mine, group_id=group, name=text("试", "Tried")))
    buyers = [BuyerId(each) for each in [regular, *await visitors_of(7)]]
    for buyer in buyers:
        await deal.paid(db, [(world.items["nuts"].sku_id, 1)], buyer)
    await deal.paid(db, [(_of(world, "tools"), 1)], BuyerId(ids.mint()))
    await db.transact(promotions.join, [Joining(mine, group, regular)], MemberSource.HAND)
    new = NewExperiment(
        merchant_id=mine, experiment_id=ExperimentId(ids.mint()), kind=Kind.GROUPS, name="A lower price",
        hypothesis="More come back", metric="repurchase", currency="CNY", bought_days=30, units_planned=10,
        variants=[Variant(variant=0, name="Nothing"), Variant(variant=1, name="Lower", group_id=group)],
    )  # fmt: skip
    await db.transact(experiments.draw_up, new, BY)
    await db.transact(experiments.start, mine, new.experiment_id, BY)

    await swept(db)
    _, results = await told(db, new)
    inside = {each.buyer_id for each in await db.ask(promotions.members, mine, group)}
    assert sum(results.units) == 7, "whoever was in the group is not tried, nor are customers of other shops"
    assert len(inside - {regular}) == results.units[1]
    with pytest.raises(NothingToShip):
        await db.transact(experiments.ship, mine, new.experiment_id, 1, BY)

    await db.transact(experiments.stop, mine, new.experiment_id, BY)
    await swept(db)
    assert [each.buyer_id for each in await db.ask(promotions.members, mine, group)] == [regular]
    await swept(db)
    assert sum((await told(db, new))[1].units) == 7


def _of(world: World, slug: str) -> UUID:
    trader = getattr(world, slug)
    return next(item.sku_id for item in world.items.values() if item.merchant_id == trader.merchant_id)


async def test_what_has_run_its_time_is_stopped(db: Database, world: World) -> None:
    new = await started(db, world.tea.merchant_id, days_max=7)
    await swept(db)
    assert (await told(db, new))[0].state is State.RUNNING
    await db.transact(lambda tx: tx.execute("UPDATE experiments SET started_at = now() - interval '7 days'"))
    await swept(db)
    assert (await told(db, new))[0].state is State.STOPPED


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("metric", "luck"), ("guardrails", ("conversion",)), ("share", 0), ("units_planned", 0),
        ("days_max", 1_000), ("name", ""), ("hypothesis", ""), ("bought_days", 5),
        ("variants", [Variant(variant=0, name="Alone", version=1)]),
        ("variants", [Variant(variant=0, name="One", version=1), Variant(variant=1, name="Other", version=1)]),
    ],
)  # fmt: skip
async def test_what_cannot_be_tried_is_said(db: Database, world: World, field: str, wrong: object) -> None:
    with pytest.raises(Invalid) as refused:
        await drafted(db, world.tea.merchant_id, **{field: wrong})
    assert list(refused.value.fields) == [field]


async def test_a_difference_is_found_and_what_makes_refunds_worse_is_not_shipped(db: Database, world: World) -> None:
    new = await started(db, world.tea.merchant_id)
    everybody = await visitors_of(8_000)
    await seen_by(db, new, everybody[:4_000], 0)
    await seen_by(db, new, everybody[4_000:], 1)
    await swept(db)

    async def known(tx: Tx, metric: str, hits: tuple[int, int]) -> None:
        for variant, count in enumerate(hits):
            await tx.execute(
                "UPDATE experiment_looks SET summed = $3, squares = $3 WHERE metric = $1 AND variant = $2",
                metric,
                variant,
                count,
            )

    await db.transact(known, "conversion", (400, 600))
    _, results = await told(db, new)
    (finding,) = results.of("conversion")
    assert (finding.verdict, results.advice, results.leader) == (Verdict.BETTER, Advice.SHIP, 1)
    assert finding.relative.low < 0.5 < finding.relative.high
    await db.transact(known, "refunds", (40, 400))
    assert (await told(db, new))[1].advice is Advice.HARMFUL

    await seen_by(db, new, await visitors_of(600), 0)
    await db.transact(experiments.measure_soon, new.merchant_id, new.experiment_id)
    await swept(db)
    assert (await told(db, new))[1].advice is Advice.BROKEN, "4,600 and 4,000 are not halves"


async def test_what_was_tried_elsewhere_is_summed_up_and_kept_once(db: Database, world: World, tmp_path: Path) -> None:
    file = tmp_path / "mails.csv"
    rows = ["mail,visit,spend,history", *(f"none,{n % 5 == 0:d},{n % 3},{n}" for n in range(100))]
    rows += [f"men,{n % 2:d},{n % 7},{n}" for n in range(100)]
    file.write_text("\n".join(rows))

    variants, counted = experiments.read_outcomes(
        file, by="mail", control="none", metrics=["visit", "spend"], before="history"
    )
    new = NewExperiment(
        merchant_id=world.tea.merchant_id, experiment_id=ExperimentId(ids.mint()), kind=Kind.IMPORTED, name="Mails",
        hypothesis="Mails bring visits", metric="visit", currency="CNY", variants=variants, units_planned=200,
    )  # fmt: skip
    assert await db.transact(experiments.import_outcomes, new, counted, "mails.csv", BY)
    assert not await db.transact(experiments.import_outcomes, new, counted, "mails.csv", BY)

    found, results = await told(db, new)
    assert (found.state, [each.name for each in variants]) == (State.STOPPED, ["none", "men"])
    assert [arm.mean for arm in results.arms["visit"]] == [0.2, 0.5]
    assert results.of("visit")[0].verdict is Verdict.BETTER
    for wrong in ({"by": "nothing"}, {"control": "nobody"}, {"metrics": ["mail"]}, {"metrics": []}, {"before": "mail"}):
        asked = {"by": "mail", "control": "none", "metrics": ["visit"]} | wrong
        with pytest.raises(experiments.UnreadableOutcomes):
            experiments.read_outcomes(file, **asked)  # pyright: ignore[reportArgumentType]  # as the test says
    (tmp_path / "broken.parquet").write_bytes(b"no")
    with pytest.raises(experiments.UnreadableOutcomes):
        experiments.read_outcomes(tmp_path / "broken.parquet", by="a", control="b", metrics=["c"])
