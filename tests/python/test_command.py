"""The command: ``converz sandbox`` for other programs and ``converz demo``."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import traceback
import urllib.request
from pathlib import Path

import pytest

import converz
from converz.__main__ import main
from support import processes
from support.command import COMMAND
from support.processes import block_imports, clean_environment


def started(*arguments: str, **variables: str):
    return processes.started([*COMMAND, *arguments], clean_environment() | variables)


def lines_until(process, last: str) -> list[str]:
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if last in line:
            return lines
    pytest.fail(f"it ended: {lines} {process.stderr.read()}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sandbox_for_other_programs(number):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with started(
        "sandbox", "--port", str(port), "--calls", "20", "--reps", "3", "--today", "2025-07-15"
    ) as process:
        lines = lines_until(process, "Ctrl-C stops it.")
        assert max(map(len, lines)) < 80
        url_line, key_line, *curl_lines, last = lines
        url, key = url_line.split()[-1], key_line.split()[-1]
        assert url == f"http://127.0.0.1:{port}"
        # The line to try is one for a shell; what it asks for is what it says.
        # A shell goes on after a backslash at the end of a line, which `shlex` does not know.
        assert [line.endswith("\\") for line in curl_lines] == [True, False]
        words = shlex.split(" ".join(line.rstrip("\\") for line in curl_lines).removeprefix("Try"))
        assert words[:2] == ["curl", "-H"]
        assert words[2] == f"X-API-Key: {key}"
        request = urllib.request.Request(words[3], headers=dict([words[2].split(": ")]))
        with urllib.request.urlopen(request, timeout=30) as answer:
            rows = json.load(answer)
        assert [row["call_id"] for row in rows] == [1, 2, 3]
        assert converz.Client(url, key).calls().num_rows == 20

        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert process.returncode == (130 if number == signal.SIGINT else 0)
        assert (out, err) == ("", "")
    with socket.create_server(("127.0.0.1", port)):
        pass  # The port is free again.


def test_a_sandbox_whose_key_is_in_the_environment(monkeypatch):
    """Where nobody else sees it: not in the list of processes, and not in what is printed, which is often kept."""
    with started("sandbox", "--calls", "3", CONVERZ_SANDBOX_API_KEY="key-of-the-environment") as process:
        lines = lines_until(process, "Ctrl-C stops it.")
        url = lines[0].split()[-1]
        assert "key-of-the-environment" not in "".join(lines)
        assert lines[1] == "API key  that of CONVERZ_SANDBOX_API_KEY"
        command = " ".join(line.rstrip("\\") for line in lines[2:4]).removeprefix("Try")
        assert max(map(len, lines)) < 80
        assert converz.Client(url, "key-of-the-environment").calls().num_rows == 3
        # The shell knows it.
        monkeypatch.setenv("CONVERZ_SANDBOX_API_KEY", "key-of-the-environment")
        words = subprocess.run(
            f"printf '%s\\n' {command.strip()}", shell=True, check=True, capture_output=True, text=True
        ).stdout.splitlines()
        assert words[2] == "X-API-Key: key-of-the-environment"


def test_a_key_on_the_command_line_is_one_that_all_see():
    with started("sandbox", "--api-key", "chosen", CONVERZ_SANDBOX_API_KEY="another") as process:
        lines = lines_until(process, "Ctrl-C stops it.")
        assert lines[1].split()[-1] == "chosen"
        assert converz.Client(lines[0].split()[-1], "chosen").reps(limit=1).num_rows == 1
    told = " ".join(
        subprocess.run(
            [*COMMAND, "sandbox", "--help"],
            check=True,
            env=clean_environment() | {"CONVERZ_SANDBOX_API_KEY": "key-of-the-environment"},
            capture_output=True,
            text=True,
        ).stdout.split()
    )
    assert "every user of this machine can see" in told
    assert "CONVERZ_SANDBOX_API_KEY" in told
    assert "key-of-the-environment" not in told


def test_a_key_that_cannot_be_one_is_not_shown():
    ended = subprocess.run(
        [*COMMAND, "sandbox"],
        check=False,
        env=clean_environment() | {"CONVERZ_SANDBOX_API_KEY": "two words"},
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "converz: api_key must be visible ASCII characters without blanks\n"


@pytest.mark.parametrize("rest", [["--calls", "many"], ["--port", "70000"]])
def test_a_key_among_the_arguments_of_a_function_is_not_shown(monkeypatch, capsys, rest):
    class MakingFailedError(Exception):
        pass

    def fail(*_args, **_options):
        raise MakingFailedError

    monkeypatch.setattr("converz._sandbox.sandbox.Sandbox", fail)
    with pytest.raises((MakingFailedError, SystemExit)) as caught:
        main(["sandbox", "--api-key", "key-of-a-caller", *rest])
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    room = Path(main.__code__.co_filename).parent
    ours = [frame.locals for frame in frames if Path(frame.filename).parent == room]
    assert len(ours) >= 1
    assert "key-of-a-caller" not in str(ours) + "".join(capsys.readouterr())


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_seen_enough_is_no_error(monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with started("demo") as process:
        # Without a buffer, after the first line; with one, when everything is written at the end.
        assert not unbuffered or process.stdout.readline()
        process.stdout.close()
        assert (process.wait(30), process.stderr.read()) == (141, "")
        process.stdout = None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize(
    ("arguments", "status", "told"), [("demo", 0, "conversations are reviewed"), ("sandbox --days 0", 2, "")]
)
def test_an_error_output_that_takes_nothing_changes_nothing(arguments, status, told, stderr):
    ended = subprocess.run(
        f"{shlex.join(COMMAND)} {arguments} {stderr}",
        check=False,
        shell=True,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert ended.returncode == status
    assert told in ended.stdout
    assert told or not ended.stdout


@pytest.mark.parametrize("arguments", ["demo", "--version", "sandbox --help"])
def test_an_output_nobody_reads_is_no_error(arguments):
    python = shlex.join(COMMAND)
    closed = subprocess.run(
        f"{python} {arguments} >&-",
        check=False,
        shell=True,
        env=clean_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert closed.returncode == 0
    # Help and version go there instead.
    assert "Traceback" not in closed.stderr
    assert "Exception" not in closed.stderr
    gone = subprocess.run(
        ["bash", "-c", f"{python} {arguments} | :; echo ${{PIPESTATUS[0]}}"],
        check=True,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    # It may have been done before the reader had gone.
    assert gone.stdout.strip() in ("0", "141")
    assert gone.stderr == ""


def test_options_of_the_sandbox(tmp_path):
    path = tmp_path / "centre.db"
    options = [
        "--path",
        str(path),
        "--api-key",
        "chosen",
        "--calls",
        "7",
        "--reps",
        "2",
        "--days",
        "3",
        "--seed",
        "5",
    ]
    with started("sandbox", *options, "--today", "2025-07-15") as process:
        url = lines_until(process, "Ctrl-C stops it.")[0].split()[-1]
        calls = converz.Client(url, "chosen").calls()
    with converz.Sandbox(calls=7, reps=2, days=3, seed=5, today="2025-07-15") as sandbox:
        assert sandbox.client().calls() == calls
    assert path.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sandbox", "--days", "0"], "days is 0"),
        (["sandbox", "--today", "yesterday"], 'today="yesterday"'),
        (["sandbox", "--port", "99999"], "port=99999 is not a whole number from 0 to 65535"),
        (["sandbox", "--path", "/does/not/exist/a.db"], "/does/not/exist"),
    ],
)
def test_errors_are_one_line(capsys, arguments, says):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("converz: ")
    assert err.count("\n") == 1
    assert says in err


@pytest.mark.parametrize("arguments", [["nonsense"], ["sandbox", "--calls", "many"], ["demo", "--fast"]])
def test_wrong_usage(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("converz: ")
    assert "--help says what there is" in line


def test_help_and_version(capsys):
    for arguments, says in (
        (["--help"], "demo"),
        (["sandbox", "--help"], "--port"),
        (["--version"], "converz "),
    ):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
        assert says in capsys.readouterr().out
    assert converz.__version__ in converz._core.__version__


def check_demo(lines: list[str]) -> None:
    """What the demonstration must have shown, whatever the day."""
    assert max(map(len, lines)) <= 80
    # Three commands that there are, each in a line of its own.
    *lines, blank, title, first, second, third = lines
    assert (blank, title) == ("", "Try next:")
    assert [each.split()[:2] for each in (first, second, third)] == [
        ["converz", name] for name in ("sandbox", "describe", "calls")
    ]
    text = "\n".join(lines)
    assert re.search(r"^call_id +campaign +csat +talk_ratio$", text, re.MULTILINE)
    assert "A sandbox of the Converz Data API listens on http://127.0.0.1:" in text
    assert "Table: 100 rows, 8 columns" in text
    assert re.search(r"Table: 10,000 rows, \d+ columns", text)
    assert re.search(r"^types: call_id int64, ", text, re.MULTILINE)
    assert re.search(r"^ *year +week +campaign +csat +conversations$", text, re.MULTILINE)
    # Averages, of which nobody reads more.
    assert max(map(len, re.findall(r"\b\d+\.(\d+)", text.partition("client.update_calls")[0]))) <= 3
    assert "300 cells of 300 rows set in 1 request" in text
    assert "300 of 10,000 conversations are reviewed" in text
    assert re.search(
        r"^[\d,]+ rows read and 300 written in \d+ requests; [\d.]+ MB of JSON\n"
        r"\([\d.]+ MB on the wire\); [\d.]+ s in all$",
        "\n".join(lines[-2:]),
    )
    # Traceable numbers, not only their form: 100 reps, twice 10,000 calls, and the report's groups.
    rows = int(lines[-2].split()[0].replace(",", ""))
    groups = int(re.findall(r"Table: (\d+) rows, 5 columns", text)[-1])
    assert rows == 100 + 2 * 10_000 + groups


def test_demo():
    finished = subprocess.run(
        [*COMMAND, "demo"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""  # There is no terminal, so there is no progress.
    check_demo(finished.stdout.rstrip("\n").split("\n"))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("blocked", [[], ["tqdm"]], ids=["tqdm", "plain"])
def test_demo_in_a_terminal(blocked):
    """A terminal of 80 columns: progress is shown on it, and nothing is wider."""
    import fcntl
    import pty
    import struct
    import termios

    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    code = block_imports(blocked) + "from converz.__main__ import main; sys.exit(main(['demo']))"
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        env=clean_environment() | {"TERM": "xterm"},
        stdin=child,
        stdout=subprocess.PIPE,
        stderr=child,
        text=True,
    )
    os.close(child)
    shown = read_terminal(parent)
    out, _ = process.communicate(timeout=100)
    assert process.returncode == 0, shown
    check_demo(out.rstrip("\n").split("\n"))
    assert "calls: " in shown
    assert "rows" in shown
    visible = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", shown)
    assert max(len(line) for line in re.split(r"[\r\n]", visible)) <= 80


def read_terminal(parent: int) -> str:
    """Everything that a program writes on its terminal, until it ends."""
    parts = []
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        try:
            part = os.read(parent, 65536)
        except OSError:  # Linux says so when the other side is closed.
            break
        if not part:
            break
        parts.append(part)
    os.close(parent)
    return b"".join(parts).decode()
