"""`Receipt`: what reading a result took."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Receipt"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What reading a result took, and what it was asked for.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=1_000, reps=10) as sandbox:
        ...     receipt = sandbox.client().calls(columns=["call_id", "date"], limit=250).receipt
        >>> receipt.rows, receipt.requests, receipt.retries, receipt.columns
        (250, 1, 0, ('call_id', 'date'))

    """

    requests: int
    """Requests that were sent, retries included."""
    retries: int
    """Requests that repeated a failed one."""
    pages: int
    """Pages that were read."""
    rows: int
    """Rows of the result."""
    repeated_keys: int
    """Rows that were dropped since an earlier page had their key."""
    bytes_received: int
    """Bytes of bodies as they came over the network."""
    bytes_decoded: int
    """The same after decompression."""
    seconds: float
    """From the call to the result."""
    columns: tuple[str, ...]
    """The columns that arrived, whatever the result shows."""
    query: tuple[tuple[str, str], ...]
    """The parameters that were sent, without the number of the page."""
