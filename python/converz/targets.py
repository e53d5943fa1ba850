"""What a target for `Client.sync` of your own is made of. The guide to warehouses has one as an example.

A target is an object with three methods, `Target.ledger`, `Target.schema` and `Target.replace`; a fourth, ``keys``, which
takes a table, the name of its key and a day, and returns the keys of the day's rows, lets `Client.audit` compare more than
counts.
"""

from converz._warehouse.conforming import Conformed, conform, widened
from converz._warehouse.entry import DAY_COLUMN, Entry, refuse_day_column, refuse_if_moved
from converz._warehouse.target import Target

__all__ = [
    "DAY_COLUMN",
    "Conformed",
    "Entry",
    "Target",
    "conform",
    "refuse_day_column",
    "refuse_if_moved",
    "widened",
]
