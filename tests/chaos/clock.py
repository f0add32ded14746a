"""The clock that the house lives by, injected: `now()` is a function of the harness that comes before the server's own.

A transaction has one time from its beginning to its end, as it always has; the next may have another.
"""

import psycopg

from steelyard.kernel.installation import DATABASE

INJECTION = f"""
CREATE SCHEMA chaos;
CREATE TABLE chaos.jumps (since timestamptz PRIMARY KEY, seconds float8 NOT NULL);
GRANT USAGE ON SCHEMA chaos TO PUBLIC;
GRANT SELECT ON chaos.jumps TO PUBLIC;
CREATE FUNCTION public.now() RETURNS timestamptz STABLE LANGUAGE sql AS $$
    SELECT pg_catalog.now() + interval '1 second' * coalesce(
        (SELECT j.seconds FROM chaos.jumps j WHERE j.since <= pg_catalog.now() ORDER BY j.since DESC LIMIT 1), 0)
$$;
ALTER DATABASE {DATABASE} SET search_path = public, pg_catalog;
SET search_path = public, pg_catalog;
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', d.adrelid::regclass, a.attname
                    , replace(pg_get_expr(d.adbin, d.adrelid), 'pg_catalog.now()', 'public.now()'))
        FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        WHERE a.attgenerated = '' AND pg_get_expr(d.adbin, d.adrelid) LIKE '%pg_catalog.now()%'
    LOOP
        EXECUTE statement;
    END LOOP;
END $$
"""
# It is written down before it holds, so that no transaction sees it begin.
JUMP = """
INSERT INTO chaos.jumps (since, seconds)
SELECT clock_timestamp() + interval '0.2 seconds'
     , coalesce((SELECT seconds FROM chaos.jumps ORDER BY since DESC LIMIT 1), 0) + %(seconds)s
"""
HOLDS = """
SELECT now() - pg_catalog.now() = interval '1 second' * (SELECT seconds FROM chaos.jumps ORDER BY since DESC LIMIT 1)
"""


def inject(url: str) -> None:
    """Into a database in which nobody is at work yet."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(INJECTION.encode())


def jump(url: str, seconds: float) -> None:
    """From now on it is so much later than it would have been, or earlier."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(JUMP, {"seconds": seconds})
        # Until it holds: see JUMP.
        owner.execute("SELECT pg_sleep(0.3)")
        assert owner.execute(HOLDS).fetchone() == (True,)
