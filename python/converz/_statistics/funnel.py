"""A funnel plot: what agents with so many conversations show by chance alone, and what is left of a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from converz._statistics.libraries import scipy_stats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Funnel", "funnel"]


class Funnel(NamedTuple):
    """One element a unit where an array."""

    mean: float
    """Over all observations."""
    deviation: float
    """Standard deviation of single observations within a unit."""
    between: float
    """Standard deviation of the units' true means, from 0."""
    critical: float
    """The limits are ``mean ± critical · deviation / √count``."""
    outside: NDArray[np.bool_]
    """Whether a unit is beyond its limits; never one with fewer observations than the minimum."""
    enough: NDArray[np.bool_]
    """Whether a unit has the minimum of observations."""
    shrunken: NDArray[np.float64]
    """The best guess of a unit's true mean: its own, drawn to that of all the more, the fewer its observations are."""
    shrunken_error: NDArray[np.float64]
    """The standard error of that guess."""

    def limits(self, counts: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper limit for units with so many observations."""
        width = self.critical * self.deviation / np.sqrt(np.asarray(counts, dtype=float))
        return self.mean - width, self.mean + width


def funnel(
    counts: ArrayLike, means: ArrayLike, squares: ArrayLike, *, minimum: int = 30, alarms: float = 0.05
) -> Funnel:
    """Compare units by the counts, means and sums of squared deviations from their own mean of their observations.

    If units do not differ, `alarms` is the probability that **any** of those with enough observations is outside:
    the limits are for all of them together.
    """
    counts, means = np.asarray(counts, dtype=float), np.asarray(means, dtype=float)
    squares = np.asarray(squares, dtype=float)
    enough = counts >= minimum
    mean = float(np.average(means, weights=counts)) if counts.sum() else float("nan")
    freedom = counts.sum() - len(counts)
    deviation = float(np.sqrt(squares.sum() / freedom)) if freedom > 0 else float("nan")
    units = max(1, int(enough.sum()))
    critical = float(scipy_stats().t.ppf(1 - alarms / (2 * units), max(1.0, freedom)))
    variance = deviation**2 / np.maximum(counts, 1)
    # The method of moments for a one-way layout of unequal sizes.
    scale = counts.sum() - (counts**2).sum() / counts.sum() if counts.sum() else 0.0
    excess = (counts * (means - mean) ** 2).sum() - (len(counts) - 1) * deviation**2
    between = float(np.sqrt(max(0.0, excess / scale))) if scale > 0 and np.isfinite(excess) else 0.0
    total = between**2 + variance
    kept = np.divide(between**2, total, out=np.zeros_like(total), where=total > 0)
    width = critical * np.sqrt(variance)
    return Funnel(
        mean=mean,
        deviation=deviation,
        between=between,
        critical=critical,
        outside=enough & (np.abs(means - mean) > width + 1e-9 * abs(mean)),
        enough=enough,
        shrunken=mean + kept * (means - mean),
        shrunken_error=np.sqrt(kept * variance),
    )
