"""Which page comes first: the chat where the shop has an assistant, else the search."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.client import ShopClient


class FrontDoor:
    """ASGI middleware that sends who comes to `/` on to the search page while the shop has no assistant to chat with.

    A redirect, because Gradio's script tells the pages apart by the address in the browser.
    """

    def __init__(self, app: ASGIApp, shop: ShopClient) -> None:
        self._app = app
        self._shop = shop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/" and not await run_in_threadpool(self._shop.assistant):
            query = scope.get("query_string", b"").decode("latin-1")
            elsewhere = RedirectResponse(
                f"search?{query}" if query else "search", headers={"Cache-Control": "no-store"}
            )
            await elsewhere(scope, receive, send)
        else:
            await self._app(scope, receive, send)
