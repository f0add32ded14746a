"""The one way to PostgreSQL: `await db.transact(command, ...)` and `await db.ask(query, ...)`.

A command's first argument is a `Tx`, a query's a `Read`; neither can be handed a pool, so a transaction begins and
ends at a surface or a job and nowhere else. SQL is a literal in our source (`LiteralString`), values are always
parameters.
"""

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from types import MappingProxyType
from typing import Any, Concatenate, LiteralString, ParamSpec, Self, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import asyncpg.pool
import msgspec

from steelyard.kernel.text import Text

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=msgspec.Struct)

TRIES_MAX = 5
BACKOFF_SECONDS = 0.01
STATEMENT_TIMEOUT_SECONDS = 10
LOCK_TIMEOUT_SECONDS = 5
FILLING_TIMEOUT = "600s"
IDLE_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 10
# What a burst has opened is given back, up to one: a connection that has worked holds megabytes of plans at the server.
UNUSED_SECONDS_MAX = 60.0
_NO_MORE: Mapping[str, str] = MappingProxyType({})
_PATIENT = {"statement_timeout": FILLING_TIMEOUT, "idle_in_transaction_session_timeout": FILLING_TIMEOUT}

_JSONB_VERSION = b"\x01"  # the first byte of a value on the wire

APP_ROLE = "steelyard_app"
MERCHANT_ROLE = "steelyard_merchant"

# What another transaction can do to ours, a migration under our prepared statements too, and a second try mends.
_RETRIED = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)

Row = asyncpg.Record
Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

# The constraints' names are sentences; commands catch these two to answer politely, and nothing else.
UniqueViolation = asyncpg.UniqueViolationError
CheckViolation = asyncpg.CheckViolationError
ForeignKeyViolation = asyncpg.ForeignKeyViolationError
LockNotHad = asyncpg.LockNotAvailableError  # somebody has held for `LOCK_TIMEOUT_SECONDS` what is needed here
Unreachable = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InvalidAuthorizationSpecificationError,  # the password is wrong, too
    asyncpg.InvalidCatalogNameError,
    TimeoutError,
)


class ConnectionLost(ConnectionError):
    """The connection broke in the middle of a transaction: whether it was committed is not known."""


class Read:
    """Questions to the database, inside one READ ONLY transaction: everything asked sees the same instant.

    `kept` is what a module remembers for a moment between transactions of this process, under its own name: see
    `parties/policies`.
    """

    def __init__(self, connection: Connection, kept: dict[str, object] | None = None) -> None:
        self._connection = connection
        self.kept = {} if kept is None else kept
        self._planned_anew = False
        # What modules have asked already: of one instant the same question has the same answer. `Tx` keeps nothing there.
        self.answered: dict[str, object] = {}

    async def fetch(self, sql: LiteralString, *args: Any) -> list[Row]:
        return await self._connection.fetch(sql, *args)

    async def row(self, sql: LiteralString, *args: Any) -> Row | None:
        return await self._connection.fetchrow(sql, *args)

    async def value(self, sql: LiteralString, *args: Any) -> Any:
        return await self._connection.fetchval(sql, *args)

    async def all(self, struct: type[R], sql: LiteralString, *args: Any) -> list[R]:
        """Each row as a `struct`: column names are field names, jsonb columns are decoded into the field's type."""
        return [_convert(row, struct) for row in await self.fetch(sql, *args)]

    async def one(self, struct: type[R], sql: LiteralString, *args: Any) -> R | None:
        row = await self.row(sql, *args)
        return None if row is None else _convert(row, struct)

    async def plan_anew(self) -> None:
        """Until `plan_as_usual` or the end, each statement is planned for its own values, not once for any."""
        if not self._planned_anew:
            await self._connection.execute("SET LOCAL plan_cache_mode = 'force_custom_plan'")
            self._planned_anew = True

    async def plan_as_usual(self) -> None:
        """What follows is planned once for any values again: half of what finding rows by their keys takes is the plan."""
        if self._planned_anew:
            await self._connection.execute("SET LOCAL plan_cache_mode TO DEFAULT")
            self._planned_anew = False

    async def stream(self, sql: LiteralString, *args: Any, prefetch: int = 1_000) -> AsyncIterator[Row]:
        """Rows by a cursor, for exports: `prefetch` rows in memory at a time."""
        async for row in self._connection.cursor(sql, *args, prefetch=prefetch):
            yield row


class Tx(Read):
    """A transaction that may write. It commits when the command returns and is rolled back when it raises.

    `secured` is what is known of tables under row-level security, kept by those who open many transactions as one role.
    """

    def __init__(
        self,
        connection: Connection,
        secured: dict[str, bool] | None = None,
        kept: dict[str, object] | None = None,
    ) -> None:
        super().__init__(connection, kept)
        self._secured = {} if secured is None else secured

    async def execute(self, sql: LiteralString, *args: Any) -> int:
        """Run a statement; returns how many rows it touched."""
        status = await self._connection.execute(sql, *args)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def copy(self, table: str, columns: Sequence[str], records: Iterable[Sequence[Any]]) -> None:
        """COPY rows in: for the bulk paths. `table` and `columns` are names in our source, never input."""

        async def to(where: str) -> None:
            await self._connection.copy_records_to_table(where, columns=columns, records=records)

        await self._landed(table, columns, to)

    async def copy_csv(self, table: str, columns: Sequence[str], rows: bytes) -> None:
        """`copy` of rows that are CSV already (no header; an empty cell is NULL, `""` an empty text)."""

        async def to(where: str) -> None:
            await self._connection.copy_to_table(where, source=BytesIO(rows), columns=columns, format="csv")

        await self._landed(table, columns, to)

    async def _landed(self, table: str, columns: Sequence[str], copy_to: Callable[[str], Awaitable[None]]) -> None:
        """PostgreSQL refuses COPY into a table whose row-level security applies to us: there the rows go through a
        temporary table."""
        if table not in self._secured:
            self._secured[table] = await self.value("SELECT row_security_active($1::text)", table)
        if not self._secured[table]:
            await copy_to(table)
            return
        landing = f"landing_{next(_landings)}"
        names = ", ".join(columns)
        await self._connection.execute(
            f"CREATE TEMP TABLE {landing} ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0"  # noqa: S608  # names from our own source, never values
        )
        await copy_to(landing)
        await self._connection.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM {landing}; DROP TABLE {landing}"  # noqa: S608  # names from our own source, never values
        )

    async def analyze(self, tables: Sequence[str]) -> None:
        """Let the planner know what has become of these tables, after a bulk path has filled them. Works for their owner."""
        await self._connection.execute(f"ANALYZE {', '.join(tables)}")

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """What is inside is undone alone when it raises: for one bad row among many."""
        async with self._connection.transaction():
            yield


_landings = itertools.count(1)

Command = Callable[Concatenate[Tx, P], Awaitable[T]]
Query = Callable[Concatenate[Read, P], Awaitable[T]]


class Database:
    """A pool of connections under one role. Merchant consoles get theirs from `as_merchant`."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        merchants: asyncpg.Pool | None,
        merchant_id: UUID | None = None,
        kept: dict[str, object] | None = None,
    ):
        self._kept: dict[str, object] = {} if kept is None else kept
        self._pool = pool
        self._merchants = merchants
        self._merchant_id = merchant_id
        self._secured: dict[str, bool] = {}
        # What is done in batches here, by command or query: see `kernel/batching` and `kernel/lookups`.
        self.batchers: dict[Any, Any] = {}

    @classmethod
    async def connect(
        cls, url: str, *, size: int = 10, patient: bool = False, unused_seconds: float = UNUSED_SECONDS_MAX
    ) -> Self:
        """Connect as the application's role, with a second pool under the merchants' role (row-level security). `patient`,
        where nobody waits for an answer: a statement has minutes."""
        more = _PATIENT if patient else {}
        pool = await _pool(url, APP_ROLE, size, more, unused_seconds)
        try:
            merchants = await _pool(url, MERCHANT_ROLE, max(2, size // 2), more, unused_seconds)
        except BaseException:
            await pool.close()
            raise
        return cls(pool, merchants)

    @classmethod
    async def connect_as_owner(cls, url: str, *, size: int) -> Self:
        """Connect as the user of the URL, who owns the schema: for imports from the command line. Where that is a
        superuser, as in the embedded server, COPY goes straight into the tables."""
        return cls(await _pool(url, None, size), None)

    @classmethod
    async def connect_to_fill(cls, url: str, *, size: int) -> Self:
        """As `connect_as_owner`, for a house that is being made and can be made again: statements have minutes, and a
        commit does not wait for the disc. Where the owner is a superuser, references are taken for true unasked: the
        same writing is done with them asked in tests."""
        more = {**_PATIENT, "synchronous_commit": "off"}
        async with administer(url) as connection:
            if await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
                more["session_replication_role"] = "replica"
        return cls(await _pool(url, None, size, more), None)

    @property
    def kept(self) -> dict[str, object]:
        """What is remembered for a moment between transactions: see `Read`."""
        return self._kept

    async def close(self) -> None:
        """Close both pools. The view of one merchant borrows its pool, and is not closed."""
        assert self._merchant_id is None, "close the database itself, not a merchant's view of it"
        for pool in (self._pool, self._merchants):
            if pool is not None:
                await pool.close()

    def as_merchant(self, merchant_id: UUID) -> "Database":
        """The same database seen by one merchant: row-level security hides every other merchant's rows."""
        assert self._merchants is not None, "a merchant's view has no further views"
        return Database(self._merchants, None, merchant_id, self._kept)

    async def transact(self, command: Command[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `command` in one transaction; say it again when another transaction got in its way.

        A refusal or an error rolls everything back and is raised. Serialization failures and deadlocks are tried
        again, at most `TRIES_MAX` times: a command must have no effect outside its transaction.
        """
        for attempt in range(1, TRIES_MAX + 1):
            begun = False
            try:
                async with self._connected() as connection, connection.transaction():
                    begun = True
                    await self._confine(connection)
                    return await command(Tx(connection, self._secured, self._kept), *args, **kwargs)
            except (*_RETRIED, *Unreachable) as error:
                if attempt == TRIES_MAX or not (isinstance(error, _RETRIED) or _broke_before(begun, error)):
                    raise
            # Two that collided must not collide again in step.
            await asyncio.sleep(random.uniform(0, BACKOFF_SECONDS * 2**attempt))  # noqa: S311  # no secret
        raise AssertionError("unreachable")

    async def ask(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `query` in one read-only transaction; what it sees is of one instant (REPEATABLE READ)."""
        for attempt in range(1, TRIES_MAX + 1):
            begun = False
            try:
                async with (
                    self._connected() as connection,
                    connection.transaction(readonly=True, isolation="repeatable_read"),
                ):
                    begun = True
                    await self._confine(connection)
                    return await query(Read(connection, self._kept), *args, **kwargs)
            except Unreachable as error:
                if attempt == TRIES_MAX or not _broke_before(begun, error):
                    raise
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Connection]:
        """A connection of the pool. One that breaks says so in one way, whatever was about to be done with it."""
        async with self._pool.acquire() as connection:
            try:
                yield connection
            except asyncpg.InterfaceError as error:
                if not _closed(connection):
                    raise
                raise ConnectionLost(str(error)) from error
            except asyncpg.InternalClientError as error:  # it is being closed, and was told so before we were
                if not _closed(connection):
                    connection.terminate()
                raise ConnectionLost(str(error)) from error

    async def _confine(self, connection: Connection) -> None:
        if self._merchant_id is not None:
            await connection.execute("SELECT set_config('steelyard.merchant_id', $1, true)", str(self._merchant_id))


def _closed(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken it away from us
        return True


def _broke_before(begun: bool, error: BaseException) -> bool:
    """Whether a connection had broken while nobody used it: nothing has been said on it, so it is said on another."""
    return not begun and not isinstance(error, TimeoutError)


async def _pool(
    url: str, role: str | None, size: int, more: Mapping[str, str] = _NO_MORE, unused: float = UNUSED_SECONDS_MAX
) -> asyncpg.Pool:
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        max_inactive_connection_lifetime=unused,
        init=_prepare,
        reset=_keep,
        timeout=CONNECT_TIMEOUT_SECONDS,
        server_settings={
            **({"role": role} if role else {}),
            "application_name": "steelyard",
            "timezone": "UTC",
            "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS}s",
            "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
            "idle_in_transaction_session_timeout": f"{IDLE_TIMEOUT_SECONDS}s",
            # Our statements are short: compiling one costs more than it saves.
            "jit": "off",
            **more,
        },
    )


async def _prepare(connection: Connection) -> None:
    """JSON by msgspec, in binary, which COPY needs. (In an array parameter, `jsonb[]`, an element must not itself be a
    list: asyncpg would take it for a further dimension. Pass one jsonb array and unfold it in SQL instead.)"""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode_jsonb, decoder=_decode_jsonb, format="binary"
    )
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=msgspec.json.encode, decoder=msgspec.json.decode, format="binary"
    )


async def _keep(_connection: Connection) -> None:
    """Nothing is reset when a connection goes back: we leave no session state, and the round trip costs a third."""


def _convert(row: Row, struct: type[R]) -> R:
    return msgspec.convert(dict(row), struct, dec_hook=_custom)


def _custom(wanted: type, value: Any) -> object:
    if wanted is Text:
        return Text(value)
    raise NotImplementedError(wanted)


def _encode_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + msgspec.json.encode(value)


def _decode_jsonb(data: bytes) -> object:
    return msgspec.json.decode(memoryview(data)[1:])


@asynccontextmanager
async def administer(url: str) -> AsyncGenerator[asyncpg.Connection]:
    """A single connection as the owner of the schema, for migrations and checks: no role, no time limits."""
    connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_SECONDS)
    try:
        await _prepare(connection)
        yield connection
    finally:
        await connection.close()
