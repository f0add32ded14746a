"""Files that are somebody's own: handed over as a download, never shown as a page of ours, kept by nobody between."""

from litestar import Response


def file_answer(content: bytes, content_type: str, name: str) -> Response[bytes]:
    """The file as a download under this name (plain letters)."""
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response(content, media_type=content_type, headers=headers)
