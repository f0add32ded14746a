"""Static files: addresses, caching, compression."""

import gzip
import re

import pytest

from steelyard.surfaces.components import Assets
from steelyard.surfaces.components.tokens import STATIC

assets = Assets()


def test_the_address_of_a_file_may_be_cached_for_ever() -> None:
    answer = assets.answer(assets.url("storefront.css"))

    assert answer.status == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("path", ["/assets/storefront.css", "/assets/storefront.000000000000.css"])
def test_an_address_without_today_s_hash_gets_today_s_file_and_is_asked_for_again(path: str) -> None:
    answer = assets.answer(path)

    assert answer.body == assets.answer(assets.url("storefront.css")).body
    assert answer.headers["cache-control"] == "no-cache"


def test_a_browser_that_takes_gzip_gets_the_same_bytes_compressed() -> None:
    plain = assets.answer(assets.url("vendor/htmx.min.js"))
    packed = assets.answer(assets.url("vendor/htmx.min.js"), accept_encoding="gzip, br")

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2


def test_a_file_that_has_not_changed_is_not_sent_again() -> None:
    first = assets.answer("/assets/components.js")

    assert assets.answer("/assets/components.js", if_none_match=first.headers["etag"]).status == 304


@pytest.mark.parametrize("path", ["/assets/../page.py", "/assets/none.css", "/assets/", "/assets/tokens.css"])
def test_nothing_but_static_files_is_served(path: str) -> None:
    assert assets.answer(path).status == 404


def test_an_unknown_name_is_told_to_the_author() -> None:
    with pytest.raises(LookupError, match="no static file"):
        assets.url("nope.css")


SHADOWED = re.compile(r"\b(form|target)\.(action|method)\b(?!\s*=[^=])")


def test_no_script_asks_a_form_for_what_a_field_of_it_may_be_called() -> None:
    """In a form with a field called “method”, `form.method` is that field: drafts of it were lost, and drafts of products
    went to an address that there is not."""
    scripts = {path.name: path.read_text(encoding="utf-8") for path in STATIC.glob("*.js")}

    assert {name: found[0] for name, words in scripts.items() if (found := SHADOWED.search(words))} == {}
    assert SHADOWED.search('form.method === "post"') and SHADOWED.search("fetch(form.action, {")
    assert not SHADOWED.search("form.action = where") and not SHADOWED.search('form.getAttribute("action")')
