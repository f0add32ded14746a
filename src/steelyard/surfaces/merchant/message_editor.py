"""The editor of a template: its words in both languages, and beside them what a phone shows, as one types."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import LOCALES, N_, translations
from steelyard.operations import outreach
from steelyard.operations.outreach import CATALOGUE, Rendered
from steelyard.operations.outreach.model import (
    BODY_CHARACTERS_MAX,
    BUTTON_CHARACTERS_MAX,
    LINK_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    SUBJECT_CHARACTERS_MAX,
    Channel,
    NewTemplate,
    Template,
    TooManyTemplates,
    Words,
)
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import ShopCard
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.messages import MANAGES, READS, TEMPLATES, TITLE, words_of_channels
from steelyard.surfaces.web.console import errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

LEAVE = N_("Unsubscribe, or choose what you get")


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """In one language; `parts`: as how many text messages it is paid."""

    locale: str
    said: Rendered
    parts: int
    shop: str
    leave: str


async def card_of(read: Read, visit: Visit) -> ShopCard:
    return (await merchants.cards(read, [visit.merchant_id]))[visit.merchant_id]


def previews(visit: Visit, channel: Channel, words: Words, shop: ShopCard) -> list[Preview]:
    """Both languages, with the samples; nothing where a field is wrong, which stands beside the field."""
    found: list[Preview] = []
    for locale in LOCALES:
        said = outreach.preview(channel, words, locale, shop, visit.settings)
        found.append(
            Preview(
                locale=locale,
                said=said,
                parts=outreach.sms_parts(said.text),
                shop=shop.name.in_language(locale),
                leave=translations(locale).gettext(LEAVE),
            )
        )
    return found


def words_of(form: Entries) -> Words:
    return Words(
        subject=form.words("subject", most=SUBJECT_CHARACTERS_MAX),
        body=form.words("body", most=BODY_CHARACTERS_MAX),
        button=form.words("button", most=BUTTON_CHARACTERS_MAX),
        link=form.text("link", most=LINK_CHARACTERS_MAX),
        code=form.text("code", most=NAME_CHARACTERS_MAX),
    )


def typed_of(template: Template) -> Entries:
    """The form as it is filled in from what is kept."""
    fields = {"name": [template.name], "link": [template.link], "code": [template.code]}
    for name, words in (("subject", template.subject), ("body", template.body), ("button", template.button)):
        fields |= {f"{name}_zh": [words.get("zh-Hans", "")], f"{name}_en": [words.get("en", "")]}
    return Entries(fields, {})


@get("/messages/new", opt=MANAGES)
async def new(visit: NamedDependency[Visit], channel: FromQuery[str] = "email") -> Response[Any]:
    """An empty one, of a channel."""
    if channel not in outreach.channels(visit.settings):
        raise NotFound()
    form = Entries({"template_id": [str(ids.mint())]}, {})
    return await _page(visit, Channel(channel), None, form, {})


@post("/messages/new", opt=MANAGES)
async def make(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """The template is there. Sent twice, it is one."""
    form = await entries_of(request)
    channel = form.text("channel")
    if channel not in outreach.channels(visit.settings):
        raise NotFound()
    template_id = form.uuid("template_id")
    try:
        made = NewTemplate(
            merchant_id=visit.merchant_id, template_id=template_id, channel=Channel(channel), name=form.text("name"),
            words=words_of(form),
        )  # fmt: skip
        form.check()
        await visit.merchant_db.transact(_make, visit.actor, made, visit.by)
    except Invalid as refusal:
        return await _page(visit, Channel(channel), None, form, errors_of(visit, refusal.fields))
    except TooManyTemplates as refusal:
        return await _page(visit, Channel(channel), None, form, {"name": visit.refused(refusal)}, refusal.status)
    return redirect(visit, f"{TEMPLATES}/{template_id}", (visit.say(N_("The template is saved.")), "good"))


async def _make(tx: Tx, actor: Actor, made: NewTemplate, by: str) -> None:
    await outreach.make_template(tx, made, by)
    await access.audit(tx, actor, "messages.make", str(made.template_id), {"name": made.name})


@get("/messages/templates/{message_template_id:uuid}", opt=READS)
async def edit(visit: NamedDependency[Visit], message_template_id: FromPath[UUID]) -> Response[Any]:
    """The words, and what they look like."""
    template = await visit.merchant_db.ask(outreach.template, visit.merchant_id, message_template_id)
    return await _page(visit, template.channel, template, typed_of(template), {})


@post("/messages/templates/{message_template_id:uuid}", opt=MANAGES)
async def save(
    visit: NamedDependency[Visit], message_template_id: FromPath[UUID], request: WebRequest
) -> Response[Any] | Redirect:
    """It says something else from now on; what is queued is said as it was."""
    form = await entries_of(request)
    template = await visit.merchant_db.ask(outreach.template, visit.merchant_id, message_template_id)
    try:
        words, name = words_of(form), form.text("name")
        version = form.number("version", least=1)
        form.check()
        await visit.merchant_db.transact(_save, visit.actor, template, name, words, version, visit.by)
    except Invalid as refusal:
        return await _page(visit, template.channel, template, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await _page(visit, template.channel, template, form, {"version": visit.refused(refusal)}, 409)
    return redirect(visit, f"{TEMPLATES}/{message_template_id}", (visit.say(N_("The template is saved.")), "good"))


async def _save(
    tx: Tx, actor: Actor, template: Template, name: str, words: Words, version: int, by: str
) -> None:  # fmt: skip
    later = await outreach.change_template(
        tx, template.merchant_id, template.template_id, name, words, version=version, by=by
    )
    facts = {"name": name, "version": later}
    await access.audit(tx, actor, "messages.change", str(template.template_id), facts)


@post("/messages/preview", opt=READS)
async def preview(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any]:
    """What the form says now, as a phone shows it: asked for as one types, and nothing is kept."""
    form = await entries_of(request)
    channel = form.text("channel")
    if channel not in set(Channel):
        raise NotFound()
    template_id = form.text("message_template_id")
    template = None
    if template_id:
        template = await visit.merchant_db.ask(outreach.template, visit.merchant_id, form.uuid("message_template_id"))
    words = words_of(form)
    errors = errors_of(visit, outreach.faults(Channel(channel), words))
    return await _page(visit, Channel(channel), template, form, errors, 200)


async def _page(
    visit: Visit,
    channel: Channel,
    template: Template | None,
    typed: Entries,
    errors: Mapping[str, str],
    status: int | None = None,
) -> Response[Any]:
    words = words_of(Entries({name: typed.all(name) for name in _FIELDS}, {}))
    wrong = outreach.faults(channel, words)
    shop = await visit.merchant_db.ask(card_of, visit)
    title = template.name if template else visit.say(N_("New template"))
    return await frame.show(
        visit,
        "message_editor.html",
        frame.MESSAGES,
        crumbs=[(visit.say(TITLE), frame.MESSAGES), (title, None)],
        status=status or (422 if errors else 200),
        template=template,
        channel=channel,
        channel_words=words_of_channels(visit)[channel],
        typed=typed,
        errors=errors,
        here=f"{TEMPLATES}/{template.template_id}" if template else f"{frame.MESSAGES}/new",
        previews=[] if wrong else previews(visit, channel, words, shop),
        catalogue=[
            ("{{" + name + "}}", visit.say(each.label), each.sample.in_language(visit.locale))
            for name, each in CATALOGUE.items()
        ],
        may_manage=visit.actor.may("users.manage"),
        trial_id=ids.mint(),
        mail=visit.account.email if visit.account else "",
    )


_FIELDS = ("subject_zh", "subject_en", "body_zh", "body_en", "button_zh", "button_en", "link", "code")
HANDLERS = [new, make, edit, save, preview]
