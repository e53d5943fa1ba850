"""HTML that every front end of a notebook shows, in a light or a dark theme."""

from __future__ import annotations

from html.parser import HTMLParser

TAGS = {"p", "br", "div", "table", "thead", "tbody", "tr", "th", "td", "i"}
STYLES = {"text-align", "white-space", "padding", "margin", "font-weight", "opacity", "overflow-x"}
"""Nothing that has a colour, leaves its place, or loads something."""


class Markup(HTMLParser):
    """Collects tags and text, and refuses what may not be there."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS
        attributes = dict(attrs)
        assert attributes.keys() <= {"class", "style", "title"}
        for style in filter(None, attributes.get("style", "").split("; ")):
            assert style.partition(": ")[0] in STYLES
        if not self._open:
            # Or Jupyter makes a formula of what is between two dollars.
            assert {"tex2jax_ignore", "mathjax_ignore"} <= set(attributes["class"].split())
        self.tags.append(tag)
        if tag != "br":
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        assert self._open, "text outside of all elements"
        self.text.append(data)
