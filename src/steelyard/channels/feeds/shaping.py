"""From a file's own columns to canonical, typed, checked ones: the SQL that DuckDB runs over the raw rows.

Every row comes out, with `reason` and `field` set where it must be rejected. Text from a mapping file enters
the SQL only as a quoted literal."""
# ruff: noqa: S608 - DuckDB statements over scratch tables, put together from quoted literals and our own field names

from collections.abc import Mapping as Lookup

import pyarrow as pa

from steelyard.channels.feeds.columnar import Schema
from steelyard.channels.feeds.mapping import EventMapping, EventRules, Mapping, Source
from steelyard.channels.feeds.model import (
    AMOUNT_MAX,
    FORMATS,
    MICROS,
    OFF_SHELF,
    ON_SHELF,
    PRICE_DECIMALS,
    PRICE_MICROS_MAX,
    QUANTITY_MAX,
    FeedUnreadable,
    Field,
    Kind,
    Reason,
)

_PLAIN_NUMBER = r"^[+-]?([0-9]{1,12}(\.[0-9]*)?|\.[0-9]+)$"
_INTEGER = r"^[+-]?[0-9]{1,12}(\.0*)?$"
_TIME_TYPES = (pa.types.is_timestamp, pa.types.is_date)


def literal(words: str) -> str:
    """A text as a SQL literal."""
    return "'" + words.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A column's name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


class Shaper:
    """The SELECT that shapes one file: `sql(raw)` has the canonical fields, `line`, `reason` and `field`."""

    def __init__(self, mapping: Mapping, schema: Schema, path: str) -> None:
        self._mapping = mapping
        self._types: Lookup[str, pa.DataType] = {field.name: field.type for field in schema}
        self._path = path
        self._fields = FORMATS[mapping.of]

    def sql(self, raw: str) -> str:
        """Three steps: the text of every field, its typed value, the first thing wrong with it."""
        texts = ", ".join(f"{self._text(field)} AS {field.name}" for field in self._fields)
        typed = ", ".join(piece for field in self._fields for piece in self._typed(field))
        checks = [check for field in self._fields for check in self._checks(field)] + self._row_checks()
        reason = " ".join(f"WHEN {test} THEN {literal(why.value)}" for test, why, _ in checks)
        field = " ".join(f"WHEN {test} THEN {literal(name)}" for test, _, name in checks)
        return f"""
            WITH texts AS (SELECT __line AS line, {texts} FROM {raw}),
                 typed AS (SELECT line, {typed} FROM texts AS t{self._joins()})
            SELECT *, CASE {reason} END AS reason, CASE {field} END AS field FROM typed
        """

    def _column(self, field: Field) -> str | None:
        source = self._mapping.source(field.name)
        for name in source.columns:
            if name in self._types:
                return name
        if field.required and source.constant is None and source.default is None:
            wanted = " or ".join(source.columns)
            problem = f"no column {wanted} for {field.name}; it has {', '.join(self._types)}"
            raise FeedUnreadable(file=self._path, problem=problem)
        return None

    def _native(self, field: Field) -> str:
        """Which shape the column has in the file: 'text', 'time', 'float' or 'other'."""
        column = self._column(field)
        if column is None:
            return "text"
        kind = self._types[column]
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return "text"
        if any(is_time(kind) for is_time in _TIME_TYPES):
            return "time"
        return "float" if pa.types.is_floating(kind) else "other"

    def _text(self, field: Field) -> str:
        """The field as trimmed text or NULL; a native time as it is, to be spared the way through text."""
        source, column = self._mapping.source(field.name), self._column(field)
        if column is None:
            return "NULL::VARCHAR" if (it := source.constant or source.default) is None else literal(it)
        name, native = quoted(column), self._native(field)
        if native == "time" and field.type == "time":
            return name
        if native == "float":
            # The shortest text that is this float; without `.0`, as identifiers are often read as floats.
            plain = f"CASE WHEN abs({name}) < 1e15 AND {name} = trunc({name}) THEN {name}::BIGINT::VARCHAR"
            words = f"{plain} WHEN isfinite({name}) THEN {name}::VARCHAR END"
        else:
            words = f"trim({name}::VARCHAR, ' \t\r\n\u00a0\u3000')"
        words = f"upper({words})" if source.upper else words
        words = f"regexp_replace({words}, '^([0-9]+)[.]0+$', '\\1')" if source.integral and native == "text" else words
        words = f"nullif({words}, '')"
        return words if source.default is None else f"coalesce({words}, {literal(source.default)})"

    def _typed(self, field: Field) -> list[str]:
        name, source, native = field.name, self._mapping.source(field.name), self._native(field)
        mapped = f"coalesce(m_{name}.value, t.{name})" if source.values else f"t.{name}"
        if field.type == "integer":
            number = f"try_cast({mapped} AS DECIMAL(18,0))"
            number = f"CASE WHEN regexp_full_match({mapped}, '{_INTEGER}') THEN {number} END"
            return [f"{mapped} AS {name}_text", f"({number})::BIGINT AS {name}"]
        if field.type == "decimal":
            plain = f"replace(replace({mapped}, '.', ''), ',', '.')" if source.decimal_mark == "," else mapped
            plain = mapped if native != "text" else plain
            form = "true" if native != "text" else f"regexp_full_match({plain}, '{_PLAIN_NUMBER}')"
            exact = f"CASE WHEN {form} THEN try_cast({plain} AS DECIMAL(38,18)) END"
            return [f"{mapped} AS {name}_text", f"{exact} AS {name}_exact"]
        if field.type == "time":
            return [f"t.{name}::VARCHAR AS {name}_text", f"{self._time(field, source, native)} AS {name}"]
        if field.type == "country":
            return [f"t.{name} AS {name}_name", f"{mapped} AS {name}"]
        return [f"{mapped} AS {name}"]

    def _time(self, field: Field, source: Source, native: str) -> str:
        zone, name = literal(source.time_zone), f"t.{field.name}"
        if native == "time":
            column = self._column(field)
            kind = self._types[column] if column is not None else None
            aware = pa.types.is_timestamp(kind) and kind is not None and kind.tz is not None
            return f"{name}::TIMESTAMPTZ" if aware else f"timezone({zone}, {name}::TIMESTAMP)"
        if source.formats:
            forms = ", ".join(literal(form) for form in source.formats)
            return f"timezone({zone}, try_strptime({name}, [{forms}]))"
        # An offset in the text counts; without one the text is local to the time zone.
        aware = f"regexp_matches({name}, '[0-9](Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$') AND length({name}) > 10"
        return (
            f"CASE WHEN {aware} THEN try_cast({name} AS TIMESTAMPTZ)"
            f" ELSE timezone({zone}, try_cast({name} AS TIMESTAMP)) END"
        )

    def _joins(self) -> str:
        """Value maps are little tables, joined; a label is compared as it stands after trimming."""
        joins = ""
        for field in self._fields:
            values = self._mapping.source(field.name).values
            if values:
                rows = ", ".join(f"({literal(label)}, {literal(value)})" for label, value in values.items())
                joins += f" LEFT JOIN (VALUES {rows}) AS m_{field.name}(label, value)"
                joins += f" ON m_{field.name}.label = t.{field.name}"
        return joins

    def _checks(self, field: Field) -> list[tuple[str, Reason, str]]:
        name = field.name
        word = f"{name}_text" if field.type in {"integer", "decimal", "time"} else name
        checks: list[tuple[str, Reason]] = []
        if field.required:
            checks.append((f"{word} IS NULL", Reason.MISSING))
        if field.type == "text":
            checks.append((f"length({name}) > {field.length_max}", Reason.TOO_LONG))
            checks.append((f"contains({name}, chr(0))", Reason.BAD_TEXT))
        elif field.type == "integer":
            checks.append((f"{word} IS NOT NULL AND {name} IS NULL", Reason.BAD_NUMBER))
            checks.append((f"abs({name}) > {QUANTITY_MAX}", Reason.OUT_OF_RANGE))
        elif field.type == "decimal":
            checks.append((f"{word} IS NOT NULL AND {name}_exact IS NULL", Reason.BAD_NUMBER))
            checks.append((f"abs({name}_exact) > {PRICE_MICROS_MAX // MICROS}", Reason.OUT_OF_RANGE))
            checks.append((f"{name}_exact <> round({name}_exact, {PRICE_DECIMALS})", Reason.TOO_PRECISE))
        elif field.type == "time":
            sane = f"{name} BETWEEN '1900-01-01'::TIMESTAMPTZ AND '2100-01-01'::TIMESTAMPTZ"
            checks.append((f"{word} IS NOT NULL AND ({sane}) IS NOT TRUE", Reason.BAD_TIME))
        elif field.type == "country":
            checks.append((f"{name} NOT IN (SELECT code FROM countries)", Reason.UNKNOWN_COUNTRY))
        elif field.type == "currency":
            checks.append((f"{name} NOT IN (SELECT code FROM currencies)", Reason.UNKNOWN_CURRENCY))
        elif field.type == "shelf":
            checks.append((f"{name} NOT IN ({literal(ON_SHELF)}, {literal(OFF_SHELF)})", Reason.UNKNOWN_SHELF))
        else:
            kinds = ", ".join(literal(kind.value) for kind in Kind)
            checks.append((f"{name} NOT IN ({kinds})", Reason.UNKNOWN_KIND))
        return [(test, why, name) for test, why in checks]

    def _event_checks(self, rules: EventRules) -> list[tuple[str, Reason, str]]:
        """Somebody did something; an amount has a currency."""
        money = "coalesce(amount_exact, quantity * unit_price_exact)"
        by_sign = (
            f"CASE WHEN {money} > 0 THEN {literal(rules.positive)} WHEN {money} < 0 THEN {literal(rules.negative)}"
        )
        checks = [
            (
                f"coalesce(event_type, nullif({by_sign} ELSE {literal(rules.zero)} END, '')) IS NULL",
                Reason.MISSING,
                "event_type",
            ),
            (f"{money} <> 0 AND currency IS NULL", Reason.MISSING, "currency"),
            (f"abs(({money})::DOUBLE) > {AMOUNT_MAX}", Reason.OUT_OF_RANGE, "amount"),
        ]
        if rules.without_user == "reject":
            checks.insert(0, ("user_id IS NULL", Reason.MISSING, "user_id"))
        return checks

    def _row_checks(self) -> list[tuple[str, Reason, str]]:
        if self._mapping.of == "products":
            return [("price_exact < 0", Reason.NEGATIVE_PRICE, "price")]
        if isinstance(self._mapping, EventMapping):
            return self._event_checks(self._mapping.events)
        if self._mapping.of != "orders":
            return []
        amount = "abs(quantity::DOUBLE * unit_price_exact::DOUBLE)"
        checks = [
            ("quantity = 0", Reason.ZERO_QUANTITY, "quantity"),
            (f"{amount} > {AMOUNT_MAX}", Reason.OUT_OF_RANGE, "unit_price"),
        ]
        if self._mapping.cancellations is not None:
            form = literal(self._mapping.cancellations.order_id)
            test = f"quantity < 0 AND unit_price_exact <> 0 AND NOT regexp_matches(order_id, {form})"
            checks.append((test, Reason.NOT_A_CANCELLATION, "quantity"))
        return checks
