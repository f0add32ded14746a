"""The carriers “simex” and “simpost”: the carrier simulator's API."""

from collections.abc import Mapping
from datetime import datetime

import httpx
import msgspec

from steelyard.kernel.text import text
from steelyard.logistics.parcels.gateways.interface import Tracked, Unknown
from steelyard.logistics.parcels.model import Scan
from steelyard.money.payments import BadWebhook, verify_signature

TIMEOUT_SECONDS = 8.0
CONNECT_TIMEOUT_SECONDS = 2.0
UPDATED = "tracking.updated"


class _Event(msgspec.Struct, frozen=True):
    at: datetime
    code: str
    place: str = ""
    text_zh: str = ""
    text_en: str = ""


class _Tracking(msgspec.Struct, frozen=True):
    carrier: str
    number: str
    events: list[_Event]


class _Webhook(msgspec.Struct, frozen=True):
    type: str
    data: msgspec.Raw


class _Problem(msgspec.Struct, frozen=True):
    code: str = "refused"


class Simcarriers:
    """A client of one simulator. `client` is given by tests; it carries the base URL and the key."""

    def __init__(self, url: str, key: str, secret: str, *, client: httpx.AsyncClient | None = None) -> None:
        self._secret = secret
        self._client = client or httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    async def follow(self, carrier: str, number: str, webhook_url: str) -> Tracked | Unknown:
        body = {"carrier": carrier, "number": number, "webhook_url": webhook_url}
        try:
            answer = await self._client.post(
                "/v1/trackings", content=msgspec.json.encode(body), headers={"content-type": "application/json"}
            )
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)
        return _known(answer)

    async def track(self, carrier: str, number: str) -> Tracked | Unknown | None:
        try:
            answer = await self._client.get(f"/v1/trackings/{carrier}/{number}")
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)
        if answer.status_code == 404 and _problem(answer) == "parcel_not_found":
            return None
        return _known(answer)

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> Tracked | None:
        verify_signature(self._secret, headers, body, now)
        try:
            event = msgspec.json.decode(body, type=_Webhook)
            return _tracked(msgspec.json.decode(event.data, type=_Tracking)) if event.type == UPDATED else None
        except msgspec.DecodeError as error:
            raise BadWebhook(why="unreadable") from error

    async def close(self) -> None:
        await self._client.aclose()


def _known(answer: httpx.Response) -> Tracked | Unknown:
    """What an answer says; whatever is not a success in the promised shape leaves us not knowing."""
    if not answer.is_success:
        return Unknown(why=f"{answer.status_code} {_problem(answer)}")
    try:
        return _tracked(msgspec.json.decode(answer.content, type=_Tracking))
    except msgspec.DecodeError as error:
        return Unknown(why=f"unreadable: {error}")


def _tracked(tracking: _Tracking) -> Tracked:
    return Tracked(
        carrier=tracking.carrier,
        number=tracking.number,
        scans=[
            Scan(at=event.at, code=event.code, place=event.place, words=text(event.text_zh, event.text_en))
            for event in tracking.events
        ],
    )


def _problem(answer: httpx.Response) -> str:
    try:
        return msgspec.json.decode(answer.content, type=_Problem).code
    except msgspec.DecodeError:
        return "refused"
