"""The network's door: who comes, stays and goes, and what a flood of it costs."""

import random
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fognode.boards import listener as listener_module
from fognode.boards.listener import Listener
from fognode.config import Ethernet
from tests.boards.netboard import Net, open_net, speaks

Wait = Callable[..., None]


@pytest.fixture
def net(bench: Any) -> Iterator[Net]:
    with open_net(bench) as made:
        yield made


def test_restarted_board_takes_the_place_of_its_own_old_connection(net: Net, wait: Wait) -> None:
    old = net.board()
    speaks(net, old)
    old.happen("L1,open,859")
    wait(lambda: old.held == {})
    new = net.board(boot=18)
    new.greet()
    wait(lambda: old.ended)
    new.happen("L1,open,900")
    wait(lambda: net.bench.store.origins() == ["b/cab01/17/1", "b/cab01/18/1"])
    assert "board_contradicts" not in net.bench.store.kinds()


def test_unproved_hello_cannot_displace_a_board(net: Net, wait: Wait) -> None:
    board = net.board()
    speaks(net, board)
    spy = net.board()
    spy.key = bytes(16)
    spy.greet()
    wait(lambda: spy.orders != [])
    board.happen("L1,open,859")
    wait(lambda: board.held == {})
    assert not board.ended


def test_what_was_heard_before_the_connection_broke_is_kept(net: Net, wait: Wait) -> None:
    board = net.board()
    speaks(net, board)
    link = net.listener.links[0]
    net.bench.store.is_full = True
    board.happen("L1,open,859")
    wait(lambda: link._owed)
    board.close()
    again = net.board()
    again.held = {1: board.held[1]}
    again.seq = 1
    net.bench.store.is_full = False
    again.greet()
    wait(lambda: again.held == {})
    assert net.bench.store.origins() == ["b/cab01/17/1"]


def test_event_just_before_the_end_of_a_connection_is_kept(net: Net, wait: Wait) -> None:
    board = net.board()
    speaks(net, board)
    event = board.line("E", 1, "L1,open,859")
    board.key = bytes(16)
    board.write(event + board.line("B", 0, "0,0,1") * 3)  # one piece: heard, then shut out
    wait(lambda: board.ended)
    wait(lambda: net.bench.store.origins() == ["b/cab01/17/1"])
    wait(lambda: net.bench.ground.lanes["cab01"].waiting == 1)
    again = net.board()
    again.held = {1: event.split(b"#")[0][1:].decode()}
    again.greet()
    wait(lambda: again.held == {})
    assert net.bench.store.origins() == ["b/cab01/17/1"]


def test_silent_connections_are_closed(net: Net, wait: Wait) -> None:
    board = net.board()
    speaks(net, board)
    nobody = net.board("cab02")
    wait(lambda: len(net.listener.links) == 2)
    net.bench.hand.ahead_ms += 10_500
    wait(lambda: nobody.ended)
    assert not board.ended
    net.bench.hand.ahead_ms += 10_500
    wait(lambda: board.ended)
    assert net.told() == []


def test_one_address_has_four_connections_and_so_many_knocks_a_minute(
    net: Net, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "KNOCKS", 8)
    boards = [net.board() for _ in range(4)]
    wait(lambda: len(net.listener.links) == 4)
    fifth = net.board()
    wait(lambda: fifth.ended)
    for board in boards:
        board.close()
    wait(lambda: net.listener.links == ())
    for _ in range(3):  # the fifth knocked, too
        one = net.board()
        wait(lambda: len(net.listener.links) == 1)
        one.close()
        wait(lambda: net.listener.links == ())
    refused = net.board()
    wait(lambda: refused.ended)
    net.bench.hand.ahead_ms += 61_000
    let_in = net.board()
    speaks(net, let_in)
    wait(lambda: sum(facts["count"] for facts in net.told()) == 2)
    assert {facts["what"] for facts in net.told()} == {"too_many"}


def test_noise_ends_a_connection_and_costs_the_others_nothing(net: Net, wait: Wait) -> None:
    board = net.board()
    speaks(net, board)
    noise, chance = net.board("cab02"), random.Random(3)
    noise.write(b"\n".join(chance.randbytes(60) for _ in range(400)))
    board.happen("L1,open,859")
    wait(lambda: noise.ended)
    wait(lambda: board.held == {})
    wait(lambda: [facts["what"] for facts in net.told()] == ["noise"])


def test_thousand_forged_lines_are_one_event_a_minute(net: Net, wait: Wait) -> None:
    for _ in range(6):
        spy = net.board()
        spy.greet()
        wait(lambda spy=spy: spy.nonce)
        spy.key = bytes(16)
        spy.write(spy.line("B", 0, "0,0,1") * 200)
        wait(lambda spy=spy: spy.ended)
        spy.close()
    assert len(net.told()) == 1
    net.bench.hand.ahead_ms += 61_000
    wait(lambda: len(net.told()) == 2)
    assert sum(facts["count"] for facts in net.told()) == 18


def test_port_that_is_taken_is_tried_again(bench: Any, wait: Wait) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ethernet = Ethernet(host="127.0.0.1", port=port)
        late = Listener(ethernet, bench.ground, lambda _board: None)
        stop = threading.Event()
        thread = threading.Thread(target=late.run, args=(stop,))
        thread.start()
        try:
            wait(lambda: late._lost_logged)
            taken.close()
            wait(lambda: late.port == port)
        finally:
            stop.set()
            thread.join(5)
