"""The taste map and the cards of the feed, without a browser."""

import math
import re

from ui import acts
from ui.client import ApiUnavailable, ShopClient
from ui.discover import Discover
from ui.tastemap import HEIGHT, WIDTH, taste_map


def interest(name, x, y, importance=0.2, mark=None):
    position = {"x": x, "y": y}
    items = [{"id": name, "position": position, "events": []}]
    return {
        "id": name,
        "name": name,
        "importance": importance,
        "mark": mark,
        "position": position,
        "items": items,
        "life_cycle": "new",
    }


def taste(interests, landmarks=()):
    return {
        "interests": interests,
        "landmarks": [{"name": name, "position": {"x": x, "y": y}} for name, x, y in landmarks],
        "hidden": [],
        "events": 3,
    }


def circles(svg):
    found = re.findall(r'class="ws-ring" cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', svg)
    return [tuple(map(float, one)) for one in found]


def test_circles_lie_on_the_map_and_not_on_each_other():
    """Interests in one place are moved apart, and none leaves the picture."""
    drawn = circles(taste_map(taste([interest(f"i{n}", 0.01 * n, 0, 0.3) for n in range(6)])))
    assert len(drawn) == 6
    for n, (x, y, r) in enumerate(drawn):
        assert r <= x <= WIDTH - r and r <= y <= HEIGHT - r
        for ox, oy, other in drawn[n + 1 :]:
            assert math.hypot(x - ox, y - oy) >= r + other - 1


def test_names_are_escaped_and_marks_show():
    """A catalogue's words are never markup; muted and pinned interests look like it."""
    svg = taste_map(taste([interest('<b>"', 0, 0, mark="muted"), interest("b", 1, 1, mark="pinned")], [("<i>", 1, 0)]))
    assert "<b>" not in svg and "<i>" not in svg and "&lt;i&gt;" in svg
    assert "ws-muted" in svg and "ws-pinned" in svg


def test_an_empty_taste_has_regions_or_nothing():
    """A stranger sees the map with its regions; without a model there is none."""
    assert "Japandi" in taste_map(taste([], [("Japandi", 0.5, 0.5)]))
    assert taste_map(taste([])) == ""


def test_a_shop_that_does_not_answer_is_said():
    """The page shows a notice with a way on, and nothing raises into Gradio."""
    shop = ShopClient("http://127.0.0.1:9", timeout_s=1)
    page = Discover(shop)
    assert "not answering" in page.feed({"user": "ana", "adventurousness": 0.3})["notice"]
    assert acts.record(shop, {"id": "x", "user_id": "ana", "kind": "save", "item_id": "a", "visit": "v"}) is False
    assert page.taste({"user": "ana"}) == {"map": "", "interests": "", "events": 0}
    assert "failed" in page.steer({"user": "ana", "what": "everything"})
    assert acts.goes_with(shop, {"user": "ana", "item": "a"}) == ""
    try:
        shop.feed("ana", 0.3, 5)
    except ApiUnavailable as error:
        assert "cannot be reached" in str(error)
