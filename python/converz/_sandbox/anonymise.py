"""`converz.anonymise`: a table as a recording would have it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from converz import _core
from converz._results.table import Table
from converz._sandbox.hiding import OF_PSEUDONYMS, names, weeks
from converz._show.shorten import shorten
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["anonymise"]


def anonymise(
    table: Any,
    *,
    secret: str | None = None,
    safe: Iterable[str] = (),
    hide: Iterable[str] = (),
    shift_weeks: int = 0,
) -> Table:
    """Replace what names somebody in a table by pseudonyms, as a `Recording` does in what a service answers.

    Identifiers (``rep_id``, ``vendor_call_id``, ``name``) and free text become names like ``p_mfzwizltoq2wy3dp``, the
    same for the same text in every column, so that joins and counts of groups still hold. All text columns count as free
    text but ``vendor``, ``campaign``, ``subcampaign``, ``department`` and ``gender``, and those that ``safe`` names; so do texts and
    names within lists and objects. Numbers, booleans, nulls, empty texts, dates, and texts that are nothing but a date stay, and so do the names
    of columns. With the same secret the pseudonyms are those of every other table and recording. A table that has pseudonyms already gets pseudonyms of these.

    This is pseudonymisation, not anonymity: "Record and replay" in the documentation says what it does not promise.

    Args:
        table: A `Table`, any dataframe that speaks the Arrow PyCapsule interface, or a dict of names to lists. It does not
            change.
        secret: What pseudonyms are made with, of at least 16 characters; by default that in the environment variable
            ``CONVERZ_RECORDING_SECRET``, or else a random one that nobody will know: then no other table has the same
            pseudonyms.
        safe: Columns whose texts stay; by default ``()``, none.
        hide: Columns of which numbers, dates and times are replaced as well, by texts, and texts that would stay; by default ``()``, none.
        shift_weeks: Weeks by which dates and times are later than in the table, 0 by default. Weekdays stay. Years and weeks that
            are numbers stay, and so does what is in a column that names a group. A time with a zone moves by hours of 60 minutes, whatever clocks do meanwhile.

    Returns:
        A `Table` with the same rows and columns, without a receipt.

    Raises:
        InvalidInputError: If an argument is not as described, ``safe`` or ``hide`` names no column of the table, a date leaves the years 1 to 9999,
            or a column has bytes or another type of which nobody knows what it tells.
        ConfigurationError: If the secret is too short.

    Example:
        >>> import converz
        >>> secret = "not this one, which is public"
        >>> with converz.Sandbox(calls=200, reps=5) as sandbox:
        ...     calls, reps = sandbox.client().calls(), sandbox.client().reps()
        >>> hidden = converz.anonymise(reps, secret=secret)
        >>> hidden.to_pydict()["rep_id"][0][:2]
        'p_'
        >>> set(converz.anonymise(calls, secret=secret).to_pydict()["rep_id"]) <= set(hidden.to_pydict()["rep_id"])
        True

    """
    # As in `Client`: from here on, nothing that raises has a frame that holds it.
    hidden = _core.Secret(secret if secret is not None else os.environ.get(OF_PSEUDONYMS) or None)
    secret = None
    shift_weeks = weeks(shift_weeks)
    told, kept = names("safe", safe), names("hide", hide)
    rows = table if isinstance(table, Table) else Table(table)
    for argument, given in (("safe", told), ("hide", kept)):
        for name in given:
            if name not in rows.column_names:
                has = ", ".join(shorten(column, 40) for column in rows.column_names[:20])
                message = f"{argument} names {name!r:.80}, which is no column of the table: it has {has}"
                raise InvalidInputError(message)
    core = _core.anonymised(rows._core, secret=hidden, safe=told, hide=kept, shift_weeks=shift_weeks)
    return Table._from_core(core)


anonymise.__module__ = "converz"
