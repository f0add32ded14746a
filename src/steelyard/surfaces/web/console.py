"""What both consoles share: how a refusal is told beside the form, addresses with their questions, the navigation, the
audit log's and the staff's pages."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, cast
from urllib.parse import urlencode

from litestar import Response
from litestar.params import QueryParameter
from litestar.response import Redirect
from litestar.types import ExceptionHandler

from steelyard.kernel.errors import Forbidden, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.surfaces.components.page import Flash, NavItem, Undo
from steelyard.surfaces.web.guards import ANY_STAFF, SignInFirst
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.problems import for_program, on_refusal
from steelyard.surfaces.web.refusals import field_words, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest

# How many a console's list shows at once.
ROWS_PER_PAGE = 30
# `?state=` of a list: the framework keeps the parameter name `state` for itself.
InState = Annotated[str | None, QueryParameter(name="state")]


# `g` and then the letter leads to the page of this name; the others are found by the palette.
KEYS = {
    "merchant": "h",
    "operator": "h",
    "orders": "o",
    "products": "p",
    "stock": "k",
    "freight": "f",
    "statements": "s",
    "staff": "t",
    "audit": "a",
    "merchants": "m",
    "payments": "y",
    "refunds": "r",
    "books": "b",
    "settlement": "s",
    "categories": "c",
    "system": "x",
    "days": "d",
    "figures": "d",
    "reviews": "v",
}


# An entry of a console's navigation: (path, word, icon, permission, group).
Place = tuple[str, str, str, str, str]


def navigation(visit: Visit, places: Sequence[Place], here: str) -> list[NavItem]:
    """The entries that the visitor may open; `here` is the one that the page belongs to."""
    return [
        NavItem(
            visit.say(word),
            path,
            icon=icon,
            current=path == here,
            group=visit.say(group) if group else "",
            key=KEYS.get(path.rsplit("/", 1)[1], ""),
        )
        for path, word, icon, permission, group in places
        if permission == ANY_STAFF or visit.actor.may(permission)
    ]


def address(path: str, **query: object) -> str:
    """A path with its question; what is empty is left out."""
    asked = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(asked)}" if asked else path


def told(visit: Visit, refusal: Refusal) -> str:
    """A refusal in one line."""
    return sentence_of(refusal, visit.locale)


def errors_of(visit: Visit, fields: Mapping[str, str | Text]) -> dict[str, str]:
    """What is wrong with each field, in the reader's language."""
    return {name: field_words(what, visit.locale) for name, what in fields.items()}


async def done(
    visit: Visit, back: str, message: str, command: Callable[[], Awaitable[object]], undo: Undo | None = None
) -> Redirect:
    """Run one command and go back to the page it was given on, with what came of it, and a button that takes it back.

    Another's things are not found.
    """
    try:
        await command()
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        return redirect(visit, back, (told(visit, refusal), "bad"))
    return redirect(visit, back, Flash(visit.say(message), undo=undo))


def ask_to_sign_in(request: WebRequest, refusal: SignInFirst) -> Response[Any] | Redirect:
    """Who opens a page of a console without being signed in is led to the sign-in page, and back afterwards."""
    # A part of a page is no place for the sign-in page: the script that asked for it leads there.
    if request.method != "GET" or for_program(request) or "hx-request" in request.headers:
        return on_refusal(request, refusal)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Redirect(address("/sign-in", return_to=here), status_code=303)


# For a console's router. (The framework's type cannot say that a handler is for one kind of exception.)
SIGN_IN_FIRST: "dict[int | type[Exception], ExceptionHandler[Any]]" = {
    SignInFirst: cast("ExceptionHandler[Any]", ask_to_sign_in)
}
SAVED = N_("Saved.")
