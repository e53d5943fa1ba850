"""From what the page was made, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from converz._dashboard.markup import Html, count, element, join, label, number, plain, say, table
from converz._parameters import PARAMETERS

if TYPE_CHECKING:
    import datetime as dt

    from converz._dashboard.material import Asked

__all__ = ["receipts"]

PERSONAL = {each.name for each in sum(PARAMETERS.values(), ()) if each.is_personal}


def receipts(material: Asked, made: dt.datetime, version: str) -> Html:
    """The section."""
    when = element("time", f"{made:%Y-%m-%d %H:%M %Z}", datetime=made.isoformat(timespec="seconds"))
    rows = [
        [
            name,
            _query(receipt),
            count(receipt.rows),
            count(receipt.requests),
            number(receipt.seconds, 2),
        ]
        for name, receipt in material.receipts
    ]
    head = [plain(f"receipt_{key}") for key in ("asked", "query", "rows", "requests", "seconds")]
    return element(
        "div",
        element("p", say("made", when=when, version=version, url=label(material.url, 80))),
        table(plain("receipt_of"), list(head), rows),
        class_="receipt",
    )


def _query(receipt: Any) -> Html:
    values: dict[str, list[str]] = {}
    for name, value in receipt.query:
        values.setdefault(name, []).append(value)
    parts = []
    for name, given in values.items():
        # Whose conversations they are is nobody's business who is shown the page.
        shown = (
            plain("hidden", count=len(given))
            if name in PERSONAL
            else join(*(_breakable(label(each, 200), first=not place) for place, each in enumerate(given)))
        )
        parts.append(element("span", f"{name} = ", shown))
    return join(*(part if not place else join("; ", part) for place, part in enumerate(parts)))


def _breakable(names: str, *, first: bool) -> Html:
    """Names that a comma separates, where a line may end after it, and not within a name."""
    before = "" if first else ", "
    return join(
        before, *(join(Html(",<wbr>") if place else "", each) for place, each in enumerate(names.split(",")))
    )
