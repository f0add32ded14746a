"""A clock that can be wound: of a database, by a `now()` that comes before the server's own, and of the simulators.

For houses that are thrown away: a month is played in one of them in a minute, and tests see what a clock that jumps does.
A transaction has one time from its beginning to its end, as it always has; the next may have another.
"""

import asyncio
from datetime import UTC, datetime

import psycopg
from psycopg.sql import SQL, Identifier

from steelyard.simulators.clock import Clock

_INJECTION = """
CREATE SCHEMA wound;
CREATE TABLE wound.jumps (since timestamptz PRIMARY KEY, seconds float8 NOT NULL);
GRANT USAGE ON SCHEMA wound TO PUBLIC;
GRANT SELECT ON wound.jumps TO PUBLIC;
CREATE FUNCTION public.now() RETURNS timestamptz STABLE LANGUAGE sql AS $$
    SELECT pg_catalog.now() + interval '1 second' * coalesce(
        (SELECT j.seconds FROM wound.jumps j WHERE j.since <= pg_catalog.now() ORDER BY j.since DESC LIMIT 1), 0)
$$;
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
_FIRST = SQL("ALTER DATABASE {} SET search_path = public, pg_catalog")
# It is written down before it holds, so that no transaction sees it begin.
JUMP = """
INSERT INTO wound.jumps (since, seconds)
SELECT clock_timestamp() + %(after)s * interval '1 second'
     , coalesce((SELECT seconds FROM wound.jumps ORDER BY since DESC LIMIT 1), 0) + %(seconds)s
"""
HOLDS = """
SELECT now() - pg_catalog.now() = interval '1 second' * (SELECT seconds FROM wound.jumps ORDER BY since DESC LIMIT 1)
"""
# So long before it holds: whoever is at work meanwhile began before it.
AFTER_SECONDS = 0.2
LOOK_SECONDS = 0.02


def inject(url: str) -> None:
    """Into a migrated database in which nobody is at work yet; who connects afterwards lives by the wound clock."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(_FIRST.format(Identifier(owner.info.dbname)))
        owner.execute(_INJECTION.encode())


def jump(url: str, seconds: float) -> None:
    """From now on it is so much later than it would have been, or earlier. Others may be at work."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(JUMP, {"seconds": seconds, "after": AFTER_SECONDS})
        # Until it holds: see JUMP.
        owner.execute("SELECT pg_sleep(%s)", [AFTER_SECONDS + 0.1])
        assert owner.execute(HOLDS).fetchone() == (True,)


class Wound(Clock):
    """The time of a house and of the simulators around it, wound together. Who sleeps by it sleeps no real time."""

    def __init__(self, url: str) -> None:
        self._owner = psycopg.connect(url, autocommit=True)
        self._ahead = 0.0

    def close(self) -> None:
        self._owner.close()

    def now(self) -> float:
        return round(super().now() + self._ahead, 3)

    @property
    def moment(self) -> datetime:
        """What time it is."""
        return datetime.fromtimestamp(self.now(), UTC)

    def wind(self, to: datetime) -> None:
        """Put the clock forward to a moment that is to come. No transaction may be open, since it holds at once."""
        seconds = to.timestamp() - self.now()
        if seconds <= 0:
            return
        self._owner.execute(JUMP, {"seconds": seconds, "after": 0})
        self._ahead += seconds

    async def sleep(self, seconds: float, until: asyncio.Event) -> None:
        """Whoever waits by this clock looks again soon: it may have been wound meanwhile."""
        await super().sleep(min(seconds, LOOK_SECONDS), until)
