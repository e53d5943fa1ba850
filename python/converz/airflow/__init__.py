"""Airflow: a connection, a hook and operators, registered as a provider. They need Airflow 3.3 and the extra `airflow`.

Nothing of Airflow is imported before one of the names is used, so that Airflow can look for providers while it starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from converz.airflow.hook import ConverzHook
    from converz.airflow.operators.audit import ConverzAuditOperator
    from converz.airflow.operators.export import ConverzExportOperator
    from converz.airflow.operators.sync import ConverzSyncOperator
    from converz.airflow.operators.update import ConverzUpdateOperator

__all__ = [
    "ConverzAuditOperator",
    "ConverzExportOperator",
    "ConverzHook",
    "ConverzSyncOperator",
    "ConverzUpdateOperator",
]

WHERE = {
    "ConverzAuditOperator": "operators.audit",
    "ConverzExportOperator": "operators.export",
    "ConverzHook": "hook",
    "ConverzSyncOperator": "operators.sync",
    "ConverzUpdateOperator": "operators.update",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    if name not in WHERE:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{WHERE[name]}"), name)


def __dir__() -> list[str]:
    """Offer the public names only."""
    return __all__
