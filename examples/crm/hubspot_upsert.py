"""Summaries into HubSpot, on the object that `vendor_call_id` names: batch upsert by a property of unique values.

The object needs a property with unique values, here `vendor_call_id`, and one for the summary, here `call_summary`, a
multi-line text of 65,536 characters. For a rich text property pass `write=as_html`.

    pip install converz duckdb hubspot-api-client
    HUBSPOT_TOKEN=… python hubspot_upsert.py --dry-run
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from fields import plain
from hubspot import HubSpot
from hubspot.crm.objects import (
    ApiException,
    BatchInputSimplePublicObjectBatchInputUpsert,
    SimplePublicObjectBatchInputUpsert,
)
from rejected import write as write_rejected
from summaries import by_vendor_id
from urllib3.util import Retry

import converz

if TYPE_CHECKING:
    from collections.abc import Callable

UNIQUE = "vendor_call_id"
FIELD = "call_summary"
LENGTH = 65_536
INPUTS = 100
"""Of a request, at most."""


def retry() -> Retry:
    """Wait as long as the service says where it refuses by a limit (429), also for what is written: a refusal did nothing."""
    return Retry(
        8,
        status_forcelist=[429, 502, 503, 504],
        allowed_methods=None,
        backoff_factor=1,
        respect_retry_after_header=True,
    )


def push(
    changes: converz.Changes,
    batches: Any,
    *,
    kind: str = "tickets",
    errors: str = "hubspot-errors.csv",
    dry_run: bool = False,
    write: Callable[[str | None, int], str] = plain,
) -> dict[str, int]:
    """Hand on what changed, day by day. The cursor moves past a day when its rows are in HubSpot or in the file of errors.

    `batches` is `HubSpot(…).crm.objects.batch_api`.
    """
    counts = {"sent": 0, "rejected": 0}
    for table in changes:
        summaries, failed = by_vendor_id(table)
        inputs = {
            vendor_id: (
                call_id,
                SimplePublicObjectBatchInputUpsert(
                    id=vendor_id,
                    id_property=UNIQUE,
                    properties={UNIQUE: vendor_id, FIELD: write(text, LENGTH)},
                ),
            )
            for vendor_id, (call_id, text) in summaries.items()
        }
        counts["sent"] += len(inputs)
        if dry_run:
            counts["rejected"] += len(failed)
            continue
        ids = list(inputs)
        for first in range(0, len(ids), INPUTS):
            failed += _upserted(batches, kind, {name: inputs[name] for name in ids[first : first + INPUTS]})
        counts["rejected"] += write_rejected(errors, failed)
        changes.done()
    return counts


def _upserted(
    batches: Any, kind: str, inputs: dict[str, tuple[Any, Any]]
) -> list[tuple[object, object, str]]:
    """Upsert, and return the inputs that were not taken."""
    body = BatchInputSimplePublicObjectBatchInputUpsert(inputs=[each for _, each in inputs.values()])
    try:
        answer = batches.upsert(kind, body)
    except ApiException as error:
        if error.status != 400:
            raise
        # One input that is wrong has all of them refused: halve them, until it is alone.
        ids = list(inputs)
        if len(ids) == 1:
            return [(inputs[ids[0]][0], ids[0], " ".join(str(error.body).split())[:500])]
        middle = len(ids) // 2
        halves = ({name: inputs[name] for name in part} for part in (ids[:middle], ids[middle:]))
        return [each for half in halves for each in _upserted(batches, kind, half)]
    return [
        (inputs[name][0] if name in inputs else None, name, str(problem.message))
        for problem in getattr(answer, "errors", None) or []
        for name in (problem.context or {}).get("ids") or [None]
    ]


def main() -> None:
    """Hand on the summaries that changed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", default="warehouse.duckdb")
    parser.add_argument("--since", default=None)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    batches = HubSpot(access_token=os.environ["HUBSPOT_TOKEN"], retry=retry()).crm.objects.batch_api
    changes = converz.changes(
        options.target, cursor="hubspot", since=options.since, columns=["vendor_call_id", "summary"]
    )
    print(push(changes, batches, dry_run=options.dry_run))


if __name__ == "__main__":
    main()
