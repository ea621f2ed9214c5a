"""What counts of an event that was corrected, once, again, and withdrawn."""

import itertools
from dataclasses import replace

import pytest

from fognode.corrections import standings
from fognode.events import Json, Kind, Stored

FIRST = "00" * 16  # event_id of a declaration


def correction(seq: int, corrects: str, **facts: Json) -> Stored:
    return Stored(
        seq=seq,
        event_id=f"{seq:032x}",
        kind=Kind.CORRECTION_DECLARED,
        origin=f"q/{seq}",
        happened_at_ms=seq,
        recorded_at_ms=seq,
        facts={"corrects": corrects, "reason": "x", "by": "ana", **facts},
        body=b"",
    )


def says(seq: int, corrects: str, rinses: int) -> Stored:
    return correction(seq, corrects, facts={"rinses": rinses})


def withdraws(seq: int, corrects: str) -> Stored:
    return correction(seq, corrects, withdraw=1)


C2, C3, C4 = (f"{seq:032x}" for seq in (2, 3, 4))
TWO, THREE = {"rinses": 2}, {"rinses": 3}


@pytest.mark.parametrize(
    ("told", "first"),
    [
        ([], None),
        ([says(2, FIRST, 3)], (2, THREE, False)),
        ([withdraws(2, FIRST)], (2, {}, True)),
        ([says(2, FIRST, 2), says(3, C2, 3)], (3, THREE, False)),  # corrected in turn
        ([says(2, FIRST, 2), withdraws(3, C2)], None),  # as if never corrected
        ([withdraws(2, FIRST), withdraws(3, C2)], None),  # counts after all
        ([withdraws(2, FIRST), says(3, C2, 3)], (3, THREE, False)),
        ([says(2, FIRST, 2), withdraws(3, C2), withdraws(4, C3)], (2, TWO, False)),
        ([says(2, FIRST, 2), withdraws(3, C2), says(4, C3, 3)], (4, THREE, False)),
        ([says(2, FIRST, 2), says(3, FIRST, 3)], (3, THREE, False)),  # two of one: the last
        ([says(2, FIRST, 2), says(3, FIRST, 3), withdraws(4, C3)], (2, TWO, False)),
    ],
)
def test_the_correction_that_stands(
    told: list[Stored], first: tuple[int, dict[str, int], bool] | None
) -> None:
    for order in itertools.permutations(told):
        found = standings(order).get(FIRST)
        assert (found and (found.by.seq, found.facts, found.withdrawn)) == first


def test_a_correction_that_was_corrected_is_itself_struck_through() -> None:
    found = standings([says(2, FIRST, 2), says(3, C2, 3), withdraws(4, C3)])
    assert {name: one.by.seq for name, one in found.items()} == {FIRST: 2, C3: 4}
    found = standings([says(2, FIRST, 2), withdraws(3, C2)])
    assert {name: one.by.seq for name, one in found.items()} == {C2: 3}


def test_what_is_no_correction_is_passed_over_and_a_long_chain_is_followed() -> None:
    chain = [says(seq, f"{seq - 1:032x}" if seq > 1 else FIRST, seq) for seq in range(1, 3000)]
    assert standings(chain)[FIRST].facts == {"rinses": 2999}
    assert standings([replace(chain[0], kind="openBox")]) == {}
