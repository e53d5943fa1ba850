"""What the operators share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from converz.airflow.hook import ConverzHook
from converz.airflow.killing import Killable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from converz import Client

__all__ = ["ConverzOperator"]


class ConverzOperator(Killable, BaseOperator):
    """A task that has a client, and ends when it is told to."""

    ui_color = "#e8f1ee"

    def __init__(self, *, converz_conn_id: str = ConverzHook.default_conn_name, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.converz_conn_id = converz_conn_id

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Do it."""
        with self._at_work():
            return self.carry_out(ConverzHook(self.converz_conn_id).get_conn(), context)

    def carry_out(self, client: Client, context: Mapping[str, Any]) -> Any:
        """Do what the task is for."""
        raise NotImplementedError
