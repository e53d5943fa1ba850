"""Agents: a funnel instead of a ranking, and what they do in the app."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from converz._dashboard import charts
from converz._dashboard.changed import heading, title, value
from converz._dashboard.drawing import figure, picture
from converz._dashboard.markup import (
    Html,
    count,
    date,
    element,
    join,
    label,
    listed,
    number,
    plain,
    say,
    table,
)
from converz._frames.libraries import required
from converz._statistics.funnel import funnel

if TYPE_CHECKING:
    from converz._dashboard.material import Material

__all__ = ["agents", "who"]

FEWEST = 8
"""Agents for a correlation."""
MOST = 400
"""Agents of a picture and of a table, which could not be read, and would make a page too large for a mail."""


def looked_at(material: Material) -> str:
    """The first metric of which some agents have enough values; the first of all where there is none."""
    q = material.question
    for metric in q.metrics:
        counts = material.after.group_by("rep_id").agg(pl.col(metric).count().alias("n")).drop_nulls("rep_id")
        if (counts["n"] >= q.minimum).sum() >= FEWEST:
            return metric
    return q.metrics[0]


def agents(material: Material, metric: str) -> tuple[pl.DataFrame, Any]:
    """One row an agent, by name: their own average, and that against others on the same campaigns; and the funnel."""
    calls = material.after.select("rep_id", "campaign", pl.col(metric).alias("value")).drop_nulls(
        ["rep_id", "value"]
    )
    overall = calls["value"].mean() if len(calls) else 0.0
    frame = (
        calls.with_columns(
            (pl.col("value") - pl.col("value").mean().over("campaign") + overall).alias("against")
        )
        .group_by("rep_id")
        .agg(
            pl.len().alias("n"),
            pl.col("value").mean().alias("own"),
            pl.col("against").mean().alias("against_mean"),
            ((pl.col("against") - pl.col("against").mean()) ** 2).sum().alias("squares"),
        )
        .with_columns(
            pl.col("rep_id")
            .replace_strict(material.names, default=None, return_dtype=pl.String)
            .alias("name")
        )
        .sort("name", "rep_id")
    )
    found = funnel(
        frame["n"].to_numpy(),
        frame["against_mean"].to_numpy(),
        frame["squares"].to_numpy(),
        minimum=material.question.minimum,
    )
    return frame.with_columns(
        outside=found.outside, enough=found.enough, left=found.shrunken, error=found.shrunken_error
    ), found


def who(material: Material) -> Html:
    """The funnel, and the app."""
    metric = looked_at(material)
    frame, found = agents(material, metric)
    some = frame.filter("enough")
    if len(some) < 2:
        sentence = say("agents_few", minimum=count(material.question.minimum), metric=title(metric))
        return element("p", sentence)
    parts = [_funnel(material, metric, frame, some, found)]
    if material.activity is not None:
        parts.append(_activity(material, metric, some))
    return join(*parts)


def _shown(some: pl.DataFrame) -> pl.DataFrame:
    """The agents that a picture and a table have, by name."""
    return some.sort("outside", "n", descending=True).head(MOST).sort("name", "rep_id")


def _funnel(material: Material, metric: str, frame: pl.DataFrame, some: pl.DataFrame, found: Any) -> Html:
    q = material.question
    percent = material.is_share(metric)
    outside = [row["name"] for row in some.to_dicts() if row["outside"]]
    finding = say("agents_outside", names=listed(outside)) if outside else say("agents_calm")
    shown = _shown(some)
    if len(some) > MOST:
        finding = join(finding, " ", say("agents_most", shown=count(MOST)))
    caption = say(
        "agents_caption",
        metric=heading(metric),
        start=date(q.start),
        end=date(q.end),
        agents=count(len(some)),
        minimum=count(q.minimum),
        n=count(int(some["n"].sum())),
        finding=finding,
        few=_left_out(len(frame) - len(some)),
    )
    rows = [
        {
            "n": row["n"],
            "value": row["against_mean"],
            "left": row["left"],
            "outside": row["outside"],
            "name": row["name"],
        }
        for row in shown.to_dicts()
    ]
    curve: list[dict[str, Any]] = []
    if rows and math.isfinite(found.deviation):
        numbers = [row["n"] for row in rows]
        grid = np.linspace(min(numbers), max(*numbers, min(numbers) + 1), 60)
        lower, upper = found.limits(grid)
        curve = [
            {"n": float(n), "lower": float(low), "upper": float(high)}
            for n, low, high in zip(grid, lower, upper, strict=True)
        ]
    said = plain("agents", metric=title(metric))
    titles = (plain("agents_axis"), title(metric))
    wide, narrow = (
        picture(
            charts.funnel(
                [row | {"name": label(row["name"], letters)} for row in rows],
                curve,
                found.mean,
                width,
                titles,
                percent=percent,
            ),
            name,
            said,
        )
        for width, name, letters in ((800, "agents", 20), (340, "agents-narrow", 11))
    )

    def written(given: float) -> Html:
        return value(material, metric, given)

    body: list[list[object]] = [
        [
            row["name"],
            count(row["n"]),
            written(row["own"]),
            written(row["against_mean"]),
            written(row["left"]),
            join(
                written(row["left"] - 1.96 * row["error"]), " … ", written(row["left"] + 1.96 * row["error"])
            ),
            plain(f"position_{_position(row, found.mean)}"),
        ]
        for row in shown.to_dicts()
    ]
    head = [
        plain(key) for key in ("agent", "n_after", "own", "adjusted", "left", "left_interval", "position")
    ]
    instead = []
    if metric != q.metrics[0]:
        first = title(q.metrics[0])
        instead = [
            " ",
            say("agents_instead", metric=title(metric), minimum=count(q.minimum), first=first),
        ]
    return join(
        element("h3", say("agents", metric=title(metric))),
        element("p", join(say("agents_note"), *instead), class_="note"),
        figure("agents", wide, narrow, caption, len(rows), table(said, list(head), body), plain("behind")),
    )


def _left_out(number: int) -> Html:
    if not number:
        return Html("")
    return say("agents_left", few=say("agent_one") if number == 1 else say("agent_many", count=count(number)))


def _position(row: dict[str, Any], mean: float) -> str:
    if not row["outside"]:
        return "within"
    return "above" if row["against_mean"] > mean else "below"


def _activity(material: Material, metric: str, some: pl.DataFrame) -> Html:
    q = material.question
    name = q.activity
    activity = material.activity
    if name is None or activity is None or not {"rep_id", name} <= set(activity.columns):
        return Html("")
    done = activity.select(
        pl.col("rep_id").cast(pl.String), pl.col(name).cast(pl.Float64, strict=False).alias("activity")
    )
    both = some.join(done.drop_nulls(), on="rep_id", how="inner").sort("name", "rep_id")
    finding = say("activity_few")
    if len(both) >= FEWEST and both["activity"].n_unique() > 1 and both["against_mean"].n_unique() > 1:
        stats = required("scipy.stats", "dashboard", extra="dashboard")
        rho = float(stats.spearmanr(both["activity"].to_numpy(), both["against_mean"].to_numpy()).statistic)
        # Fisher's transformation, with the variance that Bonett and Wright give for ranks.
        middle = math.atanh(max(-0.999, min(0.999, rho)))
        width = 1.96 * math.sqrt((1 + rho**2 / 2) / (len(both) - 3))
        lower, upper = math.tanh(middle - width), math.tanh(middle + width)
        finding = say(
            "activity_found" if lower > 0 or upper < 0 else "activity_unclear",
            rho=number(rho, 2, sign=True),
            lower=number(lower, 2, sign=True),
            upper=number(upper, 2, sign=True),
        )
    shown = _shown(both)
    rows = [{"activity": row["activity"], "value": row["against_mean"]} for row in shown.to_dicts()]
    percent = material.is_share(metric)
    titles = (plain("activity_axis", activity=title(name)), title(metric))
    wide, narrow = (
        picture(
            charts.activity([dict(row) for row in rows], width, titles, percent=percent),
            identity,
            plain("activity"),
        )
        for width, identity in ((800, "activity"), (340, "activity-narrow"))
    )
    if len(both) > MOST:
        finding = join(finding, " ", say("agents_most", shown=count(MOST)))
    caption = say(
        "activity_caption",
        activity=heading(name),
        metric=title(metric),
        agents=count(len(both)),
        start=date(q.start),
        end=date(q.end),
        n=count(int(both["n"].sum())),
        finding=finding,
    )
    body: list[list[object]] = [
        [
            row["name"],
            number(row["activity"], 0),
            value(material, metric, row["against_mean"]),
            count(row["n"]),
        ]
        for row in shown.to_dicts()
    ]
    head = [plain("agent"), title(name), title(metric), plain("n_after")]
    return join(
        element("h3", say("activity")),
        figure(
            "activity",
            wide,
            narrow,
            caption,
            len(rows),
            table(plain("activity"), list(head), body),
            plain("behind"),
        ),
    )
