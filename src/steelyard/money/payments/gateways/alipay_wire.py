"""Alipay's gateway: every method is a POST to one address, with the same parameters around what is asked, signed both ways."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

import httpx
import msgspec

from steelyard.money.payments.gateways.alipay_signing import Keys, content_to_sign
from steelyard.money.payments.gateways.numbers import BEIJING
from steelyard.money.payments.model import Unknown

GATEWAY = "https://openapi.alipay.com/gateway.do"
TIME = "%Y-%m-%d %H:%M:%S"
DONE = "10000"
BUSINESS_REFUSAL = "40004"
# The sub codes that say "perhaps": the same is asked again, or asked about.
NOBODY_KNOWS = {"ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "isp.unknow-error", "isp.unknown-error"}

S = TypeVar("S")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What every answer begins with."""

    code: str
    msg: str = ""
    sub_code: str = ""

    @property
    def failure(self) -> str:
        return self.sub_code or self.code


class Wire:
    """An application's way to Alipay."""

    def __init__(self, *, app_id: str, keys: Keys, url: str, client: httpx.AsyncClient) -> None:
        self.app_id = app_id
        self.keys = keys
        self.url = url
        self.client = client

    def signed(self, method: str, content: Mapping[str, object], **addresses: str) -> dict[str, str]:
        """The common parameters and what is asked, signed."""
        asked = {
            "app_id": self.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": datetime.fromtimestamp(time.time(), UTC).astimezone(BEIJING).strftime(TIME),
            "version": "1.0",
            "biz_content": msgspec.json.encode(content).decode(),
            **self.keys.named,
            **addresses,
        }
        return asked | {"sign": self.keys.sign(content_to_sign(asked))}

    async def ask(
        self, method: str, content: Mapping[str, object], shape: type[S], **addresses: str
    ) -> S | Outcome | Unknown:
        """The answer in its shape, a refusal, or nothing that could be relied on."""
        try:
            answer = await self.client.post(
                self.url,
                data=self.signed(method, content, **addresses),
                headers={"content-type": "application/x-www-form-urlencoded;charset=utf-8"},
            )
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)
        if answer.status_code != 200:
            return Unknown(why=str(answer.status_code))
        return self._understood(answer.content, method, shape)

    def _understood(self, body: bytes, method: str, shape: type[S]) -> S | Outcome | Unknown:
        """What Alipay signed is the bytes of the answer as they came: they are cut out of the body, never written anew."""
        try:
            parts = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            raw = parts.get(f"{method.replace('.', '_')}_response") or parts.get("error_response")
            if raw is None:
                return Unknown(why="unreadable: no answer in it")
            signature, serial = (
                msgspec.json.decode(parts[name], type=str) if name in parts else ""
                for name in ("sign", "alipay_cert_sn")
            )
            outcome = msgspec.json.decode(raw, type=Outcome)
            if wrong := self.keys.wrong_with(bytes(raw), signature, serial):
                return Unknown(why=f"{wrong} {outcome.failure}")
            if outcome.code == DONE:
                return msgspec.json.decode(raw, type=shape)
        except msgspec.DecodeError as error:
            return Unknown(why=f"unreadable: {error}")
        if outcome.code != BUSINESS_REFUSAL or outcome.sub_code in NOBODY_KNOWS:
            return Unknown(why=f"{outcome.code} {outcome.failure}")
        return outcome
