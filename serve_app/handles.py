"""Calling a deployment: what it raised on purpose arrives as it was raised, and overload as one of our own errors.

Ray sends a deployment's exceptions in a wrapper, and Serve answers its own overload errors in plain text before an
application can; so every call goes through here.
"""

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
    except BackPressureError as error:
        raise Full(str(error)) from None
    except (DeploymentUnavailableError, RayActorError) as error:
        raise Unavailable(str(error)) from error
    except RayTaskError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, WindowshopError):
            raise cause from None
        raise
