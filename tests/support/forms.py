"""The forms of a page as a browser would send them."""

from html.parser import HTMLParser
from typing import Any

import httpx


class Form:
    """One form: where it is sent, and what stands in it."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.fields: dict[str, list[str]] = {}

    def filled(self, **typed: str | list[str]) -> dict[str, str | list[str]]:
        """Its fields, with something else typed into some."""
        return {**self.fields, **typed}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select: list[tuple[str | None, bool]] | None = None
        self._name = ""
        self._text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attrs)
        if tag == "form":
            self._form = Form(given.get("action") or "")
            self.forms.append(self._form)
        elif tag == "select":
            self._name, self._select = given.get("name") or "", []
        elif tag == "option" and self._select is not None:
            self._select.append((given.get("value"), "selected" in given))
        elif tag == "textarea":
            self._name, self._text = given.get("name") or "", ""
        elif tag == "input" and given.get("name"):
            kind = given.get("type", "text")
            ticked = kind not in ("checkbox", "radio") or "checked" in given
            if ticked and kind not in ("file", "submit") and "disabled" not in given:
                self._put(given["name"], given.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select" and self._select is not None:
            chosen = next((value for value, selected in self._select if selected), None)
            first = self._select[0][0] if self._select else ""
            self._put(self._name, (first if chosen is None else chosen) or "")
            self._select = None
        elif tag == "textarea" and self._text is not None:
            # The first line end after the tag is none of the text's.
            self._put(self._name, self._text.removeprefix("\n"))
            self._text = None

    def _put(self, name: str, value: str) -> None:
        if self._form is not None:
            self._form.fields.setdefault(name, []).append(value)


def form_in(page: httpx.Response, action: str, field: str = "") -> Form:
    """The form of a page that is sent to `action` and has this field."""
    reader = _Reader()
    reader.feed(page.text)
    for form in reader.forms:
        if form.action == action and (not field or field in form.fields):
            return form
    raise AssertionError(f"no form for {action} with {field!r} among {[form.action for form in reader.forms]}")
