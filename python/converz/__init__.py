"""The Arrow-native client of the Converz Data API.

Example:
    >>> import converz
    >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
    ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
    >>> calls.shape
    (100, 2)

"""

# What the import of typing alone would cost is a tenth of the start of `converz --help`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from converz._client.async_client import AsyncClient
    from converz._client.client import Client
    from converz._client.default_client import (
        audit,
        calls,
        changes,
        describe_calls,
        describe_reps,
        explain_sync,
        plan_update_calls,
        plan_update_reps,
        report,
        reps,
        scan_calls,
        scan_reps,
        stream_calls,
        stream_reps,
        sync,
        undo_update,
        update_calls,
        update_reps,
    )
    from converz._core import PlannedRequest, RecordBatch, Schema, __version__
    from converz._dashboard.dashboard import Dashboard, dashboard
    from converz._results.async_record_batch_stream import AsyncRecordBatchStream
    from converz._results.async_update_plan import AsyncUpdatePlan
    from converz._results.async_update_result import AsyncUpdateResult
    from converz._results.column import Column
    from converz._results.column_plan import ColumnPlan
    from converz._results.description import Description
    from converz._results.receipt import Receipt
    from converz._results.record_batch_stream import RecordBatchStream
    from converz._results.table import Table
    from converz._results.type_change import TypeChange
    from converz._results.update_plan import UpdatePlan
    from converz._results.update_result import UpdateResult
    from converz._results.window import Window
    from converz._sandbox.anonymise import anonymise
    from converz._sandbox.fault import Fault
    from converz._sandbox.recording import Recording
    from converz._sandbox.sandbox import Sandbox
    from converz._statistics.compare import compare
    from converz._warehouse.async_changes import AsyncChanges
    from converz._warehouse.audit_result import AuditResult
    from converz._warehouse.changes import Changes
    from converz._warehouse.result import SyncResult
    from converz.errors import (
        APIConnectionError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ConfigurationError,
        ConflictError,
        ConverzError,
        ConverzWarning,
        DecodeError,
        InvalidInputError,
        LimitExceededError,
        NotFoundError,
        OutOfMemoryError,
        PagingError,
        PermissionDeniedError,
        RateLimitError,
        RecordingError,
        RedirectError,
        SchemaDriftError,
        ServerError,
        SyncError,
        TargetError,
        UnprocessableEntityError,
        UpdateConflictError,
        UpdateError,
    )

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncChanges",
    "AsyncClient",
    "AsyncRecordBatchStream",
    "AsyncUpdatePlan",
    "AsyncUpdateResult",
    "AuditResult",
    "AuthenticationError",
    "BadRequestError",
    "Changes",
    "Client",
    "Column",
    "ColumnPlan",
    "ConfigurationError",
    "ConflictError",
    "ConverzError",
    "ConverzWarning",
    "Dashboard",
    "DecodeError",
    "Description",
    "Fault",
    "InvalidInputError",
    "LimitExceededError",
    "NotFoundError",
    "OutOfMemoryError",
    "PagingError",
    "PermissionDeniedError",
    "PlannedRequest",
    "RateLimitError",
    "Receipt",
    "RecordBatch",
    "RecordBatchStream",
    "Recording",
    "RecordingError",
    "RedirectError",
    "Sandbox",
    "Schema",
    "SchemaDriftError",
    "ServerError",
    "SyncError",
    "SyncResult",
    "Table",
    "TargetError",
    "TypeChange",
    "UnprocessableEntityError",
    "UpdateConflictError",
    "UpdateError",
    "UpdatePlan",
    "UpdateResult",
    "Window",
    "__version__",
    "anonymise",
    "audit",
    "calls",
    "changes",
    "compare",
    "dashboard",
    "describe_calls",
    "describe_reps",
    "explain_sync",
    "plan_update_calls",
    "plan_update_reps",
    "report",
    "reps",
    "scan_calls",
    "scan_reps",
    "stream_calls",
    "stream_reps",
    "sync",
    "undo_update",
    "update_calls",
    "update_reps",
]

_MODULES = {
    "_client.async_client": ("AsyncClient",),
    "_client.client": ("Client",),
    "_client.default_client": (
        "audit",
        "calls",
        "changes",
        "describe_calls",
        "describe_reps",
        "explain_sync",
        "plan_update_calls",
        "plan_update_reps",
        "report",
        "reps",
        "scan_calls",
        "scan_reps",
        "stream_calls",
        "stream_reps",
        "sync",
        "undo_update",
        "update_calls",
        "update_reps",
    ),
    "_core": ("PlannedRequest", "RecordBatch", "Schema", "__version__"),
    "_dashboard.dashboard": ("Dashboard", "dashboard"),
    "_results.async_record_batch_stream": ("AsyncRecordBatchStream",),
    "_results.async_update_plan": ("AsyncUpdatePlan",),
    "_results.async_update_result": ("AsyncUpdateResult",),
    "_results.column": ("Column",),
    "_results.column_plan": ("ColumnPlan",),
    "_results.description": ("Description",),
    "_results.receipt": ("Receipt",),
    "_results.record_batch_stream": ("RecordBatchStream",),
    "_results.table": ("Table",),
    "_results.type_change": ("TypeChange",),
    "_results.update_plan": ("UpdatePlan",),
    "_results.update_result": ("UpdateResult",),
    "_results.window": ("Window",),
    "_sandbox.anonymise": ("anonymise",),
    "_sandbox.fault": ("Fault",),
    "_sandbox.recording": ("Recording",),
    "_sandbox.sandbox": ("Sandbox",),
    "_statistics.compare": ("compare",),
    "_warehouse.async_changes": ("AsyncChanges",),
    "_warehouse.audit_result": ("AuditResult",),
    "_warehouse.changes": ("Changes",),
    "_warehouse.result": ("SyncResult",),
    "errors": (
        "APIConnectionError",
        "APIStatusError",
        "APITimeoutError",
        "AuthenticationError",
        "BadRequestError",
        "ConfigurationError",
        "ConflictError",
        "ConverzError",
        "ConverzWarning",
        "DecodeError",
        "InvalidInputError",
        "LimitExceededError",
        "NotFoundError",
        "OutOfMemoryError",
        "PagingError",
        "PermissionDeniedError",
        "RateLimitError",
        "RecordingError",
        "RedirectError",
        "SchemaDriftError",
        "ServerError",
        "SyncError",
        "TargetError",
        "UnprocessableEntityError",
        "UpdateConflictError",
        "UpdateError",
    ),
}
"""The modules in which the public names are, each imported when one of them is first used: `tests/python/test_import.py`
holds the list to the imports above."""

_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
_SUBMODULES = ("errors", "targets")

if not TYPE_CHECKING:  # Type checkers would take every name for one that there is.

    def __getattr__(name: str) -> object:
        """Import what has this name."""
        import importlib

        if name in _SUBMODULES:
            return importlib.import_module(f"converz.{name}")
        if name not in _MODULE_OF:
            message = f"module 'converz' has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=importlib.import_module("converz"))
        named = getattr(importlib.import_module(f"converz.{_MODULE_OF[name]}"), name)
        globals()[name] = named
        return named


del TYPE_CHECKING


def __dir__() -> list[str]:
    """Offer the public names only."""
    return __all__
