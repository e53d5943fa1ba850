"""A display of progress is a courtesy: whatever becomes of it, what is going on goes on, and so does the program."""

from __future__ import annotations

import io
import logging
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

import converz
from converz._show import progress
from support.processes import block_imports, clean_environment
from support.service import Answer
from support.standard_error import stderr_of

ROWS = 400
PROGRAM = f"""
import sys
import converz
import converz._show.progress

converz._show.progress.PATIENCE = converz._show.progress.INTERVAL = 0
progress = {{"True": True, "None": None}}[sys.argv[1]]
with converz.Sandbox(calls={ROWS}, reps=5) as sandbox:
    client = sandbox.client(page_size=20, max_update_bytes=1_024)
    print("started", flush=True)
    sys.stdin.readline()
    frame = {{"call_id": list(range(1, {ROWS + 1})), "note": ["looked at by a person"] * {ROWS}}}
    plan = client.plan_update_calls(frame, start_date="2000-01-01", progress=progress)
    assert client.update_calls(frame, progress=progress).requests > 5
    assert plan.apply(progress=progress).rows == {ROWS}
    calls = client.calls(progress=progress)
    with client.stream_calls(progress=progress) as stream:
        assert sum(batch.num_rows for batch in stream) == {ROWS}
print(calls.num_rows, calls.to_pydict()["note"].count("looked at by a person"), flush=True)
"""


@pytest.fixture(params=["tqdm", "plain"])
def program(request):
    """The program that shows progress, with tqdm or without it."""
    return block_imports([] if request.param == "tqdm" else ["tqdm"]) + PROGRAM


def start(program, stderr, asked="True", **options):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, asked],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        **options,
    )


def is_done(process) -> None:
    """It read and wrote everything, and its own end is as if nothing had been."""
    out, _ = process.communicate("\n", timeout=60)
    assert (out, process.returncode) == (f"started\n{ROWS} {ROWS}\n", 0)


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no full device here")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk(program, monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with FULL.open("w") as full:
        is_done(start(program, full))


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_gone(program, monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    reading, writing = os.pipe()
    process = start(program, writing)
    os.close(writing)
    process.stdout.readline()
    os.close(reading)
    out, _ = process.communicate("\n", timeout=60)
    assert (out, process.returncode) == (f"{ROWS} {ROWS}\n", 0)


def test_a_reader_that_has_seen_enough(program):
    """It goes in the middle of the display."""
    process = start(program, subprocess.PIPE)
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stderr.read(5)
    process.stderr.close()
    process.stderr = None
    is_done(process)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals here")
@pytest.mark.parametrize("asked", ["True", "None"])
@pytest.mark.parametrize("when", ["before", "while"])
def test_a_terminal_that_has_gone(program, asked, when):
    import pty

    master, slave = pty.openpty()
    process = start(program, slave, asked)
    os.close(slave)
    assert process.stdout.readline() == "started\n"
    if when == "while":
        process.stdin.write("\n")
        process.stdin.flush()
        assert os.read(master, 5)
    os.close(master)
    out, _ = process.communicate("\n", timeout=60)
    assert (out, process.returncode) == (f"{ROWS} {ROWS}\n", 0)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals here")
def test_a_terminal_that_is_there_shows_it(program):
    """The one who looks sees what was seen before, as wide as the terminal is."""
    import fcntl
    import pty
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = start(program, slave, "None")
    os.close(slave)
    process.stdin.write("\n")
    process.stdin.flush()
    shown = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # The other end has ended.
            break
        shown += piece
        if not piece:
            break
    os.close(master)
    is_done(process)
    text = shown.decode()
    for what in ("update_calls", "plan_update_calls", "calls"):
        assert f"{what}: " in text
    assert "400 rows" in text or "400/400" in text
    widths = {len(line) for line in text.replace("\n", "\r").split("\r")}
    assert max(widths) <= 100
    if "%|" in text:  # tqdm's bar fills the line, but for a column or two.
        assert max(widths) >= 95


@pytest.mark.skipif(sys.platform == "win32", reason="there is no shell here")
def test_standard_error_that_was_never_there(program):
    process = subprocess.run(
        ["bash", "-c", 'exec "$@" 2>&-', "bash", sys.executable, "-W", "error", "-c", program, "True"],
        env=clean_environment(),
        input="\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (process.stdout, process.returncode) == (f"started\n{ROWS} {ROWS}\n", 0)


class OnlyWrites:
    """What some programs put in the place of standard error: no `isatty`, no `flush`, no encoding."""

    def __init__(self, error: BaseException | None = None, after: int = 0):
        self.text = ""
        self.error = error
        self.left = after
        self.failures = 0

    def write(self, text: str) -> None:
        if self.error is not None:
            self.left -= 1
            if self.left < 0:
                self.failures += 1
                raise self.error
        self.text += text


class Watched(OnlyWrites):
    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        pass


class Unsure(Watched):
    def isatty(self) -> bool:
        raise RuntimeError


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.fixture(params=["tqdm", "plain"])
def stderr(request, monkeypatch):
    """Put something in the place of standard error; displays are shown at once."""
    if request.param == "plain":
        monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    monkeypatch.setattr(progress, "INTERVAL", 0)
    unraised = []
    monkeypatch.setattr(sys, "unraisablehook", unraised.append)

    yield lambda stream: stderr_of(monkeypatch, stream)
    assert unraised == []


def update(client, asked):
    frame = {"call_id": list(range(1, 301)), "note": ["looked at by a person"] * 300}
    return client.update_calls(frame, progress=asked)


BROKEN = [
    (BrokenPipeError(32, "Broken pipe"), 0),
    (OSError(28, "No space left on device"), 1),
    (ValueError("I/O operation on closed file"), 0),
    (UnicodeEncodeError("ascii", "█", 0, 1, "ordinal not in range(128)"), 1),
    (RuntimeError("the display of somebody else"), 0),
    (MemoryError(), 1),
]


@pytest.mark.parametrize("asked", [True, None])
@pytest.mark.parametrize("make", [lambda: None, OnlyWrites, Unsure, closed, object])
def test_standard_error_of_every_kind(stderr, sandbox, make, asked):
    stderr(make())
    client = sandbox.client(max_update_bytes=1_024, page_size=10)
    result = update(client, asked)
    assert (result.rows, result.requests > 5) == (300, True)
    assert client.calls(progress=asked).num_rows == 300


@pytest.mark.parametrize(("error", "after"), BROKEN, ids=lambda value: type(value).__name__)
def test_standard_error_that_fails(stderr, sandbox, error, after):
    stream = stderr(Watched(error, after))
    client = sandbox.client(max_update_bytes=1_024, page_size=10)
    assert update(client, None).rows == 300
    assert stream.failures == 1  # It is given up at once.
    assert client.calls(progress=True).num_rows == 300
    assert stream.failures == 2


def test_a_display_that_has_gone_is_told_once_to_who_debugs(stderr, sandbox, caplog):
    caplog.set_level(logging.DEBUG, "converz")
    stderr(Watched(BrokenPipeError(32, "Broken pipe")))
    update(sandbox.client(max_update_bytes=1_024), True)
    told = [record for record in caplog.records if "no longer shown" in record.getMessage()]
    assert [(record.levelno, record.getMessage()) for record in told] == [
        (logging.DEBUG, "progress is no longer shown: BrokenPipeError(32, 'Broken pipe')")
    ]


class Bar:
    """tqdm's bar, or something that fails like it."""

    failing = ""
    made = 0

    def __init__(self, **options):
        self.start_t = self.n = 0
        self.disable = False
        type(self).made += 1
        self.check("__init__")

    def check(self, name):
        if name == self.failing:
            raise LookupError(name)

    def set_postfix_str(self, text, refresh):
        self.check("set_postfix_str")

    def update(self, rows):
        self.n += rows
        self.check("update")

    def close(self):
        self.check("close")


@pytest.mark.parametrize("failing", ["__init__", "set_postfix_str", "update", "close"])
def test_a_bar_that_fails(monkeypatch, sandbox, failing):
    stream = Watched()
    monkeypatch.setattr(progress, "sys", types.SimpleNamespace(stderr=stream, modules=sys.modules))
    bar = type("FailingBar", (Bar,), {"failing": failing})
    monkeypatch.setitem(sys.modules, "tqdm", types.SimpleNamespace(tqdm=bar))
    assert update(sandbox.client(max_update_bytes=1_024), True).rows == 300
    assert bar.made == 1
    # Without a bar there is the plain line; a bar that was there is not followed by another display.
    assert ("300/300 rows" in stream.text) == (failing == "__init__")


@pytest.mark.parametrize(
    "error", [ImportError("no tqdm"), SyntaxError("half installed"), OSError(24, "too many")]
)
def test_a_bar_that_cannot_be_imported(tmp_path, monkeypatch, sandbox, error):
    stream = Watched()
    monkeypatch.setattr(progress, "sys", types.SimpleNamespace(stderr=stream, modules=sys.modules))
    (tmp_path / "tqdm.py").write_text(f"raise {error!r}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tqdm", raising=False)
    assert update(sandbox.client(max_update_bytes=1_024), True).rows == 300
    assert "300/300 rows" in stream.text


class StopNowError(Exception):
    """What a handler raises."""


class Signalling(Watched):
    """A signal comes while it writes, whoever has to do with that."""

    def write(self, text: str) -> None:
        if not self.text:
            self.text = text
            signal.raise_signal(signal.SIGTERM)


def handlers():
    def function(number, frame):
        raise StopNowError

    class Handler:
        def method(self, number, frame):
            raise StopNowError

        def __call__(self, *arguments):
            # As handlers do that only count once.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            raise StopNowError

    return [function, Handler().method, Handler(), lambda *told: function(*told)]  # noqa: PLW0108


@pytest.mark.parametrize("handler", handlers())
def test_what_a_handler_raises_is_not_the_displays(stderr, sandbox, handler):
    stderr(Signalling())
    before = signal.signal(signal.SIGTERM, handler)
    try:
        with pytest.raises(StopNowError):
            sandbox.client(page_size=10).calls(progress=True)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_a_users_function_raises_is_the_users(sandbox):
    def fail(rows, size):
        raise BrokenPipeError(32, "theirs")

    with pytest.raises(BrokenPipeError, match="theirs"):
        sandbox.client(page_size=10).calls(progress=fail)


def test_a_closed_standard_error_and_a_log_that_writes_to_it(monkeypatch):
    """`logging` raises there; a retry is worth a warning, not an end."""
    stream = closed()
    monkeypatch.setattr(sys, "stderr", stream)
    handler = logging.StreamHandler(stream)
    logging.getLogger("converz").addHandler(handler)
    try:
        faults = [converz.Fault(request=1, status=503, retry_after=0)]
        with converz.Sandbox(calls=10, reps=2, faults=faults) as sandbox:
            calls = sandbox.client().calls()
        assert (calls.num_rows, calls.receipt.retries) == (10, 1)
    finally:
        logging.getLogger("converz").removeHandler(handler)


WARNED = """
import sys, warnings
import converz

sys.stderr.close()
warnings.simplefilter(sys.argv[2])
try:
    print(converz.Client(sys.argv[1], "key").calls().num_rows)
except converz.ConverzWarning as warning:
    print(type(warning).__name__)
"""


@pytest.mark.parametrize(("action", "told"), [("always", "1"), ("error", "ConverzWarning")])
def test_a_closed_standard_error_and_a_warning(run_python, serve, action, told):
    """Python's own `warnings` fails there, unless the warning is made an error."""
    rows = b'[{"call_id": "not a number"}]'
    url = serve(lambda asked: Answer(rows if asked.query.get("page") == "1" else b"[]"))
    assert run_python(url, action, code=WARNED).stdout.strip() == told
