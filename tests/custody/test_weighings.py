"""Honest noise, and a scale that is checked with a known weight (facts/custody.md 5 and 15)."""

from typing import TYPE_CHECKING

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Shelf


def test_honest_noise_is_no_discrepancy(shelf: "Shelf") -> None:
    shelf.receive(gross_g=20_310)
    truth_g = 20_310
    for day in range(1, 200):
        noise_g = day * 13 % 41 - 20
        shelf.use(day, truth_g + noise_g, truth_g - 50 - noise_g)
        truth_g -= 50
    assert shelf.rules() == []


def _check(shelf: "Shelf", day: float, read_g: int, **facts: Json) -> None:
    base: dict[str, Json] = {"cabinet": "cab-1", "known_g": 2000, "read_g": read_g}
    shelf.tell("scale_checked", day, **(base | {"by": shelf.ANA} | facts))


def test_a_failed_check_doubts_all_weights_since_the_last_good_one(shelf: "Shelf") -> None:
    for package in ("P1", "P2", "P3"):
        shelf.receive(package)
    shelf.use(1, 5840, 5000, "P1")
    _check(shelf, 2, 2020)  # within 20 g
    shelf.use(3, 5840, 5000, "P2")
    _check(shelf, 4, 2040)  # 2 % off
    found = next(f for f in shelf.facts("discrepancy_found") if f["rule"] == "scale_wrong")
    assert (found["place"], found["packages"]) == ("cab-1", ["P2"])
    assert found["text"] == (
        "the scale of cab-1 shows 2040 g for 2000 g:"
        " 1 packages weighed since the last good check are in doubt"
    )
    shelf.use(5, 5840, 5000, "P3")  # the scale is still wrong
    assert [shelf.row(p)["doubted"] for p in ("P1", "P2", "P3")] == [0, 1, 1]
    _check(shelf, 6, 1999)
    shelf.use(7, 5000, 4000, "P2")
    assert [shelf.row(p)["doubted"] for p in ("P1", "P2", "P3")] == [0, 0, 1]


def test_a_check_that_says_nothing_is_refused(shelf: "Shelf") -> None:
    _check(shelf, 1, 2000, cabinet="")
    _check(shelf, 1, 2000, known_g=0)
    _check(shelf, 1, -1)
    _check(shelf, 1, 2000, by="nobody")
    assert len(shelf.facts("rejected")) == 4
