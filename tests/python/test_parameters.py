"""One list of the API's parameters, and every signature held against it."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

import converz
from converz import _core
from converz._parameters import KEYS, PARAMETERS, VERBS

ROOT = Path(__file__).parents[2]


def arguments(function) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def written(node: ast.FunctionDef) -> list[str]:
    listed = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [each.arg for each in listed if each.arg != "self"]


def overloads(verb: str) -> list[list[str]]:
    """What type checkers are shown: every definition of the method in the source."""
    tree = ast.parse(Path(inspect.getfile(converz.Client.calls)).read_text(encoding="utf-8"))
    return [
        written(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == verb
    ]


# Whatever else takes the parameters of a verb is one more line: what its signatures are, by the verb.
SURFACES = {
    "the client": lambda verb: [arguments(getattr(converz.Client, verb))],
    "the functions": lambda verb: [arguments(getattr(converz, verb))],
    "type checkers": overloads,
    "help": lambda verb: [
        re.findall(
            r"^    (\w+): ",
            inspect.getdoc(getattr(converz, verb)).split("Args:\n")[1].split("\n\n")[0],
            re.MULTILINE,
        )
    ],
}


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("verb", VERBS)
def test_every_signature_is_that_of_the_list(surface, verb):
    found = SURFACES[surface](verb)
    assert found
    for signature in found:
        assert tuple(signature) == VERBS[verb].arguments


def test_every_verb_is_there():
    functions = [name for name in converz.__all__ if inspect.isfunction(getattr(converz, name))]
    # About tables, without asking for anything; and a page of several verbs.
    functions.remove("anonymise")
    functions.remove("compare")
    functions.remove("dashboard")
    methods = [
        name for name, value in vars(converz.Client).items() if inspect.isfunction(value) and name[0] != "_"
    ]
    # Windows are read by a client whose requests are bounded; there are no functions of them.
    assert {"windows", "read_windows"} <= set(methods)
    verbs = set(methods) - {"windows", "read_windows"}
    assert sorted(functions) == sorted(verbs) == sorted(VERBS)


EXAMPLE = {"strings": "a", "date": "2025-07-01", "time": "2025-07-01 12:00", "count": 7, "flag": True}


@pytest.mark.parametrize("verb", [verb for verb in VERBS if VERBS[verb].parameters and "plan" not in verb])
def test_the_core_sends_each_of_them(verb, client, asked):
    """And it is what the core takes, by the name that it has in the API."""
    read = getattr(client, VERBS[verb].operation)
    for each in VERBS[verb].parameters:
        # One row suffices, and a column that is asked for has to be there.
        value = {"metric": "csat", "columns": "call_id", "groupby": "campaign"}.get(
            each.name, EXAMPLE[each.takes]
        )
        before = len(asked())
        read(**{each.name: value})
        # The API has days of reports only: those of conversations are sent as dates.
        as_dates = each.name == "days" and VERBS[verb].operation == "calls"
        expected = {"start_date", "end_date"} if as_dates else {each.name}
        assert expected <= {name for name, _ in asked()[before]}


def test_the_core_takes_no_others():
    """Its stub says so for all of them, since they come as one dict; the queries themselves are in Rust."""
    source = (ROOT / "src" / "query.rs").read_text(encoding="utf-8")
    for operation, parameters in PARAMETERS.items():
        fields = re.search(
            rf"pub struct {operation.title()}Query \{{(.*?)^\}}", source, re.MULTILINE | re.DOTALL
        )[1]
        # Those days are dates before there is a query.
        sent = [each.name for each in parameters if (operation, each.name) != ("calls", "days")]
        assert sorted(re.findall(r"pub (\w+):", fields)) == sorted(sent)
    stub = ast.parse((ROOT / "python" / "converz" / "_core.pyi").read_text(encoding="utf-8"))
    [client] = [node for node in stub.body if isinstance(node, ast.ClassDef) and node.name == "Client"]
    methods = {node.name: written(node) for node in client.body if isinstance(node, ast.FunctionDef)}
    for method in ("read", "stream", "probe", "poll_stream"):
        assert methods[method][:2] == ["operation", "query"]


def test_what_is_personal_is_decided_in_one_place(sandbox):
    personal = {each.name for each in PARAMETERS["calls"] if each.is_personal}
    assert personal == set(_core.PERSONAL) == {"rep_id", "vendor_call_id"}
    client = converz.Client(sandbox.url, "wrong-key", max_retries=0)
    for each in PARAMETERS["calls"]:
        if each.takes == "strings":
            with pytest.raises(converz.AuthenticationError) as raised:
                client.calls(**{each.name: "somebody"})
            assert ("somebody" in raised.value.request) != each.is_personal
            assert f"{each.name}=" in raised.value.request


def test_keys(client):
    for operation, key in KEYS.items():
        assert key in getattr(client, operation)(limit=1).column_names
        with pytest.raises(converz.InvalidInputError, match=key):
            getattr(client, f"update_{operation}")({"a": [1]})


def test_the_settings_of_a_sandbox_client_are_those_of_the_client():
    own = inspect.signature(converz.Client).parameters
    offered = inspect.signature(converz.Sandbox.client).parameters
    assert [each for each in own.values() if each.name not in ("base_url", "api_key")] == [
        each for each in offered.values() if each.name != "self"
    ]


def test_the_settings_of_a_sandbox_client_reach_it(sandbox):
    values = {
        "timeout": 12.0,
        "connect_timeout": 3.0,
        "first_byte_timeout": 4.0,
        "stall_timeout": 5.0,
        "max_retries": 1,
        "page_size": 7,
        "max_concurrency": 2,
        "max_connections": 6,
        "max_update_bytes": 100_000,
        "max_response_bytes": 1_000_000,
        "max_depth": 9,
        "max_value_bytes": 1_000,
        "allow_http": True,
        "user_agent": "me",
        "lossy": True,
        "last_page": "short",
    }
    assert {*values, "ca_file", "proxy", "self"} == set(inspect.signature(converz.Sandbox.client).parameters)
    settings = sandbox.client(**values, proxy="http://user:word@127.0.0.1:9").settings
    assert {name: settings[name] for name in values} == values
    assert "127.0.0.1:9" in settings["proxy"]
    assert "word" not in settings["proxy"]
    with pytest.raises(converz.ConfigurationError, match="ca_file"):
        sandbox.client(ca_file="/nowhere/at/all.pem")


@pytest.mark.parametrize("use_jedi", [True, False])
def test_notebooks_complete_the_settings(use_jedi, sandbox):
    from IPython.core.completer import IPCompleter, provisionalcompleter

    completer = IPCompleter(namespace={"sandbox": sandbox, "converz": converz}, use_jedi=use_jedi)

    def completed(text: str) -> set[str]:
        with provisionalcompleter():
            return {each.text.lstrip(".") for each in completer.completions(text, len(text))}

    assert {"page_size=", "last_page=", "timeout="} <= completed("sandbox.client(")
    assert {"campaign=", "start_date="} <= completed("converz.calls(")
    names = completed("converz.")
    assert {name for name in names if not name.startswith("_")} == set(converz.__all__) - {"__version__"}
