"""`sync` and `explain`: all tables of a run, and what becomes of its errors."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from converz._show.progress import Reporter
from converz._warehouse.question import Question
from converz._warehouse.result import SyncResult, table_of
from converz._warehouse.run import Run, now
from converz._warehouse.table_run import TableRun
from converz._warehouse.target import target_of
from converz.errors import ConverzError, ConverzWarning, InvalidInputError, SyncError, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from converz._results.table import Table
    from converz._warehouse.due import Rules
    from converz._warehouse.settings import Settings
    from converz._warehouse.source import Source

__all__ = ["explain", "failures", "sync"]

PLAN = {
    "table": "string",
    "day": "date32",
    "reason": "string",
    "rows": "int64",
    "read_at": "timestamp[us]",
}


def sync(
    client: Source,
    target: object,
    settings: Settings,
    *,
    lock_timeout: float = 60,
    progress: object = None,
    clock: Callable[[], datetime] = now,
) -> SyncResult:
    """Bring a target up to date."""
    run = Run(client, target_of(target, lock_timeout), settings, clock)
    questions = [Question.of(table, settings.arguments, settings.schema) for table in settings.tables]
    done = 0
    with Reporter(progress, "sync", None, unit="days") as report:

        def step() -> None:
            nonlocal done
            done += 1
            if report:
                report(done, run.bytes)

        tables = [TableRun(run, question, step) for question in questions]
        if report:
            report.total = sum(len(table.due) for table in tables)
        for table in tables:
            _carry_out(run, table)
    result = run.result()
    if result.failed:
        raise _failed(run, failures(result))
    _warn(result, settings.rules)
    return result


def _carry_out(run: Run, table: TableRun) -> None:
    try:
        try:
            table.go()
        except TargetError:
            raise
        except ConverzError:
            # What came whole is not to be read again.
            table.commit()
            raise
    except InvalidInputError:
        raise
    except ConverzError as error:
        raise _failed(run, f"{error}; run it again to go on") from error
    except KeyboardInterrupt as error:
        error.add_note(f"the sync was interrupted: {run.result()!r} is committed. Run it again to go on")
        raise
    finally:
        run.changed += table.ledger.values()


def explain(client: Source, target: object, settings: Settings, clock: Callable[[], datetime] = now) -> Table:
    """List what is due, without a request."""
    run = Run(client, target_of(target, 60), settings, clock)
    lines = []
    for name in settings.tables:
        table = TableRun(run, Question.of(name, settings.arguments, settings.schema), lambda: None)
        for day, reason in table.due:
            entry = table.ledger.get(day)
            lines.append((name, day, reason, entry.rows if entry else None, entry.read_at if entry else None))
    return table_of(PLAN, lines)


def _failed(run: Run, message: str) -> SyncError:
    result = run.result()
    error = SyncError(f"{message} (committed: {result!r})")
    error.result = result
    return error


def failures(result: SyncResult) -> str:
    """Say which days were not written, why, and how to confirm that rows are truly gone."""
    lines = [line for line in _rows(result.days) if line["outcome"] == "failed"]
    first = lines[0]
    what = first["day"].isoformat() if first["day"] else f"table {first['table']}"
    days = sorted(line["day"].isoformat() for line in lines if line["day"])
    named = (
        repr(days[0])
        if len(days) == 1
        else f"[{', '.join(repr(day) for day in days[:3])}{', …' * (len(days) > 3)}]"
    )
    how = f"refresh={named}, max_delete_fraction=1" if days else "max_delete_fraction=1"
    several = f", and {len(lines) - 1:,} more" if len(lines) > 1 else ""
    return (
        f"{what}: {first['message']}{several}. What was stored of them is kept; result.days says which. Where rows are "
        f"truly gone, confirm it with sync(…, {how})"
    )


def _rows(table: Table) -> Iterable[dict[str, Any]]:
    columns = table.to_pydict()
    return (dict(zip(columns, line, strict=True)) for line in zip(*columns.values(), strict=True))


def _warn(result: SyncResult, rules: Rules) -> None:
    """Warn where a run saw days change for longer than they are looked at."""
    late = result.settling.get("0.99", 0.0)
    lookback = rules.lookback / timedelta(days=1)
    if late > lookback and result.changed:
        warnings.warn(
            f"days went on to change up to {late:g} days after their end (the quantile 0.99), beyond lookback={lookback:g}: "
            "late rows are found as days grow older, and sooner with a longer lookback",
            ConverzWarning,
            stacklevel=4,
        )
