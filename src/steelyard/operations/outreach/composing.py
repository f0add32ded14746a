"""A message in its reader's words, with its links: as it leaves by each channel, and as the editor shows it."""

from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import msgspec

from steelyard.kernel.i18n import DEFAULT_LOCALE, LOCALES, N_, translations
from steelyard.kernel.settings import Settings
from steelyard.operations.outreach import linking
from steelyard.operations.outreach.gateways.interface import Letter
from steelyard.operations.outreach.linking import Whose
from steelyard.operations.outreach.model import Channel, Message, Words
from steelyard.operations.outreach.reaching import Reach
from steelyard.operations.outreach.rendering import Rendered, as_html, render
from steelyard.operations.outreach.variables import CATALOGUE
from steelyard.parties.merchants.model import ShopCard

# What the law wants in front of an advertisement by mail, and behind one by text message.
ADVERTISED_SUBJECT = N_("AD: {subject}")
SIGNED_TEXT = N_("{shop}: {text}")
ADVERTISED_TEXT = N_("{shop}: {text} Reply R to stop")
WAY_OUT = N_("Unsubscribe, or choose what you get: {link}")
CAMPAIGN_CHARACTERS_MAX = 80


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A message that may go out now, to this person, in these words."""

    message: Message
    words: Words
    reach: Reach
    shop: ShopCard
    template_name: str

    @property
    def whose(self) -> Whose:
        return Whose(self.message.merchant_id, self.message.message_id)


def language_of(locale: str) -> str:
    return locale if locale in LOCALES else DEFAULT_LOCALE


def say(ready: Ready, here: Settings, codes: dict[str, str]) -> Rendered:
    """The message in its reader's language. Its links lead here by way of a count, but for who wants nothing analysed; those of a
    text message are short, and stand in `codes` (code → page). Raises `Missing`."""
    message, person = ready.message, ready.reach
    campaign = (message.origin or ready.template_name)[:CAMPAIGN_CHARACTERS_MAX]

    def follow(path: str) -> str:
        if path.startswith(linking.PREFERENCES):
            return urljoin(here.base_url, path)
        page = linking.marked(path, message.channel, campaign)
        if message.channel is Channel.SMS:
            code = linking.code_of(here, ready.whose, page)
            codes[code] = page
            return urljoin(here.base_url, f"{linking.SHORT}/{code}")
        return urljoin(here.base_url, linking.clicked(here, ready.whose, page) if person.analysed else page)

    own: dict[str, str | Mapping[str, str]] = {
        "shop.name": ready.shop.name,
        "shop.url": f"/shops/{ready.shop.slug}",
        "unsubscribe.url": linking.preferences(here, ready.whose),
    }
    if message.buyer_id is not None:
        own["buyer.name"] = person.name
    said = render(message.channel, ready.words, person.locale, {**message.variables, **own}, follow)
    return _lawful(ready, here, said)


def _lawful(ready: Ready, here: Settings, said: Rendered) -> Rendered:
    """With what has to stand on it: that it advertises, who says it, and how to end it."""
    message, locale = ready.message, ready.reach.locale
    said = _advertised(message.channel, said, locale, ready.shop, marketing=message.marketing)
    if message.channel is not Channel.EMAIL:
        return said
    way_out = urljoin(here.base_url, linking.preferences(here, ready.whose))
    words = translations(language_of(locale)).gettext(WAY_OUT).replace("{link}", way_out)
    return msgspec.structs.replace(said, text=f"{said.text}\n{words}\n")


def _advertised(channel: Channel, said: Rendered, locale: str, shop: ShopCard, *, marketing: bool) -> Rendered:
    """A mail's subject, or all of a text message, with what stands in front and behind."""
    language = language_of(locale)
    speak = translations(language).gettext
    if channel is Channel.SMS:
        form = speak(ADVERTISED_TEXT) if marketing else speak(SIGNED_TEXT)
        before, _, after = form.partition("{text}")
        signed = before.replace("{shop}", shop.name.in_language(language))
        return msgspec.structs.replace(said, text=f"{signed}{said.text}{after}")
    if channel is Channel.EMAIL and marketing:
        return msgspec.structs.replace(said, subject=speak(ADVERTISED_SUBJECT).replace("{subject}", said.subject))
    return said


def letter(ready: Ready, here: Settings, said: Rendered) -> Letter:
    """As it leaves the house."""
    message, person = ready.message, ready.reach
    language = language_of(person.locale)
    shop = ready.shop.name.in_language(language)
    host = urlsplit(here.base_url).hostname or "localhost"
    mail = message.channel is Channel.EMAIL
    return Letter(
        message_id=message.message_id,
        channel=message.channel,
        address=person.address,
        locale=language,
        shop=shop,
        subject=said.subject,
        text=said.text,
        html=as_html(
            said,
            locale=language,
            shop=shop,
            preferences=urljoin(here.base_url, linking.preferences(here, ready.whose)),
            pixel=urljoin(here.base_url, linking.opened(here, ready.whose)) if person.analysed else "",
            marketing=message.marketing,
        )
        if mail
        else "",
        fields=said.fields,
        link=said.link,
        code=ready.words.code,
        leave=urljoin(here.base_url, linking.leaving(here, ready.whose)) if mail and message.marketing else "",
        list_id=f"{ready.shop.slug}.messages.{host}" if mail else "",
        created_at=message.created_at,
    )


def preview(  # what is said, to whom, by whom, where
    channel: Channel,
    words: Words,
    locale: str,
    shop: ShopCard,
    here: Settings,
    *,
    marketing: bool = True,
    variables: Mapping[str, str | Mapping[str, str]] | None = None,
) -> Rendered:
    """What the editor shows, with the samples of the catalogue; or of a message with its own `variables`, but for its reader's
    name. Raises `Missing`."""

    def follow(path: str) -> str:
        if channel is Channel.SMS:
            return urljoin(here.base_url, f"{linking.SHORT}/{'x' * linking.CODE_CHARACTERS}")
        return urljoin(here.base_url, path)

    values: dict[str, str | Mapping[str, str]] = {
        name: each.sample for name, each in CATALOGUE.items() if variables is None or each.own
    }
    values |= variables or {}
    if variables is not None:
        values["buyer.name"] = "***"
    values |= {"shop.name": shop.name, "shop.url": f"/shops/{shop.slug}"}
    said = render(channel, words, locale, values, follow)
    return _advertised(channel, said, locale, shop, marketing=marketing)


def person_of_trial(message: Message) -> Reach:
    """Whoever tries a template out, at the address that they gave."""
    return Reach(
        buyer_id=UUID(int=0), address=message.address, name="", locale=message.locale, analysed=False, why=None
    )
