"""The rows of `converz.compare`, from two frames with columns of known names."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from converz._statistics.clustered import Sums, clustered_difference
from converz._statistics.contributions import contributions
from converz._statistics.libraries import scipy_stats

__all__ = ["compared"]


def compared(
    sides: list[pl.DataFrame],
    metrics: list[str],
    groups: list[str],
    confidence: float,
    minimum: int,
    fewest_clusters: int,
) -> pl.DataFrame:
    """Compare each group and metric; see `converz.compare`."""
    keys = [f"group {position}" for position in range(len(groups))]
    parts = [
        _of_metric(sides, f"value {position}", metric, keys, minimum, fewest_clusters)
        for position, metric in enumerate(metrics)
    ]
    frame = pl.concat(parts)
    stats = scipy_stats()
    freedom = frame["freedom"].to_numpy()
    error = frame["error"].to_numpy()
    difference = frame["difference"].to_numpy()
    tested = np.isfinite(error) & np.isfinite(freedom)
    count = max(1, int(tested.sum()))
    with np.errstate(invalid="ignore", divide="ignore"):
        level = 1 - confidence
        width = stats.t.ppf(1 - level / 2, freedom) * error
        wider = stats.t.ppf(1 - level / (2 * count), freedom) * error
        # Where nothing varies, a difference is certain, and none is none.
        statistic = np.where(error > 0, np.abs(difference) / error, np.where(difference == 0, 0.0, np.inf))
        p_value = np.where(tested, 2 * stats.t.sf(statistic, freedom), np.nan)
    frame = frame.with_columns(
        lower=difference - width,
        upper=difference + width,
        simultaneous_lower=difference - wider,
        simultaneous_upper=difference + wider,
        p_value=p_value,
        p_adjusted=np.minimum(1.0, p_value * count),
        tested=tested,
    )
    frame = frame.with_columns(
        verdict=pl.when(~pl.col("tested"))
        .then(pl.lit("too few"))
        .when(pl.col("simultaneous_lower") > 0)
        .then(pl.lit("higher"))
        .when(pl.col("simultaneous_upper") < 0)
        .then(pl.lit("lower"))
        .otherwise(pl.lit("unclear")),
    )
    order = ["metric", "n_before", "n_after", "clusters", "before", "after", "difference", "lower", "upper"]
    order += ["simultaneous_lower", "simultaneous_upper", "p_value", "p_adjusted", "verdict", "within", "mix"]
    floats = [name for name in order if frame.schema[name] == pl.Float64]
    return (
        frame.select(*keys, *order)
        .with_columns(pl.col(floats).fill_nan(None))
        .rename(dict(zip(keys, groups, strict=True)))
    )


def _of_metric(
    sides: list[pl.DataFrame], value: str, metric: str, keys: list[str], minimum: int, fewest_clusters: int
) -> pl.DataFrame:
    sums = [
        side.group_by(*keys, "cluster").agg(
            pl.col(value).count().cast(pl.Float64).alias(f"count {name}"),
            pl.col(value).sum().alias(f"total {name}"),
            (pl.col(value) ** 2).sum().alias(f"square {name}"),
        )
        for side, name in zip(sides, ("before", "after"), strict=True)
    ]
    # One side below the other, and no join: a group may be null, and joins of nulls have changed their name.
    both = pl.concat(sums, how="diagonal_relaxed").group_by(*keys, "cluster").agg(pl.all().sum())
    both = both.sort(*keys, "cluster")
    found = [
        _of_group(each, minimum, fewest_clusters)
        for each in (both.partition_by(keys, maintain_order=True) if keys else [both])
    ]
    frame = pl.DataFrame(found, schema=_SCHEMA)
    if keys:
        frame = pl.concat(
            [both.select(keys).unique(keep="first", maintain_order=True), frame], how="horizontal"
        )
    split = contributions(*(frame[name].to_numpy() for name in ("n_before", "before", "n_after", "after")))
    return (
        frame.with_columns(pl.lit(metric).alias("metric"), within=split.within, mix=split.mix)
        .with_columns(pl.col("n_before", "n_after").cast(pl.Int64))
        # Groups that explain as much keep their order.
        .sort((pl.col("within") + pl.col("mix")).abs(), descending=True, nulls_last=True, maintain_order=True)
    )


_SCHEMA = {
    "n_before": pl.Float64,
    "n_after": pl.Float64,
    "clusters": pl.Int64,
    "before": pl.Float64,
    "after": pl.Float64,
    "difference": pl.Float64,
    "error": pl.Float64,
    "freedom": pl.Float64,
}


LARGEST = 2 / 3
"""Share of the values that one agent may have."""
FEWEST_OF_A_KIND = 10
"""True or false values of the rarer kind, in both sets together."""


def _vary(before: Sums, after: Sums) -> bool:
    """Whether values differ enough for an interval: one of values that are all alike has no width, and claims too much."""
    count, total, squares = (float(one.sum() + other.sum()) for one, other in zip(before, after, strict=True))
    is_share = all(np.array_equal(side.totals, side.squares) for side in (before, after))
    if is_share:
        return min(total, count - total) >= FEWEST_OF_A_KIND
    return count * squares > total**2 * (1 + 1e-12)


def _of_group(sums: pl.DataFrame, minimum: int, fewest_clusters: int) -> dict[str, Any]:
    before, after = (
        Sums(*(sums[f"{part} {side}"].to_numpy() for part in ("count", "total", "square")))
        for side in ("before", "after")
    )
    difference = clustered_difference(before, after)
    enough = all(
        side.counts.sum() >= minimum
        and (side.counts > 0).sum() >= fewest_clusters
        # Of whom one has nearly everything is hardly more than one.
        and side.counts.max() <= LARGEST * side.counts.sum()
        for side in (before, after)
    ) and _vary(before, after)
    nothing = float("nan")
    return {
        "n_before": float(before.counts.sum()),
        "n_after": float(after.counts.sum()),
        "clusters": int(((before.counts + after.counts) > 0).sum()),
        "before": before.mean,
        "after": after.mean,
        "difference": difference.difference,
        "error": difference.error if enough else nothing,
        "freedom": difference.freedom if enough else nothing,
    }
