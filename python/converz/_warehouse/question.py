"""`Question`: what is asked for, day after day."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from converz._parameters import KEYS
from converz.errors import InvalidInputError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from converz._warehouse.entry import Entry

__all__ = ["Question", "strings"]


def strings(name: str, value: object) -> tuple[str, ...]:
    """Take an argument that may be one string or any sequence of strings."""
    if value is None:
        return ()
    several: Any = [value] if isinstance(value, str) else value
    try:
        taken = tuple(several)
    except TypeError:
        taken = (None,)
    for each in taken:
        if not isinstance(each, str):
            message = f"{name}={value!r:.80} is not a string or a sequence of strings"
            raise InvalidInputError(message)
    return taken


@dataclass(frozen=True)
class Question:
    """What is asked for, whatever the day."""

    table: str
    """The operation, and the name of the table."""
    parameters: dict[str, tuple[str, ...]]
    """Metrics, columns and filters, those that there are."""
    schema: object = None

    @classmethod
    def of(cls, table: str, arguments: dict[str, Any], schema: object) -> Question:
        """Take what applies to the table: users are only filtered by what they have."""
        names = ("department", "rep_id") if table == "reps" else tuple(arguments)
        taken = {name: strings(name, arguments[name]) for name in names}
        # The types that are pinned are those of conversations.
        pinned = schema if table == "calls" else None
        return cls(table, {name: value for name, value in taken.items() if value}, pinned)

    @property
    def key(self) -> str:
        """The column that tells rows apart."""
        return KEYS[self.table]

    @property
    def arguments(self) -> dict[str, Any]:
        """What to pass to the client."""
        return {name: list(value) for name, value in self.parameters.items()} | {"schema": self.schema}

    @property
    def keys_only(self) -> dict[str, Any]:
        """The same for the keys of the rows alone."""
        filters = {
            name: list(value) for name, value in self.parameters.items() if name not in {"metric", "columns"}
        }
        return filters | {"columns": [self.key]}

    def with_key(self) -> Question:
        """Return the same question, with the key among the columns that are asked for."""
        columns = self.parameters.get("columns", ())
        if not columns or self.key in columns:
            return self
        return replace(self, parameters=self.parameters | {"columns": (self.key, *columns)})

    def missing(self, columns: Iterable[str]) -> list[str]:
        """Columns that were asked for by name, and are not there."""
        asked = (*self.parameters.get("columns", ()), *self.parameters.get("metric", ()))
        there = set(columns)
        return [name for name in dict.fromkeys(asked) if name not in there]

    @property
    def fingerprint(self) -> str:
        """Tell questions apart: the order of metrics, columns and filters does not count."""
        parts = {name: sorted(set(value)) for name, value in self.parameters.items()}
        text = json.dumps([self.table, parts], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def refuse_another(self, entries: Iterable[Entry], target: object) -> None:
        """Refuse to put answers beside those to another question."""
        if all(self.fingerprint.startswith(entry.fingerprint) for entry in entries):
            return
        asked = (
            ", ".join(f"{name}={list(value)!r}" for name, value in self.parameters.items()) or "everything"
        )
        message = (
            f"table {self.table} of {target} holds the answers to another question than {asked:.200}: ask for the same "
            "metric, columns and filters as before, or name another target. To begin anew in this one, drop its table "
            "and the lines of its ledger"
        )
        raise TargetError(message)
