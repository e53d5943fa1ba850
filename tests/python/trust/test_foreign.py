"""What comes from elsewhere and is damaged is refused at the door: other libraries' data, pickles, names of types."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import converz
from support.script import PROGRAMS, environment, output, run
from support.server import Server


def test_broken_data_of_other_libraries_are_refused():
    pytest.importorskip("pyarrow")
    # Every fault of every type, in a program of its own, which would end by a signal.
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(PROGRAMS / "foreign.py")],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, (ended.stdout.splitlines()[-1:], ended.stderr[-3000:])
    refused = int(ended.stderr.rpartition("refused ")[2].partition(",")[0])
    assert refused > 2000


@given(
    st.lists(st.tuples(st.integers(0, 13), st.binary(min_size=12, max_size=12), st.booleans()), max_size=5)
)
def test_short_views_are_text_or_refused(drawn):
    pa = pytest.importorskip("pyarrow")
    # Some with zeros behind the text, as it should be, the others with whatever was drawn.
    views = [(size, text[:size].ljust(12, b"\0") if is_padded else text) for size, text, is_padded in drawn]
    buffers = [None, pa.py_buffer(b"".join(size.to_bytes(4, "little") + text for size, text in views))]
    array = pa.Array.from_buffers(pa.string_view(), len(views), buffers)
    try:
        # Longer text would be in a buffer of its own, of which there is none.
        texts = [text[:size].decode() if size < 13 and not any(text[size:]) else None for size, text in views]
    except UnicodeDecodeError:
        texts = [None]
    if None in texts:
        with pytest.raises(converz.InvalidInputError, match='column "text" is not valid Arrow data'):
            converz.Table(pa.table({"text": array}))
    else:
        assert converz.Table(pa.table({"text": array})).to_pydict() == {"text": texts}


def test_damaged_pickles_are_refused_or_valid(tmp_path):
    pytest.importorskip("pyarrow")
    code = """
    import json, pickle, random, sys
    import pyarrow as pa
    import converz

    random.seed(1)
    table = converz.Table(pa.table({
        "call_id": [1, 2, 3], "text": ["a", None, "a longer text than a view"], "day": pa.array([1, 2, None], pa.date32()),
        "list": [[1], None, []], "kind": pa.array(["a", "b", None]).dictionary_encode(), "x": [1.5, None, 2.5],
    }))
    batch, schema = table.to_batches()[0], table.schema
    refused = valid = 0
    for original in (table, batch, schema):
        whole = original.__reduce__()
        ipc = whole[1][0]
        for _ in range(700):
            damaged = bytearray(ipc)
            for _ in range(random.randrange(1, 4)):
                damaged[random.randrange(len(damaged))] = random.choice([0, 1, 0x7f, 0x80, 0xff, random.randrange(256)])
            if random.random() < 0.3:
                del damaged[random.randrange(len(damaged)):]
            print(bytes(damaged).hex(), file=sys.stderr, flush=True)
            try:
                again = whole[0](bytes(damaged), *whole[1][1:])
            except converz.InvalidInputError as error:
                assert "damaged" in str(error) or "not a pickled batch" in str(error), error
                refused += 1
                continue
            valid += 1
            repr(again)
            if isinstance(again, converz.Schema):
                continue
            taken = converz.Table(again)
            pa.table(taken).validate(full=True)
            repr(taken)
        # The pickle around it, too.
        pickled = pickle.dumps(original)
        for _ in range(100):
            damaged = bytearray(pickled)
            damaged[random.randrange(len(pickled) - len(ipc), len(damaged))] ^= 1 << random.randrange(8)
            try:
                repr(pickle.loads(damaged))
            except Exception:
                refused += 1
    print(json.dumps([refused, valid]))
    """
    ended = run(tmp_path, code)
    assert ended.returncode == 0, ended.stderr[-3000:]
    refused, valid = map(int, ended.stdout.strip("[]\n").split(","))
    assert refused > 500
    assert refused + valid > 2000


@pytest.mark.parametrize("depth", [61, 1_000, 100_000])
def test_names_of_types_end_somewhere(depth):
    name = "dictionary[int8, " * depth + "string" + "]" * depth
    with pytest.raises(converz.InvalidInputError) as info:
        converz.Schema({"x" * depth: name})
    assert len(str(info.value)) < 600
    with pytest.raises(converz.InvalidInputError):
        converz.Client("https://acme.converz.co", "key").calls(schema={"x": "dictionary[" * depth})


def test_what_is_nested_deep_pickles(tmp_path):
    pytest.importorskip("pyarrow")
    code = """
    import json, pickle
    import pyarrow as pa
    import converz

    def nested(depth, kind):
        value = kind
        for _ in range(depth):
            value = pa.list_(value)
        return pa.schema([pa.field("x", value)]).empty_table()

    def refused(depth, kind):
        try:
            converz.Table(nested(depth, kind))
        except converz.InvalidInputError as error:
            return "nested deeper than 60" in str(error)

    category = pa.dictionary(pa.int8(), pa.string())
    for depth, kind in ((60, pa.int64()), (59, category)):
        table = converz.Table(nested(depth, kind))
        assert pickle.loads(pickle.dumps(table)) == table
    print(json.dumps([refused(61, pa.int64()), refused(60, category)]))
    """
    assert output(tmp_path, code) == [True, True]


NUL = "a\0b"


@pytest.mark.parametrize("library", ["polars", "polars nested", "pyarrow", "pyarrow nested", "pandas"])
def test_names_that_cannot_be_handed_over_are_refused(library):
    name, _, nested = library.partition(" ")
    module = pytest.importorskip(name)
    make = module.table if name == "pyarrow" else module.DataFrame
    frame = make({"call_id": [1], "x": [[{NUL: 1}]]} if nested else {"call_id": [1], NUL: [1]})
    with pytest.raises(converz.InvalidInputError, match="NUL"):
        converz.Table(frame)
    with pytest.raises(converz.InvalidInputError, match="NUL"):
        converz.Client("https://acme.converz.co", "key").update_calls(frame)


def test_names_of_arguments_have_no_nul():
    client = converz.Client("https://acme.converz.co", "key")
    for refused in (
        lambda: converz.Schema({NUL: "int64"}),
        lambda: client.calls(schema={NUL: "int64"}, limit=0),
        lambda: client.calls(columns=["call_id", NUL], limit=0),
        lambda: client.update_calls({"call_id": [1], NUL: [1]}),
        lambda: client.update_calls([{"call_id": 1, NUL: 1}]),
    ):
        with pytest.raises(converz.InvalidInputError, match="NUL"):
            refused()


def test_a_pickled_name_with_a_nul_is_refused():
    make, (ipc, *others) = converz.Schema({"abc": "int64"}).__reduce__()
    with pytest.raises(converz.InvalidInputError, match="NUL"):
        make(ipc.replace(b"abc", NUL.encode()), *others)


def test_the_error_of_a_stream_of_ours_comes_out_as_it_is():
    pages = [[{"call_id": 1, "v": 1}], [{"call_id": 2, "v": "x"}]]

    def handle(request):
        request.rows(pages[request.page - 1] if request.page <= len(pages) else [])

    with Server(handle) as server:
        client = converz.Client(server.url, "key", page_size=1)
        for take in (converz.Table, client.update_calls):
            stream = client.stream_calls()
            with pytest.raises(converz.SchemaDriftError) as info:
                take(stream)
            assert info.value is stream.error
            assert info.value.schema["v"] == "string"
            # The second time, it is another matter.
            with pytest.raises(converz.InvalidInputError, match="been read"):
                take(stream)
