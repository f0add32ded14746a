"""The two kinds of error: a refusal, which is business as usual and is told to the reader in their language,
and a broken assumption, which is an `assert` and is never caught."""

from collections.abc import Mapping
from typing import Any, ClassVar

from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text


class Refusal(Exception):
    """A rule of the business said no. Subclasses are dataclasses or plain classes whose docstring is the rule and whose
    annotated fields are the facts; the words come from the surface.

    `title` and `detail` are English msgids (marked with `N_`), translated where they are shown; `detail` is formatted
    with the facts.
    `status` is the HTTP status that a surface answers with, `code` the stable name that a program reads
    (`urn:steelyard:refusal:<code>` is the problem type of RFC 9457).
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    title: ClassVar[str] = N_("This cannot be done")
    detail: ClassVar[str] = ""

    def __init__(self, **facts: Any) -> None:
        super().__init__()
        self.facts: Mapping[str, Any] = facts

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "facts":
            raise AttributeError(name)
        try:
            return self.facts[name]
        except KeyError:
            raise AttributeError(name) from None

    def __str__(self) -> str:
        return f"{self.code}: {dict(self.facts)}"


class NotFound(Refusal):
    """What was asked for is not there, or is not this reader's to see: the two are told the same."""

    code = "not_found"
    status = 404
    title = N_("Not found")
    detail = N_("There is nothing here under this name.")


class Forbidden(Refusal):
    """The reader is known and may not do this."""

    code = "forbidden"
    status = 403
    title = N_("Not allowed")
    detail = N_("Your account has no permission for this.")


class Invalid(Refusal):
    """Input that cannot be read or breaks a stated limit: `fields` maps a field's name to what is wrong with it."""

    code = "invalid"
    status = 422
    title = N_("Please check what you entered")
    detail = N_("Some of the fields are missing or wrong.")

    def __init__(self, fields: Mapping[str, str | Text] | None = None, **facts: Any) -> None:
        super().__init__(fields=dict(fields or {}), **facts)


class TransitionRefused(Refusal):
    """A thing in this state does not go to that state."""

    code = "transition_refused"
    status = 409
    title = N_("This is no longer possible")
    detail = N_("It is “{state}” now. Please reload the page.")


class TooMany(Refusal):
    """More requests than the limit allows; `retry_after` is in seconds."""

    code = "too_many_requests"
    status = 429
    title = N_("Too many attempts")
    detail = N_("Please wait {retry_after} seconds and try again.")
