"""What was typed into a form, read politely: what cannot be read is noted under its field, so that the page can be shown
again with all that was typed and what is wrong with it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast
from uuid import UUID

from litestar.datastructures import UploadFile

from steelyard.kernel import ids
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION, Money, minor_digits
from steelyard.kernel.text import Text
from steelyard.surfaces.web.visit import WebRequest

TEXT_CHARACTERS_MAX = 2_000
NUMBER_MAX = 1_000_000_000
MONEY_DIGITS_MAX = 13
PERCENT_DIGITS = 4

NUL = "\x00"

MISSING = N_("Please fill this in")
TOO_LONG = N_("This is too long")
NOT_A_NUMBER = N_("Please enter a whole number")
NOT_AN_AMOUNT = N_("Please enter an amount such as 12.50")


class Entries:
    """The fields of one form. `errors` maps a field's name to what is wrong with it (a msgid)."""

    def __init__(self, fields: Mapping[str, list[str]], files: Mapping[str, list[UploadFile]]) -> None:
        self._fields = fields
        self._files = files
        self.errors: dict[str, str | Text] = {}

    def refuse(self, name: str, message: str | Text) -> None:
        """Note what is wrong with a field; the first trouble of a field counts."""
        self.errors.setdefault(name, message)

    def check(self) -> None:
        """Raises `Invalid` when something could not be read."""
        if self.errors:
            raise Invalid(self.errors)

    def keep(self, name: str, values: Sequence[str]) -> None:
        """Let the form bring this back when it is shown again."""
        self._fields = {**self._fields, name: list(values)}

    def all(self, name: str) -> list[str]:
        return [value.strip() for value in self._fields.get(name, [])]

    def names(self, prefix: str) -> list[str]:
        """What follows `prefix` in the names of the fields that begin with it."""
        return [name.removeprefix(prefix) for name in self._fields if name.startswith(prefix)]

    def text(self, name: str, *, required: bool = False, most: int = TEXT_CHARACTERS_MAX) -> str:
        value = next(iter(self.all(name)), "")
        if required and not value:
            self.refuse(name, MISSING)
        if len(value) > most:
            self.refuse(name, TOO_LONG)
        return value

    def flag(self, name: str) -> bool:
        return bool(self.text(name))

    def words(self, name: str, *, required: bool = False, most: int = TEXT_CHARACTERS_MAX) -> Text:
        """The words of `name_zh` and `name_en`; required means in one of the two languages."""
        said = {"zh-Hans": self.text(f"{name}_zh", most=most), "en": self.text(f"{name}_en", most=most)}
        if required and not any(said.values()):
            self.refuse(f"{name}_zh", MISSING)
        return Text({language: words for language, words in said.items() if words})

    def number(self, name: str, *, otherwise: int | None = None, least: int = 0, most: int = NUMBER_MAX) -> int:
        """A whole number; an empty field is `otherwise`, where there is one."""
        value = self.text(name)
        if not value and otherwise is not None:
            return otherwise
        try:
            number = int(value)
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            self.refuse(name, NOT_A_NUMBER)
            return least
        return number

    def money(self, name: str, currency: str, *, required: bool = True) -> int | None:
        """An amount in minor units, typed in major ones; none when the field is empty and may be."""
        value = self.text(name).replace(",", "").replace("，", "")
        if not value:
            if required:
                self.refuse(name, MISSING)
            return None
        try:
            typed = Decimal(value)
        except InvalidOperation:
            typed = None
        digits = minor_digits(currency)
        if (
            typed is None
            or not typed.is_finite()
            or typed < 0
            or typed.adjusted() >= MONEY_DIGITS_MAX
            or typed != round(typed, digits)
        ):
            self.refuse(name, NOT_AN_AMOUNT)
            return None
        return Money.of(typed, currency).amount

    def rate(self, name: str, *, required: bool = True) -> int | None:
        """A percentage in parts per million; none when the field is empty and may be."""
        value = self.text(name, required=required).removesuffix("%").strip()
        if not value:
            return None
        try:
            percent = Decimal(value)
        except InvalidOperation:
            percent = Decimal(-1)
        if not percent.is_finite() or not 0 <= percent <= 100 or percent != round(percent, PERCENT_DIGITS):
            self.refuse(name, N_("Please enter a rate between 0 and 100 %."))
            return None
        return int(percent * (PARTS_PER_MILLION // 100))

    def uuid(self, name: str) -> UUID:
        """An id that the form carries; a new one when it carries none. Raises `Invalid` for what is no id."""
        value = self.text(name)
        if not value:
            return ids.mint()
        found = as_uuid(value)
        if found is None:
            raise Invalid({name: N_("This form is out of date. Please reload the page.")})
        return found

    def uuids(self, name: str) -> list[UUID]:
        return [found for value in self.all(name) if (found := as_uuid(value)) is not None]

    def files(self, name: str) -> list[UploadFile]:
        return [file for file in self._files.get(name, []) if file.filename]


def as_uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


async def entries_of(request: WebRequest) -> Entries:
    """The form that came with this request, whichever way it was encoded."""
    form = await request.form()
    fields: dict[str, list[str]] = {}
    files: dict[str, list[UploadFile]] = {}
    for name, value in cast("list[tuple[str, Any]]", form.multi_items()):
        if isinstance(value, UploadFile):
            files.setdefault(name, []).append(value)
        else:
            # NUL, which no keyboard has and PostgreSQL does not take, is left out.
            fields.setdefault(name.replace(NUL, ""), []).append(str(value).replace(NUL, ""))
    return Entries(fields, files)
