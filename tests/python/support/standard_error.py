"""Another standard error for what shows progress."""

from __future__ import annotations

import sys
import types

from converz._show import progress


def stderr_of(monkeypatch, stream):
    """Make `stream` standard error for the module. That of the process is pytest's to exchange."""
    monkeypatch.setattr(progress, "sys", types.SimpleNamespace(stderr=stream, modules=sys.modules))
    return stream
