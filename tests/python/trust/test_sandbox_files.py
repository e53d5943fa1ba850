"""The making of a sandbox: interrupted, killed, wanted by several processes at once, and on a relative path."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

import converz
from support import processes
from support.script import environment, output, write

LONGEST = 0.5
"""Seconds in which a signal is heard, as the documentation promises."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and locks are others there")


def started(folder, code, *arguments, **variables):
    command = [sys.executable, str(write(folder, code)), *arguments]
    return processes.started(command, environment(**variables), folder)


def wait_for_size(folder, size):
    """Wait until there is a database of so many bytes; return it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for file in folder.rglob("*.db"):
            if file.stat().st_size >= size:
                return file
        time.sleep(0.001)
    pytest.fail("no database was begun")


MAKING = """
import json, signal, sys, time
import converz

class StopNow(Exception):
    pass

def stop(number, frame):
    raise StopNow

signal.signal(signal.SIGTERM, stop)
options = json.loads(sys.argv[1])
try:
    converz.Sandbox(**options)
except BaseException as error:
    print(json.dumps([type(error).__name__, time.monotonic()]))
else:
    print(json.dumps(["made", time.monotonic()]))
"""


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "StopNow")]
)
@pytest.mark.parametrize("size", [0, 3_000_000])
@pytest.mark.parametrize("with_path", [True, False])
def test_a_signal_is_heard_while_it_is_made_and_no_file_is_left(tmp_path, number, raised, size, with_path):
    folder = tmp_path / "data"
    folder.mkdir()
    options = {"calls": 50_000_000, "reps": 1_000}
    if with_path:
        options["path"] = str(folder / "centre.db")
    with started(tmp_path, MAKING, json.dumps(options), TMPDIR=str(folder)) as process:
        wait_for_size(folder, size)
        sent = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    name, heard = json.loads(out)
    assert (name, err, process.returncode) == (raised, "", 0)
    assert heard - sent < LONGEST
    assert list(folder.iterdir()) == []


def test_a_signal_is_heard_while_another_process_makes_it(tmp_path):
    path = tmp_path / "centre.db"
    options = {"calls": 50_000_000, "path": str(path)}
    with started(tmp_path, MAKING, json.dumps(options)) as first:
        wait_for_size(tmp_path, 1_000_000)
        (tmp_path / "second").mkdir()
        code = MAKING.replace("try:\n", 'try:\n    print("begun", flush=True)\n')
        with started(tmp_path / "second", code, json.dumps(options)) as second:
            assert second.stdout.readline() == "begun\n"
            sent = time.monotonic()
            second.send_signal(signal.SIGINT)
            out, _ = second.communicate(timeout=30)
            name, heard = json.loads(out)
            assert name == "KeyboardInterrupt"
            assert heard - sent < LONGEST
        assert first.poll() is None
        assert path.stat().st_size >= 1_000_000  # It is the other's, and goes on.


FORKING = """
import os, signal
import converz

def fork(number, frame):
    global child
    child = os.fork()

child = None
converz.Sandbox  # Its module is imported when it is first used.
signal.signal(signal.SIGALRM, fork)
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    sandbox = converz.Sandbox(calls=60_000, path="centre.db")
except converz.InvalidInputError as error:
    assert child == 0 and "make one in the child" in str(error), error
    with converz.Sandbox(calls=3, reps=1) as own:
        assert own.client().calls().num_rows == 3
    os._exit(0)
except BaseException:
    os._exit(1)
assert child, "made before the signal came"
assert os.waitpid(child, 0)[1] == 0
print(sandbox.client().calls(columns="call_id").num_rows)
"""


def test_a_handler_that_forks_while_it_is_made(tmp_path):
    with started(tmp_path, FORKING) as process:
        out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("60000\n", 0), err


FORKED_OFTEN = """
import os, threading
import converz

converz.Sandbox(calls=3, reps=1).stop()  # What it imports is imported.
enough = threading.Event()

def make():
    while not enough.is_set():
        converz.Sandbox(calls=20_000).stop()

thread = threading.Thread(target=make)
thread.start()
for _ in range(150):
    if (child := os.fork()) == 0:
        with converz.Sandbox(calls=3, reps=1) as own:
            os._exit(0 if own.client().calls().num_rows == 3 else 1)
    assert os.waitpid(child, 0)[1] == 0
enough.set()
thread.join()
print("made")
"""


def test_forks_while_another_thread_makes_one(tmp_path):
    """The locks of the database that are held at a fork would be held in the child for ever."""
    with started(tmp_path, FORKED_OFTEN) as process:
        out, err = process.communicate(timeout=100)
    assert (out, process.returncode) == ("made\n", 0), err


STOPPING = """
import json, signal, threading, time
import converz

class StopNow(Exception):
    pass

def stop(number, frame):
    raise StopNow

signal.signal(signal.SIGALRM, stop)
head_start = 0.05
while True:
    sandbox = converz.Sandbox(path="centre.db")
    client = sandbox.client(max_retries=0)

    def update():
        try:
            client.update_calls({"call_id": [1], "note": ["x"]})
        except converz.ConverzError:
            pass

    # It waits for the other program's lock, which nothing interrupts.
    thread = threading.Thread(target=update)
    thread.start()
    time.sleep(head_start)
    began = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        sandbox.stop()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except StopNow:
        break
    # The update had not come so far. A slow machine needs longer.
    thread.join()
    head_start *= 2
    assert head_start < 10
heard = time.monotonic() - began
began = time.monotonic()
del sandbox
print(json.dumps([heard, time.monotonic() - began]))
"""


def test_a_signal_is_heard_while_it_stops(tmp_path):
    path = tmp_path / "centre.db"
    with converz.Sandbox(path=path, calls=3, reps=1):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        heard, gone = output(tmp_path, STOPPING)
    assert heard < 0.1 + LONGEST
    assert gone < LONGEST  # Nor is it waited for after that.


def is_whole(path, calls=None):
    """Look at the file as another program would."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        told = int(connection.execute("select value from about where name = 'calls'").fetchone()[0])
        assert connection.execute("select count(*) from calls").fetchone() == (told,)
        return calls is None or calls == told


STARTING = """
import json, sys
import converz

sys.stdin.readline()
with converz.Sandbox(path="centre.db", calls=int(sys.argv[1]), reps=9, today="2025-07-15") as sandbox:
    client = sandbox.client()
    client.update_calls({"call_id": [int(sys.argv[2])], "note": [sys.argv[2]]})
    calls = client.calls()
    print(json.dumps([calls.num_rows, len(set(calls.to_pydict()["call_id"]))]), flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("run", range(4))
def test_of_several_processes_on_one_new_path_one_makes_it(tmp_path, run):
    count = 4
    file = write(tmp_path, STARTING)
    with ExitStack() as stack:
        processes = []
        for number in range(1, count + 1):
            process = subprocess.Popen(
                [sys.executable, str(file), str(500 * number), str(number)],
                env=environment(),
                cwd=tmp_path,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.communicate)
            stack.callback(process.kill)
            processes.append(process)
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        told = [json.loads(process.stdout.readline()) for process in processes]
        # All see the same rows, those of one of them.
        assert len({tuple(rows) for rows in told}) == 1
        assert told[0][0] == told[0][1]
        assert told[0][0] in {500 * number for number in range(1, count + 1)}
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.wait(30) == 0
    assert is_whole(tmp_path / "centre.db")
    with converz.Sandbox(path=tmp_path / "centre.db") as sandbox:
        notes = sandbox.client().calls(columns=["call_id", "note"]).to_pydict()["note"]
    assert notes[:count] == ["1", "2", "3", "4"]
    assert {file.name for file in tmp_path.iterdir()} == {"centre.db", "program.py"}


@pytest.mark.parametrize("size", [0, 16_384, 200_000, 2_000_000, 5_000_000])
def test_what_a_killed_process_had_begun_is_not_taken_for_whole(tmp_path, size):
    path = tmp_path / "centre.db"
    with started(tmp_path, MAKING, json.dumps({"calls": 50_000_000, "path": str(path)})) as process:
        wait_for_size(tmp_path, size)
        process.kill()
        process.wait()
    with converz.Sandbox(path=path, calls=70, reps=3) as sandbox:
        assert sandbox.client().calls().num_rows == 70
    assert is_whole(path, 70)
    assert {file.name for file in tmp_path.iterdir()} == {"centre.db", "program.py"}


def test_who_waits_for_a_process_that_is_killed_makes_it_then(tmp_path):
    path = tmp_path / "centre.db"
    with started(tmp_path, MAKING, json.dumps({"calls": 50_000_000, "path": str(path)})) as first:
        wait_for_size(tmp_path, 1_000_000)
        (tmp_path / "second").mkdir()
        options = json.dumps({"calls": 70, "reps": 3, "path": str(path)})
        with started(tmp_path / "second", 'print("begun", flush=True)\n' + MAKING, options) as second:
            assert second.stdout.readline() == "begun\n"
            first.kill()
            first.wait()
            out, err = second.communicate(timeout=60)
        assert json.loads(out)[0] == "made", err
    assert is_whole(path, 70)


RELATIVE = """
import json, os, threading
import converz

os.mkdir("elsewhere")
with converz.Sandbox(path="centre.db", calls=50, reps=2) as sandbox:
    client = sandbox.client()
    os.chdir("elsewhere")
    client.update_calls({"call_id": [1], "note": ["seen"]})
    # As many connections at once as there are only if new ones are opened.
    rows = []
    threads = [threading.Thread(target=lambda: rows.append(client.calls().num_rows)) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    note = client.calls(columns=["call_id", "note"]).to_pydict()["note"][0]
print(json.dumps([rows, note, os.listdir("."), sorted(os.listdir(".."))]))
"""


def test_a_relative_path_is_meant_from_where_it_was_given(tmp_path):
    assert output(tmp_path, RELATIVE) == [[50] * 8, "seen", [], ["centre.db", "elsewhere", "program.py"]]


@pytest.mark.parametrize("name", ["file:centre.db?mode=memory", ":memory:", "a b#?%41.db", "é.db"])
def test_a_name_is_a_name_of_a_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with converz.Sandbox(path=name, calls=3, reps=1) as sandbox:
        assert sandbox.client().calls().num_rows == 3
    assert os.listdir() == [name]  # noqa: PTH208


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_is_none(name):
    with pytest.raises(converz.ConverzError):
        converz.Sandbox(path=name, calls=1, reps=1)


def test_a_link_stays_one(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "there" / "centre.db")
    (tmp_path / "there" / "centre.db").touch(mode=0o600)
    with converz.Sandbox(path=link, calls=3, reps=1) as sandbox:
        assert sandbox.client().calls().num_rows == 3
    assert link.is_symlink()
    assert is_whole(tmp_path / "there" / "centre.db", 3)
    assert (tmp_path / "there" / "centre.db").stat().st_mode & 0o777 == 0o600


def test_a_file_that_another_program_has_locked_for_a_moment(tmp_path):
    path = tmp_path / "centre.db"
    path.touch()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        (tmp_path / "second").mkdir()
        options = json.dumps({"calls": 70, "reps": 3, "path": str(path)})
        with started(tmp_path / "second", 'print("begun", flush=True)\n' + MAKING, options) as second:
            assert second.stdout.readline() == "begun\n"
            other.execute("rollback")
            out, err = second.communicate(timeout=60)
    assert json.loads(out)[0] == "made", err


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The bytes of a database of the sandbox."""
    file = tmp_path_factory.mktemp("whole") / "centre.db"
    with converz.Sandbox(path=file, calls=500, reps=10):
        pass
    return file.read_bytes()


def refused(file) -> str:
    """What is said of a file, which stays as it is."""
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(converz.ConfigurationError) as caught:
        converz.Sandbox(path=file)
    assert str(file) in str(caught.value)
    assert before is None or file.read_bytes() == before
    return str(caught.value)


@pytest.mark.parametrize("share", [0.002, 0.02, 0.3, 0.5, 0.95])
def test_a_file_that_was_cut_is_said_to_be_damaged(tmp_path, database, share):
    file = tmp_path / "cut.db"
    file.write_bytes(database[: int(len(database) * share)])
    assert "is a damaged database of the sandbox" in refused(file)
    assert "remove it, and it is made anew, or choose another path" in refused(file)


@pytest.mark.parametrize("page", range(8))
def test_a_page_that_was_overwritten_is_damage(tmp_path, database, page):
    file = tmp_path / "overwritten.db"
    begins = max(page * 16384, 100)
    ends = (page + 1) * 16384
    file.write_bytes(database[:begins] + bytes(ends - begins) + database[ends:])
    assert "is a damaged database of the sandbox" in refused(file)


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE about",
        "DELETE FROM about",
        "DROP TABLE activity",
        "DROP TABLE withheld",
        "ALTER TABLE calls DROP COLUMN csat",
        "UPDATE about SET value = 'yesterday'",
    ],
)
def test_a_database_without_something_is_damaged(tmp_path, database, change):
    file = tmp_path / "changed.db"
    file.write_bytes(database)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(change)
        connection.commit()
    assert "is a damaged database of the sandbox" in refused(file)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\n", "it is too short for one"),
        (b"nothing", "file is not a database"),
        (b"text " * 1000, "file is not a database"),
        (bytes(range(256)) * 100, "file is not a database"),
    ],
)
def test_another_file_is_left_alone(tmp_path, content, told):
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    assert f"is not a database of the sandbox ({told}): choose another path" in refused(file)


def test_what_is_no_file_is_refused(tmp_path):
    assert "is not a database of the sandbox (it is a folder): choose another path" in refused(tmp_path)
    (tmp_path / "link.db").symlink_to(tmp_path / "nowhere.db")
    assert "cannot be opened: No such file" in refused(tmp_path / "link.db")
    assert "cannot be made: No such file" in refused(tmp_path / "nowhere" / "new.db")


UNPRIVILEGED = """
import json, os, sys
from converz import ConfigurationError, Sandbox

if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
try:
    Sandbox(path=sys.argv[1], calls=10, reps=2)
except ConfigurationError as error:
    print(json.dumps(str(error)))
"""


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("file.db", "file.db cannot be written, which a sandbox does whenever it is updated"),
        (
            "folder/file.db",
            "folder/file.db cannot be opened, since no file can be written beside it: Permission denied",
        ),
        ("folder/new.db", "folder/new.db cannot be made: Permission denied"),
        ("secret.db", "secret.db cannot be opened: Permission denied"),
    ],
)
def test_what_may_not_be_written_is_told(tmp_path, database, file, told):
    # pytest's folder is its user's alone.
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "folder").mkdir()
        for name, mode in {"file.db": 0o444, "folder/file.db": 0o666, "secret.db": 0}.items():
            (folder / name).write_bytes(database)
            (folder / name).chmod(mode)
        (folder / "folder").chmod(0o555)
        folder.chmod(0o777)
        said = output(tmp_path, UNPRIVILEGED, str(folder / file))
        (folder / "folder").chmod(0o755)
    assert told in said


def test_a_full_disk_is_told(tmp_path):
    mount = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=600k none . && exec "$@"', "sh"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*mount, "true"], check=False, cwd=tmp_path, capture_output=True).returncode
    ):
        pytest.skip("no disk can be made here: it takes root, or a container that may mount")
    code = """
import os, sys
import converz

folder = sys.argv[1]
with converz.Sandbox(path=f"{folder}/old.db", calls=20, reps=2):
    pass
def refused(name, calls):
    try:
        converz.Sandbox(path=f"{folder}/{name}", calls=calls, reps=2)
    except converz.ConverzError as error:
        print(type(error).__name__, error)
refused("large.db", 20_000)
with open(f"{folder}/filling", "wb", buffering=0) as file:
    try:
        while file.write(bytes(1024)):
            pass
    except OSError:
        pass
refused("old.db", 20)
refused("new.db", 20)
print(sorted(name for name in os.listdir(folder) if name.startswith(("new", "large"))))
"""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = [sys.executable, str(write(tmp_path, code)), str(folder)]
    ran = subprocess.run(
        [*mount, *command], cwd=folder, env=environment(), capture_output=True, text=True, check=True
    )
    *said, left = ran.stdout.splitlines()
    for name, line in zip(["large.db", "old.db", "new.db"], said, strict=True):
        told = f"ConfigurationError there is no room for the database {folder}/{name}: free some on its disk"
        assert line.startswith(told), line
    assert left == "[]"
