"""OpenAI's own client, unchanged, talks to the assistant."""

import base64
import logging

import httpx
import openai
import pytest

from tests.serve_app.chat_api import Handles
from tests.serve_app.tiny_navigator import add_navigator
from tests.serve_app.tiny_shop import add_release, draw, made_items, png

PICTURE = f"data:image/png;base64,{base64.b64encode(png(draw('vase', 'green'))).decode()}"


@pytest.fixture(scope="module")
def handles(tmp_path_factory):
    logging.getLogger("vllm").setLevel(logging.WARNING)
    folder = tmp_path_factory.mktemp("store")
    add_navigator(folder, add_release(folder, made_items(), "r1"), "n1")
    return Handles(str(folder), f"sqlite:///{folder}/events.db")


@pytest.fixture
async def client(handles):
    transport = httpx.ASGITransport(app=handles.application(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop/v1", timeout=60) as http:
        yield openai.AsyncOpenAI(api_key="none", base_url="http://shop/v1", http_client=http, max_retries=0)


async def test_models_are_listed(client):
    """The model that a client names is there to be found."""
    assert [model.id async for model in client.models.list()] == ["navigator"]
    assert (await client.models.retrieve("navigator")).owned_by == "windowshop"


async def test_a_completion(client):
    """Text, items beside it, and what it took."""
    done = await client.chat.completions.create(
        model="navigator",
        messages=[{"role": "system", "content": "be brief"}, {"role": "user", "content": "a red lamp"}],
        max_tokens=20,
        temperature=0,
    )
    message = done.choices[0].message
    assert message.role == "assistant"
    assert message.items[0]["title"]
    assert message.intent["action"]
    assert done.choices[0].finish_reason in ("stop", "length")
    assert 0 < done.usage.prompt_tokens < done.usage.total_tokens
    assert done.usage.completion_tokens > 0


async def test_a_streamed_completion(client):
    """The same in chunks: the items before the first word, the usage at the end."""
    stream = await client.chat.completions.create(
        model="navigator",
        messages=[{"role": "user", "content": "a red lamp"}],
        stream=True,
        stream_options={"include_usage": True},
        temperature=0,
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.items
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    again = await client.chat.completions.create(
        model="navigator", messages=[{"role": "user", "content": "a red lamp"}]
    )
    assert text == again.choices[0].message.content
    assert chunks[-2].choices[0].finish_reason
    assert chunks[-1].usage.completion_tokens > 0


async def test_a_picture_is_looked_for(client):
    """An image_url part is searched by, with words or without."""
    parts = [{"type": "image_url", "image_url": {"url": PICTURE}}]
    done = await client.chat.completions.create(model="navigator", messages=[{"role": "user", "content": parts}])
    assert done.choices[0].message.items[0]["id"].startswith("vase")
    assert done.choices[0].message.items[0]["colors"] == ["green"]


async def test_answers_sent_back_are_remembered(client):
    """The client's own list of messages is the memory: more tokens are read, and nothing is kept here."""
    messages: list = [{"role": "user", "content": "a red lamp"}]
    first = await client.chat.completions.create(model="navigator", messages=messages)
    messages.append(first.choices[0].message)
    messages.append({"role": "user", "content": "and in blue?"})
    second = await client.chat.completions.create(model="navigator", messages=messages)
    assert second.usage.prompt_tokens > first.usage.prompt_tokens + 100
    assert second.usage.prompt_tokens_details.cached_tokens > 0


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"model": "gpt-9", "messages": [{"role": "user", "content": "hi"}]}, openai.NotFoundError),
        ({"model": "navigator", "messages": [{"role": "assistant", "content": "hi"}]}, openai.UnprocessableEntityError),
        ({"model": "navigator", "messages": [{"role": "user", "content": " "}]}, openai.UnprocessableEntityError),
        (
            {"model": "navigator", "messages": [{"role": "user", "content": "hi"}], "n": 2},
            openai.UnprocessableEntityError,
        ),
    ],
)
async def test_errors_are_the_clients_own(client, request_, error):
    """What is wrong raises the exception that the client's users expect."""
    with pytest.raises(error):
        await client.chat.completions.create(**request_)
