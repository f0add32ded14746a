"""Mapping files: how a foreign file becomes a canonical one. YAML, checked whole before a row is read."""

import re
from importlib import resources
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml

from steelyard.channels.feeds.countries import is_country
from steelyard.channels.feeds.model import FORMATS, PRICE_DECIMALS, Kind, MapInvalid, Subject
from steelyard.channels.feeds.opening import RULES_MAX, Opening, Shelf, pattern_problems
from steelyard.channels.feeds.opening import problems as opening_problems

MAP_BYTES_MAX = 1024**2
VALUES_MAX = 10_000
UTC_OFFSET_MINUTES_MAX = 14 * 60


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where one canonical field comes from: the first of these columns that the file has, or a constant."""

    from_: str | list[str] = msgspec.field(default_factory=list[str], name="from")
    constant: str | None = None
    default: str | None = None  # stands for an empty value
    values: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    upper: bool = False
    integral: bool = False  # `13085.0` is `13085`: an identifier that some program took for a float
    formats: list[str] = msgspec.field(default_factory=list[str])
    time_zone: str = "UTC"
    decimal_mark: Literal[".", ","] = "."

    @property
    def columns(self) -> list[str]:
        """The candidates, in order of preference."""
        return [self.from_] if isinstance(self.from_, str) else self.from_


class KindRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line whose SKU and title match (RE2, anywhere in the text, case-sensitive) is of this kind."""

    kind: Kind
    sku: str | None = None
    title: str | None = None


class Kinds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How lines are told apart; used where the file has no kind of its own."""

    default: Kind = Kind.GOODS
    rules: list[KindRule] = msgspec.field(default_factory=list[KindRule])


class Cancellations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which documents may hold negative quantities with a price; without it every document may."""

    order_id: str


class Returns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which kinds of negative line are matched to an earlier sale; the others stay credits."""

    kinds: list[Kind] = msgspec.field(default_factory=lambda: list(Kind))


class Csv(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a CSV file is written. Without an encoding UTF-8 is tried, then GB18030 (which holds GBK)."""

    delimiter: str = ","
    quote: str = '"'
    encoding: str | None = None


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole mapping file. The empty one reads the canonical format."""

    of: Subject
    steelyard_map: Literal[1] = 1
    name: str = "canonical"
    columns: dict[str, str | list[str] | Source] = msgspec.field(default_factory=dict[str, str | list[str] | Source])
    kinds: Kinds = Kinds()
    cancellations: Cancellations | None = None
    returns: Returns = Returns()
    csv: Csv = Csv()
    shops: dict[str, Opening] = msgspec.field(default_factory=dict[str, Opening])
    shelf: Shelf = Shelf()

    def source(self, field: str) -> Source:
        """Where a field comes from; a field that is not mapped comes from the column of its own name."""
        found = self.columns.get(field, field)
        return found if isinstance(found, Source) else Source(from_=found)


class EventRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file of events does not say row by row. A row without a type is of the type that the sign of its amount says;
    amounts are kept with `digits` decimals (None: those of the currency). Days are counted `utc_offset_minutes` from UTC."""

    positive: str = ""
    negative: str = ""
    zero: str = ""
    without_user: Literal["reject", "leave_out"] = "reject"
    digits: int | None = None
    utc_offset_minutes: int = 0


_USUAL_NAMES = {
    "user_id": ["user_id", "user"],
    "happened_at": ["happened_at", "time", "at", "timestamp"],
    "event_type": ["event_type", "type", "kind", "event"],
}


class EventMapping(Mapping, frozen=True, forbid_unknown_fields=True):
    """The mapping of a file of events."""

    events: EventRules = EventRules()

    def source(self, field: str) -> Source:
        """As ever, and where nothing is said, columns of other usual names are taken, too."""
        if field in self.columns or field not in _USUAL_NAMES:
            return super().source(field)
        return Source(from_=_USUAL_NAMES[field])


def load_map(name_or_path: str, subject: Subject) -> Mapping:
    """Read a map by the name it ships under, or by its path. Raises `MapInvalid` with every problem found."""
    path = Path(name_or_path)
    shipped = resources.files("steelyard.channels.feeds.maps") / f"{name_or_path}.yaml"
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise MapInvalid(map=name_or_path, problems="there is no such file")
        if path.stat().st_size > MAP_BYTES_MAX:
            raise MapInvalid(map=name_or_path, problems=f"the file is larger than {MAP_BYTES_MAX} bytes")
        try:
            words = path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise MapInvalid(map=name_or_path, problems=f"the file is not UTF-8: {error}") from None
    elif re.fullmatch(r"[a-z0-9-]+", name_or_path) and shipped.is_file():
        words = shipped.read_text("utf-8")
    else:
        raise MapInvalid(map=name_or_path, problems=f"no map of this name ships; known are {shipped_maps()}")
    return parse_map(words, name_or_path, subject)


def shipped_maps() -> list[str]:
    """The names that `--map` knows without a path."""
    folder = resources.files("steelyard.channels.feeds.maps")
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def parse_map(words: str, name: str, subject: Subject) -> Mapping:
    """From YAML text. Unknown keys, wrong types, bad patterns, codes and time zones are all `MapInvalid`."""
    try:
        mapping = msgspec.convert(yaml.safe_load(words), EventMapping if subject == "events" else Mapping)
    except yaml.YAMLError as error:
        raise MapInvalid(map=name, problems=f"not YAML: {error}") from None
    except msgspec.ValidationError as error:
        raise MapInvalid(map=name, problems=str(error)) from None
    problems = _problems(mapping, subject)
    if problems:
        raise MapInvalid(map=name, problems="\n".join(problems))
    return mapping


def _problems(mapping: Mapping, subject: Subject) -> list[str]:
    if mapping.of != subject:
        return [f"this map is for {mapping.of}, not for {subject}"]
    fields = {field.name: field for field in FORMATS[subject]}
    problems = [f"columns.{name}: no such field" for name in mapping.columns if name not in fields]
    for name in fields.keys() & mapping.columns.keys():
        problems += [f"columns.{name}: {what}" for what in _source_problems(mapping.source(name))]
    for label, word in mapping.source("country").values.items():
        if "country" in fields and not is_country(word):
            problems.append(f"columns.country.values: {label}: {word} is no ISO 3166 code (two capitals)")
    for number, rule in enumerate(mapping.kinds.rules, 1):
        if rule.sku is None and rule.title is None:
            problems.append(f"kinds.rules[{number}]: needs a pattern for sku or title")
        problems += [f"kinds.rules[{number}]: {p}" for p in pattern_problems(rule.sku, rule.title)]
    if len(mapping.kinds.rules) > RULES_MAX:
        problems.append(f"kinds.rules: more than {RULES_MAX}")
    if mapping.cancellations is not None:
        problems += [f"cancellations.order_id: {p}" for p in pattern_problems(mapping.cancellations.order_id)]
    problems += opening_problems(mapping.shops, mapping.shelf)
    for key, shop in mapping.shops.items():
        if shop.time_zone and not _is_zone(shop.time_zone):
            problems.append(f"shops.{key}.time_zone: {shop.time_zone} is no time zone")
        if shop.country and not is_country(shop.country):
            problems.append(f"shops.{key}.country: {shop.country} is no ISO 3166 code (two capitals)")
    problems += _event_problems(mapping.events) if isinstance(mapping, EventMapping) else []
    if len(mapping.csv.delimiter) != 1 or len(mapping.csv.quote) != 1:
        problems.append("csv: delimiter and quote are one character each")
    return problems


def _event_problems(rules: EventRules) -> list[str]:
    problems: list[str] = []
    if rules.digits is not None and not 0 <= rules.digits <= PRICE_DECIMALS:
        problems.append(f"events.digits: 0 to {PRICE_DECIMALS}")
    if abs(rules.utc_offset_minutes) > UTC_OFFSET_MINUTES_MAX:
        problems.append(f"events.utc_offset_minutes: at most {UTC_OFFSET_MINUTES_MAX} either way")
    return problems


def _source_problems(source: Source) -> list[str]:
    problems: list[str] = []
    if source.constant is not None and source.columns:
        problems.append("either `from` or `constant`, not both")
    if source.constant is None and not source.columns:
        problems.append("needs `from` or `constant`")
    if len(source.values) > VALUES_MAX:
        problems.append(f"more than {VALUES_MAX} values")
    if not _is_zone(source.time_zone):
        problems.append(f"{source.time_zone} is no time zone")
    return problems


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
