"""Which state follows which is said in Python and in a table of SQL, and both say the same."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from steelyard.kernel import modules
from steelyard.kernel.db import administer
from steelyard.kernel.states import Machine
from tests.rules.reading import nothing_wrong


def machines() -> list[Machine[Any]]:
    """Every machine that a module's model declares."""
    found: dict[str, Machine[Any]] = {}
    for _, model in modules.parts("model"):
        for value in vars(model).values():
            if isinstance(value, Machine):
                assert found.setdefault(value.name, value) is value, f"two machines are called {value.name}"
    return list(found.values())


async def unequal(url: str, declared: Sequence[Machine[Any]]) -> list[str]:
    """Pairs that only one of the two knows, machines without a table, tables without a machine."""
    found: list[str] = []
    async with administer(url) as connection:
        rows = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relname LIKE '%\\_transitions' AND relkind = 'r'"
        )
        tables = {row["relname"] for row in rows}
        for machine in declared:
            table = f"{machine.name}_transitions"
            if table not in tables:
                found.append(f"machine {machine.name}: there is no table {table}")
                continue
            rows = await connection.fetch(f"SELECT from_state, to_state FROM {table}")
            written = {(row["from_state"], row["to_state"]) for row in rows}
            found += [f"{table} lacks {pair}" for pair in sorted(machine.pairs() - written)]
            found += [f"{table} has {pair}, the machine does not" for pair in sorted(written - machine.pairs())]
        unknown = tables - {f"{machine.name}_transitions" for machine in declared}
        found += [f"{table}: no model declares this machine" for table in sorted(unknown)]
    return found


async def test_transitions_in_python_and_sql_are_the_same(worker_database_url: str) -> None:
    nothing_wrong(await unequal(worker_database_url, machines()))


class Lamp(StrEnum):
    ON = "on"
    OFF = "off"


LAMP = Machine("lamp", {Lamp.OFF}, {Lamp.ON: {Lamp.OFF}, Lamp.OFF: {Lamp.ON}})


async def test_a_difference_is_seen(empty_database_url: str) -> None:
    assert await unequal(empty_database_url, [LAMP]) == ["machine lamp: there is no table lamp_transitions"]
    async with administer(empty_database_url) as connection:
        await connection.execute(
            """
            CREATE TABLE lamp_transitions (from_state text, to_state text);
            INSERT INTO lamp_transitions VALUES ('nowhere', 'off'), ('on', 'off'), ('off', 'on');
            """
        )
        assert await unequal(empty_database_url, [LAMP]) == []
        assert await unequal(empty_database_url, []) == ["lamp_transitions: no model declares this machine"]
        await connection.execute("UPDATE lamp_transitions SET to_state = 'broken' WHERE from_state = 'off'")

    assert await unequal(empty_database_url, [LAMP]) == [
        "lamp_transitions lacks ('off', 'on')",
        "lamp_transitions has ('off', 'broken'), the machine does not",
    ]
