"""A plan that would change what kind of values are stored says so, and is not applied by accident."""

import pytest

import converz
from support.stored_rows import Number, sent, store, stored_words

ALL = {"start_date": "2000-01-01"}


@pytest.fixture
def client(small):
    store(
        small,
        [1, 2, 3, 4],
        {
            "n": ["1", "2.5", "null", "null"],
            "words": ['"a"', '"b"', '"c"', "null"],
            "flag": ["true", "false", "null", "true"],
            "tags": ["[1]", '["x"]', "null", "null"],
            "mixed": ["1", '"b"', "null", "null"],
            "facts": ['{"a": 1}', "null", "null", "null"],
        },
    )
    return small.client()


def planned(client, rows=(1, 2, 3, 4), **columns):
    return client.plan_update_calls({"call_id": list(rows), **columns}, **ALL)


KINDS = {
    "a string for numbers": ("n", ["1", "2", None, None], [("number", "string", 2)]),
    "where there was none": ("n", [None, None, "x", None], [("number", "string", 1)]),
    "both": ("n", ["1", "2.5", "x", None], [("number", "string", 3)]),
    "other numbers": ("n", [2, 3, 4, 5], []),
    "fractions": ("n", [1.5, 2.5, 3.5, 0.5], []),
    "the same": ("n", [1, 2.5, None, None], []),
    "a boolean for numbers": ("n", [True, False, None, True], [("number", "boolean", 3)]),
    "numbers for strings": ("words", [1, 2, 3, 4], [("string", "number", 4)]),
    "other strings": ("words", ["1", "2", "3", "4"], []),
    "numbers for booleans": ("flag", [1, 0, 1, 0], [("boolean", "number", 4)]),
    "text for lists": ("tags", ["[1]", "[2]", "x", None], [("list", "string", 2)]),
    "text for an object": ("facts", ['{"a": 2}', None, None, None], [("object", "string", 1)]),
    "a number for a string": ("mixed", [1, 2, None, None], [("string", "number", 1)]),
    "where either is stored": ("mixed", [None, None, "x", "1"], []),
    "a third kind": ("mixed", [None, None, True, None], [("number and string", "boolean", 1)]),
    "a new attribute": ("fresh", ["a", "b", None, None], []),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds(client, small, name):
    column, values, expected = KINDS[name]
    plan = planned(client, **{column: values})
    assert plan.types == [converz.TypeChange(column, *change) for change in expected]
    lines = [line for line in repr(plan).splitlines() if "TYPE CHANGE" in line]
    assert len(lines) == plan._repr_html_().count("TYPE CHANGE") == len(expected)
    before = stored_words(small)
    posts = len(sent(small))
    if expected:
        with pytest.raises(converz.InvalidInputError, match="TYPE CHANGE.*allow_type_change=True"):
            plan.apply()
        assert len(sent(small)) == posts
    result = plan.apply(allow_type_change=True)
    assert result.cells == plan.num_changes
    result.undo()
    assert stored_words(small) == before


def test_kinds_of_rows_that_the_frame_does_not_have(client):
    """What is read says it, if the frame's own rows have no value."""
    assert planned(client, rows=[3], n=["x"]).types == [converz.TypeChange("n", "number", "string", 1)]
    assert planned(client, rows=[3], flag=["x"]).types == [converz.TypeChange("flag", "boolean", "string", 1)]


def test_what_a_plan_shows(client):
    plan = planned(client, n=["1", "2", "3", None], words=["x", "y", "z", None])
    text = " ".join(repr(plan).split())
    assert "TYPE CHANGE n: number becomes string in 3 cells; apply needs allow_type_change=True" in text
    assert "TYPE CHANGE n: number becomes string in 3 cells" in plan._repr_html_()
    assert text.count("TYPE CHANGE") == 1
    with pytest.raises(converz.InvalidInputError, match="allow_type_change=1 is not True or False"):
        plan.apply(allow_type_change=1)


def test_a_change_of_type_has_its_line_among_many(client):
    """Attributes without a line of their own are those of which there is nothing to tell."""
    frame = {f"a{place}": [1] for place in range(60)} | {"n": ["1"]}
    store_names = planned(client, rows=[1], **frame)
    assert "TYPE CHANGE n: number becomes string" in repr(store_names)


def test_json_columns_are_of_their_own_kind(client, small):
    frame = {"call_id": [1, 2], "tags": ["[2]", '{"a": 1}']}
    plan = client.plan_update_calls(frame, json_columns=["tags"], **ALL)
    assert plan.types == [converz.TypeChange("tags", "list", "object", 1)]
    plan.apply(allow_type_change=True)
    assert stored_words(small)[2]["tags"] == {"a": Number("1")}
