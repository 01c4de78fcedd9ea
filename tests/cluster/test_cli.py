"""What the `windowshop` command says and does, without starting a shop."""

import socket
import sys
from datetime import UTC, datetime, timedelta

import pytest

from catalog.release import EncoderRef, Release, ReleaseStore, TableRef
from cluster import cli
from cluster.local import StartFailed, _wait_for, http_url


def windowshop(monkeypatch, capsys, *arguments: str) -> tuple[int, str]:
    """Run the command in this process; (exit status, output on one line)."""
    monkeypatch.setattr(sys, "argv", ["windowshop", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0), " ".join(capsys.readouterr().out.split())


@pytest.fixture
def store(tmp_path):
    """Three releases, the last of them live."""
    store = ReleaseStore(tmp_path / "shop")
    parent = None
    for day, name in enumerate(("a-1", "b-2", "c-3")):
        made = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
        encoder, table = EncoderRef(base="packaged", version="v1"), TableRef(name="items", version=day + 1, rows=10)
        store.write(Release(id=name, created=made, parent=parent, encoder=encoder, items=table))
        store.promote(name)
        parent = name
    return store


def test_a_taken_port_is_named_with_the_way_out(monkeypatch, capsys, tmp_path):
    """Someone else's server on the port ends in one line that names the option, before anything is started."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        status, said = windowshop(monkeypatch, capsys, "demo", "--data", str(tmp_path / "d"), "--api-port", port)
    assert status == 1
    assert port in said and "--api-port" in said
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("host", ["nosuch.invalid", "192.0.2.1", "2001:db8::1", "[::1]"])
def test_an_address_of_another_machine_is_no_taken_port(monkeypatch, capsys, store, host):
    """What this machine cannot listen on is said in one line, which blames no port."""
    monkeypatch.setattr(cli, "has_usable_key", lambda _: True)
    status, said = windowshop(monkeypatch, capsys, "serve", "--release", store.uri, "--host", host)
    assert status == 1 and host in said and "--host" in said and "taken" not in said


def test_addresses_are_ones_that_a_browser_opens():
    """IPv6 stands in brackets, and what listens everywhere is shown on this machine."""
    shown = {host: http_url(host, 8000) for host in ("127.0.0.1", "0.0.0.0", "::1", "::", "shop.local")}
    assert shown == {
        "127.0.0.1": "http://127.0.0.1:8000",
        "0.0.0.0": "http://127.0.0.1:8000",
        "::1": "http://[::1]:8000",
        "::": "http://[::1]:8000",
        "shop.local": "http://shop.local:8000",
    }


def test_what_does_not_start_names_its_log(tmp_path):
    """The log is the file that standard error went to, and an end at once is not told as a long wait."""
    with pytest.raises(StartFailed, match=r"the page ended.*some\.log"):
        _wait_for(http_url("::1", 9), "the page", tmp_path / "some.log", lambda: False)


def test_serving_nothing_says_how_to_make_something(monkeypatch, capsys, tmp_path):
    """A store without a release is refused with the command that makes one."""
    status, said = windowshop(monkeypatch, capsys, "serve", "--release", str(tmp_path), "--api-port", "18731")
    assert status == 1 and "python -m batch.precompute" in said


def test_releases_are_listed_promoted_and_rolled_back(monkeypatch, capsys, store):
    """An operator sees which release is live and changes it."""
    status, said = windowshop(monkeypatch, capsys, "releases", "list", "--release", store.uri)
    assert status == 0 and "● c-3" in said and "a-1" in said
    assert windowshop(monkeypatch, capsys, "releases", "rollback", "--release", store.uri) == (0, "live: b-2")
    assert windowshop(monkeypatch, capsys, "releases", "promote", "--release", store.uri, "c-3") == (0, "live: c-3")
    assert store.current_id() == "c-3"
    status, said = windowshop(monkeypatch, capsys, "releases", "promote", "--release", store.uri, "nope")
    assert status == 1 and "nope" in said and store.current_id() == "c-3"


def test_the_first_release_cannot_be_rolled_back(monkeypatch, capsys, store):
    """There is nothing before the first release, and the command says so."""
    store.promote("a-1")
    status, said = windowshop(monkeypatch, capsys, "releases", "rollback", "--release", store.uri)
    assert status == 1 and "no parent" in said
