"""`Fault`: how a sandbox misbehaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Fault"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How a sandbox misbehaves, and at which requests.

    Args:
        operation: The operation: ``"calls"``, ``"reps"``, ``"report"``, ``"update_calls"`` or ``"update_reps"``; by
            default any.
        request: Which requests of the operation, counted from 1 and retries included: one or several numbers; by
            default every one.
        status: Answer with this status instead of doing anything.
        retry_after: The header ``Retry-After`` of that answer: seconds, or any text.
        delay: Seconds to wait before answering; or a shortest and a longest, between which any is as likely.
        cut: Close the connection after so many bytes of the body.
        cap: Give at most so many rows a page, silently.
        stride: Whether capped pages begin at multiples of the cap (``"cap"``), or of what was asked for
            (``"request"``).
        probability: How likely the fault is on each of these requests, from 0 to 1; by default certain.
        seed: Chooses on which requests it happens, and how long delays are: the same for the same number, whatever the
            order in which requests come.

    Example:
        >>> import converz
        >>> fault = converz.Fault(operation="calls", request=1, status=503, retry_after=0)
        >>> with converz.Sandbox(calls=100, faults=[fault]) as sandbox:
        ...     calls = sandbox.client().calls()
        >>> calls.num_rows, calls.receipt.retries
        (100, 1)

    """

    __module__ = "converz"

    operation: Literal["calls", "reps", "report", "update_calls", "update_reps"] | None = None
    request: int | Sequence[int] | None = None
    status: int | None = None
    retry_after: float | str | None = None
    delay: float | tuple[float, float] | None = None
    cut: int | None = None
    cap: int | None = None
    stride: Literal["cap", "request"] = "cap"
    probability: float | None = None
    seed: int = 0
