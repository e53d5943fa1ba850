"""What pyarrow's columns need before their values can be judged. Imported only where pyarrow is used."""

from __future__ import annotations

import sys
from typing import Any

from converz._frames.names import check_nul
from converz.errors import InvalidInputError

__all__ = ["unpacked", "unpacked_table"]

MAX_NESTING = 60
"""Deeper types cannot be read from an IPC stream, and so not be pickled."""


def unpacked_table(data: Any, *, extensions_only: bool = False) -> Any:
    """Give the values of dictionaries and runs in pyarrow's tables columns of their own.

    Across Arrow's C interface, a dictionary does not say that its values are periods or intervals and not the
    numbers that these are made of. `extensions_only` unpacks no others. Dictionaries of strings stay, and so does
    whatever is not pyarrow's.
    """
    pyarrow, pandas = sys.modules.get("pyarrow"), sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        for name in data.columns:
            check_nul(name)
    kinds = () if pyarrow is None else (pyarrow.Table, pyarrow.RecordBatch, pyarrow.RecordBatchReader)
    if not isinstance(data, kinds):
        return data
    for field in data.schema:
        _check_names(field, field.name, 0)
    is_wanted = _hides_extension if extensions_only else _is_packed
    if not any(map(is_wanted, data.schema.types)):
        return data
    table: Any = data.read_all() if hasattr(data, "read_all") else data
    columns = [unpacked(column) if is_wanted(column.type) else column for column in table.columns]
    fields = [field.with_type(column.type) for field, column in zip(table.schema, columns, strict=True)]
    return type(table).from_arrays(columns, schema=sys.modules["pyarrow"].schema(fields))


def _check_names(field: Any, column: str, depth: int) -> None:
    """Refuse names that the C interface cuts off, within other types too."""
    check_nul(field.name)
    if depth > MAX_NESTING:
        message = f"the type of column {column!r} is nested deeper than {MAX_NESTING} levels"
        raise InvalidInputError(message)
    for place in range(field.type.num_fields):
        _check_names(field.type.field(place), column, depth + 1)


def unpacked(data: Any) -> Any:
    """Do so with an array or a chunked one."""
    pyarrow = sys.modules.get("pyarrow")
    if (
        pyarrow is None
        or not isinstance(data, (pyarrow.Array, pyarrow.ChunkedArray))
        or not _is_packed(data.type)
    ):
        return data
    if isinstance(data, pyarrow.ChunkedArray):
        return pyarrow.chunked_array([unpacked(chunk) for chunk in data.chunks], type=_inner(data.type))
    return unpacked(_once(data))


def _hides_extension(kind: Any) -> bool:
    return _is_packed(kind) and isinstance(_inner(kind), sys.modules["pyarrow"].BaseExtensionType)


def _is_packed(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return not (types.is_string(kind.value_type) or types.is_large_string(kind.value_type))
    return hasattr(types, "is_run_end_encoded") and types.is_run_end_encoded(kind)


def _inner(kind: Any) -> Any:
    return _inner(kind.value_type) if _is_packed(kind) else kind


def _once(array: Any) -> Any:
    from pyarrow import types

    if types.is_dictionary(array.type):
        return array.dictionary_decode()
    import pyarrow.compute as pc

    return pc.run_end_decode(array)
