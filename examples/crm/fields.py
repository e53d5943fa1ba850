"""What fields of a CRM hold: so many characters, of plain text or of HTML."""

from __future__ import annotations

import html
import re

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Characters that are refused in a field of text."""


def plain(text: str | None, limit: int) -> str:
    """Return at most so many characters, the last of them an ellipsis where something is cut off."""
    text = CONTROL.sub("", text or "")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def as_html(text: str | None, limit: int) -> str:
    """Return the text as HTML whose source has at most so many characters: nothing in it is taken for a tag."""
    text = CONTROL.sub("", text or "")
    whole = _escaped(text)
    if len(whole) <= limit:
        return whole
    # Cut before it is escaped, since half of an entity is none.
    kept, length = [], len("…")
    for character in text:
        length += len(_escaped(character))
        if length > limit:
            break
        kept.append(character)
    return _escaped("".join(kept)) + "…"


def _escaped(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
