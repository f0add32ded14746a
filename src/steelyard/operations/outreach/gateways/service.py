"""The message service: text messages and WeChat's template messages by one small API, and what became of mails.

    POST /v1/texts {reference, channel, to, text | template, fields, link, webhook_url}   201, the same for the same reference;
                                                                                         422 the address is none,
                                                                                         other 4xx: it was not taken
    GET  /v1/texts/{reference}    GET /v1/mails/{message id}                              404 nothing is known of it
    webhooks after the Standard Webhooks specification: text.* and mail.* delivered, bounced, complained, stopped

Who has another provider writes a file like this one: a message, a question, a webhook.
"""

from collections.abc import Mapping
from urllib.parse import quote
from uuid import UUID

import httpx
import msgspec

from steelyard.kernel import outside
from steelyard.money.payments import BadWebhook, verify_signature
from steelyard.operations.outreach.gateways.interface import Letter, News, NotThere, Outcome, Refused, Taken, Unsure
from steelyard.operations.outreach.model import Channel

NAME = "messages"
_NO_ADDRESS = 422
# Not taken, and not for its own sake: a key or an address that the operator mends, or too many at once.
_LATER = (401, 403, 404, 408, 429)
_NOTHING_KNOWN = 404
_TOLD = ("delivered", "bounced", "complained", "stopped")


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    why: str = ""
    hard: bool = False


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    why: str = ""
    hard: bool = False


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    data: _Data


class MessageService:
    """A client of one service. `client` is given by tests; it carries the base URL and the key."""

    name = NAME

    def __init__(
        self, url: str, key: str, secret: str, webhook_url: str, *, client: httpx.AsyncClient | None = None
    ) -> None:
        self._secret = secret
        self._webhook_url = webhook_url
        self._client = client or outside.client(url, key)

    async def hand_over(self, letter: Letter) -> Outcome:
        body: dict[str, object] = {
            "reference": str(letter.message_id),
            "channel": str(letter.channel),
            "to": letter.address,
            "webhook_url": self._webhook_url,
        }
        if letter.channel is Channel.SMS:
            body |= {"text": letter.text}
        else:
            fields = [{"name": name, "value": value} for name, value in letter.fields]
            body |= {"template": letter.code, "fields": fields, "link": letter.link, "sender": letter.shop}
        headers = {"content-type": "application/json"}
        try:
            answer = await self._client.post("/v1/texts", content=msgspec.json.encode(body), headers=headers)
        except httpx.ConnectError as error:
            return Refused(why=type(error).__name__, again=True)
        except httpx.HTTPError as error:
            return Unsure(why=type(error).__name__)
        if answer.is_client_error:
            status = answer.status_code
            return Refused(why=_words(answer), hard=status == _NO_ADDRESS, again=status in _LATER)
        return _outcome(answer)

    async def ask(self, letter: Letter) -> Outcome:
        return await self._asked(f"/v1/texts/{letter.message_id}")

    async def ask_mail(self, message_key: str) -> Outcome:
        """Of a mail, by its Message-ID."""
        return await self._asked(f"/v1/mails/{quote(message_key.strip('<>'), safe='@')}")

    async def _asked(self, path: str) -> Outcome:
        try:
            answer = await self._client.get(path)
        except httpx.HTTPError as error:
            return Unsure(why=type(error).__name__)
        if answer.status_code == _NOTHING_KNOWN:
            return NotThere()
        return _outcome(answer)

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> News:
        """What a message says, once its signature is verified. Raises `BadWebhook`. `now`: seconds since 1970."""
        event_id = verify_signature(self._secret, headers, body, now)
        try:
            message = msgspec.json.decode(body, type=_Message)
            reference = UUID(message.data.reference)
        except (msgspec.DecodeError, ValueError) as error:
            raise BadWebhook(why="unreadable") from error
        what = message.type.rpartition(".")[2]
        if what not in _TOLD:
            raise BadWebhook(why="unknown type")
        return News(event_id=event_id, message_id=reference, what=what, hard=message.data.hard, why=message.data.why)


def _outcome(answer: httpx.Response) -> Outcome:
    """What an answer says; whatever cannot be read leaves us not knowing."""
    if not answer.is_success:
        return Unsure(why=str(answer.status_code))
    try:
        told = msgspec.json.decode(answer.content, type=_Answer)
    except msgspec.DecodeError as error:
        return Unsure(why=f"unreadable: {error}")
    if told.state in ("bounced", "failed"):
        return Refused(why=told.why or told.state, hard=told.hard)
    return Taken(delivered=told.state == "delivered")


def _words(answer: httpx.Response) -> str:
    try:
        said = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        return str(answer.status_code)
    return str(said.get("detail") or answer.status_code) if isinstance(said, dict) else str(answer.status_code)
