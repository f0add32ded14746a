"""The mail server and message service: catches every mail, text message and message of WeChat (`texts`), shows them on pages and
as JSON, delivers none.

mail.app(settings)          the application; it opens the SMTP port when it starts
await mail.serve(settings)  the program
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template
from markupsafe import Markup, escape

from steelyard.simulators.clock import Clock
from steelyard.simulators.mail.box import MAILS_MAX, PAGE_ROWS, SCHEMA, MailBox
from steelyard.simulators.mail.model import Mails, read_attachment, read_content
from steelyard.simulators.mail.smtp import listening
from steelyard.simulators.mail.texts import PAGE_ROWS as TEXT_ROWS
from steelyard.simulators.mail.texts import SCHEMA as TEXTS_SCHEMA
from steelyard.simulators.mail.texts import Text, TextRequest, Texts, Told
from steelyard.simulators.pages import page
from steelyard.simulators.problems import not_found
from steelyard.simulators.requests import language
from steelyard.simulators.serving import Listener, ensure_free, serve_apps
from steelyard.simulators.settings import Settings
from steelyard.simulators.store import Tx
from steelyard.simulators.web import ClientMaker, Foundation, assemble

__all__ = ["app", "listener", "serve"]

AnyRequest = Request[object, object, State]
LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]，。；：！？）】]")
HTML_PART_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'"
)
"""A mail's own markup runs no script, loads nothing from anywhere, and may open its links in a new window alone."""


@get("/v1/mails")
async def find(
    box: NamedDependency[MailBox],
    to: FromQuery[str | None] = None,
    before: FromQuery[int | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAILS_MAX)] = PAGE_ROWS,
) -> Mails:
    return Mails(box.latest(to=to, before=before, most=limit))


class TextList(msgspec.Struct, frozen=True):
    texts: list[Text]


@get("/v1/texts")
async def find_texts(texts: NamedDependency[Texts], before: FromQuery[int | None] = None) -> TextList:
    return TextList(texts.latest(before))


@post("/v1/texts", status_code=201)
async def take_text(
    data: JSONBody[TextRequest], texts: NamedDependency[Texts], ground: NamedDependency[Foundation]
) -> Told:
    told = texts.take(data)
    ground.pump.wake()
    return told


@get("/v1/texts/{reference:str}")
async def show_text(reference: FromPath[str], texts: NamedDependency[Texts]) -> Told:
    return texts.known(reference)


@get("/v1/mails/{message_key:str}")
async def show_mail(message_key: FromPath[str], texts: NamedDependency[Texts]) -> Told:
    return texts.known_mail(message_key)


@get("/texts")
async def text_list(
    request: AnyRequest, texts: NamedDependency[Texts], before: FromQuery[int | None] = None
) -> Template:
    """Text messages and those of WeChat, as a phone shows them."""
    found = texts.latest(before)
    older = found[-1].id if len(found) == TEXT_ROWS else None
    return page(request, "texts.html", texts=found, older=older, with_links=with_links)


@post("/texts/{reference:str}/answer")
async def answered(
    request: AnyRequest, reference: FromPath[str], texts: NamedDependency[Texts], ground: NamedDependency[Foundation]
) -> Redirect:
    """Whoever got it answers R."""
    texts.answer(reference)
    ground.pump.wake()
    return Redirect(f"/texts?lang={language(request)}", status_code=303)


class Back(msgspec.Struct, frozen=True):
    what: Literal["bounced", "complained"]


@post("/mails/{mail:int}/back")
async def sent_back(
    request: AnyRequest,
    mail: FromPath[int],
    data: URLEncodedBody[Back],
    texts: NamedDependency[Texts],
    *,
    ground: NamedDependency[Foundation],
) -> Redirect:
    """The mail comes back, or is complained of."""
    texts.send_back(mail, data.what)
    ground.pump.wake()
    return Redirect(f"/mails/{mail}?lang={language(request)}", status_code=303)


@get("/")
async def index(
    request: AnyRequest,
    box: NamedDependency[MailBox],
    ground: NamedDependency[Foundation],
    to: FromQuery[str] = "",
    before: FromQuery[int | None] = None,
) -> Template:
    mails = box.latest(to=to or None, before=before)
    return page(
        request,
        "mails.html",
        mails=mails,
        to=to,
        older=mails[-1].id if len(mails) == PAGE_ROWS else None,
        smtp=f"{ground.settings.host}:{ground.settings.smtp_port}",
    )


@get("/mails/{mail:int}")
async def one(request: AnyRequest, mail: FromPath[int], box: NamedDependency[MailBox]) -> Template:
    found = box.one(mail)
    of_a_list = read_content(box.raw(mail)).of_a_list
    return page(request, "mail.html", mail=found, text=with_links(found.text), of_a_list=of_a_list)


@get("/mails/{mail:int}/html", media_type="text/html")
async def html_part(mail: FromPath[int], box: NamedDependency[MailBox]) -> Response[str]:
    """The mail's own markup, for the sandboxed frame of its page."""
    return Response(
        '<base target="_blank">' + box.one(mail).html,
        media_type="text/html; charset=utf-8",
        headers={"content-security-policy": HTML_PART_POLICY, "referrer-policy": "no-referrer"},
    )


@get("/mails/{mail:int}/attachments/{position:int}", media_type="application/octet-stream")
async def attachment(mail: FromPath[int], position: FromPath[int], box: NamedDependency[MailBox]) -> Response[bytes]:
    found = read_attachment(box.raw(mail), position)
    if found is None:
        raise not_found("attachment")
    name, content = found
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"},
    )


def with_links(text: str) -> Markup:
    """Text as text, its web addresses as links that tell their target nothing."""
    parts: list[Markup] = []
    end = 0
    for match in LINK.finditer(text):
        address = match.group()
        parts.append(escape(text[end : match.start()]))
        parts.append(Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(address))
        end = match.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def app(settings: Settings, *, clock: Clock | None = None, client: ClientMaker | None = None) -> Litestar:
    """The mail server as an ASGI application. Without its lifespan (as in tests) it takes no SMTP."""
    ground = Foundation("mail", settings, SCHEMA + TEXTS_SCHEMA, clock=clock, client=client)
    texts = Texts(ground.store, ground.clock, ground.outbox, settings.messages_webhook_url)

    def told(tx: Tx, message_key: str, mail: int) -> None:
        texts.kept(tx, message_key, mail)
        ground.pump.wake()

    box = MailBox(ground.store, ground.clock, told)
    ground.works()

    def provide_box() -> MailBox:
        return box

    def provide_texts() -> Texts:
        return texts

    @asynccontextmanager
    async def take_mail(_: Litestar) -> AsyncGenerator[None]:
        async with listening(box, settings.host, settings.smtp_port):
            yield

    return assemble(
        ground,
        api=[take_text, show_text, show_mail],
        open_api=[find, find_texts],
        page_routes=[index, one, html_part, attachment, text_list, answered, sent_back],
        dependencies={
            "box": Provide(provide_box, sync_to_thread=False),
            "texts": Provide(provide_texts, sync_to_thread=False),
        },
        lifespan=[take_mail],
    )


def listener(settings: Settings) -> Listener:
    """Raises PortTaken when the SMTP port is."""
    ensure_free(settings.host, settings.smtp_port)
    return Listener(app(settings), settings.host, settings.mail_port)


async def serve(
    settings: Settings, *, stop: asyncio.Event | None = None, ready: Callable[[], object] | None = None
) -> None:
    """Serve until `stop` is set, or until SIGINT or SIGTERM when none is given."""
    await serve_apps([listener(settings)], stop=stop, ready=ready)
