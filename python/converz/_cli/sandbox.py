"""``converz sandbox``: the whole API on 127.0.0.1, for other programs."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

from converz import _core
from converz._cli.command import Command
from converz._cli.fault_option import fault
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from converz._sandbox.sandbox import Sandbox

__all__ = ["COMMAND"]

API_KEY = "CONVERZ_SANDBOX_API_KEY"
OF_PSEUDONYMS = "CONVERZ_RECORDING_SECRET"


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen on; 0, the default, takes a free one"
    )
    parser.add_argument("--calls", type=int, default=10_000, help="conversations (default: 10000)")
    parser.add_argument("--reps", type=int, default=100, help="users (default: 100)")
    parser.add_argument("--days", type=int, default=90, help="days with conversations (default: 90)")
    parser.add_argument("--seed", type=int, default=0, help="chooses the data (default: 0)")
    parser.add_argument("--today", help="last day with data, such as 2025-07-15; the real one if left out")
    parser.add_argument(
        "--no-story",
        dest="story",
        action="store_false",
        help="data in which nothing happens besides every day",
    )
    parser.add_argument("--path", metavar="FILE", help="file to keep the data in; memory if left out")
    parser.add_argument(
        "--calls-from",
        metavar="FILE",
        help="conversations instead of made-up ones: a file of JSON as the API answers it, or of Parquet, CSV, NDJSON or "
        "Arrow, which polars reads",
    )
    parser.add_argument("--reps-from", metavar="FILE", help="users instead of made-up ones, as --calls-from")
    parser.add_argument(
        "--replay",
        metavar="FILE",
        help="answer from a recording instead, as converz.Recording makes it, and refuse what it does not have; only --port "
        "and --api-key go with it",
    )
    parser.add_argument(
        "--api-key",
        # No value of a namespace that an error's traceback would show. That of the environment is read later, since
        # help shows defaults.
        type=_core.Secret,
        help="key to expect, which every user of this machine can see in its list of processes: the environment "
        f"variable {API_KEY} is safer; one is made up if both are left out",
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=fault,
        metavar="FAULT",
        help="how to misbehave, such as operation=calls,request=1,status=503; the parts are those of converz.Fault, "
        "several requests are 1+2. May be repeated",
    )


def _run(options: argparse.Namespace) -> int:
    is_hidden = options.api_key is None and bool(os.environ.get(API_KEY))
    # What a constructor takes, in a form that no traceback of one that failed shows.
    key: Any = _core.Secret(os.environ[API_KEY]) if is_hidden else options.api_key
    if options.replay is not None:
        _refuse_options_of_data(options)
        recording = _core.Recording(
            options.replay,
            record="none",
            client=None,
            secret=_core.Secret(os.environ.get(OF_PSEUDONYMS) or None),
            anonymised=True,
            safe=(),
            hide=(),
            shift_weeks=0,
            port=options.port,
            api_key=_core.Secret(key),
        )
        try:
            _serve(recording, is_hidden=is_hidden)
        finally:
            recording.close(keep=False)
        return 0
    from converz._cli.rows_file import rows_of_file
    from converz._sandbox.sandbox import Sandbox

    own = {
        name: rows_of_file(path)
        for name, path in (("calls", options.calls_from), ("reps", options.reps_from))
        if path is not None
    }
    with Sandbox(
        calls=options.calls,
        reps=options.reps,
        days=options.days,
        seed=options.seed,
        today=options.today,
        story=options.story,
        path=options.path,
        port=options.port,
        api_key=key,
        faults=options.fault,
    ) as sandbox:
        if own:
            sandbox.load(**own)
        _serve(sandbox, is_hidden=is_hidden)
    return 0


def _refuse_options_of_data(options: argparse.Namespace) -> None:
    given = [
        f"--{name.replace('_', '-')}"
        for name in ("path", "calls_from", "reps_from", "today", "fault")
        if getattr(options, name)
    ]
    if given:
        message = f"--replay serves a recording as it is: leave out {given[0]}"
        raise InvalidInputError(message)


def _serve(service: Sandbox | _core.Recording, *, is_hidden: bool) -> None:
    """Say where it is, and wait for the end."""
    print(f"URL      {service.url}")
    if is_hidden:
        print(f"API key  that of {API_KEY}")
        print(f'Try      curl -H "X-API-Key: ${API_KEY}" \\')
    else:
        print(f"API key  {service.api_key}")
        print(f"Try      curl -H 'X-API-Key: {service.api_key}' \\")
    print(f"           '{service.url}/api/v1/calls?n_per_page=3'")
    print("Ctrl-C stops it.", flush=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    # Ctrl-C raises KeyboardInterrupt out of the wait.
    stop.wait()


COMMAND = Command(
    _add_options,
    _run,
    """\
  converz sandbox
  converz sandbox --port 8080 --calls 100000 --path centre.db
  converz sandbox --calls-from calls.parquet --reps-from reps.json
  converz sandbox --replay cassettes/monday.json
  converz sandbox --fault operation=calls,request=1,status=503""",
)
