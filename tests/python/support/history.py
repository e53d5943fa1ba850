"""What a service has answered for each day, and whether what a target has of it is one of these answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._warehouse.entry import DAY_COLUMN

if TYPE_CHECKING:
    from datetime import date

    import converz


class History:
    """The answers of a service for each day, by the beginning of their digest, which is all that some targets keep."""

    def __init__(self, client: converz.Client, since: date, until: date) -> None:
        self._client = client
        self._days = client.windows(since, until)
        self._answers: dict[tuple[date, str], list[tuple[int, str | None]]] = {}
        self.latest: dict[date, str] = {}

    def note(self) -> None:
        """Take what the service has now."""
        for window, table in self._client.read_windows(self._days):
            rows = table.to_pydict()
            # The sandbox leaves out no column of a row.
            content = sorted(zip(rows["call_id"], rows["summary"], strict=True)) if table.num_rows else []
            self.latest[window.start_date] = table.digest()[:15]
            self._answers[window.start_date, table.digest()[:15]] = content

    def check(self, kept) -> None:
        """Every line of the ledger is an answer of some time, and the rows of its day are that answer."""
        ledger = kept.target().ledger("calls")
        stored: dict[date, list[tuple[int, str | None]]] = {}
        for row in kept.rows("calls"):
            stored.setdefault(row[DAY_COLUMN], []).append((row["call_id"], row.get("summary")))
        assert set(stored) <= set(ledger)
        for day, entry in ledger.items():
            rows = sorted(stored.get(day, []))
            assert rows == self._answers[day, entry.digest[:15]]
            assert len(rows) == entry.rows == len({key for key, _ in rows})

    def is_reached(self, kept) -> bool:
        """Whether the target has what the service had last."""
        return {day: entry.digest[:15] for day, entry in kept.target().ledger("calls").items()} == self.latest
