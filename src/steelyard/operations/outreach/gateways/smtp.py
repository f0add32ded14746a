"""Mails: handed to the mail server, and asked about where the mail service has an API for that."""

import asyncio
from email.errors import MessageError
from email.headerregistry import Address, BaseHeader, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import parseaddr
from typing import Any

import aiosmtplib
from aiosmtplib import SMTPRecipientsRefused, SMTPResponseException

from steelyard.kernel.settings import Settings
from steelyard.operations.outreach.gateways.interface import Letter, Outcome, Refused, Taken, Unsure
from steelyard.operations.outreach.gateways.service import MessageService

TIMEOUT_SECONDS = 20
# For one mail in all: shorter than the lease of whoever hands it over, so that nobody else begins.
MAIL_SECONDS_MAX = 60
# Refusals of the recipient by the enhanced status codes of RFC 3463: no such mailbox, no such domain, mailbox given up.
GONE = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
NOT_BEGUN = (
    aiosmtplib.SMTPConnectError,
    aiosmtplib.SMTPConnectTimeoutError,
    aiosmtplib.SMTPConnectResponseError,
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPAuthenticationError,
    ConnectionRefusedError,
)


class _Whole(UnstructuredHeader, BaseHeader):
    """A header of one long word: the standard library would encode it in pieces, where no mail program finds an address."""

    def fold(self, *, policy: "Policy[Any]") -> str:
        return f"{self.name}: {self}{policy.linesep}"


class Smtp:
    """The mail server of the installation. `service`: who can tell whether a mail was taken."""

    def __init__(self, here: Settings, service: MessageService | None) -> None:
        self._here = here
        self._service = service

    async def hand_over(self, letter: Letter) -> Outcome:
        try:
            to = address_of(letter.address)
        except (ValueError, IndexError, MessageError):
            return Refused(why="no address", hard=True)
        try:
            message = compose(letter, to, self._here)
        except (ValueError, IndexError, MessageError) as error:
            # Of the house's own making: nothing is wrong with the address, and it is not to be given up for that.
            return Refused(why=f"no mail: {type(error).__name__}")
        return await self._send(message)

    async def _send(self, message: EmailMessage) -> Outcome:
        try:
            async with asyncio.timeout(MAIL_SECONDS_MAX):
                await aiosmtplib.send(
                    message, hostname=self._here.smtp_host, port=self._here.smtp_port, timeout=TIMEOUT_SECONDS
                )
        except SMTPRecipientsRefused as error:
            return _refused(error.recipients[0].code, error.recipients[0].message)
        except NOT_BEGUN as error:
            return Refused(why=type(error).__name__, again=True)
        except SMTPResponseException as error:
            return _refused(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # Between the last point of the mail and the server's word for it, nobody knows.
            return Unsure(why=type(error).__name__, asks=self._service is not None)
        return Taken()

    async def ask(self, letter: Letter) -> Outcome:
        if self._service is None:
            return Unsure(why="the mail server cannot be asked", asks=False)
        return await self._service.ask_mail(message_key(letter, self._here))


def _refused(code: int, words: str) -> Refused:
    gone = code >= 500 and words.startswith(GONE)
    return Refused(why=f"{code} {words}", hard=gone, again=code < 500)


def message_key(letter: Letter, here: Settings) -> str:
    """The Message-ID: the same for the same message, whenever it is said."""
    _, sender = parseaddr(here.mail_from)
    return f"<{letter.message_id}@{sender.rpartition('@')[2]}>"


def compose(letter: Letter, to: Address, here: Settings) -> EmailMessage:
    """The mail as it goes out. Raises `ValueError` and such for what no header can hold. Nothing that a variable holds gets into
    one: subject and names are one line each, and the address is checked."""
    house, sender = parseaddr(here.mail_from)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(" ".join((letter.shop or house).split()), addr_spec=sender)
    message["To"] = to
    message["Subject"] = letter.subject
    message["Date"] = letter.created_at
    message["Message-ID"] = _Whole("Message-ID", message_key(letter, here))
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = letter.locale
    if letter.leave:
        message["List-Unsubscribe"] = _Whole("List-Unsubscribe", f"<{letter.leave}>")
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if letter.list_id:
        message["List-Id"] = _Whole("List-Id", f"<{letter.list_id}>")
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def address_of(recipient: str) -> Address:
    """Where a mail goes, as a header holds it. Raises `ValueError`."""
    plain = recipient.strip()
    address = Address(addr_spec=plain)
    if not address.domain or not address.username or not plain.isascii() or any(letter.isspace() for letter in plain):
        raise ValueError(recipient)
    return address
