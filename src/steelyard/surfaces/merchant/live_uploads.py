"""The pictures and the video that come with the form of a live session."""

from steelyard.kernel.errors import Refusal
from steelyard.kernel.files import Files, Videos
from steelyard.surfaces.web.console import told
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.pictures import keep_picture
from steelyard.surfaces.web.videos import keep_video
from steelyard.surfaces.web.visit import Visit


async def picture_of(visit: Visit, form: Entries, name: str) -> str | None:
    """The picture that was uploaded, or the one that is kept; the form brings it back when it is shown again."""
    uploads = form.files(f"{name}_file")
    kept = form.text(f"{name}_kept")
    if uploads:
        try:
            content = await uploads[0].read()
            kept = await keep_picture(Files(visit.settings.home), content, uploads[0].content_type or "")
        except Refusal as refusal:
            form.refuse(f"{name}_file", told(visit, refusal))
        form.keep(f"{name}_kept", [kept])
    return kept if Files.is_name(kept) else None


async def video_of(visit: Visit, form: Entries) -> str | None:
    """The video that was uploaded, or the one that is kept, or none where it is taken out; the form brings it back."""
    uploads = form.files("video_file")
    kept = "" if form.text("video_away") else form.text("video_kept")
    if uploads:
        try:
            kept = await keep_video(Videos(visit.settings.home), await uploads[0].read())
        except Refusal as refusal:
            form.refuse("video_file", told(visit, refusal))
    form.keep("video_kept", [kept])
    return kept if Videos.is_name(kept) else None
