"""``converz reps``: users."""

from converz._cli.listing import listing

__all__ = ["COMMAND"]

COMMAND = listing(
    "reps",
    """\
  converz reps
  converz reps --active 1 --department Support -o reps.csv
  converz reps --limit 5 | cut -d, -f1""",
)
