"""`Receipt`: what reading a result took."""

from dataclasses import dataclass
from typing import Literal

from converz._core import PERSONAL
from converz._show.html import html_fields
from converz._show.short_repr import short_repr

__all__ = ["Receipt"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What reading a result took, and what it was asked for.

    Attributes:
        requests: Requests that were sent, retries included.
        retries: Requests that repeated a failed one.
        pages: Pages that were read.
        rows: Rows of the result.
        repeated_keys: Rows that were dropped since an earlier page had their key.
        end: How it is known that no row is missing: ``"empty"``, the page after the last row was empty;
            ``"refused"``, the service refused to serve it (404, 400 and their like); ``"repeated"``, it was the last
            page once more; ``"short"``, the last page had fewer rows than were asked for, which ``last_page="short"``
            trusts; ``"limit"``, the limit was reached; ``"whole"``, a report, which has no pages. None while a
            stream goes on.
        bytes_received: Bytes of bodies as they came over the network.
        bytes_decoded: The same after decompression.
        seconds: From the call to the result.
        columns: The columns that arrived, whatever the result shows.
        query: The parameters that were sent, without the number of the page.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=1_000, reps=10) as sandbox:
        ...     receipt = sandbox.client().calls(columns=["call_id", "date"], limit=250).receipt
        >>> receipt.rows, receipt.requests, receipt.retries, receipt.columns
        (250, 1, 0, ('call_id', 'date'))

    """

    __module__ = "converz"

    requests: int
    retries: int
    pages: int
    rows: int
    repeated_keys: int
    end: Literal["empty", "refused", "repeated", "short", "limit", "whole"] | None
    bytes_received: int
    bytes_decoded: int
    seconds: float
    columns: tuple[str, ...]
    query: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        """Show every field, long ones shortened."""
        return short_repr(self)

    def _repr_html_(self) -> str:
        asked = " & ".join(f"{name}={'…' if name in PERSONAL else value}" for name, value in self.query)
        fields = {
            "rows": f"{self.rows:,}",
            "end": "not reached" if self.end is None else self.end,
            "requests": f"{self.requests:,}, {self.retries:,} of them retries",
            "pages": f"{self.pages:,}",
            "repeated keys": f"{self.repeated_keys:,}",
            "bytes": f"{self.bytes_received:,} received, {self.bytes_decoded:,} decoded",
            "seconds": f"{self.seconds:,.3f}",
            "columns": f"{len(self.columns):,}: {', '.join(self.columns)}",
            "query": asked,
        }
        return html_fields("Receipt", fields.items())

    @property
    def _asked(self) -> tuple[str, ...]:
        """The columns that were asked for by name."""
        asked = dict(self.query)
        parameters = ("groupby", "metric") if "groupby" in asked else ("metric", "columns")
        names = [name for each in parameters for name in asked.get(each, "").split(",") if name]
        # The year of a week comes with it, unasked.
        return ("year", *names) if {"week", "month", "quarter", "half"} & set(names) else tuple(names)
