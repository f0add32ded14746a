"""Commands on mails."""

from collections.abc import Mapping

import msgspec

from steelyard.kernel import ids, jobs
from steelyard.kernel.db import Tx
from steelyard.parties.notifications.jobs import deliver
from steelyard.parties.notifications.model import Facts, MailId, Template, read_facts


async def send(
    tx: Tx,
    *,
    recipient: str,
    template: Template | str,
    locale: str,
    facts: Facts | Mapping[str, object],
    mail_id: MailId | None = None,
) -> MailId:
    """Tell somebody something by mail, once this transaction has committed.

    `facts` are those of the template's struct in `model.FACTS`; others are an error of the program. A recipient to whom
    no mail can go is no error here: the mail is given up when it would leave. Said twice with the same `mail_id`, one
    mail goes out.
    """
    known = Template(template)
    told = msgspec.to_builtins(facts)
    read_facts(known, told)
    mail = mail_id or MailId(ids.mint())
    if await tx.execute(
        """
        INSERT INTO mails (mail_id, recipient, template, locale, facts) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
        """,
        mail,
        recipient,
        known,
        locale,
        told,
    ):
        await jobs.defer(tx, deliver.with_options(lock=str(mail), once=str(mail)), mail_id=mail)
    return mail


async def forget(tx: Tx, recipient: str) -> None:
    """Erase the mails to somebody; one that is not out yet goes out no more."""
    await tx.execute("DELETE FROM mails WHERE recipient = $1", recipient)
