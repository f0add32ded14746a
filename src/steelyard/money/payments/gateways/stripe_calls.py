"""How Stripe is called and what it answers, for whoever here speaks to it: payments, and what merchants are paid.

The library is loaded with the first call: an installation without Stripe does not pay for it.
"""

import json
from collections.abc import Awaitable, Mapping
from typing import Any, TypeAlias, cast
from uuid import UUID

import httpx

from steelyard.kernel import ids, outside
from steelyard.money.payments.gateways.stripe_words import KEY_USED
from steelyard.money.payments.gateways.stripe_words import Refused as _Refused
from steelyard.money.payments.model import Unknown
from steelyard.money.payments.refusals import BadWebhook

URL = "https://api.stripe.com"
TOLERANCE_SECONDS = 300
_TRANSFERS = UUID("6a5a8a0e-7d0f-5a53-9b1e-2d4c1f6c7b90")


class StripeCalls:
    """A client of one Stripe account. `client` is given by tests."""

    KEY_USED = KEY_USED
    Refused: TypeAlias = _Refused

    def __init__(self, url: str, key: str, client: httpx.AsyncClient | None = None) -> None:
        self._url, self._key = url, key
        self._http = client
        self._made: Any = None

    async def close(self) -> None:
        """Give the connections back."""
        if self._http is not None:
            await self._http.aclose()

    @property
    def _api(self) -> Any:
        """Their version 1; made at the first call."""
        if self._made is None:
            from steelyard.money.payments.gateways import stripe_wire  # noqa: PLC0415  # 12 MB for those who use it

            self._http = self._http or outside.client(self._url, self._key)
            self._made = stripe_wire.api(self._url, self._key, self._http)
        return self._made

    async def _tried(self, call: Awaitable[Any]) -> dict[str, Any] | _Refused | Unknown:
        """What they answered; refused when they say so for good; anything else leaves us not knowing."""
        import stripe  # noqa: PLC0415  # loaded when it is needed

        try:
            return cast("dict[str, Any]", json.loads(str(await call)))
        except stripe.IdempotencyError:
            return _Refused(KEY_USED)
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            if error.http_status in (409, 429):
                return Unknown(why=str(error.code or error.http_status))
            return _Refused(str(error.code or getattr(error, "param", None) or "refused"), error.http_status)
        except stripe.StripeError as error:
            return Unknown(why=type(error).__name__)
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)

    @staticmethod
    def document_of(stripe_id: str) -> UUID:
        """The document in the books of a transfer to a shop's account, or of its reversal, by Stripe's own name of it: so that a
        line of a statement leads there."""
        return ids.derived(_TRANSFERS, stripe_id)

    @staticmethod
    def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> None:
        """Whether a message is Stripe's and of now (seconds since 1970), by the secret of its endpoint. Raises `BadWebhook`."""
        from stripe import SignatureVerificationError, WebhookSignature  # noqa: PLC0415  # loaded when it is needed

        header = headers.get("stripe-signature", "")
        try:
            WebhookSignature.verify_header(body.decode(), header, secret)
            # The first is what they sign, whatever others somebody has written behind it.
            at = next(int(part[2:]) for part in header.split(",") if part.startswith("t="))
        except (SignatureVerificationError, ValueError, StopIteration) as error:
            raise BadWebhook(why="signature") from error
        if not secret:
            raise BadWebhook(why="there is no secret")
        if abs(now - at) > TOLERANCE_SECONDS:
            raise BadWebhook(why="stale")
