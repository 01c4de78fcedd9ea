"""Where a turn's time went, for whoever operates the shop: OpenTelemetry spans and a Ray metric of each stage.

Spans go where the process's OpenTelemetry SDK sends them, and nowhere without one. The metric is on Ray's own dashboard
and in its Prometheus export.
"""

import time
from collections.abc import Mapping
from functools import cache

from opentelemetry import trace
from ray.serve.metrics import Histogram

_MS = 1_000_000
_BOUNDARIES: list[float] = [5, 10, 25, 50, 100, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000]

_tracer = trace.get_tracer("windowshop")


def record_turn(timings_ms: Mapping[str, float], attributes: Mapping[str, str | int]) -> None:
    """Tell of a turn that has just ended.

    Args:
        timings_ms: as `/v1/chat` tells them: `intent`, `first_item`, `first_text` and `total` since the turn began,
            `encode`, `find` and `score` by themselves.
        attributes: of the turn's span.
    """
    ended = time.time_ns()
    began = ended - int(timings_ms["total"] * _MS)
    turn = _tracer.start_span("windowshop.turn", start_time=began, attributes=dict(attributes))
    within = trace.set_span_in_context(turn)
    marks = [0.0, timings_ms["intent"], timings_ms["first_item"], timings_ms["total"]]
    for name, start, end in zip(("intent", "find", "answer"), marks, marks[1:], strict=False):
        stage = _tracer.start_span(f"windowshop.{name}", within, start_time=began + int(start * _MS))
        stage.end(began + int(end * _MS))
    turn.end(ended)
    for name, ms in timings_ms.items():
        _histogram().observe(ms, tags={"stage": name})


@cache
def _histogram() -> Histogram:
    return Histogram(
        "windowshop_turn_ms",
        description="Milliseconds of a chat turn, by stage.",
        boundaries=_BOUNDARIES,
        tag_keys=("stage",),
    )
