"""`converz.compare`: what changed between two sets of conversations, and what is chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from converz._frames.libraries import required
from converz._results.table import Table
from converz._show.shorten import shorten
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

__all__ = ["compare"]

FEWEST_AGENTS = 5


def compare(
    calls_before: Any,
    calls_after: Any,
    *,
    metric: str | Iterable[str],
    by: str | Iterable[str] | None = None,
    cluster: str = "rep_id",
    confidence: float = 0.95,
    minimum: int = 30,
) -> Table:
    """Compare the means of metrics between two sets of conversations, as a whole or by group.

    Conversations of one agent are alike, so a hundred of them say less than a hundred of a hundred agents. The
    intervals respect that: they are cluster-robust (CR2, with the degrees of freedom of Bell and McCaffrey) over the agents, who may be in both sets. They have their confidence from about ten agents on, and a little
    more where a few agents have most of the conversations. Whoever looks at twenty groups finds one that "changed" by
    chance alone; ``simultaneous_lower`` and ``simultaneous_upper`` hold for all rows of the result together
    (Bonferroni), and the verdict goes by them. The sets need not have the same size.

    It says what differs, not why: nobody was drawn by lot to be before or after. It needs polars and scipy: the extra
    ``statistics``.

    Args:
        calls_before: The earlier conversations, or one side of any comparison: a `Table` or any dataframe, with the
            columns of ``metric``, ``by`` and ``cluster``.
        calls_after: The later ones, or the other side.
        metric: One or more columns of numbers or booleans, whose mean is the share in which they are true. Nulls and
            NaN are left out.
        by: One or more columns; each combination of their values is a group, null among them. By default (None)
            all conversations are one.
        cluster: The column whose values have conversations that are alike; ``"rep_id"`` by default. A
            conversation where it is null stands for itself.
        confidence: Of the intervals, between 0 and 1; 0.95 by default.
        minimum: Fewest values that a group must have on each side, 30 by default, beside 5 agents; for fewer there
            is no interval, and the verdict is ``"too few"``. So it is where one agent has more than two thirds, and where
            values do not vary: of what is true or
            false, both sides together must have 10 of the rarer kind.

    Returns:
        A `Table` with one row a group and metric, those that explain most of the change of the overall mean first:
        the columns of ``by``; ``metric``; ``n_before`` and ``n_after``, values that are not null; ``clusters``,
        agents on either side; ``before`` and ``after``, the means; ``difference``; ``lower`` and ``upper``, its
        interval; ``simultaneous_lower`` and ``simultaneous_upper``; ``p_value``, and ``p_adjusted`` for all rows
        together; ``verdict``, which is ``"higher"``, ``"lower"``, ``"unclear"`` (chance alone would do) or ``"too
        few"``; ``within`` and ``mix``, what the group contributes to the change of the overall mean by its own
        change and by the change of its share. These two sum up to that change over all groups.

    Raises:
        InvalidInputError: If an argument is not as described, a column is missing, or a metric is neither numbers
            nor booleans.
        ImportError: If polars or scipy is not installed.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=2_000, reps=40, today="2025-07-15") as sandbox:
        ...     client = sandbox.client()
        ...     before = client.calls(end_date="2025-05-31", metric="resolved")
        ...     after = client.calls(start_date="2025-06-01", metric="resolved")
        >>> change = converz.compare(before, after, metric="resolved", by="department")
        >>> change.num_rows
        3
        >>> set(change.to_pydict()["verdict"]) <= {"higher", "lower", "unclear", "too few"}
        True

    """
    pl = required("polars", "compare", extra="statistics")
    required("scipy.stats", "compare", extra="statistics")
    metrics, groups = _names("metric", metric), [] if by is None else _names("by", by)
    if not isinstance(cast("object", cluster), str):
        message = f"cluster is {_shown(cluster)}: it must be the name of a column"
        raise InvalidInputError(message)
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float)) or not 0 < confidence < 1:
        message = f"confidence is {_shown(confidence)}: it must be between 0 and 1, such as 0.95"
        raise InvalidInputError(message)
    if isinstance(minimum, bool) or not isinstance(minimum, int) or minimum < 2:
        message = f"minimum is {_shown(minimum)}: it must be an integer from 2"
        raise InvalidInputError(message)
    taken = [name for name in RESULT if name in groups]
    if taken:
        message = f"by has {_shown(taken[0])}, which is a column of the result: rename it first"
        raise InvalidInputError(message)
    sides = [
        _side(name, data, metrics, groups, cluster)
        for name, data in (("calls_before", calls_before), ("calls_after", calls_after))
    ]
    for position in range(len(groups)):
        name = f"group {position}"
        kinds = [side.schema[name] for side in sides]
        if kinds[0] != kinds[1] and pl.Null not in kinds:
            sides = [side.with_columns(pl.col(name).cast(pl.String)) for side in sides]
    # It imports numpy and scipy, which are known to be there now.
    from converz._statistics.rows import compared

    return Table(compared(sides, metrics, groups, float(confidence), minimum, FEWEST_AGENTS))


compare.__module__ = "converz"


RESULT = (
    "metric",
    "n_before",
    "n_after",
    "clusters",
    "before",
    "after",
    "difference",
    "lower",
    "upper",
    "simultaneous_lower",
    "simultaneous_upper",
    "p_value",
    "p_adjusted",
    "verdict",
    "within",
    "mix",
)
"""The columns of the result beside those of ``by``."""


def _names(argument: str, names: str | Iterable[str]) -> list[str]:
    try:
        found: Sequence[Any] = [names] if isinstance(names, str) else list(names)
    except TypeError:
        found = [names]
    for name in found:
        if not isinstance(name, str):
            message = f"{argument} has {_shown(name)}: it must be one or more names of columns"
            raise InvalidInputError(message)
    if not found or len(set(found)) < len(found):
        message = f"{argument} is {_shown(list(found))}: it must be one or more names, each once"
        raise InvalidInputError(message)
    return list(found)


def _side(name: str, data: Any, metrics: list[str], groups: list[str], cluster: str) -> pl.DataFrame:
    import polars as pl

    try:
        frame = (data if isinstance(data, Table) else Table(data)).to_polars()
    except InvalidInputError as error:
        message = f"{name}{str(error).removeprefix('data')}"
        raise InvalidInputError(message) from error
    for column in dict.fromkeys([*metrics, *groups, cluster]):
        if column not in frame.columns:
            message = f"{name} has no column {_shown(column)}: it has {_shown(frame.columns)}"
            raise InvalidInputError(message)
    for metric in metrics:
        kind = frame.schema[metric]
        # A column without a value may be of any type.
        if not (kind.is_numeric() or kind == pl.Boolean or frame[metric].null_count() == len(frame)):
            message = f"column {_shown(metric)} of {name} is {kind}: a metric must be numbers or booleans"
            raise InvalidInputError(message)
    # A word before it: what stands alone must not be taken for a name.
    alone = pl.format("alone {}", pl.int_range(pl.len()))
    # Names of our own, whatever the columns are called.
    return frame.select(
        *(pl.col(group).alias(f"group {position}") for position, group in enumerate(groups)),
        pl.coalesce(pl.format("of {}", pl.col(cluster).cast(pl.String)), alone).alias("cluster"),
        *(
            pl.col(metric).cast(pl.Float64).fill_nan(None).alias(f"value {position}")
            for position, metric in enumerate(metrics)
        ),
    )


def _shown(value: object) -> str:
    return shorten(repr(value), 80)
