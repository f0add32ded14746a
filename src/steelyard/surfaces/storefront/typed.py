"""What people typed into forms, read politely: what cannot be read is nothing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

TEXT_CHARACTERS_MAX = 200
# No amount has more digits.
AMOUNT_DIGITS_MAX = 18
NUMBER_MAX = 99_999


class Typed(msgspec.Struct, frozen=True):
    """A form of text fields. NUL, which no keyboard has and PostgreSQL does not take, is left out."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, str) and "\x00" in value:
                msgspec.structs.force_setattr(self, name, value.replace("\x00", ""))


def said(data: Mapping[str, Any], name: str) -> str:
    """One field as trimmed text; of several with that name, the last."""
    value = data.get(name, "")
    if isinstance(value, list):
        value = value[-1] if value else ""
    return value.replace("\x00", "").strip()[:TEXT_CHARACTERS_MAX] if isinstance(value, str) else ""


def number(value: object, otherwise: int) -> int:
    """A count that was typed."""
    text = str(value or "").strip()
    return min(int(text), NUMBER_MAX) if text.isdecimal() and len(text) < 12 else otherwise


def amount(data: Mapping[str, Any], name: str) -> int | None:
    """Minor units that the page had shown, brought back by its form."""
    shown = said(data, name)[:AMOUNT_DIGITS_MAX]
    return int(shown) if shown.isascii() and shown.isdecimal() else None


def uuid_of(value: object) -> UUID | None:
    """An id that a form brought back."""
    try:
        return UUID(str(value))
    except ValueError:
        return None
