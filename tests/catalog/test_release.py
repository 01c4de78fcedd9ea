"""Writing, promoting and rolling back releases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import fsspec
import pytest

from catalog.errors import InvalidInput, NotFound, Superseded
from catalog.release import EncoderRef, Release, ReleaseStore, TableRef, new_release_id


def made(release_id: str, rows: int = 1) -> Release:
    return Release(
        id=release_id,
        created=datetime.now(UTC),
        encoder=EncoderRef(base="packaged", version="v1"),
        items=TableRef(name="items", version=3, rows=rows),
    )


@pytest.fixture(params=["local", "memory"])
def store(request, tmp_path):
    """The same behaviour on a local folder and on an object store (fsspec's memory file system)."""
    return ReleaseStore(tmp_path / "shop" if request.param == "local" else f"memory://{new_release_id()}")


def test_promote_and_roll_back(store):
    """The pointer names what was promoted last; an older release can be promoted again."""
    with pytest.raises(NotFound, match="precompute"):
        store.current()
    first, second = made("a-1"), made("b-2")
    for release in (first, second):
        store.write(release)
        store.promote(release.id)
    assert store.current() == second
    store.promote("a-1")
    assert store.current() == first
    assert [release.id for release in store.list()] == ["a-1", "b-2"]


def test_a_job_does_not_undo_what_was_promoted_meanwhile(store):
    """A release is promoted over the one that it was begun from, or not at all; a person may still decide otherwise."""
    for name in ("a", "b", "c"):
        store.write(made(name))
    store.promote("a", expected=None)
    store.promote("b", expected="a")
    for begun_from in ("a", None):
        with pytest.raises(Superseded, match=r"b is live by now.*again.*releases promote --release .* c"):
            store.promote("c", expected=begun_from)
    assert store.current_id() == "b"
    assert store.promote("b", expected="a").id == "b", "a job that was killed after its promotion goes on"
    store.promote("c")
    assert store.current_id() == "c"


def test_of_promotions_at_a_time_one_wins(tmp_path):
    """Two jobs that began from the same release do not undo one another, whoever is first."""
    store = ReleaseStore(tmp_path)
    names = [f"n{i}" for i in range(40)]
    for name in ("start", *names):
        store.write(made(name))
    store.promote("start")

    def swap(name: str) -> bool:
        try:
            ReleaseStore(tmp_path).promote(name, expected="start")
        except Superseded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(swap, names)) == 1


def test_a_release_never_changes(store):
    """Writing the same release again is fine; other content under its id is refused."""
    release = made("a-1")
    store.write(release)
    store.write(release)
    with pytest.raises(InvalidInput, match="never change"):
        store.write(release.model_copy(update={"source": "elsewhere"}))


def test_a_stray_entry_does_not_break_the_list(store, caplog):
    """A file, an empty release's folder and a release that cannot be read stand beside the others, which are listed."""
    for name in ("a-1", "b-2"):
        store.write(made(name))
    for path, text in (
        ("notes.txt", "x"),
        (".DS_Store", "x"),
        ("tmp/other", "x"),
        ("old/release.json", '{"id": "old"}'),
    ):
        with fsspec.open(store.path("releases", path), "w", auto_mkdir=True) as file:
            file.write(text)
    assert [release.id for release in store.list()] == ["a-1", "b-2"]
    assert "'old' cannot be read" in caplog.text
    with pytest.raises(InvalidInput, match="cannot be read"):
        store.get("old")


@pytest.mark.parametrize("bad", ["../../etc", "nope", ".hidden", "a/b"])
def test_unknown_ids_are_not_found(store, bad):
    """An id is never a path."""
    with pytest.raises(NotFound):
        store.get(bad)
    with pytest.raises(NotFound):
        store.promote(bad)


def test_readers_never_see_half_a_pointer(tmp_path):
    """While the pointer is swapped over and over, every read is one of the releases."""
    store = ReleaseStore(tmp_path)
    for name in ("a", "b"):
        store.write(made(name))
    store.promote("a")

    def swap() -> None:
        for i in range(200):
            store.promote("ab"[i % 2])

    with ThreadPoolExecutor(2) as pool:
        writer = pool.submit(swap)
        while not writer.done():
            assert store.current_id() in ("a", "b")
        writer.result()


def test_an_address_opens_the_same_pointer_from_anywhere(tmp_path, monkeypatch):
    """A worker's working folder is another; a candidate's pointer goes along."""
    monkeypatch.chdir(tmp_path)
    assert ReleaseStore("shop#candidate").address == f"{tmp_path}/shop#candidate"
    assert ReleaseStore("shop").address == f"{tmp_path}/shop"
