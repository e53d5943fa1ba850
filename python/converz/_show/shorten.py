"""Text of others on one line of a terminal or in one cell of a table."""

from __future__ import annotations

__all__ = ["longest", "shorten", "text_columns"]

LONGEST = 3
"""Characters a terminal column: a text may hold any number of marks that take no room."""
MARKS = 8
"""Marks on one character; no language has so many."""
JOINERS = "\u200c\u200d"
EMOJI = "\ufe0f"
"""Makes an emoji, which takes two columns, of a symbol that takes one."""
UNSEEN = set("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
"""What is nothing, or a blank, although Unicode counts it as letters and marks."""


def longest(width: int) -> int:
    """Return how many characters `shorten` looks at, and one more."""
    return LONGEST * width + 1


def shorten(text: str, width: int) -> str:
    """Make text one line of at most `width` terminal columns, and three times as many characters.

    It has no characters that could move the cursor or turn the direction of writing, and none that nobody sees. What
    belongs together, such as a letter and its accents, is not cut.
    """
    if len(text) <= width and text.isascii() and text.isprintable():
        return text
    # What belongs together, and how many columns it takes.
    kept: list[str] = []
    columns: list[int] = []
    used = 0
    for position, character in enumerate(text):
        if position == LONGEST * width:
            break
        if character in JOINERS and kept and _joins(kept[-1], text[position + 1 : position + 2]):
            continue
        shown = _harmless(character)
        taken = _columns(shown)
        if not kept and not taken:
            # As Unicode shows a mark that stands alone.
            shown, taken = "\u25cc" + shown, 1
        if kept and _goes_on(shown, kept[-1]):
            if len(kept[-1]) > MARKS:
                break
            kept[-1] += shown
            columns[-1] += taken
        else:
            kept.append(shown)
            columns.append(taken)
        used += taken
        if used > width:
            kept.pop()
            used -= columns.pop()
            break
    else:
        return "".join(kept)
    while used >= width:
        kept.pop()
        used -= columns.pop()
    return "".join(kept) + "…"


def _harmless(character: str) -> str:
    """Return what is shown in place of a character."""
    import unicodedata

    if " " <= character <= "~":
        return character
    if character in "\n\r\t" or unicodedata.category(character) == "Zs":
        return " "
    is_unseen = character in UNSEEN or "\U000e0000" <= character <= "\U000e0fff"
    return "\ufffd" if is_unseen or not character.isprintable() else character


def _goes_on(character: str, before: str) -> bool:
    """Whether a character belongs to what stands before it: a mark, a colour of skin, a part of a syllable or flag."""
    import unicodedata

    return character > "~" and (
        unicodedata.category(character).startswith("M")
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\u1161" <= character <= "\u11ff"
        or (_is_of_flag(character) and len(before) == 1 and _is_of_flag(before))
    )


def _joins(before: str, after: str) -> bool:
    """Whether a joiner only chooses how its neighbours look, which are readable without it."""
    return not before.isascii() and not after.isascii() and after.isprintable()


def _is_of_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _columns(character: str) -> int:
    import unicodedata

    if character <= "~" or character == EMOJI:
        return 1
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def text_columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(_columns(character) for character in text)
