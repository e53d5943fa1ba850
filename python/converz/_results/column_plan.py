"""`ColumnPlan`: what an update would do to one attribute."""

from dataclasses import dataclass

from converz._show.short_repr import short_repr

__all__ = ["ColumnPlan"]


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What an update would do to one attribute, in the rows that were found.

    Attributes:
        name: The attribute.
        changed: Cells that get another value.
        cleared: Cells with a value that get null.
        same: Cells that are already so.
        seen: Whether what is stored has such an attribute.
        nearest: The existing attribute that was probably meant, if this one was not seen.
        json_text: Whether lists or objects are stored and the frame has what looks like their text, as pandas and polars
            have of columns that were read: pass ``json_columns`` with its name to send them as the JSON that they are.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100) as sandbox:
        ...     plan = sandbox.client().plan_update_calls(
        ...         {"call_id": [1, 2], "priority": ["high", "low"]}, end_date="2100-01-01"
        ...     )
        >>> plan.columns
        [ColumnPlan(name='priority', changed=2, cleared=0, same=0, seen=False, nearest=None, json_text=False)]

    """

    __module__ = "converz"

    name: str
    changed: int
    cleared: int
    same: int
    seen: bool
    nearest: str | None
    json_text: bool = False

    def __repr__(self) -> str:
        """Show every field, long ones shortened."""
        return short_repr(self)
