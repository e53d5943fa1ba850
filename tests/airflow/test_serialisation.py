"""What Airflow makes of the hook and the operators: pickles, copies, serialised Dags, templates, mapped tasks."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timedelta

import pytest
from airflow.sdk import DAG, Asset, AssetAlias
from airflow.serialization.serialized_objects import DagSerialization

import converz
from conftest import CANARY
from converz.airflow import (
    ConverzAuditOperator,
    ConverzExportOperator,
    ConverzHook,
    ConverzSyncOperator,
    ConverzUpdateOperator,
)

WEEK = {"since": "{{ ds }}", "until": "{{ macros.ds_add(ds, 6) }}"}
OPERATORS = {
    ConverzSyncOperator: {
        "target": "{{ var.value.target }}",
        "options": {"metric": ["{{ params.metric }}"]},
        "outlets": [Asset("tried")],
    }
    | WEEK,
    ConverzExportOperator: {"path": "/tmp/{{ ds }}.parquet", "options": {"metric": "{{ params.metric }}"}}
    | WEEK,
    ConverzUpdateOperator: {
        "sql": "SELECT {{ ds }}",
        "source": "{{ var.value.target }}",
        "journal": "/tmp/{{ ds }}.journal",
        "max_changes": 5,
        "options": {"campaign": "{{ params.metric }}"},
    }
    | WEEK,
    ConverzAuditOperator: {"target": "{{ var.value.target }}", "options": {"metric": "{{ params.metric }}"}}
    | WEEK,
}


@pytest.fixture
def connection(monkeypatch, service):
    said = {"conn_type": "converz", "host": service.url, "password": CANARY, "extra": {"timeout": 30}}
    monkeypatch.setenv("AIRFLOW_CONN_CONVERZ_DEFAULT", json.dumps(said))


def made(operator, **arguments):
    with DAG("tried", schedule="@daily", start_date=datetime(2025, 7, 1)) as dag:
        task = operator(task_id="task", execution_timeout=timedelta(hours=1), **arguments)
    return dag, task


def said(task) -> dict:
    return {name: getattr(task, name) for name in task.template_fields}


@pytest.mark.parametrize("again", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy, copy.copy])
def test_the_hook_and_its_client_are_what_they_were(connection, again):
    hook = again(ConverzHook())
    client = again(hook.get_conn())
    assert client.settings == ConverzHook().get_conn().settings
    assert client.settings["timeout"] == 30
    # The key is read here, and not before.
    assert client.reps(limit=1).num_rows == 1


def test_neither_has_the_key(connection):
    hook = ConverzHook()
    client = hook.get_conn()
    client.reps(limit=1)
    for each in (hook, client):
        assert CANARY.encode() not in pickle.dumps(each)
        assert CANARY not in repr(each) + repr(vars(each) if hasattr(each, "__dict__") else "")


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_are_copied_whole(operator):
    _, task = made(operator, **OPERATORS[operator])
    for again in (copy.deepcopy(task), copy.copy(task)):
        assert type(again) is operator
        assert said(again) == said(task)
        assert again.execution_timeout == timedelta(hours=1)
        assert again.outlets == task.outlets


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_serialised_dag_has_what_the_page_of_a_task_shows(operator):
    dag, task = made(operator, **OPERATORS[operator])
    written = json.loads(json.dumps(DagSerialization.to_dict(dag)))
    again = DagSerialization.from_dict(written).get_task("task")
    assert again.task_type == operator.__name__
    assert tuple(again.template_fields) == tuple(operator.template_fields)
    # Airflow writes tuples as lists, and no field is a representation of an object, which changes from one parse to the next.
    assert said(again) == said(task)
    assert DagSerialization.to_dict(dag) == DagSerialization.to_dict(made(operator, **OPERATORS[operator])[0])
    if operator is ConverzSyncOperator:
        assert [type(each).__name__ for each in again.outlets] == ["SerializedAsset", "SerializedAssetAlias"]


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_template_is_rendered(operator):
    _, task = made(operator, **OPERATORS[operator])
    assert {name for name, value in OPERATORS[operator].items() if "{{" in str(value)} <= {
        *operator.template_fields
    }

    class Value:
        target = "warehouse"

    context = {
        "ds": "2025-07-14",
        "params": {"metric": "csat"},
        "var": {"value": Value},
        "macros": type("Macros", (), {"ds_add": staticmethod(lambda day, days: "2025-07-20")}),
    }
    task.render_template_fields(context)
    assert "{{" not in str(said(task))
    assert (task.since, task.until) == ("2025-07-14", "2025-07-20")
    assert "csat" in str(task.options)


@pytest.mark.parametrize("operator", OPERATORS)
def test_fields_are_not_called_as_airflows_own(operator):
    """`start_date` and `end_date` of an operator say when it is run, and would be dates of conversations here."""
    assert not {"start_date", "end_date"} & set(operator.template_fields)
    _, task = made(operator, **OPERATORS[operator])
    assert task.start_date is None or task.start_date.date() == datetime(2025, 7, 1).date()
    assert task.end_date is None


def test_mapped_tasks_are_made_of_their_arguments():
    with DAG("tried", schedule=None) as dag:
        mapped = ConverzSyncOperator.partial(
            task_id="task", target="warehouse", outlets=[Asset("tried")]
        ).expand(options=[{"campaign": "sales"}, {"campaign": "service"}])
    again = DagSerialization.from_dict(DagSerialization.to_dict(dag)).get_task("task")
    assert again.is_mapped
    for campaign in ("sales", "service"):
        task = mapped.unmap({"options": {"campaign": campaign}})
        assert type(task) is ConverzSyncOperator
        assert (task.target, task.options) == ("warehouse", {"campaign": campaign})
        assert AssetAlias("tried:changed") in task.outlets


def test_a_password_in_a_field_is_refused_before_airflow_stores_it():
    for operator, name in ((ConverzSyncOperator, "target"), (ConverzAuditOperator, "target")):
        with pytest.raises(converz.InvalidInputError, match="make a connection of it") as error:
            made(operator, **{name: f"postgresql://user:{CANARY}@host/db"})
        assert CANARY not in str(error.value)
    with pytest.raises(converz.InvalidInputError, match="make a connection of it"):
        made(
            ConverzUpdateOperator, sql="SELECT 1", source=f"postgresql://user:{CANARY}@host/db", max_changes=1
        )
