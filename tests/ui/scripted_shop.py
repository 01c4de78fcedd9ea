"""A shop that speaks the chat's contract with the demo's own items and pictures, and words of a script.

It lets a browser's tests see every event at a pace of their choosing, fail where they like, and be hung up on. The
assistant itself is tested where it lives.
"""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse

from catalog.demo.load import DATA

SHOWN = 8
_FACETS = {"categories": "category", "colors": "colors", "materials": "materials", "styles": "styles"}


class ScriptedShop:
    """The API, and what the tests look at and set.

    Attributes:
        pause_s: between two pieces of an answer.
        failing: a status to answer chats with; `stream` for an error in the middle of one.
        hung_up: turns whose client went away before the end.
        asked: bodies of all chats; `events` of all events recorded.
    """

    def __init__(self):
        self.items = {item["id"]: item for item in map(json.loads, (DATA / "items.jsonl").open())}
        self.pause_s = 0.0
        self.failing = None
        self.hung_up = 0
        self.asked, self.events, self.searched = [], [], []
        self.conversations = {}
        self.has_assistant = True
        self.app = FastAPI()
        self._routes()

    def _routes(self):
        app = self.app

        @app.get("/v1/release")
        def release():
            return {"release": "r1", "encoder": "e", "items": len(self.items), "assistant": self.has_assistant}

        @app.get("/v1/facets")
        def facets():
            return self.facets()

        @app.get("/v1/feed")
        def feed(user_id: str, adventurousness: float, limit: int):
            found = [self.shown(item) for item in list(self.items.values())[::40]][:limit]
            return {"items": found, "next_cursor": None, "release": "r1", "personal": False, "stage": "inspiration"}

        @app.get("/v1/users/{user}/taste")
        def taste(user: str):
            return {"interests": [], "hidden": [], "events": len(self.events), "landmarks": []}

        @app.post("/v1/search")
        async def search(request: Request):
            asked = await request.json()
            self.searched.append(asked)
            found = self.find(asked.get("filters", {}))[: asked.get("limit", 24)]
            return {"items": found, "next_cursor": None, "release": "r1"}

        @app.get("/v1/items/{item_id}/image")
        def image(item_id: str):
            return FileResponse(DATA / self.items[item_id]["image"], media_type="image/webp")

        @app.get("/v1/items/{item_id}/complements")
        def complements(item_id: str):
            return {"items": [self.shown(item) for item in list(self.items.values())[60:64]], "release": "r1"}

        @app.get("/v1/items/{item_id}")
        def item(item_id: str):
            if item_id not in self.items:
                return problem(404)
            return {"item": self.shown(self.items[item_id]), "release": "r1"}

        @app.post("/v1/events")
        async def events(request: Request):
            self.events += (await request.json())["events"]
            return {"added": 1, "duplicates": 0, "forgotten": 0}

        @app.delete("/v1/users/{user}/taste/events/{event}")
        def forget(user: str, event: str):
            self.events = [one for one in self.events if one["id"] != event]
            return {"forgotten": 1}

        @app.post("/v1/chat")
        async def chat(request: Request):
            asked = await request.json()
            self.asked.append(asked)
            if isinstance(self.failing, int):
                return problem(self.failing)
            return StreamingResponse(self.turn(asked), media_type="text/event-stream")

        @app.get("/v1/conversations")
        def conversations(user_id: str, limit: int):
            mine = [one for one in self.conversations.values() if one["user_id"] == user_id]
            kept = [{**one, "turns": len(one["turns"])} for one in reversed(mine)]
            return {"conversations": kept[:limit]}

        @app.get("/v1/conversations/{id_}")
        def conversation(id_: str):
            return self.conversations.get(id_) or problem(404)

        @app.delete("/v1/conversations/{id_}", status_code=204)
        def delete(id_: str):
            self.conversations.pop(id_, None)
            return Response(status_code=204)

    def facets(self):
        def counted(name):
            return Counter(value.lower() for item in self.items.values() for value in item[name]).most_common()

        prices = [item["price"] for item in self.items.values()]
        values = {kind: [{"value": v, "count": n} for v, n in counted(name)] for kind, name in _FACETS.items()}
        price = {"min": min(prices), "max": max(prices), "currency": "EUR"}
        return {"release": "r1", "items": len(self.items), "brands": [], "in_stock": 900, "price": price, **values}

    def shown(self, item):
        path = f"/v1/items/{item['id']}/image"
        return {**item, "image_url": path, "score": 1.0, "why": [], "reason": "matches your words"}

    def find(self, wanted):
        def fits(item):
            for kind, name in _FACETS.items():
                if wanted.get(kind) and not {w.lower() for w in wanted[kind]} & {v.lower() for v in item[name]}:
                    return False
            words = {v.lower() for name in _FACETS.values() for v in item[name]}
            return item["price"] <= wanted.get("price_max", 1e9) and not words & set(wanted.get("exclude", ()))

        return [self.shown(item) for item in self.items.values() if fits(item)]

    def read(self, message):
        """An intent out of a message, by the words of the catalogue that are in it."""
        words, _, unwanted = message.lower().partition(", not ")
        if "second one" in words:
            return {"action": "ask", "item_refs": [2]}
        intent = {"action": "search"}
        for kind, values in self.facets().items():
            if kind in _FACETS:
                found = [one["value"] for one in values if one["value"] in words or one["value"].rstrip("s") in words]
                if found:
                    intent[kind] = sorted(found, key=lambda value: -len(value))[:1]
        if "under " in words:
            intent["price_max"] = int("".join(c for c in words.split("under ")[1].split()[0] if c.isdigit()))
        if unwanted:
            intent["exclude"] = unwanted.split()[:1]
        return intent if len(intent) > 1 else {"action": "chat"}

    async def turn(self, asked):
        """The events of a turn."""
        intent = asked.get("intent") or self.read(asked["message"])
        if asked.get("picture") and intent["action"] == "chat":
            intent = {"action": "search"}
        pointed = [self.shown(self.items[id_]) for id_ in asked.get("item_ids", ())]
        relaxed = []
        if intent["action"] == "chat":
            found = []
        elif intent["action"] == "compare":
            found = pointed
        elif intent["action"] == "ask":
            before = self.conversations[asked["conversation_id"]]["turns"][-1]["items"]
            found = [before[number - 1] for number in intent["item_refs"]]
        elif intent["action"] == "complete":
            found = [self.shown(item) for item in list(self.items.values())[300:900:100]]
        else:
            found = self.find(intent)
            if not found and "price_max" in intent:
                found = self.find({**intent, "price_max": 1e9})
                text = f"Nothing like that costs up to €{intent['price_max']}, so here is what comes closest."
                relaxed = [{"field": "price_max", "value": intent["price_max"], "text": text}]
        found = found[:SHOWN]
        kept = self.keep(asked, intent, found, relaxed)
        head = {"conversation_id": kept["id"], "turn": len(kept["turns"])}
        answer = kept["turns"][-1]["answer"]
        try:
            yield event("intent", {**head, "intent": intent, "guessed": False})
            await asyncio.sleep(self.pause_s)
            total = kept["turns"][-1]["total"]
            yield event("items", {"items": found, "release": "r1", "relaxed": relaxed, "total": total})
            if self.failing == "stream":
                yield event(
                    "error", {"type": "urn:x", "title": "Full", "status": 503, "detail": "all places are taken"}
                )
                return
            for n in range(0, len(answer), 7):
                await asyncio.sleep(self.pause_s)
                yield event("delta", {"text": answer[n : n + 7]})
        except (asyncio.CancelledError, GeneratorExit):
            self.hung_up += 1
            raise
        yield event("citations", kept["turns"][-1]["citations"])
        yield event("usage", kept["turns"][-1]["usage"])
        yield event("done", {**head, "answer": answer})

    def keep(self, asked, intent, found, relaxed):
        id_ = asked.get("conversation_id") or f"c{len(self.conversations) + 1}"
        new = {"id": id_, "title": asked["message"] or "A picture", "user_id": asked.get("user_id"), "turns": []}
        kept = self.conversations.setdefault(
            id_, {**new, "created": "2026-01-01T10:00:00Z", "updated": datetime.now(UTC).isoformat()}
        )
        if asked.get("edit"):
            kept["turns"].pop()  # an edit where there is nothing to replace is an error here as it is in the shop
        cited = [{"number": n, "id": item["id"]} for n, item in enumerate(found[:2], 1)]
        kept["turns"].append(
            {
                "turn": len(kept["turns"]) + 1,
                "message": asked["message"],
                "item_ids": list(asked.get("item_ids", ())),
                "has_picture": bool(asked.get("picture")),
                "picture": (asked.get("picture") or {}).get("data"),
                "intent": intent,
                "items": found,
                "relaxed": relaxed,
                "total": self.total(found) if intent["action"] == "complete" else None,
                "answer": self.answer(found),
                "citations": {"items": cited, "corrected": 0},
                "usage": {
                    "prompt_tokens": 611,
                    "cached_tokens": 498,
                    "output_tokens": 58,
                    "pictures_encoded": int(bool(asked.get("picture"))),
                    "timings_ms": {
                        "intent": 312.0,
                        "encode": 41.2,
                        "find": 36.0,
                        "score": 12.5,
                        "first_item": 402.0,
                        "first_text": 930.0,
                        "total": 2210.0,
                    },
                },
            }
        )
        return kept

    @staticmethod
    def total(found):
        return {"amount": sum(item["price"] for item in found), "currency": "EUR"}

    @staticmethod
    def answer(found):
        if not found:
            return "Happy to help. What are you looking for?"
        first = found[0]
        text = f"[1] fits: {', '.join(first['colors'][:1] + first['materials'][:1])}. "
        if len(found) > 1:
            text += f"If you would rather spend {'less' if found[1]['price'] < first['price'] else 'more'}, "
            text += (
                f"[2] is {', '.join(found[1]['colors'][:1] + found[1]['materials'][:1])} for €{found[1]['price']:g}. "
            )
        return text + "Which of them comes closer?"


def event(name, data):
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def problem(status):
    body = {"type": "urn:windowshop:problem:x", "title": "x", "status": status, "detail": "all places are taken"}
    return JSONResponse(body, status, media_type="application/problem+json")
