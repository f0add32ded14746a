"""Customers in files and in what was typed: whom it names, what names nobody, and everybody of a segment as a file."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from litestar.response import Stream

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.operations import segments
from steelyard.operations.segments.model import PEOPLE_PER_IMPORT_MAX, Segment
from steelyard.surfaces.web import streamed
from steelyard.surfaces.web.entries import Entries, as_uuid
from steelyard.surfaces.web.visit import Visit

# Ten thousand lines of a sheet with many columns.
FILE_BYTES_MAX = 5_000_000
TYPED_CHARACTERS_MAX = 1_000_000
MEMBERS_PER_PIECE = 2_000
_SEPARATORS = str.maketrans(";\t，；、", ",,,,,")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Named(NamedTuple):
    """Addresses and ids, and the lines in which there is none; a heading is neither."""

    people: list[str]
    nobody: list[str]


async def told(form: Entries) -> Named:
    """Whom a form names, typed or in a file. Raises `Invalid`: half a file is no file."""
    said = form.text("people", most=TYPED_CHARACTERS_MAX)
    form.check()
    found = named(said)
    for file in form.files("file"):
        data = await file.read(FILE_BYTES_MAX + 1)
        if len(data) > FILE_BYTES_MAX:
            raise Invalid({"file": N_("This file is too large. Please split it, or leave out the other columns")})
        further = named(_words(data))
        found = Named(found.people + further.people, found.nobody + further.nobody)
    if not 0 < len(set(found.people)) <= PEOPLE_PER_IMPORT_MAX:
        where = "file" if form.files("file") else "people"
        raise Invalid({where: N_("Please name between one and ten thousand customers")})
    return found


def _words(data: bytes) -> str:
    """A sheet's text. Of addresses and ids all encodings of China write the same bytes; only UTF-16 does not. Raises `Invalid`
    for what is no text."""
    text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig", errors="replace")
    if "\x00" in text:
        raise Invalid({"file": N_("This is no CSV file. Please save the sheet as CSV first")})
    return text


def named(said: str) -> Named:
    """Of each line the first cell that is an address or an id; of one that has nothing else, all of them."""
    people: list[str] = []
    nobody: list[str] = []
    for number, line in enumerate(said.splitlines()):
        cells = [word for cell in line.translate(_SEPARATORS).split(",") if (word := cell.strip().strip('"').strip())]
        here = [word for word in cells if "@" in word or as_uuid(word) is not None]
        if here:
            people += here if len(here) == len(cells) else here[:1]
        elif cells and number > 0:
            nobody.append(line.strip())
    return Named(people, nobody)


def everybody(visit: Visit, segment: Segment) -> Stream:
    """The ids of all who are in it, by which a list can be made of them; no names and no addresses."""
    return streamed.csv(visit, segment.name.in_language(visit.locale), _rows(visit, segment))


async def _rows(visit: Visit, segment: Segment) -> AsyncIterator[Sequence[Any]]:
    yield [visit.say(N_("Customer")), visit.say(N_("Since"))]
    after: UUID | None = None
    while found := await visit.db.ask(
        segments.written_down, segment.merchant_id, segment.segment_id, after, MEMBERS_PER_PIECE
    ):
        for each in found:
            yield [str(each.buyer_id), each.since]
        after = found[-1].buyer_id
