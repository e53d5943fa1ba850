"""The command ``converz``: a demonstration, and the sandbox for other programs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import Any

from converz import __version__, _core
from converz._sandbox.demo import demo
from converz._sandbox.sandbox import Sandbox
from converz._show.standard_error import StandardError
from converz.errors import ConverzError

__all__ = ["main"]

API_KEY = "CONVERZ_SANDBOX_API_KEY"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    try:
        try:
            return _run(_parser().parse_args(arguments))
        finally:
            # As in `Sandbox`: they may hold the key, and tracebacks show what a function's variables hold.
            arguments = None
            # None where the output was closed from the beginning.
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough. Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(options: argparse.Namespace) -> int:
    try:
        if options.command == "demo":
            demo()
        else:
            _sandbox(options)
    except ConverzError as error:
        # Whether or not it can be read, the status is that of the error.
        StandardError(sys.stderr).write(f"converz: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="converz", description="The Arrow-native client of the Converz Data API."
    )
    parser.add_argument("--version", action="version", version=f"converz {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="read, report and write back against a sandbox in this process")
    sandbox = commands.add_parser(
        "sandbox",
        help="serve the whole API on 127.0.0.1 until Ctrl-C",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    sandbox.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    sandbox.add_argument("--calls", type=int, default=10_000, help="conversations")
    sandbox.add_argument("--reps", type=int, default=100, help="users")
    sandbox.add_argument("--days", type=int, default=90, help="days with conversations")
    sandbox.add_argument("--seed", type=int, default=0, help="chooses the data")
    sandbox.add_argument("--today", help="last day with data, such as 2025-07-15; the real one if left out")
    sandbox.add_argument("--path", help="file to keep the data in; memory if left out")
    sandbox.add_argument(
        "--api-key",
        # No value of a namespace that an error's traceback would show. That of the environment is read later, since
        # help shows defaults.
        type=_core.Secret,
        help="key to expect, which every user of this machine can see in its list of processes: the environment "
        f"variable {API_KEY} is safer; one is made up if both are left out",
    )
    return parser


def _sandbox(options: argparse.Namespace) -> None:
    is_hidden = options.api_key is None and bool(os.environ.get(API_KEY))
    # What a constructor takes, in a form that no traceback of one that failed shows.
    key: Any = _core.Secret(os.environ[API_KEY]) if is_hidden else options.api_key
    with Sandbox(
        calls=options.calls,
        reps=options.reps,
        days=options.days,
        seed=options.seed,
        today=options.today,
        path=options.path,
        port=options.port,
        api_key=key,
    ) as sandbox:
        print(f"URL      {sandbox.url}")
        if is_hidden:
            print(f"API key  that of {API_KEY}")
            print(f'Try      curl -H "X-API-Key: ${API_KEY}" \\')
        else:
            print(f"API key  {sandbox.api_key}")
            print(f"Try      curl -H 'X-API-Key: {sandbox.api_key}' \\")
        print(f"           '{sandbox.url}/api/v1/calls?n_per_page=3'")
        print("Ctrl-C stops it.", flush=True)
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        # Ctrl-C raises KeyboardInterrupt out of the wait.
        stop.wait()


if __name__ == "__main__":
    sys.exit(main())
