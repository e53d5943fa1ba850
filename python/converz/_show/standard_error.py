"""Standard error, to which a display may write although it is no longer there."""

from __future__ import annotations

import io
from typing import Any

from converz._runtime.handlers import is_of_a_handler

__all__ = ["StandardError"]


class StandardError:
    """A stream like standard error whose failures are nobody's: the first one is kept, and nothing is written any more.

    What a failed write leaves in a buffer would fail again at the end of the program, and be its exit status. So
    nothing is left in one.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        # Only where it is known what is underneath: a stream of somebody's own may be there to see what is written.
        buffer = stream.buffer if type(stream) is io.TextIOWrapper else None
        self._raw = buffer.raw if type(buffer) is io.BufferedWriter else None
        self.failure: Exception | None = None
        """Why nothing is written any more."""

    def write(self, text: str) -> int:
        """Write at once, or not at all."""
        if self.failure is None:
            try:
                self._write(text)
            except Exception as error:
                if is_of_a_handler(error):
                    raise
                self.failure = error
        return len(text)

    def flush(self) -> None:
        """Do nothing: everything is written at once."""

    def __getattr__(self, name: str) -> Any:
        """Be what the stream is in everything else, such as its encoding."""
        return getattr(self._stream, name)

    def _write(self, text: str) -> None:
        if self._raw is None:
            self._stream.write(text)
        # What others wrote before comes first.
        if hasattr(self._stream, "flush"):
            self._stream.flush()
        if self._raw is not None:
            self._raw.write(text.encode(self._stream.encoding, self._stream.errors))
