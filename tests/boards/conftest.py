"""A board that answers over a pty, a store that keeps when told, and clocks that are set."""

import importlib
import os
import select
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fognode.boards.lane import Lane
from fognode.boards.link import Clock, Ground, Link
from fognode.boards.serial_port import SerialLink
from fognode.boards.wire import seal
from fognode.events import Event
from tests.boards.chips import PiBench

SENSORS = (
    "L1,light,counts,100",
    "V1,vibration,edges,100",
    "D1,distance,mm,60",
    "W1,weight,counts,100",
    "C1,tag,uid,100",
)


def until(claim: Callable[[], object], within_s: float = 8.0) -> None:
    """Wait until the claim holds; fail when it does not in time."""
    end = time.monotonic() + within_s
    while not claim():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.005)


class FakeBoard:
    """Says hello when asked, sends what it holds in order, forgets what is acknowledged."""

    def __init__(self, path: Path, board: str = "cab01", boot: int = 17) -> None:
        self.path, self.board, self.boot = path, board, boot
        self.held: dict[int, str] = {}
        self.seq = 0
        self.orders: list[bytes] = []
        self.spoil: Callable[[bytes], bytes] = lambda line: line  # what the wire does to a line
        self._lock = threading.RLock()
        self.plug()

    def plug(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self._slave = slave
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(slave))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(self._stop, self.master))
        self._thread.start()

    def unplug(self) -> None:
        if self._stop.is_set():
            return
        # The name goes first: another process's terminal may take the number at once.
        self.path.unlink(missing_ok=True)
        self._stop.set()
        self._thread.join(5)
        os.close(self.master)
        os.close(self._slave)

    def restart(self, boot: int) -> None:
        """A reset: what was held is gone, the hello comes unasked."""
        with self._lock:
            self.boot, self.seq, self.held = boot, 0, {}
        self.introduce()

    def say(self, letter: str, seq: int, rest: str, ms: int | None = None) -> None:
        now = time.monotonic_ns() // 1_000_000 % 2**32 if ms is None else ms
        line = seal(f"{letter},{self.board},{self.boot},{seq},{now},{rest}")
        self.write(self.spoil(line))

    def write(self, piece: bytes) -> None:
        end = time.monotonic() + 10
        with self._lock:  # an answer to a query must not come into the middle of a frame
            while piece:
                if not select.select([], [self.master], [], max(end - time.monotonic(), 0))[1]:
                    raise TimeoutError("nobody reads the line")
                piece = piece[os.write(self.master, piece[:1024]) :]

    def happen(self, what: str) -> int:
        with self._lock:
            self.seq = self.seq % 65535 + 1
            now = time.monotonic_ns() // 1_000_000 % 2**32
            self.held[self.seq] = f"E,{self.board},{self.boot},{self.seq},{now},{what}"
            self.write(self.spoil(seal(self.held[self.seq])))
            return self.seq

    def introduce(self) -> None:
        with self._lock:
            self.say("H", 0, f"1,cabinet,0.1.0,{len(SENSORS)}")
            for sensor in SENSORS:
                self.say("D", 0, sensor)
            for body in list(self.held.values()):
                self.write(self.spoil(seal(body)))

    def beat(self, lost: int = 0) -> None:
        with self._lock:
            self.say("B", 0, f"{len(self.held)},{lost},1079")

    def acks(self) -> list[bytes]:
        return [order.split(b"*")[0] for order in self.orders if order.startswith(b"$A")]

    def _serve(self, stop: threading.Event, master: int) -> None:
        rest = b""
        while not stop.is_set():
            if not select.select([master], [], [], 0.05)[0]:
                continue
            with suppress(OSError):
                *lines, rest = (rest + os.read(master, 1024)).split(b"\n")
                for line in lines:
                    self._obey(line)

    def _obey(self, line: bytes) -> None:
        self.orders.append(line)
        body = line[1:].split(b"*")[0].decode().split(",")
        if body[0] == "Q" and body[1] in {"any", self.board}:
            self.introduce()
        if body[0] == "A" and body[1] == self.board and int(body[2]) == self.boot:
            with self._lock:
                self.held = {seq: e for seq, e in self.held.items() if seq > int(body[3])}


class FakeStore:
    """Takes offers; keeps them at once, or when ``commit`` is called."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.waiting: list[Callable[[int], None]] = []
        self.is_full = False
        self.keeps = True

    def offer(self, event: Event, done: Callable[[int], None]) -> bool:
        if self.is_full:
            return False
        self.events.append(event)
        self.waiting.append(done)
        if self.keeps:
            self.commit()
        return True

    def commit(self, count: int = 1_000_000) -> None:
        ready, self.waiting = self.waiting[:count], self.waiting[count:]
        for done in ready:
            done(1)

    def origins(self, start: str = "b/") -> list[str]:
        return [event.origin for event in self.events if event.origin.startswith(start)]

    def kinds(self) -> list[str]:
        return [str(event.kind) for event in self.events]


class HandClock:
    """Both clocks, ahead of the true ones by what the test says."""

    def __init__(self) -> None:
        self.ahead_ms = 0
        self.clock = Clock(
            wall_ms=lambda: 1_795_241_520_000 + time.monotonic_ns() // 10**6 + self.ahead_ms,
            mono_ms=lambda: time.monotonic_ns() // 10**6 + self.ahead_ms,
        )


class Bench:
    """Boards, links and a store that belong together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FakeStore()
        self.hand = HandClock()
        self.reach = {"cab01": (0, 0)}
        lanes = {
            name: Lane(
                board=name,
                place="shed",
                counts_per_kg=40_000,
                progress=lambda board: self.reach.get(board, (0, 0)),
            )
            for name in ("cab01", "cab02")
        }
        self.ground = Ground(lanes=lanes, holders={}, offer=self.store.offer, clock=self.hand.clock)
        self.boards: list[FakeBoard] = []
        self.stop = threading.Event()
        self.threads: list[threading.Thread] = []

    def board(self, name: str = "cab01", boot: int = 17, port: str = "ttyA") -> FakeBoard:
        board = FakeBoard(self.folder / port, name, boot)
        self.boards.append(board)
        return board

    def link(self, port: str = "ttyA") -> Link:
        link = SerialLink(str(self.folder / port), self.ground)
        self.run(link)
        return link

    def run(self, link: SerialLink) -> None:
        thread = threading.Thread(target=link.run, args=(self.stop,))
        self.threads.append(thread)
        thread.start()

    def close(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(5)
            assert not thread.is_alive()
        for board in self.boards:
            with suppress(OSError):
                board.unplug()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def pi_bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[PiBench]:
    """A Raspberry Pi's pins: RPi.GPIO and spidev are stubs, hx711 and mfrc522 the real ones."""
    theirs = ("RPi", "RPi.GPIO", "spidev", "hx711", "mfrc522")
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(theirs)}
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "stub"))
    made = PiBench()
    gpio, spi, hx711 = (importlib.import_module(name) for name in theirs[1:4])
    vars(gpio)["bench"] = vars(spi)["bench"] = made
    vars(hx711)["time"] = made  # it reads the clock by itself
    yield made
    for name in [name for name in sys.modules if name.startswith(theirs)]:
        del sys.modules[name]
    sys.modules.update(kept)


@pytest.fixture(scope="session")
def wait() -> Callable[..., None]:
    return until
