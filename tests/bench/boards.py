"""What boards cost the daemon: a flood on one port, and sixteen boards at once."""

import os
import selectors
import tempfile
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import psutil

from fognode.boards.wire import seal
from fognode.daemon.control import ask_sensors
from fognode.errors import AwayError
from tests.bench.effort import Effort
from tests.bench.series import quantile
from tests.crash.storm import Weather, compare

VICTIMS, SIXTEEN = 2, 16
VICTIM_S, BOARD_S = 0.1, 1.0  # between events of one board
FLOOD_LINES = 10_000  # a second
FLOOD_S, QUICK_FLOOD_S = 30.0, 10.0
LIVES_S, QUICK_LIVES_S, FULL_LIVES_S = 60.0, 20.0, 600.0
STEP_S = 0.01
PATIENCE_S = 30.0
# An intact frame of a board that nobody knows: the dearest line there is to refuse.
LINE = seal("E,flood,17,42,123456,L1,open,859")


def measure(effort: Effort) -> Iterator[dict[str, float]]:
    """Flood a port, then let sixteen boards live; yield the rows.

    Raises:
        AwayError: The daemon did not hear the boards, or did not take what they told.
    """
    yield _flooded(QUICK_FLOOD_S if effort.quick else FLOOD_S)
    lives_s = FULL_LIVES_S if effort.full else LIVES_S
    yield _sixteen(QUICK_LIVES_S if effort.quick else lives_s)


class Flood:
    """A port on which lines come as fast as asked, whoever reads them; on a thread of its own."""

    def __init__(self, port: Path) -> None:
        self.offered = 0  # lines that came, read or not
        self._line, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._line, False)
        self._port = port
        port.symlink_to(os.ttyname(self._slave))
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._port.unlink()  # or it soon leads to somebody else's terminal
        self._ends.set()
        self._thread.join(5)
        os.close(self._line)
        os.close(self._slave)

    def _run(self) -> None:
        piece, owed, last_s = b"", 0.0, time.monotonic()
        with selectors.DefaultSelector() as ready:
            ready.register(self._line, selectors.EVENT_WRITE)
            while not self._ends.wait(STEP_S):
                now_s = time.monotonic()
                owed, last_s = owed + (now_s - last_s) * FLOOD_LINES, now_s
                piece += LINE * int(owed)
                self.offered += int(owed)
                owed -= int(owed)
                while piece and ready.select(0):
                    try:
                        written = os.write(self._line, piece[:4096])
                    except BlockingIOError:
                        break
                    piece = piece[written:]
                piece = piece[: len(LINE) * FLOOD_LINES // 10]  # a line holds no more than that
                with_orders = selectors.EVENT_READ
                ready.modify(self._line, with_orders | selectors.EVENT_WRITE)
                if any(events & with_orders for _, events in ready.select(0)):
                    os.read(self._line, 4096)


def _flooded(lasts_s: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="fgb") as name:
        weather = Weather(Path(name), VICTIMS, VICTIM_S)
        try:
            daemon = _ready(weather)
            calm_cpu, calm_ms = _live(weather, daemon, lasts_s)
            flood = Flood(weather.ports / "flood")
            try:
                weather.turn(time.monotonic() + 3)  # the daemon finds the port within a second
                offered, read, began_s = flood.offered, _read(weather), time.monotonic()
                flood_cpu, flood_ms = _live(weather, daemon, lasts_s)
                took_s = time.monotonic() - began_s
                offered, read = flood.offered - offered, _read(weather) - read
            finally:
                flood.close()
        finally:
            weather.close()
    return {
        "flood_offered": offered / took_s,
        "flood_lines": read / took_s,
        "flood_cpu": flood_cpu - calm_cpu,
        "flood_line": (flood_cpu - calm_cpu) * 10_000 * took_s / read,
        "flood_delay_p99": quantile(flood_ms, 990),
        "calm_delay_p99": quantile(calm_ms, 990),
    }


def _read(weather: Weather) -> int:
    """Return how many lines of the flood the daemon has read, by its own count."""
    lines = ask_sensors(weather.folder / "node")
    return sum(int(one["counters"]["frames"]) for one in lines if one["port"].endswith("flood"))


def _sixteen(lasts_s: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="fgb") as name:
        weather = Weather(Path(name), SIXTEEN, BOARD_S)
        try:
            for board in weather.boards:
                board.samples = True
            daemon = _ready(weather)
            cpu, delays_ms = _live(weather, daemon, lasts_s)
            for board in weather.boards:
                board.rests = True
            if not weather.wait(lambda: not any(b.pending for b in weather.boards), PATIENCE_S):
                raise AwayError("not all boards were acknowledged")
            history = compare(Path(name) / "node" / "fognode.db", weather.boards)
        finally:
            weather.close()
    return {
        "sixteen_cpu": cpu,
        "sixteen_events": history.told,
        "sixteen_wrong": len(history.wrong),
        "sixteen_delay_p99": quantile(delays_ms, 990),
    }


def _ready(weather: Weather) -> psutil.Process:
    weather.start()
    if weather.daemon is None or not weather.wait(
        lambda: all(board.acknowledged for board in weather.boards), PATIENCE_S
    ):
        raise AwayError("not all boards were heard")
    weather.turn(time.monotonic() + 2)  # what waited while it started is told by then
    return psutil.Process(weather.daemon.pid)


def _live(weather: Weather, daemon: psutil.Process, lasts_s: float) -> tuple[float, list[float]]:
    """Return percent of a core, and the ms from telling an event to its acknowledgement."""
    for board in weather.boards:
        board.delays_s.clear()
    used_s, began_s = _cpu_s(daemon), time.monotonic()
    weather.turn(began_s + lasts_s)
    cpu = 100 * (_cpu_s(daemon) - used_s) / (time.monotonic() - began_s)
    return cpu, [1000 * delay for board in weather.boards for delay in board.delays_s]


def _cpu_s(daemon: psutil.Process) -> float:
    times = daemon.cpu_times()
    return times.user + times.system
