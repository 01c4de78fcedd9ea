"""Calling a deployment: what it raised on purpose arrives as it was raised, and overload as one of our own errors.

Ray sends a deployment's exceptions in a wrapper, and Serve answers its own overload errors in plain text before an
application can; so every call goes through here.

A replica may die with a request in it. What was asked of it is asked of another one, so every method that is called
from here must bear being called twice: reads change nothing, an event counts once by its id, and what is forgotten or
marked twice is forgotten or marked.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from ray.exceptions import ObjectLostError, RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from catalog.errors import WindowshopError
from serve_app.errors import Full, Unavailable

ATTEMPTS = 3
"""Replicas that are asked one after another where they die over it."""

_PAUSE_S = 0.1
"""Before another is asked, twice as long each time: a node that dies takes a moment to be seen as dead."""


async def call(method: DeploymentHandle, *arguments: Any, **named: Any) -> Any:
    """Call a deployment's method, such as `handle.find`, and wait for its answer.

    Raises:
        Full: its replicas and its queue are full.
        Unavailable: it has no replica that could answer.
        WindowshopError: what the deployment itself raised.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await method.remote(*arguments, **named)
        except _LOST as error:
            if attempt == ATTEMPTS:
                raise _translated(error) from None
            await asyncio.sleep(_PAUSE_S * 2 ** (attempt - 1))
        except _TRANSLATED as error:
            raise _translated(error) from None
    raise AssertionError("unreachable")


async def stream(method: DeploymentHandle, *arguments: Any) -> AsyncGenerator[Any, None]:
    """Call a deployment's generator method and pass on what it yields; closing this ends the work over there.

    Where the replica dies before its first word, another one begins; after it, the answer breaks off.

    Raises:
        As `call`.
    """
    for attempt in range(1, ATTEMPTS + 1):
        begun = False
        try:
            async with aclosing(_stream(method, *arguments)) as answers:
                async for answer in answers:
                    begun = True
                    yield answer
            return
        except Unavailable:
            if begun or attempt == ATTEMPTS:
                raise
            await asyncio.sleep(_PAUSE_S * 2 ** (attempt - 1))


async def _stream(method: DeploymentHandle, *arguments: Any) -> AsyncGenerator[Any, None]:
    answers: Any = method.options(stream=True).remote(*arguments)
    finished = False
    try:
        async for answer in answers:
            yield answer
        finished = True
    except Exception as error:  # it ended by itself, and there is nothing left to cancel
        finished = True
        raise _translated(error) from None
    finally:
        if not finished:
            answers.cancel()


_LOST = (RayActorError, ObjectLostError)
"""The replica died, or the node that held its answer."""

_TRANSLATED = (BackPressureError, DeploymentUnavailableError, RayTaskError)


def _translated(error: Exception) -> Exception:
    if isinstance(error, BackPressureError):
        return Full(str(error))
    if isinstance(error, DeploymentUnavailableError | RayActorError | ObjectLostError):
        return Unavailable(str(error))
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, WindowshopError) else error
