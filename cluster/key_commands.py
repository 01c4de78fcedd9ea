"""`windowshop keys`: make, list and revoke API keys."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from catalog.errors import InvalidInput
from catalog.release import ReleaseStore
from serve_app.database import DATABASE_VARIABLE, RELEASE_VARIABLE, events_url
from serve_app.keys import EVERYBODY, SCOPES, KeyStore

keys = typer.Typer(no_args_is_help=True, help="API keys: who may use the HTTP API, for what, and on whose behalf.")
console = Console()

Release = Annotated[
    str, typer.Option("--release", envvar=RELEASE_VARIABLE, help="The release store, if it holds the database.")
]
Database = Annotated[str, typer.Option("--database", envvar=DATABASE_VARIABLE, help="The shop's database.")]
_SPAN = re.compile(r"(\d+)([hd])")


@keys.command()
def create(
    name: Annotated[str, typer.Option(help="What it is for; to know it by.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do; once for each of {', '.join(SCOPES)}.")],
    user: Annotated[
        list[str], typer.Option(help="Whom it may act for: an id, a beginning such as 'shop-a:*', or '*'; repeatable.")
    ],
    per_minute: Annotated[int, typer.Option(min=0, help="Requests per minute over all replicas; 0: any number.")] = 600,
    expires_in: Annotated[str, typer.Option(help="Such as 12h or 90d; by default it does not end by itself.")] = "",
    release: Release = "",
    database: Database = "",
) -> None:
    """Make a key and print it: alone on standard output, this once."""
    ends = datetime.now(UTC) + _span(expires_in) if expires_in else None
    key, text = open_keys(database, release).create(name, scope, user, per_minute or None, ends)
    Console(stderr=True).print(f"key {key.id} ({key.name}); it is not shown again:", highlight=False)
    typer.echo(text)


@keys.command("list")
def list_keys(release: Release = "", database: Database = "") -> None:
    """Every key that was ever made, without what would open anything."""
    now = datetime.now(UTC)
    table = Table("id", "name", "scopes", "users", "per minute", "made", "ends", "state", box=None)
    for key in open_keys(database, release).list():
        ends = f"{key.expires:%Y-%m-%d %H:%M}" if key.expires else "never"
        state = "usable" if key.usable(now) else "revoked" if key.revoked else "expired"
        scopes, users = " ".join(sorted(key.rights.scopes)), " ".join(key.rights.users)
        limit = "any" if key.per_minute is None else f"{key.per_minute:,}"
        table.add_row(key.id, key.name, scopes, users, limit, f"{key.created:%Y-%m-%d %H:%M}", ends, state)
    console.print(table)


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="As `list` shows it.")], release: Release = "", database: Database = ""
) -> None:
    """End a key for good; within seconds no replica lets it in."""
    key = open_keys(database, release).revoke(key_id)
    console.print(f"revoked: {key.id} ({key.name})", highlight=False)


def open_keys(database: str, release: str) -> KeyStore:
    """The keys of a shop. Raises InvalidInput where neither its database nor a store that holds one is named."""
    if not database and not release:
        raise InvalidInput(
            f"whose keys? Name the shop's database (--database or {DATABASE_VARIABLE}), or, where that lies in its "
            f"release store, the store (--release or {RELEASE_VARIABLE})"
        )
    return KeyStore(database or events_url("", ReleaseStore(release)))


def has_usable_key(keys: KeyStore) -> bool:
    """Whether anybody could be let in."""
    now = datetime.now(UTC)
    return any(key.usable(now) for key in keys.list())


def example(release: str) -> str:
    """A command that makes a key for everything."""
    scopes = " ".join(f"--scope {scope}" for scope in SCOPES)
    return f"windowshop keys create --name NAME {scopes} --user '{EVERYBODY}' --release {release}"


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    if not found or not int(found[1]):
        raise InvalidInput(f"{text!r} is no length of time; give hours or days, such as 12h or 90d")
    return timedelta(hours=int(found[1])) if found[2] == "h" else timedelta(days=int(found[1]))
