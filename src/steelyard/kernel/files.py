"""The file store: pictures and other small files in `home/files`, each under the SHA-256 of what is in it.

The same bytes are the same file, so putting twice costs nothing and a name never changes its meaning (a browser
may keep it for ever). What is in a file is looked at, not believed: its first bytes must be of the type that it claims.
"""

import hashlib
import os
import re
import secrets
from pathlib import Path
from xml.parsers import expat

from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_

FILE_BYTES_MAX = 8 * 1024 * 1024
SVG_BYTES_MAX = 512 * 1024
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/svg+xml": "svg"}
CONTENT_TYPES = {ending: content_type for content_type, ending in ENDINGS.items()}

_NAME = re.compile(r"[0-9a-f]{64}\.(?:jpg|png|webp|svg|pdf)")
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

    def __init__(self, home: Path) -> None:
        self._folder = home / self.folder

    def put(self, content: bytes, content_type: str) -> str:
        """Keep a file; returns its name. Blocking: a surface calls it in a thread. Raises `FileRefused`."""
        ending = self.endings.get(content_type)
        if ending is None or not content or len(content) > FILE_BYTES_MAX or not _is(ending, content):
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

    @staticmethod
    def is_name(name: str) -> bool:
        """Whether this could be the name of a file of ours."""
        return _NAME.fullmatch(name) is not None

    def path(self, name: str) -> Path:
        """Where the file of this name is, if there is one. Raises `Invalid` for what is not a name of ours."""
        if not _NAME.fullmatch(name) or name.rpartition(".")[2] not in self.endings.values():
            raise Invalid({"file": N_("There is no such file")})
        return self._folder / name


class PrivateFiles(Files):
    """Papers that only few may see (licences, identity cards), apart from what anybody may open by its name. Who asks is
    the surface's to check. No SVG: a scan is none."""

    folder = "private"
    endings = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf"}  # noqa: RUF012  # as in `Files`, never changed


def content_type(name: str) -> str:
    """The type of a file by its name, for the answer's header."""
    return {**CONTENT_TYPES, "pdf": "application/pdf"}[name.rpartition(".")[2]]


def _is(ending: str, content: bytes) -> bool:
    match ending:
        case "jpg":
            return content.startswith(b"\xff\xd8\xff")
        case "png":
            return content.startswith(b"\x89PNG\r\n\x1a\n")
        case "pdf":
            return content.startswith(b"%PDF-")
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
