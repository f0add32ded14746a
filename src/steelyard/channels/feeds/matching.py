"""Returns matched over a whole feed: groups are streamed out of the scratch database, matched by `returns`,
and what was found goes back as the tables `refund` and `line`."""
# ruff: noqa: S608 - DuckDB statements over scratch tables, put together from our own names only

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa

from steelyard.channels.feeds.model import Role, Summary
from steelyard.channels.feeds.returns import Entry, Match, match_returns
from steelyard.channels.feeds.workspace import Workspace

_FETCH_ROWS = 10_000
_FLUSH_ROWS = 50_000
_MATCHES = pa.schema(
    [
        ("return_ref", pa.int64()),
        ("part", pa.int32()),
        ("sale_ref", pa.int64()),
        ("quantity", pa.int64()),
        ("amount_minor", pa.int64()),
    ]
)
_RESTS = pa.schema(
    [("ref", pa.int64()), ("quantity", pa.int64()), ("amount_minor", pa.int64()), ("because", pa.string())]
)


def match_all(work: Workspace) -> None:
    """Make `refund` (one row per return line and sale line), and take what it holds off the credits in
    `line`.

    Sales of earlier imports have negative refs, so that both kinds fit in one column.
    """
    matchable = f"role = '{Role.RETURN}' AND credited_because IS NULL"
    work.run(
        "CREATE TABLE earlier AS SELECT -row_number() OVER (ORDER BY placed_at, order_id, line_id) AS ref, *"
        f" FROM history WHERE role = '{Role.SALE}'"
    )
    # With a customer the group is theirs; without one it is the document that the return refers to.
    group = "merchant, currency, sku, coalesce('c' || customer_id, 'o' || {order})"
    work.run(f"""
        CREATE TABLE candidate AS
        WITH wanted AS (
            SELECT ref, seq, true AS is_return, -quantity AS quantity, unit_price_micros AS price_micros,
                -amount_minor AS amount_minor,
                   order_id, refers_to, placed_at, hash({group.format(order="refers_to")}) AS grp
            FROM laid WHERE {matchable}
        ), sold AS (
            SELECT ref, seq, false, quantity, unit_price_micros, amount_minor, order_id, NULL, placed_at,
                   hash({group.format(order="order_id")}) AS grp
            FROM laid WHERE role = '{Role.SALE}'
            UNION ALL
            SELECT ref, 0, false, quantity - refunded_quantity, unit_price_micros,
                amount_minor - refunded_minor,
                   order_id, NULL, placed_at, hash({group.format(order="order_id")}) AS grp
            FROM earlier
        )
        SELECT * FROM wanted
        UNION ALL
        SELECT * FROM sold WHERE grp IN (SELECT grp FROM wanted)
    """)
    work.run(
        "CREATE TABLE matched (return_ref BIGINT, part INTEGER, sale_ref BIGINT, quantity BIGINT, amount_minor BIGINT)"
    )
    work.run("CREATE TABLE rest (ref BIGINT, quantity BIGINT, amount_minor BIGINT, because VARCHAR)")
    _match_groups(work)
    _finish(work)


def _match_groups(work: Workspace) -> None:
    matches: list[tuple[int, int, int, int, int]] = []
    rests: list[tuple[int, int, int, str]] = []
    for _, rows in groupby(_candidates(work), key=itemgetter(0)):
        history = (Entry(*row[1:]) for row in rows)
        for found in match_returns(history):
            if isinstance(found, Match):
                matches.append((found.return_ref, found.part, found.sale_ref, found.quantity, found.amount_minor))
            else:
                rests.append((found.return_ref, found.quantity, found.amount_minor, found.because))
        if len(matches) + len(rests) > _FLUSH_ROWS:
            _flush(work, matches, rests)
    _flush(work, matches, rests)


def _candidates(work: Workspace) -> Iterator[tuple[Any, ...]]:
    result = work.engine.cursor().execute(
        "SELECT grp, ref, is_return, quantity, price_micros, amount_minor, order_id, refers_to FROM candidate"
        " ORDER BY grp, seq, placed_at, ref"
    )
    while rows := result.fetchmany(_FETCH_ROWS):
        yield from rows


def _flush(work: Workspace, matches: list[tuple[int, ...]], rests: list[tuple[int, int, int, str]]) -> None:
    for table, schema, rows in (("matched", _MATCHES, matches), ("rest", _RESTS, rests)):
        if rows:
            columns = [
                pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            work.insert(table, pa.Table.from_arrays(columns, schema=schema))
            rows.clear()


def _finish(work: Workspace) -> None:
    work.run("""
        CREATE TABLE refund AS
        SELECT r.chunk, m.return_ref, m.part, r.merchant, r.order_id AS return_id,
            r.line_id AS return_line_id,
               coalesce(s.order_id, e.order_id) AS order_id, coalesce(s.line_id, e.line_id) AS order_line_id,
               m.quantity, m.amount_minor, r.currency
        FROM matched AS m
        JOIN laid AS r ON r.ref = m.return_ref
        LEFT JOIN laid AS s ON s.ref = m.sale_ref
        LEFT JOIN earlier AS e ON e.ref = m.sale_ref
        ORDER BY m.return_ref, m.part;
        UPDATE line SET credited_quantity = coalesce(c.quantity, 0),
            credited_minor = coalesce(c.amount_minor, 0),
                        credited_because = c.because
        FROM (SELECT ref, rest.quantity, rest.amount_minor, rest.because
              FROM candidate LEFT JOIN rest USING (ref) WHERE is_return) AS c
        WHERE line.rowid + 1 = c.ref;
        DROP TABLE candidate; DROP TABLE matched; DROP TABLE rest;
    """)


def count(work: Workspace, summary: Summary) -> None:
    """Fill the summary from what is laid out."""
    summary.accepted = work.number("SELECT count(*) FROM line")
    summary.roles = dict(work.rows("SELECT role, count(*) FROM line GROUP BY ALL ORDER BY ALL"))
    summary.kinds = dict(work.rows("SELECT kind, count(*) FROM line GROUP BY ALL ORDER BY ALL"))
    summary.documents = work.number("SELECT count(*) FROM document WHERE NOT known")
    summary.chunks = work.number("SELECT max(chunk) FROM document")
    returned = f"FROM line WHERE role = '{Role.RETURN}'"
    summary.returns_matched = work.number(f"SELECT count(*) {returned} AND credited_quantity = 0")
    summary.returns_split = work.number(
        f"SELECT count(*) {returned} AND credited_quantity > 0 AND credited_quantity < -quantity"
    )
    summary.returns_unmatched = dict(
        work.rows(
            f"SELECT credited_because, count(*) {returned} AND credited_quantity = -quantity GROUP BY ALL ORDER BY ALL"
        )
    )
