"""What a connection of Airflow says, as the settings of a client."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from airflow.sdk import BaseHook

from converz import Client, ConfigurationError

__all__ = ["ConnectionKey", "settings_of"]

DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(Client).parameters.items()
    if name not in {"base_url", "api_key"}
}
"""The settings that extras may have."""

TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True)
class ConnectionKey:
    """A function that asks for the key of a connection when it is needed, and pickles without it."""

    conn_id: str

    def __call__(self) -> str:
        """Return the key."""
        key = BaseHook.get_connection(self.conn_id).password
        if not key:
            message = f"connection {self.conn_id!r} has no password, which is where the API key belongs"
            raise ConfigurationError(message)
        return str(key)


def settings_of(conn_id: str, connection: Any) -> dict[str, Any]:
    """Return the arguments of a client, all but the key."""
    host = connection.host or ""
    if not host:
        message = f"connection {conn_id!r} has no host: put the base URL there, such as https://yourdomain.converz.co"
        raise ConfigurationError(message)
    if "://" not in host:
        host = f"https://{host}"
    if connection.port:
        # What a connection that is written as a URL is taken apart into.
        host = f"{host}:{connection.port}"
    settings = {"base_url": host}
    for name, value in connection.extra_dejson.items():
        if value in (None, ""):
            # A field of the form that was left empty.
            continue
        if name not in DEFAULTS:
            message = (
                f"connection {conn_id!r} has an extra {name!r:.80}, which is no setting of a client: they are "
                f"{', '.join(sorted(DEFAULTS))}"
            )
            raise ConfigurationError(message)
        settings[name] = _value(conn_id, name, value)
    return settings


def _value(conn_id: str, name: str, value: Any) -> Any:
    """Take a value as it is, or as text, which is all that some backends of secrets have."""
    default = DEFAULTS[name]
    if not isinstance(value, str) or isinstance(default, str) or default is None:
        return value
    if isinstance(default, bool) and value.lower() in TRUTHS:
        return TRUTHS[value.lower()]
    try:
        return {int: int, float: float}[type(default)](value)
    except (KeyError, ValueError):
        kind = {bool: "true or false", int: "a whole number", float: "a number"}[type(default)]
        # Not the value: what stands in extras may be a secret in the wrong place.
        message = f"connection {conn_id!r} has an extra {name!r} that is not {kind}"
        raise ConfigurationError(message) from None
