"""A defect that shows as a panic is a ConverzError like any other, prints nothing, and harms nothing else."""

import ctypes

import pytest

import converz
from converz import _core
from support.script import run


class CSchema(ctypes.Structure):
    """The schema of Arrow's C data interface."""

    _fields_ = (
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_char_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)


class Liar:
    """Arrow data whose type is no text, which nobody expects of a library."""

    def __init__(self) -> None:
        self.schema = CSchema(
            format=b"\xff\xfe", name=b"x", release=ctypes.cast(RELEASE, ctypes.c_void_p).value
        )

    def __arrow_c_schema__(self):
        make = ctypes.pythonapi.PyCapsule_New
        make.restype = ctypes.py_object
        make.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
        return make(ctypes.addressof(self.schema), b"arrow_schema", None)

    def __arrow_c_array__(self, requested_schema=None):
        return self.__arrow_c_schema__(), self.__arrow_c_schema__()


@pytest.fixture
def client():
    with converz.Sandbox(calls=20, reps=2) as sandbox:
        yield sandbox.client()


@pytest.mark.parametrize(
    "use",
    [
        lambda client: converz.Schema(Liar()),
        lambda client: client.calls(schema=Liar()),
        lambda client: client.reps(schema=Liar()),
        lambda client: client.report(schema=Liar()),
        lambda client: client.stream_calls(schema=Liar()),
    ],
)
def test_a_schema_that_lies_is_refused(client, use):
    with pytest.raises(converz.InvalidInputError, match=r"the Arrow data cannot be read: .*format"):
        use(client)
    assert client.calls().num_rows == 20


@pytest.mark.parametrize("place", ["call", "task", "work"])
def test_a_panic_is_a_converz_error(client, place):
    with client.stream_calls(columns="call_id") as stream:
        for _ in range(3):
            with pytest.raises(
                converz.ConverzError, match="a defect of converz: as the tests want it"
            ) as info:
                _core.panic_in(place)
            assert type(info.value) is converz.ConverzError
        # Neither what was on its way nor what comes suffers from it.
        assert sum(batch.num_rows for batch in stream) == 20
    assert client.calls().num_rows == 20


def test_arrow_data_that_lie_are_refused(client):
    with pytest.raises(converz.InvalidInputError):
        converz.Table(Liar())
    with pytest.raises(converz.InvalidInputError):
        client.update_calls(Liar())


def test_a_panic_prints_nothing(tmp_path):
    code = """
    import converz
    from converz import _core
    from trust.test_panics import Liar

    for place in ("call", "task", "work"):
        try:
            _core.panic_in(place)
        except converz.ConverzError as error:
            assert "a defect of converz" in str(error)
            assert ".rs:" in str(error)
        else:
            raise AssertionError("no panic")
    for door in (converz.Schema, converz.Table):
        try:
            door(Liar())
        except converz.InvalidInputError:
            pass
        else:
            raise AssertionError("nothing was refused")
    """
    ended = run(tmp_path, code)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
