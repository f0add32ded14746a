"""`steelyard verify-live`: whether the record of a live room was altered."""

import sys

import click

from steelyard.kernel.db import Database
from steelyard.terminal import NOT_AS_IT_SHOULD_BE, Sentence, ask, plainly, tell


@click.command(name="verify-live")
@click.argument("room")
@click.option("--json", "as_json", is_flag=True, help="Print the result for a program.")
@plainly
def verify_live(room: str, as_json: bool) -> None:
    """Look whether the record of a live room was altered: ROOM is its address, as in /live/ROOM."""

    from steelyard.channels import live

    async def question(db: Database) -> list[live.Looked] | None:
        return await db.ask(live.verify_room, room)

    found = ask(question)
    if found is None:
        raise Sentence(f"There is no live room at {room}.")
    tell(found, as_json, lambda: click.echo("\n".join(each.told for each in found) or "Nothing was on air there."))
    if not all(each.verdict.whole for each in found):
        sys.exit(NOT_AS_IT_SHOULD_BE)
