"""Mails: written in the transaction that has the news, sent once, in the reader's language."""

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncIterator, Mapping
from email.message import EmailMessage
from typing import cast

import msgspec
import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP, Envelope, Session

from steelyard.kernel import events, ids, jobs
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.sweeps import sweep_once
from steelyard.parties import access, notifications
from steelyard.parties.access.model import AccountId, AccountKind
from steelyard.parties.notifications import delivery, subscribers
from steelyard.parties.notifications.jobs import SWEEPS
from steelyard.parties.notifications.model import MailId, Template
from tests.parties.mails import SAMPLES
from tests.parties.people import open_account, staff_of


class MailServer:
    """Takes mail, or answers what it is told to. The names of its methods are aiosmtpd's."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.answer = "250 taken"
        self.port = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            content = cast(bytes, envelope.content)
            self.taken.append(cast(EmailMessage, email.message_from_bytes(content, policy=email.policy.default)))
        return self.answer


@pytest_asyncio.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailServer]:
    mail_server = MailServer()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(mail_server, hostname="mail.test", loop=loop), "127.0.0.1", 0)
    mail_server.port = listening.sockets[0].getsockname()[1]
    monkeypatch.setenv("STEELYARD_SMTP_PORT", str(mail_server.port))
    monkeypatch.setenv("STEELYARD_BASE_URL", "https://market.test")
    yield mail_server
    listening.close()
    await listening.wait_closed()


async def say(db: Database, template: Template = Template.PASSWORD_RESET, locale: str = "en") -> MailId:
    return await db.transact(
        notifications.send, recipient="lin@people.test", template=template, locale=locale, facts=SAMPLES[template]
    )


async def mail(read: Read, mail_id: MailId) -> Mapping[str, object]:
    row = await read.row(
        """
        SELECT sent_at IS NOT NULL AS sent, failures, error, facts, retry_at = 'infinity' AS given_up
             , CASE WHEN retry_at < 'infinity' THEN extract(epoch FROM retry_at - now())::int END AS pause
        FROM mails WHERE mail_id = $1
        """,
        mail_id,
    )
    assert row is not None
    return row


async def make_due(tx: Tx) -> None:
    await tx.execute("UPDATE mails SET retry_at = now() WHERE retry_at < 'infinity'")


async def test_a_mail_goes_out_once_and_forgets_its_secret(db: Database, database_url: str, server: MailServer) -> None:
    mail_id = await say(db)
    await db.transact(
        notifications.send, recipient="x@y.zz", template="password_reset", locale="en",
        facts=SAMPLES[Template.PASSWORD_RESET], mail_id=mail_id,
    )  # fmt: skip

    await jobs.work_off(db, database_url)
    await db.transact(make_due)
    await sweep_once(db, SWEEPS)
    await jobs.work_off(db, database_url)
    await delivery.attempt(db, mail_id)

    (taken,) = server.taken
    assert taken["To"] == "lin@people.test"
    assert taken["From"] == "Steelyard <no-reply@steelyard.test>"
    assert taken["Message-ID"] == f"<{mail_id}@steelyard.test>"
    assert taken["Auto-Submitted"] == "auto-generated"
    words = taken.get_body(("plain",))
    assert words is not None
    assert "https://market.test/password/tok\r\n" in words.get_content()
    page = taken.get_body(("html",))
    assert page is not None
    assert 'href="https://market.test/password/tok"' in page.get_content()
    kept = await db.ask(mail, mail_id)
    assert (kept["sent"], kept["failures"], kept["facts"]) == (True, 0, {"name": "Lin <b>", "minutes": 60})


async def test_a_mail_of_a_transaction_that_fails_is_never_sent(
    db: Database, database_url: str, server: MailServer
) -> None:
    async def fail(tx: Tx) -> None:
        await notifications.send(
            tx, recipient="l@p.test", template=Template.REFUND_SENT, locale="en", facts=SAMPLES[Template.REFUND_SENT]
        )
        raise LookupError

    with pytest.raises(LookupError):
        await db.transact(fail)
    await jobs.work_off(db, database_url)

    assert server.taken == []


async def test_while_the_mail_server_is_down_mails_wait_and_go_out_later(
    db: Database, database_url: str, server: MailServer, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("STEELYARD_SMTP_PORT", str(unused_tcp_port))
    mail_id = await say(db)
    await jobs.work_off(db, database_url)
    first = await db.ask(mail, mail_id)
    assert (first["sent"], first["failures"], first["given_up"]) == (False, 1, False)
    assert "Connect" in str(first["error"])
    assert await sweep_once(db, SWEEPS) == 0, "its time has not come"
    for _ in range(2):
        await db.transact(make_due)
        assert await sweep_once(db, SWEEPS) == 1
        await jobs.work_off(db, database_url)
    third = await db.ask(mail, mail_id)
    assert third["failures"] == 3
    assert 0 < cast(int, first["pause"]) <= 15 < cast(int, third["pause"]) <= 60, "pauses grow"

    monkeypatch.setenv("STEELYARD_SMTP_PORT", str(server.port))
    await db.transact(make_due)
    await sweep_once(db, SWEEPS)
    await jobs.work_off(db, database_url)

    assert len(server.taken) == 1
    assert (await db.ask(mail, mail_id))["error"] is None


@pytest.mark.parametrize(("answer", "given_up"), [("451 4.7.1 later, please", False), ("550 5.1.1 unknown", True)])
async def test_what_the_server_refuses_for_good_is_given_up(
    db: Database, database_url: str, server: MailServer, answer: str, given_up: bool
) -> None:
    server.answer = answer
    mail_id = await say(db)

    await jobs.work_off(db, database_url)

    kept = await db.ask(mail, mail_id)
    assert (kept["sent"], kept["given_up"], "secret_link" in cast(dict[str, object], kept["facts"])) == (
        False, given_up, not given_up,
    )  # fmt: skip
    server.answer = "250 taken"
    await db.transact(make_due)
    await sweep_once(db, SWEEPS)
    await jobs.work_off(db, database_url)
    assert len(server.taken) == (0 if given_up else 1)


@pytest.mark.parametrize(
    "typed", ["", "lin", "@", "lin@", "lin@p.test\nBcc: x@y.zz", "lin @p.test", "林@p.test", "a@b@c"]
)
async def test_what_is_no_address_holds_nobody_up(
    db: Database, database_url: str, server: MailServer, typed: str
) -> None:
    facts = SAMPLES[Template.REFUND_SENT]
    mail_id = await db.transact(
        notifications.send, recipient=typed, template=Template.REFUND_SENT, locale="en", facts=facts
    )

    await jobs.work_off(db, database_url)

    assert (await db.ask(mail, mail_id))["given_up"]
    assert server.taken == []


async def test_a_mail_whose_job_was_lost_is_queued_again_and_only_once(
    db: Database, database_url: str, server: MailServer
) -> None:
    await say(db)
    await db.transact(lambda tx: tx.execute("DELETE FROM procrastinate_jobs"))

    for _ in range(3):
        await db.transact(make_due)
        await sweep_once(db, SWEEPS)
    assert await db.ask(lambda read: read.value("SELECT count(*) FROM procrastinate_jobs")) == 1
    await jobs.work_off(db, database_url)

    assert len(server.taken) == 1


async def test_a_merchants_command_sends_mail_and_reads_none(
    db: Database, database_url: str, server: MailServer
) -> None:
    view = db.as_merchant(ids.mint())

    await view.transact(
        notifications.send, recipient="l@p.test", template="order_shipped", locale="zh-Hans",
        facts=SAMPLES[Template.ORDER_SHIPPED],
    )  # fmt: skip
    with pytest.raises(Exception, match="permission denied"):
        await view.ask(lambda read: read.fetch("SELECT * FROM mails"))
    await jobs.work_off(db, database_url)

    assert [taken["Subject"] for taken in server.taken] == ["订单 O-1 已发货"]


async def test_facts_that_the_template_does_not_know_are_an_error_at_once(db: Database) -> None:
    for facts in ({"name": "Lin"}, {**msgspec.to_builtins(SAMPLES[Template.PASSWORD_RESET]), "more": 1}):
        with pytest.raises(msgspec.ValidationError):
            await db.transact(
                notifications.send, recipient="l@p.test", template="password_reset", locale="en", facts=facts
            )
    with pytest.raises(ValueError, match="no_such"):
        await db.transact(notifications.send, recipient="l@p.test", template="no_such", locale="en", facts={})


async def test_the_link_for_a_new_password_arrives_and_works(
    db: Database, database_url: str, server: MailServer
) -> None:
    await open_account(db, AccountKind.BUYER, email="lin@people.test", locale="en")
    for address in ("LIN@people.test", "nobody@people.test"):
        await access.ask_for_password_reset(db, email=address)
    await events.drain(db, [subscribers.SUBSCRIBER])
    await jobs.work_off(db, database_url)

    (taken,) = server.taken
    assert taken["Subject"] == "Set a new password"
    body = taken.get_body(("plain",))
    assert body is not None
    found = re.search(r"https://market\.test/password/(\S+)", body.get_content())
    assert found
    account = await access.choose_password(db, token=found[1], password="a steelyard of brass")
    assert account.email == "lin@people.test"
    everything = await db.ask(lambda read: read.value("SELECT json_agg(e)::text FROM events e"))
    assert found[1] not in everything


async def test_an_invited_person_gets_a_link_joins_and_signs_in(
    db: Database, database_url: str, server: MailServer
) -> None:
    owner = await staff_of(db, ids.mint(), "merchant_owner", name="林燕")
    await db.transact(
        access.invite, owner, account_id=AccountId(ids.mint()), name="Gao Min", email="gao@people.test", locale="zh-Hans",
        roles=["merchant_clerk"], page="https://console.test/join/",
    )  # fmt: skip
    await events.drain(db, [subscribers.SUBSCRIBER])
    await jobs.work_off(db, database_url)

    (taken,) = server.taken
    body = taken.get_body(("plain",))
    assert body is not None
    assert "林燕 邀请您成为其团队成员。您的角色：店员。" in body.get_content()
    found = re.search(r"https://console\.test/join/(\S+)", body.get_content())
    assert found
    await access.choose_password(db, token=found[1], password="a steelyard of brass")
    signed_in = await access.sign_in(db, email="gao@people.test", password="a steelyard of brass")
    actor = await db.ask(access.session, signed_in.token)
    assert actor is not None
    assert actor.may("orders.ship")
