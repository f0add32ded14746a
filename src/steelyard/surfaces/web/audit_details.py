"""An entry of the audit log in a reader's words: which field, what it was and what it became, with days, amounts and states as
their language writes them. What is kept (JSON) stands beside it as it is."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale, dates, numbers

from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import LOCALES, N_, translations
from steelyard.kernel.money import PARTS_PER_MILLION, Money
from steelyard.kernel.text import Text
from steelyard.parties import access, merchants
from steelyard.parties.access.model import AccountKind, AuditEntry
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import POLICIES, Unit
from steelyard.surfaces.components.page import TIMEZONE
from steelyard.surfaces.web.asking import TITLES
from steelyard.surfaces.web.audit_fields import AMOUNTS, FIELDS, OWN_WORDS, UNITS, WORDS

NOTHING = "–"
# What the codes are called under which settings and documents are written down.
SUBJECTS = {policy.key: policy.name for policy in POLICIES} | {str(each): title for each, title in TITLES.items()}
_POLICIES = {policy.key: policy for policy in POLICIES}
CHARACTERS_MAX = 200
ITEMS_MAX = 12
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LANGUAGES = {"zh-Hans": "中文", "en": "English"}


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """`before` and `after` are words; none where nothing was, or is any more. A detail that was only said (`changed` is
    false) has its words in `after`."""

    label: str
    before: str | None
    after: str | None
    changed: bool


class Reader:
    """Who reads: in which language, and what ids and codes are called (`names`). Amounts are in the entry's own currency,
    or in that of its merchant (`currencies`)."""

    def __init__(
        self, locale: str, names: Mapping[str, Text | str] | None = None, currencies: Mapping[Any, str] | None = None
    ) -> None:
        self._language = locale
        self._locale = Locale.parse(locale.replace("-", "_"))
        self._say = translations(locale).gettext
        self._names = names or {}
        self._currencies = currencies or {}

    def details(self, entry: AuditEntry) -> list[Detail]:
        """What became different, then what was said besides."""
        currency = self._currency(entry)
        facts = dict(entry.facts)
        had, has = facts.pop("before", None), facts.pop("after", None)
        differing = [(each.field, each.before, each.after) for each in entry.changes]
        if had is not None or has is not None:
            differing += _differences(had, has)
        unit = self._unit(entry)
        changed = [
            Detail(
                label=self._label(name),
                before=unit(before) or self._words(name, before, currency),
                after=unit(after) or self._words(name, after, currency),
                changed=True,
            )
            for name, before, after in differing
        ]
        said = [
            Detail(
                label=self._label(name),
                before=None,
                after=(unit(value) if name == "value" else None) or self._words(name, value, currency),
                changed=False,
            )
            for name, value in facts.items()
            if value not in (None, "", [], {}) and name != "currency"
        ]
        return changed + said

    def lines(self, entry: AuditEntry) -> Iterator[str]:
        """The same as lines of text, for a file."""
        colon = self._say(N_(": "))
        for each in self.details(entry):
            if each.changed:
                yield f"{each.label}{colon}{each.before or NOTHING} → {each.after or NOTHING}"
            else:
                yield f"{each.label}{colon}{each.after or NOTHING}"

    def called(self, code: str) -> str:
        """What an id or a code is called; itself where that is not known."""
        if code in self._names:
            return self._called(code)
        return self._say(SUBJECTS[code]) if code in SUBJECTS else code

    def _unit(self, entry: AuditEntry) -> Callable[[Any], str | None]:
        """How the value of a setting is written: “30 minutes”, “yes”; None for what is no setting's value."""
        policy = _POLICIES.get(entry.subject) if entry.action.startswith("settings.") else None

        def written(value: Any) -> str | None:
            if policy is None or not isinstance(value, int):
                return None
            if policy.unit is Unit.YES_OR_NO:
                return self._say(N_("yes") if value else N_("no"))
            return f"{numbers.format_decimal(value, locale=self._locale)} {self._say(UNITS[policy.unit])}".strip()

        return written

    def _currency(self, entry: AuditEntry) -> str:
        own = entry.facts.get("currency") or next(
            (each.after or each.before for each in entry.changes if each.field == "currency"), None
        )
        return str(own or self._currencies.get(entry.merchant_id, ""))

    def _label(self, name: str) -> str:
        """`payout.bank` is “Payout account · Bank”; `price A-1`, as prices are kept, is “Price A-1”."""
        parts = [self._part(part) for part in name.split(".") if part]
        return " · ".join(parts) or self._say(N_("Value"))

    def _part(self, part: str) -> str:
        if part in FIELDS:
            return self._say(FIELDS[part])
        if part in _LANGUAGES:
            return _LANGUAGES[part]
        if part in self._names:
            return self._called(part)
        first, _, rest = part.partition(" ")
        for code, field in ((first, rest), (rest, first)):
            if code in FIELDS and field:
                return f"{self._say(FIELDS[code])} {field}"
        return part.replace("_", " ")

    def _called(self, code: str) -> str:
        name = self._names[code]
        return name.in_language(self._language) if isinstance(name, Text) else name

    def _words(self, name: str, value: Any, currency: str) -> str | None:
        """None for nothing."""
        words: str | None
        match value:
            case _ if value is None or value in ("", [], {}):
                words = None
            case bool():
                words = self._say(N_("yes") if value else N_("no"))
            case int() | float():
                words = self._number(name, value, currency)
            case str():
                words = self._text(name, value)
            case list():
                words = self._list(name, cast("list[Any]", value), currency)
            case dict():
                words = self._mapping(cast("dict[str, Any]", value), currency)
            case _:
                words = str(value)
        return words

    def _list(self, name: str, values: list[Any], currency: str) -> str:
        items = [self._words(name, each, currency) or NOTHING for each in values[:ITEMS_MAX]]
        more = len(values) - len(items)
        return self._say(N_(", ")).join(items) + (f" … +{more}" if more else "")

    def _mapping(self, value: dict[str, Any], currency: str) -> str:
        if set(value) <= set(LOCALES):
            return Text(value).in_language(self._language)
        colon = self._say(N_(": "))
        parts = [
            f"{self._label(key)}{colon}{self._words(key, each, currency) or NOTHING}" for key, each in value.items()
        ]
        return self._say(N_("; ")).join(parts[:ITEMS_MAX])

    def _number(self, name: str, value: float, currency: str) -> str:
        last = name.rpartition(".")[2]
        if last == "millionths":
            return numbers.format_percent(value / PARTS_PER_MILLION, "#,##0.##%", locale=self._locale)
        if isinstance(value, int) and currency and last.partition(" ")[0] in AMOUNTS:
            return numbers.format_currency(Money(value, currency).decimal(), currency, locale=self._locale)
        return numbers.format_decimal(value, locale=self._locale)

    def _text(self, name: str, value: str) -> str:
        if value in self._names and name.partition(".")[0] not in OWN_WORDS:
            return self._called(value)
        known = WORDS.get(name.rpartition(".")[2], {}).get(value)
        if known:
            return self._say(known)
        try:
            if _MOMENT.match(value):
                moment = datetime.fromisoformat(value)
                aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
                return dates.format_datetime(aware, "short", tzinfo=ZoneInfo(TIMEZONE), locale=self._locale)
            if _DAY.fullmatch(value):
                return dates.format_date(date.fromisoformat(value), "medium", locale=self._locale)
        except ValueError:
            pass
        return value if len(value) <= CHARACTERS_MAX else f"{value[:CHARACTERS_MAX]}…"


def raw(entry: AuditEntry) -> str:
    """What is kept of an entry, as it is; empty for nothing."""
    kept: dict[str, Any] = {"facts": entry.facts} if entry.facts else {}
    if entry.changes:
        kept["changes"] = entry.changes
    if entry.request_id:
        kept["request_id"] = entry.request_id
    return msgspec.json.format(msgspec.json.encode(kept), indent=2).decode() if entry.facts or entry.changes else ""


async def reader(
    read: Read, locale: str, kind: AccountKind, merchant_id: UUID | None, entries: Sequence[AuditEntry]
) -> Reader:
    """Who reads these entries: staff, roles, permissions, categories and merchants are called by their names."""
    names: dict[str, Text | str] = {str(each.account_id): each.name for each in await access.staff(read, merchant_id)}
    for audience in (kind, AccountKind.MERCHANT):
        own = merchant_id if audience is AccountKind.MERCHANT else None
        names |= {each.role_id: each.name for each in await access.roles(read, audience, own)}
        names |= {each.permission: each.description for each in await access.permissions(read, audience)}
    of = {MerchantId(each.merchant_id) for each in entries if each.merchant_id}
    names |= {each.role_id: each.name for each in await access.own_roles(read, of)}
    names |= _categories(await catalog.categories(read))
    shops = await merchants.cards(read, of)
    names |= {str(shop.merchant_id): shop.name for shop in shops.values()}
    return Reader(locale, names, {shop.merchant_id: shop.currency for shop in shops.values()})


def _categories(tree: Sequence[Category]) -> dict[str, Text | str]:
    found: dict[str, Text | str] = {}
    for category in tree:
        found[str(category.category_id)] = category.name
        found |= _categories(category.children)
    return found


def _differences(had: Any, has: Any) -> list[tuple[str, Any, Any]]:
    """What differs between two things as facts keep them, field by field; whole, where they are no things with fields."""
    if not all(each is None or isinstance(each, dict) for each in (had, has)):
        return [("", had, has)]
    before, after = cast("dict[str, Any]", had or {}), cast("dict[str, Any]", has or {})
    names = [*before, *(name for name in after if name not in before)]
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]
