"""What the shop measures of itself, for Prometheus.

Every node's Ray serves the numbers of all replicas on it (`ray start --metrics-export-port`), each name with `ray_`
before it and a counter's with `_total` behind; Serve adds the labels `deployment`, `replica` and `application`. Queues,
requests by route and replicas that start are measured by Serve itself. `docs/operations.md` lists both.

No label holds what a customer typed or who it was: the number of series is bounded by the code and by the few releases
that a replica lives through.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from ray.serve.metrics import Counter, Gauge, Histogram

from catalog.release import Release

_MS: list[float] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000]


@dataclass(frozen=True)
class Measure:
    """One metric."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    description: str
    labels: tuple[str, ...] = ()

    @property
    def exported(self) -> str:
        """Its name on Ray's endpoint; a histogram has `_bucket`, `_sum` and `_count` behind that."""
        return f"ray_{self.name}_total" if self.kind == "counter" else f"ray_{self.name}"


MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "windowshop_stage_ms",
            "histogram",
            "Milliseconds of a stage of a search or of a chat turn; stage total is the whole.",
            ("request", "stage"),
        ),
        Measure(
            "windowshop_tokens", "counter", "Tokens that Navigator read, found in its cache, wrote.", ("direction",)
        ),
        Measure("windowshop_pictures_encoded", "counter", "Pictures encoded while a customer waited."),
        Measure("windowshop_citations", "counter", "Items that answers cite: as written, or corrected.", ("result",)),
        Measure("windowshop_events", "counter", "Events by what became of them.", ("result",)),
        Measure("windowshop_taste_shards_missing", "counter", "Shards of a taste model that did not answer in time."),
        Measure("windowshop_problems", "counter", "Problem documents by kind and HTTP status.", ("kind", "status")),
        Measure(
            "windowshop_release_info",
            "gauge",
            "1 for the release that a replica serves; its versions are the labels.",
            ("release", "encoder", "table", "navigator", "taste"),
        ),
        Measure("windowshop_release_items", "gauge", "Items of the release that a replica serves."),
        Measure("windowshop_release_rejects", "gauge", "Rows of the source that precompute rejected for that release."),
    )
}


def stages_took(request: Literal["search", "turn"], timings_ms: Mapping[str, float]) -> None:
    """Milliseconds by stage of one request."""
    for stage, ms in timings_ms.items():
        _metric("windowshop_stage_ms").observe(ms, tags={"request": request, "stage": stage})


def tokens(prompt: int, cached: int, output: int) -> None:
    """Tokens of one prompt: all of it, what of it was cached, and what was written."""
    for direction, count in (("prompt", prompt), ("cached", cached), ("output", output)):
        _count("windowshop_tokens", count, direction=direction)


def pictures_encoded(count: int) -> None:
    """Pictures that went through the encoder for a waiting customer."""
    _count("windowshop_pictures_encoded", count)


def citations(cited: int, corrected: int) -> None:
    """Items cited in one answer, and citations that had to be corrected or taken out."""
    _count("windowshop_citations", cited, result="cited")
    _count("windowshop_citations", corrected, result="corrected")


def events(accepted: int, duplicate: int, forgotten: int) -> None:
    """What became of one batch of events, once it is on disk."""
    for result, count in (("accepted", accepted), ("duplicate", duplicate), ("forgotten", forgotten)):
        _count("windowshop_events", count, result=result)


def shards_missing(count: int) -> None:
    """Shards of a taste model that a request had to do without."""
    _count("windowshop_taste_shards_missing", count)


def problem(kind: str, status: int) -> None:
    """A problem document that is about to be sent."""
    _count("windowshop_problems", 1, kind=kind, status=str(status))


def serving(release: Release) -> None:
    """The release that this replica serves. Told again at every look at the pointer: Ray forgets what is not."""
    labels = {
        "release": release.id,
        "encoder": release.encoder.version,
        "table": f"{release.items.name}@{release.items.version}",
        "navigator": release.navigator.version if release.navigator else "",
        "taste": release.taste.version if release.taste else "",
    }
    _metric("windowshop_release_info").set(1, tags=labels)
    _metric("windowshop_release_items").set(release.items.rows)
    _metric("windowshop_release_rejects").set(release.counts.get("reject", 0))


def _count(name: str, count: int, **labels: str) -> None:
    if count:
        _metric(name).inc(count, tags=labels)


@cache
def _metric(name: str) -> Any:
    """Made at its first use, in the replica: there Serve knows which labels to add."""
    measure = MEASURES[name]
    labels: Any = measure.labels  # Serve's own type allows one label only
    if measure.kind == "histogram":
        return Histogram(name, measure.description, boundaries=_MS, tag_keys=labels)
    made = Counter if measure.kind == "counter" else Gauge
    return made(name, measure.description, tag_keys=labels)
