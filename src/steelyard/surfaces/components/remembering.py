"""Pieces of pages that were drawn of the same values before: cards of goods, long lists of choices.

What a macro draws of its arguments alone is the same for the same arguments, whoever reads it: nothing here can be stale or
somebody else's, and nothing has to be told when a price changes, since the price is one of the arguments.
"""

from collections.abc import Callable
from types import CodeType
from typing import Any

import msgspec
from markupsafe import Markup

BYTES_MAX = 4 * 1024 * 1024
PIECE_BYTES_MAX = 64 * 1024
# What a piece takes in memory beside its letters.
OVERHEAD_BYTES = 200

_encode = msgspec.msgpack.Encoder().encode

_Key = tuple[CodeType, bytes]


class Remembered:
    """The pieces of one environment, the oldest let go first. In templates: `{{ remembered(card, hit, shop) }}`.

    The macro may use nothing but its arguments, which are plain values; words that count as markup are not plain, and a
    piece with such is drawn each time.
    """

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._pieces: dict[_Key, Markup] = {}

    def __call__(self, macro: Callable[..., Markup], /, *values: Any) -> Markup:
        try:
            key = _code_of(macro), _encode(values)
        except (TypeError, OverflowError):
            return macro(*values)
        piece = self._pieces.get(key)
        if piece is None:
            piece = macro(*values)
            self._keep(key, piece)
        return piece

    def _keep(self, key: _Key, piece: Markup) -> None:
        size = _size(key, piece)
        if size > PIECE_BYTES_MAX:
            return
        while self._bytes + size > self._bytes_max:
            oldest = next(iter(self._pieces))
            self._bytes -= _size(oldest, self._pieces.pop(oldest))
        self._pieces[key] = piece
        self._bytes += size


def _code_of(macro: Callable[..., Markup]) -> CodeType:
    """A macro that is imported with its page's context is another object for each page."""
    return vars(macro)["_func"].__code__


def _size(key: _Key, piece: Markup) -> int:
    return len(key[1]) + len(piece) + OVERHEAD_BYTES
