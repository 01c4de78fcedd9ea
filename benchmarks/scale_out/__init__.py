"""What one item takes, what one call costs, what a second worker adds, and what waking up from zero takes.

    python -m benchmarks.scale_out --only calls

`rows` and `calls` are units that docs/sizing.md multiplies, `workers` the same jobs on one and on two workers, `zero` a
shop that nobody visits for a while.
"""
