"""Keyset pages: every list has a limit, and its next page begins after the last row seen, not at a number."""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_

T = TypeVar("T")

ITEMS_PER_PAGE = 20
ITEMS_PER_PAGE_MAX = 100
CURSOR_CHARACTERS_MAX = 400


class NoSuchPage(Invalid):
    """A cursor that we never wrote: cut off, typed by hand, or of another list. People are led to the first page."""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items, and the cursor of what comes after them (none: this was the last page)."""

    items: list[T]
    next: str | None = None


def write_cursor(*key: Any) -> str:
    """The sort key of the last item, as one opaque word for an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The key that `write_cursor` wrote, each part as one of `kinds`. Raises `NoSuchPage` for what we never wrote."""
    if not cursor:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor[:CURSOR_CHARACTERS_MAX] + "=" * (-len(cursor) % 4))
        key = msgspec.json.decode(raw, type=tuple.__class_getitem__(kinds))
        return tuple(_moment(part) if isinstance(part, datetime) else part for part in key)
    except (binascii.Error, msgspec.DecodeError, ValueError, OverflowError) as error:
        raise NoSuchPage({"cursor": N_("This page does not exist")}) from error


def _moment(time: datetime) -> datetime:
    """The same moment in UTC. Raises `ValueError` or `OverflowError` for one that has no zone, or none in UTC."""
    if time.tzinfo is None:
        raise ValueError("a time without a zone is no moment")
    return time.astimezone(UTC)


def limit(asked: int | None) -> int:
    """How many items a page holds: what was asked for, within bounds."""
    return min(max(asked or ITEMS_PER_PAGE, 1), ITEMS_PER_PAGE_MAX)


def cut(found: list[T], most: int, key: Callable[[T], tuple[Any, ...]]) -> Page[T]:
    """A page from a query that asked for one item more than `most`: the first `most`, and where the rest begins."""
    more = write_cursor(*key(found[most - 1])) if len(found) > most else None
    return Page(found[:most], more)
