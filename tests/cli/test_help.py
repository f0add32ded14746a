"""What the command line says about itself."""

import click
import pytest
from click.testing import CliRunner

from steelyard import __version__
from steelyard.cli import steelyard


def paths(group: click.Group, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        found.append((*before, name))
        if isinstance(command, click.Group):
            found += paths(command, (*before, name))
    return found


@pytest.mark.parametrize("path", [(), *paths(steelyard)], ids=" ".join)
def test_every_command_explains_itself_and_its_options(path: tuple[str, ...]) -> None:
    told = CliRunner().invoke(steelyard, [*path, "--help"])

    assert told.exit_code == 0
    command: click.Command = steelyard
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help or parameter.type.name == "choice", parameter.name


def test_all_commands_are_there() -> None:
    expected = {
        "bench",
        "experiment",
        "demo",
        "serve",
        "work",
        "migrate",
        "import",
        "report",
        "reconcile",
        "recount",
        "check",
        "simulate",
        "media",
        "verify-live",
        "backup",
        "restore",
        "doctor",
    }

    assert set(steelyard.commands) == expected


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(steelyard, ["--version"]).output.strip().endswith(__version__)


@pytest.mark.parametrize("wrong", [["sell"], ["check", "--loudly"], ["report", "sales"], ["simulate", "weather"]])
def test_what_is_not_understood_ends_with_two(wrong: list[str]) -> None:
    assert CliRunner().invoke(steelyard, wrong).exit_code == 2
