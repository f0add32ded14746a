"""Papers that only few may see: scans of licences and identity cards, out of the private file store."""

import asyncio
from typing import Protocol

from litestar import Response
from litestar.datastructures import UploadFile

from steelyard.kernel import files
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.files import FILE_BYTES_MAX, PrivateFiles
from steelyard.kernel.i18n import N_
from steelyard.parties import policies
from steelyard.parties.policies.model import SCAN_MEGABYTES
from steelyard.surfaces.web.visit import Visit

MEGABYTE = 1_048_576
# A paper is shown as what it is, and can do nothing: no script, no form, no other site's frame.
PAPER_HEADERS = {
    "cache-control": "private, no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "x-content-type-options": "nosniff",
}


class Kept(Protocol):
    """Whatever has a scan: `file` is its name in the private store."""

    @property
    def file(self) -> str: ...


async def keep(visit: Visit, upload: UploadFile, field: str) -> tuple[str, int]:
    """Put an uploaded scan into the private store: its name there, its bytes. Raises `Invalid` beside `field`."""
    content = await upload.read(FILE_BYTES_MAX + 1)
    megabytes = await visit.db.ask(policies.number, SCAN_MEGABYTES)
    if len(content) > megabytes * MEGABYTE:
        raise Invalid({field: visit.say(N_("This file is larger than {megabytes} MB."), megabytes=megabytes)})
    try:
        name = await asyncio.to_thread(PrivateFiles(visit.settings.home).put, content, upload.content_type or "")
    except Refusal:
        raise Invalid({field: N_("Please upload a JPEG, PNG, WebP or PDF file of at most 8 MB.")}) from None
    return name, len(content)


async def paper(visit: Visit, file: Kept) -> Response[bytes]:
    """A private file. Whoever calls has seen to it that the visitor may see it."""
    try:
        content = await asyncio.to_thread(PrivateFiles(visit.settings.home).path(file.file).read_bytes)
    except (Invalid, FileNotFoundError):
        raise NotFound() from None
    return Response(content, media_type=files.content_type(file.file), headers=PAPER_HEADERS)
