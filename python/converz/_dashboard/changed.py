"""What changed: the figures of the period, and the weeks that lead to it."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

from converz._dashboard import charts
from converz._dashboard.drawing import figure, picture
from converz._dashboard.markup import (
    Html,
    count,
    date,
    element,
    join,
    number,
    plain,
    points,
    say,
    share,
    table,
)
from converz._statistics.compare import compare
from converz._statistics.limits import control_limits

if TYPE_CHECKING:
    from converz._dashboard.material import Asked, Material

__all__ = ["changed", "counted", "heading", "tile", "title", "value", "week_figures"]

SURE = ("higher", "lower")
"""The verdicts that say something."""


def value(material: Asked, metric: str, given: float | None, *, sign: bool = False) -> Html:
    """Write a value of a metric in its unit."""
    if not material.is_share(metric):
        return number(given, material.digits(metric), sign=sign)
    # The difference of two shares is in points: 5% more of 20% would be 21%.
    return points(given, sign=sign) if sign else share(given, material.digits(metric))


def title(metric: str) -> str:
    """A metric's name for people."""
    return metric.replace("_", " ")


def heading(metric: str) -> str:
    """A metric's name where a sentence begins."""
    name = title(metric)
    return name[:1].upper() + name[1:]


def changed(material: Material) -> Html:
    """The tiles: each figure, what it was, and whether chance alone would do."""
    q = material.question
    period = say("period", start=date(q.start), end=date(q.end))
    before_period = say("period", start=date(q.before_start), end=date(q.before_end))
    tiles = [
        counted(
            heading(plain("conversations")), len(material.before), len(material.after), say("verdict_count")
        )
    ]
    rows = compare(material.before, material.after, metric=material.question.metrics).to_polars()
    by_metric = {row["metric"]: row for row in rows.to_dicts()}
    for metric in material.question.metrics:
        row = by_metric[metric]

        def written(
            name: str, *, sign: bool = False, row: dict[str, Any] = row, metric: str = metric
        ) -> Html:
            return value(material, metric, row[name], sign=sign)

        tiles.append(
            tile(
                heading(metric),
                written("after"),
                say("tile_before", before=written("before")),
                say(
                    "tile_change",
                    change=written("difference", sign=True),
                    lower=written("lower", sign=True),
                    upper=written("upper", sign=True),
                )
                if row["lower"] is not None
                else written("difference", sign=True),
                element("span", say(f"verdict_{row['verdict']}"), class_="sure")
                if row["verdict"] in SURE
                else say(f"verdict_{row['verdict']}"),
                say("tile_n", after=count(row["n_after"]), before=count(row["n_before"])),
            )
        )
    return join(
        element("p", _finding(rows.to_dicts())),
        element("ul", *tiles, class_="tiles"),
        element("p", say("intervals", period=period, before=before_period), class_="note"),
    )


def _finding(rows: list[dict[str, Any]]) -> Html:
    """Say in a sentence what the tiles come to."""
    found = [
        say("changed_one", metric=title(row["metric"]), direction=say(f"changed_{row['verdict']}"))
        for row in rows
        if row["verdict"] in SURE
    ]
    if found:
        return say("changed_found", names=_listed(found))
    return say("changed_few" if all(row["verdict"] == "too few" for row in rows) else "changed_none")


def counted(name: str, before: float, after: float, verdict: Html | None) -> Html:
    """Make the tile of what is counted or summed."""
    return tile(
        name,
        count(after),
        say("tile_before", before=count(before)),
        say(
            "tile_count",
            change=number(after - before, 0, sign=True),
            percent=share(after / before - 1 if before else None, 1, sign=True),
        ),
        verdict,
        None,
    )


def tile(name: str, shown: Html, before: Html, change: Html, verdict: Html | None, n: Html | None) -> Html:
    """Make a tile."""
    return element(
        "li",
        element("span", name, class_="name"),
        element("b", shown),
        element("span", before, class_="by"),
        element("span", change),
        element("span", verdict, class_="by") if verdict is not None else "",
        element("span", n, class_="by") if n is not None else "",
    )


def week_figures(material: Asked, unsettled: set[dt.date]) -> Html:
    """Conversations and each metric by week, over the band of chance."""
    q = material.question
    frame = material.weeks.filter(material.weeks["week"].is_not_null())
    mondays = [
        dt.date.fromisocalendar(year, week, 1)
        for year, week in zip(frame["year"], frame["week"], strict=True)
    ]
    rows = dict(zip(mondays, frame.to_dicts(), strict=True))
    figures = [
        _weeks(material, rows, unsettled, name, place)
        for place, name in enumerate(["conversations", *q.metrics])
    ]
    return join(
        element("h3", say("weeks")),
        element("p", say("weeks_note"), class_="note"),
        element("div", *figures, class_="grid"),
    )


def _weeks(
    material: Asked, weeks: dict[dt.date, dict[str, Any]], unsettled: set[dt.date], name: str, place: int
) -> Html:
    q = material.question
    counted = name == "conversations"
    percent = not counted and material.is_share(name)
    every = [
        q.history_start + dt.timedelta(weeks=week)
        for week in range(((q.end - q.history_start).days) // 7 + 1)
    ]
    # Before the first conversation there is nothing to draw, and where in its week it fell is not known.
    known = [q.history_start - dt.timedelta(weeks=1), *every]
    began = next((place for place, week in enumerate(known) if weeks.get(week, {}).get("conversations")), 0)
    every = known[max(1, began) :]
    cut = {week for week in every if week + dt.timedelta(days=6) > q.end}
    first = {every[0]} if began else set()
    late = {day - dt.timedelta(days=day.weekday()) for day in unsettled}
    found = [weeks.get(week, {}) for week in every]
    values = [row.get("conversations", 0) if counted else _number(row.get(name)) for row in found]
    used = [
        value if week not in cut | first | late and value is not None else math.nan
        for week, value in zip(every, values, strict=True)
    ]
    weights = None if counted else [row.get("conversations", 0) for row in found]
    limits = control_limits(used, weights)
    rows: list[dict[str, Any]] = []
    for place_of, (week, shown) in enumerate(zip(every, values, strict=True)):
        lower, upper = float(limits.lower[place_of]), float(limits.upper[place_of])
        # Nothing is less than none of them or more than all.
        lower = max(0.0, lower) if (counted or percent) and math.isfinite(lower) else lower
        upper = min(1.0, upper) if percent and math.isfinite(upper) else upper
        rows.append(
            {
                "week": week.isoformat(),
                "value": shown,
                "lower": lower if math.isfinite(lower) else None,
                "upper": upper if math.isfinite(upper) else None,
                "quiet": week in cut | first | late,
                "outside": bool(limits.outside[place_of]),
                "remark": plain("cut") if week in cut else plain("began") if week in first else "",
            }
        )
    body = [
        [
            join(say("week"), " ", date(week)),
            _written(material, name, row["value"]),
            count(part.get("conversations", 0)),
            _written(material, name, row["lower"]),
            _written(material, name, row["upper"]),
            _remark(cut=week in cut, began=week in first, unsettled=week in late, outside=row["outside"]),
        ]
        for week, row, part in zip(every, rows, found, strict=True)
    ]
    finding = say("weeks_calm")
    if all(row["value"] is None for row in rows):
        finding = say("weeks_nothing")
    elif all(row["lower"] is None for row in rows):
        finding = say("weeks_none")
    elif any(row["outside"] for row in rows):
        outside = [date(week) for week, row in zip(every, rows, strict=True) if row["outside"]]
        finding = say("weeks_outside", weeks=_listed(outside))
    caption = say(
        "weeks_caption",
        metric=heading(name),
        weeks=say("week_one") if len(every) == 1 else say("week_many", count=count(len(every))),
        start=date(every[0]),
        end=date(q.end),
        n=count(sum(part.get("conversations", 0) for part in found)),
        finding=finding,
    )
    marks = sum(row["value"] is not None for row in rows)
    identity = f"weeks-{place}"
    return figure(
        identity,
        picture(
            charts.weeks(rows, limits.mean, percent=percent),
            identity,
            f"{title(name)}: {plain('weeks')}",
        )
        if marks
        else None,
        None,
        caption,
        marks,
        table(
            title(name),
            [
                plain("week"),
                title(name),
                plain("conversations"),
                plain("lower_limit"),
                plain("upper_limit"),
                plain("remark"),
            ],
            body,
        ),
        plain("behind"),
    )


def _written(material: Asked, name: str, given: float | None) -> Html:
    return number(given, 0) if name == "conversations" else value(material, name, given)


def _remark(**remarks: bool) -> str:
    return ", ".join(plain(key) for key, holds in remarks.items() if holds)


def _number(given: Any) -> float | None:
    return None if given is None else float(given)


def _listed(parts: list[Html]) -> Html:
    return join(*(part if not place else join(", ", part) for place, part in enumerate(parts)))
