"""Logs: one form for all, the request on every line, and no secret anywhere."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import structlog

from steelyard.kernel import logs
from tests.support.saying import logged_plainly

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    out = io.StringIO()
    logs.configure("json", stream=out)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    logged_plainly()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_secrets_are_never_written_however_deep_they_are(lines: Lines) -> None:
    log = structlog.get_logger()

    log.info(
        "login",
        password="hunter2",
        headers={"Authorization": "Bearer hunter2", "Cookie": "hunter2", "Accept": "text/html"},
        tries=[{"api_key": "hunter2"}, {"reset-token": "hunter2"}],
        database="postgresql://shop:hunter2@db/shop",
        body=b"hunter2",
    )
    logging.getLogger("other").warning("connect", extra={"client_secret": "hunter2"})

    written = json.dumps(lines())
    assert "hunter2" not in written
    assert lines()[0]["headers"]["Accept"] == "text/html"
    assert lines()[0]["database"] == "postgresql://shop:[redacted]@db/shop"


def test_a_traceback_tells_where_and_not_with_which_values(lines: Lines) -> None:
    def fail(entered: str) -> None:
        raise LookupError("no such thing")

    try:
        fail("hunter2")
    except LookupError:
        structlog.get_logger().exception("failed")

    [line] = lines()
    assert line["exception"][0]["exc_value"] == "no such thing"
    assert "hunter2" not in json.dumps(line["exception"][0]["frames"][-1])


async def test_addresses_of_calls_outside_are_not_written(lines: Lines) -> None:
    """One of them has the secret of a WeChat account in its query."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client:
        await client.get("https://outside.test/token", params={"secret": "hunter2"})

    assert "hunter2" not in json.dumps(lines())


def test_every_line_of_a_request_carries_its_id_and_no_line_after_it(lines: Lines) -> None:
    with logs.bind_request("from-the-caller", path="/cart") as name:
        structlog.get_logger().info("inside")
        logging.getLogger("library").warning("inside, too")
        assert logs.request_id() == name == "from-the-caller"
    structlog.get_logger().info("outside")

    inside, library, outside = lines()
    assert inside["request_id"] == library["request_id"] == "from-the-caller"
    assert inside["path"] == "/cart"
    assert "request_id" not in outside
    assert logs.request_id() is None


def test_a_request_id_that_could_forge_a_line_is_not_taken_over(lines: Lines) -> None:
    with logs.bind_request('x"\n{"event": "forged"}') as name:
        assert name.isalnum()


def test_a_person_reads_the_same_as_text() -> None:
    out = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs.configure("console", stream=out)
    try:
        structlog.get_logger().info("weighed", grams=500, token="hunter2")
    finally:
        logged_plainly()
        root.handlers[:] = handlers
        root.setLevel(level)

    assert "weighed" in out.getvalue()
    assert "grams=500" in out.getvalue()
    assert "hunter2" not in out.getvalue()
