"""The one TCP port of all Ethernet boards, and the thread that serves their connections.

A connection costs an attacker nothing, so everything here has a bound: connections of one
address, in all and a minute; connections that have proved nothing, of which the oldest makes
room; bytes read a turn.  Who has proved its key is never displaced by who has not.
"""

import contextlib
import logging
import select
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fognode.boards.link import GATHER_S, READ_S, Ground
from fognode.boards.refusals import Refusals
from fognode.boards.socket_link import Door, SocketLink
from fognode.boards.told import Moment
from fognode.config import Ethernet
from fognode.events import Event

REOPEN_S = 2.0
BLOCKED_S = 0.05
OF_ONE_ADDRESS = 4  # connections at a time
STRANGERS = 16  # connections that have proved nothing
MOST = 64  # in all
KNOCKS, KNOCKS_MS = 30, 60_000  # of one address: a board's back-off makes 6 in a minute
ADDRESSES = 1024  # whose knocks are remembered
BACKLOG = 16

log = logging.getLogger(__name__)


class Listener:
    """Serves every Ethernet board; ``run`` may be called again after it raised."""

    def __init__(
        self, ethernet: Ethernet, ground: Ground, key_of: Callable[[str], bytes | None]
    ) -> None:
        self.port = 0  # that it listens on; 0 = not yet
        self.links: tuple[SocketLink, ...] = ()  # replaced whole: any thread may look
        self._ethernet, self._ground = ethernet, ground
        lanes = ground.lanes
        self._refusals = Refusals(lambda board: lanes[board].place if board in lanes else None)
        self._door = Door(
            key_of=lambda board: key_of(board) if board in ground.ethernet else None,
            refuse=self._refusals.note,
            displace=self._displace,
            wake=self._wake,
        )
        self._leaving: tuple[SocketLink, ...] = ()  # closed; what they heard is still owed
        self._untold: deque[Event] = deque()
        self._knocks: dict[str, deque[int]] = {}  # address: when, newest last
        self._waker: socket.socket | None = None  # its other end is polled with the rest
        self._lost_logged = False

    def run(self, stop: threading.Event) -> None:
        """Listen until ``stop`` is set; an address that is not there yet is tried again."""
        while not stop.is_set():
            try:
                with self._listening() as (server, woken):
                    while not stop.is_set():
                        self._turn(server, woken, stop)
            except OSError as error:
                if not self._lost_logged:
                    log.warning("event=net_lost port=%d error=%r", self._ethernet.port, str(error))
                self._lost_logged = True
            stop.wait(REOPEN_S)

    @contextmanager
    def _listening(self) -> Iterator[tuple[socket.socket, socket.socket]]:
        where = (self._ethernet.host, self._ethernet.port)
        woken, waker = socket.socketpair()
        with woken, waker, socket.create_server(where, backlog=BACKLOG) as server:
            for one in (woken, waker, server):
                one.setblocking(False)
            self._waker = waker
            self.port = server.getsockname()[1]
            if self._lost_logged:
                log.warning("event=net_back port=%d", self.port)
            self._lost_logged = False
            try:
                yield server, woken
            finally:
                for link in self.links:
                    self._drop(link)
                self.port = 0

    def _wake(self) -> None:
        # On the store thread.  A full pipe wakes as well; a closed one has nobody to wake.
        if self._waker:
            with contextlib.suppress(OSError):
                self._waker.send(b"w")

    # --- one turn ------------------------------------------------------------------------

    def _turn(self, server: socket.socket, woken: socket.socket, stop: threading.Event) -> None:
        at = self._ground.clock.now()
        self._untold.extend(self._refusals.due(at))
        for link in self.links:
            link.watch(at.mono_ms)
            if link.is_open:
                link.write()
        self._sweep()
        if not self._hand_up():
            for link in self.links:
                link.hold_off(at)
            stop.wait(BLOCKED_S)
            return
        if self._serve(server, woken):
            stop.wait(GATHER_S)

    def _hand_up(self) -> bool:
        while self._untold:
            if not self._ground.offer(self._untold[0], lambda _seq: None):
                return False
            self._untold.popleft()
        # What a closed connection heard comes first: it is older.
        self._leaving = tuple(link for link in self._leaving if not link.let_go())
        return not self._leaving and all([link.hand_up() for link in self.links])

    def _serve(self, server: socket.socket, woken: socket.socket) -> bool:
        """Wait for bytes and knocks, and take them; tell whether there were any."""
        poll = select.poll()
        by_number = {link.fileno(): link for link in self.links}
        for number in (server.fileno(), woken.fileno(), *by_number):
            poll.register(number, select.POLLIN)
        ready = {number for number, _ in poll.poll(READ_S * 1000)}
        if woken.fileno() in ready:
            with contextlib.suppress(BlockingIOError):
                woken.recv(4096)
        at = self._ground.clock.now()
        for number in ready & by_number.keys():
            if by_number[number].is_open:  # it may have been displaced by one before it
                by_number[number].read(at)
        if server.fileno() in ready:
            self._let_in(server, at)
        return bool(ready - {woken.fileno()})

    # --- who comes and goes --------------------------------------------------------------

    def _let_in(self, server: socket.socket, at: Moment) -> None:
        try:
            connection, peer = server.accept()
        except OSError:  # it went away again
            return
        open_now = [link for link in self.links if link.is_open]
        of_address = Counter(link.address for link in open_now)[peer[0]]
        if self._knocks_much(peer[0], at.mono_ms) or of_address >= OF_ONE_ADDRESS:
            self._refusals.note("too_many", "", peer[0])
            connection.close()
            return
        strangers = [link for link in open_now if not link.proved]
        if len(strangers) >= STRANGERS or len(open_now) >= MOST:
            self._refusals.note("too_many", "", peer[0])
            if not strangers:
                connection.close()
                return
            strangers[0].close()  # the oldest
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.links += (SocketLink(connection, peer, self._door, self._ground),)

    def _knocks_much(self, address: str, mono_ms: int) -> bool:
        if address not in self._knocks and len(self._knocks) >= ADDRESSES:
            del self._knocks[next(iter(self._knocks))]
        knocks = self._knocks.setdefault(address, deque(maxlen=KNOCKS))
        is_much = len(knocks) == KNOCKS and mono_ms - knocks[0] < KNOCKS_MS
        if not is_much:
            knocks.append(mono_ms)
        return is_much

    def _displace(self, port: str) -> None:
        for link in self.links:
            if link.port == port:
                link.close()

    def _sweep(self) -> None:
        for link in self.links:
            if not link.is_open:
                self._drop(link)

    def _drop(self, link: SocketLink) -> None:
        link.close()
        self._leaving += (link,)
        self.links = tuple(other for other in self.links if other is not link)
