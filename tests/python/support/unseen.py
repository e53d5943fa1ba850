"""What a display may not hold."""

from __future__ import annotations

import unicodedata

NOTHING = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u3164\uffa0"
"""Nothing, or a blank, although Unicode counts it as letters and marks."""


def unseen(text: str) -> set[str]:
    """Return what moves a cursor, turns the direction of writing, or cannot be seen."""
    return {
        character
        for character in text
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        or character in NOTHING
        or 0xE0000 <= ord(character) < 0xE1000
    }
