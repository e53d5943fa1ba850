"""Names of cases that are the same in every process, since those that share the tests compare the names."""

from __future__ import annotations

import re


def named(value: object) -> str:
    """Its representation, without the address that many have."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))[:40]
