"""The picture of a taste: interests on the map that is the same for everybody, drawn as SVG from what the API says."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ui.cards import picture_address

WIDTH, HEIGHT = 340.0, 280.0
_MARGIN = 34.0
_SMALLEST, _LARGEST = 13.0, 30.0
_GAP = 3.0
_OFFSETS = (0, 16, -16, 32, -32)
"""Where a region's name may stand, in pixels below its middle."""

_DOTS = 24
"""Items drawn of each interest."""


@dataclass
class _Place:
    """A circle on the picture."""

    x: float
    y: float
    radius: float = 0.0


def taste_map(taste: Mapping[str, Any]) -> str:
    """The SVG for an answer of `/v1/users/ID/taste`; thumbnails come from the page's own server."""
    interests: Sequence[Mapping[str, Any]] = taste["interests"]
    landmarks: Sequence[Mapping[str, Any]] = taste["landmarks"]
    if not interests and not landmarks:
        return ""
    scale = _Scale([one["position"] for one in (*landmarks, *interests)])
    places = [_place(interest, scale) for interest in interests]
    _part(places)
    threads = "".join(_threads(one, place, scale) for one, place in zip(interests, places, strict=True))
    circles = "".join(_circle(n, one, place) for n, (one, place) in enumerate(zip(interests, places, strict=True)))
    names = ", ".join(interest["name"] for interest in interests) or "nothing yet"
    return (
        f'<svg class="ws-map" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="Taste map: '
        f'{escape(names, quote=True)}">{_labels(landmarks, places, scale)}{threads}{circles}</svg>'
    )


class _Scale:
    """From the map's coordinates to the picture's, such that everything drawn fits and one unit is one unit."""

    def __init__(self, positions: Sequence[Mapping[str, float]]) -> None:
        xs, ys = [p["x"] for p in positions], [p["y"] for p in positions]
        self._middle = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
        spans = ((max(xs) - min(xs)) or 0.2, (max(ys) - min(ys)) or 0.2)
        self._zoom = ((WIDTH - 2 * _MARGIN) / spans[0], (HEIGHT - 2 * _MARGIN) / spans[1])

    def __call__(self, position: Mapping[str, float]) -> tuple[float, float]:
        x = WIDTH / 2 + (position["x"] - self._middle[0]) * self._zoom[0]
        y = HEIGHT / 2 - (position["y"] - self._middle[1]) * self._zoom[1]
        return min(max(x, 6.0), WIDTH - 6.0), min(max(y, 6.0), HEIGHT - 6.0)


def _place(interest: Mapping[str, Any], scale: _Scale) -> _Place:
    x, y = scale(interest["position"])
    return _Place(x, y, _SMALLEST + (_LARGEST - _SMALLEST) * math.sqrt(min(1.0, interest["importance"])))


def _part(places: Sequence[_Place], rounds: int = 80) -> None:
    """Push circles that overlap apart, each by half of what is missing, and keep them on the picture."""
    for _ in range(rounds):
        for n, one in enumerate(places):
            for other in places[n + 1 :]:
                dx, dy = other.x - one.x, other.y - one.y
                away = math.hypot(dx, dy) or 1e-3
                missing = one.radius + other.radius + _GAP - away
                if missing > 0:
                    dx, dy = (dx / away, dy / away) if away > 1e-2 else (1.0, 0.0)
                    for circle, sign in ((one, -0.5), (other, 0.5)):
                        circle.x += sign * missing * dx
                        circle.y += sign * missing * dy
        for circle in places:
            circle.x = min(max(circle.x, circle.radius + 2), WIDTH - circle.radius - 2)
            circle.y = min(max(circle.y, circle.radius + 2), HEIGHT - circle.radius - 2)


def _labels(landmarks: Sequence[Mapping[str, Any]], places: Sequence[_Place], scale: _Scale) -> str:
    """Names of regions, as many as there is room for beside the circles and each other."""
    taken: list[tuple[float, float, float, float]] = [
        (p.x - p.radius, p.y - p.radius, p.x + p.radius, p.y + p.radius) for p in places
    ]
    drawn = []
    for landmark in landmarks:
        x, middle = scale(landmark["position"])
        half = 3.0 * len(landmark["name"]) + 2
        x = min(max(x, half), WIDTH - half)
        for off in _OFFSETS:
            y = middle + off
            box = (x - half, y - 10, x + half, y + 4)
            inside = box[1] > 0 and box[3] < HEIGHT
            if inside and not any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken):
                taken.append(box)
                drawn.append(f'<text x="{x:.1f}" y="{y:.1f}">{escape(landmark["name"])}</text>')
                break
    return f'<g class="ws-regions">{"".join(drawn)}</g>'


def _threads(interest: Mapping[str, Any], place: _Place, scale: _Scale) -> str:
    """A dot for each item of an interest, and a thread to the interest that it belongs to."""
    drawn = []
    for item in interest["items"][:_DOTS]:
        x, y = scale(item["position"])
        drawn.append(
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{place.x:.1f}" y2="{place.y:.1f}"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>'
        )
    return f'<g class="ws-threads{_marked(interest)}">{"".join(drawn)}</g>'


def _circle(number: int, interest: Mapping[str, Any], place: _Place) -> str:
    x, y, r = place.x, place.y, place.radius
    share = f"{100 * interest['importance']:.0f}%"
    title = escape(f"{interest['name']}, {share} of your taste")
    return (
        f'<g class="ws-interest{_marked(interest)}" data-interest="{escape(interest["id"], quote=True)}">'
        f'<title>{title}</title><clipPath id="ws-clip-{number}"><circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"/>'
        f'</clipPath><circle class="ws-ground" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"/>'
        f'<image href="{picture_address(interest["id"])}" x="{x - 0.8 * r:.1f}" y="{y - 0.8 * r:.1f}"'
        f' width="{1.6 * r:.1f}" height="{1.6 * r:.1f}" clip-path="url(#ws-clip-{number})"/>'
        f'<circle class="ws-ring" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"/></g>'
    )


def _marked(interest: Mapping[str, Any]) -> str:
    return f" ws-{interest['mark']}" if interest["mark"] else ""
