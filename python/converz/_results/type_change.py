"""`TypeChange`: cells of an attribute that an update would give another kind of value."""

from dataclasses import dataclass

from converz._show.short_repr import short_repr

__all__ = ["TypeChange"]


@dataclass(frozen=True, slots=True)
class TypeChange:
    """Cells of an attribute that an update would give another kind of value than is stored.

    Kinds are those of JSON: ``"boolean"``, ``"number"``, ``"string"`` (dates and times are such), ``"list"`` and
    ``"object"``. A number of which a string is made, say, turns the whole column into text for everybody who reads it.

    Attributes:
        column: The attribute.
        stored: The kind of the cells' stored values; of cells without one, the kinds that the attribute has in other rows,
            with "and" between them.
        new: The kind of the new values.
        cells: Cells that would be such.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100) as sandbox:
        ...     plan = sandbox.client().plan_update_calls(
        ...         {"call_id": [1, 2], "duration_s": ["90", "120"]}, end_date="2100-01-01"
        ...     )
        >>> plan.types
        [TypeChange(column='duration_s', stored='number', new='string', cells=2)]

    """

    __module__ = "converz"

    column: str
    stored: str
    new: str
    cells: int

    def __repr__(self) -> str:
        """Show every field, long ones shortened."""
        return short_repr(self)
