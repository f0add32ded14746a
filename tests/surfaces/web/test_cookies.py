"""The cookies that every newcomer is given are written our own way, and say what the framework would say."""

import pytest
from litestar.datastructures import Cookie

from steelyard.surfaces.web.visit import set_cookie


@pytest.mark.parametrize("seconds", [None, 0, 34_560_000])
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("httponly", [False, True])
def test_a_cookie_is_written_as_the_framework_writes_it(seconds: int | None, secure: bool, httponly: bool) -> None:
    cookie = Cookie(
        key="steelyard_visitor", value="0e7d.a1-b2", max_age=seconds, path="/", httponly=httponly, secure=secure,
        samesite="lax",
    )  # fmt: skip

    assert set_cookie(cookie) == cookie.to_header(header="")
