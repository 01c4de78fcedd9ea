"""Where a turn's time went, for whoever operates the shop: OpenTelemetry spans of its stages.

Spans go where the process's OpenTelemetry SDK sends them, and nowhere without one.
"""

import time
from collections.abc import Mapping

from opentelemetry import trace

_MS = 1_000_000

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
