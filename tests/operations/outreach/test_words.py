"""What a variable holds is never read as anything but words: no header, no markup, no other variable, no foreign page."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import text
from steelyard.operations import outreach
from steelyard.operations.outreach import linking
from steelyard.operations.outreach.gateways.interface import Letter
from steelyard.operations.outreach.gateways.smtp import address_of, compose
from steelyard.operations.outreach.linking import Purpose, Whose
from steelyard.operations.outreach.model import Channel, Words
from steelyard.operations.outreach.rendering import Missing, as_html, render

WORDS = Words(
    subject=text("{{product.name}} 降价", "{{product.name}} is cheaper"),
    body=text(
        "{{buyer.name|朋友}}：\n\n{{product.name}} {{product.url}}",
        "Dear {{buyer.name|friend}},\n\n{{product.name}} {{product.url}}",
    ),
    button=text("看", "Look at {{product.name}}"),
    link="{{product.url}}",
)  # fmt: skip
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "List-Unsubscribe",
    "List-Unsubscribe-Post", "List-Id", "MIME-Version", "Content-Type",
}  # fmt: skip
nasty = st.text(max_size=200) | st.sampled_from(
    [
        "a\r\nBcc: all@x.test",
        "<script>x()</script>",
        "{{buyer.name}}",
        "{{x",
        "\u202eabc",
        "a\x00b",
        "=?utf-8?q?x?=",
        "】【",
    ]
)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


@given(name=nasty, product=nasty.filter(lambda words: any(c.isprintable() and not c.isspace() for c in words)))
def test_nothing_that_a_variable_holds_becomes_markup_or_a_header(name: str, product: str) -> None:
    said = render(
        Channel.EMAIL, WORDS, "en", {"buyer.name": name, "product.name": product, "product.url": "/products/1"},
        lambda path: f"http://shop.test{path}",
    )  # fmt: skip
    html = as_html(said, locale="en", shop=product, preferences="http://shop.test/m/p/x", pixel="", marketing=True)
    page = Tags()
    page.feed(html)
    assert page.tags.count("a") == 3 and "script" not in page.tags and "img" not in page.tags
    assert set(page.links) == {"http://shop.test/products/1", "http://shop.test/m/p/x"}
    letter = Letter(
        message_id=ids.mint(), channel=Channel.EMAIL, address="lina@example.com", locale="en", shop=product,
        subject=said.subject, text=said.text, html=html, leave="http://shop.test/m/s/" + "x" * 64, list_id="tea.shop.test",
        created_at=datetime(2026, 11, 30, tzinfo=UTC),
    )  # fmt: skip
    raw = compose(letter, address_of(letter.address), Settings(home=Path("/nowhere"))).as_bytes()
    read = message_from_bytes(raw, policy=policy.default)
    assert set(read.keys()) <= HEADERS and len(read.keys()) == len(set(read.keys()))
    assert b"List-Unsubscribe: <http://shop.test/m/s/" + b"x" * 64 + b">\r\n" in raw
    assert "\n" not in said.subject and "{{buyer" not in said.text.replace(product, "").replace(name, "")


@given(
    path=nasty | st.sampled_from(["//evil.test", "/\\evil.test", "https://evil.test", "javascript:x", "/ok", "/a b"])
)
def test_a_link_leads_to_pages_of_ours_alone(path: str) -> None:
    try:
        said = render(Channel.EMAIL, WORDS, "en", {"product.name": "Tea", "product.url": path}, lambda each: each)
    except Missing:
        return
    assert said.link.startswith("/") and not said.link.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (Words(body=text("看 https://evil.test", "Look")), "body_zh"),
        (Words(body=text("看", "Look at WWW.evil.test")), "body_en"),
        (Words(body=text("看", "Look"), link="{{cart.url|https://evil.test}}"), "link"),
        (Words(body=text("看", "Look"), link="{{cart.total|/cart}}"), "link"),
    ],
)
def test_a_template_that_leads_elsewhere_is_not_saved(said: Words, field: str) -> None:
    assert set(outreach.faults(Channel.SMS, said)) == {field}
    assert outreach.faults(Channel.SMS, Words(body=text("看", "Look"), link="{{cart.url|/cart}}")) == {}


def test_a_signed_link_is_of_one_message_one_page_and_one_purpose(tmp_path: Path) -> None:
    here = Settings(home=tmp_path)
    whose = Whose(ids.mint(), ids.mint())
    token = linking.sealed(here, Purpose.CLICK, whose, "/cart")
    assert linking.unsealed(here, Purpose.CLICK, token, "/cart") == whose
    assert linking.unsealed(here, Purpose.CLICK, token, "/orders") is None
    assert linking.unsealed(here, Purpose.LEAVE, token, "/cart") is None
    assert linking.unsealed(here, Purpose.CLICK, token[:-2] + "aa", "/cart") is None
    assert linking.unsealed(here, Purpose.CLICK, "ü" * 64, "/cart") is None


@pytest.mark.parametrize(
    ("words", "parts"),
    [("a" * 160, 1), ("a" * 161, 2), ("a" * 307, 3), ("茶" * 70, 1), ("茶" * 71, 2), ("茶" * 135, 3)],
)
def test_a_text_message_is_paid_by_its_parts(words: str, parts: int) -> None:
    assert outreach.sms_parts(words) == parts


def test_every_ready_template_can_be_sent_with_little_known() -> None:
    given_by_the_event = {
        "product.name": "Tea",
        "product.url": "/products/1",
        "shop.name": "Tea",
        "shop.url": "/shops/tea",
    }
    for ready in outreach.READY:
        for channel in outreach.READY_CHANNELS:
            words = ready.words(channel)
            assert outreach.faults(channel, words) == {}
            for locale in ("zh-Hans", "en"):
                said = render(channel, words, locale, given_by_the_event, lambda path: path)
                assert said.link and said.text.strip()
                if channel is Channel.SMS:
                    assert outreach.sms_parts(said.text) <= 2, (ready.key, locale, said.text)
