"""The summaries of a day, each for the record that its `vendor_call_id` names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fields import plain

if TYPE_CHECKING:
    import converz

__all__ = ["Summary", "by_vendor_id"]


class Summary(NamedTuple):
    """What is written, and of which conversation."""

    call_id: object
    text: str


def by_vendor_id(table: converz.Table) -> tuple[dict[str, Summary], list[tuple[object, object, str]]]:
    """Return what is to be written, and the rows that cannot be, each with its reason.

    A summary that is not there yet is neither, nor is a blank one: it would clear what the record has.
    """
    rows = table.to_pydict()
    summaries: dict[str, Summary] = {}
    rejected: list[tuple[object, object, str]] = []
    for call_id, vendor_id, text in zip(
        rows["call_id"], rows["vendor_call_id"], rows["summary"], strict=True
    ):
        if not vendor_id:
            rejected.append((call_id, None, "no vendor_call_id"))
        elif text and plain(text, len(text)).strip():
            # A record has one summary: the last one, as if they had been written one after the other.
            other = summaries.get(vendor_id)
            if other is not None:
                reason = f"call_id {call_id} has the same vendor_call_id, and its summary was written"
                rejected.append((other.call_id, vendor_id, reason))
            summaries[vendor_id] = Summary(call_id, text)
    return summaries, rejected
