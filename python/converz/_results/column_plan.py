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

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100) as sandbox:
        ...     plan = sandbox.client().plan_update_calls(
        ...         {"call_id": [1, 2], "priority": ["high", "low"]}, end_date="2100-01-01"
        ...     )
        >>> plan.columns
        [ColumnPlan(name='priority', changed=2, cleared=0, same=0, seen=False, nearest=None)]

    """

    name: str
    changed: int
    cleared: int
    same: int
    seen: bool
    nearest: str | None

    def __repr__(self) -> str:
        """Show every field, long ones shortened."""
        return short_repr(self)
