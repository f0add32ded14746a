"""What every page tells its layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Tone = Literal["quiet", "info", "good", "warn", "bad"]
Surface = Literal["storefront", "merchant", "operator"]
Theme = Literal["system", "light", "dark"]
THEMES: tuple[Theme, ...] = ("system", "light", "dark")

# Days begin and times are shown as here.
TIMEZONE = "Asia/Shanghai"
# Locale → what a speaker of it calls it. The order is the order of the language switch.
LANGUAGES: dict[str, str] = {"zh-Hans": "简体中文", "en": "English"}


@dataclass(frozen=True, slots=True)
class Link:
    """A word and where it leads. Labels are already in the reader's language."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of a breadcrumb; the last one has no `href`: it is the page itself."""

    label: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of a navigation. `icon` is a lucide name; `count` shows as a small number when it is not 0.

    `group` is a heading shown above the first item of each group, `key` the letter that leads there after `g` (consoles
    only).
    """

    label: str
    href: str
    icon: str = ""
    current: bool = False
    count: int = 0
    group: str = ""
    key: str = ""


class View(NamedTuple):
    """A list as somebody filters it often: its name, its address, whether it is shown now, and where it is removed
    (empty for a colleague's)."""

    label: str
    href: str
    current: bool = False
    remove_href: str = ""


class Undo(NamedTuple):
    """A button that takes back what just happened: its words, the path of ours that it posts to, and with which fields."""

    label: str
    action: str
    fields: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Flash:
    """A message about what just happened, shown once: trouble at the top of the page, all else as a toast."""

    text: str
    tone: Tone = "good"
    undo: Undo | tuple[str, str, Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """The registered entity that runs the marketplace: what the law wants in the footer of every page.

    `links` are the legal pages (terms, privacy, complaints); `licence_href` shows the licence itself.
    """

    registered_name: str
    licence_number: str = ""
    licence_href: str = ""
    icp_number: str = ""
    links: Sequence[Link] = ()
    support: str = ""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is signed in: the name, one line below it (shop, role, mail), the entries of the account menu."""

    name: str
    detail: str = ""
    links: Sequence[Link] = ()
    sign_out_href: str = "/sign-out"


@dataclass(frozen=True, slots=True)
class News:
    """A document that has changed: its title, where it is read, and what is new in a sentence."""

    title: str
    href: str
    summary: str


@dataclass(frozen=True, slots=True)
class Asking:
    """Documents that somebody is asked to agree to. The form posts `agreed` (this value) and `return_to` to `action`;
    `after` says what goes on without."""

    news: Sequence[News]
    action: str
    value: str
    after: str


@dataclass(frozen=True, slots=True)
class Page:
    """The request context that every layout and partial expects, as the template variable `page`.

    locale       BCP 47, a key of LANGUAGES; chooses words, number and date formats, and `<html lang>`
    path         the path of the request with its query string; the language switch returns here
    operator     shown in the footer of storefront and plain pages
    surface      which product this is; chooses the wordmark's second word in consoles
    viewer       None when nobody is signed in
    csrf_token   put into every form by `{{ csrf(page) }}` and sent with every htmx request as X-CSRF-Token
    nav          storefront: the categories; consoles: the sidebar
    cart_count   pieces in the cart, storefront only
    flashes      messages shown once
    breadcrumb   from the home page down; empty for none
    environment  the text of a ribbon above consoles ("Demo", "Staging"); empty in production
    search       what was searched for, shown in the search box; `search_scopes` are (value, label) pairs
    timezone     IANA name by which times are shown
    views        the saved views of the list that this page is; `views_action` is where another is saved, empty on pages
                 that are no list, and `views_query` what would be saved: empty when nothing is filtered
    asking       changed terms that the viewer is asked to agree to, above the page; None for nothing
    sheet        the page stands in a frame of another page of ours, without header, footer and navigation
    survey_href  where the quiet card of a survey comes from, at the end of a storefront page; empty where nothing is asked
    theme        light, dark, or as the system says; the switch posts `theme` and `return_to` to `theme_action`
    """

    locale: str
    path: str
    operator: Operator
    surface: Surface = "storefront"
    viewer: Viewer | None = None
    csrf_token: str = ""
    nav: Sequence[NavItem] = ()
    cart_count: int = 0
    flashes: Sequence[Flash] = ()
    breadcrumb: Sequence[Crumb] = ()
    environment: str = ""
    survey_href: str = ""
    search: str = ""
    search_scope: str = ""
    search_scopes: Sequence[tuple[str, str]] = ()
    search_action: str = "/search"
    home_href: str = "/"
    sign_in_href: str = "/sign-in"
    language_action: str = "/language"
    asking: Asking | None = None
    views: Sequence[View] = ()
    views_action: str = ""
    views_query: str = ""
    sheet: bool = False
    theme: Theme = "system"
    theme_action: str = "/theme"
    timezone: str = TIMEZONE
    languages: dict[str, str] = field(default_factory=lambda: dict(LANGUAGES))
