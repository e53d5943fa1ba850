"""When people call: day by day, and by weekday and hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from converz._dashboard import charts
from converz._dashboard.drawing import figure, picture
from converz._dashboard.markup import Html, count, date, element, join, plain, say, share, table
from converz._dashboard.settled import days
from converz._dashboard.texts import WEEKDAYS

if TYPE_CHECKING:
    import datetime as dt

    from converz._dashboard.material import Material, Question

__all__ = ["day_figure", "volume"]


def volume(material: Material, unsettled: set[dt.date]) -> Html:
    """Both figures."""
    return join(
        element("h3", say("days")),
        day_figure(material.question, days(material), unsettled),
        element("h3", say("hours")),
        _hours(material),
    )


def day_figure(q: Question, frame: pl.DataFrame, unsettled: set[dt.date], calm: str = "days_settled") -> Html:
    """Conversations day by day, of a frame as `days` makes it."""
    late = [name for name in frame.columns if name.startswith("has ")]
    rows = [
        {
            "day": day.isoformat(),
            "n": n,
            "monday": day.weekday() == 0,
            "now": day >= q.start,
            "quiet": day in unsettled,
        }
        for day, n in zip(frame["date"], frame["conversations"], strict=True)
    ]
    body = [
        [
            date(row["date"]),
            plain("this_period" if row["date"] >= q.start else "period_before"),
            count(row["conversations"]),
            *(share(row[name] / row["conversations"] if row["conversations"] else None, 0) for name in late),
            plain("unsettled") if row["date"] in unsettled else "",
        ]
        for row in frame.to_dicts()
    ]
    grey = sum(day in unsettled for day in frame["date"])
    caption = say(
        "days_caption",
        start=date(q.before_start),
        end=date(q.end),
        n=count(int(frame["conversations"].sum())),
        finding=say("days_grey", days=say("day_one") if grey == 1 else say("day_many", count=count(grey)))
        if grey
        else say(calm),
    )
    head: list[object] = [plain("day"), plain("period_column"), plain("conversations")]
    head += [plain("has", column=name.removeprefix("has ").replace("_", " ")) for name in late]
    return figure(
        "days",
        picture(charts.days(rows, 800), "days", plain("days")),
        picture(charts.days(rows, 340), "days-narrow", plain("days")),
        caption,
        sum(row["n"] > 0 for row in rows),
        table(plain("days"), [*head, plain("remark")], body),
        plain("behind"),
    )


def _hours(material: Material) -> Html:
    q = material.question
    times = material.after["start_time"]
    if not isinstance(times.dtype, pl.Datetime) or not times.count():
        return Html("")
    counted = (
        pl.DataFrame({"weekday": times.dt.weekday(), "hour": times.dt.hour()})
        .drop_nulls()
        .group_by("weekday", "hour")
        .len("n")
    )
    there = {(row["weekday"] - 1, row["hour"]): row["n"] for row in counted.to_dicts()}
    hours = range(min(hour for _, hour in there), max(hour for _, hour in there) + 1)
    rows = [
        {"weekday": name, "hour": hour, "n": there.get((day, hour), 0)}
        for day, name in enumerate(WEEKDAYS)
        for hour in hours
    ]
    (day, hour), most = max(there.items(), key=lambda item: item[1])
    caption = say(
        "hours_caption",
        start=date(q.start),
        end=date(q.end),
        n=count(sum(there.values())),
        weekday=WEEKDAYS[day],
        hour=hour,
        most=count(most),
    )
    body: list[list[object]] = [
        [f"{hour}:00", *(count(there.get((day, hour), 0)) for day in range(7))] for hour in hours
    ]
    return figure(
        "hours",
        picture(charts.hours(rows, 800, upright=False), "hours", plain("hours")),
        picture(charts.hours(rows, 340, upright=True), "hours-narrow", plain("hours")),
        caption,
        len(rows),
        table(plain("hours"), [plain("hour"), *WEEKDAYS], body),
        plain("behind"),
    )
