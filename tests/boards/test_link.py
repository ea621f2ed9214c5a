"""The conversation of a line, over a real pty, against a board that answers."""

import random
import resource
from collections.abc import Callable
from typing import Any

import pytest

from fognode.boards.link import STRANGE_FRAMES
from fognode.boards.wire import seal

Wait = Callable[..., None]


def ready(bench: Any, wait: Wait, name: str = "cab01") -> None:
    wait(lambda: bench.store.origins(f"n/board_hello/{name}/") != [])


def test_board_is_found_by_its_hello_and_told_once_per_start(bench: Any, wait: Wait) -> None:
    """A35."""
    board = bench.board()
    bench.link()
    wait(lambda: "board_hello" in bench.store.kinds())
    assert board.orders[0].startswith(b"$Q,any,0,")
    hello = bench.store.events[0]
    assert hello.origin == "n/board_hello/cab01/17"
    assert hello.facts["kind"] == "cabinet"
    assert hello.facts["version"] == "0.1.0"
    assert len(hello.facts["sensors"]) == 5
    board.introduce()
    board.happen("L1,open,859")
    wait(lambda: bench.store.origins() == ["b/cab01/17/1"])
    assert bench.store.kinds().count("board_hello") == 1


def test_nothing_is_acknowledged_before_commit(bench: Any, wait: Wait) -> None:
    bench.store.keeps = False
    board = bench.board()
    bench.link()
    ready(bench, wait)
    for value in (859, 860, 861):
        board.happen(f"L1,open,{value}")
    wait(lambda: len(bench.store.origins()) == 3)
    board.beat()
    wait(lambda: bench.ground.lanes["cab01"].waiting == 3)
    assert board.acks() == []
    bench.store.commit(3)  # the hello and the first two events
    wait(lambda: b"$A,cab01,17,2" in board.acks())
    assert list(board.held) == [3]


def test_event_lost_on_the_wire_is_asked_for_and_kept_in_order(bench: Any, wait: Wait) -> None:
    board = bench.board()
    bench.link()
    ready(bench, wait)
    board.happen("L1,open,859")
    board.spoil = lambda line: line.replace(b"take", b"tkae")
    board.happen("W1,take,-80028")
    board.spoil = lambda line: line
    board.happen("L1,close,20")
    wait(lambda: len(bench.store.origins()) == 3)
    assert bench.store.origins() == ["b/cab01/17/1", "b/cab01/17/2", "b/cab01/17/3"]
    wait(lambda: board.held == {})
    assert "board_gap" not in bench.store.kinds()
    # Acknowledging 3 while 2 was away would have made the board forget 2.
    assert board.acks().index(b"$A,cab01,17,1") == 0


def test_gap_is_recorded_only_when_the_board_no_longer_has_it(bench: Any, wait: Wait) -> None:
    bench.reach["cab01"] = (17, 40)
    board = bench.board()
    board.seq = 44
    board.happen("L1,open,859")
    bench.link()
    wait(lambda: "b/cab01/17/45" in bench.store.origins())
    kinds = bench.store.kinds()
    assert kinds.index("board_gap") < kinds.index("light_open")
    gap = bench.store.events[kinds.index("board_gap")]
    assert gap.origin == "n/board_gap/cab01/17/41-44"
    assert (gap.facts["from_count"], gap.facts["to_count"], gap.facts["missing"]) == (41, 44, 4)
    wait(lambda: board.acks()[-1:] == [b"$A,cab01,17,45"])


def test_duplicate_is_acknowledged_again_and_not_offered_again(bench: Any, wait: Wait) -> None:
    board = bench.board()
    bench.link()
    ready(bench, wait)
    board.happen("L1,open,859")
    body = next(iter(board.held.values()))
    wait(lambda: board.acks() == [b"$A,cab01,17,1"])
    board.write(seal(body))
    wait(lambda: board.acks() == [b"$A,cab01,17,1"] * 2)
    assert bench.store.origins() == ["b/cab01/17/1"]


def test_heartbeat_repeats_the_newest_acknowledgement(bench: Any, wait: Wait) -> None:
    bench.reach["cab01"] = (17, 65_540)  # seq 5 of the second round
    board = bench.board()
    bench.link()
    ready(bench, wait)
    board.beat()
    wait(lambda: board.acks() == [b"$A,cab01,17,5"])


def test_restarted_board_counts_anew_under_its_next_boot(bench: Any, wait: Wait) -> None:
    board = bench.board()
    bench.link()
    ready(bench, wait)
    board.happen("L1,open,859")
    wait(lambda: board.held == {})
    board.restart(18)
    board.happen("L1,open,859")
    wait(lambda: bench.store.origins() == ["b/cab01/17/1", "b/cab01/18/1"])


def test_boot_that_went_back_begins_an_epoch_and_is_told(bench: Any, wait: Wait) -> None:
    bench.reach["cab01"] = (17, 40)
    board = bench.board(boot=3)
    board.happen("L1,open,859")
    bench.link()
    wait(lambda: bench.store.origins() == ["b/cab01/65539/1"])
    contradiction = bench.store.events[bench.store.kinds().index("board_contradicts")]
    assert contradiction.facts["what"] == "boot_went_back"
    wait(lambda: board.acks() == [b"$A,cab01,3,1"])


def test_good_frames_in_noise_all_arrive(bench: Any, wait: Wait) -> None:
    board = bench.board()
    link = bench.link()
    ready(bench, wait)
    noise = random.Random(7)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(1, 21):
        board.write(noise.randbytes(20_000))
        board.write(b"\n")
        board.happen(f"D1,move,{number}")
    wait(lambda: len(bench.store.origins()) == 20)
    assert [e.facts["distance_mm"] for e in bench.store.events if e.kind == "distance_move"] == (
        list(range(1, 21))
    )
    assert link.bad_frames > 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 20_000


def test_noise_is_one_event_a_minute(bench: Any, wait: Wait) -> None:
    board = bench.board()
    link = bench.link()
    ready(bench, wait)
    board.write(b"noise\n" * 500)
    wait(lambda: link.bad_frames == 500)
    assert "rejected" not in bench.store.kinds()
    bench.hand.ahead_ms += 61_000
    wait(lambda: "rejected" in bench.store.kinds())
    told = bench.store.events[bench.store.kinds().index("rejected")]
    assert (told.facts["what"], told.facts["count"]) == ("bad_frames", 500)
    board.write(b"noise\n" * 500)
    wait(lambda: link.bad_frames == 1000)
    assert bench.store.kinds().count("rejected") == 1


def test_flood_of_a_board_that_may_not_speak_here_is_told_as_noise(bench: Any, wait: Wait) -> None:
    board = bench.board()
    link = bench.link()
    ready(bench, wait)
    board.write(seal("E,flood,17,42,123456,L1,open,859") * (STRANGE_FRAMES - 1))
    wait(lambda: link.unknown == STRANGE_FRAMES - 1)
    bench.hand.ahead_ms += 61_000
    wait(lambda: link._noise[2] == STRANGE_FRAMES - 1)
    assert "rejected" not in bench.store.kinds()  # as many as a forgotten board says
    board.write(seal("E,flood,17,42,123456,L1,open,859") * STRANGE_FRAMES)
    wait(lambda: link.unknown == 2 * STRANGE_FRAMES - 1)
    bench.hand.ahead_ms += 61_000
    wait(lambda: "rejected" in bench.store.kinds())
    assert [e for e in bench.store.events if e.kind == "light_open"] == []


def test_full_queue_stops_reading_and_loses_nothing(bench: Any, wait: Wait) -> None:
    board = bench.board()
    link = bench.link()
    ready(bench, wait)
    bench.store.is_full = True
    board.happen("L1,open,1")
    wait(lambda: link._owed)
    frames = link.frames
    for value in range(2, 11):
        board.happen(f"L1,open,{value}")
    with pytest.raises(AssertionError):
        wait(lambda: link.frames > frames, within_s=0.6)
    bench.store.is_full = False
    wait(lambda: len(bench.store.origins()) == 10)
    wait(lambda: board.held == {})


def test_without_a_database_memory_holds_at_most_64_events(bench: Any, wait: Wait) -> None:
    bench.store.keeps = False
    board = bench.board()
    link = bench.link()
    ready(bench, wait)
    for value in range(1, 101):
        board.happen(f"D1,move,{value}")
    wait(lambda: link.frames >= 106)
    board.introduce()
    wait(lambda: link.frames >= 212)
    assert len(bench.store.origins()) == 64
    assert board.acks() == []
    bench.store.keeps = True
    bench.store.commit()
    wait(lambda: len(bench.store.origins()) == 100)
    assert bench.store.origins() == [f"b/cab01/17/{n}" for n in range(1, 101)]
    wait(lambda: board.held == {})


def test_unknown_board_is_told_once_and_never_acknowledged(bench: Any, wait: Wait) -> None:
    board = bench.board(name="spy")
    link = bench.link()
    wait(lambda: "board_unknown" in bench.store.kinds())
    board.happen("L1,open,859")
    board.introduce()
    wait(lambda: link.unknown > 8)
    assert bench.store.kinds() == ["board_unknown"]
    assert bench.store.events[0].facts["board"] == "spy"
    assert board.acks() == []


def test_board_on_two_ports_is_refused_on_the_second_and_told(bench: Any, wait: Wait) -> None:
    """A30."""
    first = bench.board(port="ttyA")
    bench.link("ttyA")
    ready(bench, wait)
    twin = bench.board(port="ttyB")
    twin.happen("L1,open,1")
    second = bench.link("ttyB")
    wait(lambda: second.frames > 5)
    assert second.lane is None
    bench.hand.ahead_ms += 3_100
    first.beat()
    twin.introduce()
    wait(lambda: "board_contradicts" in bench.store.kinds())
    told = bench.store.events[bench.store.kinds().index("board_contradicts")]
    assert told.facts["what"] == "on_two_ports"
    assert bench.store.origins() == []
    assert twin.acks() == []


def test_second_port_of_a_board_is_no_contradiction_while_the_first_is_quiet(
    bench: Any, wait: Wait
) -> None:
    bench.board(port="ttyA")
    bench.link("ttyA")
    ready(bench, wait)
    moved = bench.board(port="ttyB")
    second = bench.link("ttyB")
    wait(lambda: second.frames > 5)
    bench.hand.ahead_ms += 3_100
    frames = second.frames
    moved.introduce()
    wait(lambda: second.frames >= frames + 6)
    assert "board_contradicts" not in bench.store.kinds()


def test_board_that_changed_ports_is_not_taken_for_two(bench: Any, wait: Wait) -> None:
    board = bench.board(port="ttyA")
    first = bench.link("ttyA")
    ready(bench, wait)
    moved = bench.board(port="ttyB")
    bench.link("ttyB")
    wait(lambda: moved.orders != [])
    board.unplug()
    wait(lambda: not first.is_open)
    wait(lambda: bench.ground.holders.get("cab01") == str(bench.folder / "ttyB"))
    assert "board_contradicts" not in bench.store.kinds()


def test_commit_after_a_change_of_ports_is_acknowledged_on_the_new_one(
    bench: Any, wait: Wait
) -> None:
    bench.store.keeps = False
    board = bench.board(port="ttyA")
    first = bench.link("ttyA")
    ready(bench, wait)
    board.happen("L1,open,859")
    wait(lambda: bench.store.origins() == ["b/cab01/17/1"])
    board.unplug()
    wait(lambda: not first.is_open)
    bench.store.commit()
    board.path = bench.folder / "ttyB"
    board.plug()
    bench.link("ttyB")
    wait(lambda: board.held == {})
    assert bench.store.origins() == ["b/cab01/17/1"]


def test_what_was_heard_is_kept_although_the_port_never_comes_back(bench: Any, wait: Wait) -> None:
    board = bench.board()
    link = bench.link()
    ready(bench, wait)
    bench.store.is_full = True
    board.happen("L1,open,859")
    wait(lambda: link._owed)
    board.unplug()
    bench.ground.lanes["cab01"].ask = True  # writing the query shows that the port is away
    wait(lambda: not link.is_open)
    bench.store.is_full = False
    wait(lambda: bench.store.origins() == ["b/cab01/17/1"])


def test_board_is_free_for_another_port_only_when_all_that_was_heard_is_handed_up(
    bench: Any, wait: Wait
) -> None:
    board = bench.board(port="ttyA")
    first = bench.link("ttyA")
    ready(bench, wait)
    bench.store.is_full = True
    board.happen("L1,open,859")
    wait(lambda: first._owed)
    board.unplug()
    wait(lambda: not first.is_open)  # noticed although the store takes nothing
    board.path = bench.folder / "ttyB"
    board.plug()
    board.held[2] = "E,cab01,17,2,5000,W1,take,-80028"
    second = bench.link("ttyB")
    wait(lambda: second.frames > 6)
    assert second.lane is None  # what it hears is newer than what the first one still has
    bench.hand.ahead_ms += 3_100
    frames = second.frames
    wait(lambda: second.frames > frames)
    bench.store.is_full = False
    wait(lambda: bench.store.origins() == ["b/cab01/17/1", "b/cab01/17/2"])
    wait(lambda: board.held == {})
    assert "board_contradicts" not in bench.store.kinds()


def test_overwritten_events_are_told_with_their_number(bench: Any, wait: Wait) -> None:
    board = bench.board()
    bench.link()
    ready(bench, wait)
    board.beat(lost=6)
    wait(lambda: "board_lost" in bench.store.kinds())
    told = bench.store.events[-1]
    assert told.origin == "n/board_lost/cab01/17/6"
    board.beat(lost=6)
    board.beat(lost=7)
    wait(lambda: bench.store.kinds().count("board_lost") == 2)
    assert bench.store.events[-1].facts["lost_before"] == 6
