"""Messages to customers: the shop's templates, and what was sent, with what became of each."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.operations import outreach
from steelyard.operations.outreach import READY, READY_CHANNELS, Rendered, Tally
from steelyard.operations.outreach.model import Channel, Message, State, Step, Template, TooManyTemplates
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.entries import as_uuid, entries_of
from steelyard.surfaces.web.masking import masked_email, masked_phone
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.segment_people import Face, faces
from steelyard.surfaces.web.visit import Visit, WebRequest

READS = {"permission": "users.read"}
MANAGES = {"permission": "users.manage"}
TITLE = N_("Messages")
SENT = f"{frame.MESSAGES}/sent"
TEMPLATES = f"{frame.MESSAGES}/templates"
CHANNELS = {
    Channel.EMAIL: N_("Mail"),
    Channel.INBOX: N_("Messages in the account"),
    Channel.SMS: N_("Text message"),
    Channel.WECHAT: N_("WeChat"),
}
STATES = {
    State.QUEUED: (N_("Waiting"), "info"),
    State.SENDING: (N_("Being handed over"), "info"),
    State.SENT: (N_("Sent"), "good"),
    State.DELIVERED: (N_("Has arrived"), "good"),
    State.BOUNCED: (N_("It came back"), "bad"),
    State.FAILED: (N_("Failed"), "bad"),
    State.DROPPED: (N_("Not sent"), "quiet"),
    State.UNSURE: (N_("Perhaps sent"), "warn"),
}
REASONS = {
    "stranger": N_("Not a customer of this shop"),
    "no_address": N_("No address for this channel"),
    "suppressed": N_("Messages to this address came back"),
    "shop_closed": N_("The shop was not open then"),
    "no_consent": N_("Does not want news by this channel"),
    "stopped": N_("Wants no more from this shop"),
    "missing": N_("A variable had no value"),
    "no_gateway": N_("This channel is not set up here"),
    "refused": N_("Refused by the other side"),
    "too_late": N_("Nobody took it for three days"),
    "not_asked": N_("Nobody can say whether it was taken"),
}


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    templates: Sequence[Template]
    tallies: Mapping[UUID, Tally]


async def overview(read: Read, merchant_id: UUID, archived: bool) -> Overview:  # a filter
    found = await outreach.templates(read, merchant_id, archived=archived)
    return Overview(
        templates=found, tallies=await outreach.tallies(read, merchant_id, [each.template_id for each in found])
    )


@get("/messages", opt=READS)
async def template_list(visit: NamedDependency[Visit], archived: FromQuery[str] = "") -> Response[Any]:
    """The shop's templates, with what came of them in a month; below, ready ones to begin with."""
    view = await visit.merchant_db.ask(overview, visit.merchant_id, bool(archived))
    mine = {(each.playbook, each.channel) for each in view.templates}
    return await frame.show(
        visit,
        "messages.html",
        frame.MESSAGES,
        view=view,
        archived=bool(archived),
        channels=words_of_channels(visit),
        possible=outreach.channels(visit.settings),
        ready=READY,
        ready_channels=[each for each in READY_CHANNELS if each in outreach.channels(visit.settings)],
        mine=mine,
        may_manage=visit.actor.may("users.manage"),
    )


def words_of_channels(visit: Visit) -> dict[str, str]:
    return {str(channel): visit.say(words) for channel, words in CHANNELS.items()}


@post("/messages/ready", opt=MANAGES)
async def use_ready(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """A ready template becomes the shop's own, to be changed. Pressed twice, the same one."""
    form = await entries_of(request)
    key, channel = form.text("key"), form.text("channel")
    if key not in {each.key for each in READY} or channel not in READY_CHANNELS:
        raise NotFound()
    try:
        made = await visit.merchant_db.transact(_ready, visit.actor, visit.merchant_id, key, Channel(channel), visit.by)
    except TooManyTemplates as refusal:
        return redirect(visit, frame.MESSAGES, (visit.refused(refusal), "bad"))
    return redirect(
        visit, f"{TEMPLATES}/{made}", (visit.say(N_("The template is yours now: change what you like.")), "good")
    )


async def _ready(tx: Tx, actor: Actor, merchant_id: UUID, key: str, channel: Channel, by: str) -> UUID:
    made = await outreach.use_ready(tx, merchant_id, key, channel, by)
    await access.audit(tx, actor, "messages.make", str(made), {"ready": key, "channel": str(channel)})
    return made


@post("/messages/templates/{message_template_id:uuid}/archive", opt=MANAGES)
async def archive(visit: NamedDependency[Visit], message_template_id: FromPath[UUID], request: WebRequest) -> Redirect:
    """Put a template away, or take it out again."""
    away = (await entries_of(request)).text("to") != "back"
    try:
        await visit.merchant_db.transact(_archive, visit.actor, visit.merchant_id, message_template_id, away)
    except TooManyTemplates as refusal:
        return redirect(visit, frame.MESSAGES, (visit.refused(refusal), "bad"))
    told = N_("The template is put away.") if away else N_("The template is in use again.")
    return redirect(visit, frame.MESSAGES, (visit.say(told), "good"))


async def _archive(tx: Tx, actor: Actor, merchant_id: UUID, template_id: UUID, away: bool) -> None:
    await outreach.archive_template(tx, merchant_id, template_id, archived=away)
    await access.audit(tx, actor, "messages.archive" if away else "messages.restore", str(template_id), {})


@post("/messages/templates/{message_template_id:uuid}/try", opt=MANAGES)
async def try_out(visit: NamedDependency[Visit], message_template_id: FromPath[UUID], request: WebRequest) -> Redirect:
    """Send it to oneself. Pressed twice, once."""
    form = await entries_of(request)
    here = f"{TEMPLATES}/{message_template_id}"
    account = visit.account
    assert account is not None
    try:
        await visit.merchant_db.transact(
            outreach.try_out,
            visit.merchant_id,
            message_template_id,
            form.uuid("message_id"),
            account.email,
            visit.locale,
        )
    except Refusal as refusal:
        if refusal.status == NotFound.status:
            raise
        return redirect(visit, here, (visit.refused(refusal), "bad"))
    return redirect(visit, here, (visit.say(N_("A trial is on its way to {email}."), email=account.email), "good"))


class SentPage(msgspec.Struct, frozen=True, kw_only=True):
    messages: Page[Message]
    names: Mapping[UUID, str]


async def sent_page(
    read: Read, merchant_id: UUID, state: State | None, template_id: UUID | None, cursor: str | None
) -> SentPage:
    found = await outreach.messages(read, merchant_id, state=state, template_id=template_id, cursor=cursor)
    said = {each.template_id for each in found.items} | ({template_id} if template_id else set())
    return SentPage(messages=found, names=await outreach.names(read, merchant_id, said))


@get("/messages/sent", opt=READS)
async def sent_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """All messages, the newest first; those in a state, or of a template."""
    asked = visit.connection.query_params
    state, template, cursor = asked.get("state", ""), as_uuid(asked.get("template", "")), asked.get("cursor")
    wanted = State(state) if state in set(State) else None
    if exports.wanted(visit):
        return await _as_file(visit, wanted, template)
    view = await visit.merchant_db.ask(sent_page, visit.merchant_id, wanted, template, cursor)
    people = await visit.db.ask(_faces, visit, [each.buyer_id for each in view.messages.items if each.buyer_id])
    more = {"state": state, "template": str(template) if template else ""}
    return await frame.show(
        visit,
        "messages_sent.html",
        frame.MESSAGES,
        crumbs=[(visit.say(TITLE), frame.MESSAGES), (visit.say(N_("Sent messages")), None)],
        view=view,
        people=people,
        state=wanted,
        template=template,
        states={str(key): (visit.say(words), tone) for key, (words, tone) in STATES.items()},
        reasons=words_of_reasons(visit),
        channels=words_of_channels(visit),
        next_href=address(SENT, cursor=view.messages.next, **{k: v for k, v in more.items() if v})
        if view.messages.next
        else "",
    )


def words_of_reasons(visit: Visit) -> dict[str, str]:
    return {key: visit.say(words) for key, words in REASONS.items()}


async def _faces(read: Read, visit: Visit, buyer_ids: Sequence[UUID]) -> dict[UUID, Face]:
    found = await faces(read, visit, visit.merchant_id, sorted(set(buyer_ids)))
    return {each.buyer_id: each for each in found}


async def _as_file(visit: Visit, state: State | None, template_id: UUID | None) -> Response[bytes]:
    async def all_of_it(read: Read) -> tuple[list[Message], Mapping[UUID, str]]:
        async def one_page(cursor: str | None) -> Page[Message]:
            return await outreach.messages(
                read, visit.merchant_id, state=state, template_id=template_id, cursor=cursor, limit=100
            )

        found = await exports.everything(one_page)
        return found, await outreach.names(read, visit.merchant_id, {each.template_id for each in found})

    found, names = await visit.merchant_db.ask(all_of_it)
    return exports.sheet(
        visit,
        N_("Sent messages"),
        [
            N_("Made"),
            N_("Template"),
            N_("Channel"),
            N_("State"),
            N_("Reason"),
            N_("Sent"),
            N_("When opened"),
            N_("When clicked"),
        ],
        [
            (
                each.created_at,
                names.get(each.template_id, ""),
                visit.say(CHANNELS[each.channel]),
                visit.say(STATES[each.state][0]),
                visit.say(REASONS[each.reason]) if each.reason in REASONS else "",
                each.handed_at,
                each.opened_at,
                each.clicked_at,
            )
            for each in found
        ],
    )


class Record(msgspec.Struct, frozen=True, kw_only=True):
    message: Message
    template: Template
    steps: Sequence[Step]
    said: Rendered | None


async def record(read: Read, visit: Visit, message_id: UUID) -> Record:
    message = await outreach.message(read, visit.merchant_id, message_id)
    template = await outreach.template(read, visit.merchant_id, message.template_id)
    words = await outreach.words_of(read, visit.merchant_id, message.template_id, message.version)
    shop = (await merchants.cards(read, [visit.merchant_id]))[visit.merchant_id]
    try:
        said = outreach.preview(
            message.channel, words, message.locale or visit.locale, shop, visit.settings, marketing=message.marketing,
            variables=message.variables,
        )  # fmt: skip
    except outreach.Missing:
        said = None
    return Record(
        message=message, template=template, steps=await outreach.steps(read, visit.merchant_id, message_id), said=said
    )


@get("/messages/sent/{message_id:uuid}", opt=READS)
async def sent_message(visit: NamedDependency[Visit], message_id: FromPath[UUID]) -> Response[Any]:
    """One message: what it said, to whom, and how it went on its way."""
    view = await visit.merchant_db.ask(record, visit, message_id)
    buyer_id = view.message.buyer_id
    people = await visit.db.ask(_faces, visit, [buyer_id] if buyer_id else [])
    known = view.message.address
    return await frame.show(
        visit,
        "message.html",
        frame.MESSAGES,
        crumbs=[
            (visit.say(TITLE), frame.MESSAGES),
            (visit.say(N_("Sent messages")), SENT),
            (view.template.name, None),
        ],
        view=view,
        person=people.get(buyer_id) if buyer_id else None,
        masked=masked_email(known) if "@" in known else masked_phone(known),
        states={str(key): (visit.say(words), tone) for key, (words, tone) in STATES.items()},
        reasons=words_of_reasons(visit),
        channels=words_of_channels(visit),
    )


HANDLERS = [template_list, use_ready, archive, try_out, sent_list, sent_message]
