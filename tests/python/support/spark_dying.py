"""Data sources whose workers die. They are modules of their own, so that the executors can import them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from pyspark import TaskContext

from converz.spark.data_source import ConverzDataSource
from converz.spark.options import Connection, ReadOptions, WriteOptions
from converz.spark.reader import Reader
from converz.spark.writer import Writer


class DyingReader(Reader):
    """Kills its worker in the middle of the first attempt of each partition."""

    def read(self, partition):
        for position, batch in enumerate(super().read(partition)):
            if position == 1 and TaskContext.get().attemptNumber() == 0:
                with Path(self._connection.settings["user_agent"]).open("a") as file:
                    file.write("killed\n")
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch


class DyingSource(ConverzDataSource):
    @classmethod
    def name(cls) -> str:
        return "converz-dying"

    def reader(self, schema):
        return DyingReader(Connection.of(self.options), ReadOptions.of(self.options), schema)

    def writer(self, schema, overwrite):
        return DyingWriter(Connection.of(self.options), WriteOptions.of(self.options), schema)


class DyingWriter(Writer):
    """Kills its worker after the first attempt of each partition has been sent."""

    def write(self, iterator):
        written = super().write(iterator)
        if TaskContext.get().attemptNumber() == 0:
            with Path(self._connection.settings["user_agent"]).open("a") as file:
                file.write("killed\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return written
