"""Which groups explain the change of a mean: by their own change, and by their share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Contributions", "contributions"]


class Contributions(NamedTuple):
    """One element a group; all of both sum up to the change of the overall mean."""

    within: NDArray[np.float64]
    """What the group's own mean changed, times its average share."""
    mix: NDArray[np.float64]
    """What its share changed, times how far its mean is from the overall one."""


def contributions(
    counts_before: NDArray[np.float64],
    means_before: NDArray[np.float64],
    counts_after: NDArray[np.float64],
    means_after: NDArray[np.float64],
) -> Contributions:
    """Split the change of the overall mean. A group without values in a period has that period's count 0."""
    if not counts_before.sum() or not counts_after.sum():
        nothing = np.full(len(counts_before), np.nan)
        return Contributions(nothing, nothing)
    share_before, share_after = counts_before / counts_before.sum(), counts_after / counts_after.sum()
    # A group that is new, or gone, has only a share that changed.
    first = np.where(counts_before > 0, means_before, means_after)
    second = np.where(counts_after > 0, means_after, means_before)
    # One without any value at all.
    first, second = np.nan_to_num(first), np.nan_to_num(second)
    overall = ((share_before * first).sum() + (share_after * second).sum()) / 2
    within = (share_before + share_after) / 2 * (second - first)
    mix = (share_after - share_before) * ((first + second) / 2 - overall)
    return Contributions(within, mix)
