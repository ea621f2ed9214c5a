"""Give a board its name, its place on the network and its key, over a cable.

    board                               fog
    H of a board "new", or its name <-- Q
                                    --> I: its name, address/bits, fog's address and port
    H of the board of that name
                                    --> K: its key, which is never read back
                                    --> Q with a MAC
    H with a MAC: it has the key

Whoever holds the cable could do the same: so keys never cross a network.
Source: docs/protocol.md, section Ethernet.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Protocol

from fognode.boards import tags, wire
from fognode.boards.link import Clock
from fognode.errors import FrameError, RefusedError

HELLO_MS = 12_000  # opening the port resets a board; its bootloader takes 2 s
ANSWER_MS = 5_000
ASK_MS = 1_000
DRAIN_MS = 2_000


class Cable(Protocol):
    """What is asked of a port; ``read`` waits for the port's time limit at most."""

    def read(self, size: int) -> bytes:
        """Return what came, b"" when nothing did."""

    def write(self, data: bytes) -> object:
        """Send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Where a board is on the network, and where it finds the fog: without a gateway."""

    own: IPv4Interface
    fog: IPv4Address
    port: int

    def fields(self) -> tuple[str, str]:
        """Return the two fields of I.

        Raises:
            RefusedError: The board could not reach the fog from there.
        """
        network = self.own.network
        taken = {network.network_address, network.broadcast_address, self.fog}
        if self.fog not in network or (network.prefixlen < 31 and self.own.ip in taken):
            raise RefusedError(f"{self.own} and {self.fog} are not two addresses of one network")
        if not 1 <= self.port <= wire.U16:
            raise RefusedError(f"port {self.port} is not 1 to {wire.U16}")
        own = f"{int(self.own.ip):08X}{network.prefixlen:02X}"
        return own, f"{int(self.fog):08X}{self.port:04X}"


def enrol(
    cable: Cable, board: str, key: bytes, station: Station, clock: Clock | None = None
) -> str:
    """Make the board on the cable ``board``; return who it was.  On return it has proved the key.

    Raises:
        RefusedError: Nothing answers, or what answers cannot do it.
    """
    talk = _Talk(cable, clock or Clock())
    before = talk.hear(_is_hello, [wire.query(wire.ANY_BOARD, secrets.token_bytes(8))], HELLO_MS)
    own, fog = station.fields()
    talk.drain()  # a second hello of before must not pass for the answer to I
    # By both names: it may have obeyed, and its answer been lost.
    names = [wire.order("I", name, 0, board, own, fog) for name in (before.board, board)]
    talk.hear(_is_hello_of(board), names, ANSWER_MS)
    nonce = secrets.token_bytes(8)
    asked = tags.put_on(wire.query(board, nonce), key, nonce, tags.TO_BOARD)
    orders = [wire.order("K", board, 0, key.hex().upper()), asked]
    talk.hear(_is_hello_of(board), orders, ANSWER_MS, (key, nonce))
    return before.board


def _is_hello(frame: wire.Frame) -> bool:
    return isinstance(frame, wire.Hello) and frame.protocol == wire.PROTOCOL


def _is_hello_of(board: str) -> Callable[[wire.Frame], bool]:
    return lambda frame: _is_hello(frame) and frame.board == board


def _check_refusal(frame: wire.Frame, letters: str) -> None:
    """Raise what a board says that does not obey.

    Raises:
        RefusedError: It is an N to one of these orders.
    """
    if isinstance(frame, wire.Refusal) and frame.refused in letters:
        raise RefusedError(
            f"board {frame.board} refuses {frame.refused}: {frame.reason};"
            " flash it with cabinet_eth"
        )


class _Talk:
    def __init__(self, cable: Cable, clock: Clock) -> None:
        self._cable, self._clock = cable, clock
        self._splitter = wire.Splitter()

    def drain(self) -> None:
        """Throw away what was said so far."""
        began_ms = self._clock.mono_ms()
        while self._cable.read(256) and self._clock.mono_ms() - began_ms < DRAIN_MS:
            pass
        self._splitter = wire.Splitter()

    def hear(
        self,
        is_wanted: Callable[[wire.Frame], bool],
        orders: Sequence[bytes],
        within_ms: int,
        proof: tuple[bytes, bytes] | None = None,
    ) -> wire.Frame:
        """Send orders each second until the answer comes; ``proof``: key and nonce of its MAC.

        Raises:
            RefusedError: It does not come, or the board refuses.
        """
        letters = "".join(dict.fromkeys(order[1:2].decode() for order in orders))
        began_ms = self._clock.mono_ms()
        while self._clock.mono_ms() - began_ms < within_ms:
            for order in orders:  # the board's buffer holds one: listen after each
                self._cable.write(order)
                listened_ms = self._clock.mono_ms()
                while self._clock.mono_ms() - listened_ms < ASK_MS // len(orders):
                    for frame, is_proved in self._frames(proof):
                        _check_refusal(frame, letters)
                        if is_wanted(frame) and (is_proved or proof is None):
                            return frame
        raise RefusedError(f"no answer to {letters} within {within_ms // 1000} s")

    def _frames(self, proof: tuple[bytes, bytes] | None) -> list[tuple[wire.Frame, bool]]:
        found = []
        for line in self._splitter.lines(self._cable.read(256)):
            try:
                told = tags.take_off(line)
                is_proved = proof is not None and told.is_of(*proof, tags.TO_FOG)
                found.append((wire.decode(told.plain), is_proved))
            except FrameError:
                continue  # the port was opened in the middle of a line
        return found
