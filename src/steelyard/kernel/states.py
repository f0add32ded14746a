"""State machines as data: which state follows which, in Python and in a table of SQL, and a history row a change.

A module declares `MACHINE = Machine("order", OrderState, {...})` in its model and, in its `schema.sql`, a reference
table `order_transitions(from_state, to_state)` filled with the same pairs (a test holds them equal). Its history
table has a foreign key on `(from_state, to_state)` to it, so that a step which is not allowed cannot be written
down.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from steelyard.kernel.errors import TransitionRefused

S = TypeVar("S", bound=StrEnum)

# Where everything comes from: the `from_state` of a first history row.
NOWHERE = "nowhere"


class Machine(Generic[S]):
    """`transitions` says for each state which may follow; `begins` are the states a new thing may be born in."""

    def __init__(self, name: str, begins: set[S], transitions: Mapping[S, set[S]]) -> None:
        assert begins, "a machine begins somewhere"
        self.name = name
        self.begins = frozenset(begins)
        self.transitions = {state: frozenset(following) for state, following in transitions.items()}
        reached = begins.union(*transitions.values())
        assert reached == set(transitions), f"{name}: every state is reached and says what follows"

    def allows(self, state: S, following: S) -> bool:
        return following in self.transitions[state]

    def check(self, state: S, following: S) -> None:
        """Refuse a step that the machine does not know."""
        if not self.allows(state, following):
            raise TransitionRefused(machine=self.name, state=str(state), wanted=str(following))

    def before(self, following: S) -> list[str]:
        """The states from which `following` is reached: what a WHERE clause compares with."""
        return sorted(str(state) for state, nexts in self.transitions.items() if following in nexts)

    def pairs(self) -> set[tuple[str, str]]:
        """All allowed `(from_state, to_state)`, the births out of nowhere included: the rows of the SQL table."""
        births = {(NOWHERE, str(state)) for state in self.begins}
        return births | {(str(a), str(b)) for a, nexts in self.transitions.items() for b in nexts}
