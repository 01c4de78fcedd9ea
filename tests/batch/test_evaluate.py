"""Quality suites: a wrong item, price or citation fails, and one command measures a release and compares two."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from batch.conversation_checks import Outcome, judge, made_up, meets
from batch.conversation_gate import keeps_up
from batch.conversation_gold import GoldTurn, as_intent, facts_of, load_conversations
from batch.conversation_suite import TurnResult, reaches, samples, scores
from batch.evaluate import app
from batch.local_search import open_search
from batch.paired import difference
from batch.quality_suites import drawn_titles, retrieval
from batch.suite_report import Report, compare, finite, got_worse
from catalog.demo import load as demo
from catalog.encoder import load_base_encoder, spaces_of
from catalog.item import Item, parse_item
from catalog.release import EncoderRef, Release, ReleaseStore, TableRef
from catalog.table import ItemTable, item_rows
from navigator.intent import ShoppingIntent
from navigator.knowledge import know
from navigator.prompt import Exchange, Shown
from navigator.relax import Relaxed
from tests.serve_app.tiny_navigator import add_navigator

ITEMS: dict[str, Item] = {
    item.id: item
    for item in map(parse_item, map(json.loads, demo.items_path().read_text(encoding="utf-8").splitlines()))
}
TRUTH = demo.truth()
KNOWN = {item_id: facts_of(item, TRUTH[item_id]) for item_id, item in ITEMS.items()}
CONVERSATIONS = load_conversations()
SAYS = ("a", "b", "c", "d")


def first(**wanted) -> str:
    """An item of which this holds."""
    return next(item for item, facts in KNOWN.items() if all(meets(*pair, facts) for pair in wanted.items()))


def failed(turn: GoldTurn, outcome: Outcome) -> set[str]:
    return {check.name for check in judge(turn, outcome, KNOWN) if not check.met}


def outcome(*shown: str, action: str = "search", **more) -> Outcome:
    return Outcome(intent=ShoppingIntent(action=action), shown=shown, **more)


GREEN, RED = first(kinds=["sofa"], colors=["green"]), first(kinds=["sofa"], colors=["red"])
WANTED = GoldTurn(
    says=SAYS,
    actions=("search",),
    holds={"kinds": ["sofa"], "colors": ["green"], "price_max": 1900, "exclude": ["leather"]},
)


def test_a_wrong_item_fails():
    """One item that is not what was asked for is enough, and so is showing none."""
    assert failed(WANTED, outcome(GREEN)) == set()
    assert failed(WANTED, outcome(GREEN, RED)) == {"colors"}
    assert failed(WANTED, outcome(first(kinds=["rug"], colors=["green"]))) == {"kinds"}
    assert failed(WANTED, outcome()) == {"kinds", "colors", "price_max", "exclude"}
    assert failed(WANTED, outcome(GREEN, action="ask")) == {"action"}


def test_a_wrong_price_fails():
    cheap = GoldTurn(says=SAYS, actions=("search",), holds={"price_max": (ITEMS[GREEN].price or 0) - 1})
    assert failed(cheap, outcome(GREEN)) == {"price_max"}
    both = GoldTurn(says=SAYS, actions=("search",), holds={"each_of": ["sofa", "rug"], "total": 500})
    rug = first(kinds=["rug"])
    assert failed(both, outcome(GREEN, rug)) == {"total"}
    assert failed(both, outcome(rug)) == {"each_of"}
    cheaper = GoldTurn(says=SAYS, actions=("search",), holds={"cheaper_than": "list"})
    low, high = sorted((GREEN, RED), key=lambda item: ITEMS[item].price or 0)
    assert failed(cheaper, outcome(low, list_before=(high,))) == set()
    assert failed(cheaper, outcome(high, list_before=(low,))) == {"cheaper_than"}


def test_a_wrong_citation_fails():
    assert failed(WANTED, outcome(GREEN, answer="Take [1].")) == set()
    assert failed(WANTED, outcome(GREEN, answer="Take [2].")) == {"citations"}


def test_a_wrong_reference_fails():
    """What was meant is what is pointed at or, for a question, what it is about; where it was never shown, the turn
    before is to blame."""
    second = GoldTurn(says=SAYS, actions=("ask",), refers_to=(2,), tells="price")
    price = f"[1] is €{ITEMS[RED].price:,.0f}."
    assert failed(second, outcome(RED, action="ask", list_before=(GREEN, RED), answer=price)) == set()
    assert failed(second, outcome(GREEN, action="ask", list_before=(GREEN, RED), answer=price)) == {"reference"}
    assert failed(second, outcome(RED, action="ask", list_before=(GREEN, RED), answer="It is nice.")) == {"price"}
    assert failed(second, outcome(GREEN, action="ask", list_before=(GREEN,))) == set()


def test_what_gave_way_must_be_told():
    turn = GoldTurn(
        says=SAYS, actions=("search",), holds={"kinds": ["sofa"]}, tells_of={"colors": ["lilac"], "price_max": 100}
    )
    assert failed(turn, outcome(GREEN)) == {"told"}
    told = (Relaxed("colors", "lilac", "nothing in lilac"),)
    assert failed(turn, outcome(GREEN, relaxed=told)) == set()


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ("I have none in green; [1] comes closest.", True),
        ("Nothing here is GREEN. [1] is at €10.", True),
        ("No sofa here.", True),
        ("I have none in lilac; [1] comes closest.", False),
        ("Nothing here is under €40. [1] is green.", False),
        ("No sofa under €40, sorry.", False),
        ("[1] is green.", False),
    ],
)
def test_nothing_on_show_is_denied(answer, wrong):
    """`None in green` beside a green sofa is wrong, by broad words too; a limit of price is no look."""
    assert failed(WANTED, outcome(GREEN, answer=answer)) == ({"denied"} if wrong else set())


def test_what_is_made_up_is_found():
    """A leg that no item has, and an amount that nobody named; not a citation, nor what was said before."""
    known = know(Shown(ITEMS[GREEN], np.ones((1, 4), np.float32)), TRUTH[GREEN].visual)
    intent = ShoppingIntent(action="ask")
    words = ["hairpin", "2", *TRUTH[GREEN].visual.values()]
    said = f"[2] is €{ITEMS[GREEN].price:,.0f}, as {TRUTH[GREEN].visual['material']} goes"
    assert made_up(said, [known], [], "", intent, words) == []
    assert made_up("It has hairpin legs for €7.", [known], [], "", intent, words) == ["hairpin", "€7"]
    assert made_up("Not over €7, hairpin legs.", [known], [], "under 7, hairpin", intent, words) == []


def test_the_gold_can_be_met():
    """120 conversations; whatever a turn asks for is in the shop, and what it must say is missing is not."""
    assert len(CONVERSATIONS) == 120
    views = {view.item_id for view in demo.second_views()}
    for conversation in CONVERSATIONS:
        for turn in conversation.turns:
            assert len(set(turn.says)) == 4, turn.says
            conditions = {
                name: value
                for name, value in turn.holds.model_dump(exclude_defaults=True).items()
                if name not in ("each_of", "total", "order", "cheaper_than")
            }
            fitting = [
                facts
                for facts in KNOWN.values()
                if facts.item.in_stock and all(meets(*pair, facts) for pair in conditions.items())
            ]
            assert fitting, turn.says[0]
            if turn.holds.total is not None:
                of = [[f.item.price for f in fitting if f.kind in kind.split("/")] for kind in turn.holds.each_of]
                assert sum(map(min, of)) <= turn.holds.total, turn.says[0]
            assert turn.picture is None or turn.picture in views
            assert set(turn.points_at) <= KNOWN.keys()


def test_a_perfect_reader_reads_what_must_hold():
    turn = GoldTurn(
        says=SAYS, actions=("refine",), holds={"kinds": ["floor-lamp"], "exclude": ["steel"]}, refers_to=(2,)
    )
    intent = as_intent(turn, 3)
    assert (intent.categories, intent.exclude, intent.item_refs) == (("floor lamp",), ("steel",), (2,))
    assert as_intent(turn, 1).item_refs == ()


def result(conversation: str, wording: int, met: bool) -> TurnResult:
    checks = judge(WANTED, outcome(GREEN if met else RED), KNOWN)
    exchange = Exchange("a")
    return TurnResult(conversation, 1, wording, "a", outcome(GREEN), tuple(checks), exchange)


def test_scores_and_aims():
    """Shares of checks by wording; an aim that is missed is named."""
    some = [result("c1", 0, True), result("c2", 0, False), result("c1", 1, True)]
    found = scores(some)
    assert found["as said"]["constraint"] == pytest.approx(7 / 8)
    assert found["as said"]["constraint n"] == 8
    assert found["terse"]["constraint"] == 1
    assert [line.split(" is ")[0] for line in reaches(found)] == ["constraint (as said)"]
    assert samples(some)["constraint (as said)"] == {"c1": 1.0, "c2": 0.75}


def test_paired_intervals():
    """A small difference that every conversation shows is sure; a larger one that two of forty make is not."""
    old = {f"c{i}": 0.5 + (i % 5) / 10 for i in range(40)}
    better = {name: value + 0.02 for name, value in old.items()}
    lucky = {**old, "c0": old["c0"] + 1, "c1": old["c1"] - 0.4, "other": 1.0}
    assert difference(better, old).sure
    assert difference(better, old).mean == pytest.approx(0.02)
    assert not difference(lucky, old).sure
    assert difference(lucky, old).units == 40
    worse = {name: value - 0.1 for name, value in old.items()}
    made = [Report("s", "r", {}, {"action (as said)": one, "invented (as said)": one}) for one in (worse, old)]
    assert [line.split(":")[0] for line in got_worse(compare(*made), 0.02)] == ["action (as said)"]
    assert [line.split(":")[0] for line in got_worse(compare(*made[::-1]), 0.02)] == ["invented (as said)"]


def test_what_was_not_asked_is_null():
    """A measure without a single case is no number, which JSON cannot say: other programs could not read the file."""
    nothing = difference({"a": 1.0}, {"b": 1.0})
    found = {"scores": {"as said": {"denial": float("nan"), "denial n": 0}}, "differences": asdict(nothing)}
    read = json.loads(json.dumps(finite(found), allow_nan=False))
    assert read["scores"]["as said"] == {"denial": None, "denial n": 0}
    assert read["differences"] == {"mean": None, "low": None, "high": None, "units": 0}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> ReleaseStore:
    """The demo's items with made-up vectors, and two releases with tiny random Navigators."""
    store = ReleaseStore(tmp_path_factory.mktemp("shop"))
    base = load_base_encoder("packaged", "cpu")
    rng = np.random.default_rng(0)
    table = ItemTable.open_or_create(store.tables_uri, "items", base.version, spaces_of(base))
    vectors = {
        space.column: rng.standard_normal((len(ITEMS), space.dim)).astype(np.float32) for space in spaces_of(base)
    }
    rows = item_rows(list(ITEMS.values()), vectors, ["f"] * len(ITEMS), [None] * len(ITEMS))
    table.upsert(rows.select(table.schema.names))
    table.index()
    release = Release(
        id="plain",
        created=datetime.now(UTC),
        encoder=EncoderRef(base="packaged", version=base.version),
        items=TableRef(name="items", version=table.tag("release-plain"), rows=len(ITEMS)),
    )
    store.write(release)
    store.promote("plain")
    for seed, name in enumerate(("one", "two")):
        add_navigator(store.uri, release, name, seed=seed)
    return store


def command(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.slow
def test_one_command_compares_two_releases(store, tmp_path):
    """Conversations run through the real turn and a real engine, and what broke can be read."""
    out = tmp_path / "found.json"
    ran = command(
        *("--release", store.uri, "--suite", "conversation", "--id", "two", "--against", "one"),
        *("--wordings", "1", "--limit", "1", "--out", str(out)),
    )
    assert ran.exit_code == 0, ran.output
    assert "two less one" in ran.output
    found = json.loads(out.read_text())["suites"]["conversation"]
    assert found["scores"]["as said"]["citation"] == 1.0
    assert found["against"]["differences"]["action (as said)"]["units"] == 1
    broken = found["failures"][0]
    assert broken["message"]
    assert broken["broken"]
    assert broken["intent"]["action"]


def test_understood_conversations_need_no_navigator(store, tmp_path):
    """With intents from the gold, what is shown meets nearly everything: finding is not what fails."""
    out = tmp_path / "found.json"
    ran = command(
        *("--release", store.uri, "--id", "plain", "--suite", "conversation", "--understood"),
        *("--wordings", "1", "--limit", "30", "--out", str(out)),
    )
    assert ran.exit_code == 0, ran.output
    row = json.loads(out.read_text())["suites"]["conversation"]["scores"]["as said"]
    assert row["constraint"] > 0.95
    assert row["action"] == 1.0


async def test_any_shop_is_found_again_by_its_titles(tmp_path):
    """On a catalogue that is not the demo's, retrieval asks for items by their own titles, the same ones every time."""
    store = ReleaseStore(tmp_path)
    base = load_base_encoder("packaged", "cpu")
    items = [Item(id=f"i{n}", title=f"{word} gadget") for n, word in enumerate(("brass", "teal", "oak", "wool", "tin"))]
    table = ItemTable.open_or_create(store.tables_uri, "items", base.version, spaces_of(base))
    vectors = {space.column: np.zeros((len(items), space.dim), np.float32) for space in spaces_of(base)}
    vectors["text_vector"] = base.encode_texts([item.title for item in items])
    table.upsert(item_rows(items, vectors, ["f"] * 5, [None] * 5).select(table.schema.names))
    table.index()
    release = Release(
        id="own",
        created=datetime.now(UTC),
        encoder=EncoderRef(base="packaged", version=base.version),
        items=TableRef(name="items", version=table.tag("release-own"), rows=5),
    )
    titles = drawn_titles(table, 3)
    assert titles == drawn_titles(table, 3)
    report = await retrieval(await open_search(store, release), titles, lambda *_: None)
    assert list(report.scores) == ["own title, recall@1", "own title, recall@10"]
    assert report.scores["own title, recall@1"] == {"share": 1.0, "queries": 3}


def test_a_checkpoint_is_used_for_one_side_of_a_comparison(store, monkeypatch):
    """The other release answers with its own Navigator, unless it has none or is given one."""
    used: dict[str, list[Path | None]] = {}

    async def remember(_store, release, _suites, options, _say):
        used.setdefault(release.id, []).append(options.navigator)
        return []

    monkeypatch.setattr("batch.evaluate.evaluate", remember)
    for arguments in (
        ("--id", "two", "--against", "one", "--navigator", "x"),
        ("--id", "two", "--against", "plain", "--navigator", "x"),
        ("--id", "two", "--against", "one", "--navigator", "x", "--against-navigator", "x"),
        ("--id", "one", "--against", "one", "--navigator", "x"),
    ):
        ran = command("--release", store.uri, "--suite", "intents", *arguments)
        assert ran.exit_code == 0, ran.output
    x = Path("x")
    assert used == {"two": [x, x, x], "one": [None, x, x, None], "plain": [x]}
    wrong = command("--release", store.uri, "--suite", "intents", "--against-navigator", "x")
    assert wrong.exit_code != 0 and "--against" in wrong.output
    assert "answers with its own" in " ".join(command("--help").output.replace("│", " ").split())


def test_a_release_without_a_navigator_says_so(store):
    ran = command("--release", store.uri, "--id", "plain", "--suite", "intents")
    assert ran.exit_code != 0
    assert "batch.train_navigator" in ran.output


def test_gate_is_shut_for_a_worse_one():
    """Surely worse on the gold conversations is worse; the first Navigator of all has nothing to be measured by."""
    old = [result(f"c{i}", 0, True) for i in range(20)]
    new = [result(f"c{i}", 0, False) for i in range(20)]
    assert keeps_up(old, None) == []
    assert keeps_up(old, old) == []
    assert [line.split(":")[0] for line in keeps_up(new, old)] == ["constraint (as said)"]
