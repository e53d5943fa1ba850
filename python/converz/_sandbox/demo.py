"""The main job, end to end, against a sandbox in this process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from converz._sandbox.sandbox import Sandbox
from converz._show.progress import is_watched
from converz._show.text import text_table

if TYPE_CHECKING:
    from converz._core import Schema

__all__ = ["demo"]

PAGE_SIZE = 2_000
UPDATED = 300
WIDTH = 79
DIGITS = 3
"""Of averages over some hundreds of conversations, more would say nothing."""
NEXT = """
Try next:
  converz sandbox            a service to try the commands on, until Ctrl-C
  converz describe calls     what columns there are, and what is in them
  converz calls --days 7 -o calls.parquet"""


def demo() -> None:
    """Read everything, report, write an attribute back and read it again, printing what happens."""
    start = time.perf_counter()
    progress = is_watched()
    with Sandbox() as sandbox:
        print(f"A sandbox of the Converz Data API listens on {sandbox.url}\n")
        client = sandbox.client(page_size=PAGE_SIZE)

        print("client.reps()")
        reps = client.reps(progress=progress)
        print(text_table(reps._core, rows=3), end="\n\n")

        print('client.calls(columns=["call_id", "campaign"], metric=["csat", "talk_ratio"])')
        calls = client.calls(
            columns=["call_id", "campaign"], metric=["csat", "talk_ratio"], progress=progress
        )
        print(text_table(calls._core, rows=5, digits=DIGITS))
        print("\n".join(_types(calls.schema)), end="\n\n")

        print('client.report(groupby=["week", "campaign"], metric="csat", days=28)')
        report = client.report(groupby=["week", "campaign"], metric="csat", days=28)
        print(text_table(report._shown(), digits=DIGITS), end="\n\n")

        print(f'client.update_calls(frame)  # "reviewed" for {UPDATED} conversations')
        call_ids = calls.to_pydict()["call_id"][-UPDATED:]
        update = client.update_calls(
            {"call_id": call_ids, "reviewed": [True] * len(call_ids)}, progress=progress
        )
        print(f"{update.cells} cells of {update.rows} rows set in {update.requests} request\n")

        print('again = client.calls(columns=["call_id", "reviewed"])')
        print("again.slice(again.num_rows - 3)")
        again = client.calls(columns=["call_id", "reviewed"], progress=progress)
        reviewed = sum(value is True for value in again.to_pydict()["reviewed"])
        print(again.slice(again.num_rows - 3))
        print(f"{reviewed} of {again.num_rows:,} conversations are reviewed\n")
        if reviewed != len(call_ids):
            message = f"{len(call_ids)} conversations were updated, but {reviewed} are reviewed"
            raise AssertionError(message)

        receipts = [table.receipt for table in (reps, calls, report, again) if table.receipt is not None]
        rows = sum(receipt.rows for receipt in receipts)
        requests = sum(receipt.requests for receipt in receipts) + update.requests
        received = sum(receipt.bytes_received for receipt in receipts)
        decoded = sum(receipt.bytes_decoded for receipt in receipts)
        seconds = time.perf_counter() - start
        print(
            f"{rows:,} rows read and {update.rows:,} written in {requests} requests; {decoded / 1e6:.1f} MB of JSON"
        )
        print(f"({received / 1e6:.1f} MB on the wire); {seconds:.1f} s in all")
        print(NEXT)


def _types(schema: Schema) -> list[str]:
    """The columns and their types, as many on a line as fit in 80 columns."""
    lines = ["types:"]
    for name in schema.names:
        text = f"{name} {schema[name]},"
        if len(lines[-1]) + len(text) + 1 > WIDTH:
            lines.append("      ")
        lines[-1] += f" {text}"
    lines[-1] = lines[-1].rstrip(",")
    return lines
