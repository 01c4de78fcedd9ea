"""Two releases asked the same: is one better, or was it luck? Paired bootstrap over what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

DRAWS = 4000


@dataclass(frozen=True)
class Difference:
    """A mean of one release less that of another, over what both were asked.

    Args:
        low, high: of the 95 % interval.
        units: questions or conversations in both.
    """

    mean: float
    low: float
    high: float
    units: int

    @property
    def sure(self) -> bool:
        """Whether the interval leaves no doubt which is better."""
        return self.low > 0 or self.high < 0


def difference(new: Mapping[str, float], old: Mapping[str, float], seed: int = 0) -> Difference:
    """Compare by units (questions, conversations) that both have; without any, nothing is known.

    The units are drawn again with replacement, and each keeps its pair, so that how hard a question is does not count.
    """
    units = sorted(new.keys() & old.keys())
    if not units:
        return Difference(float("nan"), float("-inf"), float("inf"), 0)
    apart = np.array([new[unit] - old[unit] for unit in units])
    draws = np.random.default_rng(seed).integers(0, len(units), (DRAWS, len(units)))
    low, high = np.quantile(apart[draws].mean(axis=1), (0.025, 0.975))
    return Difference(float(apart.mean()), float(low), float(high), len(units))
