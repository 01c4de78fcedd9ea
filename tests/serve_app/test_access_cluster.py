"""Who may call a real Serve: not opened by accident to other machines, and closed by keys that work."""

import time
from contextlib import contextmanager

import httpx
import pytest

from serve_app.keys import KeyStore
from tests.serve_app.serve_process import UP_WITHIN_S, answers, serve_run
from tests.serve_app.tiny_shop import add_release, made_items

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    add_release(folder, made_items(), "r1")
    return folder


@contextmanager
def serve_open(store, folder, **args):
    """The application on every address of this machine."""

    def change(config):
        config["http_options"]["host"] = "0.0.0.0"
        config["applications"][0]["args"] |= {"release": str(store), **args}

    with serve_run(folder, change) as serving:
        yield serving


def test_loopback_means_loopback(store, tmp_path):
    """Without keys, on an address that others reach, the application does not start, and says what to do."""
    with serve_open(store, tmp_path) as serving:
        deadline = time.monotonic() + UP_WITHIN_S
        while "windowshop keys create" not in serving.log.read_text():
            assert time.monotonic() < deadline, serving.log.read_text()[-3000:]
            time.sleep(1)
        assert not answers(f"{serving.url}/v1/facets")
    assert "access: anyone" in serving.log.read_text()


def test_keys_open_it_for_others(store, tmp_path):
    """With keys it serves on every address, to those who have one."""
    database = f"sqlite:///{tmp_path}/events.db"
    text = KeyStore(database).create("x", ["search"], ["*"])[1]
    with serve_open(store, tmp_path, access="keys", database=database) as serving:
        url = serving.url
        serving.wait_until(lambda url: answers(f"{url}/healthz"))
        refused = httpx.post(f"{url}/v1/search", json={"text": "lamp"})
        assert refused.status_code == 401 and refused.headers["www-authenticate"].startswith("Bearer")
        headers = {"Authorization": f"Bearer {text}"}
        found = httpx.post(f"{url}/v1/search", json={"text": "lamp"}, headers=headers, timeout=30)
        assert found.status_code == 200 and found.json()["items"]
        assert httpx.get(f"{url}/v1/users/ana/taste", headers=headers).status_code == 403
    assert text[21:] not in serving.log.read_text()
