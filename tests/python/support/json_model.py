"""A page of JSON as Python's own `json` reads it, widened as the documentation says.

Written from the documented table of types and not from the decoder.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

EXACT = 2**53
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.(?:\d{1,6}|\d{6}0+))?)?)(?: ?(Z|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)


class Value(NamedTuple):
    """A value of a cell, and the very text that it has on the page."""

    text: str

    @property
    def python(self) -> Any:
        # `json` takes the sign off -0, which is the one integer that is none.
        return -0.0 if self.text == "-0" else json.loads(self.text)


NULL = Value("null")


def javascript(number: float) -> str:
    """A number as JavaScript's Number.prototype.toString writes it."""
    if number == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    point = len(text) + exponent
    if len(text) <= point <= 21:
        shown = text + "0" * (point - len(text))
    elif 0 < point <= 21:
        shown = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        shown = f"0.{'0' * -point}{text}"
    else:
        fraction = f".{text[1:]}" if len(text) > 1 else ""
        shown = f"{text[0]}{fraction}e{point - 1:+d}"
    return "-" * sign + shown


def as_text(value: Value) -> str | None:
    """A value in a column that had to become text."""
    python = value.python
    if python is None:
        return None
    if isinstance(python, str):
        return python
    if isinstance(python, bool):
        return "true" if python else "false"
    if isinstance(python, int):
        return str(python)
    if isinstance(python, float):
        return javascript(python)
    return value.text


def moment(text: str) -> date | datetime | None:
    """An ISO date or date-time of the calendar, or None."""
    try:
        if DATE.fullmatch(text):
            return date.fromisoformat(text)
        if found := TIME.fullmatch(text):
            clock, zone = found.groups(default="")
            time = datetime.fromisoformat(clock + zone)
            return time if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    return None


def is_nearly_dates(values: list[Value]) -> bool:
    """Whether a column of strings has so many dates of one kind that it is worth a warning that it is none."""

    def kind(python: Any) -> str:
        # Of a fraction that is too fine, the rest counts.
        cut = re.sub(r"(\.\d{6})\d{1,3}0*(?!\d)", r"\1", python) if isinstance(python, str) else ""
        found = moment(cut)
        if not isinstance(found, datetime):
            return type(found).__name__
        return "naive" if found.tzinfo is None else "zoned"

    kinds = Counter(kind(value.python) for value in values if value.python is not None)
    total = kinds.total()
    del kinds["NoneType"]
    return (
        max(kinds.values(), default=0) * 100 >= total * 99 and column(values, parse_dates=True)[0] == "string"
    )


def kind_of(python: Any) -> str:
    if isinstance(python, bool):
        return "bool"
    if isinstance(python, (int, float, str)):
        return type(python).__name__
    return "nested"


def column(values: list[Value], *, parse_dates: bool) -> tuple[str, list[Any]]:
    """The type of a column and its values."""
    python = [value.python for value in values]
    given = [value for value in python if value is not None]
    kinds = {kind_of(value) for value in given}
    if not kinds:
        return "null", python
    if kinds == {"bool"}:
        return "bool", python
    if kinds == {"int"}:
        if all(-(2**63) <= value < 2**63 for value in given):
            return "int64", python
        if all(0 <= value < 2**64 for value in given):
            return "uint64", python
    exact = all(abs(value) < EXACT for value in given if isinstance(value, int))
    if kinds <= {"int", "float"} and "float" in kinds and exact:
        return "float64", [None if value is None else float(value) for value in python]
    if kinds == {"str"} and parse_dates:
        moments = [moment(value) for value in given]
        for name, fits in (
            ("date32", lambda value: type(value) is date),
            ("timestamp[us]", lambda value: type(value) is datetime and value.tzinfo is None),
            ("timestamp[us, UTC]", lambda value: type(value) is datetime and value.tzinfo is not None),
        ):
            if all(map(fits, moments)):
                return name, [None if value is None else moment(value) for value in python]
    return "string", [as_text(value) for value in values]


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same type, and zeros of the same sign."""
    if type(one) is not type(other) or one != other:
        return False
    return not isinstance(one, float) or math.copysign(1, one) == math.copysign(1, other)
