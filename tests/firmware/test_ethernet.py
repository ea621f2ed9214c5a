"""The Ethernet cabinet's real firmware in the simulator, against the fog's own listener.

Requirements A28, A33, A34; the third point of the issue.  Time runs on: the other end is a socket.
"""

import re
import select
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from zlib import crc32

import pytest

from fognode.boards.enrol import Station, enrol
from fognode.boards.serial_port import open_port
from fognode.events import Event
from fognode.hashing import board_key
from fognode.trial.boards import SimBoard, build_firmware
from tests.boards.conftest import Bench, until
from tests.boards.netboard import MASTER, Net, open_net

pytestmark = [pytest.mark.avr, pytest.mark.usefixtures("tools")]
SKETCH = "cabinet_eth"
SPEED = 3  # times real time: its pauses are long, the fog's answers take no time
LEAST_FREE = 100  # bytes that the stack never used: interrupts may find it at its deepest


def end_of_static(sketch: str) -> int:
    """Return the address behind the static data of the image."""
    image = build_firmware(sketch) / f"{sketch}.elf"
    told = subprocess.run(
        ["avr-nm", str(image)],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    found = re.search(r"^00(80[0-9a-f]{4}) \w __heap_start$", told.stdout, re.MULTILINE)
    assert found is not None
    return int(found[1], 16) - 0x800000


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def net(bench: Bench) -> Iterator[Net]:
    with open_net(bench) as made:
        yield made


def place(sim: SimBoard, port: int) -> None:
    """Enrol the board on its USB line; it dials that port of this host then."""
    station = Station(own=IPv4Interface("127.0.0.2/8"), fog=IPv4Address("127.0.0.1"), port=port)
    with closing(open_port(sim.path, 1000)) as cable:
        enrol(cable, "cab01", board_key(MASTER, "cab01"), station)


def enrolled(folder: Path, port: int, sketch: str = SKETCH) -> SimBoard:
    sim = SimBoard("cab01", folder=folder, sketch=sketch)
    try:
        place(sim, port)
        sim.tell(f"speed {SPEED}")
    except BaseException:
        sim.close()
        raise
    return sim


def told(net: Net, kind: str) -> list[Event]:
    return [event for event in net.bench.store.events if event.kind == kind]


def is_ready(net: Net) -> Callable[[], object]:
    return lambda: net.bench.ground.lanes["cab01"].ready


@pytest.mark.parametrize("sketch", [SKETCH, f"mega/{SKETCH}"])
def test_enrolled_board_is_heard_with_the_facts_of_any_board(
    net: Net, tmp_path: Path, sketch: str
) -> None:
    with enrolled(tmp_path / "eth", net.listener.port, sketch) as by_net:
        until(is_ready(net), 15)
        by_net.tell("now lightnoise 0")
        by_net.tell("now wnoise 0")
        by_net.door_open()
        until(lambda: told(net, "light_open"))
        by_net.tag_in("04A1B2C3")
        until(lambda: told(net, "tag_in"))
        by_net.weight(2000)
        until(lambda: told(net, "weight_put"))
        until(lambda: net.bench.ground.lanes["cab01"].waiting == 0)
        lowest = by_net.tell("stack")
    assert net.told() == []
    assert lowest - end_of_static(sketch) >= LEAST_FREE
    facts = {event.kind: event.facts for event in net.bench.store.events}
    base = {"board": "cab01", "place": "shed"}
    assert facts["light_open"].keys() == {*base, "sensor", "light_counts"}
    assert facts["light_open"]["light_counts"] == pytest.approx(818, abs=1)
    assert facts["tag_in"] == {**base, "sensor": "C1", "tag": "04A1B2C3"}
    assert facts["weight_put"]["weight_g"] == pytest.approx(2000, abs=2)
    origins = net.bench.store.origins()
    assert net.bench.store.kinds()[0] == "board_hello"
    assert origins == [f"b/cab01/1/{count}" for count in range(1, len(origins) + 1)]


def test_fog_that_was_away_gets_every_event_once_also_of_a_board_that_restarted(
    net: Net, tmp_path: Path
) -> None:
    port = net.listener.port
    with enrolled(tmp_path / "eth", port) as sim:
        until(is_ready(net), 15)
        net.stop.set()
        net.thread.join(5)
        opened_ms = sim.door_open()
        sim.tell("+500 light 300")
        # After 2 s without an acknowledgement both events are in the EEPROM.
        until(lambda: sim.tell("time") > opened_ms + 3500, 15)
        assert net.bench.store.origins() == []
        sim.reset()
        net.stop.clear()
        net.thread = threading.Thread(target=net.listener.run, args=(net.stop,))
        net.listener._ethernet = type(net.listener._ethernet)(host="127.0.0.1", port=port)
        net.thread.start()
        until(lambda: len(net.bench.store.origins()) >= 2, 20)
    assert net.bench.store.origins()[:2] == ["b/cab01/1/1", "b/cab01/1/2"]
    events = {event.origin: event.kind for event in net.bench.store.events}
    assert (events["b/cab01/1/1"], events["b/cab01/1/2"]) == ("light_open", "light_close")
    assert net.bench.store.origins().count("b/cab01/1/1") == 1


class Meddler:
    """Somebody on the wire between board and fog, who may change each line, its CRC mended."""

    def __init__(self, port: int) -> None:
        self.fog_port = port
        self.alter: Callable[[bytes], bytes] = lambda line: line
        self.altered = 0
        self._stop = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self._server.close()

    def _run(self) -> None:
        self._server.settimeout(0.1)
        while not self._stop.is_set():
            try:
                board, _ = self._server.accept()
            except TimeoutError:
                continue
            with board, socket.create_connection(("127.0.0.1", self.fog_port)) as fog:
                self._relay(board, fog)

    def _relay(self, board: socket.socket, fog: socket.socket) -> None:
        rest = b""
        while not self._stop.is_set():
            ready, _, _ = select.select([board, fog], [], [], 0.1)
            for end in ready:
                try:
                    piece = end.recv(4096)
                except OSError:
                    return
                if not piece:
                    return
                if end is fog:
                    board.sendall(piece)
                    continue
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    fog.sendall(self._changed(line + b"\n"))

    def _changed(self, line: bytes) -> bytes:
        body, _, _ = line[1:].rpartition(b"*")
        changed = self.alter(body)
        self.altered += changed != body
        return b"$%b*%08X\n" % (changed, crc32(changed))


def test_altered_event_is_refused_and_the_true_one_is_kept(net: Net, tmp_path: Path) -> None:
    meddler = Meddler(net.listener.port)
    try:
        with enrolled(tmp_path / "eth", meddler.port) as sim:
            until(is_ready(net), 15)
            sim.tell("now wnoise 0")
            meddler.alter = lambda body: re.sub(rb",put,[0-9]+", b",put,1", body)
            sim.weight(2000)
            until(lambda: meddler.altered >= 3, 20)  # it is sent again and again
            until(lambda: net.told() != [], 20)
            assert told(net, "weight_put") == []
            meddler.alter = lambda body: body
            until(lambda: told(net, "weight_put"), 40)
    finally:
        meddler.close()
    (event,) = told(net, "weight_put")
    assert event.facts["weight_g"] == pytest.approx(2000, abs=2)
    assert {facts["what"] for facts in net.told()} == {"bad_mac"}


def test_acknowledgement_of_a_stranger_does_not_make_the_board_forget(tmp_path: Path) -> None:
    """A false fog without the key: it can answer what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(15)
        with enrolled(tmp_path / "eth", server.getsockname()[1]) as sim:
            line, _ = server.accept()
            with line:
                line.settimeout(5)
                hello = line.recv(200)
                assert hello.startswith(b"$H,cab01,1,0,")
                sim.door_open()
                for body in (b"Q,cab01,0,0011223344556677", b"A,cab01,1,1"):
                    line.sendall(b"$%b*%08X\n" % (body, crc32(body)))
                    forged = body + b"#0011223344556677"
                    line.sendall(b"$%b*%08X\n" % (forged, crc32(forged)))
                line.settimeout(2)
                with pytest.raises(TimeoutError):  # it says no more to who cannot prove the key
                    line.recv(200)
            assert sim.tell("time") > 0
