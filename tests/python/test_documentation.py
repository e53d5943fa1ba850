"""The documentation runs: README, pages, docstrings, the notebook. And it is complete."""

from __future__ import annotations

import ast
import builtins
import contextlib
import doctest
import importlib
import inspect
import io
import pkgutil
import re
from pathlib import Path

import pytest

import converz
from converz import _core
from support import notebooks

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "docs").rglob("*.md"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
HOSTS = ("converz.airflow.", "converz.spark.")
"""What only runs where the host is, and is tested there."""
VERBS = [name for name in converz.__all__ if inspect.isfunction(getattr(converz, name))]
CLASSES = [
    name
    for name in converz.__all__
    if inspect.isclass(getattr(converz, name)) and not issubclass(getattr(converz, name), BaseException)
]
ERRORS = [
    name
    for name in converz.__all__
    if inspect.isclass(getattr(converz, name)) and issubclass(getattr(converz, name), BaseException)
]


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_readme(tmp_path, monkeypatch):
    """Its Python blocks, in order, in one namespace as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    python = blocks("python")
    assert len(python) >= 6
    out = io.StringIO()
    try:
        for position, code in enumerate(python):
            with contextlib.redirect_stdout(out):
                exec(compile(code, f"README.md, Python block {position + 1}", "exec"), names)
    finally:
        if "sandbox" in names:
            names["sandbox"].stop()
    assert "Table: " in out.getvalue()
    assert "rows in 1 request" in out.getvalue()
    assert (tmp_path / "calls.parquet").stat().st_size > 0


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages(path, tmp_path, monkeypatch):
    """The Python blocks of a page, as the README's. What is no code of Python says so: sh or text."""
    monkeypatch.chdir(tmp_path)
    # dlt tells nobody, and keeps its folders here.
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    text = path.read_text(encoding="utf-8")
    fences = re.findall(r"^```.*$", text, re.MULTILINE)
    # What is marked as py has a test of its own, since it needs what only that asks for.
    assert set(fences) <= {"```", "```python", "```py", "```sh", "```text"}, fences
    assert path.parent.name != "guides" or len(blocks("python", text)) >= 4
    names: dict[str, object] = {"__name__": "__main__"}
    try:
        for position, code in enumerate(blocks("python", text)):
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(code, f"{path.name}, Python block {position + 1}", "exec"), names)
    finally:
        # A second time does no harm, and a page whose block failed did not get there.
        if "sandbox" in names:
            names["sandbox"].stop()
        if "pipeline" in names:
            names["pipeline"].deactivate()


def test_the_commands_of_the_readme():
    """They are tried elsewhere (`converz demo`, the suite itself, cli/test_listing.py); here only that they are still the ones."""
    commands = "".join(blocks("sh"))
    assert commands.splitlines() == [
        "python3 -m venv .venv && . .venv/bin/activate && pip install . && converz demo",
        "tests/run",
        "converz calls --start-date 2025-07-01 --metric csat -o calls.parquet",
    ]
    assert (ROOT / "tests" / "run").stat().st_mode & 0o100
    assert not re.findall(r"^```(?!python\n|py\n|sh\n|$).*", README, re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_of_what_the_forge_shows(name):
    """The links of the site's pages are the site's; see test_site.py."""
    for target in re.findall(r"\]\(([^)]+)\)", (ROOT / name).read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (ROOT / target).exists(), target


PROSE = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")), *PAGES]


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_files_in_prose(path):
    """A file that a document names is there: `src/query.rs` by its path, `types.rs` anywhere in the sources."""
    spans = re.findall(
        r"`([^`\n]+)`",
        re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL),
    )
    words = [word for span in spans for word in span.split()]
    made_by_runs = {"fuzz/artifacts"}
    for word in words:
        if re.match(r"(notebooks|tests|src|python|docs|fuzz|\.ci|\.github)/", word) and "ROOM" not in word:
            assert word in made_by_runs or (ROOT / word).exists(), word
        elif re.fullmatch(r"[a-z_]+\.(rs|pyi?|toml|yml|md)", word):
            assert (ROOT / word).exists() or any(
                next((ROOT / top).rglob(word), None) for top in ("src", "python", "tests")
            ), word


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_names_in_prose(path):
    for name in re.findall(r"`converz\.(\w+)", path.read_text(encoding="utf-8")):
        assert hasattr(converz, name), name


def test_every_error_has_its_line():
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[`(\w+)`\]", page, re.MULTILINE)
    assert sorted([*listed, "ConverzError", "ConverzWarning"]) == sorted(ERRORS)
    assert "[`ConverzWarning`]" in page


def examples():
    """Every example of every docstring of the package, by the name of its object."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = {}
    for module in pkgutil.walk_packages(converz.__path__, "converz."):
        if not module.name.endswith(("__main__", "_core")) and not module.name.startswith(HOSTS):
            for test in finder.find(importlib.import_module(module.name)):
                if test.examples:
                    found[test.name] = test
    for test in finder.find(converz, "converz"):
        if test.examples:
            found[test.name] = test
    return found


EXAMPLES = examples()


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    out = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST)
    # Nothing that happens to be in the module: what an example uses, it imports.
    test = EXAMPLES[name]
    test.globs = {"__name__": "__main__"}
    failed, tried = runner.run(test, out=out.write, clear_globs=True)
    assert failed == 0, out.getvalue()
    assert tried > 0


def example_of(thing: object) -> str:
    documentation = inspect.getdoc(thing) or ""
    return documentation.partition("Example:")[2]


@pytest.mark.parametrize("name", VERBS + CLASSES + ERRORS)
def test_every_public_name_has_an_example(name):
    assert ">>> " in example_of(getattr(converz, name))


@pytest.mark.parametrize(
    "name",
    [
        f"{kind}.{member}"
        for kind in CLASSES
        for member in sorted(vars(getattr(converz, kind)))
        if member[0] != "_"
    ],
)
def test_every_public_method_has_an_example(name):
    kind, _, member = name.partition(".")
    method = getattr(getattr(converz, kind), member)
    assert not callable(method) or ">>> " in example_of(method)


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_says_its_defaults(name):
    """Where it is called, and not by pointing to another verb."""
    function = getattr(converz, name)
    args = inspect.getdoc(function).partition("Args:\n")[2].partition("\n\n")[0]
    entries = dict(re.findall(r"^    (\w+): (.*?)(?=^    \w|\Z)", args, re.MULTILINE | re.DOTALL))
    assert not [argument for argument, text in entries.items() if text.startswith("As in")]
    own = {"limit", "schema", "parse_dates", "progress", "on_new_column", "nulls", "dry_run"}
    for argument, parameter in inspect.signature(function).parameters.items():
        if argument in own:
            assert "default" in entries[argument], argument
        if parameter.default not in (None, inspect.Parameter.empty):
            assert str(parameter.default) in entries[argument], argument


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_documents_its_arguments(name):
    function = getattr(converz, name)
    documentation = inspect.getdoc(function)
    sections = re.split(r"^(\w+):$", documentation, flags=re.MULTILINE)
    sections = dict(zip(sections[1::2], sections[2::2], strict=True))
    documented = re.findall(r"^    (\w+): ", sections["Args"], re.MULTILINE)
    assert documented == list(inspect.signature(function).parameters)
    assert {"Args", "Returns", "Raises", "Example"} <= set(sections)
    assert "InvalidInputError" in sections["Raises"]
    for error in re.findall(r"^    (\w+): ", sections["Raises"], re.MULTILINE):
        assert error in converz.__all__ or hasattr(builtins, error), error


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_says_when(name):
    kind = getattr(converz, name)
    assert kind.__doc__
    assert kind.__doc__ != (kind.__base__.__doc__ or "")


def public_members():
    for name in CLASSES:
        for member, value in sorted(vars(getattr(converz, name)).items()):
            if not member.startswith("_") and (
                callable(value)
                or isinstance(value, (property, staticmethod))
                or inspect.isgetsetdescriptor(value)
            ):
                yield f"{name}.{member}", value


@pytest.mark.parametrize(
    ("name", "member"), list(public_members()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_public_member_is_documented(name, member):
    documentation = inspect.getdoc(member) or ""
    assert len(documentation) > 10
    if inspect.isfunction(member):
        arguments = list(inspect.signature(member).parameters)[1:]
        assert (
            re.findall(
                r"^    (?:\*\*)?(\w+): ",
                documentation.partition("Args:")[2].partition("\n\n")[0],
                re.MULTILINE,
            )
            == arguments
        )


def stub() -> dict[str, ast.ClassDef]:
    text = (ROOT / "python" / "converz" / "_core.pyi").read_text(encoding="utf-8")
    return {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize(
    "name", [name for name in CLASSES if getattr(_core, name, None) is getattr(converz, name)]
)
def test_the_stub_documents_what_help_does(name):
    """Editors and the site read the stub, `help()` the compiled class."""
    kind = getattr(converz, name)
    assert ast.get_docstring(stub()[name]) == inspect.getdoc(kind).strip()
    functions = [node for node in stub()[name].body if isinstance(node, ast.FunctionDef)]
    documented = {node.name: ast.get_docstring(node) for node in functions if not node.name.startswith("_")}
    assert documented == {member: inspect.getdoc(getattr(kind, member)) for member in documented}
    assert set(documented) == {member for member in vars(kind) if not member.startswith("_")}


def test_the_client_documents_its_settings():
    documentation = inspect.getdoc(converz.Client)
    args = documentation.partition("Args:\n")[2].partition("\nRaises:")[0]
    assert re.findall(r"^    (\w+): ", args, re.MULTILINE) == list(
        inspect.signature(converz.Client).parameters
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_small_and_have_their_pictures(path):
    """What a forge shows; the rest of a cell's output is held against what runs, below."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < 400_000
    assert notebook.cells[0].source.startswith("# ")
    pictures = 0
    for cell, *following in zip(notebook.cells, notebook.cells[1:], notebook.cells[2:], strict=False):
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert cell.execution_count is None
            if any("image/png" in output.get("data", {}) for output in cell.outputs):
                pictures += 1
                # A conclusion under it; the table of the same may stand in between.
                assert any(each.source.startswith("**") for each in following), cell.source
    assert pictures >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")  # What a kernel of Jupyter warns of is its own.
def test_notebooks_say_what_they_say_in_git(path, tmp_path, monkeypatch):
    import nbformat

    for name in ("CONVERZ_BASE_URL", "CONVERZ_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    executed = notebooks.run(path, tmp_path)
    outputs = [output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    # On a slow machine there is progress, but no warning.
    errors = "".join(output.text for output in outputs if output.get("name") == "stderr")
    assert re.fullmatch(r"(\s*(calls|reps|update_calls|plan_update_calls|sync|audit): .*)*\s*", errors), (
        errors
    )
    stored = nbformat.read(path, as_version=4)
    renew = f"python tests/python/support/notebooks.py notebooks/{path.name}"
    assert notebooks.said(stored) == notebooks.said(notebooks.kept(executed)), renew
    assert any("text/html" in output.get("data", {}) for output in outputs)
