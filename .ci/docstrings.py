"""How the site reads docstrings: as `help()` shows them, with examples that are code and names that are links."""

from __future__ import annotations

import re
from typing import Any

import griffe


class Docstrings(griffe.Extension):
    """Prepares the text of every docstring for Markdown, before its sections are found."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the text in place."""
        if obj.docstring is not None:
            text = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = re.sub(r"``(.+?)``", r"`\1`", text)
