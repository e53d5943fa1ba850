"""Summaries into Salesforce, on the record that `vendor_call_id` names: Bulk API 2.0, upsert by an external id.

The object needs a field that is marked as an external id, here `Vendor_Call_Id__c`, and one for the summary, here a long text
area `Summary__c` of 32,768 characters. For a rich text area pass `write=as_html`.

    pip install converz duckdb simple-salesforce
    SALESFORCE_INSTANCE=… SALESFORCE_SESSION=… python salesforce_upsert.py --dry-run
"""

from __future__ import annotations

import argparse
import csv
import os
from typing import TYPE_CHECKING

import requests
from fields import plain
from rejected import write as write_rejected
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from summaries import by_vendor_id
from urllib3.util import Retry

import converz

if TYPE_CHECKING:
    from collections.abc import Callable

    from summaries import Summary

EXTERNAL_ID = "Vendor_Call_Id__c"
FIELD = "Summary__c"
LENGTH = 32_768
RECORDS = 10_000
"""Of a job. A job may be of 100 MB as base64, and a daily limit counts records, not jobs."""


def session() -> requests.Session:
    """Wait as long as the service says where it refuses by a limit, also for what is written: a refusal did nothing."""
    retry = Retry(
        8,
        status_forcelist=[429, 503],
        allowed_methods=None,
        backoff_factor=1,
        respect_retry_after_header=True,
    )
    made = requests.Session()
    made.mount("https://", HTTPAdapter(max_retries=retry))
    made.mount("http://", HTTPAdapter(max_retries=retry))
    return made


def push(
    changes: converz.Changes,
    salesforce: Salesforce,
    *,
    kind: str = "Case",
    errors: str = "salesforce-errors.csv",
    dry_run: bool = False,
    write: Callable[[str | None, int], str] = plain,
    wait: float = 5,
) -> dict[str, int]:
    """Hand on what changed, day by day. The cursor moves past a day when its rows are in Salesforce or in the file of errors."""
    counts = {"sent": 0, "rejected": 0}
    for table in changes:
        summaries, failed = by_vendor_id(table)
        records = [
            {EXTERNAL_ID: vendor_id, FIELD: write(text, LENGTH)} for vendor_id, (_, text) in summaries.items()
        ]
        if dry_run:
            counts["sent"] += len(records)
            counts["rejected"] += len(failed)
            continue
        failed += _upserted(salesforce, kind, records, summaries, wait)
        counts["sent"] += len(records)
        counts["rejected"] += write_rejected(errors, failed)
        changes.done()
    return counts


def _upserted(
    salesforce: Salesforce,
    kind: str,
    records: list[dict[str, str]],
    summaries: dict[str, Summary],
    wait: float,
) -> list[tuple[object, object, str]]:
    """Upsert, and return the records that were not taken."""
    failed: list[tuple[object, object, str]] = []
    handler = getattr(salesforce.bulk2, kind)
    for first in range(0, len(records), RECORDS):
        part = records[first : first + RECORDS]
        for job in handler.upsert(records=part, external_id_field=EXTERNAL_ID, wait=wait):
            for text, otherwise in (
                (handler.get_failed_records(job["job_id"]), ""),
                (handler.get_unprocessed_records(job["job_id"]), "not processed: the job ended before"),
            ):
                for line in csv.DictReader(text.splitlines()):
                    vendor_id = line[EXTERNAL_ID]
                    call_id = summaries[vendor_id].call_id if vendor_id in summaries else None
                    failed.append((call_id, vendor_id, line.get("sf__Error") or otherwise))
    return failed


def main() -> None:
    """Hand on the summaries that changed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", default="warehouse.duckdb")
    parser.add_argument("--since", default=None)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    salesforce = Salesforce(
        instance=os.environ["SALESFORCE_INSTANCE"],
        session_id=os.environ["SALESFORCE_SESSION"],
        session=session(),
    )
    changes = converz.changes(
        options.target, cursor="salesforce", since=options.since, columns=["vendor_call_id", "summary"]
    )
    print(push(changes, salesforce, dry_run=options.dry_run))


if __name__ == "__main__":
    main()
