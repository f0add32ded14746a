"""The official account (公众号) that a shop has inside WeChat: it says who a buyer is there, which paying inside WeChat asks for.

https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html, the silent scope `snsapi_base`:
the buyer sees nothing of it, and we learn an `openid`, which means nothing outside this account.
"""

from pathlib import Path
from urllib.parse import urlencode

import httpx
import msgspec

from steelyard.kernel import outside
from steelyard.money.payments.gateways import rsa

DOOR = "https://open.weixin.qq.com/connect/oauth2/authorize"
TOKENS = "https://api.weixin.qq.com/sns/oauth2/access_token"
CODE_CHARACTERS_MAX = 512


class _Token(msgspec.Struct, frozen=True):
    openid: str = ""


class WechatAccount:
    """`client` is given by tests."""

    door = outside.origin(DOOR)

    def __init__(self, *, appid: str, secret: str, client: httpx.AsyncClient | None = None) -> None:
        self._appid = appid
        self._secret = secret
        self._client = client or outside.bare_client()

    @classmethod
    def read(cls, *, appid: str, secret: Path) -> "WechatAccount":
        """The secret from its file. Raises `rsa.UnusableKey`."""
        try:
            word = secret.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise rsa.UnusableKey(secret, "the account's secret cannot be read") from error
        return cls(appid=appid, secret=word)

    def ask(self, back: str, state: str) -> str:
        """Where the browser goes, to come `back` with a code and this `state`: a word that only this browser's session gives, so
        that nobody is led back with somebody else's code (RFC 6749, section 10.12). 128 letters and digits at most."""
        asked = {
            "appid": self._appid,
            "redirect_uri": back,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        return f"{DOOR}?{urlencode(asked)}#wechat_redirect"

    async def openid(self, code: str) -> str | None:
        """Who came back with this code; none when WeChat does not say. Neither secret nor code is ever logged."""
        if not 0 < len(code) <= CODE_CHARACTERS_MAX:
            return None
        asked = {"appid": self._appid, "secret": self._secret, "code": code, "grant_type": "authorization_code"}
        try:
            answer = await self._client.get(TOKENS, params=asked)
            return msgspec.json.decode(answer.content, type=_Token).openid or None
        except (httpx.HTTPError, msgspec.DecodeError):
            return None

    async def close(self) -> None:
        await self._client.aclose()
