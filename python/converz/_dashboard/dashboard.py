"""`converz.dashboard`: what changed, where, who, and what to listen to, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from converz import _core
from converz._client.client import Client
from converz._frames.libraries import required
from converz._parameters import written_day
from converz._show.shorten import shorten
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Iterable

__all__ = ["Dashboard", "dashboard"]

FILTERS = ("vendor", "rep_id", "campaign", "subcampaign", "department")


class Dashboard:
    """A page of `dashboard`: one file that opens anywhere, and shows itself in notebooks.

    Attributes:
        html: The page, as text.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=2_000, reps=20, today="2025-07-15") as sandbox:
        ...     page = converz.dashboard(sandbox.client(), end_date="2025-07-13", hear=0)
        >>> page.html.startswith("<!doctype html>")
        True

    """

    __module__ = "converz"

    __slots__ = ("html",)
    html: str

    def __init__(self, html: str) -> None:
        """Hold a page."""
        self.html = html

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, which appears under its name only when it is complete.

        Args:
            path: The file; one that is there is replaced.

        Raises:
            OSError: If it cannot be written.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=2_000, reps=20, today="2025-07-15") as sandbox:
            ...     converz.dashboard(sandbox.client(), end_date="2025-07-13").write("page.html")

        """
        import errno
        import os
        import tempfile
        from pathlib import Path

        # What a link leads to is what is written, and a pipe or a device stays one.
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file() and not target.is_dir():
            try:
                target.write_text(self.html, encoding="utf-8", newline="\n")
            except OSError as error:
                raise OSError(error.errno, os.strerror(error.errno or errno.EIO), os.fspath(path)) from None
            return
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(self.html)
                file.flush()
                os.fsync(file.fileno())
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def __repr__(self) -> str:
        """Say how large it is."""
        return f"Dashboard({len(self.html.encode()):,} bytes of HTML)"

    def _repr_html_(self) -> str:
        """Show the page in a frame of its own, which can do nothing but write numbers."""
        import html

        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(self.html)}" '
            'style="width:100%;height:48rem;border:0" title="converz dashboard"></iframe>'
        )


def dashboard(
    client: Client,
    *,
    end_date: str | dt.date | None = None,
    days: int = 28,
    metric: str | Iterable[str] = ("csat", "resolved", "talk_ratio"),
    activity: str | None = "minutes_in_app",
    vendor: str | Iterable[str] | None = None,
    rep_id: str | Iterable[str] | None = None,
    campaign: str | Iterable[str] | None = None,
    subcampaign: str | Iterable[str] | None = None,
    department: str | Iterable[str] | None = None,
    alias: bool = False,
    hear: int = 10,
    minimum: int = 30,
    unsettled_days: int = 2,
    calls: bool = True,
) -> Dashboard:
    """Make a page of a period and the one before it: what changed, where, who, and what to listen to.

    The page is one file without a way out: no network, no foreign script, light and dark, for a phone, a desk and paper,
    and for screen readers, with a table behind each picture. What chance alone would do is drawn as such: weeks with
    control limits, changes with the intervals of `compare`, agents as a funnel plot. Each figure says its period and how
    many conversations are behind it, and the end of the page what was asked for.

    It reads the conversations of both periods, a report by week, one by user, and the users. With ``calls=False`` it reads
    reports alone, which is a few small requests however many conversations there are, and nothing of a single conversation
    or user. Such a page has the figures of both periods, the weeks with their control limits, the days and the groups, and
    says that it has no intervals, hours, agents and calls. It needs polars, scipy and vl-convert-python: the extra
    ``dashboard``.

    Args:
        client: Whom to ask.
        end_date: Last day of the period: a string such as ``"2025-07-13"`` or a date; by default (None) yesterday. A
            Sunday makes whole weeks.
        days: Length of the period, up to two years, 731; the one before is as long. By default 28, so that both have the
            same weekdays.
        metric: The metrics; by default ``('csat', 'resolved', 'talk_ratio')``. The first is the one that groups and
            agents are looked at by. Which there are is each customer's own.
        activity: A metric of in-app activity, to show beside the first metric; None for none. By default
            ``minutes_in_app``.
        vendor: Only these vendors.
        rep_id: Only these users.
        campaign: Only these campaigns.
        subcampaign: Only these subcampaigns.
        department: Only these departments.
        alias: Whether to replace the names of users, also where a summary has its own user's, by "Agent 01" and so
            on, in an order that is drawn by lot, so that the page can be shown around. By default False.
        hear: How many calls worth hearing to list, with their summaries, up to 100; 0 for none, and then no summary is
            read. By default 10.
        minimum: Fewest values of an agent to be in the funnel; by default 30.
        unsettled_days: So many days before today are drawn grey, since summaries and metrics may still come; by default
            2. A day of which far less has come than of the others is grey as well.
        calls: Whether to read conversations; by default True, since intervals, hours, agents and calls worth hearing are
            made of them. False makes the page of reports alone: ``alias``, ``hear`` and ``minimum`` have nothing to do
            then.

    Returns:
        A `Dashboard`, to `write` to a file.

    Raises:
        InvalidInputError: If an argument is not as described.
        ImportError: If polars, scipy or vl-convert-python is not installed.
        APIStatusError: If the service refuses, for example a metric that it does not have.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=2_000, reps=20, today="2025-07-15") as sandbox:
        ...     page = converz.dashboard(sandbox.client(), end_date="2025-07-13", alias=True)
        >>> "Agent " in page.html
        True

    """
    for library in ("polars", "scipy.stats", "vl_convert"):
        required(library, "dashboard", extra="dashboard")
    if not isinstance(cast("object", client), Client):
        message = f"client is {_shown(client)}: it must be a converz.Client"
        raise InvalidInputError(message)
    for name, value, least, most in (
        ("days", days, 1, 731),
        ("hear", hear, 0, 100),
        ("minimum", minimum, 2, 10_000),
        ("unsettled_days", unsettled_days, 0, 10_000),
    ):
        if (
            isinstance(value, bool)
            or not isinstance(cast("object", value), int)
            or not least <= value <= most
        ):
            message = f"{name} is {_shown(value)}: it must be an integer from {least} to {most}"
            raise InvalidInputError(message)
    if not isinstance(cast("object", calls), bool):
        message = f"calls is {_shown(calls)}: it must be True or False"
        raise InvalidInputError(message)
    metrics = _strings("metric", metric)
    if not metrics or len(set(metrics)) < len(metrics):
        message = f"metric is {_shown(metrics)}: it must be one or more names, each once"
        raise InvalidInputError(message)
    if activity is not None and not isinstance(cast("object", activity), str):
        message = f"activity is {_shown(activity)}: it must be the name of a metric, or None"
        raise InvalidInputError(message)
    import datetime as dt

    made = dt.datetime.now().astimezone()
    end = _date(end_date) if end_date is not None else made.date() - dt.timedelta(days=1)
    given = {"vendor": vendor, "rep_id": rep_id, "campaign": campaign, "subcampaign": subcampaign}
    given["department"] = department
    filters = {name: _strings(name, value) for name, value in given.items() if value is not None}

    from converz._dashboard.material import Question, read
    from converz._dashboard.page import page
    from converz._dashboard.reports import read_reports

    question = Question(
        start=end - dt.timedelta(days=days - 1),
        end=end,
        metrics=metrics,
        activity=activity,
        filters=filters,
        alias=bool(alias),
        hear=hear,
        minimum=minimum,
        unsettled_days=unsettled_days,
    )
    material = read(client, question) if calls else read_reports(client, question)
    return Dashboard(page(material, made, _core.__version__))


dashboard.__module__ = "converz"


def _strings(argument: str, values: str | Iterable[str]) -> list[str]:
    try:
        found = [values] if isinstance(values, str) else list(values)
    except TypeError:
        found = [cast("str", values)]
    for value in found:
        if not isinstance(cast("object", value), str):
            message = f"{argument} has {_shown(value)}: it must be one or more strings"
            raise InvalidInputError(message)
    return found


def _date(value: str | dt.date) -> dt.date:
    import datetime as dt

    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return written_day(value)
    except (TypeError, ValueError):
        message = f'end_date is {_shown(value)}: it must be a date, such as "2025-07-13"'
        raise InvalidInputError(message) from None


def _shown(value: object) -> str:
    return shorten(repr(value), 80)
