"""Whether the shop can do everything it is for at this moment, and if not, what is missing.

Alive is another question: a process that answers `/healthz` need not be restarted because its database is away.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from catalog.release import Release
from serve_app.assistant import Assistant
from serve_app.errors import NotReady
from serve_app.problems import told
from serve_app.schemas import Health
from serve_app.shop import Shop

logger = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""For each part; they are asked at the same time."""


async def check_ready(shop: Shop, assistant: Assistant | None) -> Health:
    """Ask every part.

    The assistant is told of and not waited for: without it the shop goes on.

    Raises:
        NotReady: naming each part that is missing and why.
    """
    needed: dict[str, Awaitable[Any]] = {"release": shop.release(), "encoder": shop.encoder_version()}
    if shop.personal is not None:
        needed["events"] = shop.personal.reach()
    if assistant is not None:
        needed["conversations"] = assistant.store.reach()
    *found, talks = await asyncio.gather(*map(_asked, needed.values()), _talks(assistant))
    missing = {name: answer for name, answer in zip(needed, found, strict=True) if isinstance(answer, Exception)}
    if missing:
        for name, error in missing.items():
            logger.warning("not ready, %s: %s", name, error)
        raise NotReady("; ".join(f"{name}: {told(error)}" for name, error in missing.items()))
    release: Release = found[0]
    return Health(release=release.id, assistant=talks)


async def _asked(answer: Awaitable[Any]) -> Any:
    """An answer, or what kept it from coming."""
    asking = asyncio.ensure_future(answer)
    await asyncio.wait((asking,), timeout=PATIENCE_S)
    if not asking.done():
        asking.cancel()
        return NotReady(f"no answer within {PATIENCE_S:g} s")
    return asking.exception() or asking.result()


async def _talks(assistant: Assistant | None) -> bool:
    state = None if assistant is None else await _asked(assistant.state())
    return getattr(state, "version", None) is not None
