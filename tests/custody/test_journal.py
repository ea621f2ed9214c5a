from typing import TYPE_CHECKING

from fognode.custody import journal

if TYPE_CHECKING:
    from tests.custody.conftest import Story


def _shelf(story: "Story") -> journal.Shelf:
    own = story.custody
    return journal.Shelf(
        packages=own.packages, sessions=own.sessions, outings=own.outings, losses=own.losses
    )


def test_package_is_put_back_to_what_it_was(stocked: "Story") -> None:
    shelf = _shelf(stocked)
    was = journal.snapshot(shelf, stocked.GLY)
    stocked.tag_in(98, stocked.BADGE_ANA)
    stocked.open(100)
    stocked.weight(101, -5840)
    stocked.tag_out(103, stocked.GLY)
    stocked.close(104)
    stocked.quiet(109)
    assert journal.snapshot(shelf, stocked.GLY) != was
    journal.restore(shelf, stocked.GLY, was)
    assert journal.snapshot(shelf, stocked.GLY) == was
    assert stocked.GLY in stocked.custody.sessions.shelves["cab-1"]


def test_only_what_differs_is_changed(stocked: "Story") -> None:
    shelf, package = _shelf(stocked), stocked.custody.packages.packages[stocked.GLY]
    before = journal.snapshot(shelf, stocked.GLY)
    package.gross_g = 4000
    after = journal.snapshot(shelf, stocked.GLY)
    package.gross_g, package.state = 5840, 3
    journal.change(shelf, stocked.GLY, before, after)
    assert (package.gross_g, package.state) == (4000, 3)


def test_entries_and_readings_stay_bounded(stocked: "Story") -> None:
    for number in range(400):
        stocked.custody.sessions.cabinets["cab-1"].badges.clear()
        at_s = 100 + number * 60
        stocked.open(at_s)
        stocked.close(at_s + 2)
        stocked.read("vibration_shake", at_s + 20, vibration_edges=4)
    assert len(stocked.custody.journal.entries) <= journal.KEPT_ENTRIES * 5 // 4
    assert len(stocked.custody.journal.cases) <= journal.KEPT_ENTRIES * 5 // 4 + 1
    assert len(stocked.custody.sessions.cabinets["cab-1"].heard) < 400 * 3


def test_reading_that_comes_when_its_opening_is_forgotten_asks_for_a_count(
    stocked: "Story",
) -> None:
    for number in range(400):
        stocked.open(100 + number * 60)
        stocked.close(102 + number * 60)
    stocked.weight(101, -900)
    assert stocked.rules()[-1] == "too_late"
