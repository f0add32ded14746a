"""The design system of the surfaces: layouts, macros, styles, icons, and what renders and serves them.

Knows nothing of HTTP frameworks and nothing of the business: it receives strings and plain facts. How to use
it is in `docs/design.md`; what a layout expects is the docstring of `page.Page`.
"""

from steelyard.surfaces.components.assets import Answer, Assets
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.components.environment import Templates
from steelyard.surfaces.components.page import Crumb, Flash, Link, NavItem, Operator, Page, Theme, Undo, View, Viewer

__all__ = [
    "Answer",
    "Assets",
    "Chart",
    "Crumb",
    "Flash",
    "Link",
    "NavItem",
    "Operator",
    "Page",
    "Series",
    "Templates",
    "Theme",
    "Undo",
    "View",
    "Viewer",
]
