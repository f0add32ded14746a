"""Mails as they are kept and shown."""

from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import msgspec


class Attachment(msgspec.Struct, frozen=True):
    name: str
    media_type: str
    size_bytes: int


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A caught mail. `sender` and `recipients` are of the envelope; `text` and `html` are empty when there is none."""

    id: int
    received_at: datetime
    sender: str
    recipients: list[str]
    subject: str
    text: str
    html: str
    attachments: list[Attachment]


class Mails(msgspec.Struct, frozen=True):
    mails: list[Mail]


class Content(msgspec.Struct, frozen=True):
    """What a mail says, whatever way it was written."""

    subject: str
    text: str
    html: str
    attachments: list[Attachment]
    message_key: str = ""
    of_a_list: bool = False


def read_content(raw: bytes) -> Content:
    """Never raises: a mail that cannot be read is shown as far as it can."""
    message = message_from_bytes(raw, policy=policy.default)
    attached = [
        Attachment(part.get_filename() or "attachment", part.get_content_type(), len(_payload(part)))
        for part in message.iter_attachments()
    ]
    return Content(
        _subject(message),
        _body(message, "plain"),
        _body(message, "html"),
        attached,
        str(message.get("message-id", "")).strip().strip("<>"),
        "list-id" in message,
    )


def read_attachment(raw: bytes, position: int) -> tuple[str, bytes] | None:
    """Name and bytes of the attachment at `position`, counted from 0."""
    message = message_from_bytes(raw, policy=policy.default)
    for number, part in enumerate(message.iter_attachments()):
        if number == position:
            return part.get_filename() or "attachment", _payload(part)
    return None


def _subject(message: EmailMessage) -> str:
    try:
        return str(message.get("subject", ""))
    except (ValueError, IndexError, LookupError):
        # The header parser of the standard library stumbles over some malformed headers.
        return ""


def _body(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    if body is None:
        return ""
    charset = body.get_content_charset("utf-8")
    try:
        return _payload(body).decode(charset, "replace").replace("\r\n", "\n")
    except LookupError:
        return _payload(body).decode("utf-8", "replace").replace("\r\n", "\n")


def _payload(part: object) -> bytes:
    assert isinstance(part, EmailMessage)
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
