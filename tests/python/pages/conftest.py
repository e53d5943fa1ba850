"""A page of a contact centre, and a browser to see it in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import converz
from support.worlds import need

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def browser():
    """
    Debian's Chromium, or the one of `playwright install chromium`.

    Of a module, no longer: as long as Playwright runs, so does its event loop in this thread, and `asyncio.run` of
    every test elsewhere would be refused.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as running:
        own = running.chromium.executable_path
        path = shutil.which("chromium") or (own if Path(own).exists() else None)
        if path is None:
            need("chromium", "apt-get install chromium, or playwright install chromium")
        browser = running.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def client() -> Iterator[converz.Client]:
    with converz.Sandbox(calls=9_000, reps=60, today="2025-07-15", seed=3) as sandbox:
        yield sandbox.client()


@pytest.fixture(scope="session")
def page(client, tmp_path_factory) -> Path:
    """A page whose last week is cut, and that has days which are not settled."""
    last = client.calls(start_date="2025-07-13", columns=["call_id"]).to_pydict()["call_id"]
    client.update_calls({"call_id": last, "summary": [None] * len(last)}, nulls="clear")
    path = tmp_path_factory.mktemp("page") / "page.html"
    converz.dashboard(client, end_date="2025-07-14").write(path)
    return path


@pytest.fixture
def visit(browser):
    """Open a file as a reader does; what the page complains of and asks for is kept in lists."""
    contexts = []

    def visit(path: Path, width: int = 1400, scheme: str = "light", locale: str = "en-GB"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale
        )
        contexts.append(context)
        tab = context.new_page()
        tab.said, tab.asked = [], []
        tab.on("console", lambda message: tab.said.append(message.text))
        tab.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.on("dialog", lambda dialog: (tab.said.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: tab.asked.append(request.url))
        tab.goto(path.as_uri())
        return tab

    yield visit
    for context in contexts:
        context.close()
