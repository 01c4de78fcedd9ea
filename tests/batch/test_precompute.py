"""A catalogue goes in, a table comes out; what changed is encoded, what left is gone, what is bad is told."""

import http.server
import io
import json
import threading
from functools import partial
from pathlib import Path

import lancedb
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from rich.console import Console
from tiny_catalogue import TinyEncoder, heard, picture, rows_of, write_catalogue

from batch.precompute import iter_features, job
from batch.precompute.buckets import IDS, with_hashes
from batch.precompute.files import Folder
from batch.precompute.leavers import take_out_gone
from batch.precompute.prepare import Fingerprint
from batch.precompute.progress import Progress
from batch.precompute.stage import duplicates_between, find_duplicates
from catalog.errors import BadSource, Shrunk, Superseded
from catalog.images import decode
from catalog.release import ModelRef, ReleaseStore
from catalog.table import ItemTable

FASHION = Path(__file__).parents[3] / "shared" / "data" / "fashion"


def table_of(shop: Path, release: str | None = None):
    """The rows of a release as {id: row}."""
    store = ReleaseStore(shop)
    found = store.get(release) if release else store.current()
    table = lancedb.connect(store.tables_uri).open_table(found.items.name)
    table.checkout(found.tag)
    rows = table.to_arrow().to_pylist()
    assert len(rows) == found.items.rows
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


def test_incremental(run, tmp_path):
    """The whole life of a catalogue: new, unchanged, changed, gone, and back; only new looks and words are encoded."""
    shop, log = tmp_path / "shop", tmp_path / "log"
    rows = rows_of(40)
    path = write_catalogue(tmp_path, rows)
    spec = f"jsonl:{path}"

    first = run(spec, wave_rows=24, rows_per_shard=8)
    assert (first.encoded, first.rejected, first.items, first.changed) == (40, 0, 40, True)
    assert sorted(heard(log)) == sorted(row["title"] for row in rows)
    table = table_of(shop)
    encoder = TinyEncoder()
    for i in (0, 17, 39):
        pixels = encoder.preprocess(decode(picture(i)))[None]
        assert np.dot(table[f"p{i}"]["image_vector"], encoder.encode_pixels(pixels)[0]) > 0.999
        assert np.dot(table[f"p{i}"]["text_vector"], encoder.encode_texts([f"Thing {i}"])[0]) > 0.999
        assert decode(table[f"p{i}"]["thumbnail"]).size == (24, 24)

    second = run(spec)
    assert (second.encoded, second.unchanged, second.changed) == (0, 40, False)
    assert second.release == first.release
    assert len(heard(log)) == 40

    rows[3]["title"] = "Thing three"
    rows[5]["price"] = 99.0
    (tmp_path / "images/7.jpg").write_bytes(picture(99))
    left = rows.pop()
    write_catalogue(tmp_path, rows)
    third = run(spec)
    assert (third.encoded, third.updated, third.gone, third.items) == (2, 1, 1, 39)
    assert sorted(heard(log)[40:]) == ["Thing 7", "Thing three"]
    after = table_of(shop)
    assert after["p3"]["title"] == "Thing three"
    assert after["p5"]["price"] == 99.0
    assert after["p5"]["image_vector"] == table["p5"]["image_vector"]
    assert after["p5"]["thumbnail"] == table["p5"]["thumbnail"]
    assert after["p7"]["image_vector"] != table["p7"]["image_vector"]
    assert left["id"] not in after
    assert left["id"] in table_of(shop, first.release), "an earlier release keeps what it had"

    write_catalogue(tmp_path, [*rows, left])
    fourth = run(spec)
    assert (fourth.encoded, fourth.updated, fourth.gone, fourth.items) == (1, 0, 0, 40)
    assert left["id"] in table_of(shop)

    store = ReleaseStore(shop)
    batches = list(iter_features(store, "tiny-v1", store.current(), batch_size=16))
    found = {i: v for b in batches for i, v in zip(b.ids, b.features.image, strict=True)}
    assert set(found) == set(table_of(shop))
    assert np.allclose(found["p7"], after["p7"]["image_vector"], atol=1e-3)
    assert batches[0].features.text.dtype == np.float32
    assert not (shop / "work" / first.release).exists(), "scratch files go when the run is done"


class Web(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def web(tmp_path):
    folder = tmp_path / "web"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Web, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_every_kind_of_bad_row_is_told_and_the_job_finishes(run, web, tmp_path):
    """Each bad row is in the rejects table with its place and reason; every good row is in the table."""
    folder, address = web
    (folder / "ok.jpg").write_bytes(picture(1))
    (folder / "page.jpg").write_text("<html>not found</html>")
    rows = [
        {"id": "web", "title": "From the web", "image": f"{address}/ok.jpg"},
        {"id": "gone", "title": "Gone", "image": f"{address}/gone.jpg"},
        {"id": "page", "title": "A page", "image": f"{address}/page.jpg"},
        {"id": "cut", "title": "Cut", "image": "images/cut.jpg"},
        {"id": "bomb", "title": "Bomb", "image": "images/bomb.png"},
        {"id": "missing", "title": "Missing", "image": "images/missing.jpg"},
        {"title": "No id"},
        {"id": "untitled", "title": " "},
        {"id": "web", "title": "Second of its id"},
        {"id": "free", "title": "Bad price", "price": "free"},
        {"id": "words", "title": "Words only"},
        {"id": "cut", "title": "Second of an id whose picture is bad"},
    ]
    (tmp_path / "images").mkdir()
    Image.effect_noise((90, 90), 90).save(tmp_path / "images/cut.jpg")
    (tmp_path / "images/cut.jpg").write_bytes((tmp_path / "images/cut.jpg").read_bytes()[:1500])
    Image.new("L", (10_000, 10_000)).save(tmp_path / "images/bomb.png")
    path = tmp_path / "items.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n")
    report = run(f"jsonl:{path}", rows_per_shard=5)
    rejects = pq.read_table(report.rejects).sort_by("ordinal").to_pylist()
    assert [(r["ordinal"], r["id"], r["code"]) for r in rejects] == [
        (1, "gone", "picture_not_found"),
        (2, "page", "picture_not_a_picture"),
        (3, "cut", "picture_truncated"),
        (4, "bomb", "picture_too_many_pixels"),
        (5, "missing", "picture_not_found"),
        (6, "", "missing_id"),
        (7, "untitled", "missing_title"),
        (8, "web", "duplicate_id"),
        (9, "free", "invalid_field"),
        (11, "cut", "duplicate_id"),
        (12, "", "malformed_row"),
    ]
    assert rejects[0]["where"] == "items.jsonl:2"
    assert f"{address}/gone.jpg" in rejects[0]["message"]
    assert sum(report.reasons.values()) == report.rejected == len(rejects)
    table = table_of(tmp_path / "shop")
    assert set(table) == {"web", "words"}
    assert not any(table["words"]["image_vector"])
    assert any(table["words"]["text_vector"])
    assert table["words"]["thumbnail"] is None

    (tmp_path / "web/ok.jpg").unlink()
    again = run(f"jsonl:{path}", require_image=True)
    assert again.reasons["picture_not_found"] == 3
    assert again.reasons["no_picture"] == 1
    assert "web" in table_of(tmp_path / "shop"), "a picture that fails today does not take an item out of the shop"


def test_mapping_mistakes_stop_the_job_before_anything_is_encoded(run, tmp_path):
    """The fields that exist are named, and no release is written."""
    path = write_catalogue(tmp_path, rows_of(3))
    with pytest.raises(BadSource, match=r"no row has 'colour'.*id, image, price, title"):
        run(f"jsonl:{path}", ["colors=colour"])
    assert heard(tmp_path / "log") == []
    assert ReleaseStore(tmp_path / "shop").list() == []
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(BadSource, match="empty"):
        run(f"jsonl:{tmp_path}/empty.jsonl")


def test_an_export_that_lost_its_ids_does_not_empty_the_shop(run, tmp_path):
    """Where no row is an item, nothing has left the shop, and what is live stays live."""
    path = write_catalogue(tmp_path, rows_of(3))
    live = run(f"jsonl:{path}").release
    lines = [json.dumps({"sku": row["id"], "title": row["title"]}) for row in rows_of(3)]
    path.write_text("\n".join(lines))
    with pytest.raises(BadSource, match="none of its 3 rows is an item"):
        run(f"jsonl:{path}")
    assert ReleaseStore(tmp_path / "shop").current().id == live
    assert len(table_of(tmp_path / "shop")) == 3


def test_a_row_that_turns_bad_takes_no_item_out(run, tmp_path):
    """An item keeps the last row of its that could be used, and is told; an id that is a number is the same id."""
    rows = [{"id": n, "title": f"Thing {n}", "price": n} for n in range(4)]
    path = write_catalogue(tmp_path, rows)
    run(f"jsonl:{path}")
    rows[0]["price"], rows[1]["title"] = "on request", " "
    write_catalogue(tmp_path, [*rows[:2], {"id": "new", "title": ""}, rows[2]])
    report = run(f"jsonl:{path}")
    assert (report.kept, report.gone, report.items, report.rejected) == (2, 1, 3, 3)
    table = table_of(tmp_path / "shop")
    assert {i: row["title"] for i, row in table.items()} == {"0": "Thing 0", "1": "Thing 1", "2": "Thing 2"}
    rejects = pq.read_table(report.rejects).sort_by("ordinal").to_pylist()
    assert [(r["id"], r["code"]) for r in rejects] == [
        ("0", "invalid_field"),
        ("1", "missing_title"),
        ("new", "missing_title"),
    ]
    write_catalogue(tmp_path, rows[2:])
    assert run(f"jsonl:{path}", max_gone=1).gone == 2, "without a row it is gone"


def test_an_export_that_lost_most_of_its_rows_is_not_promoted(run, tmp_path):
    """More than the share that may leave: what is live stays, until somebody says that it is right."""
    rows = rows_of(10)
    path = write_catalogue(tmp_path, rows)
    first = run(f"jsonl:{path}")
    write_catalogue(tmp_path, [*rows[:1], *rows_of(9, start=20)])
    with pytest.raises(Shrunk, match=r"9 of the 10 items that are live would leave.*50%.*--max-gone 1"):
        run(f"jsonl:{path}")
    store = ReleaseStore(tmp_path / "shop")
    assert store.current_id() == first.release
    with pytest.raises(Shrunk):
        run(f"jsonl:{path}", max_gone=0.8)
    assert len(store.list()) == 1
    report = run(f"jsonl:{path}", max_gone=0.9)
    assert (report.gone, report.items, report.encoded) == (9, 10, 9)
    assert store.current_id() == report.release
    write_catalogue(tmp_path, rows)
    looked_at = run(f"jsonl:{path}", promote=False)
    assert looked_at.gone == 9
    assert store.current_id() == report.release


def test_what_went_live_meanwhile_is_not_undone(run, tmp_path, monkeypatch):
    """A model that was promoted while the job ran stays live, and comes along when the same command goes on."""
    rows = rows_of(6)
    path = write_catalogue(tmp_path, rows)
    run(f"jsonl:{path}")
    store = ReleaseStore(tmp_path / "shop")
    live = store.current()
    index = ItemTable.index

    def meanwhile(name: str, **changes) -> None:
        store.write(live.model_copy(update={"id": name, "parent": live.id, **changes}))
        store.promote(name)

    taste = ModelRef(path="models/taste/1", version="1", encoder_version=live.encoder.version)
    monkeypatch.setattr(ItemTable, "index", lambda table: (index(table), meanwhile("with-taste", taste=taste)))
    rows[0]["title"] = "Another name"
    write_catalogue(tmp_path, rows)
    with pytest.raises(Superseded, match="with-taste is live"):
        run(f"jsonl:{path}")
    assert store.current_id() == "with-taste"
    monkeypatch.setattr(ItemTable, "index", index)
    again = run(f"jsonl:{path}")
    assert (store.current().parent, store.current().taste) == ("with-taste", taste)
    assert (again.encoded, len(heard(tmp_path / "log"))) == (1, 7), "what was encoded is not encoded again"

    encoder = live.encoder.model_copy(update={"version": "tiny-v1+head"})
    find = job.find_duplicates
    monkeypatch.setattr(job, "find_duplicates", lambda *a: (meanwhile("with-head", encoder=encoder), find(*a))[1])
    rows[1]["title"] = "A third name"
    write_catalogue(tmp_path, rows)
    with pytest.raises(Superseded, match=r"tiny-v1\+head"):
        run(f"jsonl:{path}")
    assert store.current_id() == "with-head"


def test_duplicates_and_leavers_are_found_bucket_by_bucket(tmp_path, monkeypatch):
    """The first row of an id wins in whatever shard it lies, and nothing depends on how ids fall into buckets."""
    monkeypatch.setattr("batch.precompute.buckets.IDS_PER_BUCKET", 10)
    monkeypatch.setattr("batch.precompute.buckets.RUN_ROWS", 30)
    monkeypatch.setattr("batch.precompute.buckets._GROUP_ROWS", 7)
    folder = Folder(str(tmp_path / "run"))
    ids = [f"i{n % 60}" for n in range(100)]
    for start in range(0, 100, 10):
        part = with_hashes(ids[start : start + 10], list(range(start, start + 10)))
        (folder / "ids").write_parquet(f"{start:012d}-10.parquet", [part], IDS)
    unusable = with_hashes([f"i{n}" for n in range(85, 100)], list(range(15)))
    (folder / "claimed").write_parquet("000000000000-10.parquet", [unusable], IDS)
    assert find_duplicates(folder, 100) == (60, 40)
    assert duplicates_between(folder, 0, 100) == {n: n - 60 for n in range(60, 100)}
    assert duplicates_between(folder, 70, 73) == {70: 10, 71: 11, 72: 12}

    from catalog.encoder import Space
    from catalog.item import Item
    from catalog.table import item_rows

    space = Space("image", 4, frozenset({"image"}))
    table = ItemTable.open_or_create(str(tmp_path / "db"), "items", "v", [space])
    there = [f"i{n}" for n in range(50, 90)]
    items = [Item(id=i, title=i) for i in there]
    table.upsert(
        item_rows(items, {"image_vector": np.ones((40, 4), np.float32)}, ["f"] * 40, [None] * 40).select(
            table.schema.names
        )
    )
    left = take_out_gone(folder, table, 100)
    assert (left.gone, left.kept) == (25, 5)
    stays = sorted(i for batch in table.batches(["id"]) for i in batch["id"].to_pylist())
    assert stays == [f"i{n}" for n in (*range(50, 60), *range(85, 90))]


def test_one_cpu_is_told_to_be_too_few(run, tmp_path, monkeypatch):
    """A cluster on which encoding would wait says so, and what for."""
    (tmp_path / "empty.jsonl").write_text("\n")
    monkeypatch.setattr("ray.cluster_resources", lambda: {"CPU": 1.0})
    with Progress(Console(file=io.StringIO())) as progress, pytest.raises(BadSource, match="empty"):
        run(f"jsonl:{tmp_path}/empty.jsonl", progress=progress)
    assert "The cluster has 1 CPU: encoding waits until there are 2" in progress.console.file.getvalue()


def test_fingerprints_tell_looks_and_words_from_facts():
    """A fingerprint of a version that is not known makes the item new, and no error."""
    one = Fingerprint.parse("a.b.c")
    assert str(one) == "a.b.c"
    assert one.encoded == Fingerprint.parse("a.b.d").encoded
    assert Fingerprint.parse("").encoded != one.encoded


@pytest.mark.skipif(not FASHION.exists(), reason="the shared fashion data is not on this machine")
def test_real_photos_where_they_lie(run, tmp_path):
    """Sixty real products, read in place."""
    rows = [json.loads(line) for line in (FASHION / "items.jsonl").open().readlines()[:60]]
    for row in rows:
        row["image"] = str(FASHION / row["image"])
    path = tmp_path / "fashion.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = run(f"jsonl:{path}", ["colors=color", "attributes.season=season"])
    assert (report.encoded, report.rejected, report.items) == (60, 0, 60)
    row = table_of(tmp_path / "shop")[rows[0]["id"]]
    assert row["colors"] == [rows[0]["color"]]
    assert json.loads(row["attributes"])["season"] == rows[0]["season"]
