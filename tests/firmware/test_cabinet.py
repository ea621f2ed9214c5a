"""The cabinet's real firmware in the simulator, at full speed."""

import random
import re
from pathlib import Path

import pytest

from fognode.boards.wire import BoardEvent, Declare, Heartbeat, Hello, Refusal
from fognode.errors import FrameError
from tests.firmware.conftest import Board
from tests.firmware.golden import STORY, fog_lines, told

pytestmark = pytest.mark.avr
FOUR, SEVEN = "04A1B2C3", "04112233445566"
QUERY = "Q,any,0,0011223344556677"


def test_a_start_declares_kind_and_sensors(board: Board) -> None:
    board.run(200)
    hello, *declares = board.frames()
    assert isinstance(hello, Hello)
    assert (hello.board, hello.boot, hello.protocol, hello.kind) == ("cab01", 1, 1, "cabinet")
    told_of = [(d.sensor, d.type, d.unit) for d in declares if isinstance(d, Declare)]
    assert len(declares) == hello.declares
    assert told_of == [
        ("L1", "light", "counts"),
        ("V1", "vibration", "edges"),
        ("D1", "distance", "mm"),
        ("W1", "weight", "counts"),
        ("C1", "tag", "uid"),
    ]


def test_every_sensor_tells_its_events(board: Board) -> None:
    board.do("wnoise 0", "lightnoise 0")
    board.run(1000)
    board.do("light 4000", "weight 440000", "vib 12", "dist 300")
    board.do(f"card {FOUR}")
    board.run(2000)
    board.do("light 300", "weight 359972", "card none")
    board.run(3000)
    told = set(board.events())
    (moved,) = {event for event in told if event[0] == "D1"}
    assert (moved[1], abs(int(moved[2]) - 300) <= 1) == ("move", True)  # steps of 4 us
    assert told - {moved} == {
        ("L1", "open", "818"),
        ("L1", "close", "61"),
        ("W1", "put", "40000"),
        ("W1", "take", "-80028"),
        ("V1", "shake", "12"),
        ("C1", "in", FOUR),
        ("C1", "out", FOUR),
    }


def test_two_quiet_minutes_have_no_event_and_no_bad_frame(board: Board) -> None:
    board.do("distnoise 3", "distdrop 5", f"card {FOUR}")
    board.run(120_000)
    assert board.events() == [("C1", "in", FOUR)]
    assert not [f for f in board.frames() if isinstance(f, FrameError)]


def test_an_event_comes_within_a_quarter_of_a_second(board: Board) -> None:
    board.run(2000)
    board.do("light 4000")
    board.wait("L1,open", 250)


def test_four_tags_in_the_field_have_events_of_their_own(board: Board) -> None:
    tags = ["04A1B2C3", "04A1B2C2", "04A1B2C3D4E5F6", "04A1B2C3D4E5F7"]
    board.run(500)
    board.do(*[f"card +{tag}" for tag in tags])
    board.run(10_000)
    assert sorted(board.events()) == sorted(("C1", "in", tag) for tag in tags)
    board.do(f"card -{tags[1]}")
    board.run(5000)
    board.do(f"card -{tags[2]}", f"card +{SEVEN}")
    board.run(5000)
    assert sorted(board.events()[4:]) == sorted(
        [("C1", "out", tags[1]), ("C1", "out", tags[2]), ("C1", "in", SEVEN)]
    )


def test_more_tags_than_it_follows_are_a_fault(board: Board) -> None:
    board.do(*[f"card +04A1B20{i}" for i in range(7)])
    board.wait("C1,fault,-3")


def test_a_tag_read_badly_does_not_flap(board: Board) -> None:
    board.do("rcfail 60", f"card +{FOUR}", f"card +{SEVEN}")
    board.run(120_000)
    assert sorted(board.events()) == [("C1", "in", SEVEN), ("C1", "in", FOUR)]


def test_an_event_is_resent_until_it_is_acknowledged(board: Board) -> None:
    board.do("light 4000")
    board.run(32_000)
    assert board.text().count("L1,open") == 6  # at once, then after 1, 2, 4, 8, 16 s
    board.say("A,cab01,1,1")
    before = board.text().count("L1,open")
    board.run(60_000)
    assert board.text().count("L1,open") == before


def shake(board: Board, times: int) -> None:
    for _ in range(times):
        board.do("vib 10")
        board.run(1000)


def test_a_full_memory_counts_what_it_lost(board: Board) -> None:
    for turn in range(80):
        board.do(f"light {(4000, 300)[turn % 2]}")
        board.run(200)
    board.run(6000)
    beat = [f for f in board.frames() if isinstance(f, Heartbeat)][-1]
    assert (beat.pending, beat.lost) == (70, 10)
    at = len(board.frames())
    board.say(QUERY)
    board.run(1000)
    flushed = [f.seq for f in board.frames()[at:] if isinstance(f, BoardEvent)]
    assert flushed == [*range(1, 47), *range(57, 81)]  # the beginning, and the newest


def test_a_query_brings_declaration_and_pending_events_in_order(board: Board) -> None:
    shake(board, 5)
    board.say("A,cab01,1,2")
    at = len(board.frames())
    board.say(QUERY)
    board.run(200)
    answer = board.frames()[at:]
    assert [type(f) for f in answer[:6]] == [Hello, *[Declare] * 5]
    assert [f.seq for f in answer if isinstance(f, BoardEvent)] == [3, 4, 5]


def test_garbage_does_no_harm_and_the_next_ack_is_obeyed(board: Board) -> None:
    board.do("light 4000")
    board.wait("L1,open")
    noise = random.Random(1).randbytes(4000)
    for start in range(0, len(noise), 100):
        board.do(f"uarthex {noise[start : start + 100].hex()}")
        board.run(20)
    board.do("uarthex 0a")
    board.say("A,cab01,1,1")
    board.run(6000)
    assert [f.boot for f in board.frames() if isinstance(f, Hello)] == [1]
    assert [f for f in board.frames() if isinstance(f, Heartbeat)][-1].pending == 0


def test_a_reset_raises_the_boot_number_and_glues_no_frame(board: Board) -> None:
    for offset in range(10):
        board.do("light 4000" if offset % 2 == 0 else "light 300")
        board.run(160 + offset)  # some of these cut a line short
        board.do("reset")
    board.run(300)
    boots = [f.boot for f in board.frames() if isinstance(f, Hello)]
    assert boots == list(range(1, 12))


def test_a_power_cut_keeps_id_and_boot_number(board: Board) -> None:
    board.run(100)
    board.power_cut()
    board.run(100)
    assert "$H,cab01,2," in board.text()


def test_another_id_speaks_under_its_own_name(board: Board) -> None:
    board.sim.close()
    board.start("gate01")
    board.run(100)
    assert re.fullmatch(r"(\$[HD],gate01,1,.*\n)+", board.text())
    board.say("Q,cab01,0,0011223344556677")
    assert board.text().count("$H") == 1


def test_an_unplugged_reader_is_told_and_takes_no_tag_away(board: Board) -> None:
    board.do(f"card {FOUR}")
    board.wait(f"C1,in,{FOUR}")
    board.do("rcgone 1")
    board.run(10_000)
    board.do("rcgone 0", f"card +{SEVEN}")
    board.wait(f"C1,in,{SEVEN}", 300)
    board.run(5000)
    assert board.events() == [
        ("C1", "in", FOUR),
        ("C1", "fault", "-1"),
        ("C1", "fault", "0"),
        ("C1", "in", SEVEN),
    ]


def test_dead_scale_and_stuck_echo_are_told(board: Board) -> None:
    board.run(1000)
    board.do("hxgone 1", "diststuck 1")
    board.run(3000)
    board.do("hxgone 0", "diststuck 0")
    board.run(3000)
    assert sorted(board.events()) == [
        ("D1", "fault", "-2"),
        ("D1", "fault", "0"),
        ("W1", "fault", "-1"),
        ("W1", "fault", "0"),
    ]


def test_limits_hold_and_strange_orders_are_refused(board: Board) -> None:
    """A35."""
    board.run(200)
    board.say("C,cab01,1,L1,on,900")
    board.do("light 4000")
    board.run(1000)
    assert board.events() == []
    for body in ("C,cab01,2,L1,on,600", "C,cab01,1,L1,on,9999", "K,cab01,0,00"):
        board.say(body)
    refused = [(f.refused, f.reason) for f in board.frames() if isinstance(f, Refusal)]
    assert refused == [("C", "boot"), ("C", "limit"), ("K", "type")]


@pytest.mark.usefixtures("tools")
def test_the_story_is_the_golden_one_byte_for_byte() -> None:
    assert told(fog_lines()) == STORY.read_text(encoding="ascii")


def test_no_frame_of_the_story_is_longer_than_the_fog_allows() -> None:
    lines = Path(STORY).read_bytes().splitlines(keepends=True)
    assert max(map(len, lines)) <= 100
