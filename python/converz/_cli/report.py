"""``converz report``: metrics by group."""

from converz._cli.listing import listing

__all__ = ["COMMAND"]

COMMAND = listing(
    "report",
    """\
  converz report --groupby week campaign --metric csat talk_ratio --days 90
  converz report --groupby rep_id --metric csat --start-date 2025-07-01 -o report.csv""",
)
