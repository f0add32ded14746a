"""Papers that only few may see: scans of licences and identity cards, out of the private file store."""

import asyncio

from litestar import Response

from steelyard.kernel import files
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.files import PrivateFiles
from steelyard.parties.applications.model import ApplicationFile
from steelyard.surfaces.web.visit import Visit

# A paper is shown as what it is, and can do nothing: no script, no form, no other site's frame.
PAPER_HEADERS = {
    "cache-control": "private, no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "x-content-type-options": "nosniff",
}


async def paper(visit: Visit, file: ApplicationFile) -> Response[bytes]:
    """A private file. Whoever calls has seen to it that the visitor may see it."""
    try:
        content = await asyncio.to_thread(PrivateFiles(visit.settings.home).path(file.file).read_bytes)
    except (Invalid, FileNotFoundError):
        raise NotFound() from None
    return Response(content, media_type=files.content_type(file.file), headers=PAPER_HEADERS)
