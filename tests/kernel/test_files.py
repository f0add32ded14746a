"""The file store: pictures under the hash of what is in them, and nothing else."""

from pathlib import Path

import pytest

from steelyard.kernel.errors import Invalid
from steelyard.kernel.files import FILE_BYTES_MAX, FileRefused, Files, content_type

PNG = b"\x89PNG\r\n\x1a\n and the rest"
JPEG = b"\xff\xd8\xff\xe0 and the rest"
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 and the rest"
SVG = (
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
    b'<defs><linearGradient id="g"/></defs>'
    b'<rect width="9" height="9" fill="url(#g)"/><use href="#g"/></svg>'
)


@pytest.mark.parametrize(
    ("content", "kind", "ending"),
    [
        (PNG, "image/png", "png"),
        (JPEG, "image/jpeg", "jpg"),
        (WEBP, "image/webp", "webp"),
        (SVG, "image/svg+xml", "svg"),
    ],
)
def test_a_picture_is_kept_under_its_hash(tmp_path: Path, content: bytes, kind: str, ending: str) -> None:
    files = Files(tmp_path)

    name = files.put(content, kind)

    assert name == files.put(content, kind)
    assert name.endswith(f".{ending}")
    assert files.path(name).read_bytes() == content
    assert content_type(name) == kind
    assert [file.name for file in (tmp_path / "files").iterdir()] == [name]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "text/html"),
        (PNG, "image/jpeg"),
        (b"", "image/png"),
        (b"<html>", "image/png"),
        (PNG + bytes(FILE_BYTES_MAX), "image/png"),
    ],
)
def test_what_is_not_a_picture_is_refused(tmp_path: Path, content: bytes, kind: str) -> None:
    with pytest.raises(FileRefused):
        Files(tmp_path).put(content, kind)
    assert not (tmp_path / "files").exists()


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<g onload='alert(1)'/>",
        "<g onLoad='alert(1)'/>",
        "<style>@import 'x'</style>",
        "<g style='background: url(//x)'/>",
        "<rect fill='url(https://x.test/a)'/>",
        "<rect fill='url( \"//x\")'/>",
        "<use href='https://x.test/#a'/>",
        "<use xlink:href='data:image/svg+xml,x' xmlns:xlink='http://www.w3.org/1999/xlink'/>",
        "<foreignObject/>",
        "<image href='#x'/>",
        "<a href='#x'/>",
        "<animate/>",
        "<x:script xmlns:x='http://www.w3.org/2000/svg'/>",
        "<g xmlns='http://www.w3.org/1999/xhtml'/>",
        "<svg",
    ],
)
def test_a_drawing_that_could_do_more_than_be_seen_is_refused(tmp_path: Path, inside: str) -> None:
    with pytest.raises(FileRefused):
        Files(tmp_path).put(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>'.encode(), "image/svg+xml")


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        b'<?xml-stylesheet href="x"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<g xmlns="http://www.w3.org/2000/svg"/>',
        b"plain words",
    ],
)
def test_a_document_that_is_not_plain_svg_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FileRefused):
        Files(tmp_path).put(content, "image/svg+xml")


@pytest.mark.parametrize(
    "name", ["", "../secrets/key", "a.png", f"{'a' * 64}.exe", f"{'A' * 64}.png", f"{'a' * 64}.png\n"]
)
def test_only_names_of_ours_have_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid):
        Files(tmp_path).path(name)
