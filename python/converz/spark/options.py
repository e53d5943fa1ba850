"""Options of a read or a write, checked."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import converz
from converz._parameters import PARAMETERS, written_day
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

__all__ = ["Connection", "ReadOptions", "WriteOptions"]

SETTINGS = (
    "timeout",
    "connect_timeout",
    "first_byte_timeout",
    "stall_timeout",
    "max_retries",
    "page_size",
    "max_concurrency",
    "max_connections",
    "max_update_bytes",
    "max_response_bytes",
    "allow_http",
    "ca_file",
    "user_agent",
    "last_page",
)
"""Settings of the client that are options of the same name."""

CONNECTION = ("base_url", "secret", *SETTINGS)

TABLES = ("calls", "reps")

DAYS = 7
"""Days of a partition."""

OTHER_NAMES = {
    "apikey": "secret, which Spark shows nowhere",
    "api_key": "secret, which Spark shows nowhere",
    "key": "secret, which Spark shows nowhere",
    "path": "table: nothing is read from files",
    "start_date": "since",
    "end_date": "until",
    "columns": "the schema, as in .schema('call_id BIGINT, campaign STRING')",
    "proxy": "the environment variable HTTPS_PROXY of the executors, since it may hold a password",
}


class Secret:
    """The key, which no representation shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str | None) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __call__(self) -> str | None:
        """Return it."""
        return self._value


@dataclass(frozen=True)
class Connection:
    """Whom to ask. It is pickled to the executors, each of which makes a client of it."""

    base_url: str | None = field(repr=False)
    secret: Secret
    settings: dict[str, Any]

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Connection:
        """Take the options, and what the driver's environment has."""
        return cls(
            options.get("base_url") or os.environ.get("CONVERZ_BASE_URL"),
            Secret(options.get("secret") or os.environ.get("CONVERZ_API_KEY")),
            {name: _value(options[name]) for name in SETTINGS if name in options},
        )

    def client(self) -> converz.Client:
        """Return a client."""
        return converz.Client(self.base_url, self.secret(), **self.settings)


@dataclass(frozen=True)
class ReadOptions:
    """What to read."""

    table: str
    since: date | None
    until: date | None
    days: int
    filters: dict[str, Any]
    metric: tuple[str, ...]
    pins: dict[str, str] | None

    @classmethod
    def of(cls, options: Mapping[str, str]) -> ReadOptions:
        """Take the options."""
        table = _table(options)
        filters = _filters(table)
        own = ("since", "until", "days_per_partition", "metric") if table == "calls" else ()
        _refuse_unknown(options, ("table", "pins", *own, *filters, *CONNECTION))
        since, until = _date(options, "since"), _date(options, "until")
        if table == "calls" and since is None:
            message = (
                "option 'since' is missing: the first date to read, such as .option('since', '2025-01-01')"
            )
            raise InvalidInputError(message)
        return cls(
            table,
            since,
            until,
            _count(options, "days_per_partition", DAYS),
            {name: _filter(name, options[name]) for name in filters if name in options},
            tuple(_strings("metric", options["metric"])) if "metric" in options else (),
            _pins(options),
        )


@dataclass(frozen=True)
class WriteOptions:
    """How to write."""

    table: str
    nulls: str
    report: str | None
    json_columns: tuple[str, ...]

    @classmethod
    def of(cls, options: Mapping[str, str]) -> WriteOptions:
        """Take the options."""
        _refuse_unknown(options, ("table", "nulls", "report", "json_columns", *CONNECTION))
        nulls = options.get("nulls") or "keep"
        if nulls not in {"keep", "clear"}:
            message = f"option nulls={nulls!r:.80} is neither 'keep' nor 'clear'"
            raise InvalidInputError(message)
        json_columns = _strings("json_columns", options.get("json_columns") or "")
        return cls(_table(options), nulls, options.get("report"), tuple(json_columns))


def _table(options: Mapping[str, str]) -> str:
    table = options.get("table") or "calls"
    if table not in TABLES:
        message = f"option table={table!r:.80} is none of {', '.join(TABLES)}"
        raise InvalidInputError(message)
    return table


def _filters(table: str) -> tuple[str, ...]:
    return tuple(
        each.name for each in PARAMETERS[table] if each.role == "filter" and each.takes in {"strings", "flag"}
    )


def _refuse_unknown(options: Mapping[str, str], known: tuple[str, ...]) -> None:
    for name in options:
        lower = name.lower()
        if lower not in known:
            other = OTHER_NAMES.get(lower)
            instead = f"use {other}" if other else f"there are {', '.join(known)}"
            # Never its value: it may be the key.
            message = f"option {name!r:.80} is not known: {instead}"
            raise InvalidInputError(message)


def _value(text: str) -> Any:
    try:
        return json.loads(text.lower() if text in {"True", "False"} else text)
    except ValueError:
        return text


def _strings(name: str, text: str) -> list[str]:
    """Take several values: between commas, or a JSON list for those that hold one."""
    if not text.lstrip().startswith("["):
        return [each.strip() for each in text.split(",") if each.strip()]
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        message = f"option {name}={text!r:.80} is no list of strings: write 'a,b' or '[\"a\", \"b\"]'"
        raise InvalidInputError(message)
    return found


def _filter(name: str, text: str) -> Any:
    return _value(text) if name == "active" else _strings(name, text)


def _date(options: Mapping[str, str], name: str) -> date | None:
    text = options.get(name)
    try:
        return written_day(text) if text else None
    except ValueError:
        message = f"option {name}={text!r:.80} is not a date such as '2025-07-15'"
        raise InvalidInputError(message) from None


def _count(options: Mapping[str, str], name: str, default: int) -> int:
    value = _value(options.get(name) or str(default))
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        message = f"option {name}={value!r:.80} is not a whole number from 1"
        raise InvalidInputError(message)
    return value


def _pins(options: Mapping[str, str]) -> dict[str, str] | None:
    text = options.get("pins")
    if not text:
        return None
    pins = _value(text)
    if not isinstance(pins, dict) or not all(isinstance(each, str) for each in pins.values()):
        message = f"option pins={text!r:.80} is no JSON object of names and types: pass json.dumps(client.describe_calls().pins)"
        raise InvalidInputError(message)
    return pins
