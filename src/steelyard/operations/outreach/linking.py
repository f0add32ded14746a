"""Links in messages, signed, so that nobody can make one up: where somebody clicked, that it was opened, and the way out.

A link tells whose message it was by itself; where it leads is signed with it, and is always a page of ours.
"""

import base64
import binascii
import hashlib
import hmac
from enum import StrEnum
from functools import cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import msgspec

from steelyard.kernel import settings
from steelyard.kernel.settings import Settings
from steelyard.operations.outreach.model import Channel
from steelyard.parties.notifications import from_message

CLICKED = "/m/c"
OPENED = "/m/o"
LEAVE = "/m/s"
PREFERENCES = "/m/p"
SHORT = "/s"
SEAL_BYTES = 16
CODE_CHARACTERS = 10
# `utm_medium` of what comes by each channel.
MEDIA = {Channel.EMAIL: "email", Channel.INBOX: "notice", Channel.SMS: "sms", Channel.WECHAT: "wechat"}


class Purpose(StrEnum):
    CLICK = "click"
    OPEN = "open"
    LEAVE = "leave"


class Whose(msgspec.Struct, frozen=True):
    """Which message a link was in."""

    merchant_id: UUID
    message_id: UUID


@cache
def _key(home: Path) -> bytes:
    return settings.secret(home, "messages").encode()


def sealed(here: Settings, purpose: Purpose, whose: Whose, path: str = "") -> str:
    """What a link says of its message, and that we have said so."""
    said = whose.merchant_id.bytes + whose.message_id.bytes
    return base64.urlsafe_b64encode(said + _seal(here, purpose, said, path)).decode()


def unsealed(here: Settings, purpose: Purpose, token: str, path: str = "") -> Whose | None:
    """Whose message a link was in; none for what we have not said."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    if len(raw) != 32 + SEAL_BYTES or not hmac.compare_digest(raw[32:], _seal(here, purpose, raw[:32], path)):
        return None
    return Whose(UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]))


def _seal(here: Settings, purpose: Purpose, said: bytes, path: str) -> bytes:
    words = b"\x1f".join((str(purpose).encode(), said, path.encode("utf-8", "surrogatepass")))
    return hmac.new(_key(here.home), words, hashlib.sha256).digest()[:SEAL_BYTES]


def is_ours(path: str) -> bool:
    """Whether this is a page of ours: nothing else is linked to from a message."""
    if (
        not path.startswith("/")
        or path.startswith(("//", "/\\"))
        or "\\" in path
        or not path.isprintable()
        or " " in path
    ):
        return False
    try:
        parts = urlsplit(path)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc


def marked(path: str, channel: Channel, campaign: str) -> str:
    """The page as a message leads there, so that it is known by what somebody came."""
    return from_message(path, MEDIA[channel], campaign)


def clicked(here: Settings, whose: Whose, path: str) -> str:
    """A link of a message to this page of ours."""
    return f"{CLICKED}/{sealed(here, Purpose.CLICK, whose, path)}?{urlencode({'to': path})}"


def code_of(here: Settings, whose: Whose, path: str) -> str:
    """A short address for a text message: the same for the same link, and nobody guesses another."""
    said = whose.merchant_id.bytes + whose.message_id.bytes
    seal = hmac.new(_key(here.home), b"short\x1f" + said + path.encode(), hashlib.sha256).digest()
    return base64.b32encode(seal).decode().lower()[:CODE_CHARACTERS]


def leaving(here: Settings, whose: Whose) -> str:
    """Where these messages are ended at one click."""
    return f"{LEAVE}/{sealed(here, Purpose.LEAVE, whose)}"


def preferences(here: Settings, whose: Whose) -> str:
    """The page on which somebody chooses what they get, without signing in."""
    return f"{PREFERENCES}/{sealed(here, Purpose.LEAVE, whose)}"


def opened(here: Settings, whose: Whose) -> str:
    """The picture of one point by which a mail tells that it was opened."""
    return f"{OPENED}/{sealed(here, Purpose.OPEN, whose)}.gif"
