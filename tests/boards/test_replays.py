"""Whether an event was told before: by what this run heard, and by what the record keeps."""

from collections.abc import Callable

import pytest

from fognode.boards.replays import ENOUGH, Memory, Suspect, says_the_same
from fognode.boards.starts import Past, Start, Starts
from fognode.boards.wire import BoardEvent
from fognode.errors import StoreError
from fognode.events import Event, Json, Stored
from fognode.hashing import Stamp, freeze
from fognode.store.bodies import stored_event

STAMP = Stamp(farm="f", boot_id="a" * 32, clock_ok=True, mono_ms=1, recorded_at_ms=1)


def frame(
    seq: int = 1, boot: int = 17, ms: int = 60_000, sensor: str = "L1", said: str = "open,859"
) -> BoardEvent:
    word, value = said.split(",")
    return BoardEvent(
        board="cab01", boot=boot, ms=ms, seq=seq, sensor=sensor, word=word, value=value
    )


def stored(kind: str, facts: dict[str, Json], board_ms: int | None = 60_000) -> Stored:
    event = Event(
        kind=kind, origin="b/cab01/17/1", happened_at_ms=5, facts=facts, board_ms=board_ms
    )
    return stored_event(1, bytes(16), freeze(event, STAMP))


DOOR: dict[str, Json] = {"board": "cab01", "place": "shed", "sensor": "L1", "light_counts": 859}


def test_event_is_the_same_by_clock_sensor_word_and_value() -> None:
    door = stored("light_open", DOOR)
    assert says_the_same(door, frame())
    assert not says_the_same(door, frame(ms=60_001))
    assert not says_the_same(door, frame(sensor="L2"))
    assert not says_the_same(door, frame(said="close,859"))
    assert not says_the_same(door, frame(said="open,858"))
    assert not says_the_same(stored("light_open", DOOR, board_ms=None), frame())


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        ("weight_take", {"weight_counts": -80_028, "weight_g": -2_001}, "take,-80028"),
        ("tag_in", {"tag": "04A1B2C3"}, "in,04A1B2C3"),
        ("distance_fault", {"code": -2}, "fault,-2"),
        ("code_part", {"part": "5D453039353231"}, "part,5D453039353231"),
        ("code_scan", {"scan": "]E09521321"}, "scan,]E09521321"),
        ("code_scan", {"scan": "]d2019521%1D21SN1"}, "scan,311D3231534E31"),
        ("light_open", {"light_counts": 859, "at_latest": 1}, "open,859"),
    ],
)
def test_value_of_every_kind_is_found_in_what_was_kept(
    kind: str, facts: dict[str, Json], said: str
) -> None:
    assert says_the_same(stored(kind, {"sensor": "X1", **facts}), frame(sensor="X1", said=said))


def test_what_was_rejected_is_known_by_its_words() -> None:
    refused = stored("rejected", {"what": "board_event", "value": "L1,open,4000"})
    assert says_the_same(refused, frame(said="open,4000"))
    assert not says_the_same(refused, frame(said="open,859"))


def memory(
    kept: Callable[[str], Stored | None] = lambda _origin: None,
    past: Callable[[int], Past] = lambda _boot: (0, 0, -1),
    starts: Starts | None = None,
) -> Memory:
    return Memory(board="cab01", starts=starts or Starts(), past=past, kept=kept)


def test_every_earlier_epoch_is_asked_the_newest_first_and_no_later_one() -> None:
    asked: list[str] = []

    def kept(origin: str) -> None:
        asked.append(origin)

    assert not memory(kept).knows(frame(), below=2 * 65_536 + 17)
    assert asked == ["b/cab01/65553/1", "b/cab01/17/1"]
    asked.clear()
    assert not memory(kept).knows(frame(boot=18), below=17)
    assert asked == []
    assert not memory(kept).knows(frame(), below=100 * 65_536)
    assert len(asked) == 16


def test_start_that_counted_past_65535_is_asked_for_each_round() -> None:
    door = {"b/cab01/17/65536": stored("light_open", DOOR)}
    told = memory(door.get, lambda _boot: (65_540, 0, -1))
    assert told.knows(frame(seq=1), below=65_553)
    assert not memory(door.get).knows(frame(seq=1), below=65_553)


def test_what_this_run_heard_needs_no_record() -> None:
    starts = Starts()
    starts.add(Start(boot=17)).remember(1, frame())

    def away(_origin: str) -> None:
        raise StoreError("away")

    assert memory(away, starts=starts).knows(frame(), below=65_553)
    assert not memory(away, starts=starts).knows(frame(ms=60_001), below=65_553)
    with pytest.raises(StoreError):
        memory(away, starts=starts).knows(frame(seq=2), below=65_553)


def test_enough_different_events_after_the_first_moment_name_a_recording_once() -> None:
    suspect = Suspect(Start(boot=65_553))
    assert not any(suspect.match(frame(seq=n, ms=9_999)) for n in range(1, 20))
    assert not any(suspect.match(frame(seq=1)) for _ in range(20))
    named = [suspect.match(frame(seq=n)) for n in range(2, 10)]
    assert named.index(True) == ENOUGH - 2
    assert named.count(True) == 1
