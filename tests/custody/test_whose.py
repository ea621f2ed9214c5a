from typing import TYPE_CHECKING

import pytest

from fognode.custody.whose import hear_whose, is_strange

if TYPE_CHECKING:
    from tests.custody.conftest import Story


@pytest.mark.parametrize(
    ("kind", "whose", "package", "person", "strange"),
    [
        ("tag_in", "GLY", "GLY-0042", "", False),
        ("tag_out", "GLY", "GLY-0042", "", False),
        ("tag_in", "BADGE_ANA", "", "ANA", False),
        ("tag_out", "BADGE_ANA", "", "", False),  # a badge is shown, not laid down
        ("tag_in", "04DEADBEEF0001", "", "", True),
        ("tag_out", "04DEADBEEF0001", "", "", False),
        ("weight_put", "GLY", "", "", False),
    ],
)
def test_reading_is_a_package_s_a_person_s_or_nobody_s(
    stocked: "Story", kind: str, whose: str, package: str, person: str, strange: bool
) -> None:
    tag = stocked.TAGS[stocked.GLY] if whose == "GLY" else getattr(stocked, whose, whose)
    stocked.read(kind, 100, sensor="C1", tag=tag)
    custody = stocked.custody
    told = stocked.record_of(kind)
    heard = hear_whose(told, custody.packages, custody.people)
    assert (heard.package, heard.person) == (package, getattr(stocked, person, ""))
    assert is_strange(heard, custody.packages) == strange


def test_what_was_read_before_its_delivery_is_not_its_own_and_no_stranger_s(
    stocked: "Story",
) -> None:
    custody = stocked.custody
    custody.packages.packages[stocked.GLY].received_at_ms = stocked.START_MS + 100_000
    stocked.read("tag_in", 99, place="cab-2", sensor="C1", tag=stocked.TAGS[stocked.GLY])
    heard = hear_whose(stocked.record_of("tag_in"), custody.packages, custody.people)
    assert heard.package == ""
    assert not is_strange(heard, custody.packages)
    assert "unknown_tag" not in stocked.rules()
