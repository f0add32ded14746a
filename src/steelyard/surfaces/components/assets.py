"""Static files of the surfaces: one URL per content, kept in memory, compressed once.

`Assets.url("storefront.css")` gives `/assets/storefront.<hash>.css`. The hash is of the content, so the
answer may be cached for ever; a changed file has another URL. A web application routes them to `answer`.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PREFIX = "/assets/"
NODE_MODULES = Path(__file__).parents[4] / "node_modules"
CACHE_SECONDS_MAX = 31_536_000
GZIP_BYTES_MIN = 512

# The tokens of the dark theme.
DARK = "dark.css"
# The style sheet of a layout is these files in a row, so that a page needs one request for its style; so are the scripts.
_SHARED = ("tokens.css", DARK, "base.css", "layout.css", "forms.css", "components.css", "data.css")
BUNDLES: dict[str, tuple[str, ...]] = {
    "storefront.css": (
        *_SHARED,
        "commerce.css",
        "storefront_layout.css",
        "buying.css",
        "finding.css",
        "selling.css",
        "favourites.css",
        "scores.css",
        "surveys.css",
    ),
    "console.css": (
        *_SHARED,
        "commerce.css",
        "console_layout.css",
        "console_parts.css",
        "console_lists.css",
        "charts.css",
        "scores.css",
        "goods.css",
        "shopkeeping.css",
        "operator.css",
        "composer.css",
        "segments.css",
        "messages.css",
        "surveys.css",
        "tasks.css",
    ),
    "plain.css": (*_SHARED, "commerce.css", "plain_layout.css"),
    "components.js": (
        "behaviour.js",
        "toasts.js",
        "uploads.js",
        "drafts.js",
        "favourites.js",
        "sheets.js",
        "corner.js",
    ),
    # What a journey is drawn and changed with, in the order in which each needs the ones before.
    "journeys.js": (
        "journey_graph.js",
        "journey_lines.js",
        "journey_canvas.js",
        "journey_picker.js",
        "journey_panel.js",
        "journey_editor.js",
    ),
    "print.css": ("tokens.css", "base.css", "components.css", "data.css", "print_layout.css"),
}
VENDOR: dict[str, str] = {
    "vendor/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "vendor/hls.min.js": "hls.js/dist/hls.min.js",
    "vendor/echarts.min.js": "echarts/dist/echarts.min.js",
}

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_COMPRESSIBLE = {".css", ".js", ".svg", ".json", ".webmanifest"}
_HASHED = re.compile(r"^(?P<stem>.+)\.(?P<hash>[0-9a-f]{12})(?P<suffix>\.[a-z0-9]+)$")


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file: its bytes, the same gzipped (None where that does not pay), its type and hash."""

    body: bytes
    gzipped: bytes | None
    media_type: str
    digest: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the web application sends: status 200, 304 or 404, headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Assets:
    """All static files of the components, of the vendor packages, and of surfaces that bring their own.

    `folders` maps a name to a folder: `Assets({"live_room": path})` makes `url("live_room/player.js")` work.
    Everything is read once, at construction; a missing package is a FileNotFoundError that says what to do.
    """

    def __init__(self, folders: Mapping[str, Path] | None = None, node_modules: Path = NODE_MODULES) -> None:
        self._assets: dict[str, Asset] = {}
        static = Path(__file__).parent / "static"
        bundled = {part for parts in BUNDLES.values() for part in parts}
        for path in sorted(p for p in static.rglob("*") if p.is_file()):
            name = path.relative_to(static).as_posix()
            if name not in bundled:
                self._add(name, path.read_bytes())
        for name, parts in BUNDLES.items():
            self._add(name, b"\n".join(_sheet(static / part) for part in parts))
        for name, source in VENDOR.items():
            self._add(name, _vendor(node_modules / source))
        for prefix, folder in (folders or {}).items():
            for path in sorted(p for p in folder.rglob("*") if p.suffix in _MEDIA_TYPES):
                self._add(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def url(self, name: str) -> str:
        """The address of a static file; LookupError when there is none of that name."""
        if name not in self._assets:
            raise LookupError(f"no static file {name!r}; there are {', '.join(sorted(self._assets))}")
        stem, dot, suffix = name.rpartition(".")
        return f"{PREFIX}{stem}.{self._assets[name].digest}{dot}{suffix}"

    def find(self, path: str) -> Asset | None:
        """The file behind a path with or without hash, with or without the leading `/assets/`."""
        name = path.removeprefix(PREFIX).removeprefix("/")
        hashed = _HASHED.match(name)
        return self._assets.get(f"{hashed['stem']}{hashed['suffix']}" if hashed else name)

    def answer(self, path: str, accept_encoding: str = "", if_none_match: str = "") -> Answer:
        """The HTTP answer for a GET under `/assets/`. An outdated hash gets today's file, uncached."""
        asset = self.find(path)
        if asset is None:
            return Answer(404, {"content-type": "text/plain; charset=utf-8"}, b"not found")
        current = f".{asset.digest}." in path
        headers = {
            "content-type": asset.media_type,
            "cache-control": f"public, max-age={CACHE_SECONDS_MAX}, immutable" if current else "no-cache",
            "etag": f'"{asset.digest}"',
            "vary": "accept-encoding",
            "x-content-type-options": "nosniff",
        }
        if asset.digest in if_none_match:
            return Answer(304, headers, b"")
        if asset.gzipped is not None and "gzip" in accept_encoding:
            return Answer(200, {**headers, "content-encoding": "gzip"}, asset.gzipped)
        return Answer(200, headers, asset.body)

    def _add(self, name: str, body: bytes) -> None:
        suffix = Path(name).suffix
        pays = suffix in _COMPRESSIBLE and len(body) >= GZIP_BYTES_MIN
        self._assets[name] = Asset(
            body=body,
            gzipped=_gzipped(body) if pays else None,
            media_type=_MEDIA_TYPES.get(suffix, "application/octet-stream"),
            digest=hashlib.sha256(body).hexdigest()[:12],
        )


@lru_cache(maxsize=256)  # the tests build the application many times
def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def _sheet(path: Path) -> bytes:
    """A part of a style sheet. The dark tokens hold where the system is dark and not light was chosen, and where dark was."""
    if path.name != DARK:
        return path.read_bytes()
    written = path.read_text(encoding="utf-8")
    by_system = written.replace(":root", ':root:not([data-theme="light"])')
    chosen = written.replace(":root", ':root[data-theme="dark"]')
    return f"@media (prefers-color-scheme: dark) {{ {by_system} }}\n{chosen}".encode()


def _vendor(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing: run `make setup` to fetch the front-end packages") from None
