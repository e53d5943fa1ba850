"""The pictures as Vega-Lite specifications. Each takes its rows and a width, and knows nothing of where they are from."""

from __future__ import annotations

import math
from typing import Any

from converz._dashboard.drawing import ACCENT, BAND, DATE, GREY, GROUND, INK, MUTED, SECOND, axis_number
from converz._dashboard.texts import WEEKDAYS

__all__ = ["activity", "changes", "days", "funnel", "hours", "reach", "weeks"]

Rows = list[dict[str, Any]]
QUIET = {"grid": False, "ticks": False, "domain": False}


def fine(values: list[float], steps: int = 4) -> int:
    """How many digits tell the ticks of an axis over these values apart."""
    spread = max(values, default=0.0) - min(values, default=0.0)
    if spread <= 0:
        # One tick, which must not be rounded to something else.
        return next((digits for digits in (0, 1) if all(round(v, digits) == round(v, 9) for v in values)), 2)
    return max(0, math.ceil(-math.log10(spread / steps)))


def _spec(
    width: int, height: int | dict[str, int], layers: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    return {
        # Of the whole picture, so that letters have one size in all of them, however long the labels are.
        "width": width,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "height": height,
        "layer": layers,
        "padding": {"left": 4, "right": 10, "top": 4, "bottom": 4},
        **more,
    }


def weeks(rows: Rows, mean: float, *, percent: bool) -> dict[str, Any]:
    """A line of weeks over the band of chance."""
    ticks = [row["week"] for row in rows][:: max(1, math.ceil(len(rows) / 6))]
    ends = [row[end] for row in rows for end in ("value", "lower", "upper") if row[end] is not None]
    digits = fine([end * 100 for end in ends] if percent else ends)
    x = {
        "field": "week",
        "type": "ordinal",
        "scale": {"type": "band", "padding": 0, "domain": [row["week"] for row in rows]},
        "axis": {
            "title": None,
            "labelExpr": f"'{DATE}' + datum.value",
            "values": ticks,
            "labelAngle": 0,
            "grid": False,
        },
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"zero": False, "nice": True},
        "axis": axis_number(digits, percent=percent, title=None, tickCount=4),
    }
    layers: list[dict[str, Any]] = []
    if any(row["lower"] is not None for row in rows):
        band = [row for row in rows if row["lower"] is not None]
        layers += [
            {
                "data": {"values": band},
                # With an edge, since there would be seams between one week and the next.
                "mark": {"type": "bar", "color": BAND, "width": {"band": 1}, "stroke": BAND},
                "encoding": {"x": x, "y": {**y, "field": "lower"}, "y2": {"field": "upper"}},
            },
            {
                "data": {"values": [{"mean": mean}]},
                "mark": {"type": "rule", "color": GREY, "strokeDash": [4, 4]},
                "encoding": {"y": {**y, "field": "mean"}},
            },
        ]
    layers += [
        {
            # Half a week is no collapse: no line leads there.
            "transform": [{"filter": "!datum.quiet"}],
            "mark": {"type": "line", "color": MUTED, "strokeWidth": 1.5},
            "encoding": {"x": x, "y": y},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 48, "opacity": 1, "strokeWidth": 1.5},
            "encoding": {
                "x": x,
                "y": y,
                "fill": {"field": "fill", "type": "nominal", "scale": None},
                "stroke": {"field": "stroke", "type": "nominal", "scale": None},
                "size": {"field": "size", "type": "quantitative", "scale": None},
            },
        },
        # Over the picture, where no point and no line is in the way.
        {
            "transform": [{"filter": "datum.remark != ''"}],
            "mark": {"type": "rule", "color": GREY, "strokeDash": [2, 3]},
            "encoding": {"x": x, "y": {"value": 0}, "y2": {"value": 150}},
        },
        *(
            {
                "transform": [{"filter": f"datum.remark != '' && datum.week {side} '{ticks[0]}'"}],
                "mark": {"type": "text", "align": align, "dx": dx, "color": MUTED},
                "encoding": {"x": x, "y": {"value": -9}, "text": {"field": "remark", "type": "nominal"}},
            }
            for side, align, dx in (("===", "left", -6), ("!==", "right", 6))
        ),
    ]
    for row in rows:
        colour = GREY if row["quiet"] else SECOND if row["outside"] else INK
        row |= {
            "stroke": colour,
            "fill": GROUND if row["quiet"] else colour,
            "size": 110 if row["outside"] else 48,
        }
    return _spec(390, 150, layers, data={"values": rows})


def days(rows: Rows, width: int) -> dict[str, Any]:
    """A bar a day, in the colour of its period, and grey where it may still change."""
    ticks = [row["day"] for row in rows if row["monday"]]
    step = max(1, math.ceil(len(ticks) * 52 / width))
    x = {
        "field": "day",
        "type": "ordinal",
        "scale": {"paddingInner": 0.2},
        "axis": {
            "title": None,
            "labelExpr": f"'{DATE}' + datum.value",
            "values": ticks[::step],
            "labelAngle": 0,
            "grid": False,
        },
    }
    for row in rows:
        row["colour"] = GREY if row["quiet"] else ACCENT
        row["opacity"] = 1 if row["now"] or row["quiet"] else 0.5
    bars = {
        "mark": {"type": "bar"},
        "encoding": {
            "x": x,
            "y": {"field": "n", "type": "quantitative", "axis": axis_number(0, title=None, tickCount=4)},
            "color": {"field": "colour", "type": "nominal", "scale": None},
            "opacity": {"field": "opacity", "type": "quantitative", "scale": None},
        },
    }
    return _spec(width, 150, [bars], data={"values": rows})


def hours(rows: Rows, width: int, *, upright: bool) -> dict[str, Any]:
    """A field of weekdays and hours, darker where there are more; in it the numbers."""
    day = {
        "field": "weekday",
        "type": "ordinal",
        "sort": list(WEEKDAYS),
        "axis": {"title": None, "labelAngle": 0, **QUIET, "orient": "top" if upright else "left"},
    }
    hour = {
        "field": "hour",
        "type": "ordinal",
        "axis": {"title": None, "labelAngle": 0, **QUIET, "orient": "left" if upright else "bottom"},
    }
    most = max((row["n"] for row in rows), default=1) or 1
    for row in rows:
        row["share"] = 0.04 + 0.5 * row["n"] / most
        row["said"] = f"\u2063{row['n']:,}"
    place = {"x": day, "y": hour} if upright else {"x": hour, "y": day}
    cells = len({row["hour"] for row in rows}) if upright else 7
    return _spec(
        width,
        24 * cells if upright else 30 * cells,
        [
            {
                "mark": {"type": "rect", "color": ACCENT, "stroke": GROUND, "strokeWidth": 2},
                "encoding": {
                    **place,
                    "fillOpacity": {"field": "share", "type": "quantitative", "scale": None},
                },
            },
            {
                "mark": {"type": "text", "color": INK, "fontSize": 11},
                "encoding": {**place, "text": {"field": "said", "type": "nominal"}},
            },
        ],
        data={"values": rows},
    )


def reach(rows: Rows) -> tuple[float, float] | None:
    """The ends of an axis beyond which intervals are cut off, so that one of no use does not press the others flat.

    Every difference is within; None where every interval is as well.
    """
    halves = sorted((row["upper"] - row["lower"]) / 2 for row in rows)
    if not halves:
        return None
    usual = halves[len(halves) // 2]
    furthest = max(abs(row["difference"]) for row in rows)
    bound = max(4 * usual, 1.2 * furthest)
    low = min(0.0, *(row["all_lower"] for row in rows))
    high = max(0.0, *(row["all_upper"] for row in rows))
    # What is a little further is no trouble.
    if -1.5 * bound <= low and high <= 1.5 * bound:
        return None
    return max(low, -bound), min(high, bound)


def changes(rows: Rows, width: int, unit: str | None) -> dict[str, Any]:
    """Each group's change with its two intervals, in the order of the rows."""
    y = {
        "field": "group",
        "type": "nominal",
        "sort": None,
        "axis": {
            "title": None,
            **QUIET,
            "labelColor": INK,
            "labelLimit": 120 if width < 350 else 190,
            "labelPadding": 7,
        },
    }
    bounds = reach(rows)
    ends = bounds or [
        row[end] for row in rows for end in ("difference", "all_lower", "all_upper") if row[end] is not None
    ]
    x = {
        "type": "quantitative",
        "axis": axis_number(
            fine([0.0, *ends]), title=unit, tickCount=4, labelOverlap="greedy", labelSeparation=12
        ),
    }
    for row in rows:
        row["colour"] = SECOND if row["sure"] else ACCENT
    if bounds is not None:
        x["scale"] = {"domain": list(bounds), "nice": False}
    colour = {"field": "colour", "type": "nominal", "scale": None}
    known = {"filter": "isValid(datum.lower)"}

    def interval(low: str, high: str, thickness: float) -> dict[str, Any]:
        return {
            "transform": [known],
            "mark": {"type": "rule", "strokeWidth": thickness, "strokeCap": "round", "clip": True},
            "encoding": {
                "y": y,
                "x": {**x, "field": low},
                "x2": {"field": high},
                "color": colour,
            },
        }

    return _spec(
        width,
        {"step": 28},
        [
            {
                "data": {"values": [{"zero": 0}]},
                "mark": {"type": "rule", "color": MUTED, "strokeWidth": 1.5},
                "encoding": {"x": {**x, "field": "zero"}},
            },
            interval("all_lower", "all_upper", 1.25),
            interval("lower", "upper", 4),
            {
                "mark": {"type": "point", "filled": True, "opacity": 1, "size": 90, "stroke": GROUND},
                "encoding": {"y": y, "x": {**x, "field": "difference"}, "fill": colour},
            },
        ],
        data={"values": rows},
    ) | {
        # The reader's font may be wider than the one that the labels were measured with.
        "padding": {"left": 4 + 2 * min(16, max((len(row["group"]) for row in rows), default=0)), "right": 14}
        | {"top": 4, "bottom": 4}
    }


def _room(width: int) -> int:
    """How wide a name in a picture is at most."""
    return 130 if width > 500 else 84


def funnel(
    rows: Rows, curve: Rows, mean: float, width: int, titles: tuple[str, str], *, percent: bool
) -> dict[str, Any]:
    """Agents by number and average, the curves of chance, and a line to what is left without chance."""
    ends = [row["value"] for row in rows] + [row[side] for row in curve for side in ("lower", "upper")]
    digits = fine([end * 100 for end in ends] if percent else ends)
    x = {
        "field": "n",
        "type": "quantitative",
        # Room for the names of those at the edges.
        "scale": {"zero": False, "nice": False, "padding": _room(width) / 2 + 6},
        "axis": axis_number(0, title=titles[0], tickCount=5, tickMinStep=1, grid=False),
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"zero": False, "padding": 24},
        "axis": axis_number(digits, percent=percent, title=titles[1], tickCount=5),
    }
    for row in rows:
        row["colour"] = SECOND if row["outside"] else ACCENT
        row["opacity"] = 1 if row["outside"] else 0.75
    _label(rows, ends, mean, width)
    colour = {"field": "colour", "type": "nominal", "scale": None}
    lines = [
        {
            "data": {"values": curve},
            "mark": {"type": "line", "color": GREY, "strokeWidth": 1.5, "strokeDash": [5, 4]},
            "encoding": {"x": x, "y": {**y, "field": side}},
        }
        for side in ("lower", "upper")
    ]
    return _spec(
        width,
        300,
        [
            {
                "data": {"values": curve},
                "mark": {"type": "area", "color": BAND, "opacity": 0.6},
                "encoding": {"x": x, "y": {**y, "field": "lower"}, "y2": {"field": "upper"}},
            },
            *lines,
            {
                "data": {"values": [{"value": mean}]},
                "mark": {"type": "rule", "color": GREY},
                "encoding": {"y": y},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 1.25},
                "encoding": {
                    "x": x,
                    "y": y,
                    "y2": {"field": "left"},
                    "color": colour,
                    "opacity": {"field": "opacity", "type": "quantitative", "scale": None},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 64, "stroke": GROUND, "strokeWidth": 1},
                "encoding": {
                    "x": x,
                    "y": y,
                    "fill": colour,
                    "opacity": {"field": "opacity", "type": "quantitative", "scale": None},
                },
            },
            {
                "mark": {"type": "tick", "thickness": 2, "size": 9, "orient": "horizontal"},
                "encoding": {"x": x, "y": {**y, "field": "left"}, "color": colour},
            },
            *(
                {
                    "transform": [{"filter": f"datum.label == '{side}'"}],
                    "mark": {"type": "text", "dy": dy, "color": INK, "limit": _room(width)},
                    "encoding": {"x": x, "y": y, "text": {"field": "name", "type": "nominal"}},
                }
                for side, dy in (("above", -12), ("below", 16))
            ),
        ],
        data={"values": rows},
    )


def _label(rows: Rows, ends: list[float], mean: float, width: int) -> None:
    """Say at which points the name stands, and on which side; never over another one: the caption has them all."""
    numbers = [row["n"] for row in rows]
    # Without the axis and the room at the edges.
    across = (width - 70 - _room(width)) / max(1, max(numbers) - min(numbers))
    down = 250 / ((max(ends) - min(ends)) or 1)
    placed: list[tuple[float, float, float]] = []
    for row in sorted(rows, key=lambda each: -abs(each["value"] - mean)):
        row["label"] = ""
        if row["outside"]:
            x, y = row["n"] * across, row["value"] * down
            half = min(_room(width), 7.5 * len(row["name"])) / 2
            above = row["value"] >= mean
            free = all(abs(x - other) > half + wide or abs(y - at) > 16 for other, at, wide in placed)
            # Where the name stands there must be nobody else's point, nor the line that leads away from it.
            clear = not any(
                each is not row
                and abs(each["n"] * across - x) < half + 8
                and _meets(each, y, down, above=above)
                for each in rows
            )
            if free and clear:
                placed.append((x, y, half + 6))
                row["label"] = "above" if above else "below"


def _meets(other: dict[str, Any], y: float, down: float, *, above: bool) -> bool:
    """Whether somebody's point or line is at the height of a name that stands above, or below, a point at `y`."""
    ends = [(other[name] * down - y) * (1 if above else -1) for name in ("value", "left")]
    return bool(min(ends) < 22 and max(ends) > 4)


def activity(rows: Rows, width: int, titles: tuple[str, str], *, percent: bool) -> dict[str, Any]:
    """A point an agent: what is done in the app, and what comes of the conversations."""
    done, values = ([row[name] for row in rows] for name in ("activity", "value"))
    digits = fine(done), fine([value * 100 for value in values] if percent else values)
    return _spec(
        width,
        260,
        [
            {
                "mark": {
                    "type": "point",
                    "filled": True,
                    "size": 64,
                    "color": ACCENT,
                    "opacity": 0.75,
                    "stroke": GROUND,
                },
                "encoding": {
                    "x": {
                        "field": "activity",
                        "type": "quantitative",
                        "axis": axis_number(digits[0], title=titles[0], tickCount=5, grid=False),
                    },
                    "y": {
                        "field": "value",
                        "type": "quantitative",
                        "scale": {"zero": False},
                        "axis": axis_number(digits[1], percent=percent, title=titles[1], tickCount=5),
                    },
                },
            }
        ],
        data={"values": rows},
    )
