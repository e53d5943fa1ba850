"""Where it changed: by campaign, subcampaign and department, what explains most of it first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from converz._dashboard import charts
from converz._dashboard.changed import heading, title, value
from converz._dashboard.drawing import figure, picture
from converz._dashboard.markup import Html, count, date, element, join, label, listed, plain, say, table
from converz._dashboard.material import DIMENSIONS
from converz._statistics.compare import compare

if TYPE_CHECKING:
    from converz._dashboard.material import Material

__all__ = ["groups", "where"]

SHOWN = 12
"""Groups of a picture."""
LISTED = 100
"""Groups of a table: a page must open from a mail, however many names there are."""


def groups(material: Material) -> dict[str, list[dict[str, Any]]]:
    """The comparison by each dimension that tells conversations apart, of all metrics."""
    found = {}
    for name in DIMENSIONS:
        if material.after[name].n_unique() + material.before[name].n_unique() > 2:
            compared = compare(material.before, material.after, metric=material.question.metrics, by=name)
            found[name] = compared.to_polars().to_dicts()
    return found


def where(material: Material, compared: dict[str, list[dict[str, Any]]]) -> Html:
    """A figure a dimension, of the first metric; the table behind it has all."""
    figures = [
        _figure(material, dimension, rows, f"where-{dimension}") for dimension, rows in compared.items()
    ]
    return join(element("p", say("change_note"), class_="note"), element("div", *figures, class_="columns"))


def _figure(material: Material, dimension: str, rows: list[dict[str, Any]], identity: str) -> Html:
    q = material.question
    metric = q.metrics[0]
    of_metric = [row for row in rows if row["metric"] == metric]
    scale, unit = (100, plain("percentage_points")) if material.is_share(metric) else (1, None)

    def scaled(given: float | None) -> float | None:
        return None if given is None else given * scale

    # A point without an interval would show chance as a change.
    known = [row for row in of_metric if row["lower"] is not None]
    some = known[:SHOWN]

    def drawn(width: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for row in some:
            name, place = label(row[dimension], width), 2
            while any(each["group"] == name for each in rows):
                # Two long names that are alike at both ends.
                name, place = f"{label(row[dimension], width - 4)} {place}", place + 1
            rows.append(
                {
                    "group": name,
                    "difference": scaled(row["difference"]),
                    "lower": scaled(row["lower"]),
                    "upper": scaled(row["upper"]),
                    "all_lower": scaled(row["simultaneous_lower"]),
                    "all_upper": scaled(row["simultaneous_upper"]),
                    "sure": row["verdict"] in ("higher", "lower"),
                }
            )
        return rows

    sure = [label(row[dimension]) for row in of_metric if row["verdict"] in ("higher", "lower")]
    few = sum(row["verdict"] == "too few" for row in of_metric)
    finding = (
        say("change_found", groups=listed(sure)) if sure else say("change_unclear" if some else "change_none")
    )
    if len(known) > len(some):
        finding = join(finding, " ", say("change_more", shown=count(len(some)), count=count(len(known))))
    if few:
        finding = join(finding, " ", say("change_few", count=count(few)))
    if charts.reach(drawn(28)) is not None:
        finding = join(finding, " ", say("change_goes_on"))
    caption = say(
        "change_caption",
        metric=title(metric),
        start=date(q.start),
        end=date(q.end),
        n=count(sum(row["n_after"] for row in of_metric)),
        n_before=count(sum(row["n_before"] for row in of_metric)),
        finding=finding,
    )
    above = say("change_by", metric=heading(metric), dimension=plain(dimension))
    said = plain("change_by", metric=title(metric), dimension=plain(dimension))
    first = {row[dimension] for row in of_metric[:LISTED]}
    cut = len(of_metric) > LISTED
    more = say("table_more", shown=count(LISTED), count=count(len(of_metric))) if cut else ""
    behind = table(
        join(above, ". ", more) if cut else above,
        [
            plain(dimension),
            *(plain(key) for key in ("metric", "n_before", "n_after", "before", "after", "difference")),
            *(plain(key) for key in ("interval", "for_all", "explains", "verdict")),
        ],
        [_row(material, dimension, row) for row in rows if row[dimension] in first],
    )
    if not some:
        details = element("details", element("summary", plain("behind")), behind)
        return element(
            "div", element("h3", above), element("p", caption, class_="note"), details, id=identity
        )
    wide, narrow = (
        picture(charts.changes(drawn(letters), width, unit), name, said)
        for width, name, letters in ((400, identity, 28), (340, f"{identity}-narrow", 17))
    )
    return element(
        "div",
        element("h3", above),
        figure(identity, wide, narrow, caption, len(some), behind, plain("behind")),
    )


def _row(material: Material, dimension: str, row: dict[str, Any]) -> list[object]:
    metric = row["metric"]

    def written(given: float | None, *, sign: bool = False) -> Html:
        return value(material, metric, given, sign=sign)

    def interval(low: str, high: str) -> object:
        if row[low] is None:
            return plain("few")
        return join(written(row[low], sign=True), " … ", written(row[high], sign=True))

    explained = None if row["within"] is None else row["within"] + row["mix"]
    return [
        label(row[dimension]),
        title(metric),
        count(row["n_before"]),
        count(row["n_after"]),
        written(row["before"]),
        written(row["after"]),
        written(row["difference"], sign=True),
        interval("lower", "upper"),
        interval("simultaneous_lower", "simultaneous_upper"),
        written(explained, sign=True),
        plain(f"verdict_{row['verdict']}"),
    ]
