"""An experiment for tests: two versions of a shop's page, for half of its visitors each."""

from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from steelyard.operations import experiments, merchandising
from steelyard.operations.experiments.model import ExperimentId, Kind, NewExperiment, Variant
from steelyard.operations.merchandising.model import SHOP, Block
from steelyard.operations.merchandising.model import Kind as BlockKind

BY = "staff:test"


async def two_versions(db: Database, merchant_id: UUID) -> tuple[int, int]:
    """The shop's page as it is, and as it might be."""

    async def made(tx: Tx) -> tuple[int, int]:
        versions: list[int] = []
        for words in ("Tried words", "Usual words"):
            block = Block(block_id=UUID(int=1), kind=BlockKind.TEXT, title=text(words, words))
            await merchandising.save_block(tx, merchant_id, SHOP, block, BY)
            versions.append(await merchandising.publish(tx, merchant_id, SHOP, BY))
        return versions[1], versions[0]

    return await db.transact(made)


async def drafted(db: Database, merchant_id: UUID, **more: object) -> NewExperiment:
    """An experiment of this shop, as a draft."""
    control, treatment = await two_versions(db, merchant_id)
    new = NewExperiment(
        merchant_id=merchant_id, experiment_id=ExperimentId(ids.mint()), kind=Kind.PAGE, name="Larger pictures",
        hypothesis="Who sees the leaves buys more", metric="conversion", guardrails=("refunds",), currency="CNY", page=SHOP,
        variants=[Variant(variant=0, name="As it is", version=control), Variant(variant=1, name="Larger", version=treatment)],
        units_planned=100,
    )  # fmt: skip
    new = msgspec.structs.replace(new, **more)
    await db.transact(experiments.draw_up, new, BY)
    return new


async def started(db: Database, merchant_id: UUID, **more: object) -> NewExperiment:
    """One that runs."""
    new = await drafted(db, merchant_id, **more)
    await db.transact(experiments.start, merchant_id, new.experiment_id, BY)
    return new
