"""A shop tries another version of its page: the form, the results, what was learned; nobody else's."""

import csv
import io

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import experiments
from steelyard.operations.experiments.jobs import SWEEPS
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.experiments import drafted, two_versions
from tests.support.world import World

HERE = "/merchant/experiments"


async def filled(db: Database, world: World) -> dict[str, str]:
    control, treatment = await two_versions(db, world.tea.merchant_id)
    return {
        "name": "Larger pictures", "hypothesis": "Leaves sell", "kind": "page", "metric": "conversion", "guardrails": "refunds",
        "variant0": "As it is", "version0": str(control), "variant1": "Larger", "version1": str(treatment), "share": "50",
        "units_planned": "1000", "days_max": "14",
    }  # fmt: skip


async def test_it_is_drawn_up_started_counted_stopped_shipped_and_put_away(
    db: Database, world: World, owner: Browser
) -> None:
    assert "Nothing was tried yet" in words(await owner.get(HERE))
    typed = await filled(db, world)
    form = await owner.get(f"{HERE}/new")
    for _ in range(2):
        made = await owner.post(HERE, {**typed, "experiment_id": hidden(form, "experiment_id")})
        assert made.status_code == 303
    [it] = await db.ask(experiments.experiments, world.tea.merchant_id)
    here = f"{HERE}/{it.experiment_id}"
    assert (it.share, it.page, list(it.guardrails)) == (500_000, "shop", ["refunds"])
    assert "It is a draft" in words(await owner.get(here))

    await owner.post(f"{here}/start")
    await sweep_once(db, SWEEPS)
    said = words(await owner.get(here))
    assert "Nothing was counted yet" in said and "14 days left" in said
    await owner.post(f"{here}/stop")
    assert (await owner.post(f"{here}/archive", {"learning": ""})).status_code == 422
    said = words(await owner.follow(await owner.post(f"{here}/ship", {"variant": "1"})))
    assert "Everybody has “Larger” since." in said
    assert "Tried words" in words(await owner.get("/shops/tea"))
    await owner.post(f"{here}/archive", {"learning": "Leaves do sell"})
    assert "Leaves do sell" in words(await owner.get(HERE))
    assert "Nothing was tried yet" in words(await owner.get(f"{HERE}?state=running"))


async def test_results_are_told_with_their_bounds_and_come_as_a_file(
    db: Database, world: World, owner: Browser
) -> None:
    new = await drafted(db, world.tea.merchant_id)
    here = f"{HERE}/{new.experiment_id}"
    await db.transact(experiments.start, new.merchant_id, new.experiment_id, "test")

    async def counted(tx: Tx) -> None:
        for day, hits in (("2026-03-01", (40, 60)), ("2026-03-02", (100, 250))):
            for variant, hit in enumerate(hits):
                await tx.execute(
                    "INSERT INTO experiment_looks VALUES ($1, $2, $3::text::date, 'conversion', $4, 500, $5, $5)",
                    new.merchant_id, new.experiment_id, day, variant, float(hit),
                )  # fmt: skip

    await db.transact(counted)
    said = words(await owner.get(here))
    assert "Larger is better, and no guardrail is worse." in said
    assert "+30 points" in said and "+150%" in said
    file = csv.reader(io.StringIO((await owner.get(f"{here}?format=csv")).text.lstrip("\ufeff")))
    [_, control, treatment] = list(file)
    assert (control[3], treatment[1], treatment[3]) == ("0.2", "Larger", "0.5")
    assert float(treatment[8]) < 0.3 < float(treatment[9])


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("units_planned", "many"),
        ("share", "0"),
        ("variants", ""),
        ("days_max", "9999"),
        ("metric", "luck"),
    ],
)
async def test_what_cannot_be_is_said_and_what_was_typed_is_kept(
    db: Database, world: World, owner: Browser, field: str, typed: str
) -> None:
    wrong = {
        **(await filled(db, world)),
        "hypothesis": "Leaves sell well",
        **({"variant1": ""} if field == "variants" else {field: typed}),
    }
    answer = await owner.post(HERE, wrong)
    assert answer.status_code == 422
    assert "Leaves sell well" in answer.text
    assert await db.ask(experiments.experiments, world.tea.merchant_id) == []


async def test_another_shop_sees_and_moves_nothing_of_it(app: Litestar, db: Database, world: World) -> None:
    new = await drafted(db, world.tea.merchant_id)
    stranger = await signed_in(app, world.tools.owner)
    here = f"{HERE}/{new.experiment_id}"
    assert (await stranger.get(here)).status_code == 404
    for action in ("start", "stop", "drop", "ship", "measure", "archive"):
        assert (await stranger.post(f"{here}/{action}", {"variant": "1", "learning": "x"})).status_code == 404
    assert "Larger pictures" not in words(await stranger.get(HERE))
    await stranger.close()
    [same] = await db.ask(experiments.experiments, world.tea.merchant_id)
    assert same.state == "draft"
