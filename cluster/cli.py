"""The `windowshop` command: a shop on one machine, and what an operator does with releases."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from catalog.demo import build as demo_build
from catalog.errors import InvalidInput, WindowshopError
from catalog.release import ReleaseStore
from cluster.demo_taste import demo_shoppers, learn_demo_taste
from cluster.key_commands import example, has_usable_key, keys, open_keys
from cluster.local import (
    KEY_VARIABLE,
    Addresses,
    check_disk,
    check_port,
    errors_to,
    local_ray,
    running_shop,
    stopping_on_signals,
)
from serve_app.access import Access, is_loopback
from serve_app.database import DATABASE_VARIABLE

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Conversational shopping and visual discovery for a catalogue of pictures, on Ray.",
)
releases = typer.Typer(no_args_is_help=True, help="List, promote and roll back releases.")
demo_catalogue = typer.Typer(no_args_is_help=True, help="The embedded demo catalogue.")
app.add_typer(releases, name="releases")
app.add_typer(keys, name="keys")
app.add_typer(demo_catalogue, name="demo-catalogue")

console = Console()

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all networks.")]
ApiPort = Annotated[int, typer.Option(min=1, max=65535, help="Port of the HTTP API.")]
PagePort = Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")]
WithoutKeys = Annotated[
    bool, typer.Option("--without-keys", help="Let whoever reaches the address in; by default they need an API key.")
]
StoreUri = Annotated[str, typer.Option("--release", help="The release store: a folder or object-store URI.")]

DEMO_DISK_MIB = 1_500
LOG = "windowshop.log"


def main() -> None:
    """Run the command; errors made on purpose end in one line and exit status 1, Ctrl-C in 130."""
    try:
        app()
    except WindowshopError as error:
        console.print(f"[red]windowshop:[/red] {error}", highlight=False)
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


@app.command()
def demo(
    data: Annotated[Path, typer.Option(help="Where the demo's release is kept.")] = Path(".windowshop/demo"),
    host: Host = "127.0.0.1",
    api_port: ApiPort = 8000,
    page_port: PagePort = 7860,
    without_keys: WithoutKeys = False,
) -> None:
    """Precompute the embedded catalogue, serve it and show it. Ctrl-C stops everything.

    The first start encodes about a thousand pictures; later ones take what is there.
    """
    access = _access(str(data), host, without_keys)
    _check(host, api_port, page_port)
    from cluster.demo import install_demo_navigator, prepare_demo  # what encodes and trains takes seconds to import

    check_disk(data, DEMO_DISK_MIB)
    with errors_to(data / LOG), stopping_on_signals(), console.status("Starting Ray") as status, local_ray():
        status.stop()
        prepare_demo(data, console)
        install_demo_navigator(data, console)
        learn_demo_taste(data, os.environ.get(DATABASE_VARIABLE, ""), console.print)
        _serve(str(data), access, host, api_port, page_port, data / LOG, demo_shoppers())


@app.command()
def serve(
    release: StoreUri,
    host: Host = "127.0.0.1",
    api_port: ApiPort = 8000,
    page_port: PagePort = 7860,
    without_keys: WithoutKeys = False,
) -> None:
    """Serve a store's live release on this machine, with the page. On a cluster: `serve deploy ray_config.yaml`."""
    ReleaseStore(release).current()
    access = _access(release, host, without_keys)
    _check(host, api_port, page_port)
    log = Path(".windowshop") / LOG
    with errors_to(log), stopping_on_signals(), local_ray():
        _serve(release, access, host, api_port, page_port, log)


@releases.command("list")
def list_releases(release: StoreUri) -> None:
    """Every release of a store, oldest first; the live one is marked."""
    store = ReleaseStore(release)
    live = store.current_id()
    table = Table("", "release", "made", "items", "encoder", "source", "commit", box=None)
    for entry in store.list():
        mark = "●" if entry.id == live else ""
        made = f"{entry.created:%Y-%m-%d %H:%M}"
        table.add_row(
            mark, entry.id, made, f"{entry.items.rows:,}", entry.encoder.version, entry.source, entry.git_commit
        )
    console.print(table)


@releases.command()
def promote(release: StoreUri, release_id: Annotated[str, typer.Argument(help="Id of the release.")]) -> None:
    """Make a release the live one; running replicas take it up within seconds."""
    console.print(f"live: {ReleaseStore(release).promote(release_id).id}", highlight=False)


@releases.command()
def rollback(release: StoreUri) -> None:
    """Make the live release's parent the live one again."""
    store = ReleaseStore(release)
    parent = store.current().parent
    if parent is None:
        raise WindowshopError(f"release {store.current_id()} has no parent to roll back to")
    console.print(f"live: {store.promote(parent).id}", highlight=False)


demo_catalogue.command("build")(demo_build.command)


def _check(host: str, api_port: int, page_port: int) -> None:
    check_port(host, api_port, "--api-port")
    check_port(host, page_port, "--page-port")


def _access(release: str, host: str, without_keys: bool) -> Access:
    """Who may call: this machine, and others with a key unless the operator says otherwise."""
    if is_loopback(host):
        return "loopback"
    if without_keys:
        return "anyone"
    if not has_usable_key(open_keys(os.environ.get(DATABASE_VARIABLE, ""), release)):
        raise InvalidInput(
            f"others could reach {host}, and there is no API key to tell them apart by. Make one:\n"
            f"  {example(release)}\nor say --without-keys if everybody may do everything"
        )
    return "keys"


def _serve(
    release: str, access: Access, host: str, api_port: int, page_port: int, log: Path, shoppers: Sequence[str] = ()
) -> None:
    with running_shop(release, access, host, api_port, page_port, console.print, log, shoppers) as addresses:
        console.print(_welcome(addresses))
        while True:
            time.sleep(3600)


def _welcome(addresses: Addresses) -> Panel:
    page = addresses.page or f"not started: it needs a key of its own in {KEY_VARIABLE}"
    lines = (f"The page   {page}", f"The API    {addresses.api}/docs", "", "Ctrl-C stops everything.")
    return Panel.fit("\n".join(lines), title="Windowshop is open", padding=(1, 3))


if __name__ == "__main__":
    main()
