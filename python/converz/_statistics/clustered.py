"""The difference of two means where observations of one cluster are alike, with an honest standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Difference", "Sums", "clustered_difference"]


class Sums(NamedTuple):
    """Counts, sums, and sums of squares of one period, one element a cluster, in the same order for both periods."""

    counts: NDArray[np.float64]
    totals: NDArray[np.float64]
    squares: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The mean over all observations; NaN where there are none."""
        count = self.counts.sum()
        return float(self.totals.sum() / count) if count else float("nan")


class Difference(NamedTuple):
    """A difference of means, its standard error, and the degrees of freedom of its t distribution."""

    difference: float
    error: float
    freedom: float


def clustered_difference(before: Sums, after: Sums) -> Difference:
    """Estimate ``after - before``, where the observations of a cluster depend on each other.

    This is the regression of the values on two indicators, with the bias-reduced cluster-robust variance CR2
    and the degrees of freedom of Bell and McCaffrey. With two indicators both have closed forms in which only each
    cluster's count and sum appear, so that it takes no more time for a million observations than for a thousand.

    The degrees of freedom need an idea of how alike the members of a cluster are, which matters where clusters differ
    in size. It is estimated from the data, as Imbens and Kolesár propose.

    The error is NaN where a period has fewer than two clusters: nothing can be said then.
    """
    difference = after.mean - before.mean
    if any((each.counts > 0).sum() < 2 for each in (before, after)):
        return Difference(difference, float("nan"), float("nan"))
    sides = [_Side(*each) for each in (before, after)]
    scores = sides[1].scores - sides[0].scores
    # The scores' variance, as a diagonal and a matrix of low rank: of independent observations, and of clusters whose
    # members are all the same.
    noise, level = (sum(side.components[i] for side in sides) / 2 for i in range(2))
    diagonal = sum(noise * side.counts * side.scale**2 + level * side.weights**2 for side in sides)
    parts = [
        part
        for side in sides
        for part in (side.weights / np.sqrt(side.count), side.weights, side.weights * side.shares)
    ]
    middle = _blocks(
        [
            block
            for side in sides
            for block in (
                np.array([[-noise]]),
                level * np.array([[(side.shares**2).sum(), -1.0], [-1.0, 0.0]]),
            )
        ]
    )
    freedom = _freedom(diagonal, np.column_stack(parts), middle)
    return Difference(difference, float(np.sqrt((scores**2).sum())), freedom)


class _Side:
    """One period's part of the variance."""

    def __init__(
        self, counts: NDArray[np.float64], totals: NDArray[np.float64], squares: NDArray[np.float64]
    ) -> None:
        self.counts = counts
        self.count = counts.sum()
        self.shares = counts / self.count
        # What CR2 divides by: a cluster that is a large part of all pulls the mean towards itself.
        self.scale = 1 / (self.count * np.sqrt(1 - self.shares))
        self.weights = counts * self.scale
        mean = totals.sum() / self.count
        self.scores = (totals - counts * mean) * self.scale
        self.components = _components(counts, totals, squares)


def _components(
    counts: NDArray[np.float64], totals: NDArray[np.float64], squares: NDArray[np.float64]
) -> tuple[float, float]:
    """Variance of observations within clusters, and of the clusters' means: the one-way layout's moments."""
    there = counts > 0
    counts, totals, squares = counts[there], totals[there], squares[there]
    count = counts.sum()
    inside = max(0.0, float((squares - totals**2 / counts).sum()))
    between = float((totals**2 / counts).sum() - totals.sum() ** 2 / count)
    if count <= len(counts):
        # One observation each: they are independent.
        return 1.0, 0.0
    noise = inside / (count - len(counts))
    scale = count - (counts**2).sum() / count
    level = max(0.0, float((between - (len(counts) - 1) * noise) / scale))
    # Only their ratio matters, and something must vary.
    return (noise, level) if noise + level > 0 else (1.0, 0.0)


def _freedom(diagonal: NDArray[np.float64], parts: NDArray[np.float64], middle: NDArray[np.float64]) -> float:
    """Satterthwaite's degrees of freedom where the scores' variance is a diagonal and ``parts @ middle @ parts.T``.

    Without that matrix itself, which has an element for every two clusters.
    """
    product = middle @ (parts.T @ parts)
    trace = diagonal.sum() + np.trace(product)
    squares = (
        (diagonal**2).sum()
        + 2 * np.trace(middle @ (parts.T @ (diagonal[:, None] * parts)))
        + np.trace(product @ product)
    )
    return float(trace**2 / squares)


def _blocks(blocks: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    size = sum(len(block) for block in blocks)
    whole, start = np.zeros((size, size)), 0
    for block in blocks:
        end = start + len(block)
        whole[start:end, start:end] = block
        start = end
    return whole
