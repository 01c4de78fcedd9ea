"""Any shop's export becomes items, in shards, whatever is wrong with some of its rows."""

import csv
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from catalog.errors import BadSource
from catalog.sources import FieldMap, Usage, open_source
from catalog.sources.base import resolve_picture


def read_all(source, rows_per_shard=2048):
    return [row for shard in source.shards(rows_per_shard) for row in source.read(shard)]


def write_lines(path: Path, rows) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("rows_per_shard", [1, 3, 100])
def test_shards_cover_every_row_once_in_any_order(tmp_path, packed, rows_per_shard):
    """Each shard can be read alone, and together they are the file: no row twice, none missing, ordinals stable."""
    text = "".join(json.dumps({"id": f"a{i}", "title": f"Chair {i} \u00e9"}) + "\n" for i in range(50))
    path = tmp_path / ("items.jsonl.gz" if packed else "items.jsonl")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    source = open_source(f"jsonl:{path}")
    shards = list(source.shards(rows_per_shard))
    rows = [row for shard in reversed(shards) for row in source.read(shard)]
    assert sorted((row.ordinal, row.id, row.where.rpartition(":")[2]) for row in rows) == [
        (i, f"a{i}", str(i + 1)) for i in range(50)
    ]


def test_malformed_lines_are_rejected_and_the_rest_is_read(tmp_path):
    """Broken JSON, other values, bad UTF-8, deep nesting, a huge line: each is one rejected row with its place."""
    path = tmp_path / "items.jsonl"
    lines = [
        b'\xef\xbb\xbf{"id": "1", "title": "first"}',
        b'{"id": "2", "title": ',
        b"[1, 2]",
        b'{"id": "4", "title": "\xff"}',
        b"[" * 100_000,
        b'{"id": "6", "title": "' + b"x" * (5 * 2**20) + b'"}',
        b"",
        b'{"id": "7", "title": "\\ud800"}',
        b'{"id": "8", "title": "last", "price": "cheap"}',
        b'{"id": "9", "title": "good"}',
    ]
    path.write_bytes(b"\n".join(lines))
    rows = read_all(open_source(f"jsonl:{path}"), 2)
    found = [(row.where, row.error.code if row.error else row.id) for row in rows]
    assert found == [
        ("items.jsonl:1", "1"),
        ("items.jsonl:2", "malformed_row"),
        ("items.jsonl:3", "malformed_row"),
        ("items.jsonl:4", "malformed_row"),
        ("items.jsonl:5", "malformed_row"),
        ("items.jsonl:6", "row_too_long"),
        ("items.jsonl:8", "invalid_field"),
        ("items.jsonl:9", "invalid_field"),
        ("items.jsonl:10", "9"),
    ]


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=12), st.integers(1, 5), st.sampled_from(",;\t|"))
def test_csv_reads_in_shards_what_was_written(tmp_path_factory, rows, rows_per_shard, delimiter):
    """Quotes, line breaks and delimiters inside cells do not move the shards' borders."""
    path = tmp_path_factory.mktemp("csv") / "items.csv"
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["id", "title", "description"])
    writer.writerows([f"id{i}", f"t{title}", text] for i, (title, text) in enumerate(rows))
    path.write_bytes(out.getvalue().encode())
    source = open_source(f"csv:{path}")
    read = [raw for shard in source.shards(rows_per_shard) for raw in source.format.rows(shard)]
    assert [raw.ordinal for raw in read] == list(range(len(rows)))
    for i, (raw, (title, text)) in enumerate(zip(read, rows, strict=True)):
        # The csv module ends a line at a lone carriage return as well, and gives it back as a line break.
        expected = {"id": f"id{i}", "title": f"t{title}", "description": text}
        assert {k: v.replace("\r\n", "\n") for k, v in raw.fields.items()} == {
            k: v.replace("\r\n", "\n") for k, v in expected.items()
        }


def test_csv_with_an_open_quote_loses_only_what_it_swallows(tmp_path):
    """A row of too many cells, and bytes that are not UTF-8, are rejects; short rows are read."""
    path = tmp_path / "items.csv"
    path.write_bytes(b"id,title,price\n1,Chair,10\n2,Sofa,20,30\n3,\xff,5\n4,Lamp\n")
    rows = read_all(open_source(f"csv:{path}"), 1)
    assert [(r.id, r.error and r.error.code) for r in rows] == [
        ("1", None),
        ("", "malformed_row"),
        ("", "malformed_row"),
        ("4", None),
    ]


def test_parquet_shards_cross_row_groups(tmp_path):
    """Shards need not agree with the file's row groups, and nested columns can be mapped."""
    path = tmp_path / "items.parquet"
    table = pa.table({"sku": [str(i) for i in range(25)], "meta": [{"name": f"Chair {i}"} for i in range(25)]})
    pq.write_table(table, path, row_group_size=4)
    source = open_source(f"parquet:{path}", FieldMap.parse(["id=sku", "title=meta.name"]))
    rows = [row for shard in reversed(list(source.shards(7))) for row in source.read(shard)]
    assert sorted((r.ordinal, r.item.id, r.item.title) for r in rows) == [(i, str(i), f"Chair {i}") for i in range(25)]


def test_folder_of_pictures(tmp_path):
    """Subfolders are categories, file names are titles; other files and hidden ones are passed over."""
    for name in ("chairs/oak_chair-01.jpg", "chairs/lounge/wing.png", "lamp.webp", "notes.txt", ".hidden/x.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    rows = read_all(open_source(f"images:{tmp_path}"), 2)
    assert [(r.id, r.item.title, r.item.category) for r in rows] == [
        ("lamp.webp", "lamp", ()),
        ("chairs/oak_chair-01.jpg", "oak chair 01", ("chairs",)),
        ("chairs/lounge/wing.png", "wing", ("chairs", "lounge")),
    ]
    assert rows[1].picture == str(tmp_path / "chairs/oak_chair-01.jpg")


def test_amazon_berkeley_objects(tmp_path):
    """Texts in the preferred language, the category from its node, the picture's path from the table of images."""
    listing = {
        "item_id": "B01",
        "item_name": [
            {"language_tag": "de_DE", "value": "Stuhl"},
            {"language_tag": "en_US", "value": "Chair"},
        ],
        "color": [{"language_tag": "en_US", "value": "Red"}, {"language_tag": "de_DE", "value": "Rot"}],
        "brand": [{"language_tag": "de_DE", "value": "Rivet"}],
        "bullet_point": [{"language_tag": "en_US", "value": "Solid oak"}, {"language_tag": "en_US", "value": "Light"}],
        "product_type": [{"value": "CHAIR"}],
        "node": [{"node_id": 1, "node_name": "/Categories/Furniture/Chairs"}],
        "main_image_id": "81iZ",
        "domain_name": "amazon.com",
    }
    other = {"item_id": "B02", "item_name": [{"language_tag": "fr_FR", "value": "Lampe"}], "main_image_id": "none"}
    metadata = tmp_path / "listings" / "metadata"
    metadata.mkdir(parents=True)
    text = "".join(json.dumps(x) + "\n" for x in (listing, other))
    (metadata / "listings_0.json.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "images" / "metadata").mkdir(parents=True)
    (tmp_path / "images" / "small" / "8f").mkdir(parents=True)
    (tmp_path / "images" / "small" / "8f" / "8fab.jpg").write_bytes(b"x")
    table = "image_id,height,width,path\n81iZ,1,1,8f/8fab.jpg\n71aB,1,1,14/14.jpg\n"
    (tmp_path / "images" / "metadata" / "images.csv.gz").write_bytes(gzip.compress(table.encode()))
    source = open_source(f"abo:{tmp_path}", FieldMap.parse(["attributes.market=domain_name"]))
    first, second = read_all(source)
    assert first.item.title == "Chair"
    assert first.item.colors == ("Red",)
    assert first.item.brand == "Rivet"
    assert first.item.category == ("Furniture", "Chairs")
    assert first.item.description == "Solid oak\nLight"
    assert first.item.attributes == {"market": "amazon.com"}
    assert Path(first.picture).read_bytes() == b"x"
    assert second.item.title == "Lampe"
    assert second.picture.endswith("/none.jpg")
    german = open_source(f"abo:{tmp_path}", language="de")
    assert read_all(german)[0].item.title == "Stuhl"
    assert german.signature() == open_source(f"abo:{tmp_path}", language="de").signature()
    assert german.signature() != open_source(f"abo:{tmp_path}").signature(), "other rows of the same files"


def test_mapping_reaches_into_nested_fields(tmp_path):
    """Dotted paths, list positions, constants, attributes and the rest, all from one row."""
    row = {
        "sku": 7,
        "names": {"en": "Oak chair"},
        "photos": ["a.jpg", "b.jpg"],
        "price": 12.5,
        "season": "Summer",
        "weight": 3,
    }
    path = write_lines(tmp_path / "x.jsonl", [row])
    fields = FieldMap.parse(
        ["id=sku", "title=names.en", "image=photos.0", "attributes.when=season"], ["currency=EUR", "brand=Own"], True
    )
    item = read_all(open_source(f"jsonl:{path}", fields))[0].item
    assert (item.id, item.title, item.image, item.price, item.currency, item.brand) == (
        "7",
        "Oak chair",
        "a.jpg",
        12.5,
        "EUR",
        "Own",
    )
    assert item.attributes["when"] == "Summer"
    assert item.attributes["weight"] == "3"


def test_unmapped_fields_are_left_out_unless_wanted(tmp_path):
    """A shop's internal columns do not end up in the catalogue by accident."""
    path = write_lines(tmp_path / "x.jsonl", [{"id": 1, "title": "Chair", "margin": 0.4}])
    assert read_all(open_source(f"jsonl:{path}"))[0].item.attributes == {}


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("jsonl:/no/such/file.jsonl", "no such file"),
        ("jsonlines:x", "write SCHEME:PATH"),
        ("items.jsonl", "write SCHEME:PATH"),
        ("csv:", "write SCHEME:PATH"),
        ("images:/no/such/folder", "no such folder"),
        ("abo:/tmp", "listings_"),
        ("jsonl:nosuchprotocol://x/y.jsonl", "nosuchprotocol"),
    ],
)
def test_bad_sources_say_what_is_wrong(spec, says, tmp_path, monkeypatch):
    """Errors name the value and what would do."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSource, match=says):
        open_source(spec.replace("/tmp", str(tmp_path)))


@pytest.mark.parametrize("text", ["titel=name", "title", "=x", "attributes.=x"])
def test_bad_mappings_are_refused_at_once(text):
    """A mistyped target is found before anything is read, with the nearest field named."""
    with pytest.raises(BadSource, match=r"--map"):
        FieldMap.parse([text])
    with pytest.raises(BadSource, match="did you mean 'title'"):
        FieldMap.parse(["titel=name"])


def test_a_mapped_field_that_no_row_has_is_named(tmp_path):
    """The mistake of a mapping is told from a column that is only sparse."""
    path = write_lines(tmp_path / "x.jsonl", [{"id": 1, "title": "A", "colour": "red"}, {"id": 2, "name": "B"}])
    source = open_source(f"jsonl:{path}", FieldMap.parse(["colors=color", "description=name"]))
    usage = Usage()
    for shard in source.shards(1):
        list(source.read(shard, usage))
    with pytest.raises(BadSource, match=r"'color'.*did you mean 'colour'.*colour, id, name, title"):
        source.fields.check(usage.mapped, usage.fields)


@pytest.mark.parametrize(
    ("image", "source", "picture"),
    [
        ("images/1.jpg", "/data/items.jsonl", "/data/images/1.jpg"),
        ("../1.jpg", "/data/x/items.jsonl", "/data/1.jpg"),
        ("/abs/1.jpg", "/data/items.jsonl", "/abs/1.jpg"),
        ("https://x.de/1.jpg", "/data/items.jsonl", "https://x.de/1.jpg"),
        ("1.jpg", "s3://bucket/shop/items.jsonl", "s3://bucket/shop/1.jpg"),
        ("/b/1.jpg", "https://x.de/a/items.jsonl", "https://x.de/b/1.jpg"),
        ("1.jpg", "https://x.de/a/items.jsonl", "https://x.de/a/1.jpg"),
        ("s3://other/1.jpg", "https://x.de/a/items.jsonl", "s3://other/1.jpg"),
    ],
)
def test_pictures_lie_beside_their_source(image, source, picture):
    """Relative paths start at the source's file; addresses are taken as they are."""
    assert resolve_picture(image, source) == picture


def test_signature_changes_with_the_file_and_the_mapping(tmp_path):
    """A resumed job can tell whether it still reads the same rows."""
    path = write_lines(tmp_path / "x.jsonl", [{"id": 1, "title": "A"}])
    before = open_source(f"jsonl:{path}").signature()
    assert open_source(f"jsonl:{path}").signature() == before
    assert open_source(f"jsonl:{path}", FieldMap.parse([], ["currency=EUR"])).signature() != before
    write_lines(path, [{"id": 1, "title": "A"}, {"id": 2, "title": "B"}])
    assert open_source(f"jsonl:{path}").signature() != before


def test_globs_and_memory_file_systems():
    """Any fsspec address will do, with a glob over several files in the order of their names."""
    import fsspec

    fs = fsspec.filesystem("memory")
    for name in ("b", "a"):
        fs.pipe_file(f"/shop/{name}.jsonl", json.dumps({"id": name, "title": name, "image": "p.jpg"}).encode())
    Image.new("RGB", (4, 4)).save(buffer := io.BytesIO(), "PNG")
    fs.pipe_file("/shop/p.jpg", buffer.getvalue())
    rows = read_all(open_source("jsonl:memory://shop/*.jsonl"))
    assert [(r.ordinal, r.id, r.picture) for r in rows] == [
        (0, "a", "memory:///shop/p.jpg"),
        (1, "b", "memory:///shop/p.jpg"),
    ]
