"""What behaviour announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class BehaviourForgotten(Event, frozen=True, kw_only=True):
    """What these people did is not to be known any more: who keeps copies (the lake) takes them out. `people` are buyers
    and the visitors whom they were."""

    KIND = "behaviour.forgotten"

    people: list[UUID]
