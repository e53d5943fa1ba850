"""The documentation's site: it builds without a network, has every public name, and its links lead somewhere."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

import converz

pytest.importorskip("zensical", reason="needs zensical: pip install --requirement .ci/judges.txt")

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build a copy of the sources, with every way out of the machine closed."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), NOWHERE)
    return subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--clean", "--strict"],
        cwd=folder,
        env=os.environ | proxies | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def copied_into(folder: Path) -> Path:
    """What the site is made of."""
    for each in ("docs", "python", ".ci"):
        ignored = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
        shutil.copytree(ROOT / each, folder / each, ignore=ignored)
    shutil.copy(ROOT / "mkdocs.yml", folder)
    return folder


@pytest.fixture
def sources(tmp_path) -> Path:
    return copied_into(tmp_path)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    finished = build(copied_into(folder))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder / "site"


class Page(HTMLParser):
    """What a page is called by, what it links to, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("id"):
            self.ids.add(values["id"])
        if tag == "a" and values.get("href"):
            self.links.add(values["href"])
        elif tag in ("script", "img", "iframe", "source") and values.get("src"):
            self.loaded.add(values["src"])
        elif tag == "link" and values.get("href") and values.get("rel") not in ("canonical", "next", "prev"):
            self.loaded.add(values["href"])


@pytest.fixture(scope="module")
def pages(site) -> dict[str, Page]:
    """The pages by their addresses on the site."""
    found = {}
    for path in site.rglob("*.html"):
        address = path.relative_to(site).as_posix()
        # The 404 page is served at any depth, so its links start at the host.
        if address != "404.html":
            found["/" + address.removesuffix("index.html")] = Page(path)
    assert len(found) > 15
    return found


def public_names() -> list[str]:
    """Every public name of the package, and every public member of its classes but what exceptions inherit."""
    names = [f"converz.{name}" for name in converz.__all__]
    for name in converz.__all__:
        kind = getattr(converz, name)
        if inspect.isclass(kind):
            members = [member for member in vars(kind) if not member.startswith("_")]
            if issubclass(kind, BaseException) or hasattr(kind, "__dataclass_fields__"):
                # Their attributes are in the docstring, which a test of the docstrings checks.
                members = [member for member in members if callable(getattr(kind, member))]
            # What an asynchronous class has of the other's is documented there; a table of the reference says so.
            same = getattr(converz, name.removeprefix("Async")) if name.startswith("Async") else None
            members = [member for member in members if same is None or not hasattr(same, member)]
            names += [f"converz.{name}.{member}" for member in members if documented_by_itself(kind, member)]
    return names


def documented_by_itself(kind: type, member: str) -> bool:
    """Whether a member has a docstring of its own; attributes in slots are in their class's."""
    return not inspect.ismemberdescriptor(vars(kind)[member])


def test_every_public_name_is_there(pages):
    ids = set().union(*(page.ids for address, page in pages.items() if address.startswith("/reference/")))
    assert [name for name in public_names() if name not in ids] == []
    assert len(public_names()) > 80


def test_nothing_is_loaded_from_another_host(site, pages):
    assert sorted({url for page in pages.values() for url in page.loaded if urlsplit(url).netloc}) == []
    for path in site.rglob("*.css"):
        loaded = re.findall(r"(?:@import|url\()\s*[\"']?(https?:[^\"')]+)", path.read_text(encoding="utf-8"))
        assert loaded == [], path


def test_links_lead_somewhere(site, pages):
    broken = []
    for address, page in pages.items():
        for link in page.links | page.loaded:
            parts = urlsplit(urljoin(address, link))
            if parts.scheme or parts.netloc:
                continue
            target = pages.get(parts.path)
            if target is None:
                if not (site / unquote(parts.path).lstrip("/")).is_file():
                    broken.append((address, link))
            elif (
                parts.fragment
                and parts.fragment != "__comments"
                and unquote(parts.fragment) not in target.ids
            ):
                broken.append((address, link))
    assert broken == []


def test_examples_are_code(site):
    """Docstrings' examples are not taken for quotations, which `>>>` are in Markdown."""
    text = (site / "reference" / "client" / "index.html").read_text(encoding="utf-8")
    assert "<blockquote>" not in text
    assert text.count("&gt;&gt;&gt; ") + text.count('class="gp"') > 20


@pytest.mark.parametrize(
    "line",
    [
        "[a page](nowhere.md)",
        "[a heading](types.md#nowhere)",
        "[a name][converz.Nothing]",
        "::: converz.Nothing",
    ],
)
def test_what_is_broken_fails(line, sources):
    with (sources / "docs" / "index.md").open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    assert build(sources).returncode != 0
