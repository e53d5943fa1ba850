"""Arrow data of a library that has got something wrong. Run as a program: every fault at every door. See test_foreign.py."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import sys

import pyarrow as pa

import converz


class CSchema(ctypes.Structure):
    """The schema of Arrow's C data interface."""


class CArray(ctypes.Structure):
    """The array of Arrow's C data interface."""


CSchema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(CSchema))),
    ("dictionary", ctypes.POINTER(CSchema)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
CArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(CArray))),
    ("dictionary", ctypes.POINTER(CArray)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
KEPT: list[object] = []
"""Whatever a pointer points to."""


def new_capsule(struct: ctypes.Structure, name: bytes) -> object:
    make = ctypes.pythonapi.PyCapsule_New
    make.restype = ctypes.py_object
    make.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return make(ctypes.addressof(struct), name, None)


def struct_of(capsule: object, kind: type, name: bytes) -> ctypes.Structure:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype = ctypes.c_void_p
    get.argtypes = (ctypes.py_object, ctypes.c_char_p)
    KEPT.append(capsule)
    return kind.from_address(get(capsule, name))


def pointers(kind: type, structs: list) -> object:
    array = (ctypes.POINTER(kind) * max(len(structs), 1))(*map(ctypes.pointer, structs))
    KEPT.append((array, structs))
    return ctypes.cast(array, ctypes.POINTER(ctypes.POINTER(kind)))


def copy(struct: ctypes.Structure) -> ctypes.Structure:
    """Copy a schema or an array, so that what is wrong in it is not freed by whom it was taken from."""
    kind = type(struct)
    new = kind.from_buffer_copy(struct)
    new.release = ctypes.cast(RELEASE, ctypes.c_void_p).value
    new.children = pointers(kind, [copy(struct.children[i].contents) for i in range(struct.n_children)])
    if struct.dictionary:
        new.dictionary = ctypes.pointer(copy(struct.dictionary.contents))
    if kind is CArray:
        buffers = (ctypes.c_void_p * max(struct.n_buffers, 1))(*struct.buffers[: struct.n_buffers])
        new.buffers = ctypes.cast(buffers, ctypes.POINTER(ctypes.c_void_p))
        KEPT.append(buffers)
    KEPT.append(new)
    return new


class Foreign:
    """What a library hands over."""

    def __init__(self, schema: CSchema, array: CArray) -> None:
        self.schema, self.array = schema, array

    def __arrow_c_schema__(self) -> object:
        return new_capsule(self.schema, b"arrow_schema")

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return self.__arrow_c_schema__(), new_capsule(self.array, b"arrow_array")


def of_column(values: pa.Array) -> tuple[CSchema, CArray]:
    """A batch of a key and a column, as a copy that can be spoilt."""
    keys = pa.array(range(len(values)), type=pa.int64())
    batch = pa.record_batch([keys, values], names=["call_id", "x"])
    KEPT.append(batch)
    schema, array = batch.__arrow_c_array__()
    return copy(struct_of(schema, CSchema, b"arrow_schema")), copy(struct_of(array, CArray, b"arrow_array"))


COLUMNS = {
    "int": pa.array([1, None, 3, 4]),
    "float": pa.array([1.5, 2.5, None, 4.5]),
    "bool": pa.array([True, None, False, True]),
    "string": pa.array(["one", None, "three", "four"]),
    "large": pa.array(["one", None, "three", "four"], type=pa.large_string()),
    "view": pa.array(["one", None, "a text that is longer", "four"], type=pa.string_view()),
    "time": pa.array([1, 2, None, 4], type=pa.timestamp("us", "UTC")),
    "list": pa.array([[1], None, [], [2, 3]]),
    "struct": pa.array([{"y": 1}, None, {"y": 3}, {"y": None}]),
    "dictionary": pa.array(["a", None, "b", "a"]).dictionary_encode(),
    "run ends": pa.RunEndEncodedArray.from_arrays(pa.array([2, 4], pa.int32()), pa.array(["a", "b"])),
    "null": pa.nulls(4),
    "fixed list": pa.array([[1, 2], None, [3, 4], [5, 6]], type=pa.list_(pa.int64(), 2)),
    "map": pa.array([[("a", 1)], None, [], [("b", 2)]], type=pa.map_(pa.string(), pa.int64())),
    "decimal": pa.array([1, None, 3, 4], type=pa.decimal128(20, 2)),
    "binary": pa.array([b"a", None, b"b", b"\xff"]),
    "union": pa.UnionArray.from_sparse(
        pa.array([0, 1, 0, 1], pa.int8()), [pa.array([1, 2, 3, 4]), pa.array(["a", "b", "c", "d"])]
    ),
}

WRONG = [-(2**63), -5, -1, 0, 1, 3, 5, 2**40, 2**62, 2**63 - 1]
COUNTS = ["length", "null_count", "offset", "n_buffers", "n_children"]


def arrays_in(array: CArray) -> list[CArray]:
    inside = [array.children[i].contents for i in range(array.n_children)]
    inside += [array.dictionary.contents] if array.dictionary else []
    return [array, *itertools.chain.from_iterable(map(arrays_in, inside))]


def must_be_seen(field: str, wrong: int) -> bool:
    # More rows, or more texts of views, than there are: nobody can know where memory ends.
    return not (field in ("length", "offset") and 0 <= wrong <= 2**48) and (field, wrong) != ("n_buffers", 5)


def faults(make) -> list[tuple[str, object]]:
    """Return every way to spoil a copy that shows in it, as a function that does."""
    found: list[tuple[str, object]] = []
    for place in range(len(arrays_in(make()[1]))):
        found += [
            (
                f"{field} {place} = {wrong}",
                lambda _, array, p=place, f=field, w=wrong: setattr(arrays_in(array)[p], f, w),
            )
            for field in COUNTS
            for wrong in WRONG
            if must_be_seen(field, wrong)
        ]
        found += [
            (f"no {field} {place}", lambda _, array, p=place, f=field: setattr(arrays_in(array)[p], f, None))
            for field in ("buffers", "children", "dictionary")
        ]
        found += [
            (
                f"buffer {buffer} of {place} missing",
                lambda _, array, p=place, b=buffer: arrays_in(array)[p].buffers.__setitem__(b, None),
            )
            for buffer in range(arrays_in(make()[1])[place].n_buffers)
        ]
    formats = [
        b"",
        b"+",
        b"+w:",
        b"+w:-1",
        b"+ud:",
        b"+ud:9,9",
        b"tsu",
        b"w:999999999999",
        b"d:",
        b"\xff",
        None,
    ]
    formats += [b"u", b"l", b"+s", b"+l", b"vu", b"n", b"+r", b"z" * 1000]
    for wrong in formats:

        def spoil(schema, _, wrong=wrong):
            schema.children[1].contents.format = wrong

        found.append((f"format {wrong!r}", spoil))
    return found


def content_faults(values: pa.Array, size: int) -> list[tuple[str, object]]:
    """Return every number of the column's own buffers but that of the nulls, replaced."""
    return [
        (f"slot {slot} of buffer {buffer} = {wrong}", (buffer, slot, wrong, size))
        for buffer in range(1, of_column(values)[1].children[1].contents.n_buffers)
        for slot in range(4)
        for wrong in (-1, -100, 2**31 - 1 if size == 4 else 2**62)
    ]


def spoil_content(array: CArray, fault: tuple[int, int, int, int]) -> None:
    buffer, slot, wrong, size = fault
    column = array.children[1].contents
    memory = ctypes.create_string_buffer(ctypes.string_at(column.buffers[buffer], size * 5) + bytes(64))
    memory[slot * size : (slot + 1) * size] = wrong.to_bytes(size, "little", signed=True)
    KEPT.append(memory)
    column.buffers[buffer] = ctypes.addressof(memory)


CLIENT = converz.Client("http://127.0.0.1:9", "key")


def use(data: Foreign) -> str | None:
    """Take the data and do what looks at every value; the error, if they are refused."""
    try:
        table = converz.Table(data)
    except converz.InvalidInputError as error:
        return str(error)
    repr(table)
    table._repr_html_()
    with contextlib.suppress(TypeError, OverflowError):
        table.to_pydict()
    with contextlib.suppress(converz.ConverzError):
        CLIENT.update_calls(table, dry_run=True)
    assert table == table
    return None


def nested(depth: int) -> Foreign:
    """A batch whose only column is a list of lists of lists."""
    schema, array = of_column(COLUMNS["int"])
    inner_schema, inner_array = schema.children[1].contents, array.children[1].contents
    offsets = (ctypes.c_int32 * 8)(0, 1, 2, 3, 4)
    for _ in range(depth):
        buffers = (ctypes.c_void_p * 2)(None, ctypes.addressof(offsets))
        KEPT.append((buffers, offsets))
        inner_schema = CSchema(
            format=b"+l",
            name=b"item",
            flags=2,
            n_children=1,
            children=pointers(CSchema, [inner_schema]),
            release=ctypes.cast(RELEASE, ctypes.c_void_p).value,
        )
        inner_array = CArray(
            length=4,
            n_buffers=2,
            n_children=1,
            children=pointers(CArray, [inner_array]),
            buffers=ctypes.cast(buffers, ctypes.POINTER(ctypes.c_void_p)),
            release=ctypes.cast(RELEASE, ctypes.c_void_p).value,
        )
    schema.children = pointers(CSchema, [schema.children[0].contents, inner_schema])
    array.children = pointers(CArray, [array.children[0].contents, inner_array])
    return Foreign(schema, array)


def main() -> None:
    seen = taken = 0
    for name, values in COLUMNS.items():
        make = lambda values=values: of_column(values)  # noqa: E731
        assert use(Foreign(*make())) is None, name
        for fault, spoil in faults(make):
            print(name, fault, flush=True)
            schema, array = make()
            spoil(schema, array)
            refused = use(Foreign(schema, array))
            seen, taken = seen + bool(refused), taken + (not refused)
            with contextlib.suppress(converz.ConverzError, TypeError, ValueError):
                converz.Schema(Foreign(schema, array))
    for name, size in (("string", 4), ("large", 8), ("list", 4), ("dictionary", 4), ("view", 8)):
        for fault, how in content_faults(COLUMNS[name], size)[: 4 * 3]:
            print(name, fault, flush=True)
            if how[2] > 0 and how[1] == 4:
                continue
            schema, array = of_column(COLUMNS[name])
            spoil_content(array, how)
            refused = use(Foreign(schema, array))
            seen, taken = seen + bool(refused), taken + (not refused)
    for depth in (1, 50, 59):
        assert use(nested(depth)) is None, depth
    for depth in (70, 1_000, 100_000):
        assert "nested deeper" in (use(nested(depth)) or ""), depth
    print(f"refused {seen}, harmless {taken}", file=sys.stderr)


if __name__ == "__main__":
    main()
