"""The Arrow-native client of the Converz Data API.

Example:
    >>> import converz
    >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
    ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
    >>> calls.shape
    (100, 2)

"""

from __future__ import annotations

from converz._core import PlannedRequest, RecordBatch, Schema, __version__
from converz.client import Client
from converz.default_client import (
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
from converz.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConverzError,
    ConverzWarning,
    DecodeError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
    PagingError,
    PermissionDeniedError,
    RateLimitError,
    RedirectError,
    SchemaDriftError,
    ServerError,
    UpdateError,
)
from converz.receipt import Receipt
from converz.record_batch_stream import RecordBatchStream
from converz.sandbox import Fault, Sandbox
from converz.table import Table
from converz.update_plan import ColumnPlan, UpdatePlan
from converz.update_result import UpdateResult

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "Client",
    "ColumnPlan",
    "ConfigurationError",
    "ConverzError",
    "ConverzWarning",
    "DecodeError",
    "Fault",
    "InvalidInputError",
    "LimitExceededError",
    "NotFoundError",
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
