"""The mail experiment of the MineThatData challenge of 2008: its known lifts come out, with their bounds."""

import os
from pathlib import Path

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.operations import experiments
from steelyard.operations.experiments.model import ExperimentId, Kind, NewExperiment, Verdict
from tests.support.world import seeded

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def mails() -> Path:
    file = (
        Path(os.environ.get("STEELYARD_DATA", ROOT.parent / "shared" / "data")) / "marketing" / "hillstrom_email.csv.gz"
    )
    if not file.exists():
        pytest.skip(f"{file} is not there; set STEELYARD_DATA to where the data are")
    return file


@pytest.mark.data
async def test_the_known_lifts_of_both_mails_come_out(db: Database, mails: Path) -> None:
    world = await seeded(db)
    metrics = ["visit", "conversion", "spend"]
    variants, counted = experiments.read_outcomes(
        mails, by="segment", control="No E-Mail", metrics=metrics, before="history"
    )
    new = NewExperiment(
        merchant_id=world.tea.merchant_id, experiment_id=ExperimentId(ids.mint()), kind=Kind.IMPORTED, name="Mails",
        hypothesis="Mails bring visits", metric="visit", currency="USD", variants=variants, units_planned=64_000,
    )  # fmt: skip
    await db.transact(experiments.import_outcomes, new, counted, mails.name, "test")

    _, _, results = await db.ask(experiments.results, new.merchant_id, new.experiment_id)

    assert [each.name for each in variants] == ["No E-Mail", "Mens E-Mail", "Womens E-Mail"]
    assert list(results.units) == [21_306, 21_307, 21_387]
    assert results.mismatch > 0.5
    for metric, lifts in (("visit", (0.0766, 0.0452)), ("conversion", (0.0068, 0.0031)), ("spend", (0.77, 0.424))):
        for finding, lift in zip(results.of(metric), lifts, strict=True):
            assert finding.absolute.low < lift < finding.absolute.high
            assert finding.absolute.difference == pytest.approx(lift, rel=0.01)
            assert finding.verdict is Verdict.BETTER
