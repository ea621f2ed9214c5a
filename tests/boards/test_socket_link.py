"""One connection: what is believed and acknowledged, and what is refused and told."""

from collections.abc import Callable, Iterator
from typing import Any
from zlib import crc32

import pytest

from fognode.boards.tags import take_off
from fognode.boards.wire import seal
from tests.boards.conftest import SENSORS
from tests.boards.netboard import Net, open_net, speaks

Wait = Callable[..., None]


@pytest.fixture
def net(bench: Any) -> Iterator[Net]:
    with open_net(bench) as made:
        yield made


def test_board_that_proves_its_key_is_heard_and_acknowledged(net: Net, wait: Wait) -> None:
    board = net.board()
    speaks(net, board)
    board.happen("L1,open,859")
    board.happen("C1,in,04A1B2C3")
    wait(lambda: board.held == {})
    assert net.bench.store.origins() == ["b/cab01/17/1", "b/cab01/17/2"]
    assert board.orders[0].startswith(b"$Q,cab01,0,")
    assert all(take_off(order).mac for order in board.orders)
    assert net.told() == []


def test_nothing_is_acknowledged_before_commit_and_then_at_once(net: Net, wait: Wait) -> None:
    net.bench.store.keeps = False
    board = net.board()
    speaks(net, board)
    board.happen("L1,open,859")
    wait(lambda: net.bench.store.origins() == ["b/cab01/17/1"])
    board.beat()
    wait(lambda: net.bench.ground.lanes["cab01"].heard is not None)
    assert board.acks() == []
    net.bench.store.commit()
    wait(lambda: board.acks() != [], within_s=1)


def test_hello_without_a_key_changes_nothing(net: Net, wait: Wait) -> None:
    spy = net.board()
    spy.key = bytes(16)  # it cannot even check our Q
    spy.greet()
    wait(lambda: spy.orders != [])
    spy.happen("L1,open,859")
    spy.beat()
    wait(lambda: net.listener.links[0].unknown >= 3)
    assert net.bench.store.events == []
    assert net.bench.ground.holders == {}
    assert spy.acks() == []


def test_three_lines_with_a_wrong_key_close_the_connection_and_are_told(
    net: Net, wait: Wait
) -> None:
    spy = net.board()
    spy.greet()
    wait(lambda: spy.nonce)
    wait(lambda: net.bench.ground.lanes["cab01"].ready)
    net.bench.store.events.clear()
    spy.key = bytes(16)
    for value in (1, 2, 3):
        spy.happen(f"L1,open,{value}")
    wait(lambda: spy.ended)
    wait(lambda: net.told() != [])
    (facts,) = net.told()
    assert (facts["what"], facts["board"], facts["peer"]) == ("bad_mac", "cab01", "127.0.0.1")
    assert (facts["place"], facts["count"]) == ("shed", 3)
    assert net.bench.store.origins() == []
    assert spy.acks() == []


def test_altered_line_is_refused_and_never_acknowledged(net: Net, wait: Wait) -> None:
    board = net.board()
    speaks(net, board)
    told = take_off(board.line("E", 1, "W1,take,-80028"))
    lighter = told.body.replace(b"-80028", b"-20028")
    mac = told.mac.hex().upper().encode()
    forged = lighter + b"#" + mac
    board.write(b"$%b*%08X\n" % (forged, crc32(forged)))
    link = net.listener.links[0]
    wait(lambda: link.bad_frames == 1)
    board.beat()
    wait(lambda: link.frames >= 7)
    assert net.bench.store.origins() == []
    assert board.acks() == []


def test_lines_of_an_earlier_connection_are_worth_nothing(net: Net, wait: Wait) -> None:
    board = net.board()
    speaks(net, board)
    recorded = [board.line("H", 0, f"1,cabinet,0.1.0,{len(SENSORS)}")]
    recorded += [board.line("E", seq, "L1,open,859") for seq in (1, 2, 3)]
    board.close()
    wait(lambda: net.bench.ground.holders == {})
    spy = net.board()
    spy.key = bytes(16)
    spy.write(seal(f"H,cab01,17,0,{board.ms()},1,cabinet,0.1.0,{len(SENSORS)}"))
    wait(lambda: spy.orders != [])
    for line in recorded:
        spy.write(line)
    wait(lambda: spy.ended)
    assert net.bench.store.origins() == []
    wait(lambda: net.told() != [])
    assert net.told()[0]["what"] == "bad_mac"


def test_line_of_this_connection_that_comes_again_is_refused(net: Net, wait: Wait) -> None:
    board = net.board()
    speaks(net, board)
    sample = board.line("S", 0, "L1=10", ms=board.ms() - 5)
    board.beat()
    link = net.listener.links[0]
    wait(lambda: link.frames >= 7)
    for _ in range(3):
        board.write(sample)
    wait(lambda: board.ended)
    wait(lambda: net.told() != [])
    assert net.told()[0]["what"] == "replayed"
    assert "L1" not in net.bench.ground.lanes["cab01"].values


def test_event_that_is_resent_is_acknowledged_again_and_kept_once(net: Net, wait: Wait) -> None:
    board = net.board()
    speaks(net, board)
    board.happen("L1,open,859")
    body = board.held[1]
    wait(lambda: board.held == {})
    board.write(board.tagged(body))
    wait(lambda: len(board.acks()) == 2)
    assert net.bench.store.origins() == ["b/cab01/17/1"]
    assert net.told() == []


@pytest.mark.parametrize(
    ("name", "what", "board"),
    [("spy", "unknown_board", ""), ("cab02", "unknown_board", "cab02")],
    ids=["not configured", "not enrolled"],
)
def test_board_that_may_not_speak_is_turned_away(
    net: Net, wait: Wait, name: str, what: str, board: str
) -> None:
    net.allowed.discard("cab02")
    stranger = net.board(name)
    stranger.greet()
    wait(lambda: stranger.ended)
    wait(lambda: net.told() != [])
    (facts,) = net.told()
    assert (facts["what"], facts["board"], facts["claimed"]) == (what, board, name)
    assert stranger.orders == []


def test_board_that_is_retired_is_cut_off(net: Net, wait: Wait) -> None:
    board = net.board()
    speaks(net, board)
    net.allowed.clear()
    wait(lambda: board.ended)
    wait(lambda: [facts["what"] for facts in net.told()] == ["not_enrolled"])
