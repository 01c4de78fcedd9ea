"""What the Chat page makes of the shop's words, without a browser."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.ui.test_parts import EVIL, ITEM
from ui.app import create_page
from ui.ask import MAX_BYTES, TurnAsk
from ui.chat import Chat
from ui.client import ApiProblem, ApiUnavailable, ShopClient
from ui.compare import comparison
from ui.cost import cost
from ui.intent import understood, without
from ui.sse import read_events, write_event
from ui.turns import kept_turn, shown, sorry, stream_turn

INTENT = {
    "action": "search",
    "query": "green velvet sofas, not leather",
    "categories": ["sofa"],
    "colors": ["green"],
    "price_max": 900,
    "exclude": ["leather"],
}


async def chunks(*texts):
    for text in texts:
        yield text


def gathered(things):
    """All that an async generator gives. In a thread, for the browser's tests leave a loop running in this one."""

    async def gather():
        return [one async for one in things]

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, gather()).result()


def told(events):
    return [json.loads(one.split("data: ", 1)[1]) for one in gathered(events)]


def streaming(answer, **kept):
    """A shop whose chat answers so; `kept` is its conversation."""
    stream = httpx.MockTransport(answer)
    return ShopClient(
        "http://shop", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=kept)), stream=stream
    )


def test_events_are_read_however_the_stream_is_cut():
    """Chunks may end anywhere, lines in three ways; comments are skipped, an event without its end is none."""
    text = ': hello\n\nevent: a\ndata: {"x":\r\ndata: 1}\r\n\r\nevent: b\ndata: \u2028y\n\ndata: cut off'
    whole = [("a", '{"x":\n1}'), ("b", "\u2028y")]
    assert gathered(read_events(chunks(text))) == whole
    assert gathered(read_events(chunks(*text))) == whole
    assert gathered(read_events(chunks(write_event("c", {"ä": "\n"})))) == [("c", '{"ä":"\\n"}')]


@pytest.mark.parametrize(
    ("field", "value", "query"),
    [
        ("colors", "green", "velvet sofas, not leather"),
        ("categories", "sofa", "green velvet not leather"),
        ("exclude", "leather", "green velvet sofas,"),
        ("price_max", 900, "green velvet sofas, not leather"),
    ],
)
def test_a_condition_goes_from_the_free_words_too(field, value, query):
    """Otherwise the search would still look for what was taken off."""
    left = without(INTENT, field, value)
    assert field not in left
    assert left["query"] == query
    assert set(INTENT) - set(left) == {field}


def test_the_last_condition_cannot_be_removed():
    """A search for nothing is none; what goes with an item needs no other condition."""
    assert without({"action": "search", "colors": ["green"]}, "colors", "green") is None
    assert without({"action": "complete", "colors": ["green"]}, "colors", "green") == {"action": "complete"}
    assert 'data-act="unsay"' not in understood({"action": "search", "colors": ["green"]}, "EUR")


def test_chips_say_conditions_as_people_do():
    """Prices with their currency, exclusions with not; small talk has none."""
    row = understood({**INTENT, "budget_total": 1500, "sort": "price_low", "item_refs": [2]}, "EUR")
    for words in ("up to €900", "€1,500 in total", "not leather", "lowest price first", "number 2"):
        assert f"<span>{words}</span>" in row
    sizes = [{"side": "width", "most": 80.0}, {"side": "height", "least": 90.0, "most": 110.0}]
    row = understood({**INTENT, "sizes": sizes, "rejected": ["Isby rug"], "page": 1}, "EUR")
    assert all(words in row for words in ("at most 80 cm wide", "90 to 110 cm high", "not Isby rug", "page 2"))
    left = without({**INTENT, "sizes": sizes, "page": 1}, "sizes", sizes[0])
    assert left is not None and left["sizes"] == sizes[1:] and "page" not in left
    assert understood({"action": "chat"}, "EUR") == ""
    assert "About these" in understood({"action": "ask"}, "EUR")
    assert "ws-swatch" not in understood({"action": "search", "colors": ["velvet"]}, "EUR")  # misread: it is no colour


def test_items_asked_about_have_names():
    """Beside an answer about "the second one" the chip can say its name: in that answer it is number 1."""
    items = {"items": [ITEM], "relaxed": [], "total": None}
    assert shown("items", items, "ask", "EUR")[1]["named"] == [ITEM["title"]]
    assert shown("items", items, "similar", "EUR")[1]["named"] == []


def test_no_word_of_shop_or_model_becomes_markup():
    """Titles, attributes, conditions and relaxed values with HTML in them are shown as they are written."""
    evil = {**INTENT, "query": EVIL, "colors": [EVIL], "exclude": [EVIL]}
    items = {"items": [ITEM, {**ITEM, "id": "b"}], "relaxed": [], "total": {"amount": 3, "currency": EVIL}}
    _, told_items = shown("items", items, "compare", "EUR")
    for html in (understood(evil, EVIL), told_items["cards"], told_items["compared"], comparison([ITEM, ITEM])):
        assert "<script" not in html
        assert "<img src=x" not in html


def test_what_a_turn_cost():
    """The line names the first times and the pictures; the rest is behind it. Without timings there is no panel."""
    times = {"intent": 300, "encode": 0, "find": 40, "score": 9, "first_item": 400, "first_text": 900, "total": 2400}
    tokens = {"prompt_tokens": 1200, "cached_tokens": 0, "output_tokens": 40}
    panel = cost({**tokens, "pictures_encoded": 0, "timings_ms": times})
    assert "Pieces after 0.40 s · words after 0.90 s · 0 pictures encoded" in panel
    assert "<dt>Model time</dt><dd>2.30 s</dd>" in panel
    assert "1,200 read; 40 written" in panel
    assert "encoding what is looked for" not in panel
    assert "1, the one that you sent" in cost({**tokens, "pictures_encoded": 1, "timings_ms": times})
    assert cost({}) == ""


def test_only_what_was_said_is_sent():
    """Empty fields do not reach the API, and neither does what the browser keeps for itself."""
    assert TurnAsk(message=" hi ", picture=None, intent=None, replaces=3).request() == {"message": "hi"}
    full = TurnAsk(message="", picture="data:x", item_ids=["a"], user_id="u", conversation_id="c", adventurousness=0.0)
    assert full.request() == {
        "message": "",
        "picture": {"data": "data:x"},
        "item_ids": ["a"],
        "user_id": "u",
        "conversation_id": "c",
        "adventurousness": 0.0,
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"message": "a lamp"}', 200),
        (b'{"message": "a lamp", "extra": 1}', 200),
        (b'{"message": "a lamp", "replaces": "second"}', 422),
        (b'{"message": "a lamp", "adventurousness": NaN}', 422),
        (b'{"message": ["a"]}', 422),
        (b"[]", 422),
        (b"not json", 422),
        (b"\xff\xfe", 422),
        (b'{"message": "' + b"a" * MAX_BYTES + b'"}', 413),
    ],
)
def test_what_is_no_turn_is_refused(body, status):
    """Whatever is sent to the page: a body without end is not read to it, and no number is taken for another thing."""
    shop = streaming(lambda _: httpx.Response(200, text="event: done\ndata: {}\n\n"), release="", items=0)

    async def post() -> int:
        transport = httpx.ASGITransport(app=create_page(shop))
        async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
            return (await client.post("/turns", content=body)).status_code

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, post()).result() == status


@pytest.mark.parametrize(
    ("status", "words", "again"),
    [
        (503, "busy", True),
        (500, "our side", True),
        (413, "too large", False),
        (404, "no longer", False),
        (422, "no", False),
    ],
)
def test_problems_are_sentences(status, words, again):
    """Whatever the shop answers, the browser gets an event with a plain sentence and whether to try again."""
    shop = streaming(lambda _: httpx.Response(status, json={"detail": "no such thing"}))
    [error] = told(stream_turn(shop, {"message": "x"}, "EUR"))
    assert words in error["words"]
    assert error["again"] is again


def test_an_assistant_that_is_away_is_no_lost_conversation():
    """A release without a Navigator answers 404 as a missing conversation does, but means something else."""
    away = {"type": "urn:windowshop:problem:no_navigator", "detail": "x"}
    [error] = told(stream_turn(streaming(lambda _: httpx.Response(404, json=away)), {"message": "x"}, "EUR"))
    assert "assistant is away" in error["words"]


def test_a_stream_that_breaks_off_is_told():
    """What came before stays; the break is an error event."""

    async def broken():
        yield b'event: delta\ndata: {"text":"a"}\n\n'
        raise httpx.ReadError("gone")

    shop = streaming(lambda _: httpx.Response(200, content=broken()))
    events = told(stream_turn(shop, {"message": "x"}, "EUR"))
    assert events == [{"text": "a"}, sorry(ApiUnavailable())]


@pytest.mark.parametrize(
    ("turns", "edit"), [([{"turn": 1}, {"turn": 2}], True), ([{"turn": 1}], None), ([{"turn": 2}, {"turn": 3}], None)]
)
def test_a_turn_replaces_only_itself(turns, edit, monkeypatch):
    """One that never got into the conversation, or after which more was said, is not edited: another would be lost."""
    monkeypatch.setattr("ui.turns.SETTLED_S", 0.1)
    sent = []

    def answer(request):
        sent.append(json.loads(request.content))
        return httpx.Response(200, text=write_event("done", {}))

    shop = streaming(answer, turns=turns)
    told(stream_turn(shop, {"message": "x", "conversation_id": "c"}, "EUR", replaces=2))
    assert sent[0].get("edit") == edit


def test_a_kept_turn_is_told_as_it_was():
    """The events of a resumed turn are those of a live one, so that it looks the same."""
    turn = {
        "turn": 1,
        "message": "x",
        "has_picture": True,
        "intent": INTENT,
        "items": [ITEM],
        "relaxed": [],
        "answer": "[1]",
    }
    events = kept_turn({**turn, "citations": {"items": [{"number": 1, "id": "a"}], "corrected": 0}}, "EUR")
    assert [name for name, _ in events["events"]] == ["intent", "items", "delta", "citations"]
    assert (events["picture"], events["lost_picture"]) == (None, True)  # kept by a shop that kept no pictures yet
    whole = kept_turn({**turn, "picture": "data:x", "item_ids": ["a", "b"]}, "EUR", {"a": "A lamp"})
    assert (whole["picture"], whole["lost_picture"]) == ("data:x", False)
    assert whole["pointed"] == [{"id": "a", "title": "A lamp"}, {"id": "b", "title": ""}]


def test_somebody_elses_conversation_is_not_shown():
    """A link to it leads to a sentence."""
    page = Chat(streaming(None, user_id="ben", turns=[]))
    assert "no longer here" in page.resume({"id": "c", "user": "ana"})["sorry"]["words"]
    assert page.resume({"id": "c", "user": "ben"}) == {"turns": []}


def test_a_shop_that_is_down_raises_nothing_into_the_page():
    """Every call has an answer that says so."""
    page = Chat(ShopClient("http://127.0.0.1:9", timeout_s=1))
    assert page.start() == {"examples": [], "items": 0}
    assert page.conversations({"user": "a"}) is None
    assert page.resume({"id": "c", "user": "a"})["sorry"]["again"]
    assert page.delete({"id": "c"}) is False
    assert page.look_up({"items": ["a"]}) == {}
    assert page.forget({"user": "a", "id": "e"}) is False
    assert sorry(ApiProblem(410, ""))["fresh"]
