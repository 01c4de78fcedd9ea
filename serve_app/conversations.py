"""Where conversations are kept: beside the events, in SQLite on one machine, in PostgreSQL in a cluster.

A turn takes its place when it begins and is written when it ends, so two turns that are sent at once both count, and
one that breaks off leaves what was said by then.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa

from catalog.errors import InvalidInput, NotFound
from serve_app.database import make_room
from taste.database import make_tables, open_database, translated

P = ParamSpec("P")
T = TypeVar("T")

MAX_TURNS = 200
"""Turns of one conversation; beyond that a new one is begun."""

_LOCK = 0xC4A7  # any number; names the advisory lock that orders turns that begin at once

_metadata = sa.MetaData()
_conversations = sa.Table(
    "chat_conversations",
    _metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("person", sa.Text),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
    sa.Index("chat_conversations_by_person", "person", "updated_us"),
)
_turns = sa.Table(
    "chat_turns",
    _metadata,
    sa.Column("conversation", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),  # JSON; empty while the turn is under way
    sa.Column("picture", sa.LargeBinary),  # vectors of its picture, for turns that are still about it
)
_pictures = sa.Table(
    "chat_pictures",  # apart from the turns, because the next turn reads those and shows no picture
    _metadata,
    sa.Column("conversation", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("jpeg", sa.LargeBinary, nullable=False),
)


@dataclass(frozen=True)
class KeptTurn:
    """One turn: `body` is what the API shows of it, `vectors` those of its picture; the next turn needs both."""

    number: int
    body: dict[str, Any]
    vectors: bytes | None


@dataclass(frozen=True)
class Conversation:
    """A conversation with its finished turns, the first one first."""

    id: str
    person: str | None
    title: str
    created: datetime
    updated: datetime
    turns: tuple[KeptTurn, ...]


@dataclass(frozen=True)
class Entry:
    """A conversation in a list."""

    id: str
    title: str
    created: datetime
    updated: datetime
    turns: int


class ConversationStore:
    """Conversations of all people. Opens its database at the first use; one per process.

    Args:
        url: see `taste.database.open_database`.

    Raises:
        StoreUnavailable: from any method, where the database does not answer.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: sa.Engine | None = None
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="conversations")
        self._opening = asyncio.Lock()

    async def begin(self, conversation: str | None, person: str | None, title: str) -> tuple[str, int]:
        """Take the place of a new turn: (conversation, number).

        Raises:
            NotFound: there is no such conversation of this person.
            InvalidInput: it has no room for another turn.
        """
        return await self._run(self._begin, conversation, person, title)

    async def finish(
        self,
        conversation: str,
        number: int,
        body: dict[str, Any],
        *,
        vectors: bytes | None = None,
        picture: bytes | None = None,
    ) -> None:
        """Write a turn, over what stood in its place.

        Args:
            vectors: of the picture that came with it, for later turns.
            picture: that picture as a small JPEG, for whoever looks at the conversation again.
        """
        await self._run(self._finish, conversation, number, json.dumps(body, ensure_ascii=False), vectors, picture)

    async def give_up(self, conversation: str, number: int) -> None:
        """Free the place of a turn of which nothing came."""
        await self._run(self._give_up, conversation, number)

    async def load(self, conversation: str) -> Conversation:
        """A conversation. Raises NotFound."""
        return await self._run(self._load, conversation)

    async def pictures(self, conversation: str) -> dict[int, bytes]:
        """The small JPEGs of a conversation, by the number of the turn that each came with."""
        return await self._run(self._jpegs, conversation)

    async def of_person(self, person: str, limit: int) -> list[Entry]:
        """A person's conversations, the latest first."""
        return await self._run(self._of_person, person, limit)

    async def delete(self, conversation: str) -> None:
        """Delete a conversation for good. Raises NotFound."""
        await self._run(self._delete, conversation)

    async def forget_person(self, person: str) -> int:
        """Delete all conversations of a person for good; returns how many there were."""
        return await self._run(self._forget_person, person)

    async def reach(self) -> None:
        """Raises StoreUnavailable if the database does not answer."""
        await self._run(self._reach)

    def _reach(self, engine: sa.Engine) -> None:
        with translated(), engine.connect() as connection:
            connection.execute(sa.select(1))

    def _begin(self, engine: sa.Engine, conversation: str | None, person: str | None, title: str) -> tuple[str, int]:
        now = _now_us()
        with translated(), _writing(engine) as connection:
            if conversation is None:
                conversation, number = secrets.token_urlsafe(12), 1
                row = {"id": conversation, "person": person, "title": title, "created_us": now, "updated_us": now}
                connection.execute(sa.insert(_conversations).values(row))
            else:
                owner = connection.execute(
                    sa.select(_conversations.c.person).where(_conversations.c.id == conversation)
                ).one_or_none()
                if owner is None or owner.person != person:
                    raise no_conversation(conversation)
                last = sa.select(sa.func.max(_turns.c.number)).where(_turns.c.conversation == conversation)
                number = (connection.execute(last).scalar() or 0) + 1
                if number > MAX_TURNS:
                    raise InvalidInput(f"this conversation has {MAX_TURNS} turns; begin another one")
            row = {"conversation": conversation, "number": number, "body": ""}
            connection.execute(sa.insert(_turns).values(row))
        return conversation, number

    def _finish(
        self,
        engine: sa.Engine,
        conversation: str,
        number: int,
        body: str,
        vectors: bytes | None,
        picture: bytes | None,
    ) -> None:
        mine = sa.and_(_turns.c.conversation == conversation, _turns.c.number == number)
        seen = sa.and_(_pictures.c.conversation == conversation, _pictures.c.number == number)
        with translated(), _writing(engine) as connection:
            written = connection.execute(sa.update(_turns).where(mine).values(body=body, picture=vectors)).rowcount
            connection.execute(sa.delete(_pictures).where(seen))
            # Deleted meanwhile: then nothing is left to write to, and that is what was wanted.
            if written and picture is not None:
                row = {"conversation": conversation, "number": number, "jpeg": picture}
                connection.execute(sa.insert(_pictures).values(row))
            connection.execute(
                sa.update(_conversations).where(_conversations.c.id == conversation).values(updated_us=_now_us())
            )

    def _give_up(self, engine: sa.Engine, conversation: str, number: int) -> None:
        with translated(), _writing(engine) as connection:
            connection.execute(
                sa.delete(_turns).where(
                    _turns.c.conversation == conversation, _turns.c.number == number, _turns.c.body == ""
                )
            )
            left = sa.select(sa.func.count()).select_from(_turns).where(_turns.c.conversation == conversation)
            if not connection.execute(left).scalar():
                connection.execute(sa.delete(_conversations).where(_conversations.c.id == conversation))

    def _load(self, engine: sa.Engine, conversation: str) -> Conversation:
        with translated(), engine.connect() as connection:
            found = connection.execute(
                sa.select(_conversations).where(_conversations.c.id == conversation)
            ).one_or_none()
            rows = connection.execute(
                sa.select(_turns)
                .where(_turns.c.conversation == conversation, _turns.c.body != "")
                .order_by(_turns.c.number)
            ).all()
        if found is None:
            raise no_conversation(conversation)
        turns = tuple(KeptTurn(row.number, json.loads(row.body), row.picture) for row in rows)
        return Conversation(
            found.id, found.person, found.title, _time(found.created_us), _time(found.updated_us), turns
        )

    def _jpegs(self, engine: sa.Engine, conversation: str) -> dict[int, bytes]:
        query = sa.select(_pictures.c.number, _pictures.c.jpeg).where(_pictures.c.conversation == conversation)
        with translated(), engine.connect() as connection:
            return {row.number: row.jpeg for row in connection.execute(query)}

    def _of_person(self, engine: sa.Engine, person: str, limit: int) -> list[Entry]:
        count = sa.func.count(_turns.c.number)
        query = (
            sa.select(_conversations, count.label("turns"))
            .join(_turns, sa.and_(_turns.c.conversation == _conversations.c.id, _turns.c.body != ""))
            .where(_conversations.c.person == person)
            .group_by(*_conversations.c)
            .order_by(_conversations.c.updated_us.desc(), _conversations.c.id)
            .limit(limit)
        )
        with translated(), engine.connect() as connection:
            rows = connection.execute(query).all()
        return [Entry(row.id, row.title, _time(row.created_us), _time(row.updated_us), row.turns) for row in rows]

    def _delete(self, engine: sa.Engine, conversation: str) -> None:
        with translated(), _writing(engine) as connection:
            for table in (_turns, _pictures):
                connection.execute(sa.delete(table).where(table.c.conversation == conversation))
            gone = connection.execute(sa.delete(_conversations).where(_conversations.c.id == conversation))
            if not gone.rowcount:
                raise no_conversation(conversation)

    def _forget_person(self, engine: sa.Engine, person: str) -> int:
        mine = sa.select(_conversations.c.id).where(_conversations.c.person == person)
        with translated(), _writing(engine) as connection:
            for table in (_turns, _pictures):
                connection.execute(sa.delete(table).where(table.c.conversation.in_(mine)))
            return connection.execute(sa.delete(_conversations).where(_conversations.c.person == person)).rowcount

    async def _run(self, method: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        if self._engine is None:
            async with self._opening:
                if self._engine is None:
                    self._engine = await loop.run_in_executor(self._threads, _opened, self._url)
        return await loop.run_in_executor(self._threads, partial(method, self._engine, *arguments))


def _opened(url: str) -> sa.Engine:
    make_room(url)
    engine = open_database(url)
    make_tables(engine, _metadata, _LOCK)
    return engine


class _writing:  # noqa: N801  (reads as a verb where it is used)
    """A transaction that writes, after those that began before it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._begun = engine.execution_options(writes=True).begin()
        self._locks = engine.dialect.name == "postgresql"

    def __enter__(self) -> sa.Connection:
        connection = self._begun.__enter__()
        if self._locks:  # SQLite has one writer at a time by itself
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        return connection

    def __exit__(self, *error: Any) -> bool | None:
        return self._begun.__exit__(*error)


def no_conversation(conversation: str) -> NotFound:
    """Said of a conversation that does not exist, and of one that is not the caller's to know of."""
    return NotFound(f"there is no conversation {conversation!r}; send null to begin one")


def _now_us() -> int:
    return int(datetime.now(UTC).timestamp() * 1e6)


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
