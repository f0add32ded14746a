"""Experiments for tests: two versions of a shop's page, of one of its banners, or two sorts of a list, for half of the visitors
each."""

from uuid import UUID

import msgspec

from steelyard.goods.search.model import GoodsList, Sort
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from steelyard.operations import experiments, merchandising
from steelyard.operations.experiments.model import ExperimentId, Kind, NewExperiment, Variant, page_of
from steelyard.operations.merchandising.model import SHOP, Block, Slide
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


BANNER = UUID(int=2)


def banner(words: str, segment_id: UUID | None = None) -> Block:
    """The one block that is tried, with these words."""
    slides = [Slide(title=text(words, words))]
    return Block(block_id=BANNER, kind=BlockKind.BANNER, slides=slides, segment_id=segment_id)


async def published(db: Database, merchant_id: UUID, *blocks: Block) -> None:
    """The shop's page as everybody sees it."""

    async def made(tx: Tx) -> None:
        for block in blocks:
            await merchandising.save_block(tx, merchant_id, SHOP, block, BY)
        await merchandising.publish(tx, merchant_id, SHOP, BY)

    await db.transact(made)


ABOUT = Block(block_id=UUID(int=1), kind=BlockKind.TEXT, title=text("About us", "About us"))


async def banner_tried(
    db: Database, merchant_id: UUID, *tried: Block | None, segment_id: UUID | None = None, start: bool = True
) -> NewExperiment:
    """The shop's page has words and a banner; these are tried in the banner's place."""
    usual = banner("Usual banner", segment_id)
    await published(db, merchant_id, ABOUT, usual)
    return await _made(
        db, merchant_id, Kind.BLOCK, SHOP, start, block_id=BANNER,
        variants=[Variant(variant=at, name=f"B{at}", block=block) for at, block in enumerate((usual, *tried))],
    )  # fmt: skip


async def sorts_tried(
    db: Database, owner_id: UUID, goods_list: GoodsList, *sorts: Sort, start: bool = True
) -> NewExperiment:
    """These sorts of a list are tried; the first is the one that it has."""
    variants = [Variant(variant=at, name=sort, sort=sort) for at, sort in enumerate(sorts)]
    return await _made(db, owner_id, Kind.SORT, page_of(goods_list), start, variants=variants)


async def _made(db: Database, owner_id: UUID, kind: Kind, page: str, start: bool, **more: object) -> NewExperiment:
    new = NewExperiment(
        merchant_id=owner_id, experiment_id=ExperimentId(ids.mint()), kind=kind, name="Tried", hypothesis="It sells better",
        metric="conversion", currency="CNY", page=page, variants=[], units_planned=100,
    )  # fmt: skip
    new = msgspec.structs.replace(new, **more)
    await db.transact(experiments.draw_up, new, BY)
    if start:
        await db.transact(experiments.start, owner_id, new.experiment_id, BY)
    return new
