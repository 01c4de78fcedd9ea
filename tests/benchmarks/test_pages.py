"""What the project says of itself is what was measured: pages come from results, and a floor that is missed fails."""

import json
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks import __main__ as bench
from benchmarks import figures, page, plots, quick, report
from benchmarks.__main__ import commands_of
from benchmarks.growth import merged
from benchmarks.quick import CHECKS, Check, Floor, run_quick
from benchmarks.registry import BENCHMARKS, HERE, line_of

DOCS = report.RESULTS.parent
TEXT = (DOCS / "claims.md").read_text()
AGAIN = "run python -m benchmarks --page-only"


def without_lines(text: str) -> str:
    """A page without line numbers, which move whenever a benchmark is edited."""
    return re.sub(r"#L\d+", "", text)


@pytest.mark.parametrize("path", figures.marked_pages(), ids=lambda path: path.stem)
def test_pages_say_what_was_measured(path):
    """Every marked figure equals its result, to the digits shown."""
    text = path.read_text()
    assert figures.refreshed(text) == text, AGAIN
    assert not figures.unmeasured(text), "marked, and in no result"


def test_tables_of_claims_hold_no_other_figures():
    """A figure in a table of claims that no result stands behind is found."""
    rows = [line for line in TEXT.splitlines() if line.startswith("|") and not line.startswith("|---")]
    for row in rows:
        for cell in row.strip("|").split("|")[1:]:
            bare = re.sub(r"[^\s|(]+<!--=.+?-->", "", cell)
            if "product" not in bare:
                assert not re.search(r"\d", bare), cell


def test_the_page_of_results_is_made_from_them():
    """docs/results.md holds the figures of docs/results/*.json and nothing else."""
    assert without_lines((DOCS / "results.md").read_text()) == without_lines(page.results_page()), AGAIN


def test_every_result_leads_to_the_line_that_measured_it():
    """Every benchmark is a module, every section's function is there, and every results file is a benchmark's."""
    for name, benchmark in BENCHMARKS.items():
        assert (HERE / f"{name}.py").exists() or (HERE / name / "__main__.py").exists()
        for section in benchmark.sections.values():
            file, line = line_of(section.measured_by)
            assert "def " in (HERE / file).read_text().splitlines()[line - 1]
    assert {path.stem for path in report.RESULTS.glob("*.json")} <= BENCHMARKS.keys()


def test_the_command_measures_every_section():
    """`make bench` runs a command for each section that does not need a hand; one of several sections once."""
    assert list(commands_of("encoder")) == [
        f"python -m benchmarks.encoder --only {name}" for name in BENCHMARKS["encoder"].sections
    ]
    assert commands_of("navigator")["python -m benchmarks.navigator --only latency"]
    assert not [command for command in commands_of("navigator") if "8B" in command or "FOLDER" in command]


def test_a_run_that_was_cut_off_goes_on(tmp_path, monkeypatch):
    """With --resume, a section that the present commit measured is not measured again; any other is."""
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr(report, "measured_commit", lambda: "0123456789ab")
    report.write_results("chat", {"turns": {"a": 1.0}})
    personal = {"python -m benchmarks.chat --only personal": False}
    everything = {"python -m benchmarks.chat --only turns": True, **personal}
    assert commands_of("chat", "0123456789ab") == personal
    assert commands_of("chat", "another") == commands_of("chat") == everything
    assert commands_of("chat", "0123456789ab+") == everything, "local changes: nobody knows which"


def test_times_are_taken_alone(monkeypatch):
    """What takes no times runs first, side by side; then each of the others by itself. What failed is named."""
    running: set[str] = set()
    most_beside: dict[str, int] = {}
    order: list[str] = []
    both = threading.Barrier(2)

    def run(command: str, threads: int | None = None) -> bool:
        running.add(command)
        order.append(command)
        if threads:
            both.wait(10)
        most_beside[command] = len(running)
        if threads:
            both.wait(10)
        running.discard(command)
        return "b" not in command

    commands = {"x": {"time a": True, "count b": False}, "y": {"count c": False, "time d": True}}
    monkeypatch.setattr(bench, "commands_of", lambda name, commit: commands[name])
    monkeypatch.setattr(bench, "_run", run)
    monkeypatch.setattr(bench, "_make_demo", lambda: None)
    monkeypatch.setattr(bench, "wait_until_quiet", lambda: None)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert bench._measure(["x", "y"], None) == ["count b"]
    assert most_beside == {"count b": 2, "count c": 2, "time a": 1, "time d": 1}
    assert order[2:] == ["time a", "time d"]


def test_ctrl_c_begins_no_other_benchmark(monkeypatch):
    """Stopped while two run side by side, those that wait for a core are not begun."""
    begun = []

    def run(command: str, threads: int | None = None) -> bool:
        begun.append(command)
        if command == "count 0":
            raise KeyboardInterrupt
        time.sleep(0.2)
        return True

    monkeypatch.setattr(bench, "commands_of", lambda name, commit: {f"count {n}": False for n in range(20)})
    monkeypatch.setattr(bench, "_run", run)
    monkeypatch.setattr(bench, "_make_demo", lambda: None)
    with pytest.raises(KeyboardInterrupt):
        bench._measure(["x"], None)
    assert len(begun) < 10


def test_sections_measured_side_by_side_are_all_kept(tmp_path, monkeypatch):
    """Two sections of one file that end at the same moment both stand in it."""
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    sections = [f"s{n}" for n in range(20)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: report.write_results("encoder", {name: {"a": 1.0}}), sections))
    assert json.loads((tmp_path / "encoder.json").read_text()).keys() == set(sections)


def test_making_the_demo_leaves_no_settings_behind(tmp_path, monkeypatch):
    """What the demo's own Ray is set to must not reach the benchmarks, which measure Serve as it comes, too."""
    monkeypatch.setattr(bench, "complete", _sets_a_variable)
    bench._make_demo()
    assert "WINDOWSHOP_LEFT_BEHIND" not in os.environ


def _sets_a_variable(folder):
    os.environ["WINDOWSHOP_LEFT_BEHIND"] = "1"


def test_figures_are_traced(tmp_path, monkeypatch):
    """A table has its command, its code and its raw file below; what was not measured says so."""
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr(page, "RESULTS", tmp_path)
    report.write_results("search_index", {"vector_index": {"rows": 10, "searches": {"a": {"x": 1.5}, "b": {"x": 2.5}}}})
    text = page.results_page()
    assert "| rows | 10 |" in text
    assert "| searches | x |\n|---|---:|\n| a | 1.5 |\n| b | 2.5 |" in text
    assert "`python -m benchmarks.search_index`, [benchmarks/search_index.py](../benchmarks/search_index.py#L" in text
    assert "`vector_index` of [search_index.json](results/search_index.json)" in text
    assert "`python -m benchmarks.chat`: not measured yet." in text


def test_a_claim_is_computed(tmp_path, monkeypatch):
    """Plain figures, ratios and gains; a dash for what was not measured: pages are written all the same."""
    measured = {"s": {"figures": {"a": 3.0, "b": [{"c": 2.0}]}}}
    (tmp_path / "x.json").write_text(json.dumps(measured))
    monkeypatch.setattr(figures, "RESULTS", tmp_path)

    def shown(expression: str) -> str:
        return figures.refreshed(f"0<!--={expression}-->").partition("<")[0]

    assert shown("x::s::a::.1f") == "3.0"
    assert shown("x::s::a over x::s::b::0::c::.2f") == "1.50"
    assert shown("x::s::a over x::s::b::0::c less 1::+.0%") == "+50%"
    assert shown("x::later::a::.1f") == shown("y::s::a::.1f") == figures.MISSING
    assert shown("x::s::d::.1f") == shown("x::s::b::4::c::.1f") == figures.MISSING
    marks = "0<!--=x::s::a::.1f--> 0<!--=x::s::d over x::s::a::.1f-->"
    assert figures.unmeasured(marks) == ["x::s::d over x::s::a"]
    with pytest.raises(KeyError):
        shown("x::s::.1f")


def test_a_collapsed_ratio_fails(monkeypatch):
    """A figure below its floor is named; data that is not on this machine skips its benchmark."""

    def absent() -> dict:
        raise FileNotFoundError("no such data")

    floor = Floor("a", 1.0, lambda figures: figures["a"])
    fine, low = (Check(lambda value=value: {"a": value}, (floor,)) for value in (2.0, 0.5))
    monkeypatch.setattr(quick, "CHECKS", {"fine": fine, "low": low, "absent": Check(absent, (floor,))})
    assert run_quick(["fine", "absent"]) == []
    assert run_quick(["low"]) == ["low: a is 0.5, at least 1"]


def test_plots_are_drawn_from_results(tmp_path, monkeypatch):
    """The same figures give the same picture; a section that is missing gives none."""
    monkeypatch.setattr(plots, "RESULTS", tmp_path)
    rows = [
        {
            "figures": {
                "methods": {"Windowshop": {"recall@10": 0.2, "error": 0.1}, "b": {"recall@10": 0.1, "error": 0.1}}
            }
        }
    ]
    (tmp_path / "taste.json").write_text(json.dumps({"rooms": rows[0]}))
    assert plots.draw_all() == ["taste-rooms.svg"]
    first = (tmp_path / "taste-rooms.svg").read_text()
    plots.draw_all()
    assert (tmp_path / "taste-rooms.svg").read_text() == first


def test_a_size_measured_again_takes_its_place():
    before = [{"items": 1, "s": 1.0}, {"items": 10, "s": 9.0}]
    assert merged(before, [{"items": 10, "s": 8.0}, {"items": 100, "s": 70.0}]) == [
        {"items": 1, "s": 1.0},
        {"items": 10, "s": 8.0},
        {"items": 100, "s": 70.0},
    ]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", CHECKS)
def test_benchmarks_still_run(name):
    """Each benchmark in a small size, in this environment, above its floors."""
    assert run_quick([name]) == []


def test_rows_with_columns_in_common_are_one_table():
    """Whatever stands beside them: it follows in a table of its own, and nothing is lost."""
    measured = {"tuned": {"empty": {"p50": 1.0, "p99": 2.0}, "search": {"p50": 3.0, "p99": 4.0}, "holds": True}}
    together, beside = page.tables_of(measured)
    assert together[2:] == ["| empty | 1 | 2 |", "| search | 3 | 4 |"]
    assert beside[2:] == ["| holds | yes |"]
