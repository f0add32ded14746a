"""Whose address it is, behind proxies and without."""

import pytest

from steelyard.kernel.settings import Settings
from steelyard.surfaces.web.callers import address_of


class _Client:
    def __init__(self, host: str) -> None:
        self.host = host


class _Headers:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def getall(self, name: str, default: list[str]) -> list[str]:
        assert name == "x-forwarded-for"
        return self._lines or default


class _Connection:
    def __init__(self, host: str, lines: list[str]) -> None:
        self.client = _Client(host)
        self.headers = _Headers(lines)


class _Asking:
    """As much of a visit as the question needs."""

    def __init__(self, host: str, lines: list[str], trusted: str) -> None:
        self.connection = _Connection(host, lines)
        self.settings = Settings(trusted_proxies=trusted)


@pytest.mark.parametrize(
    ("host", "lines", "trusted", "address"),
    [
        ("198.51.100.7", ["203.0.113.9"], "", "198.51.100.7"),  # off by default: anybody may write a header
        ("198.51.100.7", ["203.0.113.9"], "127.0.0.1", "198.51.100.7"),  # who asks is no proxy of ours
        ("127.0.0.1", ["203.0.113.9"], "127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", ["1.1.1.1, 203.0.113.9"], "127.0.0.1", "203.0.113.9"),  # the first was made up by the visitor
        ("127.0.0.1", ["1.1.1.1, 203.0.113.9, 10.0.0.3"], "127.0.0.1, 10.0.0.0/8", "203.0.113.9"),
        ("127.0.0.1", ["1.1.1.1, 203.0.113.9", "10.0.0.3"], "127.0.0.1,10.0.0.0/8", "203.0.113.9"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1", "127.0.0.1"),
        ("::1", ["2001:db8::5"], "::1", "2001:db8::5"),
        ("", [], "127.0.0.1", ""),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(host: str, lines: list[str], trusted: str, address: str) -> None:
    assert address_of(_Asking(host, lines, trusted)) == address  # pyright: ignore[reportArgumentType]
