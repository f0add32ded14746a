"""A page that many read, compressed once, with places for what is each reader's own.

Between two pieces of a DEFLATE stream (RFC 1951) that end on whole bytes there is room for a block that is not compressed: there
stands what is a reader's own. The compressor is told how many bytes stand there, so that what it says of distances is true,
but not which: it is given bytes that occur in no text, and never points at them.
"""

import zlib
from collections.abc import Sequence
from typing import Self

import msgspec

from steelyard.surfaces.web.compression import gzip_head, gzip_tail

LEVEL = 4
# No UTF-8 text holds this byte.
_NOTHING = b"\xff"
_ZEROS = memoryview(bytes(64 * 1024))


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """`pieces` of the stream, and between them places for what is each reader's own, by number; `lengths` of these.
    `sums` are of each piece: its length, and its check sum put into the sum of all. `beside` are the same pieces as they are
    written, for a page that is asked for so often that opening it each time costs more than its room."""

    pieces: Sequence[bytes]
    places: Sequence[int]
    lengths: Sequence[int]
    sums: Sequence[tuple[int, int]]
    beside: Sequence[bytes] = ()

    @classmethod
    def of(cls, body: bytes, own: Sequence[bytes], *, beside: bool = False) -> Self:
        """This body, in which `own` stand. (One stands in no other; no two begin at the same place.)"""
        plain, places = _parted(body, own)
        deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        pieces: list[bytes] = []
        for piece, place in zip(plain, [*places, None], strict=True):
            pieces.append(
                deflate.compress(piece) + deflate.flush(zlib.Z_FINISH if place is None else zlib.Z_SYNC_FLUSH)
            )
            if place is not None:
                deflate.compress(_NOTHING * len(own[place]))
                deflate.flush(zlib.Z_SYNC_FLUSH)
        return cls(
            pieces=pieces,
            places=places,
            lengths=[len(each) for each in own],
            sums=[(len(piece), zlib.crc32(piece) ^ _carried(0, len(piece))) for piece in plain],
            beside=plain if beside else (),
        )

    @property
    def size(self) -> int:
        return sum(map(len, (*self.pieces, *self.beside)))

    @property
    def body_bytes(self) -> int:
        return sum(length for length, _ in self.sums) + sum(self.lengths[place] for place in self.places)

    def plain(self, own: Sequence[bytes]) -> bytes:
        """The body for who takes nothing compressed."""
        if self.beside:
            return _joined(self.beside, self.places, own)
        return zlib.decompress(self._stream(own), -zlib.MAX_WBITS, self.body_bytes)

    def gzip(self, own: Sequence[bytes]) -> bytes:
        """The body as `compression.squeeze` would send it."""
        crc = 0
        for (length, summed), place in zip(self.sums, [*self.places, None], strict=True):
            crc = _carried(crc, length) ^ summed
            if place is not None:
                crc = zlib.crc32(own[place], crc)
        return gzip_head() + self._stream(own) + gzip_tail(crc, self.body_bytes)

    def _stream(self, own: Sequence[bytes]) -> bytes:
        assert [len(each) for each in own] == list(self.lengths), "what is a reader's own is as long as any other's"
        blocks = [
            b"\0" + len(each).to_bytes(2, "little") + (len(each) ^ 0xFFFF).to_bytes(2, "little") + each for each in own
        ]
        return _joined(self.pieces, self.places, blocks)


def _joined(pieces: Sequence[bytes], places: Sequence[int], between: Sequence[bytes]) -> bytes:
    told = [pieces[0]]
    for place, piece in zip(places, pieces[1:], strict=True):
        told += (between[place], piece)
    return b"".join(told)


def _carried(crc: int, length: int) -> int:
    """What becomes of a check sum by so many bytes of nothing: sums are linear, so that a piece's own can be put in later."""
    while length > 0:
        crc = zlib.crc32(_ZEROS[:length], crc)
        length -= len(_ZEROS)
    return crc


def _parted(body: bytes, own: Sequence[bytes]) -> tuple[list[bytes], list[int]]:
    """The pieces of `body` between those of `own` that stand in it, and which stood where."""
    if not own:
        return [body], []
    *others, last = own
    pieces, places = list[bytes](), list[int]()
    for number, part in enumerate(body.split(last)):
        if number:
            places.append(len(others))
        inner, inner_places = _parted(part, others)
        pieces += inner
        places += inner_places
    return pieces, places
