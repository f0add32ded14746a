"""What is known of a template when it is compiled is worked out then, and says the same."""

import pytest
from jinja2 import nodes

from steelyard.surfaces.components import Assets, Templates
from tests.surfaces.components.sample_pages import sample_page

templates = Templates(Assets())


def said(source: str, language: str = "en", **values: object) -> str:
    page = sample_page("home", language)
    return templates.environment(language).from_string(source).render(page=page, **values)


def calls(source: str) -> list[str]:
    """The names that are still called when a page is drawn."""
    found = templates.environment("zh-Hans").parse(source).find_all(nodes.Call)
    return [each.node.name for each in found if isinstance(each.node, nodes.Name)]


@pytest.mark.parametrize(
    "source",
    [
        "{{ _('Cart') }}",
        "{% trans %}Cart{% endtrans %}",
        "{{ icon('truck', size='small') }}",
        "{{ asset('storefront.css') }}",
        "{{ icon('truck', label=_('Cart')) }}",
        "<p title=\"{{ _('Cart') if yes is defined else _('Orders') }}\">",
    ],
)
def test_a_constant_is_worked_out_when_the_template_is_compiled(source: str) -> None:
    assert calls(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "{{ _(word) }}",
        "{{ _('%(count)s sold', count=number) }}",
        "{{ icon(word) }}",
        "{% macro named(icon) %}{{ icon('truck') }}{% endmacro %}",
        "{% for icon in shapes %}{{ icon('truck') }}{% endfor %}",
    ],
)
def test_what_depends_on_the_page_is_left_to_it(source: str) -> None:
    assert calls(source) != []


def test_what_is_worked_out_says_what_would_have_been_said() -> None:
    assert said("{{ _('Cart') }}", "zh-Hans") == said("{{ _(word) }}", "zh-Hans", word="Cart") == "购物车"
    assert said("{{ icon('truck') }}") == said("{{ icon(word) }}", word="truck")
    assert said("{{ asset('storefront.css') }}") == said("{{ asset(word) }}", word="storefront.css")


def test_a_word_of_our_own_is_markup_and_what_is_put_into_it_is_not() -> None:
    assert said("{{ _('%(count)s sold', count=number) }}", number="<b>") == "&lt;b&gt; sold"
    assert said("{{ _('%(percent)s %% good', percent=98) }}") == "98 % good"
