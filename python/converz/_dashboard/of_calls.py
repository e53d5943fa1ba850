"""The sections of a page of conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._dashboard.changed import changed, week_figures
from converz._dashboard.listen import listen
from converz._dashboard.markup import Html, count, element, say, section
from converz._dashboard.settled import unsettled
from converz._dashboard.volume import volume
from converz._dashboard.where import groups, where
from converz._dashboard.who import who

if TYPE_CHECKING:
    import datetime as dt

    from converz._dashboard.material import Material

__all__ = ["sections", "size"]


def size(material: Material) -> Html:
    """Say how much there is."""
    agents = material.after["rep_id"].drop_nulls().n_unique()
    return element(
        "p",
        say(
            "size",
            after=count(len(material.after)),
            agents=say("agent_one") if agents == 1 else say("agent_many", count=count(agents)),
            before_calls=count(len(material.before)),
        ),
    )


def sections(material: Material, today: dt.date) -> list[Html]:
    """Make the sections."""
    if not len(material.after):
        return [section("what", element("p", say("nothing")))]
    late = unsettled(material, today)
    compared = groups(material)
    made = [section("what", changed(material), week_figures(material, late), volume(material, late))]
    if compared:
        made.append(section("where", where(material, compared)))
    made.append(section("who", who(material)))
    if material.question.hear:
        made.append(section("listen", listen(material, compared)))
    return made
