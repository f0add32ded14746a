"""Structured logs: one event a line with its facts, for a person (`console`) or a program (`json`), and no secrets.

`structlog.get_logger()` works everywhere; lines of other libraries (the standard `logging`) come out in the same form.
What is bound with `bind_request` is on every line of that request, and only of that.
"""

import logging
import re
import secrets
import sys
from collections.abc import Generator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO, cast

import structlog

REDACTED = "[redacted]"
_SECRET = re.compile(
    r"passw|secret|token|authori[sz]ation|cookie|credential|signature|private_?key|api_?key|otp|card_?number|cvv|cvc",
    re.IGNORECASE,
)
# A database URL may carry a password.
_URL_PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):[^@/\s]+@")
NESTING_MAX = 6
_SANE_ID = re.compile(r"[\w.\-]{8,100}")

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id() -> str | None:
    """The id of the request that is being answered, for problem details and for calls to others; outside one, None."""
    return _request_id.get()


@contextmanager
def bind_request(given: str | None = None, **facts: object) -> Generator[str]:
    """Give every log line in here a `request_id` (the caller's when it has one of a sane form) and `facts`."""
    name = given if given and _SANE_ID.fullmatch(given) else secrets.token_hex(16)
    token = _request_id.set(name)
    try:
        if facts:
            with structlog.contextvars.bound_contextvars(**facts):
                yield name
        else:
            yield name
    finally:
        _request_id.reset(token)


def _number(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say which request a line is of. (Here and not when the request begins: most requests log nothing.)"""
    name = _request_id.get()
    if name is not None:
        event.setdefault("request_id", name)
    return event


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the value of every key that sounds like a secret, however deep, and passwords inside URLs."""
    for key, value in event.items():
        event[key] = _clean(key, value, NESTING_MAX)
    return event


def _clean(key: str, value: object, deeper: int) -> object:
    if _SECRET.search(key):
        return REDACTED
    if isinstance(value, str):
        return _URL_PASSWORD.sub(rf"\1:{REDACTED}@", value)
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    if deeper and isinstance(value, Mapping):
        items = cast(Mapping[object, object], value).items()
        return {str(name): _clean(str(name), inner, deeper - 1) for name, inner in items}
    if deeper and isinstance(value, list | tuple):
        return [_clean("", inner, deeper - 1) for inner in cast(list[object], value)]
    return value


def configure(form: str = "console", level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Set up logging for this process; `form` is `console` or `json`. Lines go to the standard error."""
    assert form in ("console", "json"), "STEELYARD_LOG_FORMAT is console or json"
    out = stream or sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _number,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if form == "json":
        # Without the local variables of each frame: they would be the place where a secret gets out.
        frames = structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        )
        last: list[Any] = [frames, redact, structlog.processors.JSONRenderer(default=str, ensure_ascii=False)]
    else:
        plain = structlog.dev.plain_traceback
        last = [redact, structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # It tells its every step at INFO; our own jobs say what they did.
    logging.getLogger("procrastinate").setLevel(max(level, logging.WARNING))
    # They tell the whole address of every call: who asks WeChat for an openid has the account's secret in it.
    for library in ("httpx", "httpcore"):
        logging.getLogger(library).setLevel(max(level, logging.WARNING))
