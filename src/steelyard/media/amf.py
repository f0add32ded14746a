"""AMF0, the values of RTMP's commands (Adobe, "Action Message Format AMF 0", 2007), within bounds."""

import struct
from collections.abc import Mapping, Sequence
from typing import Union

Value = Union[bool, float, str, Mapping[str, "Value"], Sequence["Value"], None]  # noqa: UP007  # recursive, for Python 3.11

DEPTH_MAX = 8
VALUES_MAX = 512

_NUMBER, _BOOLEAN, _STRING, _OBJECT, _NULL = 0, 1, 2, 3, 5
_OBJECT_END, _STRICT_ARRAY = 9, 10


class Malformed(Exception):
    """These bytes are not what the protocol says, or more of it than anybody needs."""


def decode(data: bytes) -> list[Value]:
    """All values in `data`. Raises Malformed."""
    reader = _Reader(data)
    values: list[Value] = []
    try:
        while reader.at < len(data):
            values.append(reader.value(0))
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise Malformed("cut off") from error
    return values


def encode(*values: Value) -> bytes:
    """These values one after the other."""
    out = bytearray()
    for value in values:
        _write(out, value)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0
        self._count = 0

    def value(self, depth: int) -> Value:  # noqa: PLR0911  # one for each type
        self._count += 1
        if depth > DEPTH_MAX or self._count > VALUES_MAX:
            raise Malformed("too deep or too many")
        kind = self._data[self.at]
        self.at += 1
        match kind:
            case 0:
                return self._double()
            case 1:
                self.at += 1
                return self._data[self.at - 1] != 0
            case 2:
                return self._text(2)
            case 3:
                return self._members(depth)
            case 5 | 6:
                return None
            case 8:
                self.at += 4
                return self._members(depth)
            case 10:
                (length,) = struct.unpack_from(">I", self._data, self.at)
                self.at += 4
                return [self.value(depth + 1) for _ in range(min(length, VALUES_MAX + 1))]
            case 11:
                moment = self._double()
                self.at += 2
                return moment
            case 12:
                return self._text(4)
            case _:
                raise Malformed(f"type {kind}")

    def _double(self) -> float:
        (number,) = struct.unpack_from(">d", self._data, self.at)
        self.at += 8
        return number

    def _text(self, width: int) -> str:
        length = int.from_bytes(self._data[self.at : self.at + width])
        self.at += width
        taken = self._data[self.at : self.at + length]
        if len(taken) < length:
            raise Malformed("cut off")
        self.at += length
        return taken.decode("utf-8")

    def _members(self, depth: int) -> dict[str, Value]:
        members: dict[str, Value] = {}
        while True:
            name = self._text(2)
            if not name and self._data[self.at] == _OBJECT_END:
                self.at += 1
                return members
            members[name] = self.value(depth + 1)


def _write(out: bytearray, value: Value) -> None:
    match value:
        case None:
            out.append(_NULL)
        case bool():
            out += bytes((_BOOLEAN, value))
        case int() | float():
            out += struct.pack(">Bd", _NUMBER, value)
        case str():
            said = value.encode()
            assert len(said) <= 0xFFFF
            out += struct.pack(">BH", _STRING, len(said)) + said
        case Mapping():
            out.append(_OBJECT)
            for name, member in value.items():
                said = name.encode()
                out += struct.pack(">H", len(said)) + said
                _write(out, member)
            out += bytes((0, 0, _OBJECT_END))
        case _:
            out += struct.pack(">BI", _STRICT_ARRAY, len(value))
            for member in value:
                _write(out, member)
