"""API keys: what the owner of one may do, and the database that keeps them, beside the events.

A key is `wsk_ID_SECRET`. The secret is 256 random bits and only its SHA-256 is kept: nobody can go through 2^256
guesses, so a slow, salted hash, which is for what people make up, would buy nothing and cost every request.
"""

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from catalog.errors import InvalidInput, NotFound
from serve_app.database import make_room
from serve_app.errors import Forbidden
from taste.database import make_tables, open_database, translated

Scope = Literal["search", "events", "taste", "chat"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
EVERYBODY = "*"

_FORM = re.compile(r"wsk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_LOCK = 0xA91  # any number; names the advisory lock under which replicas that start together make the tables

_metadata = sa.MetaData()
_keys = sa.Table(
    "api_keys",
    _metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("users", sa.JSON, nullable=False),
    sa.Column("per_minute", sa.Integer),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("revoked_us", sa.BigInteger),
)
_spent = sa.Table(
    "api_key_minutes",
    _metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("minute", sa.BigInteger, primary_key=True),
    sa.Column("requests", sa.Integer, nullable=False),
)


@dataclass(frozen=True)
class Rights:
    """What a caller may do.

    Attributes:
        scopes: parts of the API.
        users: ids of the people it may act for; one that ends in `*` stands for all ids that begin so.
    """

    scopes: frozenset[str]
    users: tuple[str, ...]

    def need(self, scope: Scope) -> None:
        """Raise Forbidden unless this part of the API may be used."""
        if scope not in self.scopes:
            raise Forbidden(f"this key has no scope {scope!r}", scope)

    def act_for(self, user: str | None) -> None:
        """Raise Forbidden unless the caller may act for this person; anybody may act for nobody in particular."""
        if not self.covers(user):
            raise Forbidden(f"this key may not act for the user {user!r}")

    def covers(self, user: str | None) -> bool:
        """Whether the caller may act for this person."""
        return user is None or any(
            user.startswith(one[:-1]) if one.endswith("*") else user == one for one in self.users
        )


UNLIMITED = Rights(frozenset(SCOPES), (EVERYBODY,))
"""Of every caller where no keys are required."""


@dataclass(frozen=True)
class ApiKey:
    """A key as it is kept."""

    id: str
    name: str
    rights: Rights
    per_minute: int | None
    """Requests per minute, over all replicas; None for any number."""
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    digest: bytes = field(repr=False)

    def opens_with(self, secret: str, now: datetime) -> bool:
        """Whether this is its secret, and it is neither revoked nor expired. Takes the same time for any secret."""
        same = hmac.compare_digest(self.digest, _digest(secret))
        return same and self.usable(now)

    def usable(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)


def split_key(text: str) -> tuple[str, str] | None:
    """(id, secret) of a key as it is sent, or None if it is none."""
    found = _FORM.fullmatch(text)
    return (found[1], found[2]) if found else None


class KeyStore:
    """Keys and what was spent of their limits. Thread-safe; opens its database at the first use.

    Args:
        url: see `taste.database.open_database`.

    Raises:
        StoreUnavailable: from any method, where the database does not answer.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: sa.Engine | None = None
        self._opening = threading.Lock()

    def create(
        self,
        name: str,
        scopes: Sequence[str],
        users: Sequence[str],
        per_minute: int | None = None,
        expires: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key and its text, which is nowhere else and cannot be had again.

        Raises:
            InvalidInput: an unknown scope, no scope, no user, or a limit below 1.
        """
        if unknown := set(scopes) - set(SCOPES):
            raise InvalidInput(f"there is no scope {min(unknown)!r}; scopes are {', '.join(SCOPES)}")
        if not scopes or not users or not all(users) or not name.strip():
            raise InvalidInput("a key needs a name, at least one scope, and at least one user ('*' for all)")
        if per_minute is not None and per_minute < 1:
            raise InvalidInput(f"{per_minute} requests per minute is no limit to work with; give at least 1")
        id_, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        row = {
            "id": id_,
            "name": name.strip(),
            "digest": _digest(secret),
            "scopes": sorted(set(scopes)),
            "users": list(dict.fromkeys(users)),
            "per_minute": per_minute,
            "created_us": _microseconds(datetime.now(UTC)),
            "expires_us": _microseconds(expires) if expires else None,
        }
        with translated(), self._writing() as connection:
            connection.execute(sa.insert(_keys).values(row))
        made = self.find(id_)
        assert made is not None
        return made, f"wsk_{id_}_{secret}"

    def list(self) -> list[ApiKey]:
        """All keys, revoked ones too, the oldest first."""
        with translated(), self._opened().connect() as connection:
            rows = connection.execute(sa.select(_keys).order_by(_keys.c.created_us, _keys.c.id)).all()
        return [_key(row) for row in rows]

    def find(self, id_: str) -> ApiKey | None:
        """The key of an id, revoked or not."""
        with translated(), self._opened().connect() as connection:
            row = connection.execute(sa.select(_keys).where(_keys.c.id == id_)).one_or_none()
        return _key(row) if row else None

    def revoke(self, id_: str) -> ApiKey:
        """End a key for good. Raises NotFound."""
        now = _microseconds(datetime.now(UTC))
        with translated(), self._writing() as connection:
            changed = sa.update(_keys).where(_keys.c.id == id_, _keys.c.revoked_us.is_(None)).values(revoked_us=now)
            connection.execute(changed)
        if (found := self.find(id_)) is None:
            raise NotFound(f"there is no key {id_!r}; `windowshop keys list` shows them")
        return found

    def spend(self, id_: str, minute: int, requests: int, limit: int) -> bool:
        """Take requests out of a key's allowance for one minute since 1970; False if they do not fit in any more."""
        dialect: Any = sqlite if self._opened().dialect.name == "sqlite" else postgresql
        new = dialect.insert(_spent).values(key=id_, minute=minute, requests=requests)
        total = _spent.c.requests + new.excluded.requests
        taken = new.on_conflict_do_update(
            index_elements=["key", "minute"], set_={"requests": total}, where=total <= limit
        ).returning(_spent.c.requests)
        with translated(), self._writing() as connection:
            spent = connection.execute(taken).scalar_one_or_none()
            if spent == requests:  # the first of this minute clears up after the minutes before
                connection.execute(sa.delete(_spent).where(_spent.c.key == id_, _spent.c.minute < minute - 1))
        return spent is not None

    def _writing(self) -> Any:
        return self._opened().execution_options(writes=True).begin()

    def _opened(self) -> sa.Engine:
        with self._opening:
            if self._engine is None:
                make_room(self._url)
                engine = open_database(self._url)
                make_tables(engine, _metadata, _LOCK)
                self._engine = engine
            return self._engine


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _key(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        rights=Rights(frozenset(row.scopes), tuple(row.users)),
        per_minute=row.per_minute,
        created=_time(row.created_us),
        expires=_time(row.expires_us) if row.expires_us is not None else None,
        revoked=_time(row.revoked_us) if row.revoked_us is not None else None,
        digest=bytes(row.digest),
    )


def _microseconds(time: datetime) -> int:
    return int(time.timestamp() * 1e6)


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
