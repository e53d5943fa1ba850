"""Control limits: how far a week may be from the others before it is more than chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from converz._statistics.libraries import scipy_stats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["FEWEST", "Limits", "control_limits"]

FEWEST = 6
"""Fewer periods than this say nothing about how much they vary."""


class Limits(NamedTuple):
    """The mean of all periods, and for each the limits and whether it is outside."""

    mean: float
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    outside: NDArray[np.bool_]


def control_limits(values: ArrayLike, weights: ArrayLike | None = None, *, alarms: float = 0.05) -> Limits:
    """Find the limits of a chart of periods.

    If nothing changes from period to period but by chance, `alarms` is the probability that **any** period of the
    chart is outside, not one for each. That is exact up to the correction by Bonferroni, which errs by a fraction
    of a per mille, for values that are about normal, as means and larger counts are.

    A period's variance is taken to be inverse to its weight (the number of conversations behind a mean); without
    weights all periods count the same. NaN and periods of weight 0 take no part. With fewer than `FEWEST` periods
    the limits are infinite.
    """
    values = np.asarray(values, dtype=float)
    weights = np.ones_like(values) if weights is None else np.asarray(weights, dtype=float)
    used = np.isfinite(values) & (weights > 0)
    count = int(used.sum())
    endless = np.full(len(values), np.inf)
    if count < FEWEST:
        mean = float(np.average(values[used], weights=weights[used])) if count else float("nan")
        return Limits(mean, -endless, endless, np.zeros(len(values), dtype=bool))
    x, w = values[used], weights[used]
    mean = float(np.average(x, weights=w))
    spread = np.sqrt((w * (x - mean) ** 2).sum() / (count - 1))
    # The largest deviation, in standard errors of its own, that chance gives: each squared over its greatest
    # possible value has a beta distribution.
    t = scipy_stats().t.ppf(1 - alarms / (2 * count), count - 2)
    critical = np.sqrt((count - 1) * t**2 / (count - 2 + t**2))
    width = endless.copy()
    width[used] = critical * spread * np.sqrt((1 - w / w.sum()) / w)
    outside = np.zeros(len(values), dtype=bool)
    # A width of nothing is of values that are all the same, but for their last digit.
    outside[used] = np.abs(x - mean) > width[used] + 1e-9 * np.abs(mean)
    return Limits(mean, mean - width, mean + width, outside)
