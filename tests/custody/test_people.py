from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def test_badge_stands_for_a_person(story: "Story") -> None:
    story.tell("person_set", 0, person="p1", alias="ana-7", badge="b0a1c2d3")
    assert story.custody.people.badges == {"B0A1C2D3": "p1"}
    assert story.custody.people.alias("p1") == "ana-7"
    row = {"person": "p1", "alias": "ana-7", "badge": "B0A1C2D3", "as_of_seq": 1}
    assert story.rows["person", "p1"] == row


def test_nobody_is_called_nobody(story: "Story") -> None:
    assert story.custody.people.alias("") == "nobody named"
    assert story.custody.people.alias("nobody named") == "nobody named"


def test_empty_badge_revokes_and_a_new_one_replaces(story: "Story") -> None:
    story.tell("person_set", 0, person="p1", alias="ana-7", badge="B0A1C2D3")
    story.tell("person_set", 1, person="p1", alias="ana-7", badge="B0A1C2D9")
    assert story.custody.people.badges == {"B0A1C2D9": "p1"}
    story.tell("person_set", 2, person="p1", alias="ana-7", badge="")
    assert story.custody.people.badges == {}
    assert story.custody.people.alias("p1") == "ana-7"


def test_erased_person_has_no_badge_no_pseudonym_and_no_way_back(story: "Story") -> None:
    story.tell("person_set", 0, person="p1", alias="ana-7", badge="B0A1C2D3")
    story.tell("person_set", 1, person="p2", alias="eve-1", badge="B0A1C2D9")
    story.tell("person_erased", 2, person="p1", reason="left the farm")
    assert story.custody.people.badges == {"B0A1C2D9": "p2"}
    assert story.custody.people.alias("p1") == "erased person"
    row = {"person": "p1", "alias": "erased person", "badge": "", "as_of_seq": 3}
    assert story.rows["person", "p1"] == row
    story.tell("person_set", 3, person="p1", alias="ana-7", badge="B0A1C2D3")
    assert story.refusals() == ["p1"]
    assert story.custody.people.alias("p1") == "erased person"
    story.tell("person_set", 4, person="p2", alias="eve-1", badge="B0A1C2D3")  # her badge is free
    assert story.custody.people.badges == {"B0A1C2D3": "p2"}


def test_person_nobody_knows_cannot_be_erased(story: "Story") -> None:
    story.tell("person_erased", 0, person="p9", reason="left the farm")
    assert story.refusals() == ["p9"]
    assert "p9" not in story.custody.people.aliases


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ({"person": ""}, ""),
        ({"person": "nobody named"}, "nobody named"),
        ({"alias": ""}, ""),
        ({"badge": "B0A1C2"}, "B0A1C2"),
        ({"badge": "B0A1C2D3"}, "B0A1C2D3"),  # Ana's
        ({"badge": "04A1B2C3D4E5F6"}, "04A1B2C3D4E5F6"),  # on a package
    ],
)
def test_wrong_person_is_refused(story: "Story", wrong: dict[str, Json], value: str) -> None:
    story.farm()
    facts: dict[str, Json] = {"person": "p3", "alias": "eve-1", "badge": "B0A1C2D9"}
    story.tell("person_set", 1, **(facts | wrong))
    assert story.refusals() == [value]
    assert len(story.custody.people.badges) == 2
