"""The HTTP ingress: a thin shell that puts the routes together and hands them the shop."""

from dataclasses import dataclass, field

from fastapi import FastAPI
from ray import serve
from ray.serve.handle import DeploymentHandle
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from serve_app import problems
from serve_app.access import Access, check_access
from serve_app.agent_tools import AgentTools
from serve_app.assistant import Assistant
from serve_app.auth import KeyGate
from serve_app.conversations import ConversationStore
from serve_app.crowd import Crowd
from serve_app.edge import REQUEST_ID, Edge
from serve_app.key_ring import KeyRing
from serve_app.keys import KeyStore
from serve_app.logs import join_serve_log
from serve_app.personal import Personal
from serve_app.pictures import PictureLimits, PictureReader
from serve_app.routes.about import about_routes
from serve_app.routes.chat import chat_routes
from serve_app.routes.events import event_routes
from serve_app.routes.feed import feed_routes
from serve_app.routes.items import item_routes
from serve_app.routes.mcp import McpEndpoint, mcp_server
from serve_app.routes.openai import openai_routes
from serve_app.routes.people import people_routes
from serve_app.routes.search import search_routes
from serve_app.shop import Shop

VERSION = "1"
_DESCRIPTION = """Search a catalogue by words, by pictures, and by what is like what; or talk to its assistant.

All answers are JSON, those of the assistant a stream of it; errors are problem documents (RFC 9457,
`application/problem+json`) whose `type` names the kind of problem and whose `detail` says what would do instead. A 503
comes with `Retry-After`.
"""
_TAGS = [
    {"name": "search", "description": "Find items."},
    {"name": "items", "description": "Show one item."},
    {"name": "chat", "description": "Talk to the assistant."},
    {"name": "openai", "description": "The assistant for clients that speak OpenAI's API."},
    {"name": "people", "description": "What people do, what that says of their taste, and what they make of it."},
    {"name": "catalogue", "description": "What is in the catalogue that is live."},
    {"name": "health", "description": "For probes and load balancers."},
]


@dataclass(frozen=True)
class ApiSettings:
    """What an operator may set about the HTTP side."""

    pictures: PictureLimits = field(default_factory=PictureLimits)
    access: Access = "keys"
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may call the API from a browser; none by default."""
    searches_at_once: int = 100
    """Searches and feeds that a replica works on at the same time; those beyond are refused at once."""

    @property
    def max_body_bytes(self) -> int:
        """Base64 makes 4 bytes of 3; the words and filters around it are small."""
        return self.pictures.max_bytes * 4 // 3 + 64 * 1024


def create_api(
    shop: Shop,
    settings: ApiSettings,
    assistant: Assistant | None = None,
    *,
    keys: KeyRing | None = None,
    behind_serve: bool = False,
) -> FastAPI:
    """The FastAPI application over a shop and its assistant, wherever their deployments run; open without `keys`."""
    app = FastAPI(
        title="Windowshop", version=VERSION, description=_DESCRIPTION, openapi_tags=_TAGS, docs_url=None, redoc_url=None
    )
    if shop.personal is not None:  # before the routes of items, one of which takes whatever is left of a path
        for personal_routes in (event_routes, feed_routes, people_routes):
            app.include_router(personal_routes(shop.personal))
    if assistant is not None:
        for chat_like in (chat_routes, openai_routes):
            app.include_router(chat_like(assistant))
        endpoint = McpEndpoint(mcp_server(AgentTools(shop, assistant)), settings.cors_origins)
        app.router.routes.append(Route("/mcp", endpoint=endpoint))
    for routes in (search_routes, item_routes):
        app.include_router(routes(shop))
    app.include_router(about_routes(shop, assistant))
    problems.install(app)
    app.add_middleware(KeyGate, ring=keys)
    app.add_middleware(Crowd, places=settings.searches_at_once)
    app.add_middleware(Edge, max_body_bytes=settings.max_body_bytes, adds_header=not behind_serve)
    if settings.cors_origins:  # around all else, so that a page can read what the edge refuses, too
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["*"],  # clients of completions and of MCP send their own; there are no cookies to guard
            expose_headers=[REQUEST_ID, "Server-Timing", "Retry-After"],
        )
    return app


@serve.ingress()
class Api:
    """Opens the handles of the other deployments in its replica and serves the API."""

    def __init__(
        self,
        encoder: DeploymentHandle,
        retriever: DeploymentHandle,
        scorer: DeploymentHandle,
        navigator: DeploymentHandle,
        database: str,
        settings: ApiSettings,
    ) -> None:
        check_access(settings.access, listening_on())
        join_serve_log()
        pictures = PictureReader(settings.pictures)
        conversations = ConversationStore(database)
        self._shop = Shop(encoder, retriever, pictures, Personal(scorer, retriever, conversations))
        self._assistant = Assistant(navigator, encoder, retriever, scorer, pictures, conversations)
        self._settings = settings
        self._keys = KeyRing(KeyStore(database)) if settings.access == "keys" else None

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Called by Serve once the replica is constructed."""
        return create_api(self._shop, self._settings, self._assistant, keys=self._keys, behind_serve=True)


def listening_on() -> str | None:
    """The address that the proxies of the Serve around this replica listen on; None if they do not."""
    from ray.serve.context import _get_global_client  # there is no public way to ask

    client = _get_global_client(raise_if_no_controller_running=False)
    return client.http_config.host if client else None
