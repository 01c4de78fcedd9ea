"""Waiting until a machine is quiet: what ran a moment ago must not be in the times of what is measured next."""

import psutil
import typer

QUIET_PERCENT, QUIET_WITHIN_S = 15.0, 60
"""Share of the processor's time that others may take when a measurement begins, and how long that is waited for."""


def wait_until_quiet() -> None:
    """Wait until little else runs; where that does not come, say so and go on."""
    for _ in range(QUIET_WITHIN_S):
        if psutil.cpu_percent(interval=1.0) < QUIET_PERCENT:
            return
    typer.echo("something else keeps this machine busy: times are of a busy machine", err=True)
