"""Types of Spark's columns and of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import types as spark

from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["pins_of", "schema_of"]

TO_SPARK: dict[str, Any] = {
    "bool": spark.BooleanType(),
    "int64": spark.LongType(),
    # Spark has no numbers without a sign.
    "uint64": spark.DecimalType(20, 0),
    "float64": spark.DoubleType(),
    "string": spark.StringType(),
    "date32": spark.DateType(),
    "timestamp[us]": spark.TimestampNTZType(),
    "timestamp[us, UTC]": spark.TimestampType(),
}

WHOLE = (spark.ByteType, spark.ShortType, spark.IntegerType, spark.LongType)
FRACTIONS = (spark.FloatType, spark.DoubleType)
TEXTS = (spark.StringType, spark.VarcharType, spark.CharType)


def schema_of(pins: Mapping[str, str]) -> spark.StructType:
    """Return the columns that Spark has."""
    fields = []
    for name, kind in pins.items():
        if kind not in TO_SPARK:
            message = (
                f"column {name!r:.80} of {kind!r:.80} has no type in Spark: there are {', '.join(TO_SPARK)}"
            )
            raise InvalidInputError(message)
        fields.append(spark.StructField(name, TO_SPARK[kind]))
    return spark.StructType(fields)


def pins_of(schema: spark.StructType) -> dict[str, str]:
    """Return the types that columns must have for Spark's."""
    return {each.name: _pin(each.name, each.dataType) for each in schema.fields}


def _pin(name: str, kind: Any) -> str:
    if isinstance(kind, WHOLE):
        return "int64"
    if isinstance(kind, FRACTIONS):
        return "float64"
    if isinstance(kind, TEXTS):
        return "string"
    for ours, theirs in TO_SPARK.items():
        if kind == theirs:
            return ours
    message = (
        f"column {name!r:.80} cannot be read as {kind.simpleString()}: there are BOOLEAN, BIGINT and smaller, DECIMAL(20, 0), "
        "DOUBLE, STRING, DATE, TIMESTAMP and TIMESTAMP_NTZ; lists and objects are read as STRING, their JSON"
    )
    raise InvalidInputError(message)
