"""What every command of the terminal has in common: what goes wrong is told in one sentence, and figures for people or for
programs."""

import asyncio
import errno
import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any, ParamSpec

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from steelyard.kernel import i18n, installation, migrations, processes
from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.archive import ArchiveError
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Refusal
from steelyard.kernel.installation import NotMigrated
from steelyard.kernel.postgres import ClusterError
from steelyard.kernel.text import Text

P = ParamSpec("P")

NOT_AS_IT_SHOULD_BE = 3

console = Console(stderr=True)


class Sentence(click.ClickException):
    """One sentence says what is wrong."""


def plainly(command: Callable[P, None]) -> Callable[P, None]:
    """What may go wrong in an installation is told in one sentence, not in a trace."""

    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (ClusterError, ArchiveError, NotMigrated, processes.ProgramEnded) as error:
            raise Sentence(str(error)) from error
        except migrations.EditedMigration as error:
            raise Sentence(
                f"The migration {error} was changed after it had run here; it must say what it said."
            ) from error
        except (msgspec.ValidationError, *installation.BAD_ADDRESS) as error:
            raise Sentence(f"A setting in the environment is wrong: {str(error).strip()}") from error
        except installation.DISK_FULL as error:
            raise Sentence("The disk of the database is full.") from error
        except OSError as error:
            raise Sentence(_obstacle(error)) from error
        except installation.NO_ANSWER as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise Sentence(f"The database does not answer: {reason}") from error
        except Refusal as refusal:
            raise Sentence(_words_of(refusal)) from refusal

    return update_wrapper(told, command)


def _obstacle(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{f': {error.filename}' if error.filename else ''}."
    if error.filename:
        return f"{error.filename}: {error.strerror}."
    return f"The database does not answer: {error or type(error).__name__}"


def _locale() -> str:
    """The language of who sits at the terminal, as POSIX has it."""
    said = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "zh-Hans" if said.startswith("zh") else "en"


def _words_of(refusal: Refusal) -> str:
    """In the reader's language: what is refused, and why, or the facts where no sentence tells all of them."""
    locale = _locale()
    say = i18n.translations(locale).gettext
    told = {
        name: value.in_language(locale) if isinstance(value, Text) else value for name, value in refusal.facts.items()
    }
    if told and all(f"{{{name}}}" in refusal.detail for name in told):
        return f"{say(refusal.title)}{'：' if locale == 'zh-Hans' else ': '}{say(refusal.detail).format_map(told)}"
    facts = ", ".join(f"{name}: {value}" for name, value in told.items() if value)
    return f"{say(refusal.title)}. {facts}".strip()


@contextmanager
def progressing() -> Generator[Progress]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        yield progress


def bar(progress: Progress, what: str) -> Callable[[int, int, str], None]:
    bar = progress.add_task(what)
    return lambda done, of, _name: progress.update(bar, completed=done, total=of)


def tell(value: object, as_json: bool, words: Callable[[], None]) -> None:
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2))
    else:
        words()


def ask(question: Callable[[Database], Any], *, patient: bool = False) -> Any:
    """Open the installation and ask; `patient`: a statement may take minutes."""

    async def asked(url: str) -> Any:
        db = await Database.connect(url, size=1, patient=patient)
        try:
            return await question(db)
        finally:
            await db.close()

    with installation.opened_and_migrated(kernel_settings.load()) as here:
        assert here.database_url is not None
        return asyncio.run(asked(here.database_url))
