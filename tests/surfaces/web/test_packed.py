"""Pages that are kept compressed: each reader is sent the page with what is their own, and a browser can read it."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.surfaces.web.packed import Packed

MINE, YOURS = (b"a" * 64 + b"1" * 64, b"0192-checkout-1"), (b"b" * 64 + b"2" * 64, b"0192-checkout-2")
PIECES = st.lists(
    st.one_of(st.sampled_from([*MINE, "<li>茶壶</li>".encode() * 40]), st.text(max_size=60).map(str.encode)),
    min_size=1,
    max_size=30,
)


@given(PIECES)
def test_each_reader_is_sent_the_page_with_what_is_their_own(pieces: list[bytes]) -> None:
    body = b"|".join(pieces)
    packed, open_beside = Packed.of(body, MINE), Packed.of(body, MINE, beside=True)

    yours = body.replace(MINE[0], YOURS[0]).replace(MINE[1], YOURS[1])
    for own, expected in ((MINE, body), (YOURS, yours)):
        assert packed.plain(own) == open_beside.plain(own) == expected
        assert gzip.decompress(packed.gzip(own)) == expected
        assert packed.body_bytes == len(expected)


def test_nothing_of_whom_it_was_drawn_for_is_kept() -> None:
    body = b"<form>" + MINE[0] + b"</form>" * 100 + MINE[1] + MINE[0]
    packed = Packed.of(body, MINE)

    again = packed.plain(YOURS)
    assert not any(own in again for own in MINE)
    assert packed.places == [0, 1, 0]


def test_a_page_is_kept_in_little_more_than_it_takes_compressed() -> None:
    card = "<li class='card'><a href='/products/{n}'>茶壶 {n}</a><b>¥{n}.00</b></li>"
    body = "".join(card.format(n=n) for n in range(2_000)).encode().replace(b"/1999'", MINE[0])

    packed = Packed.of(body, MINE)

    assert packed.size < 1.1 * len(zlib.compress(body)) < len(body) / 5


def test_two_answers_differ_in_length_without_telling_why() -> None:
    packed = Packed.of(b"<p>page</p>" * 200 + MINE[0], MINE)

    assert len({len(packed.gzip(MINE)) for _ in range(50)}) > 1


def test_what_is_a_readers_own_is_as_long_as_it_was() -> None:
    with pytest.raises(AssertionError, match="as long as"):
        Packed.of(b"<p>" + MINE[0], MINE).plain((b"short", MINE[1]))
