"""Forms and refusals in Stripe's words."""

import re
from typing import Any
from urllib.parse import parse_qsl

# How the name of a thing of each kind begins.
PREFIX = {
    "checkout.session": "cs_test_", "payment_intent": "pi_", "refund": "re_", "dispute": "du_", "account": "acct_",
    "transfer": "tr_", "transfer_reversal": "trr_", "topup": "tu_", "payout": "po_",
}  # fmt: skip
PART = re.compile(r"\[([^\[\]]*)\]")


class StripeRefused(Exception):
    """The API will not. `kind` is `invalid_request_error`, `card_error` or `idempotency_error`."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"type": kind, "message": message, **more}
        if code is not None:
            self.error["code"] = code
        if param is not None:
            self.error["param"] = param


def missing(kind: str, name: str) -> StripeRefused:
    return StripeRefused(f"No such {kind}: '{name}'", status=404, code="resource_missing", param="id")


def form(body: str) -> dict[str, Any]:
    """`a[b]=1&c[0][d]=2` as {"a": {"b": "1"}, "c": [{"d": "2"}]}."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        head = name.split("[", 1)[0]
        place, path = found, [head, *PART.findall(name[len(head) :])]
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place[path[-1]] = value
    return {name: _lists(value) for name, value in found.items()}


def _lists(value: Any) -> Any:
    """Maps whose keys are 0, 1, 2 … are lists."""
    if not isinstance(value, dict):
        return value
    whole = {name: _lists(each) for name, each in value.items()}
    if whole and all(name.isdigit() for name in whole):
        return [whole[name] for name in sorted(whole, key=int)]
    return whole


def integer(given: dict[str, Any], name: str, *, least: int = 1, default: int | None = None) -> int:
    """A whole number of the form."""
    value = given.get(name)
    if value is None and default is not None:
        return default
    if value is None:
        raise StripeRefused(f"Missing required param: {name}.", code="parameter_missing", param=name)
    if not str(value).isascii() or not str(value).isdigit():
        raise StripeRefused(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    if int(value) < least:
        raise StripeRefused(
            f"This value must be greater than or equal to {least}.", code="parameter_invalid_integer", param=name
        )
    return int(value)


def word(given: dict[str, Any], name: str) -> str:
    """A text of the form that must be there."""
    value = given.get(name)
    if not value or not isinstance(value, str):
        raise StripeRefused(f"Missing required param: {name}.", code="parameter_missing", param=name)
    return value
