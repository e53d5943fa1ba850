"""Does what it is told on standard input, and says what became of its signals' handlers. See test_signals.py."""

import functools
import json
import signal
import sys
import time

import converz
from trust.interrupted import DO


class TimeIsUpError(Exception):
    """What a handler of SIGALRM raises."""


class Reloaded(BaseException):
    """What a handler of SIGUSR1 raises."""


NOTICED = []


def leave(*_):
    sys.exit(7)


def stop(*_):
    message = "60 s"
    raise TimeIsUpError(message) from KeyError("cause")


def reload(*_):
    raise Reloaded


def notice(number, _):
    NOTICED.append(number)


HANDLERS = {"SIGTERM": leave, "SIGALRM": stop, "SIGUSR1": reload}


def wait_for_handler():
    """Give Python the chance to run it: between any two steps."""
    end = time.monotonic() + 1
    while time.monotonic() < end:
        time.sleep(0.01)


def plainly(work, _):
    """Do the work, and wait for a handler that runs only after the error of a library."""
    try:
        work()
    except TimeIsUpError:
        raise
    except Exception:
        wait_for_handler()
        raise


def carefully(work, answer):
    """Do the work like a program that goes on whatever happens."""
    try:
        work()
    except TimeIsUpError as error:
        answer["caught"] = type(error).__name__
    except Exception as error:
        answer["caught"] = type(error).__name__
        # What is raised here is not lost, either.
        wait_for_handler()


def traced(work, answer):
    """Do the work like under a debugger."""
    sys.settrace(lambda *_: None)
    try:
        carefully(work, answer)
    finally:
        sys.settrace(None)


def account(error):
    """Return what is said of an update, behind whatever else the error comes from."""
    while error is not None and not isinstance(error, converz.UpdateError):
        error = error.__cause__
    return error and [error.committed, error.in_doubt, error.unsent, error.remaining.num_rows]


def main():
    client = converz.Client(sys.argv[1], "key", page_size=10, max_concurrency=1, max_update_bytes=1024)
    client.reps()
    for line in sys.stdin:
        task = json.loads(line)
        for name, handler in HANDLERS.items():
            signal.signal(getattr(signal, name), notice if task["how"] == "noticed" else handler)
        NOTICED.clear()
        answer = {"caught": None, "raised": None}
        work = functools.partial(DO[task["do"]], client)
        try:
            match task["how"]:
                case "carefully":
                    carefully(work, answer)
                case "traced":
                    traced(work, answer)
                case _:
                    plainly(work, answer)
        except BaseException as error:
            answer["raised"] = type(error).__name__
            answer["code"] = getattr(error, "code", None)
            answer["account"] = account(error)
        answer["at"] = time.monotonic()
        answer["noticed"] = NOTICED
        answer["works"] = client.reps().num_rows
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
