"""Schemathesis makes requests up from the OpenAPI page, right and wrong ones: no answer is a fault of ours."""

import threading

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance

from tests.serve_app.whole_shop import WholeShop

OPERATIONS = 22
COSTLY = ("/v1/chat", "/v1/chat/completions")
"""Each request is a turn of the assistant."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The whole API on a port, and a key that may do everything."""
    whole = WholeShop(tmp_path_factory.mktemp("fuzzed"))
    server = uvicorn.Server(uvicorn.Config(whole.application(), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", whole.key()
    server.should_exit = True
    thread.join()


def fuzz(address, key, examples):
    """Try every operation; returns how many requests were answered, by status."""
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    answered: dict[int, int] = {}
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= OPERATIONS
    for operation in operations:
        takes = [*operation.iter_parameters(), *operation.body]  # without any, nothing about a request can be wrong
        for mode in (GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if takes else [])):
            count = max(2, examples // 5) if operation.path in COSTLY else examples

            @settings(
                max_examples=count,
                deadline=None,
                derandomize=True,
                database=None,
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def attempt(case):
                answer = case.call(headers={"Authorization": f"Bearer {key}"}, timeout=30)
                answered[answer.status_code] = answered.get(answer.status_code, 0) + 1
                case.validate_response(answer, checks=[not_a_server_error, content_type_conformance])

            attempt()
    return answered


@pytest.mark.timeout(180)
def test_no_server_errors(shop):
    """A few of each operation; both kinds of answer were seen, so the requests are neither all wrong nor all right."""
    answered = fuzz(*shop, examples=10)
    assert answered.get(200, 0) > 20 and answered.get(422, 0) > 20, answered


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_server_errors_at_length(shop):
    """The same for minutes."""
    answered = fuzz(*shop, examples=200)
    assert answered.get(200, 0) > 200 and answered.get(422, 0) > 200, answered
