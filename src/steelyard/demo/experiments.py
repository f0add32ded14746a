"""What the demo's first shop has tried on its page: one experiment that taught something, one that is drawn up.

The days of the first are written down as they would have been counted; who saw what is not made up one by one.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Tx
from steelyard.operations import experiments, merchandising
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.experiments.model import ExperimentId, Kind, Metric, NewExperiment, Variant
from steelyard.operations.merchandising.model import HOME, HOUSE, SHOP

BY = "system"
DAYS = 14
# People a day and variant, of whom so many in a thousand buy, and what a buyer pays in minor units, about.
COMING, BUYING, PAYING = 180, (42, 58), (23_800, 24_300)
BACK_IN_A_HUNDRED, REFUNDED_IN_A_HUNDRED = 6, 3


async def try_out(db: Database, merchant_id: UUID, currency: str) -> None:
    """Said twice, nothing is there twice."""
    await db.transact(_tried, merchant_id, currency)
    await db.transact(_planned)


async def _planned(tx: Tx) -> None:
    """What the marketplace means to try on its front page."""
    experiment_id = ExperimentId(made("experiment", "home", "order"))
    versions = sorted(each.version for each in await merchandising.versions(tx, HOUSE, HOME))
    if len(versions) < 2 or await experiments.experiments(tx, MARKETPLACE):
        return
    new = NewExperiment(
        merchant_id=MARKETPLACE, experiment_id=experiment_id, kind=Kind.PAGE, name="新品提前一屏",
        hypothesis="回头客想先看新品，提前一屏会多下单", metric=Metric.ORDERS, guardrails=[Metric.REFUNDS], currency="CNY",
        page=HOME, units_planned=20_000,
        variants=[
            Variant(variant=0, name="现在的样子", version=versions[0]), Variant(variant=1, name="新品提前", version=versions[1]),
        ],
    )  # fmt: skip
    await experiments.draw_up(tx, new, BY)


async def _tried(tx: Tx, merchant_id: UUID, currency: str) -> None:
    ids = [ExperimentId(made("experiment", str(merchant_id), name)) for name in ("gifts", "favourites")]
    if any(each.experiment_id in ids for each in await experiments.experiments(tx, merchant_id)):
        return
    versions = [each.version for each in await merchandising.versions(tx, merchant_id, SHOP)]
    while len(versions) < 2:
        versions.append(await merchandising.publish(tx, merchant_id, SHOP, BY))
    control, treatment = sorted(versions)[-2:]
    variants = [
        Variant(variant=0, name="现在的样子", version=control),
        Variant(variant=1, name="掌柜推荐放最上面", version=treatment),
    ]
    for experiment_id, name, hypothesis in (
        (ids[0], "首页先看推荐", "先看到掌柜推荐的访客更容易下单，因为不必自己挑"),
        (ids[1], "送礼专区放首屏", "节前送礼的人多，先看到送礼优选会多买一件"),
    ):
        new = NewExperiment(
            merchant_id=merchant_id, experiment_id=experiment_id, kind=Kind.PAGE, name=name, hypothesis=hypothesis,
            metric=Metric.CONVERSION, guardrails=[Metric.REFUNDS], currency=currency, page=SHOP, variants=variants,
            units_planned=5_000, days_max=DAYS,
        )  # fmt: skip
        await experiments.draw_up(tx, new, BY)
    await experiments.start(tx, merchant_id, ids[0], BY)
    await _counted(tx, merchant_id, ids[0])
    await experiments.stop(tx, merchant_id, ids[0], BY)
    await experiments.archive(
        tx, merchant_id, ids[0], "推荐放在最上面，下单的人更多，退款没有变多。以后换季都先摆推荐。", BY
    )


async def _counted(tx: Tx, merchant_id: UUID, experiment_id: UUID) -> None:
    """The sums of fourteen days, each with all that came before."""
    chance = Random(f"{merchant_id}:{experiment_id}")  # noqa: S311  # a demo's dice
    sums = {(variant, metric): [0.0, 0.0] for variant in (0, 1) for metric in Metric}
    units = [0, 0]
    first = datetime.now(UTC) - timedelta(days=DAYS)
    for day in range(DAYS):
        for variant in (0, 1):
            came = round(chance.gauss(COMING, 9))
            units[variant] += came
            for _ in range(came):
                _visited(sums, variant, chance)
        counted = [
            experiments.Counted(metric=metric, variant=variant, units=units[variant], summed=summed, squares=squares)
            for (variant, metric), (summed, squares) in sums.items()
        ]
        await experiments.keep(tx, merchant_id, experiment_id, counted, first + timedelta(days=day))
    await tx.execute(
        "UPDATE experiments SET started_at = $3, created_at = $3 WHERE merchant_id = $1 AND experiment_id = $2",
        merchant_id,
        experiment_id,
        first,
    )


def _visited(sums: dict[tuple[int, Metric], list[float]], variant: int, chance: Random) -> None:
    """One visitor more, who buys or does not."""
    if chance.random() * 1_000 >= BUYING[variant]:
        return
    paid = round(PAYING[variant] * chance.lognormvariate(-0.1, 0.45))
    again = chance.random() * 100 < BACK_IN_A_HUNDRED
    values = {
        Metric.CONVERSION: 1,
        Metric.REPURCHASE: int(again),
        Metric.ORDERS: 1 + again,
        Metric.REVENUE: paid * (1 + again),
        Metric.MARGIN: paid * 38 // 100,
        Metric.REFUNDS: paid if chance.random() * 100 < REFUNDED_IN_A_HUNDRED else 0,
    }
    for metric, value in values.items():
        sums[variant, metric][0] += value
        sums[variant, metric][1] += value * value
