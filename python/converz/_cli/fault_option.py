"""A fault of the sandbox as the value of an option: ``operation=calls,request=1,status=503``."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
from typing import Any

from converz._sandbox.fault import Fault

__all__ = ["fault"]

NUMBERS = {"status": int, "cut": int, "cap": int, "probability": float, "seed": int}


def fault(text: str) -> Fault:
    """Read a fault; several requests are joined by ``+``, a shortest and a longest delay by ``-``."""
    names = [each.name for each in dataclasses.fields(Fault)]
    taken: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f": did you mean {near[0]}?" if near else f": use {', '.join(names)}"
            message = f"{name[:80]!r} is not part of a fault{hint}"
            raise argparse.ArgumentTypeError(message)
        if not equals or not value or name in taken:
            message = f"{name} needs one value, as in operation=calls,request=1,status=503"
            raise argparse.ArgumentTypeError(message)
        try:
            taken[name] = _value(name, value)
        except ValueError:
            message = f"{name}={value[:80]!r} is not a number"
            raise argparse.ArgumentTypeError(message) from None
    return Fault(**taken)


def _value(name: str, value: str) -> Any:
    if name == "request":
        requests = [int(each) for each in value.split("+")]
        return requests[0] if len(requests) == 1 else requests
    if name == "retry_after":
        try:
            return float(value)
        except ValueError:
            return value
    if name == "delay":
        seconds = tuple(float(each) for each in value.split("-"))
        return seconds[0] if len(seconds) == 1 else seconds
    return NUMBERS[name](value) if name in NUMBERS else value
