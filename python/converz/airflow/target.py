"""Which target a template field names: a URL, a file, or a connection of Airflow."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from airflow.sdk import BaseHook

from converz import InvalidInputError

__all__ = ["named_target", "postgresql_url", "refuse_passwords"]

ID = re.compile(r"[\w.-]+")
"""What the id of a connection looks like."""

FILES = (".duckdb", ".ddb", ".db")

LIBPQ = {
    "application_name",
    "connect_timeout",
    "options",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
}
"""Extras of a connection to PostgreSQL that are the server's own; others are for Airflow's hook."""


def refuse_passwords(name: str, value: object) -> None:
    """Refuse a password in the code of a Dag, whose fields Airflow stores and shows."""
    if isinstance(value, str) and "{{" not in value and "://" in value and urlsplit(value).password:
        message = (
            f"{name}= has a password, which Airflow would store and show with the Dag: make a connection of it, and pass "
            "its id"
        )
        raise InvalidInputError(message)


def named_target(target: object) -> Any:
    """Return what `Client.sync` takes."""
    if not isinstance(target, str) or not ID.fullmatch(target) or target.endswith(FILES):
        return target
    connection = BaseHook.get_connection(target)
    match connection.conn_type:
        case "postgres" | "postgresql":
            return postgresql_url(connection)
        case "duckdb":
            return f"duckdb:{connection.host or connection.schema}"
        case kind:
            message = (
                f"connection {target!r} is of type {kind!r:.80}: a target is a connection of type postgres or duckdb, or "
                "else the URL of one, such as 'delta:s3://bucket/lake' or 'parquet:/data/lake'"
            )
            raise InvalidInputError(message)


def postgresql_url(connection: Any) -> str:
    """Return the URL of a database."""
    user = quote(connection.login or "", safe="")
    if connection.password:
        user += ":" + quote(connection.password, safe="")
    extras = {
        name: value for name, value in connection.extra_dejson.items() if name in LIBPQ and value is not None
    }
    place = f"{connection.host or 'localhost'}:{connection.port or 5432}/{quote(connection.schema or '', safe='')}"
    return f"postgresql://{user + '@' if user else ''}{place}" + ("?" + urlencode(extras) if extras else "")
