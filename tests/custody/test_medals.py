"""Medals as a table (requirement A93): recounted from rows, never stored."""

import itertools

import pytest

from fognode.custody.medals import MEDALS, score
from fognode.events import RowValues

STEPS = (("received", 1), ("prepared", 2), ("returned", 3))
TODAY = "2027-03-02"


def farm(
    returned: int, owed: int, packaging: str = "rigid", prepared: bool = True
) -> tuple[list[RowValues], list[RowValues], dict[str, str]]:
    entries: list[RowValues] = []
    packages: list[RowValues] = []
    for number in range(returned + owed):
        name = f"P-{number}"
        is_back = number < returned
        packages.append({"package": name, "state": 6 if is_back else 3, "packaging": packaging})
        steps = [step for step in STEPS if prepared or step[0] != "prepared"]
        for step, points in steps if is_back else STEPS[:1]:
            entries.append({"package": name, "step": step, "points": points})
    return entries, packages, {str(row["package"]): TODAY for row in packages}


@pytest.mark.parametrize(
    ("returned", "owed", "medals"),
    [
        (0, 0, ()),
        (0, 5, ()),
        (1, 0, ("first return",)),
        (1, 99, ("first return",)),
        (9, 0, ("first return",)),
        (10, 0, ("first return", "bronze")),
        (10, 2, ("first return", "bronze")),  # 833 of 1000
        (10, 3, ("first return",)),  # 769
        (50, 5, ("first return", "bronze", "silver")),
        (200, 10, ("first return", "bronze", "silver", "gold")),
        (200, 11, ("first return", "bronze", "silver")),
    ],
)
def test_medals_ask_for_units_and_for_their_share(
    returned: int, owed: int, medals: tuple[str, ...]
) -> None:
    assert score(*farm(returned, owed), TODAY).medals == medals


def test_returning_without_ever_rinsing_wins_no_bronze() -> None:
    assert score(*farm(10, 0, prepared=False), TODAY).medals == ("first return",)


def test_units_are_shown_as_returned_of_due_and_nothing_is_due_before_its_day() -> None:
    entries, packages, due_on = farm(3, 2)
    now = score(entries, packages, due_on, TODAY)
    assert (now.returned, now.due, now.permille, now.points) == (3, 5, 600, 20)
    before = score(entries, packages, due_on, "2027-03-01")
    assert (before.returned, before.due) == (3, 3)


def test_what_need_not_go_back_is_not_due() -> None:
    entries, packages, due_on = farm(0, 4, packaging="not_returnable")
    assert score(entries, packages, due_on, TODAY).due == 0


def test_a_correction_after_a_medal_takes_it_away() -> None:
    entries, packages, due_on = farm(10, 0)
    assert "bronze" in score(entries, packages, due_on, TODAY).medals
    entries.append({"package": "P-0", "step": "returned", "points": -3})
    now = score(entries, packages, due_on, TODAY)
    assert now.medals == ("first return",)
    assert (now.returned, now.due, now.points) == (9, 10, 57)


def test_the_table_rises() -> None:
    for low, high in itertools.pairwise(MEDALS):
        assert (low.units, low.permille, low.points) < (high.units, high.permille, high.points)
        assert 6 * high.units >= high.points
