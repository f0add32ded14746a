"""For whom the blocks of a composed page are, in both consoles: which segments can be chosen, and whether one was."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.operations import merchandising, segments
from steelyard.operations.merchandising.model import SLIDES_MAX, Block
from steelyard.operations.segments.model import Segment
from steelyard.surfaces.web.entries import Entries, as_uuid

FIELDS = ("segment", *(f"slide{at}_segment" for at in range(SLIDES_MAX)))


class Audiences(msgspec.Struct, frozen=True, kw_only=True):
    """The segments that something can be for. One that was put away is among them as long as something on the page is for it, so
    that whoever saves something else does not show it to everybody."""

    segments: Sequence[Segment]
    used: frozenset[UUID]

    @property
    def named(self) -> Mapping[UUID, Segment]:
        return {each.segment_id: each for each in self.segments}

    @property
    def seen_by(self) -> list[Segment]:
        """As whose members the draft can be looked at."""
        return [each for each in self.segments if each.segment_id in self.used and each.archived_at is None]


async def audiences(read: Read, owner_id: UUID, blocks: Sequence[Block]) -> Audiences:
    shop = merchandising.customers_of(owner_id)
    used = frozenset(merchandising.segments_of(blocks))
    away = await segments.segments(read, shop, archived=True) if used else []
    return Audiences(
        segments=[*await segments.segments(read, shop), *(each for each in away if each.segment_id in used)], used=used
    )


def chosen(form: Entries, name: str) -> UUID | None:
    """What was chosen, if it is an id at all; `check` refuses what is none of the shop's segments."""
    return as_uuid(form.text(name))


async def check(tx: Tx, owner_id: UUID, form: Entries, before: Block | None) -> None:
    """Raises `Invalid` where something is not one of the owner's segments, or one that was put away; what the block was for
    before may stay."""
    typed = {name: form.text(name) for name in FIELDS if form.text(name)}
    had = {str(each) for each in merchandising.segments_of([before] if before else [])}
    if set(typed.values()) <= had:
        return
    known = {str(each.segment_id) for each in await segments.segments(tx, merchandising.customers_of(owner_id))}
    wrong = {name: N_("Please choose one of your segments") for name, each in typed.items() if each not in known | had}
    if wrong:
        raise Invalid(wrong)
