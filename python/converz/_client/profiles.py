"""Named settings of clients in a configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from converz import _core
from converz._client.private_file import refuse_if_shared
from converz.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["PROFILE", "profile_settings"]

PROFILE = "CONVERZ_PROFILE"
"""The environment variable that names a profile."""

HIDDEN = ("base_url", "api_key", "proxy")
"""Settings in which there may be a secret."""


def profile_settings(name: str, known: Collection[str]) -> dict[str, Any]:
    """Read the settings of a profile; `known` are the settings that there are."""
    path = _path()
    profiles = _profiles(path)
    if name not in profiles:
        there_are = f"it has {', '.join(profiles)}" if profiles else "it has none"
        message = f"{path} has no profile {name!r:.80}: {_nearest(name, profiles) or there_are}"
        raise ConfigurationError(message)
    settings = profiles[name]
    if settings is None:
        message = f"{name!r:.80} in {path} is no profile: its settings follow a line [{name:.80}]"
        raise ConfigurationError(message)
    for setting in settings:
        if setting not in known:
            hint = _nearest(setting, known) or "its settings are those of converz.Client"
            message = f"profile {name!r:.80} in {path} has the unknown setting {setting!r:.80}: {hint}"
            raise ConfigurationError(message)
    return settings


def _nearest(name: str, known: Collection[str]) -> str | None:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else None


def _path() -> Path:
    import os
    from pathlib import Path

    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "converz" / "config.toml"


def _profiles(path: Path) -> dict[str, dict[str, Any] | None]:
    """Read every profile. No text of a key leaves this function, neither in a value nor with an error."""
    import tomllib

    try:
        refuse_if_shared(path)
        with path.open("rb") as file:
            return {name: _hide(table) for name, table in tomllib.load(file).items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # Of what the error has, its text only: the others have the text of the file.
        why = f"is not TOML: {error}" if isinstance(error, tomllib.TOMLDecodeError) else "is not UTF-8"
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    message = f"{path} {why}"
    raise ConfigurationError(message)


def _hide(table: Any) -> dict[str, Any] | None:
    if not isinstance(table, dict):
        return None
    return {name: _core.Secret(value) if name in HIDDEN else value for name, value in table.items()}
