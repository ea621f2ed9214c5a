"""The clock of the invoice (requirements A110, A112); the worked example of the facts."""

from datetime import date, timedelta
from typing import Any

import pytest

from fognode.custody import deadlines, receiving
from fognode.custody.packages import Stage
from fognode.events import Json


class Calendar:
    """A story with a package, and days that pass."""

    def __init__(self, story: Any, invoiced_on: str = "2026-03-02") -> None:
        self.story, self.state = story, deadlines.State()
        self.bought = receiving.State()
        self.told: list[dict[str, Json]] = []
        self._done = 0
        head: dict[str, Json] = {"invoice": "NF-000123", "issued_on": invoiced_on}
        story.tell("invoice_read", 0, **head)
        story.farm()
        self.fold()

    def fold(self) -> None:
        while self._done < len(self.story.record):
            event = self.story.record[self._done]
            self._done += 1
            receiving.step(self.bought, event)
            outcome = deadlines.step(self.state, event, self.story.custody.packages, self.bought)
            self.told += [{"kind": str(e.kind), **e.facts} for e in outcome.events]

    def day(self, day: date) -> None:
        self.story.tell("hour_began", 0, hour=f"{day.isoformat()}T07")
        self.fold()

    def of(self, package: str) -> list[dict[str, Json]]:
        return [facts for facts in self.told if facts["package"] == package]

    def token(self, package: str) -> str:
        return str(self.story.package(package)["token_id"])

    def days(self, begin: date, count: int) -> list[tuple[str, str]]:
        """Let days pass one by one; return (day, package) of what was told."""
        found = []
        for number in range(count):
            day, before = begin + timedelta(days=number), len(self.told)
            self.day(day)
            found += [(day.isoformat(), str(facts["package"])) for facts in self.told[before:]]
        return found


@pytest.fixture
def calendar(new_story: type[Any]) -> Calendar:
    return Calendar(new_story())


def test_the_worked_example(calendar: Calendar) -> None:
    gly = calendar.story.custody.packages.packages[calendar.story.GLY]
    atr = calendar.story.custody.packages.packages[calendar.story.ATR]
    gly.state, atr.state = Stage.EMPTY, Stage.RETURNED
    told = calendar.days(date(2026, 3, 3), 370)
    days = ["2026-12-02", "2027-01-31", "2027-02-23", "2027-03-02", "2027-03-03"]
    assert told == [(day, calendar.story.GLY) for day in days]
    assert [facts["days"] for facts in calendar.told] == [90, 30, 7, 0, -1]
    assert [facts["kind"] for facts in calendar.told] == ["return_due"] * 4 + ["return_overdue"]
    assert {facts["due_on"] for facts in calendar.told} == {"2027-03-02"}


def test_29_february_becomes_the_28th(new_story: type[Any]) -> None:
    calendar = Calendar(new_story(), "2028-02-29")
    assert set(calendar.state.due_on.values()) == {date(2029, 2, 28)}


def test_after_days_without_the_node_the_nearest_reminder_is_told_once(calendar: Calendar) -> None:
    for package in calendar.story.custody.packages.packages.values():
        package.state = Stage.EMPTY
    calendar.day(date(2026, 4, 1))
    calendar.day(date(2027, 2, 25))  # 90, 30 and 7 days are past
    assert [(facts["package"], facts["days"]) for facts in calendar.told] == [
        (calendar.story.ATR, 5),
        (calendar.story.GLY, 5),
    ]


def test_a_node_that_slept_past_the_day_says_overdue(calendar: Calendar) -> None:
    calendar.story.custody.packages.packages[calendar.story.GLY].state = Stage.EMPTY
    calendar.day(date(2027, 3, 5))
    kinds = {str(facts["package"]): facts["kind"] for facts in calendar.told}
    assert kinds[calendar.story.GLY] == "return_overdue"


def test_product_that_is_in_date_may_stay_until_six_months_after_its_expiry(
    calendar: Calendar,
) -> None:
    calendar.day(date(2027, 3, 2))
    assert {facts["extended_to"] for facts in calendar.told} == {"2028-12-30"}
    assert set(calendar.state.due_on.values()) == {date(2028, 12, 30)}
    assert calendar.days(date(2027, 3, 3), 30) == []


def test_both_days_past_at_the_first_look_is_overdue(calendar: Calendar) -> None:
    # Leftover in date until 2026-10-01 may wait until 2027-04-01; the node was off since 2026.
    calendar.story.deliver("P", "S9", 5840, tag="04FFEEDD", expires_on="2026-10-01")
    calendar.fold()
    due = {"package": "P", "due_on": "2027-03-02", "token_id": calendar.token("P")}
    calendar.day(date(2027, 4, 1))
    assert calendar.of("P")[-1]["extended_to"] == "2027-04-01"
    calendar.day(date(2027, 4, 2))
    assert calendar.of("P")[-1]["kind"] == "return_overdue"
    later = Calendar(type(calendar.story)())
    later.story.deliver("P", "S9", 5840, tag="04FFEEDD", expires_on="2026-10-01")
    later.fold()
    later.day(date(2027, 6, 1))
    assert later.of("P") == [{"kind": "return_overdue", "days": -91} | due]


def test_the_same_hour_again_tells_nothing_twice(calendar: Calendar) -> None:
    calendar.day(date(2026, 12, 2))
    before = len(calendar.told)
    calendar.day(date(2026, 12, 2))
    assert len(calendar.told) == before == 2


def test_a_corrected_invoice_sets_the_clock_anew_and_a_withdrawn_delivery_ends_it(
    calendar: Calendar,
) -> None:
    story = calendar.story
    story.tell("invoice_read", 1, invoice="NF-000124", issued_on="2026-05-02")
    told = next(one for one in story.record if one.kind == "delivery_declared")
    mended = {**told.facts, "invoice": "NF-000124"}
    about: dict[str, Json] = {"corrects": told.event_id, "reason": "misread", "by": story.BOB}
    story.tell("correction_declared", 2, **about, facts=mended)
    assert story.rows["deadline", story.GLY]["due_on"] == "2027-05-02"
    assert story.rows["deadline", story.ATR]["due_on"] == "2027-03-02"
    again = story.record_of("correction_declared").event_id
    story.tell("correction_declared", 3, **(about | {"corrects": again}), withdraw=1)
    assert story.rows["deadline", story.GLY]["due_on"] == "2027-03-02"  # the first stands again
    story.tell("correction_declared", 4, **about, withdraw=1)
    assert story.rows["deadline", story.GLY]["due_on"] == ""
