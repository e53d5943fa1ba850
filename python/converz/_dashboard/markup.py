"""HTML that is safe to join: whatever is not said to be HTML is text."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from converz._dashboard.texts import TEXTS
from converz._show.shorten import shorten, text_columns

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

__all__ = [
    "Html",
    "count",
    "date",
    "element",
    "join",
    "label",
    "listed",
    "number",
    "plain",
    "points",
    "say",
    "section",
    "share",
    "table",
]


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Html:
    """Make HTML of anything: text of the service is text."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def join(*parts: object) -> Html:
    """Join HTML and text."""
    return Html("".join(text(part) for part in parts))


def element(tag: str, *parts: object, **attributes: object) -> Html:
    """Make an element; an attribute ``class_`` is ``class``, and underscores are hyphens."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Html(f"<{tag}{written}>{join(*parts)}</{tag}>")


def say(key: str, **values: object) -> Html:
    """Say a text of the page, with values in it."""
    return Html(
        html.escape(TEXTS[key], quote=False).format(**{name: text(value) for name, value in values.items()})
    )


def plain(key: str, **values: object) -> str:
    """Say a text where there can be no elements: in a chart, or in an attribute."""
    return TEXTS[key].format(**values)


def section(name: str, *parts: object) -> Html:
    """Make a section of the page, under its heading."""
    return element("section", element("h2", say(name), id=name), *parts, aria_labelledby=name)


def label(value: object, width: int = 40) -> str:
    """A name of the service's on one line, without what could hide or turn it.

    One that is too long keeps its end as well, by which long names differ.
    """
    if value is None:
        return TEXTS["none"]
    given = str(value)
    shown = shorten(given, width)
    if not shown.endswith("…") or given.endswith("…"):
        return shown
    end = shorten(given[-(width // 3) :], width // 3).removesuffix("…").lstrip("\u25cc\ufffd ")
    begin = shorten(given, max(2, width - text_columns(end))).removesuffix("…").rstrip()
    return f"{begin}…{end}"


def listed(names: Sequence[str], shown: int = 12) -> str:
    """Names in a sentence: the first of many, and how many more there are."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (plain("more", count=more) if more > 0 else "")


def number(value: float | None, digits: int = 0, *, sign: bool = False) -> Html:
    """Write a number, which the page shows as the reader's language does."""
    return _data(value, digits, sign=sign, percent=False)


def share(value: float | None, digits: int = 1, *, sign: bool = False) -> Html:
    """Write a share from 0 to 1 as per cent."""
    return _data(value, digits, sign=sign, percent=True)


def points(value: float | None, digits: int = 1, *, sign: bool = False) -> Html:
    """Write a difference of shares in percentage points."""
    if value is None:
        return number(None)
    return join(number(value * 100, digits, sign=sign), "\u00a0", plain("points"))


def count(value: float) -> Html:
    """Write a number of things."""
    return number(value, 0)


def _data(value: float | None, digits: int, *, sign: bool, percent: bool) -> Html:
    # Not a number, or without an end: nothing is known.
    if value is None or value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124
        return Html("\u2013")
    scaled = round(value * (100 if percent else 1), digits)
    # Nothing has no sign.
    shown = f"{scaled or 0.0:{'+' if sign and scaled else ''},.{digits}f}".replace("-", "\u2212")
    return element(
        "data",
        shown + ("%" if percent else ""),
        value=repr(float(value)),
        data_digits=digits,
        data_percent="" if percent else None,
        data_sign="" if sign else None,
    )


def date(value: dt.date) -> Html:
    """Write a date, which the page shows as the reader's language does."""
    return element("time", f"{value.day} {value:%b %Y}", datetime=value.isoformat())


def table(caption: object, head: Sequence[object], rows: Sequence[Sequence[object]]) -> Html:
    """Make a table whose first column names the rows, in a box that scrolls by itself."""
    header = join(*(element("th", cell, scope="col") for cell in head))
    body = join(
        *(
            element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:]))
            for row in rows
        )
    )
    whole = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", header)),
        element("tbody", body),
    )
    return element("div", whole, class_="scroll", tabindex="0", role="group", aria_label=plain("scrolls"))
