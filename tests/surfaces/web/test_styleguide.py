"""The living page of the design system: in a demo, whole, in both languages."""

import re
from pathlib import Path

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.surfaces.components import glossary, tokens
from steelyard.surfaces.components.environment import TEMPLATES
from steelyard.surfaces.web.styleguide import EXAMPLES, SECTIONS
from tests.support.browser import Browser, browsing, words

READABLE = 4.5
# What a component needs to be told from its ground (WCAG 1.4.11).
VISIBLE = 3.0
# The files of macros that all surfaces share.
SYSTEM = {"buttons", "forms", "feedback", "navigation", "data", "lists", "charts", "terms"}
# What a page holds once, or what stands in a layout.
SHOWN_ELSEWHERE = {
    "breadcrumb", "language_switch", "theme_switch", "flashes", "saved_views", "palette", "wordmark", "mark", "csrf",
    "seen_field",
    "search_field", "filter_panel", "to_do", "spark", "actions_cell", "csv_link", "action_bar", "gallery", "option_picker",
    "product_card",
}  # fmt: skip


@pytest.fixture
def demo(app: Litestar, db: Database, tmp_path: Path) -> Litestar:
    settings: Settings = app.state.settings
    app.state.settings = Settings(home=settings.home, base_url=settings.base_url, development=True)
    return app


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
async def test_every_section_is_there(demo: Litestar, language: str) -> None:
    async with browsing(demo, language) as browser:
        for section in SECTIONS:
            page = await browser.get(f"/styleguide/{section}")
            assert page.status_code == 200, (section, words(page)[-500:])


async def test_it_is_not_there_where_people_trade(chief: Browser) -> None:
    assert (await chief.get("/styleguide")).status_code == 404


def test_every_component_has_an_example() -> None:
    macros = {
        name
        for path in (TEMPLATES / "macros").glob("*.html")
        if path.stem in SYSTEM
        for name in re.findall(r"\{% macro ([a-z]\w*)\(", path.read_text(encoding="utf-8"))
    }
    examples = " ".join(path.read_text(encoding="utf-8") for path in EXAMPLES.rglob("*.html"))

    assert {name for name in macros - SHOWN_ELSEWHERE if not re.search(rf"\b{name}\(", examples)} == set()


@pytest.mark.parametrize("colour", tokens.colours(), ids=lambda colour: colour.name)
def test_words_can_be_read_on_what_they_stand_on(colour: tokens.Colour) -> None:
    for ratio in (colour.contrast_light, colour.contrast_dark):
        least = VISIBLE if colour.name.startswith("chart-") or colour.name == "line-strong" else READABLE
        assert ratio == 0 or ratio >= least, colour


def test_a_contrast_is_what_the_guidelines_say() -> None:
    assert round(tokens.contrast("#000000", "#ffffff"), 2) == 21
    assert round(tokens.contrast("#767676", "#ffffff"), 2) == 4.54


def test_every_term_is_explained_in_both_languages_once() -> None:
    keys = [term.key for group in glossary.GROUPS for term in group.terms]

    assert len(keys) == len(set(keys)) >= 60
    for term in glossary.TERMS.values():
        assert set(term.name) == set(term.meaning) == {"zh-Hans", "en"}
        assert term.meaning["zh-Hans"].endswith(("。", "）"))
        assert term.meaning["en"].endswith((".", ")"))
