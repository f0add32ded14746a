"""What a segment says, for reading: groups with their conditions, each in words."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.operations import segments
from steelyard.operations.segments.model import Currencies, Node, Sketch
from steelyard.surfaces.web import segment_words as words
from steelyard.surfaces.web.visit import Visit

# Of many goods it is enough to say how many.
NAMED_MAX = 5


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A group with its parts, or a condition, which has none."""

    says: str
    group: bool = False
    of: "Sequence[Told]" = ()


async def told(read: Read, visit: Visit, shop: UUID, currencies: Currencies, node: Node) -> Told:
    """The definition in the reader's language."""
    sketch = segments.sketching.written(node, currencies)
    return _told(visit, shop, currencies, sketch, await words.options(read, visit, shop, sketch, UUID(int=0)))


def _told(visit: Visit, shop: UUID, currencies: Currencies, sketch: Sketch, options: dict[str, words.Options]) -> Told:
    if sketch.kind in words.GROUP_WORDS:
        of = [_told(visit, shop, currencies, each, options) for each in sketch.of]
        return Told(says=visit.say(words.GROUP_WORDS[sketch.kind]), group=True, of=of)
    currency = currencies.of(sketch.kind, next(iter(sketch.typed("measure")), ""))
    unit = {"at_least": f" {currency}", "at_most": f" {currency}"} if currency else {}
    said = [
        f"{visit.say(part.label)}: {_values(visit, sketch.values[part.name], dict(options.get(part.of, ())))}"
        f"{unit.get(part.name, '')}"
        for part in words.parts_of(sketch.kind, shop)
        if sketch.values.get(part.name)
    ]
    return Told(says=" · ".join([visit.say(words.KIND_WORDS[sketch.kind]), *said]))


def _values(visit: Visit, values: Sequence[str], names: dict[str, str]) -> str:
    if len(values) > NAMED_MAX:
        return visit.say(N_("{count} chosen"), count=len(values))
    return ", ".join(names.get(value, value) for value in values)
