"""Every way to be refused: a problem document with the right status, that says what would do instead."""

import base64
import io

import pytest
from PIL import Image

from catalog import errors as catalog_errors
from serve_app import errors, problems
from tests.serve_app.tiny_shop import draw, png

TINY = base64.b64encode(png(draw("lamp", "red"))).decode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def bomb() -> bytes:
    out = io.BytesIO()
    Image.new("1", (4000, 4000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ({"txt": "lamp"}, 422, "txt"),
        ({"text": 7}, 422, "text"),
        ({"text": "x" * 2001}, 422, "text"),
        ({"limit": 0}, 422, "limit"),
        ({"limit": 101}, 422, "limit"),
        ({"sort": "best"}, 422, "sort"),
        ({"filters": {"price_min": -1}}, 422, "price_min"),
        ({"filters": {"price_min": 9, "price_max": 1}}, 422, "above"),
        ({"filters": {"color": ["red"]}}, 422, "color"),
        ({"filters": {"price_max": "NaN"}}, 422, "price_max"),
        ({"item_ids": ["nope"]}, 404, "nope"),
        ({"item_ids": ["a", "b"]}, 404, "none of the 2"),
        ({"item_ids": ["i"] * 21}, 422, "item_ids"),
        ({"region": {"x1": 0.5}}, 422, "region needs a picture"),
        ({"picture": {"data": TINY}, "region": {"x0": 0.5, "x1": 0.5}}, 422, "empty"),
        ({"picture": {"data": TINY}, "region": {"x1": 1.5}}, 422, "x1"),
        ({"picture": {}}, 422, "data or url"),
        ({"picture": {"data": TINY, "url": "https://example.com/x.png"}}, 422, "data or url"),
        ({"picture": {"data": "!!!"}}, 422, "base64"),
        ({"picture": {"data": b64(b"hello")}}, 422, "not a picture"),
        ({"picture": {"data": b64(b"<svg xmlns='x'/>")}}, 422, "SVG"),
        ({"picture": {"data": TINY[: len(TINY) // 2 // 4 * 4]}}, 422, "cannot be decoded"),
        ({"picture": {"data": ""}}, 422, "no bytes"),
        ({"picture": {"data": b64(bomb())}}, 413, "pixels"),
        ({"picture": {"data": b64(b"\x00" * 200_001)}}, 413, "200,001 bytes"),
        ({"picture": {"data": "A" * 400_000}}, 413, "larger than"),
        ({"picture": {"url": "file:///etc/passwd"}}, 422, "not an http"),
        ({"picture": {"url": "/etc/passwd"}}, 422, "not an http"),
        ({"picture": {"url": "http://127.0.0.1:8000/x.png"}}, 422, "port"),
        ({"picture": {"url": "http://127.0.0.1/x.png"}}, 422, "public internet"),
        ({"picture": {"url": "http://[::ffff:10.0.0.1]/x.png"}}, 422, "public internet"),
        ({"picture": {"url": "http://169.254.169.254/latest/meta-data"}}, 422, "public internet"),
    ],
)
async def test_bad_searches(api, request_, status, words):
    """Each mistake is refused with its own status and a sentence that names it."""
    answer = await api.post("/v1/search", json=request_)
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), problem
    assert words in problem["detail"]
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    assert problem["type"].startswith(problems.TYPE_PREFIX)
    assert answer.headers["x-request-id"] in problem["instance"]


async def test_broken_json(api):
    """A body that is no JSON is the caller's mistake, not ours."""
    answer = await api.post("/v1/search", content=b'{"text": ', headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == problems.MEDIA_TYPE


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/items/nope", 404),
        ("GET", "/v1/items/nope/image", 404),
        ("GET", "/v1/items/nope/similar", 404),
        ("GET", "/v1/items/table-2/similar?limit=x", 422),
        ("GET", "/v1/items/vase-3/image", 404),  # the one without a picture
        ("GET", "/v2/anything", 404),
        ("GET", "/v1/search", 405),
        ("POST", "/v1/search/picture", 422),
    ],
)
async def test_other_refusals_are_problem_documents_too(api, method, path, status):
    """Unknown paths, methods and items answer in the same form."""
    answer = await api.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == problems.MEDIA_TYPE


async def test_bad_query_in_an_upload(api):
    """The JSON beside an uploaded file is checked like any other."""
    for query in ('{"limit": 0}', "{", '{"picture": {"data": "x"}}'):
        answer = await api.post("/v1/search/picture", files={"picture": b"x"}, data={"query": query})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"].startswith("query")


async def test_a_body_without_a_length_is_limited_too(api):
    """A chunked body is cut off at the same limit."""

    async def drip():
        for _ in range(50):
            yield b"x" * 10_000

    answer = await api.post("/v1/search", content=drip(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == problems.MEDIA_TYPE


async def test_request_ids(api):
    """A caller's own id comes back; one that could forge a log line does not."""
    assert (await api.get("/healthz", headers={"X-Request-ID": "abc-1"})).headers["x-request-id"] == "abc-1"
    assert (await api.get("/healthz", headers={"X-Request-ID": "a b\tc"})).headers["x-request-id"] != "a b\tc"


async def test_cross_origin_is_closed(api):
    """No other site's page may read the API unless an operator opened it."""
    answer = await api.get("/v1/release", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (errors.Full("queue"), 503, "1"),
        (errors.Unavailable("secret actor"), 503, "5"),
        (errors.NoRelease("none"), 503, "5"),
        (errors.EncoderBehind("a", "b"), 503, "1"),
        (errors.ReleaseGone("gone"), 410, None),
        (catalog_errors.MissingDependency("secret path"), 500, None),
        (ValueError("secret"), 500, None),
        (TimeoutError(), 504, None),
    ],
)
def test_what_cannot_be_provoked_from_outside(error, status, retry_after):
    """Overload and faults of our own have a status, a moment to wait, and keep their insides to the logs."""
    response = problems.problem_response(error, "r1")
    assert response.status_code == status
    assert response.headers.get("retry-after") == retry_after
    assert b"secret" not in bytes(response.body)
