from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def test_badge_stands_for_a_person(story: "Story") -> None:
    story.tell("person_set", 0, person="p1", alias="ana-7", badge="b0a1c2d3")
    assert story.custody.people.badges == {"B0A1C2D3": "p1"}
    assert story.custody.people.alias("p1") == "ana-7"
    assert story.rows["person", "p1"] == {
        "person": "p1",
        "alias": "ana-7",
        "badge": "B0A1C2D3",
        "role": "operator",
        "licence_until": "",
        "least_class": 1,
        "cabinets": "*",
        "may_authorise": 0,
        "as_of_seq": 1,
    }


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


def test_rights_are_said_without_the_badge_and_all_badges_over_time_are_kept(
    story: "Story",
) -> None:
    story.tell("person_set", 0, person="p1", alias="ana-7", badge="B0A1C2D3")
    story.tell("person_set", 1, person="p1", alias="ana-7", badge="B0A1C2D9")
    rights: dict[str, Json] = {"role": "owner", "cabinets": "cab-2, cab-1", "may_authorise": 1}
    story.tell("person_set", 2, person="p1", alias="ana-7", least_class=3, **rights)
    row = story.rows["person", "p1"]
    assert (row["badge"], row["cabinets"], row["least_class"]) == ("B0A1C2D9", "cab-1,cab-2", 3)
    assert (row["role"], row["may_authorise"]) == ("owner", 1)
    held = [row for (table, _), row in story.rows.items() if table == "badge"]
    spans = [(row["badge"], row["from_at_ms"], row["to_at_ms"], row["reason"]) for row in held]
    start_ms = story.START_MS
    assert spans == [
        ("B0A1C2D3", start_ms, start_ms + 1000, "replaced"),
        ("B0A1C2D9", start_ms + 1000, 0, ""),
    ]


def test_erased_person_has_no_badge_no_pseudonym_and_no_way_back(story: "Story") -> None:
    story.tell("person_set", 0, person="p1", alias="ana-7", badge="B0A1C2D3", role="owner")
    story.tell("person_set", 1, person="p2", alias="eve-1", badge="B0A1C2D9")
    story.tell("person_erased", 2, person="p1", reason="left the farm")
    assert story.custody.people.badges == {"B0A1C2D9": "p2"}
    assert story.custody.people.alias("p1") == "erased person"
    row = story.rows["person", "p1"]
    assert (row["alias"], row["badge"], row["role"]) == ("erased person", "", "operator")
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
        ({"role": "king"}, "king"),
        ({"licence_until": "2027-02-30"}, "2027-02-30"),
        ({"least_class": 6}, "6"),
        ({"cabinets": "c" * 201}, "c" * 120),
    ],
)
def test_wrong_person_is_refused(story: "Story", wrong: dict[str, Json], value: str) -> None:
    story.farm()
    facts: dict[str, Json] = {"person": "p3", "alias": "eve-1", "badge": "B0A1C2D9"}
    story.tell("person_set", 1, **(facts | wrong))
    assert story.refusals() == [value]
    assert len(story.custody.people.badges) == 2
    assert "p3" not in story.custody.people.people


# --- a lost badge ---------------------------------------------------------------------------


def test_revoked_badge_is_told_of_when_it_is_shown_and_names_nobody(stocked: "Story") -> None:
    stocked.tell("badge_revoked", 90, badge=stocked.BADGE_ANA, reason="lost", by=stocked.BOB)
    stocked.open(100)
    stocked.tag_in(101, stocked.BADGE_ANA)
    stocked.close(103)
    stocked.quiet(108)
    assert stocked.rules() == ["badge_revoked_used", "opening_without_badge"]
    found = stocked.facts("discrepancy_found")[0]
    assert found["text"] == "revoked badge B0A1C2D3 of ana-7 was shown in cab-1"
    assert found["tag"] == stocked.BADGE_ANA
    assert stocked.last("box_closed")["person"] == "nobody named"


def test_reading_from_before_the_loss_that_is_told_after_it_still_names_her(
    stocked: "Story",
) -> None:
    stocked.tell("badge_revoked", 90, badge=stocked.BADGE_ANA, reason="lost", by=stocked.BOB)
    stocked.open(50)
    stocked.tag_in(51, stocked.BADGE_ANA)
    stocked.close(53)
    stocked.quiet(108)
    assert stocked.rules() == []
    assert stocked.last("box_closed")["person"] == stocked.ANA


def test_lost_badge_is_never_given_again_and_only_a_live_one_can_be_lost(story: "Story") -> None:
    story.farm()
    story.tell("badge_revoked", 1, badge=story.BADGE_ANA, reason="lost", by="p9")
    story.tell("badge_revoked", 2, badge=story.BADGE_ANA, reason="lost", by=story.BOB)
    story.tell("badge_revoked", 3, badge=story.BADGE_ANA, reason="lost", by=story.BOB)
    story.tell("person_set", 4, person=story.BOB, alias="bob-2", badge=story.BADGE_ANA)
    assert story.refusals() == ["p9", story.BADGE_ANA, story.BADGE_ANA]
    story.tell("person_set", 5, person=story.ANA, alias="ana-7", badge="B0A1C2D9")
    assert story.custody.people.badges["B0A1C2D9"] == story.ANA
