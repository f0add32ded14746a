"""Seals: what we hand out in a cookie and believe when it comes back, since nobody else can have written it."""

import hashlib
import hmac
from functools import cache
from pathlib import Path

from steelyard.kernel.settings import Settings, secret

SEAL_CHARACTERS = 43


def seal(settings: Settings, purpose: str, value: str) -> str:
    """`value` with our seal on it, good for this purpose only."""
    return f"{value}.{_mark(settings, purpose, value)}"


def unseal(settings: Settings, purpose: str, sealed: str) -> str | None:
    """The value under our seal; None for anything that we did not seal for this purpose."""
    value, _, mark = sealed.rpartition(".")
    good = hmac.compare_digest(mark.encode(), _mark(settings, purpose, value).encode())
    return value if good and value else None


def _mark(settings: Settings, purpose: str, value: str) -> str:
    message = f"{purpose}\x1f{value}".encode()
    return hmac.new(_key(settings.home), message, hashlib.sha256).hexdigest()[:SEAL_CHARACTERS]


@cache
def _key(home: Path) -> bytes:
    return secret(home, "seals").encode()
