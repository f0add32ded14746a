"""What a template says is worked out when it is compiled, wherever that can be known then: an environment speaks one language,
so that most of our words, the icons and the addresses of files are constants.

`{{ _("Cart") }}` costs nothing when a page is drawn: it stands in the compiled template as text.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer

FOLDED = ("_", "gettext", "icon", "asset")
_NAMING = ("store", "param")


class FoldingEnvironment(Environment):
    """A Jinja environment whose globals of the names in `FOLDED` always say the same of the same constants."""

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed = super()._parse(source, name, filename)
        given = cast("Mapping[str, Callable[..., object]]", self.globals)
        own = _own_names(parsed)
        known = {told: given[told] for told in FOLDED if told in given and told not in own}
        _Folding(known).visit(parsed)
        return parsed


class _Folding(NodeTransformer):
    def __init__(self, known: Mapping[str, Callable[..., object]]) -> None:
        self._known = known

    def visit_Call(self, node: nodes.Call, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802  the visitor's naming
        self.generic_visit(node, *args, **kwargs)
        told = node.node
        if not isinstance(told, nodes.Name) or told.name not in self._known or node.dyn_args or node.dyn_kwargs:
            return node
        values = [each.value for each in node.args if isinstance(each, nodes.Const)]
        named = {each.key: each.value.value for each in node.kwargs if isinstance(each.value, nodes.Const)}
        if len(values) < len(node.args) or len(named) < len(node.kwargs):
            return node
        try:
            return nodes.Const(self._known[told.name](*values, **named), lineno=node.lineno)
        except Exception:  # it raises again when the page is drawn, and is told with its place in the template
            return node


def _own_names(template: nodes.Template) -> set[str]:
    """What the template uses for something of its own, anywhere."""
    own: set[str] = set()
    for each in template.find_all((nodes.Name, nodes.FromImport)):
        if isinstance(each, nodes.FromImport):
            own |= {said[1] if isinstance(said, tuple) else said for said in each.names}
        elif each.ctx in _NAMING:
            own.add(each.name)
    return own
