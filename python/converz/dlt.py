"""Conversations and users as a source of dlt, for every destination that dlt has: Snowflake, BigQuery, Redshift and the rest.

The planner is that of `Client.sync`: it says which days are due, and what of an answer is to be believed. dlt loads what
changed. Needs the extra ``dlt``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from converz._frames.libraries import required
from converz._warehouse.question import Question
from converz._warehouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from converz._warehouse.source import Source

__all__ = ["source"]

FILTERS = ("rep_id", "vendor", "campaign", "subcampaign", "department", "vendor_call_id")


def source(
    client: Source,
    *,
    since: date | str | None = None,
    until: date | str | None = None,
    metric: Sequence[str] | str | None = None,
    columns: Sequence[str] | str | None = None,
    schema: object | None = None,
    lookback: float = 7,
    recheck: float = 0.25,
    sweep: float | None = 7,
    refresh: object | None = None,
    max_delete_fraction: float = 0.1,
    **filters: Sequence[str] | str | None,
) -> Any:
    """Return a source of dlt with the resources ``calls`` and ``reps``.

    Each run of the pipeline reads the days that are due, as `Client.sync` does, and replaces those that changed, emptied ones
    included. What was read of each day is kept in dlt's state and compared with the rows that the destination has, so that a
    day is asked for again wherever the two differ. Rows have two more columns: ``_converz_date``, the day that they were asked
    for, and ``_converz_digest``, a number of what was read of that day.

    Make the pipeline first: the source also sees to it that the pipeline's destination replaces days in transactions.

    Args:
        client: Whom to ask, a `Client`.
        since: First date; by default (None) the first one that was loaded.
        until: Last date, included; by default (None) the last one that has begun anywhere on earth.
        metric: Metrics to calculate, such as ``["csat", "talk_ratio"]``, each a column; by default none.
        columns: Only these columns, besides those that ``metric`` names, and ``call_id``; by default all.
        schema: Types that columns of conversations must have, such as ``{"csat": "float64"}``; by default the data decide.
            Types of loaded columns never change.
        lookback: Days after its end for which a day is read by every run; by default 7.
        recheck: By which share of it a day's age has to grow until it is read again; by default 0.25.
        sweep: How often, in days, the keys of the days that are not due are compared with what was read; by default 7, None
            for never.
        refresh: Days to read again now: a date, a range ``"2025-03-01/2025-03-31"``, several of these, or True for all.
        max_delete_fraction: Which share of the loaded rows of the days that are read may be gone; by default 0.1. 1 believes
            everything, empty days included.
        **filters: Only some conversations: ``rep_id``, ``vendor``, ``campaign``, ``subcampaign``, ``department``,
            ``vendor_call_id``. Users are filtered by ``department`` and ``rep_id``.

    Returns:
        A ``DltSource``, for the ``run`` of a pipeline.

    Raises:
        InvalidInputError: If an argument is not as described.
        ImportError: If dlt is not installed.

    In a run, dlt wraps these in its own ``PipelineStepFailed``: TargetError, where a column no longer fits the type that it
    has in the destination, the destination cannot replace days, or what was loaded answers another question; and what
    `Client.calls` raises.

    Warns:
        ConverzWarning: In a run, where days were not believed and keep what was loaded of them.

    Example:
        >>> import converz, converz.dlt
        >>> with converz.Sandbox(calls=100, reps=5, today="2025-07-15") as sandbox:
        ...     source = converz.dlt.source(sandbox.client(), since="2025-07-01", until="2025-07-15")
        >>> sorted(source.resources)
        ['calls', 'reps']

    """
    required("dlt", "source")
    from converz._dlt.resource import resource, use_transactions

    for name in filters:
        if name not in FILTERS:
            message = f"source() has no argument {name!r}: the filters are {', '.join(FILTERS)}"
            raise TypeError(message)
    arguments = locals() | {"tables": None}
    parameters = {"metric": metric, "columns": columns, **dict.fromkeys(FILTERS), **filters}
    settings = Settings.of(arguments, parameters)
    questions = [Question.of(table, parameters, schema) for table in settings.tables]
    use_transactions()
    import dlt

    resources = [resource(client, question.with_key(), settings) for question in questions]
    return dlt.source(lambda: resources, name="converz", max_table_nesting=0)()
