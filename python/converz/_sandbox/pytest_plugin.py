"""Fixtures of pytest: a sandbox and a client of it, for each test anew, and recordings.

pytest finds them by itself where the package is installed, and so imports this file whatever it tests: what only fixtures
need is imported in them.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from converz._client.client import Client
    from converz._sandbox.recording import Recording
    from converz._sandbox.sandbox import Sandbox

__all__ = [
    "converz_client",
    "converz_recording",
    "converz_sandbox",
    "pytest_addoption",
    "pytest_configure",
    "pytest_runtest_makereport",
]

DEFAULTS = {"calls": 300, "reps": 12, "days": 30}
"""What a sandbox has unless a test says otherwise: little, since most tests need little."""

SERVING = ("faults", "port", "api_key")
"""What is no part of a sandbox's data."""


FOLDER = "cassettes"
"""Where recordings are, beside the file of their test."""

FAILED = pytest.StashKey[bool]()
"""Whether the test itself failed, so that what it recorded is not kept."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Make the option known."""
    parser.getgroup("converz").addoption(
        "--converz-record",
        choices=("none", "new", "all"),
        help="what recordings of the fixture converz_recording ask the service for: nothing, what they do not have, or "
        "everything anew; by default everything where there is no recording yet, and else nothing",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test failed, for the fixtures that end after it."""
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    config.addinivalue_line(
        "markers", "converz_recording(**options): how the test is recorded, as converz.Recording takes it"
    )
    config.addinivalue_line(
        "markers", "converz(**options): what the sandbox of the test is like, as converz.Sandbox takes it"
    )


@pytest.fixture(scope="session")
def _converz_seeded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], Path]:
    """Make the data of some options once, into a file that tests get copies of."""
    from converz._sandbox.sandbox import Sandbox

    folder = tmp_path_factory.mktemp("converz")
    files: dict[str, Path] = {}

    def seeded(options: dict[str, Any]) -> Path:
        name = repr(sorted(options.items()))
        if name not in files:
            path = folder / f"{len(files)}.db"
            Sandbox(path=path, **options).stop()
            files[name] = path
        return files[name]

    return seeded


@pytest.fixture
def converz_sandbox(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    _converz_seeded: Callable[[dict[str, Any]], Path],
) -> Iterator[Sandbox]:
    """Give a sandbox of the test's own, to which clients from the environment connect.

    It has 300 conversations of 30 days and 12 users; ``@pytest.mark.converz(calls=1_000, faults=[...])`` says otherwise,
    with the arguments of `converz.Sandbox`.
    """
    from converz._sandbox.sandbox import Sandbox

    marker = request.node.get_closest_marker("converz")
    options: dict[str, Any] = DEFAULTS | (dict(marker.kwargs) if marker else {})
    serving = {name: options.pop(name) for name in SERVING if name in options}
    path = options.pop("path", None)
    if path is None:
        path = tmp_path / "converz.db"
        shutil.copyfile(_converz_seeded(options), path)
    with Sandbox(path=path, **serving) as sandbox:
        monkeypatch.setenv("CONVERZ_BASE_URL", sandbox.url)
        monkeypatch.setenv("CONVERZ_API_KEY", sandbox.api_key)
        yield sandbox


@pytest.fixture
def converz_client(converz_sandbox: Sandbox) -> Client:
    """Give a client of the test's sandbox."""
    return converz_sandbox.client()


@pytest.fixture
def converz_recording(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recording]:
    """Give a recording of the test's own, whose client and clients from the environment answer from a file.

    The file is ``cassettes/<module>/<test>.json`` beside the test's. It is made when there is none, as ``--converz-record``
    says, by asking the service of the environment, and kept if the test passes.
    ``@pytest.mark.converz_recording(safe=["language"], path="other.json")`` says otherwise, with the arguments of
    `converz.Recording`; a relative path is meant from the folder of the test's file.
    """
    from converz._sandbox.recording import Recording

    marker = request.node.get_closest_marker("converz_recording")
    options: dict[str, Any] = dict(marker.kwargs) if marker else {}
    name = re.sub(r"[^\w.\-]+", "_", request.node.name).strip("._") or "test"
    path = Path(options.pop("path", Path(FOLDER, request.path.stem, f"{name}.json")))
    record = request.config.getoption("--converz-record")
    if record is not None:
        options["record"] = record
    recording = Recording(request.path.parent / path, **options)
    try:
        monkeypatch.setenv("CONVERZ_BASE_URL", recording.url)
        monkeypatch.setenv("CONVERZ_API_KEY", recording.api_key)
        yield recording
    finally:
        recording._close(keep=not request.node.stash.get(FAILED, True))
