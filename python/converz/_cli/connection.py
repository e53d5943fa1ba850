"""Options that say which service and which key; the key itself is never one of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converz import _core
from converz._client.client import Client
from converz._client.private_file import refuse_if_shared
from converz._client.profiles import PROFILE

if TYPE_CHECKING:
    import argparse

__all__ = ["add_connection", "connect"]


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group(
        "connection",
        "The key comes from CONVERZ_API_KEY, a profile or a file, never from an argument, which all users see.",
    )
    group.add_argument(
        "--profile", metavar="NAME", help=f"profile of ~/.config/converz/config.toml; by default {PROFILE}"
    )
    group.add_argument("--base-url", metavar="URL", help="where the service is; by default CONVERZ_BASE_URL")
    group.add_argument(
        "--api-key-file", metavar="FILE", type=Path, help="file with the key, which nobody else may read"
    )


def connect(options: argparse.Namespace) -> Client:
    """Make the client, in a process that is the command's own."""
    _core.share_heaps()
    instead: dict[str, Any] = {}
    if options.base_url is not None:
        instead["base_url"] = options.base_url
    if options.api_key_file is not None:
        # A type that no traceback shows, which the client takes as it takes text.
        instead["api_key"] = _read_key(options.api_key_file)
    if options.profile or os.environ.get(PROFILE):
        return Client._from_profile(options.profile, instead)
    return Client(**instead)


def _read_key(path: Path) -> _core.Secret:
    refuse_if_shared(path)
    return _core.Secret(path.read_text(encoding="utf-8").strip())
