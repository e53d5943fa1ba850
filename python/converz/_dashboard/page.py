"""The sections → one file without a way out: its policy forbids the network, and every script but its own."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from converz._dashboard import of_calls, of_reports
from converz._dashboard.markup import Html, count, date, element, join, label, plain, say, section
from converz._dashboard.receipts import receipts
from converz._dashboard.reports import Reports

if TYPE_CHECKING:
    import datetime as dt

    from converz._dashboard.material import Asked, Material

__all__ = ["page"]


def page(material: Material | Reports, made: dt.datetime, version: str) -> str:
    """Write the page."""
    style, script = (
        (files("converz._dashboard") / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")
    )
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = join(
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="referrer" content="no-referrer">'),
        element("title", f"{plain('title')}, {material.question.start} / {material.question.end}"),
        element("style", Html(style)),
    )
    size, sections = (
        (of_reports.size(material), of_reports.sections(material, made.date()))
        if isinstance(material, Reports)
        else (of_calls.size(material), of_calls.sections(material, made.date()))
    )
    body = join(
        element("a", say("skip"), href="#what", class_="skip"),
        element("header", _lead(material, size)),
        element("main", *sections),
        element("footer", section("receipts", receipts(material, made, version))),
        element("script", Html(script)),
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _lead(material: Asked, size: Html) -> Html:
    q = material.question
    filters = [
        say("filter", name=name, values=_values(name, values))
        for name, values in q.filters.items()
        if values is not None
    ]
    return join(
        element("h1", say("title")),
        element(
            "p",
            say(
                "lead",
                period=say("period", start=date(q.start), end=date(q.end)),
                days=count(q.days),
                before=say("period", start=date(q.before_start), end=date(q.before_end)),
            ),
        ),
        size,
        element(
            "p",
            say(
                "only",
                filters=join(*(join("; " if place else "", each) for place, each in enumerate(filters))),
            ),
        )
        if filters
        else "",
    )


def _values(name: str, values: list[str]) -> Html:
    if name == "rep_id":
        return say("values", count=count(len(values)))
    return join(", ".join(label(each) for each in values))
