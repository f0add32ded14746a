"""The mail catcher: takes every mail, shows it safely, delivers none."""

from email.message import EmailMessage

import aiosmtplib
import pytest

from steelyard.simulators.mail import box as mail_box
from steelyard.simulators.mail import with_links
from steelyard.simulators.mail.box import MailBox
from steelyard.simulators.mail.smtp import listening
from steelyard.simulators.web import foundation
from tests.simulators.world import Simulated


def a_mail(subject: str = "重置密码", to: str = "Ada <ada@buyers.test>") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Steelyard <no-reply@steelyard.test>"
    mail["To"] = to
    mail["Subject"] = subject
    mail.set_content("请打开 http://127.0.0.1:8000/reset?a=1&b=<2> 。\n<script>alert(1)</script>\n")
    mail.add_alternative("<a href='http://127.0.0.1:8000/reset'>Open</a><script>x()</script>", subtype="html")
    mail.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="结算单.pdf")
    return mail


@pytest.fixture
def box(catcher: Simulated) -> MailBox:
    return MailBox(foundation(catcher.app).store, catcher.clock)


async def test_a_mail_sent_by_smtp_is_found_by_its_recipient(catcher: Simulated, box: MailBox) -> None:
    async with listening(box, "127.0.0.1", 0) as port:
        await aiosmtplib.send(a_mail(), hostname="127.0.0.1", port=port)
        await aiosmtplib.send(a_mail("other", "bob@buyers.test"), hostname="127.0.0.1", port=port)

    found = (await catcher.browser.get("/v1/mails", params={"to": "ADA@buyers.test"})).json()["mails"]
    assert [(mail["subject"], mail["recipients"]) for mail in found] == [("重置密码", ["ada@buyers.test"])]
    assert "http://127.0.0.1:8000/reset?a=1&b=<2>" in found[0]["text"]
    assert found[0]["attachments"] == [{"name": "结算单.pdf", "media_type": "application/pdf", "size_bytes": 6}]
    everything = (await catcher.browser.get("/v1/mails")).json()["mails"]
    assert [mail["subject"] for mail in everything] == ["other", "重置密码"], "newest first"
    assert (await catcher.browser.get("/v1/mails?limit=1001")).status_code == 400


async def test_a_caller_who_stays_on_the_line_does_not_keep_the_catcher_open(box: MailBox) -> None:
    async with listening(box, "127.0.0.1", 0) as port:
        line = aiosmtplib.SMTP(hostname="127.0.0.1", port=port)
        await line.connect()
    line.close()


async def test_text_is_shown_as_text_and_html_in_a_sandbox(catcher: Simulated, box: MailBox) -> None:
    number = box.keep("a@b.test", ["ada@buyers.test"], a_mail().as_bytes())

    page = await catcher.browser.get(f"/mails/{number}")
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script" not in page.text
    assert '<a href="http://127.0.0.1:8000/reset?a=1&amp;b="' in page.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    part = await catcher.browser.get(f"/mails/{number}/html")
    policy = part.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    attached = await catcher.browser.get(f"/mails/{number}/attachments/0")
    assert attached.content == b"%PDF-1"
    assert attached.headers["content-disposition"].startswith("attachment")
    assert attached.headers["content-type"] == "application/octet-stream"
    assert (await catcher.browser.get(f"/mails/{number}/attachments/1")).status_code == 404


def test_links_are_links_and_nothing_else_is() -> None:
    text = with_links('See http://a.test/x?y=1&z=2. <b> "https://b.test" javascript:alert(1)')
    assert text.count("<a ") == 2
    assert 'href="http://a.test/x?y=1&amp;z=2"' in text
    assert "&lt;b&gt;" in text
    assert "javascript:alert(1)" in text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?utf-8?b?broken",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\nhello \xe4",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx",
    ],
)
async def test_a_broken_mail_is_kept_and_shown_all_the_same(catcher: Simulated, box: MailBox, raw: bytes) -> None:
    number = box.keep("", ["x@y.test"], raw)
    assert (await catcher.browser.get(f"/mails/{number}")).status_code == 200
    assert (await catcher.browser.get("/?lang=en")).status_code == 200


async def test_only_the_last_mails_are_kept(catcher: Simulated, box: MailBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_box, "MAILS_MAX", 3)
    for number in range(5):
        box.keep("a@b.test", [f"n{number}@y.test"], f"Subject: {number}\r\n\r\n".encode())

    kept = (await catcher.browser.get("/v1/mails")).json()["mails"]
    assert [mail["subject"] for mail in kept] == ["4", "3", "2"]
    assert (await catcher.browser.get("/v1/mails", params={"to": "n0@y.test"})).json() == {"mails": []}
    assert mail_box.MAILS_MAX == 3
