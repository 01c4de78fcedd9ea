"""A shop on a real Ray cluster of several nodes, under load, while its parts are killed one after another.

    python -m benchmarks.soak --quick        # make soak ARGS=--quick: a few minutes
    python -m benchmarks.soak --minutes 30

`shop` starts it, `load` are its customers, `faults` what happens to it, `verdict` what must hold all the same,
`overload` more customers than it can serve.
"""
