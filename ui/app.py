"""The page as a process of its own: `python -m ui.app --api http://127.0.0.1:8000 --port 7860`."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Annotated

import gradio as gr
import typer
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from ui.ask import read_ask
from ui.chat import Chat, chat_page
from ui.client import ApiUnavailable, ShopClient
from ui.discover import discover_page
from ui.front import FrontDoor
from ui.theme import theme
from ui.turns import stream_turn
from ui.visual import visual_search

KEY_VARIABLE = "WINDOWSHOP_API_KEY"
_UNBUFFERED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_PASSED_ON = ("etag", "cache-control", "content-type")


def create_page(shop: ShopClient, shoppers: Sequence[tuple[str, str]] = ()) -> FastAPI:
    """The pages over a shop: chat at `/`, `/search` and `/discover`, the items' pictures at `/pictures/ID`.

    Without an assistant in the shop there is no chat, and `/` leads to the search.

    Args:
        shoppers: (id, name) of made-up shoppers to look at the feed as.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await shop.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/pictures/{item_id:path}")
    def picture(item_id: str, request: Request) -> Response:
        """Browsers reach the page, but not always the API; so pictures go through here."""
        try:
            answer = shop.picture(item_id, request.headers.get("if-none-match"))
        except ApiUnavailable:
            return Response(status_code=503, headers={"Retry-After": "1"})
        headers = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
        body = answer.content if answer.status_code == 200 else b""
        return Response(body, answer.status_code, headers=headers)

    chat = Chat(shop)

    @app.get("/pages")
    def pages() -> dict[str, bool]:
        """Which pages there are besides search and discover."""
        return {"chat": shop.assistant()}

    @app.post("/turns")
    async def turn(request: Request) -> StreamingResponse:
        """One turn of the chat; when the browser hangs up, the shop stops working on it."""
        ask = await read_ask(request)
        currency = await run_in_threadpool(chat.currency)
        events = stream_turn(shop, ask.request(), currency, ask.replaces)
        return StreamingResponse(events, media_type="text/event-stream", headers=_UNBUFFERED)

    with gr.Blocks(title="Windowshop", analytics_enabled=False, fill_width=True) as blocks:
        chat_page(shop, chat, shoppers)
    with blocks.route("Search", "/search", show_in_navbar=False):
        visual_search(shop)
    with blocks.route("Discover", "/discover", show_in_navbar=False):
        discover_page(shop, shoppers)
    css = "".join((files("ui") / "assets" / name).read_text() for name in ("page.css", "discover.css", "chat.css"))
    app.add_middleware(FrontDoor, shop=shop)
    return gr.mount_gradio_app(app, blocks, path="/", theme=theme(), css=css, footer_links=[], ssr_mode=False)


def main(
    api: Annotated[str, typer.Option(help="Base URL of the shop's API.")] = "http://127.0.0.1:8000",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    shopper: Annotated[list[str] | None, typer.Option(help="ID=NAME of a made-up shopper for Discover.")] = None,
) -> None:
    """Serve the page. The key to the API, where it requires one, is read from WINDOWSHOP_API_KEY."""
    shoppers = [(id_, name or id_) for id_, _, name in (one.partition("=") for one in shopper or ())]
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    uvicorn.run(
        create_page(ShopClient(api, key=os.environ.get(KEY_VARIABLE)), shoppers),
        host=host,
        port=port,
        log_level="warning",
    )


if __name__ == "__main__":
    typer.run(main)
