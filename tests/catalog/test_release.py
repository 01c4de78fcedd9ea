"""Writing, promoting and rolling back releases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from catalog.errors import InvalidInput, NotFound
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


def test_a_release_never_changes(store):
    """Writing the same release again is fine; other content under its id is refused."""
    release = made("a-1")
    store.write(release)
    store.write(release)
    with pytest.raises(InvalidInput, match="never change"):
        store.write(release.model_copy(update={"source": "elsewhere"}))


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
