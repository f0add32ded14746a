"""A table as a file: what a spreadsheet makes of it, and what is in it."""

import csv
import io

import httpx
import pytest

from steelyard.kernel.paging import Page
from steelyard.surfaces.web import exports
from tests.support.browser import Browser


def rows(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_a_list_is_given_as_a_file_in_the_reader_s_words(owner: Browser) -> None:
    await owner.post("/merchant/api-keys", {"name": "=HYPERLINK(1)", "scopes": "orders.read"})

    answer = await owner.get("/merchant/audit", format="csv")

    header, *lines = rows(answer)
    assert header[:4] == ["When", "Who", "What", "On what"]
    assert any("API key" in line[2] for line in lines)
    assert "filename*=UTF-8''Audit%20log-" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"


async def test_the_page_links_to_its_file(owner: Browser) -> None:
    page = await owner.get("/merchant/audit", cursor="")

    assert 'href="/merchant/audit?format=csv"' in page.text


@pytest.mark.parametrize("words", ["=1+1", "+86 139", "-2", "@SUM(A1)", "\tx", "＝1"])
def test_no_words_are_a_formula(words: str) -> None:
    assert exports.safe(words) == f"'{words}"


def test_harmless_words_stay_as_they_are() -> None:
    assert exports.safe("钮扣 = 12") == "钮扣 = 12"


async def test_all_pages_of_a_list_are_gathered_up_to_the_limit() -> None:
    async def page_of(cursor: str | None) -> Page[int]:
        first = int(cursor or 0)
        return Page(list(range(first, first + 10)), str(first + 10) if first < 90 else None)

    assert await exports.everything(page_of) == list(range(100))
    assert await exports.everything(page_of, most=25) == list(range(25))
