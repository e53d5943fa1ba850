"""`types="whole"`, and streams that are written into files: the types and values of a table, and nothing left behind."""

from __future__ import annotations

import csv
import io
import json
import sys
import warnings

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import converz
from support.script import output
from support.server import Request, Server

LATE = (
    '[{"call_id":1,"score":null,"day":"2025-07-01"},{"call_id":2}]',
    '[{"call_id":3},{"call_id":4,"mood":["fine"]}]',
    '[{"call_id":5,"score":7,"day":"2025-07-02"}]',
)

WRITERS = ("write_parquet", "write_csv", "write_ndjson", "write_ipc")


@pytest.fixture
def many():
    with converz.Sandbox(calls=2_050, reps=5, today="2025-07-15") as sandbox:
        yield sandbox


def same(stream, table) -> bool:
    """Whether a stream gives the table, with its marks."""
    read = pa.RecordBatchReader.from_stream(stream).read_all()
    return read.equals(table.to_arrow(), check_metadata=True)


def test_late_values_have_their_type(service):
    client = service.client(*LATE, page_size=2)
    table = client.calls()
    assert table.schema["score"] == "int64"
    with client.stream_calls(types="whole") as stream:
        assert stream.schema == table.schema
        assert stream.schema.json_columns == ["mood"]
        assert stream.receipt.rows == 5
        assert same(stream, table)
    with client.stream_calls() as stream:
        assert stream.schema["score"] == "string"


def test_real_rows_and_arguments(many):
    client = many.client(page_size=300)
    for arguments in (
        {},
        {"metric": ["csat", "talk_ratio"], "columns": ["campaign", "summary"]},
        {"limit": 777, "schema": {"call_id": "string"}},
        {"limit": 0},
        {"parse_dates": False, "campaign": "sales"},
    ):
        table = client.calls(**arguments)
        with client.stream_calls(types="whole", **arguments) as stream:
            assert stream.schema == table.schema
            assert same(stream, table)
    with client.stream_reps(types="whole") as stream:
        assert same(stream, client.reps())


def test_warnings_are_those_of_the_table(service):
    days = [f'{{"call_id":{i},"day":"2025-07-{i % 28 + 1:02}"}}' for i in range(1, 300)]
    days[250] = '{"call_id":251,"day":"soon"}'
    client = service.client(f"[{','.join(days[:150])}]", f"[{','.join(days[150:])}]", page_size=150)
    said = []
    for read in (client.calls, lambda: list(client.stream_calls(types="whole"))):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            read()
        said.append([str(warning.message) for warning in caught])
    assert said[0] == said[1]
    assert '"soon" (call_id 251)' in said[0][0]


def test_what_fits_no_pin_raises_where_it_is_opened(service):
    client = service.client('[{"call_id":1,"x":1},{"call_id":2}]', '[{"call_id":3,"x":"a"}]', page_size=2)
    errors = []
    for read in (client.calls, lambda **more: client.stream_calls(types="whole", **more)):
        with pytest.raises(converz.SchemaDriftError) as info:
            read(schema={"x": "int64"})
        errors.append((str(info.value), info.value.column, info.value.schema))
    assert errors[0] == errors[1]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_written_stream_is_the_written_table(many, tmp_path, writer):
    client = many.client(page_size=300)
    question = {"metric": ["csat", "resolved"], "limit": 1_500}
    getattr(client.calls(**question), writer)(tmp_path / "table")
    for types in ("first_page", "whole"):
        with client.stream_calls(**question, types=types) as stream:
            getattr(stream, writer)(tmp_path / types)
            assert stream.receipt.rows == 1_500
    if writer == "write_parquet":
        # The receipts differ in their seconds.
        tables = [pq.read_table(tmp_path / name) for name in ("table", "first_page", "whole")]
        assert tables[0].num_rows == 1_500
        assert tables[0].equals(tables[1])
        assert tables[0].equals(tables[2])
    else:
        files = [(tmp_path / name).read_bytes() for name in ("table", "first_page", "whole")]
        assert files[0] == files[1] == files[2]


def test_a_stream_that_is_written_has_the_types_of_every_row(service, tmp_path):
    client = service.client(*LATE, page_size=2)
    stream = client.stream_calls()
    stream.write_parquet(tmp_path / "late.parquet")
    assert stream.schema["score"] == "int64"
    read = pq.read_table(tmp_path / "late.parquet")
    assert read["score"].to_pylist() == [None, None, None, None, 7]
    assert str(read.schema.field("day").type) == "date32[day]"
    metadata = pq.read_metadata(tmp_path / "late.parquet").metadata
    assert json.loads(metadata[b"converz:receipt"])["rows"] == 5
    assert ["n_per_page", "2"] in json.loads(metadata[b"converz:query"])
    with pytest.raises(converz.InvalidInputError, match="read once"):
        stream.write_parquet(tmp_path / "again.parquet")
    assert [each.name for each in tmp_path.iterdir()] == ["late.parquet"]


@pytest.mark.parametrize("types", ["first_page", "whole"])
def test_a_stream_of_which_rows_were_taken_says_what_to_do(service, tmp_path, types):
    client = service.client(*LATE, page_size=2)
    stream = client.stream_calls(types=types, schema={"score": "int64", "mood": "string", "day": "date32"})
    taken = next(stream).num_rows
    with pytest.raises(converz.InvalidInputError, match="open another stream and write that"):
        stream.write_csv(tmp_path / "rest.csv")
    # Nothing is lost by asking.
    assert taken + sum(batch.num_rows for batch in stream) == 5
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_found_out_before_the_rows_are_read(many, tmp_path):
    stream = many.client(page_size=300).stream_calls()
    requests = len(many.requests)
    for file, arguments in (
        (tmp_path / "no" / "folder.parquet", {}),
        (io.StringIO(), {}),
        (tmp_path / "a.parquet", {"compression": "lzma"}),
    ):
        with pytest.raises((OSError, converz.InvalidInputError)):
            stream.write_parquet(file, **arguments)
    # Those that were under way may have come; none follows.
    assert len(many.requests) <= requests + 4
    assert sum(batch.num_rows for batch in stream) == 2_050


def test_a_failure_in_the_middle_leaves_no_file(many, service, tmp_path):
    class Full(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            raise OSError(28, "No space left on device")

    stream = many.client(page_size=300).stream_calls()
    with pytest.raises(OSError, match="No space left"):
        stream.write_csv(Full())
    with pytest.raises(converz.InvalidInputError, match="read once"):
        next(stream)
    client = service.client('[{"call_id":1},{"call_id":2}]', "[3]", page_size=2)
    with pytest.raises(converz.DecodeError):
        client.stream_calls().write_csv(tmp_path / "a.csv")
    with client.stream_calls() as stream:
        pass
    with pytest.raises(converz.InvalidInputError, match="read once"):
        stream.write_csv(tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_result_without_rows_is_a_file_with_its_columns(many, tmp_path):
    client = many.client()
    with client.stream_calls(campaign="none such") as stream:
        stream.write_csv(tmp_path / "empty.csv")
    with (tmp_path / "empty.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [client.calls(campaign="none such").column_names]


FOLDER = """
    import json, os, sys
    import converz

    client = converz.Client(sys.argv[1], sys.argv[2], page_size=300)
    try:
        stream = client.stream_calls(types="whole")
    except OSError as error:
        print(json.dumps([error.filename, "set TMPDIR" in str(error)]))
    else:
        print(json.dumps([stream.receipt.rows, os.listdir(os.environ["TMPDIR"])]))
"""


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the file has a name until it is closed")
def test_where_the_temporary_file_is(many, tmp_path, there):
    folder = tmp_path / "room"
    if there:
        folder.mkdir()
    printed = output(tmp_path, FOLDER, many.url, many.api_key, TMPDIR=str(folder))
    assert printed == ([2_050, []] if there else [str(folder), True])


MEMORY = """
    import json, sys
    import converz

    def peak():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) >> 10 for line in file if line.startswith("VmHWM"))

    client = converz.Client(sys.argv[1], "key", page_size=4_000, max_concurrency=2)
    client.stream_calls(limit=4_000).write_parquet(sys.argv[2])
    before = peak()
    stream = client.stream_calls()
    stream.write_parquet(sys.argv[2], row_group_size=10_000)
    print(json.dumps([stream.receipt.rows, peak() - before]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux")
def test_the_memory_of_a_written_stream_is_bounded(tmp_path):
    pages, size, text = 40, 4_000, "x" * 1_000

    def handle(request: Request) -> None:
        start = (request.page - 1) * size
        rows = range(start, start + size if request.page <= pages else start)
        request.answer(("[" + ",".join(f'{{"call_id":{i},"text":"{i}{text}"}}' for i in rows) + "]").encode())

    with Server(handle) as server:
        rows, megabytes = output(tmp_path, MEMORY, server.url, str(tmp_path / "a.parquet"))
    # 160 MB of text.
    assert rows == pages * size
    assert megabytes < 90


def test_unknown_types_are_refused(many):
    client = many.client()
    for value in ("WHOLE", None, True, ""):
        for verb in (client.stream_calls, client.stream_reps):
            with pytest.raises(converz.InvalidInputError, match='types=.* is not "first_page" or "whole"'):
                verb(types=value)
    assert many.requests == []
