"""An operator makes, lists and revokes API keys, and does not open a shop to others by accident."""

import sys

import pytest

from cluster import cli, key_commands
from serve_app.keys import KeyStore, split_key
from tests.cluster.test_cli import store, windowshop  # noqa: F401


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """No settings of whoever runs the tests; a table as wide as it needs."""
    for name in ("WINDOWSHOP_RELEASE", "WINDOWSHOP_DATABASE", "WINDOWSHOP_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(key_commands.console, "width", 200)


def make(monkeypatch, capsys, folder, *more):
    """Make a key; returns what stands on standard output."""
    options = ["--name", "page", "--scope", "search", "--scope", "chat", "--user", "guest-*", *more]
    monkeypatch.setattr(sys, "argv", ["windowshop", "keys", "create", *options, "--release", str(folder)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert not caught.value.code
    return capsys.readouterr().out.strip()


def test_a_key_from_making_to_revoking(monkeypatch, capsys, tmp_path):
    """Standard output is the key alone, for scripts; the list shows all about it but that."""
    text = make(monkeypatch, capsys, tmp_path, "--per-minute", "30", "--expires-in", "90d")
    id_, secret = split_key(text)
    status, said = windowshop(monkeypatch, capsys, "keys", "list", "--release", str(tmp_path))
    assert status == 0
    for part in (id_, "page", "chat search", "guest-*", "30", "usable"):
        assert part in said
    assert secret not in said
    status, said = windowshop(monkeypatch, capsys, "keys", "revoke", id_, "--release", str(tmp_path))
    assert (status, said) == (0, f"revoked: {id_} (page)")
    assert "revoked" in windowshop(monkeypatch, capsys, "keys", "list", "--release", str(tmp_path))[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["create", "--name", "x", "--scope", "all", "--user", "*"], "no scope 'all'"),
        (["create", "--name", "x", "--scope", "chat", "--user", "*", "--expires-in", "soon"], "12h or 90d"),
        (["revoke", "nope"], "no key 'nope'"),
    ],
)
def test_mistakes_say_what_would_do(monkeypatch, capsys, tmp_path, options, words):
    """And leave no key behind."""
    status, said = windowshop(monkeypatch, capsys, "keys", *options, "--release", str(tmp_path))
    assert status == 1 and words in said
    assert KeyStore(f"sqlite:///{tmp_path}/events.db").list() == []


def test_no_shop_is_no_default(monkeypatch, capsys):
    """Which shop's keys is asked for by name."""
    status, said = windowshop(monkeypatch, capsys, "keys", "list")
    assert status == 1 and "WINDOWSHOP_DATABASE" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.10"])
def test_others_are_not_let_in_without_keys(monkeypatch, capsys, store, host):  # noqa: F811
    """Neither the shop nor the demo is served beyond this machine before there is a key, unless that is said."""
    monkeypatch.setattr(cli, "_serve", lambda *_: pytest.fail("it was served"))
    for command in (["serve", "--release", store.uri], ["demo", "--data", store.uri]):
        status, said = windowshop(monkeypatch, capsys, *command, "--host", host)
        assert status == 1
        assert "windowshop keys create" in said and "--without-keys" in said


@pytest.mark.parametrize(
    ("host", "flags", "with_key", "access"),
    [
        ("127.0.0.1", [], False, "loopback"),
        ("127.0.0.1", [], True, "loopback"),
        ("0.0.0.0", [], True, "keys"),
        ("0.0.0.0", ["--without-keys"], False, "anyone"),
    ],
)
def test_who_may_call(monkeypatch, tmp_path, host, flags, with_key, access):
    """This machine without keys, others with them, everybody only where that is said."""
    keys = KeyStore(f"sqlite:///{tmp_path}/events.db")
    if with_key:
        keys.create("page", ["search"], ["*"])
    assert cli._access(str(tmp_path), host, bool(flags)) == access


def test_a_revoked_key_is_no_key_to_open_with(capsys, monkeypatch, tmp_path):
    """The last key revoked, the shop does not start for others again."""
    keys = KeyStore(f"sqlite:///{tmp_path}/events.db")
    keys.revoke(keys.create("page", ["search"], ["*"])[0].id)
    with pytest.raises(ValueError, match="keys create"):
        cli._access(str(tmp_path), "0.0.0.0", False)
