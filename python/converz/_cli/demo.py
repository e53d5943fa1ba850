"""``converz demo``: all of it, without a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._cli.command import Command

if TYPE_CHECKING:
    import argparse

__all__ = ["COMMAND"]


def _run(_options: argparse.Namespace) -> int:
    from converz._sandbox.demo import demo

    demo()
    return 0


COMMAND = Command(
    lambda _parser: None,
    _run,
    "  converz demo",
)
