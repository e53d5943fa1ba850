"""``converz calls``: conversations."""

from converz._cli.listing import listing

__all__ = ["COMMAND"]

COMMAND = listing(
    "calls",
    """\
  converz calls --start-date 2025-07-01 -o calls.parquet
  converz calls --campaign sales --campaign service --metric csat -o calls.csv.gz
  converz calls --columns call_id campaign --limit 20
  converz calls --start-date 2025-07-01 -o - --format ndjson | jq .summary""",
)
