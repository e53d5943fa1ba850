"""How long Spark takes for a million conversations of a year, on two cores of this machine.

    pip install '.[spark]' && python tests/benchmarks/spark.py [--rows N] [--runs N] [--quick]

The sandbox serves them. Each run reads everything once and counts; the first one also starts Python's workers. Beside it, Spark passes as many partitions
without rows through Python, which is what no source can save. Nothing is judged: it prints the times. `--quick` goes through it with a few rows. Needs Java
and PySpark, without which it says so and ends.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

TODAY = "2025-12-31"
SCHEMA = (
    "call_id BIGINT, rep_id STRING, campaign STRING, start_time TIMESTAMP_NTZ, date DATE, duration_s BIGINT"
)


def spent(frame: DataFrame) -> float:
    """Seconds until all of a frame is there."""
    started = time.perf_counter()
    frame.write.format("noop").mode("overwrite").save()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    rows, runs = (500, 1) if arguments.quick else (arguments.rows, arguments.runs)
    if shutil.which("java") is None or importlib.util.find_spec("pyspark") is None:
        print("skipped: needs java and pyspark: apt-get install default-jre-headless; pip install '.[spark]'")
        return
    from pyspark.sql import SparkSession

    import converz
    from converz.spark import ConverzDataSource

    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    spark.dataSource.register(ConverzDataSource)
    days, since = (14, "2025-12-18") if arguments.quick else (365, "2025-01-01")
    with converz.Sandbox(calls=rows, reps=100, days=days, today=TODAY) as sandbox:
        options = {"base_url": sandbox.url, "secret": sandbox.api_key, "since": since, "until": TODAY}
        for run in range(runs):
            frame = spark.read.format("converz").options(**options).schema(SCHEMA).load()
            seconds = spent(frame)
            partitions = frame.rdd.getNumPartitions()
            empty = (
                spark.range(0, partitions, 1, partitions)
                .filter("id < 0")
                .mapInArrow(lambda batches: batches, "id BIGINT")
            )
            print(
                f"run {run + 1}: {rows:,} rows in {seconds:.1f} s; Spark alone, {partitions} partitions without rows in {spent(empty):.1f} s"
            )
        read = frame.count()
        if read != rows:
            message = f"{read:,} rows instead of {rows:,}"
            raise SystemExit(message)
    spark.stop()


if __name__ == "__main__":
    main()
