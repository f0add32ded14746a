"""Out of the house: from a mail of the table to the mail server that takes it over."""

from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

import aiosmtplib
import structlog
from aiosmtplib import SMTPRecipientsRefused, SMTPResponseException

from steelyard.kernel import settings
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.settings import Settings
from steelyard.parties.notifications.model import SECRET_FACT, Mail, MailId
from steelyard.parties.notifications.rendering import render

SMTP_TIMEOUT_SECONDS = 20
FIRST_PAUSE_SECONDS = 15
PAUSE_SECONDS_MAX = 3_600
PATIENCE_DAYS = 3
ERROR_CHARACTERS_MAX = 500

log = structlog.get_logger()


class Unaddressable(Exception):
    """What a buyer typed as their address is none."""


async def attempt(db: Database, mail_id: MailId) -> bool:
    """Try to send a mail that is not out yet; True when the server has taken it.

    It is marked as sent as soon as the server has said yes: only a kill between the two sends it twice, under the same
    Message-ID, by which mail programs tell. An error is noted, with the time of the next try; what the server refuses
    for good (5xx), and what nobody took for `PATIENCE_DAYS`, is given up.
    """
    mail = await db.ask(unsent, mail_id)
    if mail is None:
        return False
    here = settings.load()
    try:
        # A template that fails is an error like any other: it waits, and shows, and goes out once it is mended.
        message = compose(mail, here)
        await aiosmtplib.send(message, hostname=here.smtp_host, port=here.smtp_port, timeout=SMTP_TIMEOUT_SECONDS)
    except Exception as error:  # whatever it was, it is noted in the mail's row and tried again
        final = _is_final(error)
        log.warning("mail.not_sent", mail_id=str(mail_id), error=str(error), final=final)
        await db.transact(note_failure, mail_id, f"{type(error).__name__}: {error}", final=final)
        return False
    await db.transact(mark_sent, mail_id)
    return True


def compose(mail: Mail, here: Settings) -> EmailMessage:
    """The message as it goes out: text and HTML; the same mail always has the same Message-ID and date."""
    name, sender = parseaddr(here.mail_from)
    words = render(mail.template, mail.locale, mail.facts, here.base_url, name or sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, addr_spec=sender)
    message["To"] = _address(mail.recipient)
    message["Subject"] = words.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.mail_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = mail.locale
    message.set_content(words.text)
    message.add_alternative(words.html, subtype="html")
    return message


def _address(recipient: str) -> Address:
    """The recipient as a header can hold it; no second header gets in with it. Raises `Unaddressable`."""
    try:
        address = Address(addr_spec=recipient.strip())
    except (ValueError, IndexError, MessageError) as error:
        raise Unaddressable(recipient) from error
    if (
        not address.domain
        or not address.username
        or not recipient.isascii()
        or any(c.isspace() for c in recipient.strip())
    ):
        raise Unaddressable(recipient)
    return address


def _is_final(error: Exception) -> bool:
    """Whether the server will never take this mail. (Refused log-ins are our fault and can be mended.)"""
    if isinstance(error, Unaddressable):
        return True
    if isinstance(error, SMTPRecipientsRefused):
        return all(refused.code >= 500 for refused in error.recipients)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPHeloError):
        return False
    if isinstance(error, SMTPResponseException):
        return error.code >= 500
    return False


async def unsent(read: Read, mail_id: MailId) -> Mail | None:
    """The mail, unless it is out or given up."""
    return await read.one(
        Mail,
        """
        SELECT mail_id, recipient, template, locale, facts, created_at, failures FROM mails
        WHERE mail_id = $1 AND sent_at IS NULL AND retry_at < 'infinity'
        """,
        mail_id,
    )


async def mark_sent(tx: Tx, mail_id: MailId) -> datetime | None:
    """The server has taken it: it never goes out again, and its secret is forgotten."""
    return await tx.value(
        """
        UPDATE mails SET sent_at = now(), error = NULL, facts = facts - $2::text
        WHERE mail_id = $1 AND sent_at IS NULL RETURNING sent_at
        """,
        mail_id,
        SECRET_FACT,
    )


async def note_failure(tx: Tx, mail_id: MailId, error: str, *, final: bool) -> None:
    """It did not go out; tried again after 15 s, 30 s, 1 min … at most an hour, unless `final` or too old."""
    await tx.execute(
        """
        UPDATE mails
        SET failures = failures + 1, error = $2
          , retry_at = CASE WHEN $3 OR created_at < now() - $4::interval THEN 'infinity'
                            ELSE now() + least($5::interval * power(2, least(failures, 20)), $6::interval) END
          , facts = CASE WHEN $3 OR created_at < now() - $4::interval THEN facts - $7::text ELSE facts END
        WHERE mail_id = $1 AND sent_at IS NULL
        """,
        mail_id,
        error[:ERROR_CHARACTERS_MAX].replace("\x00", ""),
        final,
        timedelta(days=PATIENCE_DAYS),
        timedelta(seconds=FIRST_PAUSE_SECONDS),
        timedelta(seconds=PAUSE_SECONDS_MAX),
        SECRET_FACT,
    )
