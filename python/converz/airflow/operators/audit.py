"""`ConverzAuditOperator`: whether a warehouse has what the service has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.exceptions import AirflowFailException

from converz.airflow.operators.base import ConverzOperator
from converz.airflow.progress import in_log
from converz.airflow.target import named_target, refuse_passwords
from converz.airflow.window import days_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from converz import Client

__all__ = ["ConverzAuditOperator"]

LISTED = 100
"""Differences that an XCom has."""


class ConverzAuditOperator(ConverzOperator):
    """Compare a warehouse with the service, as `Client.audit` does, and fail where they differ.

    Args:
        target: The id of a connection (of type ``postgres`` or ``duckdb``), or a target as `Client.sync` takes it.
            Templated.
        tables: ``"calls"`` or ``"reps"``; by default (None) both.
        since: First date; by default (None) the first one that the target has. Templated.
        until: Last date, included; by default (None) that of the interval of the run, as `ConverzSyncOperator` has it.
            Templated.
        fail: Whether a difference fails the task; by default True.
        options: What else `Client.audit` takes, the metrics, columns and filters of the sync above all. Templated.
        converz_conn_id: The id of the connection to the service. Templated.

    Returns:
        As XCom, whether they are ``equal``, the ``days`` and ``rows`` that were compared, and the first hundred
        ``differences``.

    """

    template_fields: ClassVar[Sequence[str]] = ("converz_conn_id", "target", "since", "until", "options")
    template_fields_renderers: ClassVar[dict[str, str]] = {"options": "json"}

    def __init__(
        self,
        *,
        target: Any,
        tables: str | Sequence[str] | None = None,
        since: str | None = None,
        until: str | None = None,
        fail: bool = True,
        options: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> None:
        refuse_passwords("target", target)
        super().__init__(**arguments)
        self.target = target
        self.tables = tables
        self.since = since
        self.until = until
        self.fail = fail
        self.options = dict(options or {})

    def carry_out(self, client: Client, context: Mapping[str, Any]) -> dict[str, Any]:
        """Compare, and say what differs."""
        result = client.audit(
            named_target(self.target),
            tables=self.tables,
            since=self.since or None,
            until=self.until or days_of(context)[1],
            progress=in_log(self.log, "days"),
            **self.options,
        )
        lines = [_plain(line) for line in result.differences.head(LISTED).to_pylist()]
        context["ti"].xcom_push(key="differences", value=lines)
        self.log.info("%s days and %s rows compared", f"{result.days:,}", f"{result.rows:,}")
        for line in lines:
            self.log.warning(
                "%s %s: %s stored, %s in the service (%s). %s",
                line["table"],
                line["day"] or "",
                line["stored"],
                line["service"],
                line["cause"],
                line["command"] or "",
            )
        if self.fail and not result.equal:
            message = (
                f"{result.differences.num_rows:,} of {result.days:,} days differ from the service: the log says which, "
                "and the XCom 'differences'"
            )
            raise AirflowFailException(message)
        return {"equal": result.equal, "days": result.days, "rows": result.rows, "differences": lines}


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    return line | {"day": line["day"].isoformat() if line["day"] else None}
