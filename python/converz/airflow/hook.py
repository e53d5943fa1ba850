"""`ConverzHook`: a client of what a connection says."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook

from converz import Client, ConverzError
from converz.airflow.connection import ConnectionKey, settings_of

__all__ = ["ConverzHook"]


class ConverzHook(BaseHook):
    """A client of what a connection of type ``converz`` says.

    The host is the base URL, the password the API key, and the extras are settings of `Client`. The key is in no
    attribute of the hook or of the client: it is asked for when a connection to the service is made, once in each
    process. Both pickle.

    Args:
        converz_conn_id: The id of the connection; by default ``converz_default``.

    Example::

        @task
        def count() -> int:
            return ConverzHook().get_conn().calls(days=7).num_rows

    """

    conn_name_attr = "converz_conn_id"
    default_conn_name = "converz_default"
    conn_type = "converz"
    hook_name = "Converz"

    def __init__(self, converz_conn_id: str = default_conn_name, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.converz_conn_id = converz_conn_id

    def get_conn(self) -> Client:
        """Make a client. Nothing is sent, and the key is not read yet."""
        connection = self.get_connection(self.converz_conn_id)
        settings = settings_of(self.converz_conn_id, connection)
        return Client(settings.pop("base_url"), ConnectionKey(self.converz_conn_id), **settings)

    def test_connection(self) -> tuple[bool, str]:
        """Say whether the service takes the key: what the Test button of the form shows."""
        try:
            client = self.get_conn()
            client.reps(limit=1, progress=False)
        except (ConverzError, ValueError) as error:
            return False, str(error)
        return True, f"{client.settings['base_url']} takes the key"
