"""What went wrong in a worker, out of what Ray made of it."""

from typing import Any

from catalog.errors import WindowshopError


def own_error(error: BaseException) -> WindowshopError | None:
    """The error of ours that lies under what Ray Train raised; None where there is none, which is a bug."""
    seen: list[BaseException] = []
    stack: list[Any] = [error]
    while stack:
        found = stack.pop()
        if not isinstance(found, BaseException) or found in seen:
            continue
        if isinstance(found, WindowshopError):
            return found
        seen.append(found)
        stack += [found.__cause__, getattr(found, "cause", None), *getattr(found, "worker_failures", {}).values()]
    return None
