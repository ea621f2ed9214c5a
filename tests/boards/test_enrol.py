"""A board on a cable gets its name, its place and its key, and proves the key."""

from ipaddress import IPv4Address, IPv4Interface

import pytest

from fognode.boards.enrol import Station, enrol
from fognode.boards.link import Clock
from fognode.boards.tags import TO_BOARD, TO_FOG, put_on, take_off
from fognode.boards.wire import order, seal
from fognode.errors import RefusedError
from fognode.hashing import board_key

KEY = board_key(bytes(range(32)), "cab01")
STATION = Station(own=IPv4Interface("192.168.7.20/24"), fog=IPv4Address("192.168.7.1"), port=4711)


class CableBoard:
    """What cabinet_eth answers on its USB port; reading it takes 0.1 s of its own clock."""

    def __init__(self, board: str = "new") -> None:
        self.board, self.key = board, b""
        self.station: tuple[str, ...] = ()
        self.orders: list[bytes] = []
        self.says: list[bytes] = []
        self.refuses = ""
        self.keeps_key = True
        self.now_ms = 0
        self.clock = Clock(wall_ms=lambda: 0, mono_ms=lambda: self.now_ms)

    def read(self, size: int) -> bytes:
        assert size >= 100
        self.now_ms += 100
        return self.says.pop(0) if self.says else b""

    def write(self, data: bytes) -> None:
        self.orders.append(data)
        told = take_off(data)
        letter, board, _boot, *fields = told.body.decode().split(",")
        if board not in {"any", self.board}:
            return
        if letter in self.refuses:
            self._say(f"N,{self.board},1,0,9,{letter},type")
        elif letter == "Q":
            nonce = bytes.fromhex(fields[0])
            is_ours = bool(told.mac) and told.is_of(self.key, nonce, TO_BOARD)
            if is_ours or not told.mac:
                self._hello(nonce if is_ours else b"")
        elif letter == "I":
            self.board, *station = fields
            self.station = tuple(station)
            self._hello(b"")
        elif letter == "K" and self.keeps_key:
            self.key = bytes.fromhex(fields[0])

    def _hello(self, nonce: bytes) -> None:
        line = seal(f"H,{self.board},1,0,9,1,cabinet,0.1.0,5")
        self.says.append(put_on(line, self.key, nonce, TO_FOG) if nonce else line)

    def _say(self, body: str) -> None:
        self.says.append(seal(body))


def test_new_board_gets_name_place_and_key() -> None:
    board = CableBoard()
    assert enrol(board, "cab01", KEY, STATION, board.clock) == "new"
    assert (board.board, board.key) == ("cab01", KEY)
    assert board.station == ("C0A8071418", "C0A807011267")
    letters = [order[1:2] for order in board.orders]
    assert letters == [b"Q", b"I", b"K", b"Q"]
    assert board.orders[1].startswith(b"$I,new,0,cab01,")
    assert all(len(order) <= 63 for order in board.orders)


def test_worked_orders_are_those_of_the_protocol_document() -> None:
    assert order("I", "new", 0, "cab01") == b"$I,new,0,cab01*67EE34D4\n"
    key = bytes(range(16)).hex().upper()
    assert order("K", "cab01", 0, key) == b"$K,cab01,0,000102030405060708090A0B0C0D0E0F*70B08E37\n"


def test_board_with_another_name_is_named_anew_and_told_of() -> None:
    board = CableBoard("cab09")
    assert enrol(board, "cab01", KEY, STATION, board.clock) == "cab09"
    assert board.board == "cab01"


def test_board_that_does_not_keep_the_key_is_not_enrolled() -> None:
    board = CableBoard()
    board.keeps_key = False
    with pytest.raises(RefusedError, match="no answer to KQ"):
        enrol(board, "cab01", KEY, STATION, board.clock)


def test_answer_that_was_lost_is_asked_for_again() -> None:
    board = CableBoard()
    heard, lost = board.write, {b"I": 1, b"K": 1}

    def deaf(data: bytes) -> None:
        if lost.get(data[1:2]):
            lost[data[1:2]] -= 1
            if data[1:2] == b"K":
                return  # the order itself
            heard(data)
            board.says.clear()  # its answer
        else:
            heard(data)

    board.write = deaf  # type: ignore[method-assign]
    assert enrol(board, "cab01", KEY, STATION, board.clock) == "new"
    assert board.key == KEY


def test_hello_without_the_mac_is_no_proof() -> None:
    board = CableBoard()
    board.keeps_key = False
    board.says = [seal(f"H,new,1,0,{n},1,cabinet,0.1.0,5") for n in range(40)]
    with pytest.raises(RefusedError):
        enrol(board, "cab01", KEY, STATION, board.clock)


def test_firmware_without_a_network_says_so() -> None:
    board = CableBoard("cab01")
    board.refuses = "IK"
    with pytest.raises(RefusedError, match="refuses I: type; flash it with cabinet_eth"):
        enrol(board, "cab01", KEY, STATION, board.clock)


def test_nothing_on_the_cable_is_noticed() -> None:
    board = CableBoard("cab01")
    board.refuses = "Q"
    with pytest.raises(RefusedError):
        enrol(board, "cab01", KEY, STATION, board.clock)


@pytest.mark.parametrize(
    ("own", "fog", "port"),
    [
        ("192.168.7.20/24", "192.168.8.1", 4711),
        ("192.168.7.1/24", "192.168.7.1", 4711),
        ("192.168.7.255/24", "192.168.7.1", 4711),
        ("192.168.7.20/24", "192.168.7.1", 0),
    ],
    ids=["another network", "the fog's own", "everybody's", "no port"],
)
def test_place_from_where_the_fog_cannot_be_reached_is_refused(
    own: str, fog: str, port: int
) -> None:
    station = Station(own=IPv4Interface(own), fog=IPv4Address(fog), port=port)
    with pytest.raises(RefusedError):
        station.fields()
