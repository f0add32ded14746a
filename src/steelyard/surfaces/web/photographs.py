"""Photographs that somebody sends with a form: kept when something else has to be mended."""

from steelyard.kernel.errors import Invalid
from steelyard.kernel.files import Files
from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.pictures import REVIEW_SIDE_PIXELS_MAX, PictureRefused, keep_picture
from steelyard.surfaces.web.visit import Visit

PHOTOGRAPHS_MAX = 6
# So many of a telephone, with their words.
PHOTOGRAPHS_BYTES_MAX = 60 * 1024 * 1024


async def photographs(visit: Visit, form: Entries, name: str) -> tuple[list[str], str]:
    """The photographs of a field, those of an earlier try first, and what is wrong with them."""
    store = Files(visit.settings.home)
    kept = [file for file in form.all(f"{name}-kept") if _is_ours(store, file)][:PHOTOGRAPHS_MAX]
    trouble = ""
    sent = form.files(name)
    if len(kept) + len(sent) > PHOTOGRAPHS_MAX:
        trouble = N_("There can be at most six pictures")
    for upload in sent[: PHOTOGRAPHS_MAX - len(kept)]:
        try:
            kept.append(await keep_picture(store, await upload.read(), side=REVIEW_SIDE_PIXELS_MAX))
        except PictureRefused as refusal:
            trouble = refusal.detail
    form.keep(f"{name}-kept", kept)
    return kept, trouble


def _is_ours(store: Files, name: str) -> bool:
    try:
        return store.path(name).is_file()
    except Invalid:
        return False
