import pytest

from fognode.boards.wire import BoardEvent, Declare, Frame, Heartbeat, Hello, Splitter, ack, query
from fognode.errors import FrameError
from fognode.trial import boards, player
from fognode.trial.player import RECORDING, Player, World, read_recording

ROWS = read_recording(RECORDING.read_text(encoding="ascii"))
TAG = "04A1B2C3D4E5F6"


def frames(text: str) -> list[Frame]:
    told = Splitter().feed(text.encode())
    assert not [frame for frame in told if isinstance(frame, FrameError)]
    return [frame for frame in told if not isinstance(frame, FrameError)]


def events(text: str) -> list[tuple[int, str, str, str]]:
    found = [f for f in frames(text) if isinstance(f, BoardEvent)]
    return [(f.seq, f.sensor, f.word, f.value) for f in found]


def fresh() -> Player:
    board = Player("cab02", 3, ROWS)
    board.step(0)
    return board


def test_a_start_declares_as_the_firmware_does() -> None:
    hello, *declares = frames(Player("cab02", 3, ROWS).step(0))
    assert isinstance(hello, Hello)
    assert (hello.board, hello.boot, hello.declares) == ("cab02", 3, len(declares))
    assert [d.sensor for d in declares if isinstance(d, Declare)] == ["L1", "V1", "D1", "W1", "C1"]


@pytest.mark.parametrize(
    ("verb", "operand", "told"),
    [
        ("door_open", "", (1, "L1", "open", "819")),
        ("shake", "", (1, "V1", "shake", "40")),
        ("tag_in", TAG, (1, "C1", "in", TAG)),
        ("weight", "5840", (1, "W1", "put", "233600")),
        ("stay", "250", (1, "D1", "move", "250")),
    ],
)
def test_an_action_becomes_its_recorded_event(
    verb: str, operand: str, told: tuple[int, str, str, str]
) -> None:
    board = fresh()
    assert board.act(100, verb, operand)
    assert events(board.step(100)) == []
    assert events(board.step(400)) == [told]


def test_a_badge_comes_and_goes_by_itself() -> None:
    board = fresh()
    assert board.act(0, "badge", "B0A1C2D3")
    assert [e[2] for e in events(board.step(500))] == ["in"]
    board.hear(600, ack("cab02", 3, 1))
    assert events(board.step(4999)) == []
    assert [e[2] for e in events(board.step(5000))] == ["out"]


def test_a_tag_back_within_two_seconds_was_never_gone() -> None:
    board = fresh()
    board.act(0, "tag_in", TAG)
    board.act(500, "tag_out", TAG)
    board.act(900, "tag_in", TAG)
    assert [e[2] for e in events(board.step(900))] == ["in"]
    board.hear(950, ack("cab02", 3, 1))
    assert events(board.step(9000)) == []


def test_what_cannot_happen_is_refused_and_what_changes_nothing_is_silent() -> None:
    board = fresh()
    assert not board.act(0, "tag_out", TAG)
    assert not board.act(0, "tag_in", "04A1")
    assert not board.act(0, "weight", "much")
    assert not board.act(0, "dance", "")
    assert board.act(0, "door_close", "")
    assert board.act(0, "weight", "49")  # under 2,000 counts
    assert events(board.step(900)) == []


def test_an_event_is_kept_and_resent_until_it_is_acknowledged() -> None:
    board = fresh()
    board.act(0, "door_open", "")
    board.act(0, "shake", "")
    assert [e[0] for e in events(board.step(200))] == [1, 2]
    assert [e[0] for e in events(board.step(1300))] == [1]
    board.hear(1300, ack("cab02", 3, 1))
    assert [e[0] for e in events(board.step(2400))] == [2]
    board.hear(2500, query("any", b"12345678"))
    assert [type(f) for f in frames(board.step(2500))] == [Hello, *[Declare] * 5, BoardEvent]
    board.hear(2600, ack("cab02", 2, 2))  # of another start
    board.hear(2600, ack("cab01", 3, 2))
    board.hear(2600, ack("cab02", 3, 9))  # never sent
    assert [seq for _, seq, _ in board.pending] == [2]
    board.hear(2600, b"noise" + ack("cab02", 3, 2))
    assert not board.pending


def test_full_memory_keeps_the_beginning_and_the_newest_and_counts_what_it_lost() -> None:
    board = fresh()
    for ms in range(0, 7800, 100):
        board.act(ms, "shake", "")
        board.step(ms)
    beat = [f for f in frames(board.step(10_000)) if isinstance(f, Heartbeat)][-1]
    assert (beat.pending, beat.lost) == (72, 6)
    assert [seq for _, seq, _ in board.pending] == [*range(1, 49), *range(55, 79)]


def test_what_is_not_acknowledged_is_told_again_after_a_reset_with_its_own_start() -> None:
    board = fresh()
    board.act(0, "door_open", "")
    board.act(0, "shake", "")
    board.step(200)
    board.hear(200, ack("cab02", 3, 1))
    after = Player("cab02", 4, ROWS, board.world, board.pending)
    told = [f for f in frames(after.step(0)) if isinstance(f, BoardEvent)]
    assert [(f.boot, f.seq, f.word) for f in told] == [(3, 2, "shake")]
    after.step(900)  # the door is still open: told as the first event of the new start
    after.hear(900, ack("cab02", 4, 1))
    assert [(boot, seq) for boot, seq, _ in after.pending] == [(3, 2)]
    after.hear(950, ack("cab02", 3, 2))
    assert after.pending == []


def test_a_start_sees_the_open_door_and_the_tags() -> None:
    board = Player("cab02", 4, ROWS, World(is_open=True, tags={TAG}))
    assert {e[2:] for e in events(board.step(500))} == {("in", TAG), ("open", "819")}


def test_constants_are_those_of_the_simulated_board() -> None:
    assert player.COUNTS_PER_G == boards.COUNTS_PER_G
    assert player.BADGE_MS == boards.BADGE_MS
