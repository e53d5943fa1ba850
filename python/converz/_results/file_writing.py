"""Results into files: Parquet, CSV, NDJSON and Arrow IPC, without another library."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeAlias

from converz._results.file_endings import is_address
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from converz._results.receipt import Receipt

__all__ = ["FileWriting", "metadata"]

File: TypeAlias = str | os.PathLike[str] | BinaryIO
TextCompression: TypeAlias = Literal["gzip", "zstd", "uncompressed"] | None


def metadata(receipt: Receipt | None) -> dict[str, str]:
    """Say in a file's metadata what was asked for and what reading took; the key is in neither."""
    if receipt is None:
        return {}
    import dataclasses
    import json

    fields = dataclasses.asdict(receipt)
    return {"converz:query": json.dumps(fields.pop("query")), "converz:receipt": json.dumps(fields)}


class FileWriting:
    """What tables and streams have in common: both can be written into files.

    A path names a file that appears when it is complete, in place of what may be there; a write that fails or is
    interrupted leaves what was there. A binary file object is written to from where it is, and stays open.

    A stream is read for it, in bounded memory, and always with the types of the whole result, as ``types="whole"``
    has them. So no batch of it may have been taken before, and what may end a stream is raised here.
    """

    __slots__ = ()

    def _write(self, file: File, form: str, options: dict[str, Any]) -> None:
        if isinstance(file, str | os.PathLike) and is_address(file):
            message = (
                f"file={str(file)!r:.80} is an address, and a path of this machine is meant: open it by another library, such as "
                "fsspec, and pass the file, as in: with fsspec.open(address, 'wb') as file"
            )
            raise InvalidInputError(message)
        self._write_file(file, form, options)

    def _write_file(self, file: File, form: str, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def write_parquet(
        self,
        file: File,
        *,
        compression: Literal["zstd", "uncompressed"] = "zstd",
        row_group_size: int = 262_144,
    ) -> None:
        """Write a Parquet file, with the types of the columns, statistics, and dictionaries where text repeats.

        What was asked for and what reading took is in the file's metadata, under ``converz:query`` and
        ``converz:receipt``, if the rows were read by a client.

        Args:
            file: A path, or a binary file object.
            compression: ``"zstd"`` or ``"uncompressed"``.
            row_group_size: Rows of a row group, at most.

        Raises:
            InvalidInputError: If an argument is not as described, or two columns have the same name.
            OSError: If the file cannot be written; it names the path.

        Example:
            >>> import converz, os, tempfile
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     reps = sandbox.client().reps()
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     reps.write_parquet(f"{folder}/reps.parquet")
            ...     os.listdir(folder)
            ['reps.parquet']

        """
        self._write(file, "parquet", {"compression": compression, "row_group_size": row_group_size})

    def write_csv(
        self,
        file: File,
        *,
        header: bool = True,
        separator: str = ",",
        line_terminator: Literal["\r\n", "\n"] = "\r\n",
        escape_formulas: bool = False,
        compression: TextCompression = None,
    ) -> None:
        r"""Write CSV as RFC 4180 has it, in UTF-8, with dates and times as the API writes them.

        A null is nothing between two separators, the empty string is ``""``. (Readers that skip empty lines lose
        the nulls of a file with one column only.)

        Args:
            file: A path, or a binary file object.
            header: Whether the first line has the names of the columns.
            separator: One character of ASCII.
            line_terminator: ``"\r\n"`` or ``"\n"``.
            escape_formulas: Put an apostrophe before text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a
                carriage return, which a spreadsheet would run as a formula. For files that people open in one.
            compression: ``"gzip"``, ``"zstd"`` or ``"uncompressed"``; by default what the path's ending says
                (``.gz``, ``.zst``).

        Raises:
            InvalidInputError: If an argument is not as described, or a column cannot be written as text.
            OSError: If the file cannot be written; it names the path.

        Example:
            >>> import converz, io
            >>> with converz.Sandbox(calls=10, today="2025-07-15") as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "date", "direction"], limit=1)
            >>> file = io.BytesIO()
            >>> calls.write_csv(file)
            >>> file.getvalue()
            b'call_id,date,direction\r\n1,2025-04-25,outbound\r\n'

        """
        options = {
            "header": header,
            "separator": separator,
            "line_terminator": line_terminator,
            "escape_formulas": escape_formulas,
            "compression": compression,
        }
        self._write(file, "csv", options)

    def write_ndjson(self, file: File, *, compression: TextCompression = None) -> None:
        r"""Write NDJSON: an object a line with every column, dates and times as the API writes them.

        Args:
            file: A path, or a binary file object.
            compression: ``"gzip"``, ``"zstd"`` or ``"uncompressed"``; by default what the path's ending says
                (``.gz``, ``.zst``).

        Raises:
            InvalidInputError: If an argument is not as described, or a value is one that JSON does not have.
            OSError: If the file cannot be written; it names the path.

        Example:
            >>> import converz, io
            >>> with converz.Sandbox(calls=10, today="2025-07-15") as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "date"], limit=1)
            >>> file = io.BytesIO()
            >>> calls.write_ndjson(file)
            >>> file.getvalue()
            b'{"call_id":1,"date":"2025-04-25"}\n'

        """
        self._write(file, "ndjson", {"compression": compression})

    def write_ipc(self, file: File, *, compression: Literal["zstd", "uncompressed"] = "zstd") -> None:
        """Write an Arrow IPC file (also called Feather), which Arrow's libraries read as it is.

        Args:
            file: A path, or a binary file object.
            compression: ``"zstd"`` or ``"uncompressed"``, of each buffer; a file that is mapped into memory is
                best uncompressed.

        Raises:
            InvalidInputError: If an argument is not as described, or two columns have the same name.
            OSError: If the file cannot be written; it names the path.

        Example:
            >>> import converz, os, tempfile
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     reps = sandbox.client().reps()
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     reps.write_ipc(f"{folder}/reps.arrow")
            ...     os.listdir(folder)
            ['reps.arrow']

        """
        self._write(file, "ipc", {"compression": compression})
