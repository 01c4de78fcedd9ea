"""How a job's command ends: with one line where its caller can do something, and with nothing left running."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import ray
import typer
from rich.console import Console
from rich.markup import escape

from catalog.errors import WindowshopError

EXIT_INTERRUPTED = 130
DISK_FULL = "the disk is full; free some space and run the same command again: it goes on from here"


@contextmanager
def ends_plainly(stopped: str = "Stopped. The same command goes on from here.") -> Iterator[None]:
    """Around the body of a command: Ctrl-C and errors that are no bugs become a line and a status.

    A Ray that the body has joined is let go; one that was there before stays.

    Args:
        stopped: what Ctrl-C answers.

    Raises:
        typer.Exit: with status 130 after Ctrl-C, 1 after an error that `explain` knows.
    """
    errors, joined = Console(stderr=True, soft_wrap=True), ray.is_initialized()
    try:
        yield
    except KeyboardInterrupt:
        errors.print(stopped)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except (typer.Exit, typer.BadParameter):
        raise
    except Exception as error:
        reason = explain(error)
        if reason is None:
            raise
        errors.print(f"[red]error:[/red] {escape(reason)}", highlight=False)
        raise typer.Exit(1) from None
    finally:
        if not joined:
            ray.shutdown()


def explain(error: BaseException) -> str | None:
    """One line for an error that the person who started the job can do something about; None for a bug."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, ray.exceptions.RayTaskError) and cause.cause is not None:
            if "No space left on device" in str(cause):
                return DISK_FULL
            cause = cause.cause  # Ray's own is of the same type too, with a traceback for a message
            continue
        if isinstance(cause, WindowshopError):
            return str(cause)
        if isinstance(cause, OSError) and cause.errno == errno.ENOSPC:
            return DISK_FULL
        if isinstance(cause, PermissionError | FileNotFoundError | ConnectionError):
            return str(cause)
        if "No space left on device" in str(cause):
            return DISK_FULL
        cause = cause.__cause__
    return None
