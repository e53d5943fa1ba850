"""Exports into an object store and updates from one, by fsspec's own, which is in memory."""

from __future__ import annotations

from types import SimpleNamespace

import fsspec
import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem

import converz
from converz.airflow import ConverzExportOperator, ConverzUpdateOperator

DAYS = {"since": "2025-07-10", "until": "2025-07-12"}


class Store(MemoryFileSystem):
    """Has files of its own, and breaks off where it is told to."""

    protocol = "tried"
    store: dict = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012
    is_broken = False

    def put_file(self, *arguments, **keywords):
        if type(self).is_broken:
            message = "the store went away"
            raise OSError(message)
        return super().put_file(*arguments, **keywords)


@pytest.fixture
def store():
    Store.store.clear()
    Store.is_broken = False
    fsspec.register_implementation("tried", Store, clobber=True)
    attach("tried", fs=Store())
    return Store()


def pushed() -> dict:
    said: dict = {}
    instance = SimpleNamespace(
        xcom_push=lambda key, value: said.update({key: value}),
        map_index=-1,
        run_id="r",
        dag_id="d",
        task_id="t",
        try_number=1,
    )
    return {"ti": instance, "said": said}


@pytest.mark.parametrize("as_object", [False, True])
def test_an_export_is_in_the_store(store, service, as_object):
    path = "tried://bucket/exports/calls.parquet"
    operator = ConverzExportOperator(task_id="t", path=ObjectStoragePath(path) if as_object else path, **DAYS)
    said = operator.carry_out(service.client(), {})
    client = service.client()
    expected = client.calls(start_date="2025-07-10", end_date="2025-07-12")
    assert said["rows"] == expected.num_rows
    assert said["path"].startswith("tried://")
    with store.open("tried://bucket/exports/calls.parquet", "rb") as file:
        import pyarrow.parquet

        assert pyarrow.parquet.read_table(file).num_rows == expected.num_rows


def test_an_export_that_breaks_off_leaves_what_was_there(store, service):
    with store.open("tried://bucket/calls.csv", "wb") as file:
        file.write(b"as it was")
    operator = ConverzExportOperator(task_id="t", path="tried://bucket/calls.csv", **DAYS)
    Store.is_broken = True
    with pytest.raises(OSError, match="the store went away"):
        operator.carry_out(service.client(), {})
    assert store.cat_file("tried://bucket/calls.csv") == b"as it was"


def test_an_update_comes_from_the_store_and_its_journal_stays_on_a_disk(store, service, tmp_path):
    client = service.client()
    keys = client.calls(start_date="2025-07-10", end_date="2025-07-12").to_pydict()["call_id"][:3]
    with store.open("tried://bucket/rows.csv", "wb") as file:
        file.write("".join(["call_id,theme\n", *(f"{key},billing\n" for key in keys)]).encode())
    arguments = {"task_id": "t", "path": "tried://bucket/rows.csv", "max_changes": 3, **DAYS}
    refused = ConverzUpdateOperator(journal="tried://bucket/a.journal", **arguments)
    with pytest.raises(converz.InvalidInputError, match="a journal is a file of a disk"):
        refused.carry_out(client, pushed())
    context = pushed()
    said = ConverzUpdateOperator(journal=str(tmp_path / "a.journal"), **arguments).carry_out(client, context)
    assert (said["cells"], context["said"]["journal"]) == (3, str(tmp_path / "a.journal"))
    assert client.undo_update(tmp_path / "a.journal").cells == 3
