"""A session of Spark on this machine, which all tests share, and a contact centre."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import converz

pytest.importorskip("pyspark", reason="needs pyspark: pip install 'converz[spark]'")

from pyspark.sql import SparkSession

from converz.spark import ConverzDataSource
from support.worlds import need

TODAY = "2025-07-15"
CANARY = "canary-7d1e02b9"


@pytest.fixture(scope="session")
def logs(tmp_path_factory) -> Path:
    """Where Spark writes what it did."""
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="session")
def spark(logs):
    need("java", "apt-get install default-jre-headless")
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    # Workers import what the tests do.
    paths = [str(Path(__file__).parents[1] / "python"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    session = (
        # A task is tried four times.
        SparkSession.builder.master("local[2,4]")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.memory", "1g")
        .config("spark.ui.port", "0")
        .config("spark.eventLog.enabled", "true")
        .config("spark.eventLog.dir", logs.as_uri())
        .config("spark.sql.session.timeZone", "Asia/Tokyo")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", str(logs / "warehouse"))
        .getOrCreate()
    )
    session.dataSource.register(ConverzDataSource)
    yield session
    session.stop()


@pytest.fixture
def sandbox():
    with converz.Sandbox(calls=300, reps=12, days=30, today=TODAY, api_key=CANARY, story=False) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox):
    return sandbox.client()


@pytest.fixture
def read(spark, sandbox):
    """A read of the sandbox, with these options."""

    def read(schema: str | None = None, **options: object):
        reader = spark.read.format("converz").option("base_url", sandbox.url).option("secret", CANARY)
        if schema:
            reader = reader.schema(schema)
        if options.get("table") != "reps":
            options = {"since": "2025-06-16", "until": TODAY} | options
        return reader.options(**options).load()

    return read


@pytest.fixture
def write(sandbox):
    """A write of a frame, with these options."""

    def write(frame, mode: str = "append", **options: object) -> None:
        writer = frame.write.format("converz").option("base_url", sandbox.url).option("secret", CANARY)
        writer.options(**options).mode(mode).save()

    return write
