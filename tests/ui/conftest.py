"""The page in a real browser, over the real API in this process."""

import socket
import threading
import time
from pathlib import Path

import httpx
import pytest
import uvicorn

from serve_app.api import ApiSettings, create_api
from serve_app.pictures import PictureReader
from serve_app.shop import Shop
from tests.serve_app.conftest import handles, release_uri  # noqa: F401
from ui.app import create_page
from ui.client import ShopClient

CHROMIUM = Path("/usr/bin/chromium")
READY = ".ws-results:not([aria-busy]) :is(.ws-card, .ws-notice)"


class Served:
    """An ASGI application on a port of its own, in a thread."""

    def __init__(self, app):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = uvicorn.Server(uvicorn.Config(app, port=self.port, log_level="warning"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        for _ in range(600):
            if self._server.started:
                return
            time.sleep(0.05)
        raise RuntimeError("the server did not start")

    def stop(self):
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="session")
def api_url(handles):  # noqa: F811
    """The API over local handles, on a port."""
    served = Served(create_api(Shop(*handles, PictureReader()), ApiSettings()))
    yield served.url
    served.stop()


@pytest.fixture(scope="session")
def page_url(api_url):
    """The page in front of that API."""
    served = Served(create_page(ShopClient(api_url)))
    yield served.url
    served.stop()


@pytest.fixture(scope="session")
def page_without_a_shop():
    """The page in front of an address where nothing answers."""
    served = Served(create_page(ShopClient("http://127.0.0.1:9")))
    yield served.url
    served.stop()


@pytest.fixture(scope="module")
def chromium():
    """A headless browser; the tests that need it skip where there is none.

    One a file: while Playwright is open its event loop runs in this thread, and no other can.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"needs Chromium at {CHROMIUM}: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Opens a page at a size; afterwards nothing may have been asked of any other host, nor any error logged."""
    contexts, foreign, errors = [], [], []

    def opened(url, width=1400, height=900, ready=READY, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("request", lambda request: _foreign(request.url) and foreign.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        page.wait_for_selector(ready)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not foreign
    assert not errors


def _foreign(url):
    return httpx.URL(url).scheme.startswith("http") and httpx.URL(url).host != "127.0.0.1"
