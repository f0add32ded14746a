"""The file store: pictures and other small files in `home/files`, each under the SHA-256 of what is in it.

The same bytes are the same file, so putting twice costs nothing and a name never changes its meaning (a browser
may keep it for ever). What is in a file is looked at, not believed: its first bytes must be of the type that it claims.
"""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.parsers import expat

from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_

FILE_BYTES_MAX = 8 * 1024 * 1024
VIDEO_BYTES_MAX = 30 * 1024 * 1024
SVG_BYTES_MAX = 512 * 1024
ENDINGS: Mapping[str, str] = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/svg+xml": "svg"}
PAPER_ENDINGS: Mapping[str, str] = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf",
}  # fmt: skip
VIDEO_ENDINGS: Mapping[str, str] = {"video/mp4": "mp4"}
CONTENT_TYPES: Mapping[str, str] = {
    ending: content_type for each in (ENDINGS, PAPER_ENDINGS, VIDEO_ENDINGS) for content_type, ending in each.items()
}

_NAME = re.compile(r"[0-9a-f]{64}\.(?:jpg|png|webp|svg|pdf)")
_VIDEO_NAME = re.compile(r"[0-9a-f]{64}\.mp4")
# What our own drawings are made of; anything else (script, foreignObject, animation, style sheets, links) is refused.
_SVG_ELEMENTS = frozenset(
    {"svg", "g", "defs", "symbol", "use", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline"}
    | {"polygon", "text", "tspan", "linearGradient", "radialGradient", "stop", "clipPath", "mask", "pattern"}
    # Light and grain. Not feImage: it fetches.
    | {"filter", "feBlend", "feColorMatrix", "feComposite", "feDropShadow", "feFlood", "feGaussianBlur", "feMerge"}
    | {"feMergeNode", "feOffset", "feTurbulence"}
)
_SVG_ATTRIBUTES_REFUSED = re.compile(r"on.*|style|xml:base|.*:.*(?<!xml:space)", re.IGNORECASE)
_SVG_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#)|javascript:|data:|//", re.IGNORECASE)
_NAMESPACES = frozenset({"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"})


class FileRefused(Refusal):
    """Only pictures are kept: JPEG, PNG, WebP, and SVG drawings that can do nothing but be seen."""

    code = "file_refused"
    status = 422
    title = N_("This file cannot be used")
    detail = N_("Please upload a JPEG, PNG or WebP picture of at most 8 MB.")


class Files:
    """The store under an installation's home folder."""

    folder = "files"
    endings = ENDINGS
    bytes_max = FILE_BYTES_MAX
    name_is = _NAME

    def __init__(self, home: Path) -> None:
        self._folder = home / self.folder

    def put(self, content: bytes, content_type: str) -> str:
        """Keep a file; returns its name. Blocking: a surface calls it in a thread. Raises `FileRefused`."""
        ending = self.endings.get(content_type)
        if ending is None or not content or len(content) > self.bytes_max or not _is(ending, content):
            raise FileRefused(content_type=content_type, size=len(content))
        name = f"{hashlib.sha256(content).hexdigest()}.{ending}"
        file = self._folder / name
        if not file.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            # Written aside and renamed, so that nobody ever reads half a file.
            aside = self._folder / f".{secrets.token_hex(8)}"
            try:
                with aside.open("xb") as out:
                    out.write(content)
                    out.flush()
                    os.fsync(out.fileno())
                aside.replace(file)
            finally:
                aside.unlink(missing_ok=True)
        return name

    @classmethod
    def is_name(cls, name: str) -> bool:
        """Whether this could be the name of a file of ours."""
        return cls.name_is.fullmatch(name) is not None

    def path(self, name: str) -> Path:
        """Where the file of this name is, if there is one. Raises `Invalid` for what is not a name of ours."""
        if not self.is_name(name) or name.rpartition(".")[2] not in self.endings.values():
            raise Invalid({"file": N_("There is no such file")})
        return self._folder / name


class PrivateFiles(Files):
    """Papers that only few may see (licences, identity cards), apart from what anybody may open by its name. Who asks is
    the surface's to check. No SVG: a scan is none."""

    folder = "private"
    endings = PAPER_ENDINGS


class Videos(Files):
    """Short videos that stand for something planned. They are large, so one that nobody refers to any more is thrown away."""

    folder = "videos"
    endings = VIDEO_ENDINGS
    bytes_max = VIDEO_BYTES_MAX
    name_is = _VIDEO_NAME

    def put(self, content: bytes, content_type: str) -> str:
        name = super().put(content, content_type)
        # Wanted again: from now on it is as young as a new one.
        self.path(name).touch()
        return name

    def older_than(self, seconds: float) -> list[str]:
        """The names of what was put longer ago, in their order. Blocking."""
        if not self._folder.is_dir():
            return []
        before = time.time() - seconds
        return sorted(
            each.name for each in self._folder.iterdir() if self.is_name(each.name) and each.stat().st_mtime < before
        )

    def throw_away(self, names: Iterable[str]) -> None:
        """Blocking. What is gone already is no trouble."""
        for name in names:
            self.path(name).unlink(missing_ok=True)


def content_type(name: str) -> str:
    """The type of a file by its name, for the answer's header."""
    return CONTENT_TYPES[name.rpartition(".")[2]]


def _is(ending: str, content: bytes) -> bool:
    match ending:
        case "jpg":
            return content.startswith(b"\xff\xd8\xff")
        case "png":
            return content.startswith(b"\x89PNG\r\n\x1a\n")
        case "pdf":
            return content.startswith(b"%PDF-")
        case "mp4":
            return content[4:8] == b"ftyp"
        case "webp":
            return content.startswith(b"RIFF") and content[8:12] == b"WEBP"
        case _:
            return len(content) <= SVG_BYTES_MAX and _is_harmless_svg(content)


class _Harmful(Exception):
    """Something in a drawing that could do more than be seen."""


def _is_harmless_svg(content: bytes) -> bool:
    parser = expat.ParserCreate()
    depth = 0

    def refuse(*_: object) -> None:
        raise _Harmful

    def element(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        if name not in _SVG_ELEMENTS or (depth == 0) != (name == "svg" and depth == 0):
            raise _Harmful
        depth += 1
        for attribute, value in attributes.items():
            _check_attribute(attribute, value)

    parser.StartElementHandler = element
    parser.StartDoctypeDeclHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except (_Harmful, expat.ExpatError):
        return False
    return depth > 0


def _check_attribute(name: str, value: str) -> None:
    if name == "xmlns" or name.startswith("xmlns:"):
        harmless = value in _NAMESPACES
    elif name in ("href", "xlink:href"):
        harmless = value.startswith("#")
    else:
        harmless = not _SVG_ATTRIBUTES_REFUSED.fullmatch(name) and not _SVG_OUTSIDE.search(value)
    if not harmless:
        raise _Harmful
