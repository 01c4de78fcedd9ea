"""Calling a deployment: what it raised on purpose arrives as it was raised, and overload as one of our own errors.

Ray sends a deployment's exceptions in a wrapper, and Serve answers its own overload errors in plain text before an
application can; so every call goes through here.
"""

from collections.abc import AsyncGenerator
from typing import Any

from ray.exceptions import RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from catalog.errors import WindowshopError
from serve_app.errors import Full, Unavailable


async def call(method: DeploymentHandle, *arguments: Any) -> Any:
    """Call a deployment's method, such as `handle.find`, and wait for its answer.

    Raises:
        Full: its replicas and its queue are full.
        Unavailable: it has no replica that could answer.
        WindowshopError: what the deployment itself raised.
    """
    try:
        return await method.remote(*arguments)
    except _TRANSLATED as error:
        raise _translated(error) from None


async def stream(method: DeploymentHandle, *arguments: Any) -> AsyncGenerator[Any, None]:
    """Call a deployment's generator method and pass on what it yields; closing this ends the work over there.

    Raises:
        As `call`.
    """
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


_TRANSLATED = (BackPressureError, DeploymentUnavailableError, RayActorError, RayTaskError)


def _translated(error: Exception) -> Exception:
    if isinstance(error, BackPressureError):
        return Full(str(error))
    if isinstance(error, DeploymentUnavailableError | RayActorError):
        return Unavailable(str(error))
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, WindowshopError) else error
