"""Server-sent events, read from a stream of text and written as text."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")


async def read_events(chunks: AsyncIterator[str]) -> AsyncGenerator[tuple[str, str]]:
    """Name and data of each event; comments, ids and retry hints are passed over, and so is an event that was cut off.

    Args:
        chunks: of the stream, cut anywhere.
    """
    name, data = "", list[str]()
    async with aclosing(_lines(chunks)) as lines:
        async for line in lines:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                if data:
                    yield name or "message", "\n".join(data)
                name, data = "", []
            elif field == "event":
                name = value
            elif field == "data":
                data.append(value)


def write_event(name: str, data: Any) -> str:
    """One event with JSON as its data."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


async def _lines(chunks: AsyncIterator[str]) -> AsyncGenerator[str]:
    """Only CR and LF end a line here; other separators of Unicode may stand in the data."""
    rest = ""
    async for chunk in chunks:
        *whole, rest = _LINE_END.split(rest + chunk)
        for line in whole:
            yield line
