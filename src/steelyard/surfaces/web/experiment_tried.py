"""What can be tried on visitors beside versions of a page, as the form of an experiment offers and reads it, and in words: one
block of the page that is shown, and the sort of a list."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.goods import search
from steelyard.goods.search.model import GoodsList, Sort
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.operations import experiments, merchandising
from steelyard.operations.experiments.model import CONTROL, Kind, Variant, list_of, page_of
from steelyard.operations.merchandising.model import KIND_WORDS, Block
from steelyard.surfaces.web import trials
from steelyard.surfaces.web.entries import Entries, as_uuid
from steelyard.surfaces.web.experiment_results import Shown
from steelyard.surfaces.web.experiment_words import KINDS
from steelyard.surfaces.web.sort_words import LISTS, SORTS, choices
from steelyard.surfaces.web.trials import Trial
from steelyard.surfaces.web.visit import Visit

# How a form calls a block of the draft, and nothing in its place.
DRAFT, NOTHING = "draft", "nothing"
_SORT = f"{Kind.SORT}-"
DIFFERENT = N_("Please choose a block that looks otherwise there than on the page now")


class Tries(msgspec.Struct, frozen=True, kw_only=True):
    """What a form was opened for: the kind, and of sorts the list."""

    kind: Kind
    goods_list: GoodsList | None = None

    @property
    def key(self) -> str:
        """How addresses and forms say it."""
        return f"{_SORT}{self.goods_list}" if self.goods_list else self.kind


def offered(lists: Sequence[GoodsList], *, groups: bool) -> list[Tries]:
    """What a console's experiments can be about."""
    sorts = [Tries(kind=Kind.SORT, goods_list=each) for each in lists]
    return [Tries(kind=Kind.PAGE), Tries(kind=Kind.BLOCK), *sorts, *([Tries(kind=Kind.GROUPS)] if groups else [])]


def tries_of(key: str, among: Sequence[Tries]) -> Tries:
    """What was asked for, among what there is; whole pages where it was nothing of that."""
    return next((each for each in among if each.key == key), among[0])


def tries_words(visit: Visit, tries: Tries) -> str:
    if tries.goods_list is None:
        return visit.say(KINDS[tries.kind])
    return visit.say(N_("Sort: {list}"), list=visit.say(LISTS[tries.goods_list]))


async def blocks_shown(read: Read, merchant_id: UUID, page: str) -> Sequence[Block]:
    """The blocks of the page as everybody sees it."""
    version = await merchandising.shown(read, experiments.owner_of(merchant_id), page)
    return version.blocks if version else ()


def block_words(visit: Visit, block: Block) -> str:
    """What kind of block it is, and what it says first."""
    titles = [block.title, *(slide.title for slide in block.slides), block.text]
    said = next((words for each in titles if (words := each.in_language(visit.locale))), "")
    return " · ".join([visit.say(KIND_WORDS[block.kind]), *([said[:40]] if said else [])])


async def with_blocks(
    read: Read, form: Entries, merchant_id: UUID, page: str, variants: Sequence[Variant], places: Sequence[int]
) -> tuple[UUID | None, list[Variant]]:
    """Which block is tried, and the variants with what stands in its place: as it is, then as the draft or a version of the page
    has it, or nothing. What cannot be is noted in the form."""
    block_id = as_uuid(form.text("block"))
    here = next((each for each in await blocks_shown(read, merchant_id, page) if each.block_id == block_id), None)
    if block_id is None or here is None:
        form.refuse("block", N_("Please choose a block that the page shows now"))
        return None, list(variants)
    found: list[Variant] = []
    for variant, place in zip(variants, places, strict=True):
        wanted = NOTHING if variant.variant == CONTROL else form.text(f"block{place}")
        said = here if variant.variant == CONTROL else await _said(read, merchant_id, page, block_id, wanted)
        if said is None and wanted != NOTHING:
            form.refuse(f"block{place}", DIFFERENT)
        elif said is not None:
            # For whom it is, is not what is tried.
            said = msgspec.structs.replace(said, segment_id=here.segment_id)
            if said == here and variant.variant != CONTROL:
                form.refuse(f"block{place}", DIFFERENT)
        found.append(msgspec.structs.replace(variant, block=said))
    return block_id, found


async def _said(read: Read, merchant_id: UUID, page: str, block_id: UUID, wanted: str) -> Block | None:
    owner_id, blocks = experiments.owner_of(merchant_id), list[Block]()
    if wanted == DRAFT:
        blocks = (await merchandising.draft(read, owner_id, page)).blocks
    elif wanted.isdecimal() and len(wanted) < 9:
        version = await merchandising.version(read, owner_id, page, int(wanted))
        blocks = version.blocks if version else []
    return next((each for each in blocks if each.block_id == block_id), None)


async def with_sorts(
    read: Read,
    form: Entries,
    merchant_id: UUID,
    goods_list: GoodsList,
    variants: Sequence[Variant],
    places: Sequence[int],
) -> list[Variant]:
    """The variants with their sorts: the usual one, then those that were chosen. What cannot be is noted in the form."""
    usual, found = await search.default_sort(read, merchant_id, goods_list), list[Variant]()
    for variant, place in zip(variants, places, strict=True):
        chosen = usual if variant.variant == CONTROL else form.text(f"sort{place}")
        if chosen not in search.SORTS_OF[goods_list]:
            form.refuse(f"sort{place}", N_("Please choose one of these"))
            chosen = usual
        found.append(msgspec.structs.replace(variant, sort=Sort(chosen)))
    return found


def on_what(tries: Tries, page: str) -> str | None:
    """The page, or what a list is called instead."""
    if tries.kind is Kind.GROUPS:
        return None
    return page_of(tries.goods_list) if tries.goods_list else page


def sorts_offered(visit: Visit, tries: Tries, usual: Sort | None) -> list[tuple[Sort, str]]:
    return choices(visit, tries.goods_list, usual) if tries.goods_list else []


def tried_words(visit: Visit, found: Shown) -> str:
    """What an experiment is about, with which list or block."""
    it = found.experiment
    goods_list, block = list_of(it.page or ""), found.variants[CONTROL].block
    if goods_list is not None:
        return tries_words(visit, Tries(kind=it.kind, goods_list=goods_list))
    return visit.say(KINDS[it.kind]) + (f" ({block_words(visit, block)})" if block else "")


def shows(visit: Visit, found: Shown) -> list[str]:
    """Of each variant of a block or a sort what is shown; nothing of other kinds."""
    if found.experiment.kind is Kind.SORT:
        return [visit.say(SORTS[each.sort]) if each.sort else "" for each in found.variants]
    if found.experiment.kind is Kind.BLOCK:
        nothing = visit.say(N_("nothing in its place"))
        return [block_words(visit, each.block) if each.block else nothing for each in found.variants]
    return ["" for _ in found.variants]


def trials_of(visit: Visit, found: Shown) -> list[str]:
    """Of each variant of a page the address where it can be looked at; nothing of other kinds."""
    of = found.experiment.experiment_id
    return [
        trials.address(visit, found.shown_at, Trial(of, each.variant)) if found.shown_at else ""
        for each in found.variants
    ]
