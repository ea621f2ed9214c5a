"""A board on the network, with the hooks of an attacker, and the door it knocks at."""

import dataclasses
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from fognode.boards.keys import allowed_keys
from fognode.boards.listener import Listener
from fognode.boards.tags import TO_BOARD, TO_FOG, put_on, take_off
from fognode.boards.wire import seal
from fognode.config import Ethernet
from fognode.hashing import board_key
from tests.boards.conftest import SENSORS, Bench, until

MASTER = bytes(range(32))


class NetBoard:
    """What the firmware does on its socket; with the hooks of an attacker."""

    def __init__(self, port: int, board: str = "cab01", boot: int = 17) -> None:
        self.port, self.board, self.boot = port, board, boot
        self.key = board_key(MASTER, board)
        self.held: dict[int, str] = {}
        self.seq = 0
        self.nonce = b""
        self.orders: list[bytes] = []
        self.ended = False
        self._lock = threading.RLock()
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def ms(self) -> int:
        return time.monotonic_ns() // 1_000_000 % 2**32

    def line(self, letter: str, seq: int, rest: str, ms: int | None = None) -> bytes:
        now = self.ms() if ms is None else ms
        return self.tagged(f"{letter},{self.board},{self.boot},{seq},{now},{rest}")

    def tagged(self, body: str) -> bytes:
        return put_on(seal(body), self.key, self.nonce, TO_FOG) if self.nonce else seal(body)

    def write(self, piece: bytes) -> None:
        with suppress(OSError):
            self.socket.sendall(piece)

    def greet(self) -> None:
        self.write(self.line("H", 0, f"1,cabinet,0.1.0,{len(SENSORS)}"))

    def happen(self, what: str) -> int:
        with self._lock:
            self.seq += 1
            self.held[self.seq] = f"E,{self.board},{self.boot},{self.seq},{self.ms()},{what}"
            self.write(self.tagged(self.held[self.seq]))
            return self.seq

    def beat(self) -> None:
        with self._lock:
            self.write(self.line("B", 0, f"{len(self.held)},0,900"))

    def acks(self) -> list[bytes]:
        return [order.split(b"#")[0] for order in self.orders if order.startswith(b"$A")]

    def close(self) -> None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self.socket.close()

    def _introduce(self) -> None:
        with self._lock:
            self.greet()
            for sensor in SENSORS:
                self.write(self.line("D", 0, sensor))
            for body in list(self.held.values()):
                self.write(self.tagged(body))

    def _serve(self) -> None:
        rest = b""
        while True:
            try:
                piece = self.socket.recv(1024)
            except OSError:
                piece = b""
            if not piece:
                self.ended = True
                return
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._obey(line + b"\n")

    def _obey(self, line: bytes) -> None:
        self.orders.append(line)
        told = take_off(line)
        fields = told.body.decode().split(",")
        nonce = bytes.fromhex(fields[3]) if fields[0] == "Q" else self.nonce
        if not told.is_of(self.key, nonce, TO_BOARD) or fields[1] != self.board:
            return
        if fields[0] == "Q":
            self.nonce = nonce
            self._introduce()
        elif fields[0] == "A" and int(fields[2]) == self.boot:
            with self._lock:
                self.held = {seq: e for seq, e in self.held.items() if seq > int(fields[3])}


class Net:
    """A listener, its boards and a store."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.allowed = {"cab01", "cab02"}
        named = frozenset({"cab01", "cab02"})
        ground = bench.ground = dataclasses.replace(bench.ground, ethernet=named)
        key_of = allowed_keys(MASTER, lambda board: board in self.allowed)
        self.listener = Listener(Ethernet(host="127.0.0.1", port=0), ground, key_of)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.listener.run, args=(self.stop,))
        self.thread.start()
        self.boards: list[NetBoard] = []

    def board(self, name: str = "cab01", boot: int = 17) -> NetBoard:
        made = NetBoard(self.listener.port, name, boot)
        self.boards.append(made)
        return made

    def told(self, kind: str = "board_refused") -> list[Any]:
        return [event.facts for event in self.bench.store.events if event.kind == kind]

    def close(self) -> None:
        self.stop.set()
        self.thread.join(5)
        assert not self.thread.is_alive()
        for board in self.boards:
            board.close()


@contextmanager
def open_net(bench: Bench) -> Iterator[Net]:
    made = Net(bench)
    try:
        until(lambda: made.listener.port)
        yield made
    finally:
        made.close()


def speaks(net: Net, board: NetBoard) -> None:
    """Let a board say hello and be heard."""
    board.greet()
    until(lambda: net.bench.ground.lanes[board.board].ready)
