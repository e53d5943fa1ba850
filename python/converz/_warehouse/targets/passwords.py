"""Passwords in what drivers say, which may have the address of a database or the settings of a store in it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["without_passwords"]

SECRET = ("password", "secret", "token", "credential")
"""What the name of a setting has whose value nobody else may see."""


def without_passwords(text: str, settings: Mapping[str, object]) -> str:
    """Leave the passwords of addresses, and whole settings that are secret, out of a text."""
    for name, value in settings.items():
        for secret in _secrets(name, str(value)):
            text = text.replace(secret, "…")
    return text


def _secrets(name: str, value: str) -> Iterable[str]:
    found = [value] if _is_secret(name) else []
    try:
        parts = urlsplit(value)
        found += [parts.password or "", unquote(parts.password or "")]
        queries = parse_qs(parts.query).items()
    except ValueError:
        queries = {}.items()
    found += [secret for name, secrets in queries if _is_secret(name) for secret in secrets]
    return sorted(filter(None, found), key=len, reverse=True)


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in SECRET)
