"""From a template and its variables to what goes out by each channel.

Templates have no logic: words, and places for variables. What a variable holds is never read as markup, as a header, or as a
place for another variable: the template is taken apart first, and values are put in last, escaped for where they stand.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2 import Template as Page

from steelyard.kernel.i18n import DEFAULT_LOCALE, LOCALES, N_, translations
from steelyard.kernel.text import Text
from steelyard.operations.outreach.linking import is_ours
from steelyard.operations.outreach.model import (
    BODY_CHARACTERS_MAX,
    BUTTON_CHARACTERS_MAX,
    LINK_CHARACTERS_MAX,
    SMS_CHARACTERS_MAX,
    SUBJECT_CHARACTERS_MAX,
    VALUE_CHARACTERS_MAX,
    Channel,
    Words,
)
from steelyard.operations.outreach.variables import CATALOGUE, PLACE, named

SUBJECT_LINE_CHARACTERS_MAX = 200
# What mail programs and phones turn into a link by themselves.
ELSEWHERE = re.compile(r"://|\bwww\.", re.IGNORECASE)
# What WeChat takes for a field, by what its name begins with (品类模板).
WECHAT_FIELD = re.compile(r"^([a-z_]{2,20}[0-9]{0,3})\s*[:：]\s*(.+)$")
WECHAT_CHARACTERS = {"thing": 20, "phrase": 5, "character_string": 32, "number": 32, "name": 10}
WECHAT_CHARACTERS_OTHERWISE = 32
WECHAT_FIELDS_MAX = 10
# A message of these letters alone has 160 in a part, any other 70; of several parts, each has room for less.
GSM = re.compile(r"^[\n\r -~£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà]*$")

# Puts a page of ours into the words: as it is followed from a message, and whole.
Follow = Callable[[str], str]


class Missing(Exception):
    """A template needs a variable that nobody has given; `args[0]` is its name."""


class Span(msgspec.Struct, frozen=True):
    """Some words of a paragraph; `href`: they are a link."""

    words: str
    href: str = ""


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says, in its reader's words. `subject` is one line; `text` is what text messages and the plain part of a
    mail say; `fields` are those of a WeChat template; `link` is where its button leads."""

    subject: str = ""
    paragraphs: Sequence[Sequence[Span]] = ()
    text: str = ""
    button: str = ""
    link: str = ""
    fields: Sequence[tuple[str, str]] = ()


def faults(channel: Channel, words: Words) -> dict[str, str | Text]:
    """What is wrong with a template, by the field: what cannot be sent is not saved."""
    found: dict[str, str | Text] = {}
    if channel in (Channel.EMAIL, Channel.INBOX) and not any(words.subject.values()):
        found["subject_zh"] = N_("Please fill this in")
    if not any(words.body.values()):
        found["body_zh"] = N_("Please fill this in")
    most = SMS_CHARACTERS_MAX if channel is Channel.SMS else BODY_CHARACTERS_MAX
    limits = (("subject", words.subject, SUBJECT_CHARACTERS_MAX), ("body", words.body, most))
    for name, said, limit in (*limits, ("button", words.button, BUTTON_CHARACTERS_MAX)):
        for language, value in said.items():
            field = f"{name}_{'zh' if language.startswith('zh') else 'en'}"
            if len(value) > limit:
                found.setdefault(field, N_("This is too long"))
            elif unknown := [each for each in named(value) if each not in CATALOGUE]:
                found.setdefault(field, _unknown(unknown[0]))
            elif "{{" in PLACE.sub("", value) or "}}" in PLACE.sub("", value):
                found.setdefault(field, N_("A variable stands in two curly brackets, such as {{buyer.name}}"))
            elif ELSEWHERE.search(value):
                found.setdefault(
                    field, N_("Links lead to pages of this marketplace alone: put in a variable such as {{shop.url}}")
                )
    if channel is Channel.WECHAT:
        found |= {name: trouble for name, trouble in _wechat_faults(words).items() if name not in found}
    if words.link and (trouble := _link_fault(words.link)):
        found["link"] = trouble
    if any(words.button.values()) and not words.link:
        found["link"] = N_("Please say where the button leads")
    return found


def _unknown(name: str) -> Text:
    """Named in each language with the variable that nobody knows."""
    return Text(
        {
            language: translations(language).gettext("There is no variable {name}").replace("{name}", name)
            for language in LOCALES
        }
    )


def _link_fault(link: str) -> str:
    place = PLACE.fullmatch(link)
    if place is not None:
        known = CATALOGUE.get(place.group(1))
        if known is None or not known.link:
            return N_("This variable is no page")
        link = (place.group(2) or "").strip() or "/"
    if len(link) > LINK_CHARACTERS_MAX or not is_ours(link) or "{" in link:
        return N_("A page of this marketplace, such as /shops/tea, or a variable such as {{cart.url}}")
    return ""


def _wechat_faults(words: Words) -> dict[str, str | Text]:
    found: dict[str, str | Text] = {}
    if not words.code:
        found["code"] = N_("Please fill this in")
    for language, value in words.body.items():
        lines = [line for line in value.splitlines() if line.strip()]
        if len(lines) > WECHAT_FIELDS_MAX or not all(WECHAT_FIELD.match(line.strip()) for line in lines):
            field = f"body_{'zh' if language.startswith('zh') else 'en'}"
            found[field] = N_("A line for each field of the template, such as thing1: {{product.name}}")
    return found


def render(
    channel: Channel,
    words: Words,
    locale: str,
    variables: Mapping[str, str | Mapping[str, str]],
    follow: Follow,
) -> Rendered:
    """The message in the language of `locale`. Raises `Missing` where a variable has no value and no words stand in for it."""
    language = locale if locale in LOCALES else DEFAULT_LOCALE
    values = _values(variables, language)
    body = words.body.in_language(language)
    link = _target(words.link, values)
    subject = _line(_filled(words.subject.in_language(language), values), SUBJECT_LINE_CHARACTERS_MAX)
    button = _line(_filled(words.button.in_language(language), values), BUTTON_CHARACTERS_MAX * 4)
    if channel is Channel.WECHAT:
        return Rendered(link=follow(link) if link else "", fields=_fields(body, values), subject=subject)
    paragraphs = [_spans(part, values, follow) for part in re.split(r"\n\s*\n", body.strip().replace("\r\n", "\n"))]
    told = follow(link) if link else ""
    if channel is Channel.SMS:
        line = " ".join(" ".join(span.href or span.words for span in spans) for spans in paragraphs)
        return Rendered(text=_line(f"{line} {told}", BODY_CHARACTERS_MAX), link=told)
    text = "\n\n".join("".join(span.href or span.words for span in spans) for spans in paragraphs)
    if told and channel is Channel.EMAIL:
        text += f"\n\n{button}{': ' if button else ''}{told}"
    return Rendered(subject=subject, paragraphs=paragraphs, text=text + "\n", button=button or told, link=told)


def _values(variables: Mapping[str, str | Mapping[str, str]], language: str) -> dict[str, str]:
    """Each in the reader's language, without what no line of a message holds."""
    found: dict[str, str] = {}
    for name, value in variables.items():
        words = value if isinstance(value, str) else Text(value).in_language(language)
        found[name] = _line(words, VALUE_CHARACTERS_MAX)
    return found


def _line(words: str, most: int) -> str:
    """One line: what a header, a text message or a field can hold. No line breaks, no control characters, nothing that turns the
    direction of what follows."""
    kept = "".join(letter if letter.isprintable() or letter == " " else " " for letter in words)
    return " ".join(kept.split())[:most]


def _filled(words: str, values: Mapping[str, str]) -> str:
    return PLACE.sub(lambda place: _value(place, values), words)


def _value(place: "re.Match[str]", values: Mapping[str, str]) -> str:
    value = values.get(place.group(1), "")
    if value:
        return value
    if place.group(2) is None:
        raise Missing(place.group(1))
    return place.group(2).strip()


def _target(link: str, values: Mapping[str, str]) -> str:
    """The page that the button leads to; a variable that holds no page of ours leads nowhere."""
    place = PLACE.fullmatch(link)
    path = link if place is None else _value(place, values)
    if not path:
        return ""
    if not is_ours(path):
        raise Missing(place.group(1) if place is not None else link)
    return path


def _spans(part: str, values: Mapping[str, str], follow: Follow) -> list[Span]:
    """A paragraph: its words as they stand, and addresses of pages as links."""
    spans: list[Span] = []
    end = 0
    for place in PLACE.finditer(part):
        spans.append(Span(part[end : place.start()]))
        value = _value(place, values)
        known = CATALOGUE.get(place.group(1))
        if known is not None and known.link and is_ours(value):
            address = follow(value)
            spans.append(Span(address, address))
        else:
            spans.append(Span(value))
        end = place.end()
    spans.append(Span(part[end:]))
    return [span for span in spans if span.words]


def _fields(body: str, values: Mapping[str, str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in body.splitlines():
        field = WECHAT_FIELD.match(line.strip())
        if field is not None:
            name = field.group(1)
            most = WECHAT_CHARACTERS.get(name.rstrip("0123456789"), WECHAT_CHARACTERS_OTHERWISE)
            found.append((name, _line(_filled(field.group(2), values), most)))
    return found


def sms_parts(text: str) -> int:
    """How many messages this is paid as: 160 letters of GSM 03.38 a part (153 of several), else 70 (67)."""
    alone, of_several = (160, 153) if GSM.match(text) else (70, 67)
    return 1 if len(text) <= alone else -(-len(text) // of_several)


def as_html(rendered: Rendered, *, locale: str, shop: str, preferences: str, pixel: str, marketing: bool) -> str:
    """A mail's HTML part."""
    language = locale if locale in LOCALES else DEFAULT_LOCALE
    return _page().render(
        said=rendered,
        language=language,
        shop=shop,
        preferences=preferences,
        pixel=pixel,
        marketing=marketing,
        _=translations(language).gettext,
    )


@cache
def _page() -> Page:
    environment = Environment(
        loader=PackageLoader("steelyard.operations.outreach"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("email.html")
