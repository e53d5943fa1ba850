"""The Arrow-native client of the Converz Data API.

Example:
    >>> import converz
    >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
    ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
    >>> calls.shape
    (100, 2)

"""

from converz._client.client import Client
from converz._client.default_client import (
    calls,
    plan_update_calls,
    plan_update_reps,
    report,
    reps,
    scan_calls,
    scan_reps,
    stream_calls,
    stream_reps,
    update_calls,
    update_reps,
)
from converz._core import PlannedRequest, RecordBatch, Schema, __version__
from converz._results.column_plan import ColumnPlan
from converz._results.receipt import Receipt
from converz._results.record_batch_stream import RecordBatchStream
from converz._results.table import Table
from converz._results.update_plan import UpdatePlan
from converz._results.update_result import UpdateResult
from converz._sandbox.fault import Fault
from converz._sandbox.sandbox import Sandbox
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
    RedirectError,
    SchemaDriftError,
    ServerError,
    UnprocessableEntityError,
    UpdateError,
)

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "Client",
    "ColumnPlan",
    "ConfigurationError",
    "ConflictError",
    "ConverzError",
    "ConverzWarning",
    "DecodeError",
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
    "RedirectError",
    "Sandbox",
    "Schema",
    "SchemaDriftError",
    "ServerError",
    "Table",
    "UnprocessableEntityError",
    "UpdateError",
    "UpdatePlan",
    "UpdateResult",
    "__version__",
    "calls",
    "plan_update_calls",
    "plan_update_reps",
    "report",
    "reps",
    "scan_calls",
    "scan_reps",
    "stream_calls",
    "stream_reps",
    "update_calls",
    "update_reps",
]

# Errors, help() and pickles call them by their public names, wherever they are defined.
for _name in __all__:
    if hasattr(globals()[_name], "__module__"):
        globals()[_name].__module__ = __name__
del _name


def __dir__() -> list[str]:
    """Offer the public names only."""
    return __all__
