"""The sections of a page of reports alone, which says what it leaves out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from converz._dashboard.changed import counted, heading, tile, title, value, week_figures
from converz._dashboard.markup import Html, count, date, element, join, label, plain, say, section, table
from converz._dashboard.volume import day_figure

if TYPE_CHECKING:
    from converz._dashboard.reports import Reports

__all__ = ["sections", "size"]

SHOWN = 100
"""Groups of a table."""


def size(reports: Reports) -> Html:
    """Say how much there is, and what there is not."""
    return join(
        element(
            "p",
            say(
                "size_reports",
                after=count(reports.conversations(1)),
                before_calls=count(reports.conversations(0)),
            ),
        ),
        element("p", say("reports_only"), class_="note"),
    )


def sections(reports: Reports, today: dt.date) -> list[Html]:
    """Make the sections."""
    q = reports.question
    if not reports.conversations(1):
        return [section("what", element("p", say("nothing")))]
    first = today - dt.timedelta(days=q.unsettled_days)
    late = {day for day in reports.days["date"] if day > first}
    made = [
        section(
            "what",
            _tiles(reports),
            week_figures(reports, late),
            element("h3", say("days")),
            day_figure(q, reports.days, late, calm="days_old"),
        )
    ]
    tables = [_groups(reports, name) for name, sides in reports.groups.items() if _tells_apart(name, *sides)]
    if tables:
        note = element("p", say("reports_where"), class_="note")
        made.append(section("where", note, *tables))
    return made


def _tiles(reports: Reports) -> Html:
    q = reports.question
    tiles = [
        counted(
            heading(plain("conversations")),
            reports.conversations(0),
            reports.conversations(1),
            say("verdict_count"),
        )
    ]
    for metric in q.metrics:
        before, after = (reports.total(side, metric) for side in (0, 1))
        change = None if before is None or after is None else after - before
        tiles.append(
            tile(
                heading(metric),
                value(reports, metric, after),
                say("tile_before", before=value(reports, metric, before)),
                value(reports, metric, change, sign=True),
                say("verdict_unknown"),
                None,
            )
        )
    if q.activity is not None and q.activity not in q.metrics:
        before, after = (reports.total(side, q.activity) or 0.0 for side in (0, 1))
        tiles.append(counted(heading(q.activity), before, after, say("verdict_sum")))
    note = say(
        "reports_tiles",
        period=say("period", start=date(q.start), end=date(q.end)),
        before=say("period", start=date(q.before_start), end=date(q.before_end)),
        n=count(reports.conversations(1)),
        n_before=count(reports.conversations(0)),
    )
    return join(element("ul", *tiles, class_="tiles"), element("p", note, class_="note"))


def _tells_apart(name: str, before: Any, after: Any) -> bool:
    return all(name in side.columns for side in (before, after)) and len({*before[name], *after[name]}) > 1


def _groups(reports: Reports, dimension: str) -> Html:
    q = reports.question
    sides = [{row[dimension]: row for row in side.to_dicts()} for side in reports.groups[dimension]]
    rows = [
        (name, *(side.get(name, {}) for side in sides))
        for name in dict.fromkeys(each for side in sides for each in side)
    ]
    rows.sort(key=lambda row: (-_moved(q.metrics[0], *row[1:]), -_size(*row[1:]), str(row[0])))
    body = [
        [
            label(name),
            _pair(count(after.get("conversations") or 0), count(before.get("conversations") or 0)),
            *(
                _pair(*(value(reports, metric, _number(side.get(metric))) for side in (after, before)))
                for metric in q.metrics
            ),
        ]
        for name, before, after in rows[:SHOWN]
    ]
    caption = say(
        "reports_groups",
        start=date(q.start),
        end=date(q.end),
        n=count(reports.conversations(1)),
        n_before=count(reports.conversations(0)),
        shown=say("table_more", shown=count(SHOWN), count=count(len(rows))) if len(rows) > SHOWN else "",
    )
    head = [plain(dimension), plain("conversations"), *(title(metric) for metric in q.metrics)]
    above = say("change_by", metric=heading(", ".join(head[2:])), dimension=plain(dimension))
    return join(element("h3", above), table(caption, list(head), body))


def _pair(now: Html, before: Html) -> Html:
    return say("now_before", now=now, before=before)


def _number(given: Any) -> float | None:
    return None if given is None else float(given)


def _size(before: dict[str, Any], after: dict[str, Any]) -> int:
    return (before.get("conversations") or 0) + (after.get("conversations") or 0)


def _moved(metric: str, before: dict[str, Any], after: dict[str, Any]) -> float:
    """A group's change, by its size; nothing where there is no change to speak of."""
    values = [_number(side.get(metric)) for side in (before, after)]
    if values[0] is None or values[1] is None:
        return 0.0
    return abs(values[1] - values[0]) * _size(before, after)
