"""Vega-Lite specifications → pictures whose colours, numbers and dates are the page's and the reader's."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

from converz._dashboard.markup import Html, element, join
from converz._frames.libraries import required

__all__ = [
    "ACCENT",
    "BAND",
    "DATE",
    "GREY",
    "GRID",
    "GROUND",
    "INK",
    "MUTED",
    "SECOND",
    "axis_number",
    "figure",
    "picture",
]

# Stand-ins that become the style sheet's variables, so that one picture is right in the light, in the dark and on paper.
INK, MUTED, GRID, ACCENT = "#010203", "#040506", "#070809", "#0a0b0c"
SECOND, BAND, GREY, GROUND = "#0d0e0f", "#101213", "#141516", "#171819"
VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    ACCENT: "accent",
    SECOND: "second",
    BAND: "band",
    GREY: "grey",
    GROUND: "ground",
}
NUMBER, DATE = "\u2063", "\u2064"
"""What nobody sees, before what is a number or a date in a picture; no name has it, since names are shortened first."""

CONFIG: dict[str, Any] = {
    "aria": False,
    "background": None,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "labelLimit": 190,
    },
    "legend": {"labelColor": MUTED, "titleColor": MUTED, "labelFontSize": 12},
    "text": {"color": INK, "fontSize": 12},
}


def axis_number(digits: int, *, percent: bool = False, **more: Any) -> dict[str, Any]:
    """Make an axis of numbers."""
    kind = "%" if percent else "f"
    return {"labelExpr": f"'{NUMBER}' + format(datum.value, ',.{digits}{kind}')", **more}


def picture(spec: dict[str, Any], name: str, alternative: str) -> Html:
    """Draw a picture. `name` keeps what is inside apart from other pictures of the page."""
    converter = required("vl_convert", "dashboard", extra="dashboard")
    svg: str = converter.vegalite_to_svg({"config": CONFIG, **spec}, allowed_base_urls=[])
    # Texts of the service are between tags, where what looks like an attribute is theirs.
    svg = re.sub(r"<[^<>]+>", lambda tag: _of_the_page(tag[0], name), svg)
    svg = re.sub(r">([\u2063\u2064])([^<]*)</text>", _said, svg)
    said = html.escape(alternative)
    return Html(re.sub(r"^<svg ", f'<svg role="img" aria-label="{said}" ', svg[svg.index("<svg ") :]))


def _of_the_page(tag: str, name: str) -> str:
    """A tag with the page's colours and names of its own, and nothing that the page's policy or a screen reader minds."""
    # To a screen reader a picture is one thing; the table behind it has the parts.
    tag = re.sub(r' (?:role|style|aria-[a-z]+)="[^"]*"', "", tag)
    for stand_in, variable in VARIABLES.items():
        tag = tag.replace(f'"{stand_in}"', f'"var(--{variable})"')
    tag = re.sub(r'\bid="([\w-]+)"', rf'id="{name}-\1"', tag)
    return re.sub(r"url\(#([\w-]+)\)", rf"url(#{name}-\1)", tag)


def _said(match: re.Match[str]) -> str:
    kind, shown = match.groups()
    if kind == DATE:
        day = dt.date.fromisoformat(shown)
        return f' data-date="{shown}">{day.day} {day:%b}</text>'
    bare = shown.replace("\u2212", "-").replace(",", "")
    percent = bare.endswith("%")
    bare = bare.removesuffix("%")
    digits = len(bare.partition(".")[2])
    value = float(bare) / (100 if percent else 1)
    sort = ' data-percent=""' if percent else ""
    return f' data-value="{value!r}" data-digits="{digits}"{sort}>{shown}</text>'


def figure(
    name: str, wide: Html | None, narrow: Html | None, caption: object, marks: int, table: Html, behind: str
) -> Html:
    """Put a picture, its caption, and the table behind it together."""
    kinds = ("picture", "") if narrow is None else ("picture wide", "picture narrow")
    pictures = join(
        *(
            element("div", each, class_=kind)
            for each, kind in zip((wide, narrow), kinds, strict=True)
            if each is not None
        )
    )
    details = element("details", element("summary", behind), table)
    return element("figure", pictures, element("figcaption", caption), details, id=name, data_marks=marks)
