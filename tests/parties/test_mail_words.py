"""What mails say: in the reader's language, each kind of news in words of its own, and nothing that could be HTML or a header."""

import re
from typing import cast

import msgspec
import pytest

from steelyard.parties.notifications.model import Template
from steelyard.parties.notifications.rendering import render
from tests.parties.mails import SAMPLES


@pytest.mark.parametrize("template", list(Template))
def test_every_mail_speaks_both_languages(template: Template) -> None:
    facts = cast(dict[str, object], msgspec.to_builtins(SAMPLES[template]))

    zh, en, other = (
        render(template, locale, facts, "https://market.test", "Steelyard") for locale in ("zh-Hans", "en", "fr")
    )

    for words in (zh.subject, zh.text, zh.html):
        assert re.search("[一-鿿]", words)
    for words in (en.subject, en.text, en.html):
        assert not re.search("[一-鿿]", words), words
    assert other == zh, "a language that we do not speak gets the default"
    for mail in (zh, en):
        assert "\n" not in mail.subject
        assert "https://" in mail.text
        assert "<b>" not in mail.html
        assert "{{" not in mail.text + mail.html
        assert "&lt;" not in mail.subject + mail.text, "only HTML is escaped"
        assert mail.html.count("<h") == mail.html.count("</h") > 0
        assert not re.search(r"\n{4}", mail.text), mail.text


NEWS: list[tuple[Template, str, list[str]]] = [
    (
        Template.PRESALE_NEWS,
        "what",
        ["deposit_paid", "balance_open", "balance_ends", "called_off", "returned", "forfeited"],
    ),
    (Template.TEAM_NEWS, "what", ["whole", "failed", "too_late"]),
    (Template.COMPENSATED, "cause", ["late", "counterfeit", "return_freight", "price_protection"]),
]


@pytest.mark.parametrize(("template", "field", "kinds"), NEWS)
def test_each_kind_of_news_has_words_of_its_own(template: Template, field: str, kinds: list[str]) -> None:
    known = cast(dict[str, object], msgspec.to_builtins(SAMPLES[template]))
    for locale in ("zh-Hans", "en"):
        said = [render(template, locale, {**known, field: kind}, "https://market.test", "S") for kind in kinds]
        assert len({mail.subject for mail in said}) >= len(kinds) - (
            locale == "en" and template is Template.COMPENSATED
        )
        assert len({mail.text for mail in said}) == len({mail.html for mail in said}) == len(kinds)
        assert all("https://market.test/purchases/P-1" in mail.text for mail in said)


def test_a_balance_says_what_how_much_and_until_when() -> None:
    facts = cast(dict[str, object], msgspec.to_builtins(SAMPLES[Template.PRESALE_NEWS]))
    zh = render(Template.PRESALE_NEWS, "zh-Hans", facts, "https://market.test", "S")
    assert "¥508.00" in zh.text and "2026年3月8日" in zh.text and "定金 ¥100.00 不退" in zh.text
    assert "支付尾款" in zh.html
    kept = render(Template.PRESALE_NEWS, "zh-Hans", {**facts, "forfeits": False}, "https://market.test", "S")
    assert "定金退回给您" in kept.text


def test_amounts_and_dates_are_written_as_the_reader_writes_them() -> None:
    def text_of(template: Template, locale: str) -> str:
        facts = cast(dict[str, object], msgspec.to_builtins(SAMPLES[template]))
        return render(template, locale, facts, "https://market.test", "Steelyard").text

    zh, en = (text_of(Template.ORDER_CONFIRMED, locale) for locale in ("zh-Hans", "en"))
    assert "  龙井 <明前> × 1,200  ¥12,345.00\n" in zh
    assert "  Longjing <early> × 1,200  CN¥12,345.00\n" in en
    assert "£5.99" in text_of(Template.REFUND_SENT, "en")
    assert "2026年3月2日 02:30:00" in text_of(Template.REFUND_SENT, "zh-Hans")
    assert "JP¥500" in text_of(Template.ORDER_CANCELLED, "zh-Hans")


def test_a_name_cannot_write_headers() -> None:
    facts = {
        **cast(dict[str, object], msgspec.to_builtins(SAMPLES[Template.ORDER_SHIPPED])),
        "order": "O\r\nBcc: x@y.zz",
    }

    assert render(Template.ORDER_SHIPPED, "en", facts, "/", "S").subject == "Your order O Bcc: x@y.zz is on its way"
