"""Tables obey the distribution rules of docs/architecture.md, "Keys that let it grow past one machine"."""

import re
from collections.abc import Iterator

import asyncpg
import msgspec
import pytest

from steelyard.kernel.db import administer
from steelyard.kernel.tables import OWNER_COLUMN, Kind, UnclearComment, read_comment
from tests.rules.reading import nothing_wrong


class Key(msgspec.Struct):
    """A primary key, unique or exclusion constraint, or unique index."""

    table: str
    name: str
    columns: list[str]


class Reference(msgspec.Struct):
    """A foreign key; `columns` and `to_columns` in pairs."""

    table: str
    name: str
    columns: list[str]
    to_table: str
    to_columns: list[str]
    on_delete: str
    on_update: str


_OURS = "c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname !~ '^procrastinate'"
_TABLES = (
    f"SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS comment FROM pg_class c WHERE {_OURS} ORDER BY 1"
)
_KEYS = f"""
SELECT c.relname AS table, i.relname AS name, x.indisprimary AS primary
     , ARRAY(SELECT coalesce(a.attname::text, '(expression)')
             FROM unnest(x.indkey) WITH ORDINALITY AS k (number, place)
             LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number AND k.number > 0
             WHERE k.place <= x.indnkeyatts ORDER BY k.place) AS columns
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
WHERE (x.indisunique OR x.indisexclusion) AND {_OURS} ORDER BY 1, 2
"""
_REFERENCES = f"""
SELECT c.relname AS table, f.conname AS name, t.relname AS to_table
     , f.confdeltype::text AS on_delete, f.confupdtype::text AS on_update
     , ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY AS k (number, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number ORDER BY k.place) AS columns
     , ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY AS k (number, place)
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number ORDER BY k.place) AS to_columns
FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class t ON t.oid = f.confrelid
WHERE f.contype = 'f' AND {_OURS} ORDER BY 1, 2
"""
_TRIGGERS = f"""
SELECT c.relname AS table, g.tgname AS name FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
WHERE NOT g.tgisinternal AND {_OURS}
"""
_DEFAULTS = f"""
SELECT c.relname AS table, a.attname AS column, pg_get_expr(d.adbin, d.adrelid) AS expression
FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
WHERE a.attgenerated = '' AND {_OURS}
"""


async def wrong_tables(url: str) -> list[str]:
    """Everything about the tables at `url` that would not go with distribution."""
    async with administer(url) as connection:
        kinds: dict[str, Kind] = {}
        found: list[str] = []
        for row in await connection.fetch(_TABLES):
            try:
                kinds[row["name"]] = read_comment(row["name"], row["comment"]).kind
            except UnclearComment as unclear:
                found.append(str(unclear))
        rows = await connection.fetch(_KEYS)
        keys = [Key(row["table"], row["name"], row["columns"]) for row in rows if row["table"] in kinds]
        without = set(kinds) - {row["table"] for row in rows if row["primary"]}
        found += [f"{table} has no primary key" for table in sorted(without)]
        found += _wrong_keys(kinds, keys)
        for row in await connection.fetch(_REFERENCES):
            reference = msgspec.convert(dict(row), Reference)
            if reference.table in kinds and reference.to_table in kinds:
                found += _wrong_reference(kinds, keys, reference)
        found += [
            f"{row['table']}: trigger {row['name']}: no triggers; guard it by a constraint, a privilege or a check"
            for row in await connection.fetch(_TRIGGERS)
        ]
        found += await _wrong_defaults(connection)
        return found


def _wrong_keys(kinds: dict[str, Kind], keys: list[Key]) -> Iterator[str]:
    for key in keys:
        owner = OWNER_COLUMN.get(kinds[key.table])
        if owner is not None and owner not in key.columns:
            columns = ", ".join(key.columns)
            yield f"{key.table}: {key.name} ({columns}) lacks {owner}; what is unique across owners has its own table"
    for table, kind in kinds.items():
        own = [set(key.columns) for key in keys if key.table == table]
        if kind is Kind.BY_KEY and own and not set.intersection(*own):
            yield f"{table}: its unique keys share no column by which it could be spread"


def _wrong_reference(kinds: dict[str, Kind], keys: list[Key], reference: Reference) -> Iterator[str]:
    here = f"{reference.table}: {reference.name}"
    if {reference.on_delete, reference.on_update} & {"n", "d"}:
        yield f"{here}: no ON DELETE or UPDATE SET NULL or SET DEFAULT"
    kind, to = kinds[reference.table], kinds[reference.to_table]
    if to is Kind.REFERENCE:
        return
    pairs = set(zip(reference.columns, reference.to_columns, strict=True))
    owner = OWNER_COLUMN.get(kind)
    if kind is not to:
        yield f"{here}: from {kind} to {to} ({reference.to_table}): only within a kind, or to a reference table"
    elif owner is not None and (owner, owner) not in pairs:
        yield f"{here}: must be composite with {owner} on both sides"
    elif kind is Kind.BY_KEY:
        own = set.intersection(*(set(key.columns) for key in keys if key.table == reference.table))
        other = set.intersection(*(set(key.columns) for key in keys if key.table == reference.to_table))
        if not any(mine in own and theirs in other for mine, theirs in pairs):
            yield f"{here}: the two are not spread by the same key: drop it, and state it in checks.sql"


async def _wrong_defaults(connection: asyncpg.Connection) -> list[str]:
    found: list[str] = []
    for row in await connection.fetch(_DEFAULTS):
        called = re.findall(r"(\w+)\(", row["expression"])
        volatile = await connection.fetch(
            "SELECT DISTINCT proname FROM pg_proc WHERE proname = ANY ($1::text[]) AND provolatile = 'v'", called
        )
        found += [
            f"{row['table']}.{row['column']}: default {each['proname']}() is volatile: the application gives the value"
            for each in volatile
        ]
    return found


async def test_all_tables_obey_the_rules_of_distribution(worker_database_url: str) -> None:
    nothing_wrong(await wrong_tables(worker_database_url))


BASE = """
CREATE TABLE m (merchant_id uuid, id uuid, PRIMARY KEY (merchant_id, id));
COMMENT ON TABLE m IS 'by merchant: x';
CREATE TABLE b (buyer_id uuid PRIMARY KEY); COMMENT ON TABLE b IS 'by buyer: x';
CREATE TABLE k (id uuid PRIMARY KEY); COMMENT ON TABLE k IS 'by key: x';
"""


@pytest.mark.parametrize(
    ("ddl", "complaint"),
    [
        ("CREATE TABLE x (id uuid PRIMARY KEY)", "COMMENT must begin"),
        ("CREATE TABLE x (id uuid); COMMENT ON TABLE x IS 'local: x'", "no primary key"),
        ("ALTER TABLE m ADD UNIQUE (id)", "lacks merchant_id"),
        ("CREATE UNIQUE INDEX ON m (lower(id::text))", "lacks merchant_id"),
        ("CREATE TABLE x (id uuid PRIMARY KEY); COMMENT ON TABLE x IS 'by buyer: x'", "lacks buyer_id"),
        ("CREATE TABLE x (id uuid PRIMARY KEY); COMMENT ON TABLE x IS 'by owner: x'", "lacks owner_id"),
        ("ALTER TABLE m ADD EXCLUDE (id WITH =)", "lacks merchant_id"),
        ("ALTER TABLE k ADD a text, ADD UNIQUE (a)", "share no column"),
        ("ALTER TABLE m ADD buyer_id uuid REFERENCES b", "only within a kind"),
        ("ALTER TABLE m ADD k uuid REFERENCES k", "only within a kind"),
        (
            "ALTER TABLE m ADD up uuid, ADD o uuid, ADD FOREIGN KEY (o, up) REFERENCES m (merchant_id, id)",
            "must be composite with merchant_id",
        ),
        ("ALTER TABLE k ADD up uuid REFERENCES k", "not spread by the same key"),
        (
            "ALTER TABLE m ADD up uuid, ADD FOREIGN KEY (merchant_id, up) REFERENCES m ON DELETE SET NULL (up)",
            "no ON DELETE",
        ),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            "CREATE TRIGGER t BEFORE INSERT ON m FOR EACH ROW EXECUTE FUNCTION f()",
            "no triggers",
        ),
        ("ALTER TABLE m ADD x uuid DEFAULT gen_random_uuid()", "is volatile"),
        ("ALTER TABLE m ADD x serial", "is volatile"),
        ("ALTER TABLE m ADD x timestamptz DEFAULT clock_timestamp()", "is volatile"),
    ],
)
async def test_a_table_that_breaks_a_rule_is_seen(empty_database_url: str, ddl: str, complaint: str) -> None:
    async with administer(empty_database_url) as connection:
        await connection.execute(BASE)
        assert await wrong_tables(empty_database_url) == []
        await connection.execute(ddl)

    (violation,) = await wrong_tables(empty_database_url)
    assert complaint in violation


async def test_what_the_rules_allow_is_allowed(empty_database_url: str) -> None:
    async with administer(empty_database_url) as connection:
        await connection.execute(
            BASE
            + """
            CREATE TABLE r (id text PRIMARY KEY); COMMENT ON TABLE r IS 'reference: x';
            ALTER TABLE m ADD up uuid, ADD r text REFERENCES r, ADD at timestamptz DEFAULT now()
              , ADD FOREIGN KEY (merchant_id, up) REFERENCES m;
            CREATE TABLE k2 (id uuid PRIMARY KEY REFERENCES k); COMMENT ON TABLE k2 IS 'by key: x';
            CREATE TABLE l (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY); COMMENT ON TABLE l IS 'local: x';
            """
        )
    assert await wrong_tables(empty_database_url) == []
