"""Every privilege tried from the wrong side: without a key, with one for something else, with one for somebody else."""

import asyncio
import json

import openai
import pytest
from fastapi.routing import APIRoute

from serve_app.auth import OPEN
from serve_app.key_ring import MAX_STRANGERS, KeyRing
from serve_app.keys import SCOPES
from serve_app.problems import MEDIA_TYPE
from tests.serve_app.chat_api import read_events
from tests.serve_app.tiny_taste import of_color
from tests.serve_app.whole_shop import WholeShop, caller

SCOPE_OF = {
    "POST /v1/search": "search",
    "POST /v1/search/picture": "search",
    "GET /v1/items/{item_id}/similar": "search",
    "GET /v1/items/{item_id}/image": "search",
    "GET /v1/items/{item_id}/complements": "search",
    "GET /v1/items/{item_id}": "search",
    "GET /v1/feed": "search",
    "GET /v1/facets": "search",
    "GET /v1/release": None,
    "POST /v1/events": "events",
    "GET /v1/users/{user_id}/taste": "taste",
    "DELETE /v1/users/{user_id}/taste": "taste",
    "PATCH /v1/users/{user_id}/taste/interests/{interest_id}": "taste",
    "DELETE /v1/users/{user_id}/taste/interests/{interest_id}": "taste",
    "DELETE /v1/users/{user_id}/taste/events/{event_id}": "taste",
    "POST /v1/chat": "chat",
    "GET /v1/conversations": "chat",
    "GET /v1/conversations/{conversation_id}": "chat",
    "DELETE /v1/conversations/{conversation_id}": "chat",
    "POST /v1/chat/completions": "chat",
    "GET /v1/models": "chat",
    "GET /v1/models/{model}": "chat",
}
"""What docs/security.md says. A route that is not here fails the tests."""

ANA, BOB = "shop-a:ana", "shop-b:bob"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return WholeShop(tmp_path_factory.mktemp("guarded"))


@pytest.fixture
def application(shop):
    return shop.application()


def filled(path):
    """A path with something in the place of each parameter."""
    for name, value in {"item_id": "lamp-0", "conversation_id": "abcdefgh1234"}.items():
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{user_id}", ANA).replace("{model}", "navigator").replace("{", "").replace("}", "")


def operations(application):
    """METHOD /path of everything that is documented."""
    paths = application.openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def is_problem(answer, status):
    """Whether an answer is the problem document of a status."""
    if answer.headers["content-type"] != MEDIA_TYPE:
        return False
    return answer.status_code == status == answer.json()["status"]


async def up(http):
    """Wait for models that are still loading; a busy machine takes longer for it than `/readyz` has patience."""
    for _ in range(60):
        if (await http.get("/readyz")).status_code == 200:
            return
        await asyncio.sleep(0.5)
    pytest.fail("the shop is not ready after half a minute")


async def tool(http, name, arguments):
    """Call a tool over MCP; (is an error, its text)."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    answer = await http.post("/mcp", json=call, headers={"Accept": "application/json, text/event-stream"})
    assert answer.status_code == 200, answer.text
    result = answer.json()["result"]
    return result.get("isError", False), json.dumps(result)


def test_no_route_is_forgotten(application):
    """Whoever adds a route says here, and in the docs, which scope it takes; what is open is listed."""
    assert operations(application) - {f"GET {path}" for path in OPEN} == set(SCOPE_OF)
    undocumented = {route.path for route in application.routes if not isinstance(route, APIRoute)}
    assert undocumented <= {"/openapi.json", "/mcp", "/docs"}, undocumented


def test_the_page_says_that_keys_are_needed(application):
    """Clients that are made from the OpenAPI page know where the key goes, and which refusals to expect."""
    page = application.openapi()
    assert page["components"]["securitySchemes"]["api_key"]["scheme"] == "bearer"
    for operation in SCOPE_OF:
        method, path = operation.split()
        described = page["paths"][path][method.lower()]
        assert described["security"] == [{"api_key": []}], operation
        assert {"401", "429"} <= set(described["responses"]), operation


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer none",
        "Basic d3NrOng=",
        "Bearer ' OR '1'='1",
        f"Bearer {'x' * 9000}",
    ],
)
async def test_nothing_opens_without_a_key(application, authorization):
    """Every route answers 401 and says how to do better; only probes and the API's own description are open."""
    headers = {} if authorization is None else {"Authorization": authorization}
    async with caller(application) as http:
        for operation in [*SCOPE_OF, "POST /mcp", "GET /v1/unknown", "GET /metrics", "OPTIONS /v1/search"]:
            method, path = operation.split()
            answer = await http.request(method, filled(path), headers=headers)
            assert is_problem(answer, 401), f"{operation}: {answer.status_code}"
            assert answer.headers["www-authenticate"].startswith("Bearer ")
            if authorization and authorization != "Bearer":
                assert authorization[7:] not in answer.text
        await up(http)
        for path in OPEN:
            assert (await http.get(path, headers=headers)).status_code == 200


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_scope_opens_its_own_routes_only(shop, application, scope):
    """With a key for one part of the API all others answer 403, before they look at the rest of the request."""
    others = [one for one in SCOPES if one != scope]
    async with caller(application, shop.key([scope])) as own, caller(application, shop.key(others)) as other:
        for operation, needed in SCOPE_OF.items():
            method, path = operation.split()
            answers = [await http.request(method, filled(path)) for http in (own, other)]
            for answer, may in zip(answers, (needed in (scope, None), needed != scope), strict=True):
                assert (answer.status_code not in (401, 403)) == may, f"{operation}: {answer.status_code}"
                if not may:
                    assert is_problem(answer, 403)
                    assert f'scope="{needed}"' in answer.headers["www-authenticate"]


async def as_bob(shop, application):
    """Bob saves some things and talks to the assistant; returns the conversation's id."""
    saved = [
        {"id": f"bob-{i}", "user_id": BOB, "kind": "save", "item_id": item}
        for i, item in enumerate(of_color("green")[:6])
    ]
    async with caller(application, shop.key(users=[BOB])) as http:
        assert (await http.post("/v1/events", json={"events": saved})).status_code == 200
        said = await http.post("/v1/chat", json={"message": "a secret wish for a lamp", "user_id": BOB})
    return dict(read_events(said.text))["done"]["conversation_id"]


async def bobs_view(shop, application):
    """All that there is of Bob."""
    async with caller(application, shop.key(users=[BOB])) as http:
        taste = (await http.get(f"/v1/users/{BOB}/taste")).json()
        return taste["events"], (await http.get("/v1/conversations", params={"user_id": BOB})).json()


async def test_nobody_acts_for_somebody_else(shop, application):
    """With a key for the people of one shop, each way to read or change a person of another is refused, and changes
    nothing; the own people are served.
    """
    conversation = await as_bob(shop, application)
    before = await bobs_view(shop, application)
    event = {"id": "e1", "user_id": ANA, "kind": "save", "item_id": "lamp-0"}
    asked = {"model": "navigator", "messages": [{"role": "user", "content": "a lamp"}]}

    def attempts(user):
        return [
            ("POST", "/v1/search", {"json": {"text": "lamp", "user_id": user}}),
            (
                "POST",
                "/v1/search/picture",
                {"files": {"picture": b"x"}, "data": {"query": json.dumps({"user_id": user})}},
            ),
            ("GET", f"/v1/feed?user_id={user}", {}),
            ("GET", f"/v1/items/lamp-0/complements?user_id={user}", {}),
            ("POST", "/v1/events", {"json": {"events": [event, {**event, "id": "e2", "user_id": user}]}}),
            ("GET", f"/v1/users/{user}/taste", {}),
            ("PATCH", f"/v1/users/{user}/taste/interests/lamp-0", {"json": {"mark": "muted"}}),
            ("DELETE", f"/v1/users/{user}/taste/interests/lamp-0", {}),
            ("DELETE", f"/v1/users/{user}/taste/events/bob-0", {}),
            ("DELETE", f"/v1/users/{user}/taste", {}),
            ("POST", "/v1/chat", {"json": {"message": "a lamp", "user_id": user}}),
            ("GET", f"/v1/conversations?user_id={user}", {}),
            ("POST", "/v1/chat/completions", {"json": {**asked, "user": user}}),
        ]

    async with caller(application, shop.key(users=["shop-a:*"])) as http:
        for user in (BOB, "shop-a", f"{BOB}%20", BOB.replace(":", "%3A"), "*", ANA.upper()):
            for method, path, request in attempts(user):
                answer = await http.request(method, path, **request)
                assert is_problem(answer, 403), f"{method} {path}: {answer.status_code} {answer.text[:200]}"
                assert "secret wish" not in answer.text
        for name in ("search", "taste"):
            wrong, text = await tool(http, name, {"user_id": BOB})
            assert wrong and "may not act for" in text
        for method, path, request in attempts(ANA):
            answer = await http.request(method, path, **request)
            assert answer.status_code in (200, 404, 422), f"{method} {path}: {answer.status_code}"
        assert not (await tool(http, "taste", {"user_id": ANA}))[0]

        for method in ("GET", "DELETE"):
            foreign = await http.request(method, f"/v1/conversations/{conversation}")
            unknown = await http.request(method, f"/v1/conversations/{'x' * len(conversation)}")
            assert is_problem(foreign, 404) and is_problem(unknown, 404)
            assert foreign.json()["detail"].replace(conversation, "") == unknown.json()["detail"].replace("x" * 16, "")
        for more in ({}, {"user_id": ANA}, {"edit": True}, {"user_id": ANA, "edit": True}):
            said = {"message": "go on", "conversation_id": conversation, **more}
            assert is_problem(await http.post("/v1/chat", json=said), 404)
    assert await bobs_view(shop, application) == before


async def test_tools_of_agents_ask_for_scopes(shop, application):
    """The endpoint is for those who may search; a question to the assistant and a person's taste need their own."""
    async with caller(application, shop.key(["search"])) as http:
        assert not (await tool(http, "search", {"query": "lamp"}))[0]
        assert not (await tool(http, "look_closer", {"item_id": "lamp-0"}))[0]
        for name, arguments, scope in (
            ("look_closer", {"item_id": "lamp-0", "question": "what color?"}, "chat"),
            ("compare", {"item_ids": ["lamp-0", "lamp-4"]}, "chat"),
            ("taste", {"user_id": ANA}, "taste"),
        ):
            wrong, text = await tool(http, name, arguments)
            assert wrong and f"no scope '{scope}'" in text
    async with caller(application, shop.key(["chat", "taste", "events"])) as http:
        assert is_problem(await http.post("/mcp", json={}), 403)


async def test_a_conversation_of_nobody_is_for_whoever_has_its_id(shop, application):
    """Without a user_id there is no person to ask for; the id of 96 random bits is the right to it."""
    async with caller(application, shop.key(users=["shop-a:*"])) as http:
        said = dict(read_events((await http.post("/v1/chat", json={"message": "a lamp"})).text))
        id_ = said["done"]["conversation_id"]
    async with caller(application, shop.key(users=[BOB])) as http:
        assert (await http.get(f"/v1/conversations/{id_}")).status_code == 200
        assert is_problem(
            await http.post("/v1/chat", json={"message": "on", "conversation_id": id_, "user_id": BOB}), 404
        )


async def test_made_up_keys_open_nothing_and_are_soon_not_looked_up(shop):
    """One of the right form is refused as unknown, and a flood of them, all within a second, as a flood."""
    ring = KeyRing(shop.keys, now=lambda: 1_800_000_000.0)
    async with caller(shop.handles.application(keys=ring)) as http:
        answers = []
        for number in range(2 * MAX_STRANGERS):
            key = f"wsk_{number:016x}_{'A' * 43}"
            answers.append(await http.get("/v1/facets", headers={"Authorization": f"Bearer {key}"}))
            assert key not in answers[-1].text
    assert is_problem(answers[0], 401)
    assert all(is_problem(one, 401) or is_problem(one, 429) for one in answers)
    late = [one for one in answers if one.status_code == 429]
    assert late and {one.headers["retry-after"] for one in late} == {"1"}


async def test_a_revoked_key_is_out_within_seconds(shop):
    """Also of a replica that has just used it."""
    application = shop.application()
    text = shop.key()
    async with caller(application, text) as http:
        assert (await http.get("/v1/facets")).status_code == 200
        shop.keys.revoke(text.split("_")[1])
        await asyncio.sleep(0.15)
        answer = await http.get("/v1/facets")
    assert is_problem(answer, 401)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_limit_is_answered_with_the_time_to_come_back(shop, application):
    """429 with Retry-After, on every route together; another key goes on."""
    async with caller(application, shop.key(per_minute=3)) as http:
        answers = [await http.get(path) for path in ("/v1/facets", "/v1/release", "/v1/items/lamp-0", "/v1/facets") * 2]
        late = [answer for answer in answers if answer.status_code == 429]
        assert len(late) >= 2
        assert all(is_problem(one, 429) and 1 <= int(one.headers["retry-after"]) <= 60 for one in late)
        assert (await http.get("/healthz")).status_code == 200
    async with caller(application, shop.key(per_minute=3)) as http:
        assert (await http.get("/v1/facets")).status_code == 200


async def test_openais_client_sends_the_key_by_itself(shop, application):
    """`api_key` is the shop's key; a wrong one raises what the client's users expect."""
    async with caller(application) as http:
        http.base_url = "http://shop/v1"
        good, bad = (
            openai.AsyncOpenAI(api_key=key, base_url="http://shop/v1", http_client=http, max_retries=0)
            for key in (shop.key(["chat"]), "none")
        )
        assert [model.id async for model in good.models.list()] == ["navigator"]
        with pytest.raises(openai.AuthenticationError):
            await bad.models.list()


async def test_a_large_body_is_not_read_of_a_stranger(application):
    """Who has no key is refused before the first byte of the body is asked for."""
    taken = []

    async def body():
        for _ in range(100):
            taken.append(1)
            yield b"x" * 10_000

    async with caller(application) as http:
        assert is_problem(await http.post("/v1/search", content=body()), 401)
    scope = {"type": "http", "method": "POST", "path": "/v1/search", "headers": [], "query_string": b""}
    sent = []

    async def receive():
        raise AssertionError("the body was read")

    async def send(message):
        sent.append(message)

    await application({**scope, "asgi": {"version": "3.0"}, "http_version": "1.1", "root_path": ""}, receive, send)
    assert sent[0]["status"] == 401


async def test_no_other_protocol_is_a_way_in(application):
    """A websocket is closed, whatever path it asks for."""
    for path in ("/v1/search", "/mcp", "/v1/chat", "/healthz"):
        sent = []
        scope = {
            "type": "websocket",
            "path": path,
            "headers": [],
            "query_string": b"",
            "root_path": "",
            "subprotocols": [],
        }

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message, sent=sent):
            sent.append(message)

        await application(scope, receive, send)
        assert [message["type"] for message in sent] == ["websocket.close"], path


async def test_pages_of_other_origins(shop):
    """Closed unless named; a named one may send its key, and reads why it was refused."""
    origin = "https://shop.example"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, mcp-protocol-version, x-stainless-lang",
    }
    async with caller(shop.application()) as http:
        for method in ("GET", "OPTIONS"):
            answer = await http.request(method, "/v1/release", headers=asked)
            assert "access-control-allow-origin" not in answer.headers
    async with caller(shop.application(cors_origins=(origin,))) as http:
        allowed = await http.options("/v1/search", headers=asked)
        assert allowed.status_code == 200
        allowed_headers = allowed.headers["access-control-allow-headers"].lower()
        assert {"authorization", "mcp-protocol-version", "x-stainless-lang"} <= set(allowed_headers.split(", "))
        too_large = await http.post("/v1/search", content=b"x" * 50_000_000, headers={"Origin": origin})
        assert is_problem(too_large, 413)
        assert too_large.headers["access-control-allow-origin"] == origin
        refused = await http.get("/v1/release", headers={"Origin": origin})
        assert is_problem(refused, 401)
        assert refused.headers["access-control-allow-origin"] == origin
        other = await http.get("/v1/release", headers={"Origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in other.headers


async def test_without_keys_everybody_may(shop):
    """The laptop demo: the same routes, and no key to send; one that is sent does no harm."""
    async with caller(shop.application(with_keys=False), "anything") as http:
        assert (await http.get("/v1/facets")).status_code == 200
        assert (await http.get(f"/v1/users/{ANA}/taste")).status_code == 200
        assert not (await tool(http, "taste", {"user_id": BOB}))[0]


async def test_a_ring_is_what_closes_the_door(shop):
    """Should the database be away, nobody comes in who is not known: 503, not 200."""

    class Away(type(shop.keys)):
        def _opened(self):
            from taste.database import StoreUnavailable

            raise StoreUnavailable("the database failed: secret-host refused")

    async with caller(shop.handles.application(keys=KeyRing(Away(shop.database))), shop.key()) as http:
        answer = await http.get("/v1/facets")
    assert is_problem(answer, 503)
    assert "secret-host" not in answer.text
