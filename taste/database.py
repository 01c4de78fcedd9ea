"""The database that events and conversations are kept in: SQLite on one machine, PostgreSQL in a cluster."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from catalog.errors import InvalidInput, WindowshopError


class StoreUnavailable(WindowshopError):
    """The database cannot be reached or refuses; nothing was acknowledged, and sending again is safe."""

    code = "store_unavailable"

    @property
    def out_of_reach(self) -> bool:
        """Whether it is the database that is away, full or locked, and not what was sent that it refuses."""
        cause = self.__cause__
        return isinstance(cause, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError)


def open_database(url: str) -> sa.Engine:
    """Connections to a database. Transactions that write are begun on `engine.execution_options(writes=True)`.

    Args:
        url: `sqlite:////folder/events.db` or `postgresql://user@host/database`.

    Raises:
        InvalidInput: the url names another database, or SQLite's in-memory one, which keeps nothing.
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        # Neither the URL nor the cause is repeated: what is wrong with it may be the password.
        raise InvalidInput("this is not a database URL; give sqlite:////PATH or postgresql://...") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise InvalidInput("SQLite in memory keeps nothing; give a path, as in sqlite:////data/events.db")
        engine = sa.create_engine(parsed, hide_parameters=True, connect_args={"timeout": 30})
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    if backend == "postgresql":
        return sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=10,
            max_overflow=10,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"options": "-c synchronous_commit=on", "connect_timeout": 10},
        )
    raise InvalidInput(f"{backend} is not supported; give sqlite:////PATH or postgresql://...")


def make_tables(engine: sa.Engine, metadata: sa.MetaData, lock: int) -> None:
    """Make those tables and indexes that are not there yet.

    Args:
        engine: of `open_database`.
        metadata: the tables.
        lock: number of the advisory lock under which replicas that start together do so, one after the other.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    with translated(), engine.execution_options(writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":  # CREATE IF NOT EXISTS can still collide
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
        for table in metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would otherwise begin transactions of its own
    # In WAL mode synchronous=NORMAL loses the last commits on a power cut: FULL flushes at each.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that reads first and then writes fails at once if another wrote between; taking the write lock at
    # the start waits instead. Plain reads begin with a SELECT and are not delayed by it: WAL readers need no lock.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


class translated:  # noqa: N801  (reads as a verb where it is used)
    """Turns the driver's errors into StoreUnavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sa.exc.DBAPIError | sa.exc.TimeoutError):
            raise StoreUnavailable(f"the database failed: {str(error).splitlines()[0]}") from error
