"""The design system of the surfaces: layouts, macros, styles, icons, and what renders and serves them.

Knows nothing of HTTP frameworks and nothing of the business: it receives strings and plain facts. How to use
it is in `docs/design.md`; what a layout expects is the docstring of `page.Page`.
"""

from steelyard.surfaces.kit.assets import Answer, Assets
from steelyard.surfaces.kit.environment import Templates
from steelyard.surfaces.kit.page import Crumb, Flash, Link, NavItem, Operator, Page, Viewer

__all__ = [
    "Answer",
    "Assets",
    "Crumb",
    "Flash",
    "Link",
    "NavItem",
    "Operator",
    "Page",
    "Templates",
    "Viewer",
]
