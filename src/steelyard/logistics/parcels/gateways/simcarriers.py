"""The carriers “simex” and “simpost”: the carrier simulator's API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import httpx
import msgspec

from steelyard.kernel import outside
from steelyard.kernel.text import text
from steelyard.logistics.parcels.model import Scan, ToCollect, Tracking, TrackingNews, Waybill
from steelyard.money.payments import BadWebhook, Unknown, verify_signature

# The carrier refuses the number, or has never heard of it: it does not get better by asking again at once.
_REFUSED = (400, 404, 422)


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    code: str
    place: str = ""
    text_zh: str = ""
    text_en: str = ""


class _Tracking(msgspec.Struct, frozen=True, kw_only=True):
    carrier: str
    number: str
    events: list[_Event]
    collected: int | None = None


class _Booked(msgspec.Struct, frozen=True, kw_only=True):
    number: str


class _Message(msgspec.Struct, frozen=True):
    data: _Tracking


class Simcarriers:
    """A client of one simulator. `client` is given by tests; it carries the base URL and the key."""

    name = "carriers"

    def __init__(self, url: str, key: str, secret: str, *, client: httpx.AsyncClient | None = None) -> None:
        self._secret = secret
        self._client = client or outside.client(url, key)

    async def follow(
        self, carrier: str, number: str, webhook_url: str, collect: ToCollect | None = None
    ) -> Tracking | Unknown | None:
        body: dict[str, object] = {"carrier": carrier, "number": number, "webhook_url": webhook_url}
        if collect is not None:
            body["cash"] = collect
        headers = {"content-type": "application/json"}
        try:
            answer = await self._client.post("/v1/trackings", content=msgspec.json.encode(body), headers=headers)
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)
        return _known(answer)

    async def query(self, carrier: str, number: str) -> Tracking | Unknown | None:
        try:
            answer = await self._client.get(f"/v1/trackings/{carrier}/{number}")
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)
        return _known(answer)

    async def book(self, waybill: Waybill, webhook_url: str) -> str | Unknown | None:
        body = {
            "reference": str(waybill.waybill_id),
            "carrier": waybill.carrier,
            "from": _party(waybill.sender),
            "to": _party(waybill.recipient),
            "weight_grams": waybill.weight_grams,
            "collect": waybill.collect,
            "webhook_url": webhook_url,
        }
        headers = {"content-type": "application/json"}
        try:
            answer = await self._client.post("/v1/waybills", content=msgspec.json.encode(body), headers=headers)
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)
        if answer.status_code in _REFUSED:
            return None
        if not answer.is_success:
            return Unknown(why=str(answer.status_code))
        try:
            return msgspec.json.decode(answer.content, type=_Booked).number
        except msgspec.DecodeError as error:
            return Unknown(why=f"unreadable: {error}")

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> TrackingNews:
        event_id = verify_signature(self._secret, headers, body, now)
        try:
            tracking = _tracking(msgspec.json.decode(body, type=_Message).data)
        except msgspec.DecodeError as error:
            raise BadWebhook(why="unreadable") from error
        return TrackingNews(event_id=event_id, tracking=tracking)

    async def close(self) -> None:
        await self._client.aclose()


def _party(address: Mapping[str, str]) -> dict[str, str]:
    """An address in the words of the carrier."""
    return {("postcode" if name == "postal_code" else name): value for name, value in address.items()}


def _known(answer: httpx.Response) -> Tracking | Unknown | None:
    """What an answer says; whatever is neither a tracking nor a refusal of the number leaves us not knowing."""
    if answer.status_code in _REFUSED:
        return None
    if not answer.is_success:
        return Unknown(why=str(answer.status_code))
    try:
        return _tracking(msgspec.json.decode(answer.content, type=_Tracking))
    except msgspec.DecodeError as error:
        return Unknown(why=f"unreadable: {error}")


def _tracking(told: _Tracking) -> Tracking:
    scans = [
        Scan(at=event.at, code=event.code, place=event.place, words=text(event.text_zh, event.text_en))
        for event in told.events
    ]
    return Tracking(carrier=told.carrier, number=told.number, scans=scans, collected=told.collected)
