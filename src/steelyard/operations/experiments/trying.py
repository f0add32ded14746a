"""What is tried on visitors beside whole pages: one block of a page, and the sort of a list. Whether it can be, whether the
control is still what everybody has, and how a variant is made everybody's."""

from uuid import UUID

from steelyard.goods import search
from steelyard.goods.search.model import GoodsList, Sort
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations import merchandising
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.experiments.model import (
    CONTROL,
    ControlHasChanged,
    Experiment,
    Kind,
    NewExperiment,
    NothingToShip,
    Variant,
    list_of,
)
from steelyard.operations.merchandising.model import HOUSE, Block


def owner_of(merchant_id: UUID) -> UUID:
    """Whose pages an experiment of this merchant, or of the marketplace, is about."""
    return HOUSE if merchant_id == MARKETPLACE else merchant_id


async def check_blocks(read: Read, new: NewExperiment) -> None:
    """The control is the block as it is shown; each treatment is that block said otherwise, for the same people, or nothing in
    its place. Raises `Invalid`."""
    assert new.page is not None
    assert new.block_id is not None
    blocks = await _shown(read, new.merchant_id, new.page)
    here = blocks.get(new.block_id)
    if here is None or new.variants[CONTROL].block != here:
        raise Invalid({"block": N_("Please choose a block that the page shows now")})
    tried = [each.block for each in new.variants]
    if None in tried and len(blocks) == 1:
        raise Invalid(
            {"variants": N_("Nothing is left of the page without it: please try something else in its place")}
        )
    # For whom a block is, is not what is tried: who comes in is the same for each variant.
    whose = {(each.block_id, each.segment_id) for each in tried if each is not None}
    if whose != {(new.block_id, here.segment_id)} or _twice(tried):
        raise Invalid(
            {"variants": N_("Please choose something else for each variant: it has to differ from the others")}
        )


def check_sorts(new: NewExperiment) -> None:
    """Each variant is another sort that the list has; a shop tries its own list, the marketplace those of all shops. Raises
    `Invalid`."""
    goods_list = list_of(new.page or "")
    if goods_list is None or (goods_list is GoodsList.SHOP) == (new.merchant_id == MARKETPLACE):
        raise Invalid({"list": N_("Please choose one of these")})
    tried = [each.sort for each in new.variants]
    if not set(tried) <= set(search.SORTS_OF[goods_list]) or _twice(tried):
        raise Invalid(
            {"variants": N_("Please choose something else for each variant: it has to differ from the others")}
        )


def _twice(tried: list[Block | None] | list[Sort | None]) -> bool:
    return any(each in tried[:at] for at, each in enumerate(tried))


async def check_control(read: Read, now: Experiment, control: Variant) -> None:
    """Raises `ControlHasChanged` where everybody has seen something else since it was drawn up."""
    page, block_id = now.page or "", now.block_id
    if block_id is not None and (await _shown(read, now.merchant_id, page)).get(block_id) != control.block:
        raise ControlHasChanged()
    goods_list = list_of(page)
    if goods_list is not None and await search.default_sort(read, now.merchant_id, goods_list) != control.sort:
        raise ControlHasChanged()


async def _shown(read: Read, merchant_id: UUID, page: str) -> dict[UUID, Block]:
    version = await merchandising.shown(read, owner_of(merchant_id), page)
    return {each.block_id: each for each in version.blocks} if version else {}


async def make_everybodys(tx: Tx, now: Experiment, variant: Variant, by: str) -> None:
    """From now on everybody sees what this variant shows. Raises `NothingToShip`."""
    assert now.page is not None
    owner_id, goods_list = owner_of(now.merchant_id), list_of(now.page)
    if now.kind is Kind.PAGE and variant.version is not None:
        await merchandising.bring_back(tx, owner_id, now.page, variant.version, by)
        await merchandising.publish(tx, owner_id, now.page, by)
    elif now.kind is Kind.BLOCK and now.block_id is not None:
        try:
            await merchandising.publish_block(tx, owner_id, now.page, now.block_id, variant.block, by)
        except NotFound as gone:
            raise NothingToShip() from gone
    elif now.kind is Kind.SORT and goods_list is not None and variant.sort is not None:
        await search.settle_sort(tx, now.merchant_id, goods_list, variant.sort, by)
    else:
        raise NothingToShip()
