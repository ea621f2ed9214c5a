"""The story itself is told in tests/whole; here is what holds without a farm."""

from typing import Any

import pytest

from fognode.gs1.keys import normal_gtin
from fognode.trial import story


def test_the_story_covers_the_life_of_a_package_in_order() -> None:
    names = [chapter.act.__name__ for chapter in story.CHAPTERS]
    assert names == [
        "master_records",
        "delivery",
        "normal_use",
        "night_opening",
        "emptied",
        "rinsed",
        "returned",
    ]


def test_its_product_code_is_a_good_one() -> None:
    assert normal_gtin(story.GTIN) == story.GTIN


def test_every_chapter_is_said_with_its_time_and_then_happens() -> None:
    said: list[str] = []
    happened: list[Any] = []
    chapters = tuple(story.Chapter(title, happened.append) for title in ("one", "two"))
    story.tell("farm", said.append, chapters=chapters)  # type: ignore[arg-type]  # passed on only
    assert [line.split("  ")[-1] for line in said[:2]] == ["one", "two"]
    assert happened == ["farm", "farm"]


def test_owner_gets_a_pin_of_their_own_that_is_not_too_easy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = iter([111_111, 123_456, 40_917])
    monkeypatch.setattr("secrets.randbelow", lambda _bound: next(drawn))
    assert story.new_pin() == "040917"
