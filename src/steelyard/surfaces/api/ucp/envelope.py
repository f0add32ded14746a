"""What every operation of the protocol shares: who asks, idempotency, and how what goes wrong is told.

Business outcomes are answers of 200 with messages; only what is wrong with the request itself has an error status.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.types import Receive, Scope, Send

from steelyard.channels import agents
from steelyard.channels.agents.model import VERSION, Platform, ProfileRefused, SignatureRefused
from steelyard.kernel import i18n, idempotency, ids
from steelyard.kernel.db import Database, Unreachable
from steelyard.kernel.errors import NotFound, Refusal, TooMany
from steelyard.kernel.i18n import N_
from steelyard.kernel.idempotency import Claim, KeyUsedOtherwise, Reply
from steelyard.kernel.settings import Settings
from steelyard.surfaces.api.ucp.discovery import active, payment_handlers, speaks
from steelyard.surfaces.web.problems import BadRequest
from steelyard.trade.checkout import Completeness

ApiRequest = Request[Any, Any, State]
Document = dict[str, Any]
Body = TypeVar("Body", bound=msgspec.Struct)

BODY_BYTES_MAX = 256 * 1024
JSON = b"application/json"
_PROFILE = re.compile(r'(?:^|[;,\s])profile="([^"\\\x00-\x1f]+)"')


class Incompatible(Refusal):
    """An operation needs its capability on both sides."""

    code = "capabilities_incompatible"
    status = 200
    title = N_("Your platform does not speak this capability")
    detail = N_("The operation needs {capability}.")


class BodyTooLarge(Refusal):
    """A body has a limit."""

    code = "request_too_large"
    status = 413
    title = N_("The request is too large")
    detail = N_("At most {limit} bytes.")


class Ask:
    """One request of an agent: its platform, its language, what it may do."""

    def __init__(self, request: ApiRequest, platform: Platform, body: bytes) -> None:
        self.request = request
        self.platform = platform
        self.body = body
        self.db: Database = request.app.state.db
        self.settings: Settings = request.app.state.settings
        self.locale = i18n.negotiate(request.headers.get("accept-language"))

    @property
    def completeness(self) -> Completeness:
        """The lenient test setting takes incomplete addresses and no e-mail."""
        lenient = self.settings.ucp_lenient
        return Completeness(email=not lenient, whole_address=not lenient)

    def say(self, message: str, **facts: object) -> str:
        words = i18n.translations(self.locale).gettext(message)
        return words.format_map(facts) if facts else words

    def read(self, shape: type[Body]) -> Body:
        """The body as `shape`; members that it does not know are passed over. Raises `BadRequest`."""
        try:
            found = msgspec.json.decode(self.body or b"{}", type=shape)
        except msgspec.DecodeError as error:
            raise BadRequest(reason=str(error)) from error
        context = getattr(found, "context", None)
        wanted = context.get("language") if isinstance(context, dict) else None
        if isinstance(wanted, str):
            self.locale = i18n.negotiate(wanted)
        return found

    def envelope(self, operation: str) -> Document:
        """The `ucp` member of a good answer."""
        said: Document = {
            "version": self.platform.version,
            "status": "success",
            "capabilities": active(self.settings, self.platform, operation),
        }
        return {**said, "payment_handlers": payment_handlers(self.settings)} if operation == "checkout" else said

    def require(self, capability: str) -> None:
        if not speaks(self.platform, capability):
            raise Incompatible(capability=capability)


class Answer:
    """A reply on its way. It is sent as it is: there is nothing left that the framework could make of it."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = self._reply
        headers = [(b"content-type", JSON), (b"content-length", str(len(reply.body)).encode("ascii"))]
        headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body, "more_body": False})


Work = Callable[[Ask, UUID], Awaitable[tuple[int, Document | bytes]]]
AtOnce = Callable[[Claim], Awaitable[Reply | UUID]]


async def serve(
    request: ApiRequest,
    work: Work,
    *,
    capability: str,
    once: bool = False,
    signed: bool = False,
    together: Callable[[Ask], AtOnce | None] | None = None,
) -> Answer:
    """Answer one request: `work(ask, operation_id)` returns a status and a document, or its JSON.

    `once`: the request changes something and carries an idempotency key; the same key gets the same answer, and the
    operation id stays with the key. `signed`: nobody but the platform itself may ask. `together` says how this request is
    claimed and answered in one transaction with others, if it can be: what that leaves open is `work`'s.
    """
    version = VERSION
    locale = i18n.negotiate(request.headers.get("accept-language"))
    try:
        body = await _body(request)
        platform = await _platform(request)
        version = platform.version
        _check_signature(request, platform, body, required=signed)
        ask = Ask(request, platform, body)
        ask.require(capability)
        reply = await _reply(ask, work, once, together)
    except Refusal as refusal:
        reply = _refused(refusal, version, locale)
    except Unreachable:
        # Whether the key was used cannot be known: nothing is done.
        reply = problem_reply(503, "unavailable", "The service is not available.", version)
    return Answer(reply)


async def _body(request: ApiRequest) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > BODY_BYTES_MAX:
        raise BodyTooLarge(limit=BODY_BYTES_MAX)
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        raise BodyTooLarge(limit=BODY_BYTES_MAX)
    return body


async def _platform(request: ApiRequest) -> Platform:
    named = _PROFILE.search(request.headers.get("ucp-agent", ""))
    if named is None:
        raise ProfileRefused()
    return await agents.platform_of(request.app.state.db, request.app.state.settings, named[1])


def _check_signature(request: ApiRequest, platform: Platform, body: bytes, *, required: bool) -> None:
    """A signature that is there is right; where one is needed, there is one (not in the lenient test setting)."""
    settings: Settings = request.app.state.settings
    if settings.ucp_lenient or platform.capabilities is None:
        if required and not settings.ucp_lenient:
            raise SignatureRefused(why="key_not_found")
        return
    if not required and not ("signature" in request.headers and "signature-input" in request.headers):
        return
    path = request.scope.get("raw_path", b"").decode("latin-1") or request.url.path
    url = f"{settings.base_url}{path}" + (f"?{request.url.query}" if request.url.query else "")
    headers = {name.lower(): value for name, value in request.headers.items()}
    agents.verify(platform.keys, request.method, url, headers, body)


async def _reply(ask: Ask, work: Work, once: bool, together: Callable[[Ask], AtOnce | None] | None) -> Reply:
    key = ask.request.headers.get("idempotency-key")

    async def answer(operation_id: UUID) -> Reply:
        try:
            status, document = await work(ask, operation_id)
        except Refusal as refusal:
            return refused(ask, refusal)
        return Reply(status, {}, document if isinstance(document, bytes) else msgspec.json.encode(document))

    if not once or key is None:
        return await answer(ids.mint())
    fingerprint = idempotency.fingerprint(ask.request.method, ask.request.url.path, ask.body)
    at_once = together(ask) if together else None
    return await idempotency.once(ask.db, ask.platform.client, key, fingerprint, answer, at_once)


def refused(ask: Ask, refusal: Refusal) -> Reply:
    """How a refusal is told to who asked."""
    return _refused(refusal, ask.platform.version, ask.locale)


def _refused(refusal: Refusal, version: str, locale: str) -> Reply:
    words = i18n.translations(locale)
    detail = words.gettext(refusal.detail) if refusal.detail else ""
    facts = {name: value for name, value in refusal.facts.items() if name != "fields"}
    stop = "。" if locale.startswith("zh") else ". "
    said = f"{words.gettext(refusal.title)}{stop}{_formatted(detail, facts)}".strip()
    fields = refusal.facts.get("fields")
    if fields:
        said += " " + "; ".join(f"{name}: {words.gettext(str(what))}" for name, what in fields.items())
    if reason := refusal.facts.get("reason"):
        said += f" {reason}"
    if refusal.status == 404 or isinstance(refusal, NotFound | Incompatible):
        return Reply(200, {}, msgspec.json.encode(error_document(version, refusal.code, said)))
    code = refusal.facts.get("why", refusal.code) if isinstance(refusal, SignatureRefused) else refusal.code
    status = {"digest_mismatch": 400}.get(code, refusal.status)
    if isinstance(refusal, KeyUsedOtherwise):
        code = "idempotency_conflict"
    reply = problem_reply(status, code, said, version)
    if isinstance(refusal, TooMany):
        reply.headers["retry-after"] = str(int(refusal.retry_after) + 1)
    return reply


def _formatted(detail: str, facts: Mapping[str, Any]) -> str:
    try:
        return detail.format_map(facts)
    except KeyError:
        return detail


def problem_reply(status: int, code: str, content: str, version: str) -> Reply:
    """An error of the request itself."""
    document = {"code": code, "content": content, **error_document(version, code, content)}
    return Reply(status, {}, msgspec.json.encode(document))


def error_document(version: str, code: str, content: str, path: str | None = None) -> Document:
    """There is nothing to show but why."""
    return errors_document(version, [message(code, content, severity="unrecoverable", path=path)])


def errors_document(version: str, messages: Sequence[Document]) -> Document:
    return {"ucp": {"version": version, "status": "error"}, "messages": list(messages)}


def message(code: str, content: str, *, severity: str = "recoverable", path: str | None = None) -> Document:
    """A message of kind error; `path` is a JSONPath (RFC 9535) from the answer's root."""
    said = {"type": "error", "code": code, "content": content, "severity": severity}
    return {**said, "path": path} if path else said


def warning(code: str, content: str, *, path: str | None = None) -> Document:
    said = {"type": "warning", "code": code, "content": content}
    return {**said, "path": path} if path else said


def note(code: str, content: str) -> Document:
    """A message of kind info: nothing has to be done about it."""
    return {"type": "info", "code": code, "content": content}
