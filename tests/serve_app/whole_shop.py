"""One shop with people, an assistant and API keys, for the tests that try its doors."""

from contextlib import asynccontextmanager

import httpx

from navigator.engine import Sampling
from navigator.turn import TurnSettings
from serve_app.key_ring import KeyRing
from serve_app.keys import SCOPES, KeyStore
from serve_app.navigator_shelf import EngineSettings
from tests.serve_app.chat_api import Handles
from tests.serve_app.tiny_navigator import add_navigator
from tests.serve_app.tiny_taste import add_tasteful_release


class WholeShop:
    """Local handles of everything, and keys in the same database."""

    def __init__(self, folder):
        add_navigator(folder, add_tasteful_release(folder), "n1")
        self.database = f"sqlite:///{folder}/events.db"
        engine = EngineSettings("transformers", {"dtype": "float32", "device": "cpu"})  # doors are the same with any
        self.handles = Handles(str(folder), self.database, settings=engine)
        self.keys = KeyStore(self.database)

    def key(self, scopes=SCOPES, users=("*",), **more):
        """A new key's text."""
        return self.keys.create("test", list(scopes), list(users), **more)[1]

    def application(self, *, with_keys=True, **settings):
        """The API; with keys as everywhere but on loopback."""
        ring = KeyRing(self.keys, fresh_s=0.1) if with_keys else None
        return self.handles.application(settings=TurnSettings(answer=Sampling(max_tokens=12)), keys=ring, **settings)


@asynccontextmanager
async def caller(application, key=None):
    """An HTTP client that sends a key."""
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(transport=transport, base_url="http://shop", headers=headers, timeout=60) as http:
        yield http
