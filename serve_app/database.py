"""Which database events are kept in: the one that is named, or a file inside a release store on this machine."""

from pathlib import Path

import sqlalchemy as sa

from catalog.errors import InvalidInput
from catalog.release import ReleaseStore

RELEASE_VARIABLE = "WINDOWSHOP_RELEASE"
DATABASE_VARIABLE = "WINDOWSHOP_DATABASE"
DEFAULT_FILE = "events.db"


def events_url(given: str, store: ReleaseStore) -> str:
    """The database's URL.

    Args:
        given: what the operator named, or "".
        store: the release store, which holds the default.

    Raises:
        InvalidInput: none is named, and the store is not on this machine: a database cannot live in an object store.
    """
    if given:
        return given
    if not store.is_local:
        raise InvalidInput(
            f"no database for events: {store.uri} cannot hold one. Set {DATABASE_VARIABLE}, or `database` in the "
            "application's args, to postgresql://USER@HOST/NAME"
        )
    return sa.URL.create("sqlite", database=f"{store.uri}/{DEFAULT_FILE}").render_as_string(hide_password=False)


def is_sqlite(url: str) -> bool:
    """Whether the URL names an SQLite file."""
    return url.split(":", 1)[0].split("+", 1)[0] == "sqlite"


def make_room(url: str) -> None:
    """Make the folder that an SQLite file is going to lie in."""
    if is_sqlite(url) and (path := sa.make_url(url).database):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
