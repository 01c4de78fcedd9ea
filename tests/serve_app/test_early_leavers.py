"""Clients that go before a turn's first event leave nothing behind: no begun turn, no empty conversation."""

import asyncio

import pytest
import sqlalchemy as sa

from serve_app.assistant import Assistant
from serve_app.chat_schemas import ChatRequest
from serve_app.conversations import ConversationStore, _turns
from serve_app.event_stream import EventStream


async def test_a_generator_is_closed_even_if_nobody_ever_listened():
    """The client is gone when the answer begins."""
    ended = asyncio.Event()

    async def chunks():
        try:
            await asyncio.sleep(30)
            yield b"never"
        finally:
            ended.set()

    async def receive():
        return {"type": "http.disconnect"}

    async def send(_message) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await EventStream(chunks())({"type": "http"}, receive, send)
    assert ended.is_set()

    async def swallow(_message) -> None:
        await asyncio.sleep(0)

    ended.clear()
    await EventStream(chunks())({"type": "http"}, receive, swallow)
    assert ended.is_set()


async def test_a_place_is_free_again_if_the_client_goes_while_it_is_taken(tmp_path, monkeypatch):
    """The database goes on with what it was asked, whoever has left."""
    store = ConversationStore(f"sqlite:///{tmp_path}/events.db")
    assistant = Assistant(None, None, None, None, None, store)
    taking, go_on = asyncio.Event(), asyncio.Event()
    begin = store.begin

    async def slow(*arguments):
        taking.set()
        await go_on.wait()
        return await begin(*arguments)

    monkeypatch.setattr(store, "begin", slow)
    task = asyncio.create_task(assistant._place(ChatRequest(message="hello", user_id="u")))
    await taking.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store._engine is not None
    with store._engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(_turns)).scalar() == 0
