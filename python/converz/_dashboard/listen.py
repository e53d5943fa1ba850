"""Calls worth hearing: a few, each with the rule that chose it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from converz._dashboard.changed import heading, title, value
from converz._dashboard.markup import Html, count, date, element, join, label, plain, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from converz._dashboard.material import Material

__all__ = ["listen"]

LONGEST = 600
"""Characters of a summary."""


def listen(material: Material, compared: dict[str, list[dict[str, Any]]]) -> Html:
    """The section."""
    q = material.question
    chosen = _chosen(material, compared)
    note = element(
        "p",
        say("listen_note", start=date(q.start), end=date(q.end), n=count(len(material.after))),
        class_="note",
    )
    if not chosen:
        return join(note, element("p", say("listen_none")))
    return join(note, element("ol", *(_call(material, row, why) for row, why in chosen), class_="calls"))


class _Rule(NamedTuple):
    """Conversations, the most telling first; how many of them at most; and what is said of each."""

    calls: pl.DataFrame
    most: int
    why: Callable[[dict[str, Any]], Html]


def _chosen(
    material: Material, compared: dict[str, list[dict[str, Any]]]
) -> list[tuple[dict[str, Any], Html]]:
    q = material.question
    # Those whose summary can be read come first, of them the newest.
    calls = material.after.sort(pl.col("summary").is_null(), "call_id", descending=[False, True])
    part = max(1, q.hear // 4)
    found: dict[Any, tuple[dict[str, Any], Html]] = {}
    for rule in (
        *_of_group(material, compared, calls, part + 1),
        *_extremes(material, calls, part),
        *_unusual(material, calls, part),
        *_extremes(material, calls, (q.hear + 1) // 2),
    ):
        new = [row for row in rule.calls.head(q.hear * 2).to_dicts() if row["call_id"] not in found]
        for row in new[: min(rule.most, q.hear - len(found))]:
            found[row["call_id"]] = (row, rule.why(row))
    return list(found.values())


def _of_group(
    material: Material, compared: dict[str, list[dict[str, Any]]], calls: pl.DataFrame, most: int
) -> Iterator[_Rule]:
    """In the group that explains most, those that show its change."""
    metric = material.question.metrics[0]
    for dimension in ("subcampaign", "campaign", "department"):
        for row in compared.get(dimension, []):
            if row["metric"] == metric and row["difference"] is not None and row[dimension] is not None:
                group = row[dimension]
                of_group = calls.filter(pl.col(dimension) == group)

                def why(call: dict[str, Any], row: dict[str, Any] = row, dimension: str = dimension) -> Html:
                    return say(
                        "reason_group",
                        heading=heading(metric),
                        metric=title(metric),
                        value=_exact(material, metric, call[metric]),
                        dimension=plain(dimension),
                        group=label(row[dimension]),
                        verdict=plain(f"verdict_{row['verdict']}"),
                    )

                yield _Rule(_sorted(of_group, metric, highest=row["difference"] > 0), most, why)
                return


def _extremes(material: Material, calls: pl.DataFrame, most: int) -> Iterator[_Rule]:
    metric = material.question.metrics[0]
    for highest, key in ((False, "reason_low"), (True, "reason_high")):

        def why(call: dict[str, Any], key: str = key) -> Html:
            return say(key, heading=heading(metric), value=_exact(material, metric, call[metric]))

        yield _Rule(_sorted(calls, metric, highest=highest), most, why)


def _unusual(material: Material, calls: pl.DataFrame, most: int) -> Iterator[_Rule]:
    """Far from what is usual in the campaign, in one of the other metrics."""
    for metric in material.question.metrics[1:]:
        if not material.is_share(metric):
            odd = calls.with_columns(pl.col(metric).median().over("campaign").alias("usual"))
            odd = odd.filter(pl.col(metric).is_not_null()).sort(
                (pl.col(metric) - pl.col("usual")).abs(), descending=True, maintain_order=True
            )

            def why(call: dict[str, Any], metric: str = metric) -> Html:
                return say(
                    "reason_odd",
                    heading=heading(metric),
                    value=_exact(material, metric, call[metric]),
                    typical=_exact(material, metric, call["usual"]),
                )

            yield _Rule(odd, most, why)


def _sorted(calls: pl.DataFrame, metric: str, *, highest: bool) -> pl.DataFrame:
    known = calls.filter(pl.col(metric).is_not_null())
    return known.sort(pl.col("summary").is_null(), metric, descending=[False, highest], maintain_order=True)


def _exact(material: Material, metric: str, given: float) -> Html:
    """One conversation's value: a mark of 5 is not 5.00."""
    whole = not material.is_share(metric) and float(given).is_integer()
    return count(given) if whole else value(material, metric, given)


def _call(material: Material, row: dict[str, Any], why: Html) -> Html:
    text = None if row["summary"] is None else str(row["summary"])
    if text is not None:
        text = material.summary(row["rep_id"], text)
        text = text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " …"
    # One line at a time: what could hide or turn text is taken out.
    shown = None if text is None else " ".join(label(line, LONGEST) for line in text.splitlines())
    facts = [material.names.get(row["rep_id"] or ""), row["campaign"], row["subcampaign"]]
    by = [label(fact) for fact in facts if fact is not None]
    identity = row["vendor_call_id"] if row["vendor_call_id"] is not None else row["call_id"]
    return element(
        "li",
        element("p", why, class_="why"),
        element("p", shown) if shown else element("p", say("no_summary"), class_="by"),
        element(
            "p",
            *((date(row["date"]), " · ") if row["date"] is not None else ()),
            " · ".join(by),
            element("span", say("vendor_id"), " ", element("code", label(identity, 80)), class_="id"),
            class_="by",
        ),
    )
