"""What a signal's handler raises comes out as it is, whatever library reads a stream, and is never swallowed with the
library's own errors."""

import signal
import time

import pytest

from support.server import Server
from trust.test_interrupts import LONGEST, Program, Service

RAISED = {"SIGTERM": "SystemExit", "SIGALRM": "TimeIsUpError", "SIGUSR1": "Reloaded"}
SCANS = ["scan", "scan head", "scan streaming", "scan batches", "scan join"]
# These wait for batches in threads of their own while Python waits for them: the handlers of signals that are not there
# to end anything run when the query is over.
THREADS = ["duckdb", "pyarrow dataset", "pyarrow dataset reader", *SCANS]
DO = ["calls", "loop", "pyarrow", "pyarrow reader", "polars", "pandas", *THREADS]
# Of these no code of ours runs in the main thread before the library's error is raised there: the handler runs right
# after it.
LATE = ["pyarrow dataset reader", *SCANS]
CASES = [(do, name) for do in DO for name in RAISED if do not in THREADS or name != "SIGUSR1"]


@pytest.fixture(scope="module")
def service():
    return Service()


@pytest.fixture(scope="module")
def server(service):
    with Server(service) as server:
        yield server


@pytest.fixture
def program(server, programs, tmp_path_factory):
    return programs(
        lambda: Program(server.url, tmp_path_factory.mktemp("program") / "errors", "signalled.py")
    )


def signalled(program, server, service, do, name, how):
    service.phase = "second page"
    server.stalled.clear()
    program.tell(do, how=how)
    server.wait_until_stalled()
    time.sleep(0.1)
    answer = program.interrupt(getattr(signal, name))
    assert answer["seconds"] < LONGEST, answer
    assert answer["works"] == 1, answer
    return answer


@pytest.mark.parametrize(("do", "name"), CASES)
def test_what_a_handler_raises_comes_out(program, server, service, do, name):
    answer = signalled(program, server, service, do, name, "plainly")
    assert answer["raised"] == RAISED[name], answer
    assert answer["code"] == (7 if name == "SIGTERM" else None)


@pytest.mark.parametrize(("do", "name"), CASES)
def test_it_is_not_swallowed_with_errors_of_the_library(program, server, service, do, name):
    answer = signalled(program, server, service, do, name, "carefully")
    # An exception that is an error is caught as what it is.
    caught = RAISED[name] if name == "SIGALRM" and do not in LATE else None
    assert answer["caught"] == caught or do in LATE, answer
    assert answer["raised"] == (None if caught else RAISED[name]), answer


@pytest.mark.parametrize("do", ["loop", "pyarrow", "polars", "pandas", "duckdb"])
def test_under_a_debugger_it_comes_after_the_library_s_error(program, server, service, do):
    answer = signalled(program, server, service, do, "SIGTERM", "traced")
    assert answer["raised"] == "SystemExit", answer


# duckdb's threads cannot wait and see what the handler does.
@pytest.mark.parametrize("do", ["calls", "loop", "pyarrow", "polars", "pandas"])
def test_a_handler_that_raises_nothing_disturbs_nothing(program, server, service, do):
    service.phase = "late page"
    service.go_on.clear()
    server.stalled.clear()
    program.tell(do, how="noticed")
    server.wait_until_stalled()
    program.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    service.go_on.set()
    answer = program.answer()
    assert answer["raised"] is None, answer
    assert answer["noticed"] == [signal.SIGTERM]


def test_a_handler_that_raises_nothing_is_called_once_after_duckdb(program, server, service):
    for _ in range(3):
        service.phase = "late page"
        service.go_on.clear()
        server.stalled.clear()
        program.tell("duckdb", how="noticed")
        server.wait_until_stalled()
        time.sleep(0.1)
        program.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        service.go_on.set()
        answer = program.answer()
        assert answer["raised"] in (None, "InvalidInputException"), answer
        assert answer["noticed"] == [signal.SIGTERM], answer


@pytest.mark.parametrize("name", RAISED)
def test_what_was_committed_is_behind_what_a_handler_raises(program, server, service, name):
    service.phase = "update"
    service.posts = 0
    server.stalled.clear()
    program.tell("update", how="plainly")
    server.wait_until_stalled()
    answer = program.interrupt(getattr(signal, name))
    assert answer["raised"] == RAISED[name]
    assert answer["account"] == [[[0, 2]], [[2, 3]], [[3, 4]], 2]
