"""From shaped rows to the set of distinct order lines: identity, overlap, kinds, roles, documents, chunks.

The steps are statements over scratch tables, in this order: `admit` for each file, then `settle_roles`,
`number_documents`, `lay_out_lines`.
"""
# ruff: noqa: S608 - DuckDB statements over scratch tables, put together from quoted literals and our own names

from steelyard.channels.feeds.mapping import Mapping
from steelyard.channels.feeds.model import MICROS, Kind, Reason, Role
from steelyard.channels.feeds.shaping import literal
from steelyard.channels.feeds.workspace import Workspace, minor_amount

_ENTRY = """
    CREATE TABLE entry (
        file INTEGER, line BIGINT, merchant VARCHAR, order_id VARCHAR, line_id VARCHAR, placed_at TIMESTAMPTZ,
        customer_id VARCHAR, sku VARCHAR, title VARCHAR, quantity BIGINT, price_micros BIGINT,
            currency VARCHAR,
        country VARCHAR, country_name VARCHAR, kind VARCHAR, refers_to VARCHAR
    )
"""


def prepare(work: Workspace) -> None:
    """Make the empty tables."""
    work.run(_ENTRY)


def admit(work: Workspace, number: int, shaped: str, mapping: Mapping) -> int:
    """Give each good row of a file its identity and take in those that no earlier file had. Returns how many
    had been there already.

    Without a line number of its own, a line is known by its order, SKU, quantity and unit price, and by which
    of the lines that are alike in these it is: `85123A:6:2.55:1`. So an order may hold the same line any
    number of times, and another file with the same order in another sequence names the same lines."""
    before = work.number("SELECT count(*) FROM entry")
    _identify(work, shaped)
    _reject_named_twice(work, number, shaped)
    work.run(f"""
        CREATE TABLE seen_before AS
        SELECT merchant, order_id FROM {shaped} INTERSECT SELECT merchant, order_id FROM entry;
        INSERT INTO entry
        SELECT {number}, line, merchant, order_id, line_id, placed_at, customer_id, i.sku, i.title, quantity,
               price_micros, currency, country, country_name, coalesce(i.kind, k.kind), refers_to
        FROM identified AS i
        LEFT JOIN ({_kinds(mapping)}) AS k ON k.sku = i.sku AND k.title IS NOT DISTINCT FROM i.title
        WHERE NOT EXISTS (
            SELECT 1 FROM (SELECT * FROM entry SEMI JOIN seen_before USING (merchant, order_id)) AS e
            WHERE e.merchant = i.merchant AND e.order_id = i.order_id AND e.line_id = i.line_id)
    """)
    good = work.number("SELECT count(*) FROM good")
    work.run(f"""
        DROP VIEW identified;
        DROP VIEW good;
        DROP TABLE several;
        DROP TABLE seen_before;
        DROP TABLE {shaped};
    """)
    return good - (work.number("SELECT count(*) FROM entry") - before)


def _identify(work: Workspace, shaped: str) -> None:
    """Views: `good` rows, and the same `identified`. Only lines that have their like need to be numbered."""
    alike = "merchant, order_id, sku, quantity, price_micros"
    price = "rtrim(rtrim(unit_price_exact::DECIMAL(18,6)::VARCHAR, '0'), '.')"
    work.run(f"""
        CREATE VIEW good AS
        SELECT *, (unit_price_exact * {MICROS})::BIGINT AS price_micros FROM {shaped} WHERE reason IS NULL;
        CREATE TABLE several AS
        SELECT line, row_number() OVER (PARTITION BY {alike} ORDER BY line) AS nth
        FROM good WHERE (order_id, sku, quantity) IN (
            SELECT (order_id, sku, quantity) FROM good GROUP BY {alike} HAVING count(*) > 1);
        CREATE VIEW identified AS
        SELECT g.*,
               coalesce(line_no, concat(sku, ':', quantity, ':', {price}, ':', coalesce(nth, 1))) AS line_id
        FROM good AS g LEFT JOIN several USING (line);
    """)


def _reject_named_twice(work: Workspace, number: int, shaped: str) -> None:
    if not work.rows("SELECT 1 FROM good WHERE line_no IS NOT NULL LIMIT 1"):
        return
    twice = "row_number() OVER (PARTITION BY merchant, order_id, line_id ORDER BY line) > 1"
    work.run(f"CREATE TABLE again AS SELECT * FROM identified QUALIFY {twice}")
    _reject(work, "again", Reason.DUPLICATE, "line_no", str(number))
    work.run(f"DELETE FROM {shaped} WHERE line IN (SELECT line FROM again)")
    work.run("DROP TABLE again")


def _reject(work: Workspace, table: str, reason: Reason, field: str, file: str = "file") -> None:
    """Rows that several rows together condemn: the report shows them as they were understood."""
    facts = (
        "merchant",
        "order_id",
        "line_id",
        "placed_at",
        "customer_id",
        "sku",
        "title",
        "quantity",
        "currency",
    )
    shown = ", ".join(f"'{name}': {name}" for name in facts)
    price = f"(price_micros / {MICROS})::DECIMAL(18,6)"
    work.run(f"""
        INSERT INTO reject
        SELECT {file}, line, {literal(reason.value)}, {literal(field)},
               to_json({{{shown}, 'unit_price': {price}}})::VARCHAR
        FROM {table}
    """)


def _kinds(mapping: Mapping) -> str:
    """The kind of every distinct SKU and title: far fewer than lines."""
    cases = ""
    for rule in mapping.kinds.rules:
        tests = [
            f"regexp_matches({column}, {literal(pattern)})"
            for column, pattern in (("sku", rule.sku), ("coalesce(title, '')", rule.title))
            if pattern is not None
        ]
        cases += f" WHEN {' AND '.join(tests)} THEN {literal(rule.kind.value)}"
    default = literal(mapping.kinds.default.value)
    kind = f"CASE{cases} ELSE {default} END" if cases else default
    return f"SELECT sku, title, {kind} AS kind FROM (SELECT DISTINCT sku, title FROM good)"


def settle_roles(work: Workspace) -> None:
    """Reject what contradicts itself, then say of each line what it does to the books, and its amount."""
    work.run("""
        CREATE TABLE mixed AS
        SELECT merchant, order_id FROM entry GROUP BY ALL
        HAVING count(DISTINCT currency) > 1 OR count(DISTINCT customer_id) > 1
            OR count(customer_id) NOT IN (0, count(*))
    """)
    if work.number("SELECT count(*) FROM mixed"):
        work.run("""
            CREATE TABLE odd AS
            SELECT *, first_value(coalesce(customer_id, '')) OVER o AS customer,
                first_value(currency) OVER o AS money
            FROM entry SEMI JOIN mixed USING (merchant, order_id)
            WINDOW o AS (PARTITION BY merchant, order_id ORDER BY file, line)
            QUALIFY coalesce(customer_id, '') <> customer OR currency <> money
        """)
        _reject(work, "odd", Reason.MIXED_ORDER, "order_id")
        work.run("DELETE FROM entry WHERE (file, line) IN (SELECT (file, line) FROM odd)")
    adjusting = f"kind IN ({literal(Kind.BAD_DEBT)}, {literal(Kind.ADJUSTMENT)}, {literal(Kind.DISCOUNT)})"
    work.run(f"CREATE TABLE negative AS SELECT * FROM entry WHERE price_micros < 0 AND NOT ({adjusting})")
    if work.number("SELECT count(*) FROM negative"):
        _reject(work, "negative", Reason.NEGATIVE_PRICE, "unit_price")
        work.run("DELETE FROM entry WHERE (file, line) IN (SELECT (file, line) FROM negative)")
    work.run(f"""
        CREATE TABLE free AS
        SELECT merchant, order_id FROM entry GROUP BY ALL
        HAVING min(price_micros) = 0 AND max(price_micros) = 0 AND count(customer_id) = 0;
        CREATE VIEW booked AS
        SELECT e.*, {minor_amount("e.quantity", "e.price_micros", "c.minor_micros")} AS amount_minor,
               CASE WHEN f.order_id IS NOT NULL THEN '{Role.STOCK}'
                    WHEN e.kind = '{Kind.BAD_DEBT}' OR e.price_micros < 0 THEN '{Role.ADJUSTMENT}'
                    WHEN e.quantity < 0 THEN '{Role.RETURN}'
                    ELSE '{Role.SALE}' END AS role
        FROM entry AS e
        JOIN currencies AS c ON c.code = e.currency
        LEFT JOIN free AS f USING (merchant, order_id);
    """)


def number_documents(work: Workspace, chunk_lines: int) -> None:
    """Put the documents (an order's lines of one role) in time order, sales before what takes them back, and
    cut them into chunks. The chunks depend on the files and the map alone, never on what was imported
    before."""
    first = "(file, line)"
    work.run(f"""
        CREATE TABLE document AS
        WITH d AS (
            SELECT merchant, order_id, role, min(placed_at) AS placed_at,
                   any_value(customer_id) AS customer_id, any_value(currency) AS currency,
                   min_by(country, {first}) AS country, min_by(country_name, {first}) AS country_name,
                   count(*) AS lines, sum(amount_minor)::BIGINT AS amount_minor
            FROM booked GROUP BY ALL
        ), s AS (
            SELECT *, row_number() OVER (
                ORDER BY placed_at, role <> '{Role.SALE}', merchant, order_id, role) AS seq FROM d
        )
        SELECT *, 1 + (sum(lines) OVER (ORDER BY seq) - lines)::BIGINT // {chunk_lines} AS chunk,
               false AS known
        FROM s ORDER BY seq
    """)


def drop_known(work: Workspace) -> int:
    """Leave out orders that the marketplace has already. Returns how many lines were there; a line that such
    an order did not have is rejected, as the order is paid and closed."""
    work.run("""
        CREATE TABLE known AS
        SELECT b.* FROM booked AS b
        WHERE EXISTS (SELECT 1 FROM history AS h WHERE h.merchant = b.merchant AND h.order_id = b.order_id);
        CREATE TABLE late AS
        SELECT k.* FROM known AS k
        WHERE NOT EXISTS (SELECT 1 FROM history AS h WHERE h.merchant = k.merchant AND h.order_id = k.order_id
                                                      AND h.line_id = k.line_id);
        UPDATE document SET known = true
        WHERE (merchant, order_id) IN (SELECT DISTINCT (merchant, order_id) FROM history);
    """)
    _reject(work, "late", Reason.ORDER_ALREADY_IMPORTED, "order_id")
    return work.number("SELECT count(*) FROM known") - work.number("SELECT count(*) FROM late")


def lay_out_lines(work: Workspace, mapping: Mapping) -> None:
    """The lines in the order of their documents, numbered throughout (`ref`) and within the document
    (`ordinal`).

    Returns are credits to begin with; matching takes off what finds its sale. The numbers come from the place
    in the table and the documents' running sums, as window functions over such wide rows are slow."""
    kinds = ", ".join(literal(kind.value) for kind in mapping.returns.kinds) or "NULL"
    work.run(f"""
        CREATE TABLE line AS
        SELECT d.chunk, d.seq, b.merchant, b.order_id, b.role, b.line_id, b.placed_at, b.customer_id,
            b.currency, b.sku,
               b.title, b.kind, b.quantity, b.price_micros AS unit_price_micros, b.amount_minor, b.refers_to,
               CASE WHEN b.role = '{Role.RETURN}' THEN -b.quantity ELSE 0 END AS credited_quantity,
               CASE WHEN b.role = '{Role.RETURN}' THEN -b.amount_minor ELSE 0 END AS credited_minor,
               CASE WHEN b.role <> '{Role.RETURN}' THEN NULL
                    WHEN b.kind NOT IN ({kinds}) THEN 'kind_not_matched'
                    WHEN b.customer_id IS NULL AND b.refers_to IS NULL THEN 'unknown_customer'
                    END AS credited_because,
               b.file, b.line
        FROM booked AS b JOIN document AS d USING (merchant, order_id, role)
        WHERE NOT d.known
        ORDER BY d.seq, b.file, b.line;
        DROP VIEW booked;
        DROP TABLE entry;
        CREATE TABLE started AS
        SELECT seq, (sum(lines) OVER (ORDER BY seq) - lines)::BIGINT AS start, lines
        FROM document WHERE NOT known;
    """)
    work.run("CREATE VIEW laid AS SELECT rowid + 1 AS ref, * FROM line")
    strays = """
        SELECT count(*) FROM laid JOIN started AS s USING (seq)
        WHERE (ref - s.start) NOT BETWEEN 1 AND s.lines
    """
    assert work.number(strays) == 0, "the lines do not lie in the order of their documents"
